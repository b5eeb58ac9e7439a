/* A TLS client whose UKey signs, against a server that wants its certificate. */
#include "scratch.h"
#include "testing.h"

#include "token/soft.h"
#include "token/soft_priv.h"
#include "token/token_evp.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERIAL "FX2600071182"

struct world {
    char folder[64];
    struct token_place *place;
    struct token *token;
    struct arena *a;
    struct err_info e;
};

static struct token_pin pin(const char *text)
{
    struct token_pin p;
    struct err_info e;
    assert_ok(token_pin_set(&p, text, &e), &e);
    return p;
}

static int setup(void **state)
{
    struct world *w = mem_alloc(sizeof *w);
    struct token_pin admin = pin("ADMIN-one-1"), user = pin("right-pin-1");
    struct token_initialise how = {
        .label = "x", .admin = &admin, .user = &user, .admin_tries = 6, .user_tries = 6};
    snprintf(w->folder, sizeof w->folder, "/tmp/certhall-evp-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    w->a = arena_new();
    assert_ok(token_soft_create_blank(w->folder, SERIAL, &w->e), &w->e);
    assert_ok(token_soft_place(w->folder, &w->place, &w->e), &w->e);
    token_soft_folder(w->place)->memory_kib = 8;
    token_soft_folder(w->place)->passes = 1;
    assert_ok(token_open(w->place, SERIAL, &w->token, &w->e), &w->e);
    assert_ok(token_initialise(w->token, &how, &w->e), &w->e);
    assert_ok(token_login(w->token, &user, &w->e), &w->e);
    assert_ok(token_generate(w->token, "one", TOKEN_P256, &w->e), &w->e);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    token_free(w->token);
    token_place_free(w->place);
    int failed = scratch_remove(w->folder);
    arena_free(w->a);
    free(w);
    return failed;
}

static X509 *certificate(EVP_PKEY *subject, EVP_PKEY *signer)
{
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"x", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, subject);
    assert_true(X509_sign(x, signer, EVP_sha256()) > 0);
    return x;
}

static int take_any(int ok, X509_STORE_CTX *ctx)
{
    (void)ok, (void)ctx;
    return 1;
}

/* Both ends in memory; 1 when both finished. */
static int handshake(SSL *client, SSL *server)
{
    BIO *a, *b;
    int c = 0, s = 0;
    assert_int_equal(BIO_new_bio_pair(&a, 1 << 16, &b, 1 << 16), 1);
    SSL_set_bio(client, a, a);
    SSL_set_bio(server, b, b);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    for (int i = 0; i < 20 && !(c == 1 && s == 1); i++) {
        c = SSL_do_handshake(client);
        s = SSL_do_handshake(server);
    }
    return c == 1 && s == 1;
}

static int connect_with(struct world *w, int version, X509 *cert, EVP_PKEY *key)
{
    EVP_PKEY *server_key = EVP_EC_gen("P-256");
    X509 *server_cert = certificate(server_key, server_key);
    SSL_CTX *cc = SSL_CTX_new(TLS_client_method()), *sc = SSL_CTX_new(TLS_server_method());
    (void)w;
    SSL_CTX_set_max_proto_version(cc, version);
    assert_int_equal(SSL_CTX_use_certificate(cc, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(cc, key), 1);
    SSL_CTX_use_certificate(sc, server_cert);
    SSL_CTX_use_PrivateKey(sc, server_key);
    SSL_CTX_set_verify(sc, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, take_any);
    SSL *c = SSL_new(cc), *s = SSL_new(sc);
    int done = handshake(c, s);
    SSL_free(c);
    SSL_free(s);
    SSL_CTX_free(cc);
    SSL_CTX_free(sc);
    X509_free(server_cert);
    EVP_PKEY_free(server_key);
    return done;
}

static void proves_itself(struct world *w, const char *container)
{
    _auto(token_evp) k = NULL;
    assert_ok(token_evp_new(w->token, container, &k, &w->e), &w->e);
    X509 *x = certificate(token_evp_pkey(k), token_evp_pkey(k));
    assert_int_equal(X509_verify(x, token_evp_pkey(k)), 1);
    assert_int_equal(connect_with(w, TLS1_3_VERSION, x, token_evp_pkey(k)), 1);
    assert_int_equal(connect_with(w, TLS1_2_VERSION, x, token_evp_pkey(k)), 1);
    assert_int_equal(token_evp_error(k)->code, ERR_OK);
    token_logout(w->token);
    assert_int_equal(connect_with(w, TLS1_3_VERSION, x, token_evp_pkey(k)), 0);
    assert_err(ERR_TOKEN_LOGIN, token_evp_error(k)->code);
    X509_free(x);
}

static void a_tls_client_proves_itself_by_the_ukey(void **state)
{
    proves_itself(*state, "one");
}

/* RFC 8446 4.2.3: TLS 1.3 takes RSA as PSS only. */
static void a_tls_client_proves_itself_by_an_rsa_ukey(void **state)
{
    struct world *w = *state;
    assert_ok(token_generate(w->token, "rsa", TOKEN_RSA2048, &w->e), &w->e);
    proves_itself(w, "rsa");
}

static void a_key_that_tls_cannot_use_is_refused(void **state)
{
    struct world *w = *state;
    struct token_evp *k = NULL;
    assert_ok(token_generate(w->token, "sm2", TOKEN_SM2, &w->e), &w->e);
    assert_err(ERR_TOKEN_UNSUPPORTED, token_evp_new(w->token, "sm2", &k, &w->e));
    assert_err(ERR_TOKEN_NO_KEY, token_evp_new(w->token, "none", &k, &w->e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_tls_client_proves_itself_by_the_ukey, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tls_client_proves_itself_by_an_rsa_ukey, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_that_tls_cannot_use_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
