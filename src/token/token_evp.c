/* EC_KEY_METHOD is deprecated since OpenSSL 3.0 in favour of providers; it is the way that lets an
 * application's own key sign inside libssl without writing a provider, and lives as long as 3.x. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "token/token_evp.h"

#include "pki/key.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct token_evp {
    struct token *token;
    char name[TOKEN_NAME_MAX + 1];
    EC_KEY_METHOD *method;
    EVP_PKEY *pkey;
    struct err_info last;
};

/* Index 0 of every object's extra data is the application's (CRYPTO_get_ex_new_index(3)). */
enum { APP_DATA = 0 };

/* ECDSA takes the leftmost 256 bits of a longer digest (FIPS 186-5 6.4.1); TLS 1.2 may come with SHA-384. */
static int sign(int type, const unsigned char *digest, int n, unsigned char *sig, unsigned int *len,
                const BIGNUM *kinv, const BIGNUM *r, EC_KEY *key)
{
    (void)type, (void)kinv, (void)r;
    struct token_evp *k = EC_KEY_get_ex_data(key, APP_DATA);
    uint8_t full[TOKEN_DIGEST] = {0};
    struct bytes out;
    _auto(arena) a = arena_new();
    err_clear(&k->last);
    if (n >= TOKEN_DIGEST)
        memcpy(full, digest, TOKEN_DIGEST);
    else
        memcpy(full + TOKEN_DIGEST - n, digest, (size_t)n);
    if (token_sign_digest(k->token, k->name, full, a, &out, &k->last) != ERR_OK ||
        out.n > (size_t)ECDSA_size(key)) {
        ERR_raise_data(ERR_LIB_EC, ERR_R_OPERATION_FAIL, "%s", err_code_text(k->last.code));
        return 0;
    }
    memcpy(sig, out.p, out.n);
    *len = (unsigned int)out.n;
    return 1;
}

static enum err openssl_failed(struct err_info *e, const char *what)
{
    return err_set(e, ERR_CRYPTO, NULL, "%s: %s", what, ERR_reason_error_string(ERR_get_error()));
}

static enum err build(struct token_evp *k, struct bytes spki, struct err_info *e)
{
    const unsigned char *p = spki.p;
    EC_KEY *key = d2i_EC_PUBKEY(NULL, &p, (long)spki.n);
    if (!key)
        return openssl_failed(e, "public key");
    k->method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
    k->pkey = EVP_PKEY_new();
    int made = k->method && k->pkey;
    if (made) {
        EC_KEY_METHOD_set_sign(k->method, sign, NULL, NULL);
        made = EC_KEY_set_method(key, k->method) && EC_KEY_set_ex_data(key, APP_DATA, k) &&
               EVP_PKEY_set1_EC_KEY(k->pkey, key);
    }
    EC_KEY_free(key);
    return made ? ERR_OK : openssl_failed(e, "key of the UKey");
}

enum err token_evp_new(struct token *t, const char *name, struct token_evp **out,
                       struct err_info *e)
{
    struct bytes spki;
    _auto(arena) a = arena_new();
    _auto(pki_pub) pub = NULL;
    *out = NULL;
    TRY(token_public_key(t, name, a, &spki, e));
    TRY(pki_pub_load(spki, &pub, e));
    if (pki_pub_alg(pub) != PKI_P256) {
        err_set(e, ERR_TOKEN_UNSUPPORTED, NULL, "TLS with %s", pki_alg_text(pki_pub_alg(pub)));
        err_arg(e, "what", "TLS, %s", pki_alg_text(pki_pub_alg(pub)));
        return ERR_TOKEN_UNSUPPORTED;
    }
    _auto(token_evp) k = mem_alloc(sizeof *k);
    k->token = t;
    snprintf(k->name, sizeof k->name, "%s", name);
    TRY(build(k, spki, e));
    *out = steal(&k);
    return ERR_OK;
}

void token_evp_free(struct token_evp *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->pkey);
    EC_KEY_METHOD_free(k->method);
    free(k);
}

EVP_PKEY *token_evp_pkey(const struct token_evp *k)
{
    return k->pkey;
}

const struct err_info *token_evp_error(const struct token_evp *k)
{
    return &k->last;
}
