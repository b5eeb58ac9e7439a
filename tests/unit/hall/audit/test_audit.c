/* The audit names the first bad row after a flip, deletion, insertion, reordering and a cut tail (design §8, G-41). */
#include "hall/audit/audit.h"
#include "hall_fixture.h"

#include <string.h>

enum { ORDER = 77 };

/* Six rows of one order; all in one chain. */
static void write_rows(struct hall_fixture *f, int from, int n)
{
    for (int i = from; i < from + n; i++) {
        struct hall_tx tx = {0};
        hall_write(f, &maker_xu, &tx);
        struct audit_entry x = {.act = "order.save",
                                .order = ORDER,
                                .object = "order:77",
                                .old_value = "旧地址",
                                .new_value = arena_fmt(f->arena, "地址 %d", i),
                                .reason = i == 2 ? "客户来电" : NULL};
        assert_ok(audit_write(&tx, &x, &f->e), &f->e);
        hall_done(f, &tx);
    }
}

static struct audit_fault verify(struct hall_fixture *f, const struct audit_heads *ca)
{
    struct hall_tx tx = {0};
    struct audit_fault fault;
    hall_read(f, &tx);
    assert_ok(audit_verify(&tx, ca, &fault, &f->e), &f->e);
    hall_end(&tx);
    return fault;
}

static struct audit_heads heads(struct hall_fixture *f)
{
    struct hall_tx tx = {0};
    struct audit_heads h;
    hall_read(f, &tx);
    assert_ok(audit_heads(&tx, &h, &f->e), &f->e);
    hall_end(&tx);
    return h;
}

static void expect(struct hall_fixture *f, const struct audit_heads *ca, enum audit_fault_kind kind,
                   int64_t n)
{
    struct audit_fault fault = verify(f, ca);
    assert_int_equal(fault.kind, kind);
    assert_int_equal(fault.n, n);
}

static void untouched_chains_are_whole(void **state)
{
    struct hall_fixture *f = *state;
    write_rows(f, 1, 6);
    struct audit_heads h = heads(f);
    struct audit_fault fault = verify(f, &h);
    assert_int_equal(fault.kind, AUDIT_WHOLE);
    assert_int_equal(fault.checked, 6);
    assert_non_null(strstr(audit_fault_text(f->arena, &fault, LANG_ZH), "共 6 行"));
}

static void a_flip_is_named(void **state)
{
    struct hall_fixture *f = *state;
    write_rows(f, 1, 6);
    hall_tamper(f, "UPDATE audit_row SET actor_name = '沈若琳' WHERE n = 3");
    expect(f, NULL, AUDIT_CHANGED, 3);
}

static void every_column_counts(void **state)
{
    struct hall_fixture *f = *state;
    static const char *const change[] = {
        "at = at + 1",         "order_id = 78",      "actor_kind = 'agent'", "actor_id = 1",
        "actor_role = 'x'",    "address = '::1'",    "act = 'order.x'",      "object = 'x'",
        "old_hash = new_hash", "reason_hash = hash", "prev = hash",          "hash = prev",
        "new_hash = old_hash", "id = id + 1000"};
    write_rows(f, 1, 3);
    for (size_t i = 0; i < sizeof change / sizeof *change; i++) {
        hall_tamper(f, "CREATE TABLE keep AS SELECT * FROM audit_row WHERE n = 2");
        hall_tamper(f, arena_fmt(f->arena, "UPDATE audit_row SET %s WHERE n = 2", change[i]));
        assert_int_not_equal(verify(f, NULL).kind, AUDIT_WHOLE);
        hall_tamper(f, "DELETE FROM audit_row WHERE n = 2");
        hall_tamper(f, "INSERT INTO audit_row SELECT * FROM keep");
        hall_tamper(f, "DROP TABLE keep");
        assert_int_equal(verify(f, NULL).kind, AUDIT_WHOLE);
    }
}

static void a_deletion_is_named(void **state)
{
    struct hall_fixture *f = *state;
    write_rows(f, 1, 6);
    hall_tamper(f, "DELETE FROM audit_row WHERE n = 4");
    expect(f, NULL, AUDIT_MISSING, 4);
}

static void an_insertion_is_named(void **state)
{
    struct hall_fixture *f = *state;
    write_rows(f, 1, 6);
    hall_tamper(f, "UPDATE audit_row SET n = n + 100 WHERE n >= 4");
    hall_tamper(f, "UPDATE audit_row SET n = n - 99 WHERE n >= 100");
    hall_tamper(
        f,
        "INSERT INTO audit_row SELECT id + 1000, chain, 4, at, order_id, actor_kind, actor_id, actor_name, "
        "actor_role, address, act, object, old_hash, new_hash, reason_hash, prev, hash FROM audit_row "
        "WHERE n = 3");
    expect(f, NULL, AUDIT_CHANGED, 4);
}

