/* What leaves the process: at least once, told apart by its key, given up only for good reason. */
#include "base/sys.h"
#include "base/text.h"
#include "hall/outbox/message.h"
#include "hall/outbox/outbox_priv.h"
#include "hall/task/task.h"
#include "hall_fixture.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A receiver that can be told what to answer. */
struct receiver {
    enum err answer, settle_answer;
    _Atomic int delivered, settled, failed;
    char body[64];
    atomic_int held; /* 1: the receiver takes its time */
};

static enum err deliver(const struct hall *h, const struct outbox_row *row, struct arena *a,
                        const char **answer, void *arg, struct err_info *e)
{
    struct receiver *r = arg;
    (void)h;
    atomic_fetch_add(&r->delivered, 1);
    while (atomic_load(&r->held))
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    snprintf(r->body, sizeof r->body, "%s", row->body);
    *answer = arena_fmt(a, "got %s", row->idem);
    return r->answer == ERR_OK ? ERR_OK : err_set(e, r->answer, NULL, "told to");
}

static enum err settle(struct hall_tx *tx, const struct outbox_row *row, const char *answer,
                       void *arg, struct err_info *e)
{
    struct receiver *r = arg;
    assert_true(tx->write);
    assert_string_equal(answer, arena_fmt(tx->arena, "got %s", row->idem));
    if (r->settle_answer != ERR_OK)
        return err_set(e, r->settle_answer, NULL, "told to");
    atomic_fetch_add(&r->settled, 1);
    return ERR_OK;
}

static enum err failed(struct hall_tx *tx, const struct outbox_row *row, const struct err_info *why,
                       void *arg, struct err_info *e)
{
    struct receiver *r = arg;
    (void)tx;
    (void)row;
    (void)why;
    (void)e;
    atomic_fetch_add(&r->failed, 1);
    return ERR_OK;
}

static void start(struct hall_fixture *f, struct receiver *r, int with_failed, int64_t give_up_ms,
                  int threads)
{
    struct outbox_kind kind = {.kind = "ca.issue",
                               .deliver = deliver,
                               .settle = settle,
                               .failed = with_failed ? failed : NULL,
                               .arg = r,
                               .give_up_ms = give_up_ms};
    assert_ok(outbox_start(&f->hall, &kind, 1, threads, &f->hall.outbox, &f->e), &f->e);
}

static int64_t put(struct hall_fixture *f, const char *kind, const char *idem, int commit)
{
    struct hall_tx tx = {0};
    struct outbox_new row = {
        .kind = kind, .order = 7, .idem = idem, .body = "{\"mobile\":\"13805961234\"}"};
    int64_t id;
    hall_write(f, &hall_system, &tx);
    assert_ok(outbox_put(&tx, &row, &id, &f->e), &f->e);
    if (commit)
        hall_done(f, &tx);
    hall_end(&tx);
    return id;
}

static int run(struct hall_fixture *f)
{
    int done;
    assert_ok(outbox_run(f->hall.outbox, &done, &f->e), &f->e);
    return done;
}

