#include "testing.h"

#include "token_contract.h"

#include "pki/key.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

struct world {
    struct token_fixture *f;
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

enum { TRIES = 4 };

static enum err initialise(struct world *w)
{
    struct token_pin admin = pin("ADMIN-one-1"), user = pin("transport1");
    struct token_initialise how = {.label = "泉州海丝",
                                   .admin = &admin,
                                   .user = &user,
                                   .admin_tries = TRIES,
                                   .user_tries = TRIES};
    return token_initialise(w->token, &how, &w->e);
}

static int setup(void **state)
{
    struct world *w = mem_alloc(sizeof *w);
    w->f = *state;
    w->a = arena_new();
    w->place = w->f->open(w->f);
    *state = w;
    return token_open(w->place, w->f->serial, &w->token, &w->e) != ERR_OK;
}

static int setup_ready(void **state)
{
    int failed = setup(state);
    struct world *w = *state;
    return failed || ((w->f->caps & TOKEN_CAP_INITIALISE) && initialise(w) != ERR_OK);
}

static int teardown(void **state)
{
    struct world *w = *state;
    token_free(w->token);
    w->f->close(w->f, w->place);
    arena_free(w->a);
    *state = w->f;
    free(w);
    return 0;
}

static enum err login(struct world *w, const char *text)
{
    struct token_pin p = pin(text);
    return token_login(w->token, &p, &w->e);
}

static struct token_info info(struct world *w)
{
    struct token_info i;
    assert_ok(token_info(w->token, &i, &w->e), &w->e);
    return i;
}

/* The capability is there, or the call says that it is not: then the test is over. */
static int has(struct world *w, unsigned cap, enum err answer)
{
    if (w->f->caps & cap)
        return 1;
    assert_err(ERR_TOKEN_UNSUPPORTED, answer);
    return 0;
}

/* ---- tests ---- */

static void the_driver_says_what_its_documentation_says(void **state)
{
    struct world *w = *state;
    assert_int_equal(info(w).caps, w->f->caps);
    assert_string_equal(info(w).serial, w->f->serial);
}

static void a_blank_key_takes_no_pin_and_has_no_tries(void **state)
{
    struct world *w = *state;
    assert_int_equal(info(w).state, TOKEN_STATE_BLANK);
    assert_err(ERR_TOKEN_BLANK, login(w, "transport1"));
    assert_int_equal(info(w).user_left, 0);
}

/* T2 */
static void initialising_gives_label_tries_and_an_unset_pin(void **state)
{
    struct world *w = *state;
    enum err err = initialise(w);
    if (!has(w, TOKEN_CAP_INITIALISE, err))
        return;
    assert_err(ERR_OK, err);
    struct token_info i = info(w);
    assert_int_equal(i.state, TOKEN_STATE_READY);
    assert_string_equal(i.label, "泉州海丝");
    assert_int_equal(i.user_left, TRIES);
    assert_int_equal(i.admin_max, TRIES);
    assert_int_equal(i.first_pin, 1);
    assert_int_equal(i.containers, 0);
}

/* C-01: locked at the n-th wrong try; T5 */
static void the_last_wrong_pin_locks_even_for_the_right_one(void **state)
{
    struct world *w = *state;
    for (int left = TRIES - 1; left > 0; left--) {
        assert_err(ERR_TOKEN_PIN_WRONG, login(w, "wrong-one"));
        assert_string_equal(w->e.arg[0].name, "left");
        assert_string_equal(w->e.arg[0].value, arena_fmt(w->a, "%d", left));
        assert_int_equal(info(w).user_left, left);
    }
    assert_err(ERR_TOKEN_LOCKED, login(w, "wrong-one"));
    assert_err(ERR_TOKEN_LOCKED, login(w, "transport1"));
    assert_int_equal(info(w).user_left, 0);
}

static void the_right_pin_restores_the_tries(void **state)
{
    struct world *w = *state;
    assert_err(ERR_TOKEN_PIN_WRONG, login(w, "wrong-one"));
    assert_err(ERR_OK, login(w, "transport1"));
    assert_int_equal(info(w).user_left, TRIES);
}

static void what_cannot_be_a_pin_costs_no_try(void **state)
{
    struct world *w = *state;
    struct token_pin bad = {"short"};
    assert_err(ERR_TOKEN_PIN_LENGTH, token_login(w->token, &bad, &w->e));
    assert_err(ERR_TOKEN_PIN_LENGTH, token_pin_set(&bad, "seventeen-letters", &w->e));
    assert_err(ERR_TOKEN_PIN_LENGTH, token_pin_set(&bad, "with space", &w->e));
    assert_err(ERR_TOKEN_PIN_LENGTH, token_pin_set(&bad, "密码密码密码", &w->e));
    assert_int_equal(info(w).user_left, TRIES);
}

static void a_changed_pin_replaces_the_old_one(void **state)
{
    struct world *w = *state;
    struct token_pin old = pin("transport1"), new = pin("Mine-2468");
    assert_ok(token_change_pin(w->token, TOKEN_USER, &old, &new, &w->e), &w->e);
    assert_int_equal(info(w).first_pin, 0);
    assert_err(ERR_TOKEN_PIN_WRONG, login(w, "transport1"));
    assert_err(ERR_OK, login(w, "Mine-2468"));
}

/* T6, U4b: the user's new PIN by the admin PIN; the key pair stays */
static void the_admin_pin_unblocks_and_keeps_the_keys(void **state)
{
    struct world *w = *state;
    struct token_pin admin = pin("ADMIN-one-1"), user = pin("Mine-2468");
    struct bytes before, after;
    assert_err(ERR_OK, login(w, "transport1"));
    assert_ok(token_generate(w->token, "one", TOKEN_P256, &w->e), &w->e);
    assert_ok(token_public_key(w->token, "one", w->a, &before, &w->e), &w->e);
    for (int i = 0; i < TRIES; i++)
        (void)!login(w, "wrong-one");
    enum err err = token_unblock(w->token, &admin, &user, &w->e);
    if (!has(w, TOKEN_CAP_ADMIN_PIN, err))
        return;
    assert_err(ERR_OK, err);
    assert_int_equal(info(w).user_left, TRIES);
    assert_int_equal(info(w).first_pin, 0);
    assert_err(ERR_OK, login(w, "Mine-2468"));
    assert_ok(token_public_key(w->token, "one", w->a, &after, &w->e), &w->e);
    assert_int_equal(before.n, after.n);
    assert_memory_equal(before.p, after.p, before.n);
}

/* T7 */
static void wrong_admin_pins_end_in_a_dead_key_that_still_takes_the_users(void **state)
{
    struct world *w = *state;
    struct token_pin wrong = pin("not-the-admin"), right = pin("ADMIN-one-1"),
                     user = pin("Mine-2468");
    enum err err = token_unblock(w->token, &wrong, &user, &w->e);
    if (!has(w, TOKEN_CAP_ADMIN_PIN, err))
        return;
    for (int left = TRIES - 1; left > 0; left--) {
        assert_err(ERR_TOKEN_PIN_WRONG, err);
        assert_int_equal(info(w).admin_left, left);
        err = token_change_pin(w->token, TOKEN_ADMIN, &wrong, &right, &w->e);
    }
    assert_err(ERR_TOKEN_DEAD, err);
    assert_err(ERR_TOKEN_DEAD, token_unblock(w->token, &right, &user, &w->e));
    assert_int_equal(info(w).user_left, TRIES);
    assert_err(ERR_OK, login(w, "transport1"));
}

static void a_rotated_admin_pin_makes_the_old_one_useless(void **state)
{
    struct world *w = *state;
    struct token_pin v1 = pin("ADMIN-one-1"), v2 = pin("ADMIN-two-2"), user = pin("Mine-2468");
    enum err err = token_change_pin(w->token, TOKEN_ADMIN, &v1, &v2, &w->e);
    if (!has(w, TOKEN_CAP_ADMIN_PIN, err))
        return;
    assert_err(ERR_OK, err);
    assert_int_equal(info(w).first_pin, 1);
    assert_err(ERR_TOKEN_PIN_WRONG, token_unblock(w->token, &v1, &user, &w->e));
    assert_err(ERR_OK, token_unblock(w->token, &v2, &user, &w->e));
    assert_int_equal(info(w).admin_left, TRIES);
}

static void sign_and_verify(struct world *w, enum token_alg alg, unsigned cap, enum pki_alg pki)
{
    struct bytes spki, sig, message = {(const uint8_t *)"CERTHALL-login-v1", 17};
    _auto(pki_pub) pub = NULL;
    assert_err(ERR_OK, login(w, "transport1"));
    enum err err = token_generate(w->token, "pair", alg, &w->e);
    if (!has(w, cap, err))
        return;
    assert_ok(err, &w->e);
    assert_ok(token_public_key(w->token, "pair", w->a, &spki, &w->e), &w->e);
    assert_ok(pki_pub_load(spki, &pub, &w->e), &w->e);
    assert_int_equal(pki_pub_alg(pub), pki);
    assert_ok(token_sign(w->token, "pair", message, w->a, &sig, &w->e), &w->e);
    assert_ok(pki_verify(pub, message, sig, &w->e), &w->e);
    assert_err(ERR_SIGNATURE, pki_verify(pub, (struct bytes){message.p, 16}, sig, &w->e));
}

static void a_p256_pair_signs_what_its_public_key_verifies(void **state)
{
    sign_and_verify(*state, TOKEN_P256, TOKEN_CAP_P256, PKI_P256);
}

static void an_sm2_pair_signs_what_its_public_key_verifies(void **state)
{
    sign_and_verify(*state, TOKEN_SM2, TOKEN_CAP_SM2, PKI_SM2);
}

static void an_rsa_pair_signs_what_its_public_key_verifies(void **state)
{
    sign_and_verify(*state, TOKEN_RSA2048, TOKEN_CAP_RSA2048, PKI_RSA2048);
}

/* What comes out, raised to the public exponent, is the block again. */
static void the_raw_rsa_operation_is_undone_by_the_public_key(void **state)
{
    struct world *w = *state;
    uint8_t block[TOKEN_RSA_BLOCK] = {0, 1, 2, 3};
    unsigned char back[TOKEN_RSA_BLOCK];
    size_t n = sizeof back;
    struct bytes spki, out;
    assert_err(ERR_OK, login(w, "transport1"));
    assert_ok(token_generate(w->token, "ec", TOKEN_P256, &w->e), &w->e);
    enum err err = token_generate(w->token, "rsa", TOKEN_RSA2048, &w->e);
    if (err == ERR_OK)
        err = token_rsa_private(w->token, "rsa", block, w->a, &out, &w->e);
    if (!has(w, TOKEN_CAP_RSA_RAW, err))
        return;
    assert_ok(err, &w->e);
    assert_ok(token_public_key(w->token, "rsa", w->a, &spki, &w->e), &w->e);
    const unsigned char *p = spki.p;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.n);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_verify_recover_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_verify_recover(ctx, back, &n, out.p, out.n), 1);
    assert_memory_equal(back, block, sizeof block);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    assert_err(ERR_TOKEN_UNSUPPORTED, token_rsa_private(w->token, "ec", block, w->a, &out, &w->e));
    token_logout(w->token);
    assert_err(ERR_TOKEN_LOGIN, token_rsa_private(w->token, "rsa", block, w->a, &out, &w->e));
}