static void a_row_behind_the_head_is_named(void **state)
{
    struct hall_fixture *f = *state;
    write_rows(f, 1, 3);
    hall_tamper(
        f,
        "UPDATE audit_chain SET n = 2, hash = (SELECT hash FROM audit_row WHERE n = 2) WHERE n = 3");
    expect(f, NULL, AUDIT_EXTRA, 3);
}

static void a_reordering_is_named(void **state)
{
    struct hall_fixture *f = *state;
    write_rows(f, 1, 6);
    hall_tamper(f, "UPDATE audit_row SET n = 1000 WHERE n = 2");
    hall_tamper(f, "UPDATE audit_row SET n = 2 WHERE n = 5");
    hall_tamper(f, "UPDATE audit_row SET n = 5 WHERE n = 1000");
    expect(f, NULL, AUDIT_CHANGED, 2);
}

static void cut_tail(struct hall_fixture *f)
{
    hall_tamper(f, "DELETE FROM audit_row WHERE n > 4");
    hall_tamper(
        f,
        "UPDATE audit_chain SET n = 4, hash = (SELECT hash FROM audit_row WHERE n = 4) WHERE n = 6");
}

static void a_tail_cut_before_the_anchor_is_named_from_what_the_ca_saw(void **state)
{
    struct hall_fixture *f = *state;
    write_rows(f, 1, 6);
    struct audit_heads told = heads(f);
    cut_tail(f);
    expect(f, NULL, AUDIT_WHOLE, 0); /* the hall alone cannot know */
    expect(f, &told, AUDIT_TAIL_CUT, 5);
}

static void a_tail_cut_is_named_from_the_anchor_kept_here_too(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    struct audit_anchor last;
    write_rows(f, 1, 6);
    struct audit_heads told = heads(f);
    hall_write(f, &hall_system, &tx);
    assert_ok(audit_anchor_store(&tx, &told, "{\"n\":\"3\"}", &f->e), &f->e);
    hall_done(f, &tx);
    hall_read(f, &tx);
    assert_ok(audit_anchor_last(&tx, &last, &f->e), &f->e);
    hall_end(&tx);
    assert_memory_equal(&last.heads, &told, sizeof told);
    assert_string_equal(last.ca_head, "{\"n\":\"3\"}");
    cut_tail(f);
    expect(f, NULL, AUDIT_TAIL_CUT, 5);
}

static void a_tail_cut_and_written_anew_is_named(void **state)
{
    struct hall_fixture *f = *state;
    write_rows(f, 1, 6);
    struct audit_heads told = heads(f);
    cut_tail(f);
    hall_tamper(f, "DELETE FROM audit_value WHERE n > 4");
    write_rows(f, 5, 3);
    expect(f, &told, AUDIT_REWRITTEN, 6);
}

static void a_value_changed_in_the_side_table_is_named(void **state)
{
    struct hall_fixture *f = *state;
    write_rows(f, 1, 6);
    hall_tamper(
        f,
        "UPDATE audit_value SET sealed = (SELECT sealed FROM audit_value WHERE n = 1) WHERE n = 3");
    expect(f, NULL, AUDIT_VALUE, 3);
}

static void erased_values_leave_the_chain_whole(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    struct audit_values v;
    write_rows(f, 1, 3);
    struct audit_heads told = heads(f);
    int chain = 0;
    while (told.chain[chain].n == 0)
        chain++;
    hall_write(f, &auditor_fang, &tx);
    assert_ok(audit_open(&tx, chain, 2, "抽查", &v, &f->e), &f->e);
    assert_string_equal(v.new_value, "地址 2");
    assert_string_equal(v.reason, "客户来电");
    assert_false(v.erased);
    assert_ok(audit_erase(&tx, ORDER, &f->e), &f->e);
    assert_ok(audit_open(&tx, chain, 2, "再看", &v, &f->e), &f->e);
    assert_true(v.erased);
    assert_null(v.new_value);
    hall_done(f, &tx);
    struct audit_fault fault = verify(f, &told);
    assert_int_equal(fault.kind, AUDIT_WHOLE);
    assert_int_equal(fault.erased, 4); /* three rows and the reason of the first look */
    assert_non_null(strstr(audit_fault_text(f->arena, &fault, LANG_ZH), "4 行的内容已到期删除"));
    assert_non_null(
        strstr(audit_fault_text(f->arena, &fault, LANG_EN), "the values of 4 were erased"));
    hall_tamper(f, "DELETE FROM audit_value");
    fault = verify(f, NULL);
    assert_int_equal(fault.kind, AUDIT_GONE);
    assert_int_equal(fault.n, 6); /* the second look came after the erasure: not covered by it */
}

