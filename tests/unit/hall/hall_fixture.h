/* A hall of its own for each test: a store (SQLite, or PostgreSQL under with-postgres) with all tables, a vault with
 * fixed keys, and business time that a test sets. No threads run unless the test starts them. */
#ifndef CERTHALL_HALL_FIXTURE_H
#define CERTHALL_HALL_FIXTURE_H

#include "hall/hall.h"
#include "hall/vault/vault.h"
#include "store_fixture.h"
#include "testing.h"

struct hall_fixture {
    struct store_fixture store;
    struct hall hall;
    struct vault *vault;
    struct clock *clock;
    struct calendar *calendar;
    struct projects *projects; /* as shipped */
    char clock_path[64];
    struct arena *arena; /* of the test */
    struct err_info e;
};

int hall_setup(void **state); /* *state: struct hall_fixture */
int hall_teardown(void **state);
#define HALL_TEST(f) cmocka_unit_test_setup_teardown(f, hall_setup, hall_teardown)

/* Business time, China: "2025-09-30T10:00:00+08:00"; the past only. */
void hall_at(struct hall_fixture *f, const char *time);
/* A transaction by `who` in the test's arena. Each of these fails the test where it cannot. */
void hall_write(struct hall_fixture *f, const struct actor *who, struct hall_tx *tx);
void hall_read(struct hall_fixture *f, struct hall_tx *tx);
void hall_done(struct hall_fixture *f, struct hall_tx *tx); /* commit */
/* What reads files from outside, for tests that import; once a test. */
void hall_decoders(struct hall_fixture *f);
/* Run SQL past everything, as somebody with the database file would. */
void hall_tamper(struct hall_fixture *f, const char *sql);

extern const struct actor maker_xu, reviewer_zheng, auditor_fang;

#endif
