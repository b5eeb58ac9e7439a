/* Kill -9 among pairs (design §5): a process with a ca and its kmc, and 16 clients in it that have pairs made and revoked, ends at
 * a named place or at a moment of chance; then the databases are opened again as after a restart.
 *
 * What a client was told goes through a pipe before the next request, so it outlives the process. After each round: every pair that
 * was told is there, with the certificates that were told, and revoked where that was told; no pair is half; no key and no
 * serial serves twice; each certificate and each change of state has its link and its number; the chains of both are whole.
 *
 *   pair_kills ROUNDS SEED      TAP: one case a place, and one for what was found */
#include "pair_fixture.h"

#include "base/boundary.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLIENTS = 16, POOL = 200, ROUND_MS = 1500, TOLD_MAX = 200000 };

static const enum boundary places[] = {
    BOUNDARY_CA_INTENDED, BOUNDARY_CA_PAIR_GIVEN, BOUNDARY_CA_SIGNED, BOUNDARY_CA_RECORDED,
    BOUNDARY_CA_CHANGED,  BOUNDARY_KMC_GIVEN,     BOUNDARY_KMC_FILLED};
enum { PLACES = sizeof places / sizeof *places };

/* What a client was told, as it stands in the pipe: one write. */
struct told {
    char id[32];
    char serial[48], encryption[48];
    int revoked;
};

static struct pair_fixture p;
static struct told *told;
static size_t told_n;
static int to_parent, round_no;

/* ---- the process that is killed ---- */

static void tell(const struct ca_answer *a, const char *id, int revoked)
{
    struct told t = {.revoked = revoked};
    snprintf(t.id, sizeof t.id, "%s", id);
    snprintf(t.serial, sizeof t.serial, "%s", a->serial);
    snprintf(t.encryption, sizeof t.encryption, "%s", a->encryption.serial);
    if (write(to_parent, &t, sizeof t) != sizeof t)
        _exit(3);
}

/* Asked until it is answered: what fails meanwhile (an empty pool) is asked again, as the hall does. */
static void one_pair(struct pair_fixture *own, const char *id, const char *order, int revoke)
{
    struct err_info e;
    struct ca_answer answer;
    struct pki_key *ukey;
    json_t *evidence;
    int64_t seq;
    struct ca_request r = pair_fixture_request(own, id, order, &ukey, &evidence);
    while (ca_issue(p.f.ca, &r, own->f.arena, &answer, &e) != ERR_OK)
        usleep(1000);
    tell(&answer, id, 0);
    struct ca_change_in in = {
        .change = CA_REVOKE, .serial = answer.serial, .reason = CRL_SUPERSEDED, .actor = "c"};
    if (revoke && ca_change(p.f.ca, &in, &seq, &e) == ERR_OK)
        tell(&answer, id, 1);
    json_decref(evidence);
    pki_key_free(ukey);
}

static void *client(void *arg)
{
    int me = (int)(intptr_t)arg;
    for (int k = 0;; k++) {
        struct pair_fixture own = p; /* its own arena; the keys are read only */
        own.f.arena = arena_new();
        const char *order = arena_fmt(own.f.arena, "%d%03d%05d", round_no + 1, me, k);
        one_pair(&own, arena_fmt(own.f.arena, "%s-sign", order), order, (me + k) % 3 == 0);
        arena_free(own.f.arena);
    }
    return NULL;
}

static void serve_and_ask(void)
{
    struct err_info e;
    pthread_t thread;
    boundary_arm(p.f.folder);
    pair_fixture_start_kmc(&p);
    assert_ok(ca_open(&p.f.options, &p.f.ca, &e), &e);
    for (int i = 0; i < CLIENTS; i++)
        if (pthread_create(&thread, NULL, client, (void *)(intptr_t)i) != 0)
            _exit(4);
    usleep(ROUND_MS * 1000);
    kill(getpid(), SIGKILL); /* the place was not passed */
    for (;;)
        pause();
}

/* ---- a round ---- */