/* Values that go without the act of erasing are missed, the first row by name. */
static void deleted_values_are_missed(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    write_rows(f, 1, 6);
    hall_tamper(f, "DELETE FROM audit_value WHERE n >= 3");
    expect(f, NULL, AUDIT_GONE, 3);
    struct audit_fault fault = verify(f, NULL);
    assert_non_null(
        strstr(audit_fault_text(f->arena, &fault, LANG_EN), "row 3: its value is gone"));
    hall_write(f, &auditor_fang, &tx); /* another order's erasure does not cover them */
    assert_ok(audit_erase(&tx, ORDER + 1, &f->e), &f->e);
    hall_done(f, &tx);
    expect(f, NULL, AUDIT_GONE, 3);
}

/* Without an order nothing is erased by order: a value that is gone is a fault. */
static void values_without_an_order_are_never_erased(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    struct audit_entry x = {.act = "staff.add", .object = "staff:7", .new_value = "许建民"};
    hall_write(f, &auditor_fang, &tx);
    assert_ok(audit_write(&tx, &x, &f->e), &f->e);
    hall_done(f, &tx);
    hall_tamper(f, "DELETE FROM audit_value");
    expect(f, NULL, AUDIT_GONE, 1);
}

static void the_log_is_read_newest_first_and_filtered(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    const struct audit_row *rows;
    size_t n;
    write_rows(f, 1, 4);
    hall_write(f, &auditor_fang, &tx);
    struct audit_entry x = {.act = "staff.disable", .object = "staff:9"};
    assert_ok(audit_write(&tx, &x, &f->e), &f->e);
    struct audit_filter all = {.limit = 3}, order = {.act = "order.", .limit = 10},
                        staff = {.object = "staff:9", .limit = 10};
    assert_ok(audit_list(&tx, &all, &rows, &n, &f->e), &f->e);
    assert_int_equal(n, 3);
    assert_string_equal(rows[0].act, "staff.disable");
    assert_string_equal(rows[0].actor_name, "方正");
    all.before = rows[2].id;
    assert_ok(audit_list(&tx, &all, &rows, &n, &f->e), &f->e);
    assert_int_equal(n, 2);
    assert_ok(audit_list(&tx, &order, &rows, &n, &f->e), &f->e);
    assert_int_equal(n, 4);
    assert_ok(audit_list(&tx, &staff, &rows, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    hall_end(&tx);
}

static void what_has_no_order_locks_no_second_chain(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    int used = 0;
    hall_write(f, &maker_xu, &tx);
    for (int i = 0; i < 40; i++) {
        struct audit_entry x = {.act = "account.load",
                                .object = arena_fmt(f->arena, "account:%d", i)};
        assert_ok(audit_write(&tx, &x, &f->e), &f->e);
    }
    hall_done(f, &tx);
    struct audit_heads h = heads(f);
    for (int i = 0; i < AUDIT_CHAINS; i++)
        used += h.chain[i].n > 0;
    assert_int_equal(used, 1);
    for (int order = 1; order < 40; order++) { /* orders spread over the chains */
        struct audit_entry x = {.act = "order.save", .order = order, .object = "order"};
        hall_write(f, &maker_xu, &tx);
        assert_ok(audit_write(&tx, &x, &f->e), &f->e);
        hall_done(f, &tx);
    }
    h = heads(f);
    for (int i = used = 0; i < AUDIT_CHAINS; i++)
        used += h.chain[i].n > 0;
    assert_true(used > 8);
}

static void heads_travel_as_json(void **state)
{
    struct hall_fixture *f = *state;
    write_rows(f, 1, 1);
    struct audit_heads h = heads(f);
    const char *json;
    struct audit_heads back;
    assert_ok(audit_heads_json(f->arena, &h, &json, &f->e), &f->e);
    assert_ok(audit_heads_parse(json, &back, &f->e), &f->e);
    assert_memory_equal(&h, &back, sizeof h);
    assert_err(
        ERR_BAD_REQUEST,
        audit_heads_parse("{\"heads\":[{\"chain\":16,\"n\":\"0\",\"hash\":\"\"}]}", &back, &f->e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(untouched_chains_are_whole),
        HALL_TEST(a_flip_is_named),
        HALL_TEST(every_column_counts),
        HALL_TEST(a_deletion_is_named),
        HALL_TEST(an_insertion_is_named),
        HALL_TEST(a_row_behind_the_head_is_named),
        HALL_TEST(a_reordering_is_named),
        HALL_TEST(a_tail_cut_before_the_anchor_is_named_from_what_the_ca_saw),
        HALL_TEST(a_tail_cut_is_named_from_the_anchor_kept_here_too),
        HALL_TEST(a_tail_cut_and_written_anew_is_named),
        HALL_TEST(a_value_changed_in_the_side_table_is_named),
        HALL_TEST(deleted_values_are_missed),
        HALL_TEST(values_without_an_order_are_never_erased),
        HALL_TEST(erased_values_leave_the_chain_whole),
        HALL_TEST(the_log_is_read_newest_first_and_filtered),
        HALL_TEST(what_has_no_order_locks_no_second_chain),
        HALL_TEST(heads_travel_as_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
