/* How SQLite goes about each statement of the hall. A table that is read from end to end takes a second for a million
 * orders, and nobody sees it in a test with three: so a statement that scans stands in the list below, with the reason why
 * it may, or this test fails. */
#include "hall_fixture.h"

#include "hall/catalogue.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static const struct allowed {
    const char *query, *why;
} ALLOWED[] = {
    {"audit_anchor_last", "the newest of them"},
    {"audit_anchor_prune", "a thousand stay"},
    {"audit_chain_all", "16 chains"},
    {"audit_chain_hold", "16 chains"},
    {"audit_row_list", "newest first up to a page"},
    {"certificate_list", "newest first up to a page"},
    {"event_since", "rows of five minutes"},
    {"hall_worker_list", "as many as processes"},
    {"institution_part_add", "letters of one name"},
    {"institution_search_common", "names that many have, up to a page"},
    {"intake_batch_of_ca", "lists, not their rows"},
    {"order_list", "newest first up to a page; a part of a name only where many have it"},
    {"outbox_row_dead", "those given up, by their index"},
    {"payment_exception_count", "what went wrong"},
    {"payment_ledger_credits", "sums of it all, from an index alone"},
    {"payment_ledger_debits", "sums of it all, from an index alone"},
    {"project_profile_all", "versions of profiles"},
    {"report_audit", "newest first up to a page"},
    {"report_exception_count", "what went wrong"},
    {"report_exceptions", "what went wrong"},
    {"report_imports", "lists, newest first up to a page"},
    {"report_payments", "newest first up to a page; a part of a name only where many have it"},
    {"report_payments_found", "renamed orders, by their index"},
    {"report_search_orders_renamed", "renamed orders, by their index"},
    {"seed_institution_part", "letters of one name"},
    {"report_work_counts", "open tasks, by their index"},
    {"report_work_open", "open tasks, by their index"},
    {"session_over", "who is signed in"},
    {"staff_list", "staff"},
    {"task_counts", "open tasks, by their index"},
    {"task_list", "open tasks, by their index"},
};

static int may_scan(const char *query)
{
    for (size_t i = 0; i < sizeof ALLOWED / sizeof *ALLOWED; i++)
        if (strcmp(ALLOWED[i].query, query) == 0)
            return 1;
    return 0;
}

/* "SCAN orders USING …": a table. A row of constants, a subquery (x) and a step of a recursion are none. */
static int scans(const char *detail)
{
    return strncmp(detail, "SCAN ", 5) == 0 && strcmp(detail, "SCAN CONSTANT ROW") != 0 &&
           strcmp(detail, "SCAN x") != 0;
}

static int look_at(sqlite3 *db, const struct store_query *q)
{
    char sql[16384];
    sqlite3_stmt *plan = NULL;
    int found = 0;
    assert_true((size_t)snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", q->sqlite) < sizeof sql);
    if (sqlite3_prepare_v2(db, sql, -1, &plan, NULL) != SQLITE_OK)
        fail_msg("%s: %s", q->name, sqlite3_errmsg(db));
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *detail = (const char *)sqlite3_column_text(plan, 3);
        if (scans(detail) && !may_scan(q->name)) {
            print_message("%s: %s\n", q->name, detail);
            found = 1;
        }
    }
    sqlite3_finalize(plan);
    return found;
}

static void no_statement_reads_a_whole_table_unless_it_may(void **state)
{
    struct hall_fixture *f = *state;
    sqlite3 *db = NULL;
    int found = 0;
    assert_int_equal(strncmp(f->store.url, "sqlite:", 7), 0);
    assert_int_equal(sqlite3_open_v2(f->store.url + 7, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA case_sensitive_like = ON", NULL, NULL, NULL);
    for (size_t m = 0; m < hall_catalogue.n; m++)
        for (size_t i = 0; i < hall_catalogue.module[m]->queries_n; i++)
            found += look_at(db, hall_catalogue.module[m]->queries[i]);
    sqlite3_close(db);
    assert_int_equal(found, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {HALL_TEST(no_statement_reads_a_whole_table_unless_it_may)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