static void arm(enum boundary at)
{
    const char *path = arena_fmt(p.f.arena, "%s/boundary/%s", p.f.folder, boundary_name(at));
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

/* 1 when it was still armed. */
static int disarm(enum boundary at)
{
    return unlink(arena_fmt(p.f.arena, "%s/boundary/%s", p.f.folder, boundary_name(at))) == 0;
}

static void read_told(int fd)
{
    for (;;) {
        ssize_t n = read(fd, &told[told_n], sizeof *told);
        if (n < 0 && errno == EINTR)
            continue;
        if (n != sizeof *told)
            return;
        assert_true(++told_n < TOLD_MAX);
    }
}

static void run_round(int kill_after_ms)
{
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fd[0]);
        to_parent = fd[1];
        serve_and_ask();
    }
    close(fd[1]);
    if (kill_after_ms) {
        usleep((useconds_t)kill_after_ms * 1000);
        kill(child, SIGKILL);
    }
    read_told(fd[0]);
    close(fd[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- what must be true ---- */

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *q;
    int64_t n = -1;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    if (sqlite3_step(q) == SQLITE_ROW)
        n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

static void is_none(sqlite3 *db, const char *what, const char *sql)
{
    int64_t n = number(db, sql);
    if (n != 0)
        fail_msg("round %d: %lld %s", round_no, (long long)n, what);
}

static void is_there(sqlite3_stmt *q, const struct told *t)
{
    sqlite3_reset(q);
    sqlite3_bind_text(q, 1, t->id, -1, SQLITE_STATIC);
    if (sqlite3_step(q) != SQLITE_ROW)
        fail_msg("round %d: %s was told and is not there", round_no, t->id);
    if (strcasecmp((const char *)sqlite3_column_text(q, 0), t->serial) != 0 ||
        strcasecmp((const char *)sqlite3_column_text(q, 1), t->encryption) != 0)
        fail_msg("round %d: %s has other certificates than were told", round_no, t->id);
    if (t->revoked && strcmp((const char *)sqlite3_column_text(q, 2), "revoked") != 0)
        fail_msg("round %d: %s was revoked and is not", round_no, t->id);
}

static void look(size_t from)
{
    sqlite3 *db;
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_open(arena_fmt(p.f.arena, "%s/ca.db", p.f.folder), &db), SQLITE_OK);
    is_none(db, "half pairs",
            "SELECT COUNT(*) FROM ca_certificate a LEFT JOIN ca_certificate b ON b.id = a.pair "
            "WHERE a.pair <> 0 AND (b.id IS NULL OR b.pair <> a.id OR a.state <> b.state "
            "OR (a.certificate IS NULL) <> (b.certificate IS NULL))");
    is_none(db, "intents left", "SELECT COUNT(*) FROM ca_certificate WHERE state = 'intent'");
    is_none(db, "keys that serve twice",
            "SELECT COUNT(*) FROM (SELECT key_hash FROM ca_certificate WHERE pair <> 0 AND "
            "certificate IS NOT NULL GROUP BY key_hash HAVING COUNT(*) > 1)");
    is_none(
        db, "certificates without a link",
        "SELECT (SELECT COUNT(*) FROM ca_certificate WHERE pair <> 0 AND certificate IS NOT NULL) - "
        "(SELECT COUNT(*) FROM ca_audit WHERE act = 'issue')");
    is_none(db, "revocations without a link",
            "SELECT (SELECT COUNT(*) FROM ca_certificate WHERE pair <> 0 AND state = 'revoked') - "
            "(SELECT COUNT(*) FROM ca_audit WHERE act = 'revoke')");
    is_none(db, "gaps in the log", "SELECT COUNT(*) - COALESCE(MAX(seq), 0) FROM ca_status");
    assert_int_equal(sqlite3_prepare_v2(
                         db,
                         "SELECT hex(a.serial), hex(b.serial), a.state FROM ca_certificate a JOIN "
                         "ca_certificate b ON b.id = a.pair WHERE a.request_id = ?1",
                         -1, &q, NULL),
                     SQLITE_OK);
    for (size_t i = from; i < told_n; i++)
        is_there(q, &told[i]);
    sqlite3_finalize(q);
    sqlite3_close(db);
}

/* As after a restart: both open, settle, and walk their chains. */
static void open_again(void)
{
    struct err_info e;
    int64_t links, bad;
    pair_fixture_start_kmc(&p);
    assert_ok(ca_open(&p.f.options, &p.f.ca, &e), &e);
    assert_ok(ca_audit_verify(p.f.ca, &links, &bad, &e), &e);
    assert_int_equal(bad, 0);
    assert_ok(kmc_audit_verify(p.kmc, &links, &bad, &e), &e);
    assert_int_equal(bad, 0);
    ca_free(p.f.ca);
    p.f.ca = NULL;
    pair_fixture_stop_kmc(&p);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 40, hit[PLACES] = {0}, failed = 0;
    srand((unsigned)(argc > 2 ? atoi(argv[2]) : 1));
    told = mem_alloc(TOLD_MAX * sizeof *told);
    pair_fixture_open(&p, POOL);
    p.f.options.revoke_per_hour = 100000000;
    ca_free(p.f.ca);
    p.f.ca = NULL;
    pair_fixture_stop_kmc(&p);
    assert_int_equal(mkdir(arena_fmt(p.f.arena, "%s/boundary", p.f.folder), 0700), 0);
    for (round_no = 0; round_no < rounds; round_no++) {
        int place = round_no % 2 ? -1 : round_no / 2 % PLACES;
        size_t before = told_n;
        if (place >= 0)
            arm(places[place]);
        run_round(place >= 0 ? 0 : 50 + rand() % 500);
        if (place >= 0)
            hit[place] += !disarm(places[place]);
        open_again();
        look(before);
    }
    look(0); /* what was told in any round */
    for (int i = 0; i < PLACES; i++) {
        failed |= !hit[i];
        printf("%s %d - killed at %s\n", hit[i] ? "ok" : "not ok", i + 1, boundary_name(places[i]));
    }
    printf("ok %d - %d rounds: nothing told is lost, nothing is half, the chains are whole\n",
           PLACES + 1, rounds);
    printf("# %zu times told\n1..%d\n", told_n, PLACES + 1);
    pair_fixture_close(&p);
    free(told);
    return failed;
}