static void what_writes_or_signs_wants_a_login(void **state)
{
    struct world *w = *state;
    struct bytes sig, one = {(const uint8_t *)"1", 1};
    assert_err(ERR_TOKEN_LOGIN, token_generate(w->token, "one", TOKEN_P256, &w->e));
    assert_err(ERR_TOKEN_LOGIN, token_object_write(w->token, "note", one, &w->e));
    assert_err(ERR_OK, login(w, "transport1"));
    assert_ok(token_generate(w->token, "one", TOKEN_P256, &w->e), &w->e);
    token_logout(w->token);
    assert_err(ERR_TOKEN_LOGIN, token_sign(w->token, "one", one, w->a, &sig, &w->e));
    assert_err(ERR_TOKEN_LOGIN, token_delete(w->token, "one", &w->e));
    assert_err(ERR_TOKEN_PIN_WRONG, login(w, "wrong-one"));
    assert_err(ERR_TOKEN_LOGIN, token_sign(w->token, "one", one, w->a, &sig, &w->e));
}

/* A certificate over any public key, signed by a key made for it. */
static struct bytes certificate(struct world *w, struct bytes spki)
{
    const unsigned char *p = spki.p;
    unsigned char *der = NULL;
    EVP_PKEY *subject = d2i_PUBKEY(NULL, &p, (long)spki.n);
    EVP_PKEY *ca = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    assert_non_null(subject);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"x", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, subject);
    assert_true(X509_sign(x, ca, EVP_sha256()) > 0);
    int n = i2d_X509(x, &der);
    struct bytes out = arena_bytes(w->a, der, (size_t)n);
    OPENSSL_free(der);
    X509_free(x);
    EVP_PKEY_free(ca);
    EVP_PKEY_free(subject);
    return out;
}

