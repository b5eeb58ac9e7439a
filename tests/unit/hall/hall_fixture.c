#include "hall_fixture.h"

#include "hall/calendar/calendar.h"
#include "hall/catalogue.h"
#include "hall/project/project.h"
#include "reglist/reglist.h"
#include "sandbox/spawner.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct actor maker_xu = {BY_STAFF, 31, "许建民", "maker", "127.0.0.1"};
const struct actor reviewer_zheng = {BY_STAFF, 32, "郑海涛", "reviewer", "127.0.0.1"};
const struct actor auditor_fang = {BY_STAFF, 33, "方正", "auditor", "127.0.0.1"};

int hall_setup(void **state)
{
    struct hall_fixture *f = mem_alloc(sizeof *f);
    struct vault_keys keys = {
        .current = 1, .fields = 1, .field = {{.id = 1, .key = "field key of the test"}}};
    memcpy(keys.index, "index key of the test", 22);
    f->arena = arena_new();
    store_fixture_open(&f->store, &hall_catalogue, 4);
    snprintf(f->clock_path, sizeof f->clock_path, "/tmp/certhall-clock.XXXXXX");
    int fd = mkstemp(f->clock_path);
    assert_true(fd >= 0);
    close(fd);
    assert_ok(clock_demo_set(f->clock_path, clock_machine(), &f->e), &f->e);
    assert_ok(clock_open(f->clock_path, &f->clock, &f->e), &f->e);
    assert_ok(vault_new(&keys, &f->vault, &f->e), &f->e);
    const char *folders[] = {CALENDAR_DIR};
    assert_ok(calendar_load(folders, 1, &f->calendar, &f->e), &f->e);
    f->projects = projects_new();
    assert_ok(projects_load(f->projects, PROFILES_DIR, &f->e), &f->e);
    f->hall = (struct hall){.store = f->store.store,
                            .clock = f->clock,
                            .vault = f->vault,
                            .calendar = f->calendar,
                            .projects = f->projects,
                            .public_url = "http://127.0.0.1:8080",
                            .server_id = "bench-7",
                            .ids = hall_ids_fixed(5)};
    *state = f;
    return 0;
}

int hall_teardown(void **state)
{
    struct hall_fixture *f = *state;
    store_fixture_close(&f->store);
    clock_free(f->clock);
    unlink(f->clock_path);
    projects_free(f->projects);
    calendar_free(f->calendar);
    vault_free(f->vault);
    hall_ids_free(f->hall.ids);
    spawner_free(f->hall.decoders);
    arena_free(f->arena);
    free(f);
    return 0;
}

void hall_decoders(struct hall_fixture *f)
{
    static const struct decoder *const decoders[] = {&reglist_decoder};
    assert_ok(spawner_start(decoders, 1, &spawner_usual, &f->hall.decoders, &f->e), &f->e);
}

void hall_at(struct hall_fixture *f, const char *time)
{
    int64_t at;
    assert_true(time_parse_rfc3339(time, &at));
    assert_ok(clock_demo_set(f->clock_path, at, &f->e), &f->e);
}

void hall_write(struct hall_fixture *f, const struct actor *who, struct hall_tx *tx)
{
    assert_ok(hall_begin(&f->hall, 1, who, f->arena, tx, &f->e), &f->e);
}

void hall_read(struct hall_fixture *f, struct hall_tx *tx)
{
    assert_ok(hall_begin(&f->hall, 0, &hall_system, f->arena, tx, &f->e), &f->e);
}

void hall_done(struct hall_fixture *f, struct hall_tx *tx)
{
    assert_ok(hall_commit(tx, &f->e), &f->e);
}

void hall_tamper(struct hall_fixture *f, const char *sql)
{
    if (f->store.postgres) {
        PGconn *c = PQconnectdb(f->store.url);
        PGresult *r = PQexec(c, sql);
        assert_string_equal(PQresultErrorMessage(r), "");
        PQclear(r);
        PQfinish(c);
        return;
    }
    sqlite3 *db;
    char *why = NULL;
    assert_int_equal(sqlite3_open(f->store.url + strlen("sqlite:"), &db), SQLITE_OK);
    sqlite3_exec(db, sql, NULL, NULL, &why);
    if (why)
        print_error("%s\n", why);
    assert_null(why);
    sqlite3_close(db);
}
