/* Admin PINs: recorded before released, sealed to one job's key, each release counted and in the chain (design §6, requirements §10.7 U4b, G-19). */
#include "testing.h"

#include "base/sys.h"
#include "base/text.h"
#include "kmc/kmc.h"
#include "pki/hpke.h"

#include <ftw.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    char folder[64];
    struct arena *arena;
    struct clock *clock;
    struct kmc_options options;
    struct kmc *kmc;
    struct pki_key *agent; /* the job's one-time key */
    struct bytes point;
} t;

static int set_up(void **state)
{
    (void)state;
    struct err_info e;
    memset(&t, 0, sizeof t);
    snprintf(t.folder, sizeof t.folder, "/tmp/certhall-kmc-XXXXXX");
    assert_non_null(mkdtemp(t.folder));
    t.arena = arena_new();
    assert_ok(clock_open(NULL, &t.clock, &e), &e);
    t.options = (struct kmc_options){.data = t.folder,
                                     .database = arena_fmt(t.arena, "sqlite:%s/kmc.db", t.folder),
                                     .clock = t.clock,
                                     .releases_per_hour = KMC_RELEASES_AN_HOUR};
    assert_ok(kmc_init(&t.options, &e), &e);
    assert_ok(kmc_open(&t.options, &t.kmc, &e), &e);
    assert_ok(pki_key_new(PKI_P256, &t.agent, &e), &e);
    t.point = pki_pub_point(pki_key_pub(t.agent));
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    kmc_free(t.kmc);
    pki_key_free(t.agent);
    clock_free(t.clock);
    arena_free(t.arena);
    nftw(t.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

static struct kmc_request request(const char *id, const char *serial)
{
    return (struct kmc_request){
        .request_id = id, .serial = serial, .order = "77", .seal_key = t.point, .evidence = "{}"};
}

/* What the agent reads; info is that of docs/agent-protocol.md. */
static const char *open_sealed(const struct kmc_sealed *s, const char *serial, const char *order)
{
    struct err_info e;
    struct bytes pin;
    _auto_buf info;
    buf_init(&info, 256);
    buf_put(&info, "CERTHALL-ADMIN-PIN-v1", 22);
    buf_put(&info, serial, strlen(serial) + 1);
    buf_put(&info, order, strlen(order) + 1);
    buf_fmt(&info, "%d", (int)s->version);
    if (hpke_open(t.agent, (struct bytes){info.p, info.n}, (struct bytes){NULL, 0}, s->sealed,
                  t.arena, &pin, &e) != ERR_OK)
        return NULL;
    return arena_text_n(t.arena, (const char *)pin.p, pin.n);
}

static void a_new_pin_is_random_and_opens_with_the_jobs_key_alone(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_sealed one, two;
    struct kmc_request r = request("a", "FX2600071182"), other = request("b", "FX2600071183");
    assert_ok(kmc_pin_new(t.kmc, &r, t.arena, &one, &e), &e);
    assert_ok(kmc_pin_new(t.kmc, &other, t.arena, &two, &e), &e);
    const char *pin = open_sealed(&one, "FX2600071182", "77");
    assert_non_null(pin);
    assert_int_equal(strlen(pin), KMC_PIN_LEN);
    assert_string_not_equal(pin, open_sealed(&two, "FX2600071183", "77"));
    assert_null(open_sealed(&one, "FX2600071182", "78")); /* bound to the order */
    assert_null(open_sealed(&one, "FX2600071183", "77")); /* and to the UKey */
}

/* C-24: never a constant, and nothing in the files tells it. */
static void nothing_on_disk_holds_a_pin_in_clear(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_sealed sealed;
    struct bytes file;
    struct kmc_request r = request("a", "FX2600071182");
    assert_ok(kmc_pin_new(t.kmc, &r, t.arena, &sealed, &e), &e);
    const char *pin = open_sealed(&sealed, "FX2600071182", "77");
    kmc_free(t.kmc);
    t.kmc = NULL;
    assert_ok(file_read(t.arena, arena_fmt(t.arena, "%s/kmc.db", t.folder), 1 << 24, &file, &e),
              &e);
    assert_null(memmem(file.p, file.n, pin, KMC_PIN_LEN));
    struct stat st;
    assert_int_equal(stat(arena_fmt(t.arena, "%s/storage.key", t.folder), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0400);
}

static void a_repeated_request_gives_the_same_version(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_sealed one, two;
    struct kmc_request r = request("a", "FX2600071182"), wrong = request("a", "FX2600071183");
    assert_ok(kmc_pin_new(t.kmc, &r, t.arena, &one, &e), &e);
    assert_ok(kmc_pin_new(t.kmc, &r, t.arena, &two, &e), &e);
    assert_int_equal(one.version, two.version);
    assert_string_equal(open_sealed(&one, "FX2600071182", "77"),
                        open_sealed(&two, "FX2600071182", "77"));
    assert_err(ERR_KMC_REQUEST, kmc_pin_new(t.kmc, &wrong, t.arena, &two, &e));
}

static void a_release_gives_the_current_and_the_next_and_confirming_kills_the_old(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_sealed made, current, next, later;
    struct kmc_request new = request("a", "FX2600071182"), r1 = request("b", "FX2600071182"),
                       r2 = request("c", "FX2600071182");
    assert_ok(kmc_pin_new(t.kmc, &new, t.arena, &made, &e), &e);
    assert_ok(kmc_pin_release(t.kmc, &r1, t.arena, &current, &next, &e), &e);
    assert_string_equal(open_sealed(&made, "FX2600071182", "77"),
                        open_sealed(&current, "FX2600071182", "77"));
    assert_int_equal(next.version, current.version + 1);
    /* an interrupted job: the next try gets the same two, because the UKey may have either */
    assert_ok(kmc_pin_release(t.kmc, &r2, t.arena, &current, &later, &e), &e);
    assert_string_equal(open_sealed(&next, "FX2600071182", "77"),
                        open_sealed(&later, "FX2600071182", "77"));
    assert_ok(kmc_pin_confirm(t.kmc, "FX2600071182", next.version, &e), &e);
    struct kmc_request r3 = request("d", "FX2600071182");
    assert_ok(kmc_pin_release(t.kmc, &r3, t.arena, &current, &later, &e), &e);
    assert_string_equal(open_sealed(&next, "FX2600071182", "77"),
                        open_sealed(&current, "FX2600071182", "77"));
    assert_err(ERR_KMC_UNKNOWN, kmc_pin_confirm(t.kmc, "FX2600071182", made.version, &e));
}

static void a_fourth_release_within_a_day_is_refused(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_sealed a, b;
    struct kmc_request new = request("new", "FX2600071182");
    assert_ok(kmc_pin_new(t.kmc, &new, t.arena, &a, &e), &e);
    for (int i = 0; i < 3; i++) {
        struct kmc_request r = request(arena_fmt(t.arena, "r%d", i), "FX2600071182");
        assert_ok(kmc_pin_release(t.kmc, &r, t.arena, &a, &b, &e), &e);
    }
    struct kmc_request again = request("r1", "FX2600071182"),
                       fourth = request("r3", "FX2600071182");
    assert_ok(kmc_pin_release(t.kmc, &again, t.arena, &a, &b, &e),
              &e); /* a repeated one is no new release */
    assert_err(ERR_KMC_LIMIT, kmc_pin_release(t.kmc, &fourth, t.arena, &a, &b, &e));
}

/* Another agent's key, as a job that is resumed has one. */
static struct kmc_request to_another(struct kmc_request r)
{
    struct err_info e;
    _auto(pki_key) key = NULL;
    assert_ok(pki_key_new(PKI_P256, &key, &e), &e);
    struct bytes point = pki_pub_point(pki_key_pub(key));
    uint8_t *kept = arena_alloc(t.arena, point.n);
    memcpy(kept, point.p, point.n);
    r.seal_key = (struct bytes){kept, point.n};
    return r;
}

static int64_t links(void)
{
    struct err_info e;
    int64_t n, bad;
    assert_ok(kmc_audit_verify(t.kmc, &n, &bad, &e), &e);
    assert_int_equal(bad, 0);
    return n;
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(arena_fmt(t.arena, "%s/kmc.db", t.folder), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* A known request id with another key is a release: counted, and a link of the chain. */
static void sealing_to_another_key_is_a_release_of_its_own(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_sealed one, two, next;
    struct kmc_request new = request("new", "FX2600071182"), r = request("r", "FX2600071182"),
                       other;
    assert_ok(kmc_pin_new(t.kmc, &new, t.arena, &one, &e), &e);
    assert_ok(kmc_pin_new(t.kmc, &new, t.arena, &two, &e), &e);
    assert_int_equal(links(), 1);
    other = to_another(new);
    assert_ok(kmc_pin_new(t.kmc, &other, t.arena, &two, &e), &e);
    assert_int_equal(two.version, one.version);
    assert_int_equal(links(), 2);
    assert_ok(kmc_pin_release(t.kmc, &r, t.arena, &one, &next, &e), &e);
    for (int i = 0; i < 2; i++) {
        other = to_another(r);
        assert_ok(kmc_pin_release(t.kmc, &other, t.arena, &two, &next, &e), &e);
        assert_int_equal(two.version, one.version);
    }
    assert_int_equal(links(), 5);
    other = to_another(r);
    assert_err(ERR_KMC_LIMIT, kmc_pin_release(t.kmc, &other, t.arena, &two, &next, &e));
    assert_ok(kmc_pin_release(t.kmc, &r, t.arena, &two, &next, &e), &e); /* as it was */
    assert_int_equal(links(), 5);
}

static void making_a_ukey_again_and_again_has_an_end_too(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_sealed a;
    struct kmc_request r = request("new", "FX2600071182"), other = r;
    for (int i = 0; i < KMC_NEW_A_DAY; i++, other = to_another(r))
        assert_ok(kmc_pin_new(t.kmc, &other, t.arena, &a, &e), &e);
    assert_err(ERR_KMC_LIMIT, kmc_pin_new(t.kmc, &other, t.arena, &a, &e));
    assert_ok(kmc_pin_new(t.kmc, &r, t.arena, &a, &e), &e);
}

/* What a hall that was taken over can get at: so many in an hour, of whichever UKeys. */
static void all_ukeys_together_have_a_number_for_the_hour(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_sealed a, b;
    struct kmc_request one = request("1", "FX2600071182"), two = request("2", "FX2600071183"),
                       three = request("3", "FX2600071184"), r = request("4", "FX2600071182");
    kmc_free(t.kmc);
    t.options.releases_per_hour = 2;
    assert_ok(kmc_open(&t.options, &t.kmc, &e), &e);
    assert_ok(kmc_pin_new(t.kmc, &one, t.arena, &a, &e), &e);
    assert_ok(kmc_pin_new(t.kmc, &two, t.arena, &a, &e), &e);
    assert_err(ERR_KMC_HOUR, kmc_pin_new(t.kmc, &three, t.arena, &a, &e));
    assert_err(ERR_KMC_HOUR, kmc_pin_release(t.kmc, &r, t.arena, &a, &b, &e));
    struct kmc_request resumed = to_another(one);
    assert_err(ERR_KMC_HOUR, kmc_pin_new(t.kmc, &resumed, t.arena, &a, &e));
    run_sql("UPDATE kmc_release SET at = at - 3600001");
    assert_ok(kmc_pin_release(t.kmc, &r, t.arena, &a, &b, &e), &e);
}

/* A shipped UKey keeps the version that works, unless the request says that it shall be replaced. */
static void a_confirmed_version_is_replaced_only_when_asked(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_sealed made, again, next;
    struct kmc_request first = request("a", "FX2600071182"), second = request("b", "FX2600071182"),
                       r = request("c", "FX2600071182"), resumed;
    assert_ok(kmc_pin_new(t.kmc, &first, t.arena, &made, &e), &e);
    assert_ok(kmc_pin_confirm(t.kmc, "FX2600071182", made.version, &e), &e);
    assert_err(ERR_KMC_REQUEST, kmc_pin_new(t.kmc, &second, t.arena, &again, &e));
    assert_err(ERR_KMC_UNKNOWN, kmc_pin_confirm(t.kmc, "FX2600071182", made.version + 1, &e));
    resumed = to_another(first); /* its answer was lost after the UKey took it */
    assert_ok(kmc_pin_new(t.kmc, &resumed, t.arena, &again, &e), &e);
    assert_int_equal(again.version, made.version);
    second.replace = 1;
    assert_ok(kmc_pin_new(t.kmc, &second, t.arena, &again, &e), &e);
    assert_int_equal(again.version, made.version + 1);
    assert_int_equal(links(), 4);
    run_sql("UPDATE kmc_audit SET act = 'new' WHERE act = 'replace' AND object LIKE "
            "'FX2600071182 v2 order 77 request b key %'");
    int64_t n, bad;
    assert_ok(kmc_audit_verify(t.kmc, &n, &bad, &e), &e);
    assert_int_equal(bad, 4); /* it stood there as what it was */
    assert_ok(kmc_pin_release(t.kmc, &r, t.arena, &made, &next, &e), &e);
    assert_int_equal(made.version, 1); /* until the UKey has the other */
    assert_int_equal(next.version, 2);
}

static void what_is_unknown_or_no_point_is_refused(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_sealed a, b;
    struct kmc_request r = request("x", "FX2600000000");
    assert_err(ERR_KMC_UNKNOWN, kmc_pin_release(t.kmc, &r, t.arena, &a, &b, &e));
    uint8_t off_curve[KMC_POINT_LEN] = {4, 1, 2, 3};
    r.seal_key = (struct bytes){off_curve, sizeof off_curve};
    assert_int_not_equal(kmc_pin_new(t.kmc, &r, t.arena, &a, &e), ERR_OK);
    r.seal_key.n = 10;
    assert_err(ERR_KMC_REQUEST, kmc_pin_new(t.kmc, &r, t.arena, &a, &e));
}

static void its_chain_names_a_changed_link(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_sealed a;
    sqlite3 *db;
    int64_t links, bad;
    for (int i = 0; i < 3; i++) {
        struct kmc_request r = request(arena_fmt(t.arena, "n%d", i),
                                       arena_fmt(t.arena, "FX260000000%d", i));
        assert_ok(kmc_pin_new(t.kmc, &r, t.arena, &a, &e), &e);
    }
    assert_ok(kmc_audit_verify(t.kmc, &links, &bad, &e), &e);
    assert_int_equal(links, 3);
    assert_int_equal(bad, 0);
    assert_int_equal(sqlite3_open(arena_fmt(t.arena, "%s/kmc.db", t.folder), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM kmc_audit WHERE n = 2", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_ok(kmc_audit_verify(t.kmc, &links, &bad, &e), &e);
    assert_int_equal(bad, 2);
}

#define IN_A_KMC(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_KMC(a_new_pin_is_random_and_opens_with_the_jobs_key_alone),
        IN_A_KMC(nothing_on_disk_holds_a_pin_in_clear),
        IN_A_KMC(a_repeated_request_gives_the_same_version),
        IN_A_KMC(a_release_gives_the_current_and_the_next_and_confirming_kills_the_old),
        IN_A_KMC(a_fourth_release_within_a_day_is_refused),
        IN_A_KMC(sealing_to_another_key_is_a_release_of_its_own),
        IN_A_KMC(making_a_ukey_again_and_again_has_an_end_too),
        IN_A_KMC(all_ukeys_together_have_a_number_for_the_hour),
        IN_A_KMC(a_confirmed_version_is_replaced_only_when_asked),
        IN_A_KMC(what_is_unknown_or_no_point_is_refused),
        IN_A_KMC(its_chain_names_a_changed_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