static void a_certificate_goes_in_and_comes_out_the_same(void **state)
{
    struct world *w = *state;
    struct bytes spki, der, back, other;
    assert_err(ERR_OK, login(w, "transport1"));
    assert_ok(token_generate(w->token, "one", TOKEN_P256, &w->e), &w->e);
    assert_ok(token_generate(w->token, "two", TOKEN_P256, &w->e), &w->e);
    assert_ok(token_public_key(w->token, "one", w->a, &spki, &w->e), &w->e);
    der = certificate(w, spki);
    assert_err(ERR_NOT_FOUND, token_certificate(w->token, "one", w->a, &back, &w->e));
    assert_ok(token_import_certificate(w->token, "one", der, &w->e), &w->e);
    assert_ok(token_import_certificate(w->token, "one", der, &w->e), &w->e);
    assert_ok(token_certificate(w->token, "one", w->a, &back, &w->e), &w->e);
    assert_int_equal(der.n, back.n);
    assert_memory_equal(der.p, back.p, der.n);
    assert_int_equal(info(w).certificates, 1);
    assert_err(ERR_TOKEN_CERT_KEY, token_import_certificate(w->token, "two", der, &w->e));
    assert_ok(token_public_key(w->token, "two", w->a, &spki, &w->e), &w->e);
    other = certificate(w, spki);
    assert_err(ERR_TOKEN_CERT_KEY, token_import_certificate(w->token, "one", other, &w->e));
}