static struct outbox_state state_of(struct hall_fixture *f)
{
    struct hall_tx tx = {0};
    const struct outbox_state *list;
    size_t n;
    hall_read(f, &tx);
    assert_ok(outbox_of_order(&tx, 7, "ca.issue", &list, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    hall_end(&tx);
    return list[0];
}

static void a_row_is_delivered_once_and_settled(void **state)
{
    struct hall_fixture *f = *state;
    struct receiver r = {0};
    start(f, &r, 1, 0, 0);
    assert_true(put(f, "ca.issue", "7-sign", 1) > 0);
    assert_int_equal(put(f, "ca.issue", "7-sign", 1), 0); /* the same key again: dropped */
    put(f, "ca.issue", "8-sign", 0);                      /* rolled back: never was */
    assert_int_equal(run(f), 1);
    assert_int_equal(run(f), 0);
    assert_int_equal(atomic_load(&r.settled), 1);
    assert_string_equal(r.body, "{\"mobile\":\"13805961234\"}");
    assert_string_equal(state_of(f).state, "done");
    outbox_free(f->hall.outbox);
}

static void what_passes_is_tried_again_later(void **state)
{
    struct hall_fixture *f = *state;
    struct receiver r = {.answer = ERR_UNAVAILABLE};
    start(f, &r, 1, 0, 0);
    put(f, "ca.issue", "7-sign", 1);
    assert_int_equal(run(f), 0);
    assert_int_equal(atomic_load(&r.delivered), 1); /* not at once again */
    struct outbox_state s = state_of(f);
    assert_string_equal(s.state, "waiting");
    assert_string_equal(s.last_error, "service.unavailable");
    assert_true(s.next_at > clock_machine());
    hall_tamper(
        f,
        "UPDATE outbox_row SET next_at = 0, made_at = 1000"); /* decades later: this kind never gives up */
    run(f);
    assert_string_equal(state_of(f).state, "waiting");
    assert_int_equal(state_of(f).tries, 2);
    r.answer = ERR_OK;
    hall_tamper(f, "UPDATE outbox_row SET next_at = 0");
    assert_int_equal(run(f), 1);
    outbox_free(f->hall.outbox);
}

static void a_final_no_becomes_a_task_and_can_be_sent_again(void **state)
{
    struct hall_fixture *f = *state;
    struct receiver r = {.answer = ERR_BAD_REQUEST};
    struct hall_tx tx = {0};
    const struct task *tasks;
    const struct outbox_state *dead;
    size_t n;
    start(f, &r, 0, 0, 0);
    int64_t id = put(f, "ca.issue", "7-sign", 1);
    assert_int_equal(run(f), 0);
    hall_write(f, &hall_system, &tx);
    assert_ok(outbox_dead(&tx, 10, &dead, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    struct task_filter filter = {.order = 7, .limit = 10};
    assert_ok(task_list(&tx, &filter, &tasks, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    assert_string_equal(tasks[0].kind, "outbox_dead");
    assert_string_equal(tasks[0].role, "support");
    assert_ok(outbox_again(&tx, id, &f->e), &f->e);
    hall_done(f, &tx);
    r.answer = ERR_OK;
    assert_int_equal(run(f), 1);
    outbox_free(f->hall.outbox);
}

static void after_the_given_time_it_is_given_up(void **state)
{
    struct hall_fixture *f = *state;
    struct receiver r = {.answer = ERR_UNAVAILABLE};
    start(f, &r, 1, TIME_HOUR, 0);
    put(f, "ca.issue", "7-sign", 1);
    run(f);
    assert_int_equal(atomic_load(&r.failed), 0);
    hall_tamper(f, "UPDATE outbox_row SET next_at = 0, made_at = made_at - 3600001");
    run(f);
    assert_int_equal(atomic_load(&r.failed), 1);
    assert_string_equal(state_of(f).state, "dead");
    outbox_free(f->hall.outbox);
}

static void a_settling_that_fails_delivers_again(void **state)
{
    struct hall_fixture *f = *state;
    struct receiver r = {.settle_answer = ERR_CONFLICT};
    start(f, &r, 1, 0, 0);
    put(f, "ca.issue", "7-sign", 1);
    assert_int_equal(run(f), 0);
    assert_string_equal(state_of(f).state, "waiting");
    r.settle_answer = ERR_OK;
    hall_tamper(f, "UPDATE outbox_row SET next_at = 0");
    assert_int_equal(run(f), 1);
    assert_int_equal(atomic_load(&r.delivered), 2);
    outbox_free(f->hall.outbox);
}

static void a_leased_row_waits_for_the_end_of_its_lease(void **state)
{
    struct hall_fixture *f = *state;
    struct receiver r = {0};
    start(f, &r, 1, 0, 0);
    put(f, "ca.issue", "7-sign", 1);
    hall_tamper(f, arena_fmt(f->arena, "UPDATE outbox_row SET lease_until = %lld",
                             (long long)(clock_machine() + 5000))); /* another process is at it */
    assert_int_equal(run(f), 0);
    hall_tamper(f, "UPDATE outbox_row SET lease_until = 1000"); /* it died */
    assert_int_equal(run(f), 1);
    outbox_free(f->hall.outbox);
}

/* What was put off or leased while the machine's clock stood a day ahead does not wait for that day. */
static void a_clock_that_was_set_back_keeps_nothing_waiting(void **state)
{
    static const char *const columns[] = {"next_at", "lease_until"};
    struct hall_fixture *f = *state;
    struct receiver r = {0};
    start(f, &r, 1, 0, 0);
    for (size_t i = 0; i < 2; i++) {
        put(f, "ca.issue", arena_fmt(f->arena, "%zu-sign", i + 7), 1);
        hall_tamper(f,
                    arena_fmt(f->arena, "UPDATE outbox_row SET %s = %lld WHERE state = 'waiting'",
                              columns[i], (long long)(clock_machine() + TIME_DAY)));
        assert_int_equal(run(f), 1);
    }
    outbox_free(f->hall.outbox);
}

static void a_kind_of_a_newer_program_stays(void **state)
{
    struct hall_fixture *f = *state;
    struct receiver r = {0};
    start(f, &r, 1, 0, 0);
    put(f, "kmc.something", "x", 1);
    put(f, "ca.issue", "7-sign", 1);
    assert_int_equal(run(f), 1);
    outbox_free(f->hall.outbox);
}

static void threads_wake_at_the_commit_and_share_the_work(void **state)
{
    struct hall_fixture *f = *state;
    struct receiver r = {0};
    start(f, &r, 1, 0, 2);
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    int64_t begun = clock_monotonic();
    for (int i = 0; i < 10; i++)
        put(f, "ca.issue", arena_fmt(f->arena, "%d-sign", i), 1);
    while (atomic_load(&r.settled) < 10 && clock_monotonic() - begun < 10000)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    assert_int_equal(atomic_load(&r.settled), 10);
    outbox_free(f->hall.outbox);
    assert_int_equal(atomic_load(&r.delivered), 10);
}

/* What a process had at hand that died waits a few seconds only; a receiver that takes longer is not asked beside itself. */
static void a_lease_is_short_and_renewed_while_somebody_is_at_it(void **state)
{
    struct hall_fixture *f = *state;
    struct receiver r = {0};
    atomic_store(&r.held, 1);
    start(f, &r, 1, 0, 2);
    put(f, "ca.issue", "7-sign", 1);
    int64_t begun = clock_monotonic();
    while (atomic_load(&r.delivered) < 1 && clock_monotonic() - begun < 10000)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    hall_tamper(f, "CREATE TABLE proof (ok INTEGER NOT NULL CHECK (ok BETWEEN 1 AND 10000))");
    hall_tamper(f, "INSERT INTO proof SELECT lease_until - next_at FROM outbox_row");
    hall_tamper(f, "UPDATE outbox_row SET lease_until = next_at + 1"); /* the database was away */
    nanosleep(&(struct timespec){.tv_sec = 4, .tv_nsec = 500000000}, NULL);
    hall_tamper(f, "CREATE TABLE again (ok INTEGER NOT NULL CHECK (ok > 2000))");
    hall_tamper(f, "INSERT INTO again SELECT lease_until - next_at FROM outbox_row");
    assert_int_equal(atomic_load(&r.delivered), 1);
    atomic_store(&r.held, 0);
    begun = clock_monotonic();
    while (atomic_load(&r.settled) < 1 && clock_monotonic() - begun < 10000)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    assert_int_equal(atomic_load(&r.settled), 1);
    outbox_free(f->hall.outbox);
}

static void waiting_grows_to_its_longest(void **state)
{
    (void)state;
    assert_in_range(outbox_delay_ms(0, 300000, 500), 800, 1200);
    assert_in_range(outbox_delay_ms(3, 300000, 0), 6400, 6400);
    assert_in_range(outbox_delay_ms(3, 300000, 999), 9500, 9600);
    assert_in_range(outbox_delay_ms(60, 300000, 500), 240000, 360000);
    assert_true(outbox_is_passing(ERR_BUSY) && !outbox_is_passing(ERR_BAD_REQUEST));
    assert_true(outbox_is_passing(ERR_CA_LOCKED));
}

static void bodies_are_gone_once_delivered(void **state)
{
    struct hall_fixture *f = *state;
    struct receiver r = {0};
    start(f, &r, 1, 0, 0);
    put(f, "ca.issue", "7-sign", 1);
    hall_tamper(f, "CREATE TABLE proof (ok INTEGER NOT NULL CHECK (ok > 24))"); /* sealed */
    hall_tamper(f, "INSERT INTO proof SELECT LENGTH(body) FROM outbox_row");
    run(f);
    hall_tamper(f, "CREATE TABLE empty (ok INTEGER NOT NULL CHECK (ok = 0))");
    hall_tamper(f, "INSERT INTO empty SELECT LENGTH(body) FROM outbox_row");
    outbox_free(f->hall.outbox);
}

/* One row was changed by somebody else's hand: it alone stays, and somebody is told. */
static void an_unreadable_row_does_not_stop_the_others(void **state)
{
    struct hall_fixture *f = *state;
    struct receiver r = {0};
    struct hall_tx tx = {0};
    const struct outbox_state *dead;
    const struct task *tasks;
    size_t n;
    start(f, &r, 0, 0, 0);
    int64_t bad = put(f, "ca.issue", "7-sign", 1);
    hall_tamper(f, "UPDATE outbox_row SET body = SUBSTR(body, 2)");
    put(f, "ca.issue", "8-sign", 1);
    assert_int_equal(run(f), 1);
    assert_int_equal(atomic_load(&r.delivered), 1);
    hall_read(f, &tx);
    assert_ok(outbox_dead(&tx, 10, &dead, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    assert_int_equal(dead[0].id, bad);
    assert_string_equal(dead[0].last_error, err_code_text(ERR_CRYPTO));
    struct task_filter filter = {.order = 7, .limit = 10};
    assert_ok(task_list(&tx, &filter, &tasks, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    assert_string_equal(tasks[0].kind, "outbox_dead");
    hall_end(&tx);
    outbox_free(f->hall.outbox);
}

/* ---- messages ---- */

static void texts_are_filled_or_refused(void **state)
{
    struct hall_fixture *f = *state;
    struct message_value v[] = {{"code", "ABCD"}, {"date", "11月24日"}};
    const char *out;
    assert_ok(message_fill(f->arena, "授权码 {code}，{date}起可用 {{", v, 2, &out, &f->e), &f->e);
    assert_string_equal(out, "授权码 ABCD，11月24日起可用 {");
    assert_err(ERR_CONFIG, message_fill(f->arena, "{name}", v, 2, &out, &f->e));
    assert_err(ERR_CONFIG, message_fill(f->arena, "{code", v, 2, &out, &f->e));
}

static void mail_to_another_machine_is_encrypted(void **state)
{
    static const struct {
        const char *url;
        int tls;
    } cases[] = {
        {"smtp://mail.example:25", 1},
        {"smtp://mail.example", 1},
        {"smtp://10.0.0.9:25", 1},
        {"smtp://0.0.0.0:25", 1},
        {"smtp://[2001:db8::1]", 1},
        {"smtp://127.0.0.1.example", 1},
        {"smtp://localhost.example", 1},
        {"smtp://[::1].example", 1},
        {"smtp://user@mail.example", 1},
        {"smtp://127.0.0.1@mail.example", 1},
        {"smtp://localhost:x@mail.example", 1},
        {"smtp://127.0.0.1:2525", 0},
        {"smtp://127.9.9.9", 0},
        {"smtp://localhost:25", 0},
        {"smtp://[::1]:25", 0},
        {"smtps://mail.example", 0},
        {"smtp://localhost/us", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(message_needs_starttls(cases[i].url, 0), cases[i].tls);
        assert_int_equal(message_needs_starttls(cases[i].url, 1), 0);
    }
}

static void without_a_server_messages_are_files_that_can_be_listed(void **state)
{
    struct hall_fixture *f = *state;
    char folder[] = "/tmp/certhall-outbox.XXXXXX";
    struct sms_files *files;
    struct hall_tx tx = {0};
    struct outbox_kind kinds[MESSAGE_KINDS];
    const struct message_sent *sent;
    size_t n;
    assert_non_null(mkdtemp(folder));
    assert_ok(sms_files_new(folder, f->clock, &files, &f->e), &f->e);
    struct message_settings s = {.smtp_url = "",
                                 .smtp_user = "",
                                 .smtp_password = "",
                                 .smtp_ca = "",
                                 .from = "hall@example.com",
                                 .from_name = "证书大厅",
                                 .folder = folder,
                                 .sms = sms_files_provider(files)};
    message_kinds(&s, kinds);
    assert_ok(outbox_start(&f->hall, kinds, MESSAGE_KINDS, 0, &f->hall.outbox, &f->e), &f->e);
    hall_write(f, &hall_system, &tx);
    struct message_attachment pdf = {"发票.pdf", "application/pdf", {(const uint8_t *)"%PDF", 4}};
    struct message_mail mail = {.idem = "m1",
                                .to = "a@example.com",
                                .subject = "发票",
                                .text = "您好",
                                .attachments = &pdf,
                                .attachments_n = 1};
    struct message_sms sms = {.idem = "s1", .to = "13805961234", .text = "验证码 123456"};
    struct message_sms late = {
        .idem = "s2", .to = "13805961234", .text = "太迟了", .not_after = 1000};
    assert_ok(message_put_mail(&tx, &mail, &f->e), &f->e);
    assert_ok(message_put_sms(&tx, &sms, &f->e), &f->e);
    assert_ok(message_put_sms(&tx, &late, &f->e), &f->e);
    hall_done(f, &tx);
    assert_int_equal(run(f), 3);
    assert_ok(message_sent_list(f->arena, folder, 10, &sent, &n, &f->e), &f->e);
    assert_int_equal(n, 2); /* a code that is too late is not sent any more */
    for (size_t i = 0; i < n; i++) {
        int is_sms = strcmp(sent[i].kind, "sms") == 0;
        assert_string_equal(sent[i].to, is_sms ? "13805961234" : "a@example.com");
        assert_string_equal(sent[i].text, is_sms ? "验证码 123456" : "您好\n[发票.pdf]");
        unlink(arena_fmt(f->arena, "%s/%s.json", folder, sent[i].id));
    }
    outbox_free(f->hall.outbox);
    sms_files_free(files);
    assert_int_equal(rmdir(folder), 0);
    assert_ok(message_sent_list(f->arena, folder, 10, &sent, &n, &f->e), &f->e);
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(a_row_is_delivered_once_and_settled),
        HALL_TEST(what_passes_is_tried_again_later),
        HALL_TEST(a_final_no_becomes_a_task_and_can_be_sent_again),
        HALL_TEST(after_the_given_time_it_is_given_up),
        HALL_TEST(a_settling_that_fails_delivers_again),
        HALL_TEST(a_leased_row_waits_for_the_end_of_its_lease),
        HALL_TEST(a_clock_that_was_set_back_keeps_nothing_waiting),
        HALL_TEST(a_kind_of_a_newer_program_stays),
        HALL_TEST(threads_wake_at_the_commit_and_share_the_work),
        HALL_TEST(a_lease_is_short_and_renewed_while_somebody_is_at_it),
        HALL_TEST(waiting_grows_to_its_longest),
        HALL_TEST(bodies_are_gone_once_delivered),
        HALL_TEST(an_unreadable_row_does_not_stop_the_others),
        HALL_TEST(texts_are_filled_or_refused),
        cmocka_unit_test(mail_to_another_machine_is_encrypted),
        HALL_TEST(without_a_server_messages_are_files_that_can_be_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
