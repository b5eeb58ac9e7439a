/* Encryption pairs: made beforehand, given once, sealed to the UKey's own key, kept for ever; recorded before they leave (design §1, §5;
 * GM/T 0034 12.1, 12.4). */
#include "kmc_fixture.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "base/text.h"
#include "scratch.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct kmc_fixture t;
static struct pki_key *ukey, *other_ukey;

static int set_up(void **state)
{
    (void)state;
    kmc_fixture_open(&t, 4, 0);
    ukey = kmc_fixture_key(PKI_SM2);
    other_ukey = kmc_fixture_key(PKI_SM2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kmc_fixture_close(&t);
    pki_key_free(ukey);
    pki_key_free(other_ukey);
    return 0;
}

static int same(struct bytes x, struct bytes y)
{
    return x.n == y.n && !memcmp(x.p, y.p, x.n);
}

/* Links of a kind, in a chain that holds. */
static int64_t acts(const char *act)
{
    kmc_fixture_links(&t);
    return kmc_fixture_number(
        &t, arena_fmt(t.arena, "SELECT COUNT(*) FROM kmc_audit WHERE act = '%s'", act));
}

static struct escrow_pair give_to(const char *serial, const struct pki_key *sign)
{
    struct err_info e;
    struct kmc_keys_answer out;
    struct escrow_item item = kmc_fixture_item(serial, PKI_SM2, sign);
    kmc_fixture_wait(&t, KMC_POOL_SM2, 1);
    assert_ok(kmc_fixture_ask(&t, ESCROW_GIVE, &item, 1, &out, &e), &e);
    assert_int_equal(out.answer.n, 1);
    return out.answer.pair[0];
}

static void a_pair_opens_for_the_ukey_alone(void **state)
{
    (void)state;
    struct err_info e;
    struct sm2_envelope der, blob;
    struct escrow_pair p = give_to("01ab", ukey);
    _auto(pki_key) pair = kmc_fixture_open_pair(&p, ukey);
    _auto(pki_key) again = NULL;
    assert_string_equal(p.enc_serial, "01ab");
    assert_string_equal(p.request_id, "4711-sign");
    assert_ok(sm2_envelope_read(p.envelope, &der, &e), &e);
    assert_ok(sm2_envelope_read_blob(p.blob, &blob, &e), &e);
    assert_memory_equal(der.c1, blob.c1, sizeof der.c1);
    assert_ok(sm2_envelope_open(&blob, ukey, &again, &e), &e);
    pki_key_free(steal(&again));
    assert_err(ERR_CRYPTO, sm2_envelope_open(&blob, other_ukey, &again, &e));
    assert_int_equal(kmc_fixture_sum(&t, KMC_POOL_SM2).given, 1);
}

/* The ca believes an answer only that the kmc has signed for this very request. */
static void the_answer_is_signed_over_all_of_it(void **state)
{
    (void)state;
    struct err_info e;
    struct bytes asked, octets, signature;
    struct kmc_keys_answer out;
    struct escrow_item item = kmc_fixture_item("01", PKI_SM2, ukey);
    struct escrow_request r = {ESCROW_GIVE, CA_NAME, clock_machine(), &item, 1};
    kmc_fixture_wait(&t, KMC_POOL_SM2, 1);
    assert_ok(escrow_request_bytes(&r, t.arena, &asked, &e), &e);
    assert_ok(pki_sign(t.ca, asked, t.arena, &signature, &e), &e);
    assert_ok(kmc_keys(t.kmc, &r, signature, t.arena, &out, &e), &e);
    assert_ok(escrow_answer_bytes(asked, &out.answer, t.arena, &octets, &e), &e);
    assert_ok(pki_verify(kmc_answer_key(t.kmc), octets, out.signature, &e), &e);
    struct escrow_pair changed = out.answer.pair[0];
    struct escrow_answer v = out.answer;
    v.pair = &changed;
    for (int i = 0; i < 6; i++) {
        changed = out.answer.pair[0];
        struct bytes other = arena_bytes(t.arena, changed.blob.p, changed.blob.n);
        ((uint8_t *)(uintptr_t)other.p)[100] ^= 1;
        struct bytes to = asked;
        if (i == 0)
            changed.enc_serial = "02";
        else if (i == 1)
            changed.request_id = "x";
        else if (i == 2)
            changed.error = "kmc.pool";
        else if (i == 3)
            changed.blob = other;
        else if (i == 4)
            changed.spki.n--;
        else
            to.n--; /* the answer to another request */
        assert_ok(escrow_answer_bytes(to, &v, t.arena, &octets, &e), &e);
        assert_err(ERR_SIGNATURE, pki_verify(kmc_answer_key(t.kmc), octets, out.signature, &e));
    }
}

static void the_same_request_gets_the_same_pair_sealed_anew(void **state)
{
    (void)state;
    struct escrow_pair one = give_to("01", ukey);
    struct escrow_pair two = give_to("01", ukey);
    assert_true(same(one.spki, two.spki));
    assert_false(same(one.envelope, two.envelope));
    _auto(pki_key) pair = kmc_fixture_open_pair(&two, ukey);
    kmc_fixture_wait(&t, KMC_POOL_SM2, 4);
    assert_int_equal(kmc_fixture_sum(&t, KMC_POOL_SM2).given, 1);
    kmc_fixture_reopen(&t); /* and after a restart */
    struct escrow_pair three = give_to("01", ukey);
    assert_true(same(one.spki, three.spki));
    assert_int_equal(acts("give"), 1);
}

static void a_serial_is_not_used_for_another_key(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_keys_answer out;
    give_to("01", ukey);
    struct escrow_item item[2] = {kmc_fixture_item("01", PKI_SM2, other_ukey),
                                  kmc_fixture_item("02", PKI_SM2, other_ukey)};
    assert_err(ERR_KMC_SERIAL, kmc_fixture_ask(&t, ESCROW_GIVE, item, 1, &out, &e));
    assert_string_equal(e.arg[0].value, "01");
    kmc_fixture_wait(&t, KMC_POOL_SM2, 1);
    assert_ok(kmc_fixture_ask(&t, ESCROW_GIVE, item, 2, &out, &e), &e);
    assert_string_equal(out.answer.pair[0].error, "kmc.serial_used"); /* the rest is served */
    assert_int_equal(out.answer.pair[0].envelope.n, 0);
    _auto(pki_key) pair = kmc_fixture_open_pair(&out.answer.pair[1], other_ukey);
    assert_int_equal(kmc_fixture_sum(&t, KMC_POOL_SM2).given, 2);
    /* one serial twice in a list: the same pair */
    item[0] = item[1] = kmc_fixture_item("03", PKI_SM2, ukey);
    kmc_fixture_wait(&t, KMC_POOL_SM2, 2);
    assert_ok(kmc_fixture_ask(&t, ESCROW_GIVE, item, 2, &out, &e), &e);
    assert_true(same(out.answer.pair[0].spki, out.answer.pair[1].spki));
    assert_int_equal(kmc_fixture_sum(&t, KMC_POOL_SM2).given, 3);
}

/* The serial is one ca's: another ca may have it too. */
static void two_authorities_do_not_meet(void **state)
{
    (void)state;
    struct err_info e;
    struct escrow_pair mine = give_to("01", ukey);
    assert_ok(kmc_ca_enter(t.kmc, "other-ca", pki_pub_spki(t.ca->pub), "operator", &e), &e);
    struct escrow_item item = kmc_fixture_item("01", PKI_SM2, other_ukey);
    struct escrow_request r = {ESCROW_GIVE, "other-ca", clock_machine(), &item, 1};
    struct bytes octets, signature;
    struct kmc_keys_answer out;
    assert_ok(escrow_request_bytes(&r, t.arena, &octets, &e), &e);
    assert_ok(pki_sign(t.ca, octets, t.arena, &signature, &e), &e);
    kmc_fixture_wait(&t, KMC_POOL_SM2, 1);
    assert_ok(kmc_keys(t.kmc, &r, signature, t.arena, &out, &e), &e);
    assert_null(out.answer.pair[0].error);
    assert_false(same(mine.spki, out.answer.pair[0].spki));
}

/* Each must be refused, and nothing given. */
static void only_the_entered_ca_is_answered(void **state)
{
    (void)state;
    struct err_info e;
    struct bytes octets, signature;
    struct kmc_keys_answer out;
    struct escrow_item item = kmc_fixture_item("01", PKI_SM2, ukey), wrong = item;
    struct escrow_request r = {ESCROW_GIVE, CA_NAME, clock_machine(), &item, 1}, other = r;
    kmc_fixture_wait(&t, KMC_POOL_SM2, 4);
    assert_ok(escrow_request_bytes(&r, t.arena, &octets, &e), &e);
    assert_ok(pki_sign(t.ca, octets, t.arena, &signature, &e), &e);
    int64_t links = kmc_fixture_links(&t);
    other.ca = "somebody";
    assert_err(ERR_KMC_SIGNER, kmc_keys(t.kmc, &other, signature, t.arena, &out, &e));
    other = r;
    other.act = ESCROW_RECOVER;
    assert_err(ERR_KMC_SIGNER, kmc_keys(t.kmc, &other, signature, t.arena, &out, &e));
    other = r;
    other.at++;
    assert_err(ERR_KMC_SIGNER, kmc_keys(t.kmc, &other, signature, t.arena, &out, &e));
    other = r;
    other.item = &wrong;
    for (int i = 0; i < 6; i++) {
        wrong = item;
        if (i == 0)
            wrong.enc_serial = "02";
        else if (i == 1)
            wrong.sign_key = pki_pub_spki(pki_key_pub(other_ukey));
        else if (i == 2)
            wrong.user = "another";
        else if (i == 3)
            wrong.request_id = "another";
        else if (i == 4)
            wrong.not_after += 1000;
        else
            wrong.not_before += 1000;
        assert_err(ERR_KMC_SIGNER, kmc_keys(t.kmc, &other, signature, t.arena, &out, &e));
    }
    r.at -= KMC_REQUEST_LIFE; /* rightly signed, but long ago */
    assert_ok(escrow_request_bytes(&r, t.arena, &octets, &e), &e);
    assert_ok(pki_sign(t.ca, octets, t.arena, &signature, &e), &e);
    assert_err(ERR_KMC_REQUEST, kmc_keys(t.kmc, &r, signature, t.arena, &out, &e));
    assert_int_equal(kmc_fixture_sum(&t, KMC_POOL_SM2).given, 0);
    assert_int_equal(kmc_fixture_links(&t), links);
}

static void a_new_key_of_a_ca_ends_the_old(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_keys_answer out;
    _auto(pki_key) key = kmc_fixture_key(PKI_P256);
    struct escrow_item item = kmc_fixture_item("01", PKI_SM2, ukey);
    kmc_fixture_wait(&t, KMC_POOL_SM2, 1);
    assert_ok(kmc_ca_enter(t.kmc, CA_NAME, pki_pub_spki(pki_key_pub(key)), "operator", &e), &e);
    assert_err(ERR_KMC_SIGNER, kmc_fixture_ask(&t, ESCROW_GIVE, &item, 1, &out, &e));
    kmc_fixture_reopen(&t);
    assert_err(ERR_KMC_SIGNER, kmc_fixture_ask(&t, ESCROW_GIVE, &item, 1, &out, &e));
    pki_signer_free(t.ca);
    assert_ok(pki_signer_from_key(key, &t.ca, &e), &e);
    assert_ok(kmc_fixture_ask(&t, ESCROW_GIVE, &item, 1, &out, &e), &e);
    assert_err(ERR_BAD_REQUEST, kmc_ca_enter(t.kmc, "", pki_pub_spki(t.ca->pub), "x", &e));
    assert_err(ERR_BAD_REQUEST, kmc_ca_enter(t.kmc, "x", pki_pub_spki(t.ca->pub), "", &e));
}

static void what_is_wrong_with_a_list_is_named(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_keys_answer out;
    _auto(pki_key) p256 = kmc_fixture_key(PKI_P256);
    _auto(pki_key) rsa = kmc_fixture_key(PKI_RSA2048);
    struct escrow_item list[ESCROW_LIST_MAX + 1];
    for (int i = 0; i <= ESCROW_LIST_MAX; i++)
        list[i] = kmc_fixture_item("01", PKI_SM2, ukey);
    assert_err(ERR_BAD_REQUEST, kmc_fixture_ask(&t, ESCROW_GIVE, list, 0, &out, &e));
    assert_err(ERR_BAD_REQUEST,
               kmc_fixture_ask(&t, ESCROW_GIVE, list, ESCROW_LIST_MAX + 1, &out, &e));
    static const char *const serials[] = {"", "1", "AB", "0x", "01 2", "zz"};
    for (size_t i = 0; i < sizeof serials / sizeof *serials; i++) {
        list[1].enc_serial = serials[i];
        assert_err(ERR_BAD_REQUEST, kmc_fixture_ask(&t, ESCROW_GIVE, list, 2, &out, &e));
        assert_string_equal(e.field, "keys[1].enc_serial");
    }
    list[0] = kmc_fixture_item("01", PKI_P256, ukey);
    assert_err(ERR_BAD_REQUEST, kmc_fixture_ask(&t, ESCROW_GIVE, list, 1, &out, &e));
    assert_string_equal(e.field, "keys[0].algorithm");
    list[0] = kmc_fixture_item("01", PKI_SM2, p256);
    assert_err(ERR_KEY_UNSUPPORTED, kmc_fixture_ask(&t, ESCROW_GIVE, list, 1, &out, &e));
    assert_string_equal(e.field, "keys[0].sign_key");
    list[0] = kmc_fixture_item("01", PKI_SM2, ukey);
    list[0].sign_key.n--;
    assert_err(ERR_KEY_UNSUPPORTED, kmc_fixture_ask(&t, ESCROW_GIVE, list, 1, &out, &e));
    list[0] = kmc_fixture_item("01", PKI_RSA2048, rsa); /* of which this kmc keeps none */
    assert_err(ERR_KEY_UNSUPPORTED, kmc_fixture_ask(&t, ESCROW_GIVE, list, 1, &out, &e));
    assert_non_null(strstr(e.detail, "pool_"));
}

static void an_empty_pool_says_when_to_come_again_and_is_filled(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_keys_answer out;
    struct escrow_item list[6];
    static const char *const serial[6] = {"01", "02", "03", "04", "05", "06"};
    for (int i = 0; i < 6; i++)
        list[i] = kmc_fixture_item(serial[i], PKI_SM2, ukey);
    kmc_fixture_wait(&t, KMC_POOL_SM2, 4);
    assert_int_equal(kmc_fixture_sum(&t, KMC_POOL_SM2).ready, 4); /* not one more */
    assert_ok(kmc_fixture_ask(&t, ESCROW_GIVE, list, 6, &out, &e), &e);
    int without = 0;
    for (int i = 0; i < 6; i++) {
        const char *error = out.answer.pair[i].error;
        without += error && !strcmp(error, "kmc.pool");
    }
    assert_int_equal(without, 2);
    kmc_fixture_wait(&t, KMC_POOL_SM2, 2); /* the filler was woken */
    assert_ok(kmc_fixture_ask(&t, ESCROW_GIVE, list, 6, &out, &e), &e);
    for (int i = 0; i < 6; i++)
        assert_null(out.answer.pair[i].error);
    assert_int_equal(kmc_fixture_sum(&t, KMC_POOL_SM2).given, 6);
    kmc_fixture_wait(&t, KMC_POOL_SM2, 4);
    kmc_fixture_sql(&t, "UPDATE kmc_key SET state = 'gone' WHERE state = 'ready'",
                    "UPDATE kmc_key SET state = 'gone' WHERE state = 'ready'");
    struct escrow_item item = kmc_fixture_item("07", PKI_SM2, ukey);
    assert_err(ERR_KMC_POOL, kmc_fixture_ask(&t, ESCROW_GIVE, &item, 1, &out, &e));
    assert_int_equal(err_http_status(ERR_KMC_POOL), 503);
    int said = 0;
    for (int i = 0; i < e.args; i++)
        said |= !strcmp(e.arg[i].name, "seconds");
    assert_true(said);
    give_to("07", ukey); /* that request woke it */
}

static void an_hour_has_a_number(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_keys_answer out;
    struct escrow_item list[3];
    static const char *const serial[3] = {"01", "02", "03"};
    for (int i = 0; i < 3; i++)
        list[i] = kmc_fixture_item(serial[i], PKI_SM2, ukey);
    t.options.keys_per_hour = 2;
    kmc_fixture_reopen(&t);
    kmc_fixture_wait(&t, KMC_POOL_SM2, 4);
    int64_t links = kmc_fixture_links(&t);
    assert_err(ERR_KMC_QUOTA, kmc_fixture_ask(&t, ESCROW_GIVE, list, 3, &out, &e));
    assert_int_equal(kmc_fixture_sum(&t, KMC_POOL_SM2).given, 0);
    assert_int_equal(kmc_fixture_links(&t), links);
    assert_ok(kmc_fixture_ask(&t, ESCROW_GIVE, list, 2, &out, &e), &e);
    kmc_fixture_reopen(&t); /* it is counted where it lasts */
    assert_err(ERR_KMC_QUOTA, kmc_fixture_ask(&t, ESCROW_GIVE, list + 2, 1, &out, &e));
    assert_ok(kmc_fixture_ask(&t, ESCROW_GIVE, list, 2, &out, &e), &e); /* known ones are free */
    kmc_fixture_sql(&t, "UPDATE kmc_hour SET hour = hour - 1",
                    "UPDATE kmc_hour SET hour = hour - 1");
    kmc_fixture_wait(&t, KMC_POOL_SM2, 1);
    assert_ok(kmc_fixture_ask(&t, ESCROW_GIVE, list + 2, 1, &out, &e), &e);
}

/* ---- what is on disk and on the wire ---- */

static int holds_any(struct bytes in, const struct bytes *secret, int n)
{
    for (int i = 0; i < n; i++)
        if (memmem(in.p, in.n, secret[i].p, secret[i].n))
            return 1;
    return 0;
}

static void nothing_in_files_and_answers_is_a_private_key(void **state)
{
    (void)state;
    struct err_info e;
    struct bytes secret[3], file;
    struct escrow_pair p = give_to("01", ukey);
    _auto(pki_key) pair = kmc_fixture_open_pair(&p, ukey);
    assert_ok(envelope_secret(pair, t.arena, &secret[0], &e), &e);
    const char *hex = text_hex(t.arena, secret[0]), *base64 = text_base64(t.arena, secret[0]);
    secret[1] = (struct bytes){(const uint8_t *)hex, strlen(hex)};
    secret[2] = (struct bytes){(const uint8_t *)base64, 40};
    assert_int_equal(secret[0].n, 32);
    assert_false(holds_any(p.envelope, secret, 3));
    assert_false(holds_any(p.blob, secret, 3));
    if (t.db.postgres)
        return; /* its files are the server's: what is in the rows, the other database shows */
    for (const char *const *s = (const char *const[]){"", "-wal", NULL}; *s; s++) {
        const char *path = arena_fmt(t.arena, "%s%s", t.db.url + strlen("sqlite:"), *s);
        if (file_read(t.arena, path, 1 << 26, &file, &e) != ERR_OK)
            continue;
        assert_true(*s[0] || memmem(file.p, file.n, "SQLite format", 13));
        assert_false(holds_any(file, secret, 3));
    }
}

static void a_wrap_opens_with_its_own_storage_key_alone(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_keys_answer out;
    uint8_t other[32] = {1, 2, 3};
    give_to("01", ukey);
    struct escrow_item item = kmc_fixture_item("01", PKI_SM2, ukey);
    kmc_fixture_shut(&t);
    const char *path = arena_fmt(t.arena, "%s/storage.key", t.folder);
    assert_ok(file_replace(path, (struct bytes){other, sizeof other}, 0400, &e), &e);
    kmc_fixture_reopen(&t);
    assert_err(ERR_CRYPTO, kmc_fixture_ask(&t, ESCROW_GIVE, &item, 1, &out, &e));
}

static void a_wrap_that_was_changed_or_moved_does_not_open(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_keys_answer out;
    give_to("01", ukey);
    give_to("02", ukey);
    struct escrow_item one = kmc_fixture_item("01", PKI_SM2, ukey),
                       two = kmc_fixture_item("02", PKI_SM2, ukey);
    static const char flip_sqlite[] =
        "UPDATE kmc_key SET wrapped = CAST(substr(wrapped, 1, 24) || CASE WHEN substr(wrapped, 25, 1) = x'00' THEN x'01' "
        "ELSE x'00' END || substr(wrapped, 26) AS BLOB) WHERE id = (SELECT key_id FROM kmc_given WHERE enc_serial = '01')";
    static const char flip_postgres[] =
        "UPDATE kmc_key SET wrapped = set_byte(wrapped, 24, get_byte(wrapped, 24) # 1) "
        "WHERE id = (SELECT key_id FROM kmc_given WHERE enc_serial = '01')";
    static const char move[] =
        "UPDATE kmc_key SET wrapped = (SELECT MAX(w.wrapped) FROM kmc_key w WHERE w.state = 'ready' AND w.id = "
        "(SELECT MAX(id) FROM kmc_key WHERE state = 'ready')) "
        "WHERE id = (SELECT key_id FROM kmc_given WHERE enc_serial = '02')";
    kmc_fixture_wait(&t, KMC_POOL_SM2, 4);
    kmc_fixture_sql(&t, flip_sqlite, flip_postgres);
    assert_err(ERR_CRYPTO, kmc_fixture_ask(&t, ESCROW_GIVE, &one, 1, &out, &e));
    assert_ok(kmc_fixture_ask(&t, ESCROW_GIVE, &two, 1, &out, &e), &e);
    static const char move_postgres[] =
        "UPDATE kmc_key SET wrapped = (SELECT w.wrapped FROM kmc_key w WHERE w.id = "
        "(SELECT MAX(id) FROM kmc_key WHERE state = 'ready')) "
        "WHERE id = (SELECT key_id FROM kmc_given WHERE enc_serial = '02')";
    kmc_fixture_sql(&t, move, move_postgres);
    assert_err(ERR_CRYPTO, kmc_fixture_ask(&t, ESCROW_GIVE, &two, 1, &out, &e));
}

/* ---- many at once, and the end in the middle ---- */

enum { THREADS = 16, ROUNDS = 8 };

struct client {
    int number, failed;
    char spki[ROUNDS][256];
    pthread_t thread;
};

static int ask_until_served(struct arena *a, const char *serial, char spki[256])
{
    for (int tries = 0; tries < 500; tries++) {
        struct err_info e;
        struct kmc_keys_answer out;
        struct bytes octets, signature;
        struct escrow_item item = kmc_fixture_item(serial, PKI_SM2, ukey);
        struct escrow_request r = {ESCROW_GIVE, CA_NAME, clock_machine(), &item, 1};
        if (escrow_request_bytes(&r, a, &octets, &e) != ERR_OK ||
            pki_sign(t.ca, octets, a, &signature, &e) != ERR_OK)
            return 0;
        enum err result = kmc_keys(t.kmc, &r, signature, a, &out, &e);
        if (result == ERR_OK) {
            snprintf(spki, 256, "%s", text_hex(a, out.answer.pair[0].spki));
            return 1;
        }
        if (result != ERR_KMC_POOL)
            return 0;
        usleep(5000);
    }
    return 0;
}

static void *be_client(void *arg)
{
    struct client *c = arg;
    for (int i = 0; i < ROUNDS; i++) {
        _auto(arena) a = arena_new();
        if (!ask_until_served(a, arena_fmt(a, "%02x%02x", c->number + 1, i), c->spki[i]))
            c->failed++;
    }
    return NULL;
}

static int by_text(const void *x, const void *y)
{
    return strcmp(x, y);
}

static void many_at_once_never_get_the_same_pair(void **state)
{
    (void)state;
    static struct client client[THREADS];
    static char all[THREADS * ROUNDS][256];
    memset(client, 0, sizeof client);
    for (int i = 0; i < THREADS; i++) {
        client[i].number = i;
        assert_int_equal(pthread_create(&client[i].thread, NULL, be_client, &client[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(client[i].thread, NULL);
        assert_int_equal(client[i].failed, 0);
        memcpy(all[(size_t)i * ROUNDS], client[i].spki, sizeof client[i].spki);
    }
    qsort(all, THREADS * ROUNDS, sizeof *all, by_text);
    for (int i = 1; i < THREADS * ROUNDS; i++)
        assert_string_not_equal(all[i - 1], all[i]);
    assert_int_equal(kmc_fixture_sum(&t, KMC_POOL_SM2).given, THREADS * ROUNDS);
    kmc_fixture_links(&t);
}

static void arm(const char *name)
{
    struct err_info e;
    assert_ok(folder_make(arena_fmt(t.arena, "%s/boundary", t.folder), 0700, &e), &e);
    assert_ok(file_replace(arena_fmt(t.arena, "%s/boundary/%s", t.folder, name),
                           (struct bytes){(const uint8_t *)"", 0}, 0600, &e),
              &e);
}

/* A process of its own that asks as `act` and is ended at `place`. */
static void end_at(const char *place, enum escrow_act act, const struct escrow_item *item)
{
    int status;
    kmc_fixture_shut(&t);
    arm(place);
    pid_t pid = fork();
    if (pid == 0) {
        struct err_info e;
        struct kmc_keys_answer out;
        boundary_arm(t.folder);
        if (kmc_open(&t.options, &t.kmc, &e) != ERR_OK)
            _exit(1);
        for (int tries = 0; tries < 500; tries++) {
            (void)!kmc_fixture_ask(&t, act, item, 1, &out, &e);
            usleep(10000);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    kmc_fixture_reopen(&t);
}

static void killed_between_giving_and_answer_it_gives_the_same(void **state)
{
    (void)state;
    struct escrow_item item = kmc_fixture_item("01", PKI_SM2, ukey);
    kmc_fixture_wait(&t, KMC_POOL_SM2, 4);
    end_at("kmc.given", ESCROW_GIVE, &item);
    assert_int_equal(kmc_fixture_sum(&t, KMC_POOL_SM2).given, 1);
    struct escrow_pair p = give_to("01", ukey);
    _auto(pki_key) pair = kmc_fixture_open_pair(&p, ukey);
    assert_int_equal(kmc_fixture_sum(&t, KMC_POOL_SM2).given, 1);
    assert_int_equal(acts("give"), 1);
    /* one step earlier, nothing is durable */
    kmc_fixture_wait(&t, KMC_POOL_SM2, 4);
    item = kmc_fixture_item("02", PKI_SM2, ukey);
    end_at("store.commit", ESCROW_GIVE, &item);
    assert_int_equal(kmc_fixture_sum(&t, KMC_POOL_SM2).given, 1);
    kmc_fixture_links(&t);
    give_to("02", ukey);
}

static void killed_while_filling_the_pool_is_whole(void **state)
{
    (void)state;
    struct escrow_item item = kmc_fixture_item("01", PKI_SM2, ukey);
    t.options.pool[KMC_POOL_SM2] = 20;
    kmc_fixture_wait(&t, KMC_POOL_SM2, 4);
    end_at("kmc.filled", ESCROW_GIVE, &item);
    kmc_fixture_wait(&t, KMC_POOL_SM2, 19);
    kmc_fixture_links(&t);
}

/* As of a copy that was made before anything was given. */
static void put_back_the_database(void)
{
    kmc_fixture_shut(&t);
    kmc_fixture_sql(&t, "UPDATE kmc_key SET state = 'ready'", "UPDATE kmc_key SET state = 'ready'");
    kmc_fixture_sql(&t, "DELETE FROM kmc_given", "DELETE FROM kmc_given");
}

static void a_restored_database_does_not_give_a_pair_again(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_keys_answer out;
    struct escrow_item list[4];
    struct bytes before[4];
    static const char *const serial[8] = {"01", "02", "03", "04", "05", "06", "07", "08"};
    const char *mark = arena_fmt(t.arena, "%s/given.mark", t.folder);
    for (int round = 0; round < 2;
         round++) { /* with the file that says so, and when that is lost too */
        for (int i = 0; i < 4; i++)
            list[i] = kmc_fixture_item(serial[i], PKI_SM2, ukey);
        kmc_fixture_wait(&t, KMC_POOL_SM2, 4);
        assert_ok(kmc_fixture_ask(&t, ESCROW_GIVE, list, 4, &out, &e), &e);
        for (int i = 0; i < 4; i++)
            before[i] = out.answer.pair[i].spki;
        put_back_the_database();
        if (round == 1)
            assert_int_equal(unlink(mark), 0);
        kmc_fixture_reopen(&t);
        kmc_fixture_wait(&t, KMC_POOL_SM2, 4);
        for (int i = 0; i < 4; i++)
            list[i] = kmc_fixture_item(serial[4 + i], PKI_SM2, other_ukey);
        assert_ok(kmc_fixture_ask(&t, ESCROW_GIVE, list, 4, &out, &e), &e);
        for (int i = 0; i < 16; i++)
            assert_false(same(out.answer.pair[i % 4].spki, before[i / 4]));
        put_back_the_database(); /* for the next round; the serials are free again */
        kmc_fixture_reopen(&t);
    }
    kmc_fixture_links(&t);
}

/* ---- recovery ---- */

static void a_user_gets_the_pair_again_on_a_new_ukey(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_keys_answer out;
    struct escrow_pair old = give_to("01", ukey);
    struct escrow_item item = {.request_id = "recovery-1",
                               .enc_serial = "01",
                               .sign_key = pki_pub_spki(pki_key_pub(other_ukey)),
                               .user = "某某银行"};
    kmc_fixture_wait(&t, KMC_POOL_SM2, 4);
    assert_ok(kmc_fixture_ask(&t, ESCROW_RECOVER, &item, 1, &out, &e), &e);
    assert_true(same(old.spki, out.answer.pair[0].spki));
    _auto(pki_key) pair = kmc_fixture_open_pair(&out.answer.pair[0], other_ukey);
    assert_int_equal(acts("recover"), 1);
    kmc_fixture_reopen(&t);
    assert_ok(kmc_fixture_ask(&t, ESCROW_RECOVER, &item, 1, &out, &e), &e); /* again: the same */
    assert_int_equal(acts("recover"), 1);
    assert_int_equal(kmc_fixture_sum(&t, KMC_POOL_SM2).given, 1);
    item.enc_serial = "02";
    assert_err(ERR_KMC_NO_PAIR, kmc_fixture_ask(&t, ESCROW_RECOVER, &item, 1, &out, &e));
    _auto(pki_key) rsa = kmc_fixture_key(PKI_RSA2048);
    item.enc_serial = "01";
    item.sign_key = pki_pub_spki(pki_key_pub(rsa));
    assert_err(ERR_KEY_UNSUPPORTED, kmc_fixture_ask(&t, ESCROW_RECOVER, &item, 1, &out, &e));
}

static void recoveries_are_few_in_an_hour(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_keys_answer out;
    t.options.recoveries_per_hour = 1;
    kmc_fixture_reopen(&t);
    give_to("01", ukey);
    give_to("02", ukey);
    struct escrow_item list[2] = {kmc_fixture_item("01", PKI_SM2, other_ukey),
                                  kmc_fixture_item("02", PKI_SM2, other_ukey)};
    kmc_fixture_wait(&t, KMC_POOL_SM2, 4);
    int64_t links = kmc_fixture_links(&t);
    assert_err(ERR_KMC_QUOTA, kmc_fixture_ask(&t, ESCROW_RECOVER, list, 2, &out, &e));
    assert_int_equal(kmc_fixture_links(&t), links);
    assert_ok(kmc_fixture_ask(&t, ESCROW_RECOVER, list, 1, &out, &e), &e);
    assert_err(ERR_KMC_QUOTA, kmc_fixture_ask(&t, ESCROW_RECOVER, list + 1, 1, &out, &e));
    struct escrow_item own = kmc_fixture_item("02", PKI_SM2, ukey); /* which has it already */
    assert_ok(kmc_fixture_ask(&t, ESCROW_RECOVER, &own, 1, &out, &e), &e);
}

static void killed_after_a_recovery_it_is_on_record_once(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_keys_answer out;
    give_to("01", ukey);
    struct escrow_item item = kmc_fixture_item("01", PKI_SM2, other_ukey);
    kmc_fixture_wait(&t, KMC_POOL_SM2, 4);
    end_at("kmc.recovered", ESCROW_RECOVER, &item);
    assert_int_equal(acts("recover"), 1);
    assert_ok(kmc_fixture_ask(&t, ESCROW_RECOVER, &item, 1, &out, &e), &e);
    assert_int_equal(acts("recover"), 1);
}

/* ---- RSA ---- */

static void an_rsa_pair_is_given_alike(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_keys_answer out;
    _auto(pki_key) sign = kmc_fixture_key(PKI_RSA2048);
    t.options.pool[KMC_POOL_RSA2048] = 1;
    kmc_fixture_reopen(&t);
    kmc_fixture_wait(&t, KMC_POOL_RSA2048, 1);
    struct escrow_item item = kmc_fixture_item("01", PKI_RSA2048, sign);
    assert_ok(kmc_fixture_ask(&t, ESCROW_GIVE, &item, 1, &out, &e), &e);
    assert_int_equal(out.answer.pair[0].blob.n, 0);
    _auto(pki_key) pair = kmc_fixture_open_pair(&out.answer.pair[0], sign);
    assert_int_equal(pki_key_alg(pair), PKI_RSA2048);
    struct escrow_item other = kmc_fixture_item("01", PKI_SM2, ukey);
    assert_err(ERR_KMC_SERIAL, kmc_fixture_ask(&t, ESCROW_GIVE, &other, 1, &out, &e));
}

#define IN_A_KMC(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_KMC(a_pair_opens_for_the_ukey_alone),
        IN_A_KMC(the_answer_is_signed_over_all_of_it),
        IN_A_KMC(the_same_request_gets_the_same_pair_sealed_anew),
        IN_A_KMC(a_serial_is_not_used_for_another_key),
        IN_A_KMC(two_authorities_do_not_meet),
        IN_A_KMC(only_the_entered_ca_is_answered),
        IN_A_KMC(a_new_key_of_a_ca_ends_the_old),
        IN_A_KMC(what_is_wrong_with_a_list_is_named),
        IN_A_KMC(an_empty_pool_says_when_to_come_again_and_is_filled),
        IN_A_KMC(an_hour_has_a_number),
        IN_A_KMC(nothing_in_files_and_answers_is_a_private_key),
        IN_A_KMC(a_wrap_opens_with_its_own_storage_key_alone),
        IN_A_KMC(a_wrap_that_was_changed_or_moved_does_not_open),
        IN_A_KMC(many_at_once_never_get_the_same_pair),
        IN_A_KMC(killed_between_giving_and_answer_it_gives_the_same),
        IN_A_KMC(killed_while_filling_the_pool_is_whole),
        IN_A_KMC(a_restored_database_does_not_give_a_pair_again),
        IN_A_KMC(a_user_gets_the_pair_again_on_a_new_ukey),
        IN_A_KMC(recoveries_are_few_in_an_hour),
        IN_A_KMC(killed_after_a_recovery_it_is_on_record_once),
        IN_A_KMC(an_rsa_pair_is_given_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