static void containers_have_names_of_their_own_and_an_end(void **state)
{
    struct world *w = *state;
    struct token_container *list;
    size_t n;
    enum err err = ERR_OK;
    assert_err(ERR_OK, login(w, "transport1"));
    assert_ok(token_generate(w->token, "one", TOKEN_P256, &w->e), &w->e);
    assert_err(ERR_TOKEN_EXISTS, token_generate(w->token, "one", TOKEN_P256, &w->e));
    assert_err(ERR_BAD_REQUEST, token_generate(w->token, "a/b", TOKEN_P256, &w->e));
    assert_err(ERR_BAD_REQUEST, token_generate(w->token, "", TOKEN_P256, &w->e));
    for (int i = 0; err == ERR_OK; i++) {
        assert_true(i < 64);
        err = token_generate(w->token, arena_fmt(w->a, "more-%d", i), TOKEN_P256, &w->e);
    }
    assert_err(ERR_TOKEN_FULL, err);
    assert_ok(token_delete(w->token, "more-0", &w->e), &w->e);
    assert_err(ERR_TOKEN_NO_KEY, token_delete(w->token, "more-0", &w->e));
    assert_ok(token_generate(w->token, "again", TOKEN_P256, &w->e), &w->e);
    assert_ok(token_containers(w->token, w->a, &list, &n, &w->e), &w->e);
    assert_int_equal(n, info(w).containers);
    int found = 0;
    for (size_t i = 0; i < n; i++)
        found += !strcmp(list[i].name, "one") && list[i].alg == TOKEN_P256;
    assert_int_equal(found, 1);
}

static void objects_keep_what_was_written_and_nobody_needs_a_pin_to_read(void **state)
{
    struct world *w = *state;
    uint8_t most[TOKEN_OBJECT_MAX + 1] = {1};
    struct bytes got, one = {(const uint8_t *)"produce 1 keyed", 15};
    assert_err(ERR_OK, login(w, "transport1"));
    enum err err = token_object_write(w->token, "note", one, &w->e);
    if (!has(w, TOKEN_CAP_OBJECTS, err))
        return;
    assert_ok(err, &w->e);
    assert_ok(token_object_write(w->token, "most", (struct bytes){most, TOKEN_OBJECT_MAX}, &w->e),
              &w->e);
    assert_err(ERR_TOO_LARGE,
               token_object_write(w->token, "note", (struct bytes){most, sizeof most}, &w->e));
    token_logout(w->token);
    assert_ok(token_object_read(w->token, "note", w->a, &got, &w->e), &w->e);
    assert_int_equal(got.n, one.n);
    assert_memory_equal(got.p, one.p, one.n);
    assert_err(ERR_OK, login(w, "transport1"));
    assert_ok(token_object_write(w->token, "note", (struct bytes){0}, &w->e), &w->e);
    assert_ok(token_object_write(w->token, "note", (struct bytes){0}, &w->e), &w->e);
    assert_err(ERR_NOT_FOUND, token_object_read(w->token, "note", w->a, &got, &w->e));
    assert_ok(token_object_read(w->token, "most", w->a, &got, &w->e), &w->e);
    assert_int_equal(got.n, TOKEN_OBJECT_MAX);
}

