/* A full list of a million from the ca's index, after one more certificate was put on hold, against hashing its octets (design
 * §10). Signing, recording, writing the file and giving it its name are in it; reading the million rows, done once by a process,
 * is printed beside it. */
#include "bench.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LISTED = 1000000, SERIAL_OCTETS = 20, EVERY_REASON = 5, WITH_REASON = 2 };

static void must(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "bench_crl: %s\n", what);
    exit(1);
}

/* In the order of their serials, as certificates are issued; 40 of 100 with a reason (measurements.md D). */
static void fill(const struct ca_fixture *f, const char *like)
{
    sqlite3 *db;
    sqlite3_stmt *q;
    uint8_t serial[SERIAL_OCTETS] = {0x41};
    must(sqlite3_open(arena_fmt(f->arena, "%s/ca.db", f->folder), &db) == SQLITE_OK, "open");
    must(sqlite3_exec(db, "PRAGMA synchronous = OFF; BEGIN", NULL, NULL, NULL) == SQLITE_OK,
         "begin");
    must(
        sqlite3_prepare_v2(
            db,
            "INSERT INTO ca_certificate (id, serial, issuer_id, profile, request_id, key_hash, "
            "order_no, ukey, subject, not_before, not_after, tbs, certificate, state, reason, "
            "changed_at, created_at, evidence) SELECT 1000 + ?1, ?2, issuer_id, profile, "
            "'bulk-' || ?1, ?2, 'bulk-' || ?1, ukey, subject, not_before, not_after, x'', x'00', "
            "'revoked', ?3, changed_at, created_at, '[]' FROM ca_certificate WHERE request_id = ?4",
            -1, &q, NULL) == SQLITE_OK,
        "prepare");
    for (int i = 0; i < LISTED; i++) {
        for (int k = 0; k < 4; k++)
            serial[1 + k] = (uint8_t)((uint32_t)i >> (24 - 8 * k));
        for (int k = 5; k < SERIAL_OCTETS; k++)
            serial[k] = (uint8_t)rand();
        sqlite3_bind_int(q, 1, i);
        sqlite3_bind_blob(q, 2, serial, sizeof serial, SQLITE_STATIC);
        sqlite3_bind_int(q, 3, i % EVERY_REASON < WITH_REASON ? CRL_CESSATION : 0);
        sqlite3_bind_text(q, 4, like, -1, SQLITE_STATIC);
        must(sqlite3_step(q) == SQLITE_DONE, sqlite3_errmsg(db));
        sqlite3_reset(q);
    }
    sqlite3_finalize(q);
    must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK, "commit");
    sqlite3_close(db);
}

/* Kibibytes of a line of /proc/self/status. */
static long memory(const char *name)
{
    char line[256];
    long kib = 0;
    FILE *s = fopen("/proc/self/status", "re");
    must(s != NULL, "/proc/self/status");
    while (fgets(line, sizeof line, s))
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtol(line + strlen(name) + 1, NULL, 10);
    fclose(s);
    return kib;
}

/* From here on VmHWM is the most since now (proc(5), clear_refs). */
static void forget_peak(void)
{
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    must(fd >= 0 && write(fd, "5", 1) == 1, "/proc/self/clear_refs");
    close(fd);
}

static double hash_it(const uint8_t *p, size_t n)
{
    uint8_t sum[32];
    double before = bench_process_cpu();
    must(EVP_Digest(p, n, sum, NULL, EVP_sha256(), NULL), "digest");
    return bench_process_cpu() - before;
}

static void change(struct ca_fixture *f, const char *serial, int hold)
{
    struct err_info e;
    int64_t seq;
    struct ca_change_in in = {
        .change = hold ? CA_HOLD : CA_RELEASE, .serial = serial, .actor = "bench"};
    assert_ok(ca_change(f->ca, &in, &seq, &e), &e);
}

static struct ca_list make(struct ca_fixture *f, int64_t issuer)
{
    struct err_info e;
    struct ca_list l;
    assert_ok(ca_list_open(f->ca, &(struct ca_list_of){.issuer = issuer}, &l, &e), &e);
    return l;
}

int main(void)
{
    struct ca_fixture f;
    double ratio[BENCH_ROUNDS], made[BENCH_ROUNDS], hashed[BENCH_ROUNDS], most[BENCH_ROUNDS];
    ca_fixture_open(&f, PKI_P256);
    f.options.release_per_hour = 1000;
    struct bench_orders o = bench_orders_prepare(&f, 1, 2);
    bench_issue(&f, &o, 1);
    fill(&f, o.request[0].request_id);
    ca_fixture_reopen(&f);
    int64_t issuer = 2;
    long before_rows = memory("VmRSS");
    double cpu = bench_process_cpu();
    struct ca_list l = make(&f, issuer);
    double loaded = bench_process_cpu() - cpu;
    uint8_t *copy = mem_alloc(l.size);
    must(pread(l.fd, copy, l.size, 0) == (ssize_t)l.size, "read");
    close(l.fd);
    for (int i = 0; i < BENCH_ROUNDS; i++) {
        change(&f, o.answer[0].serial, i % 2 == 0);
        long rss = memory("VmRSS");
        forget_peak();
        cpu = bench_process_cpu();
        struct ca_list now = make(&f, issuer);
        made[i] = bench_process_cpu() - cpu;
        must(now.number > l.number, "the list was not made");
        close(now.fd);
        most[i] = (double)(memory("VmHWM") - rss) * 1024 / (double)l.size;
        hashed[i] = hash_it(copy, l.size);
        ratio[i] = made[i] / hashed[i];
    }
    printf(
        "# list of %d: %.1f MiB, %.0f ms of CPU; hashing it %.0f ms; its rows read and the first "
        "list made: %.2f s; the index and the rest of the process took %.0f MiB more than before\n",
        LISTED, (double)l.size / 1048576, bench_median(made, BENCH_ROUNDS) * 1e3,
        bench_median(hashed, BENCH_ROUNDS) * 1e3, loaded,
        (double)(memory("VmRSS") - before_rows) / 1024 - (double)l.size / 1048576);
    printf("limit crl-million %.3f 4 2\n", bench_median(ratio, BENCH_ROUNDS));
    printf("limit crl-memory %.3f 1.3 1.3\n", bench_median(most, BENCH_ROUNDS));
    free(copy);
    bench_orders_free(&o);
    ca_fixture_close(&f);
    return 0;
}