static void a_pulled_key_is_missed_told_of_and_forgets_the_login(void **state)
{
    struct world *w = *state;
    struct token_event event;
    int got;
    assert_err(ERR_OK, login(w, "transport1"));
    assert_ok(token_wait(w->place, 2000, &event, &got, &w->e), &w->e);
    assert_true(got && event.plugged);
    assert_string_equal(event.serial, w->f->serial);
    w->f->pull(w->f);
    assert_ok(token_wait(w->place, 2000, &event, &got, &w->e), &w->e);
    assert_true(got && !event.plugged);
    assert_err(ERR_TOKEN_REMOVED, token_generate(w->token, "one", TOKEN_P256, &w->e));
    struct token *other = NULL;
    assert_err(ERR_TOKEN_REMOVED, token_open(w->place, w->f->serial, &other, &w->e));
    w->f->plug(w->f);
    assert_ok(token_wait(w->place, 2000, &event, &got, &w->e), &w->e);
    assert_true(got && event.plugged);
    assert_ok(token_wait(w->place, 0, &event, &got, &w->e), &w->e);
    assert_int_equal(got, 0);
    assert_err(ERR_TOKEN_LOGIN, token_generate(w->token, "one", TOKEN_P256, &w->e));
    assert_err(ERR_OK, login(w, "transport1"));
}

static void initialising_anew_wipes_and_ends_every_login(void **state)
{
    struct world *w = *state;
    _auto(token) other = NULL;
    if (!has(w, TOKEN_CAP_INITIALISE, initialise(w)))
        return;
    struct token_pin p = pin("transport1");
    assert_ok(token_open(w->place, w->f->serial, &other, &w->e), &w->e);
    assert_ok(token_login(other, &p, &w->e), &w->e);
    assert_ok(token_generate(other, "one", TOKEN_P256, &w->e), &w->e);
    assert_err(ERR_OK, initialise(w));
    assert_int_equal(info(w).containers, 0);
    assert_err(ERR_TOKEN_LOGIN, token_generate(other, "two", TOKEN_P256, &w->e));
}

/* T15 */
static void a_wiped_key_is_blank_and_keeps_its_serial(void **state)
{
    struct world *w = *state;
    assert_err(ERR_OK, login(w, "transport1"));
    assert_ok(token_generate(w->token, "one", TOKEN_P256, &w->e), &w->e);
    enum err err = token_wipe(w->token, &w->e);
    if (!has(w, TOKEN_CAP_INITIALISE, err))
        return;
    assert_err(ERR_OK, err);
    assert_int_equal(info(w).state, TOKEN_STATE_BLANK);
    assert_string_equal(info(w).serial, w->f->serial);
    assert_int_equal(info(w).containers, 0);
}

#define READY(test) cmocka_unit_test_prestate_setup_teardown(test, setup_ready, teardown, f)

int token_contract(struct token_fixture *f)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(a_blank_key_takes_no_pin_and_has_no_tries, setup,
                                                 teardown, f),
        cmocka_unit_test_prestate_setup_teardown(initialising_gives_label_tries_and_an_unset_pin,
                                                 setup, teardown, f),
        READY(the_driver_says_what_its_documentation_says),
        READY(the_last_wrong_pin_locks_even_for_the_right_one),
        READY(the_right_pin_restores_the_tries),
        READY(what_cannot_be_a_pin_costs_no_try),
        READY(a_changed_pin_replaces_the_old_one),
        READY(the_admin_pin_unblocks_and_keeps_the_keys),
        READY(wrong_admin_pins_end_in_a_dead_key_that_still_takes_the_users),
        READY(a_rotated_admin_pin_makes_the_old_one_useless),
        READY(a_p256_pair_signs_what_its_public_key_verifies),
        READY(an_sm2_pair_signs_what_its_public_key_verifies),
        READY(an_rsa_pair_signs_what_its_public_key_verifies),
        READY(the_raw_rsa_operation_is_undone_by_the_public_key),
        READY(what_writes_or_signs_wants_a_login),
        READY(a_certificate_goes_in_and_comes_out_the_same),
        READY(containers_have_names_of_their_own_and_an_end),
        READY(objects_keep_what_was_written_and_nobody_needs_a_pin_to_read),
        READY(a_pulled_key_is_missed_told_of_and_forgets_the_login),
        READY(initialising_anew_wipes_and_ends_every_login),
        READY(a_wiped_key_is_blank_and_keeps_its_serial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
