/* Making a UKey with the real agent, a real ca and a real kmc (requirements §10.4 F2, F3, §10.5 T2, T3, K1, K2; G-11). */
#include "whole.h"

#include "hall/production/production.h"
#include "pki/cert.h"
#include "token/soft.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int fulfilment(struct whole *w)
{
    return whole_order(w).states.at[FLOW_FULFILMENT];
}

static struct job make_identify(struct whole *w, const struct actor *who, const char *browser)
{
    struct job job;
    struct job_new n = {.kind = JOB_IDENTIFY, .browser = browser, .project = P};
    assert_ok(whole_make(w, who, &n, &job), &w->e);
    return job;
}

/* The subject is the regulator's row; the key signs; the times of the six steps stand at the bench. */
static void a_paid_order_becomes_a_ukey_with_a_working_certificate(void **state)
{
    struct whole *w = *state;
    struct certificate c;
    struct cert_view view;
    struct production_mark mark[PRODUCTION_STEPS];
    struct hall_tx tx;
    assert_int_equal(fulfilment(w), FLOW_FULFILMENT_QUEUED);
    whole_made(w);
    assert_int_equal(whole_certificate(w, &c), FLOW_CERTIFICATE_ACTIVE);
    assert_int_equal(whole_ukey(w), FLOW_UKEY_PERSONALISED);
    assert_int_equal(fulfilment(w), FLOW_FULFILMENT_MADE);
    assert_ok(cert_view(c.der, w->a, &view, &w->e), &w->e);
    assert_string_equal(view.subject_text,
                        "CN=shenruolin,OU=FJQZ20260718A1,O=泉州海丝供应链管理有限公司,C=CN");
    assert_string_equal(c.ukey, SERIAL);
    hall_read(w->f, &tx);
    assert_ok(production_steps(&tx, w->order, mark, &w->e), &w->e);
    hall_end(&tx);
    for (int i = 0; i < PRODUCTION_STEPS; i++)
        assert_true(mark[i].at > 0);
}

/* What the maker does through the agent is not told as if the applicant had done it. */
static void the_log_names_who_worked_at_the_bench(void **state)
{
    struct whole *w = *state;
    const struct order_log *line;
    struct hall_tx tx;
    size_t n;
    int issued = 0, made = 0;
    whole_made(w);
    hall_read(w->f, &tx);
    tx.lang = LANG_EN;
    assert_ok(order_log_list(&tx, w->order, 0, 50, &line, &n, &w->e), &w->e);
    hall_end(&tx);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(line[i].event, "cert.issue") != 0 && strcmp(line[i].event, "ful.make") != 0)
            continue;
        issued += !strcmp(line[i].event, "cert.issue");
        made += !strcmp(line[i].event, "ful.make");
        assert_string_equal(line[i].who, arena_fmt(w->a, "Production desk %s", w->xu.name));
    }
    assert_int_equal(issued, 1);
    assert_int_equal(made, 1);
}

/* Whoever does the steps: the order moves only when the maker's own browser shows the token. */
static void the_order_waits_for_the_makers_own_browser(void **state)
{
    struct whole *w = *state;
    struct job_finished done;
    struct job job = whole_produce(w);
    struct agent_run r = agent_run(w, job.ticket, "pin maker-pin-1\n");
    const char *token = whole_token(w, &r);
    assert_true(r.done);
    assert_null(r.digits); /* never for staff */
    assert_int_equal(whole_job(w, job.id, BENCH_BROWSER).state, JOB_FINISHING);
    assert_int_equal(fulfilment(w), FLOW_FULFILMENT_QUEUED);
    assert_err(ERR_JOB_OTHER_BROWSER, whole_finish(w, &w->xu, "another browser", token, &done));
    assert_err(ERR_JOB_OTHER_BROWSER, whole_finish(w, &w->he, BENCH_BROWSER, token, &done));
    assert_err(ERR_JOB_FINISH,
               whole_finish(w, &w->xu, BENCH_BROWSER, arena_fmt(w->a, "%sA", token), &done));
    assert_int_equal(fulfilment(w), FLOW_FULFILMENT_QUEUED);
    assert_ok(whole_finish(w, &w->xu, BENCH_BROWSER, token, &done), &w->e);
    assert_int_equal(done.job.state, JOB_DONE);
    assert_int_equal(fulfilment(w), FLOW_FULFILMENT_MADE);
    assert_ok(whole_finish(w, &w->xu, BENCH_BROWSER, token, &done), &w->e); /* opened twice */
}

/* The agent ended after the certificate was issued; a new ticket goes on, and nothing is issued twice. */
static void a_new_ticket_goes_on_where_the_last_agent_stopped(void **state)
{
    struct whole *w = *state;
    struct certificate first, second;
    struct job_finished done;
    struct job job = whole_produce(w);
    struct agent_run r = agent_run(w, job.ticket, "pin maker-pin-1\n");
    assert_true(r.done);
    whole_certificate(w, &first);
    hall_tamper(w->f, "UPDATE job SET state = 'failed', problem = 'token.removed'");
    struct hall_tx tx;
    hall_write(w->f, &w->xu, &tx);
    assert_ok(job_ticket(&tx, job.id, BENCH_BROWSER, &job, &w->e), &w->e);
    hall_done(w->f, &tx);
    r = agent_run(w, job.ticket, "pin maker-pin-1\n");
    assert_true(r.done);
    assert_ok(whole_finish(w, &w->xu, BENCH_BROWSER, whole_token(w, &r), &done), &w->e);
    whole_certificate(w, &second);
    assert_string_equal(first.serial, second.serial);
    assert_int_equal(fulfilment(w), FLOW_FULFILMENT_MADE);
}

/* Queued, never twice: request id "<order>-sign". */
static void a_ca_that_is_away_is_waited_for(void **state)
{
    struct whole *w = *state;
    struct certificate c;
    struct job_finished done;
    struct production p;
    struct hall_tx tx;
    int found;
    whole_ca_away(w);
    struct job job = whole_produce(w);
    struct agent_run r = agent_run(w, job.ticket, "pin maker-pin-1\n");
    assert_false(r.done);
    assert_int_equal(whole_certificate(w, &c), FLOW_CERTIFICATE_REQUESTED);
    hall_read(w->f, &tx);
    assert_ok(production_of_order(&tx, w->order, &p, &found, &w->e), &w->e);
    assert_true(p.waiting_for_ca);
    hall_end(&tx);
    whole_ca_back(w);
    hall_write(w->f, &w->xu, &tx);
    assert_ok(job_ticket(&tx, job.id, BENCH_BROWSER, &job, &w->e), &w->e);
    hall_done(w->f, &tx);
    r = agent_run(w, job.ticket, "pin maker-pin-1\n");
    assert_true(r.done);
    assert_ok(whole_finish(w, &w->xu, BENCH_BROWSER, whole_token(w, &r), &done), &w->e);
    assert_int_equal(whole_certificate(w, &c), FLOW_CERTIFICATE_ACTIVE);
    hall_read(w->f, &tx);
    assert_ok(production_of_order(&tx, w->order, &p, &found, &w->e), &w->e);
    assert_false(p.waiting_for_ca);
    hall_end(&tx);
}

/* What the ca refuses is no certificate: here the regulator withdrew the registration there. */
static void what_the_ca_refuses_is_told_at_the_bench(void **state)
{
    struct whole *w = *state;
    struct certificate c;
    char batch[65];
    static const char gone[] =
        "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email\n"
        "withdraw,泉州海丝供应链管理有限公司,FJQZ20260718A1,shenruolin,91350100M000100Y43,沈若琳,13805961234,shen.ruolin@example.com\n";
    assert_ok(ca_fixture_take(&w->ca, gone, batch, &w->e), &w->e);
    struct job job = whole_produce(w);
    struct agent_run r = agent_run(w, job.ticket, "pin maker-pin-1\n");
    assert_false(r.done);
    assert_string_equal(r.code, "ca.evidence");
    assert_int_equal(whole_certificate(w, &c), FLOW_CERTIFICATE_NONE);
    assert_string_equal(whole_job(w, job.id, BENCH_BROWSER).problem, "ca.evidence");
    assert_int_equal(whole_job(w, job.id, BENCH_BROWSER).state, JOB_FAILED);
}

/* F2, G-11: who may begin, and with what. */
static void only_a_maker_with_a_ukey_of_his_own_can_begin(void **state)
{
    struct whole *w = *state;
    struct job job;
    struct actor other = w->xu;
    struct job_new n = {.kind = JOB_PRODUCE, .browser = BENCH_BROWSER, .order = w->order};
    other.id = 77;
    assert_err(ERR_JOB_KIND, whole_make(w, &w->he, &n, &job));
    assert_err(ERR_JOB_KIND, whole_make(w, &w->o.shen, &n, &job));
    assert_err(ERR_JOB_KIND, whole_make(w, &hall_system, &n, &job));
    assert_err(ERR_JOB_MAKER_UKEY, whole_make(w, &other, &n, &job));
    n.serial = "FX2699999999";
    assert_err(ERR_UKEY_TAKEN, whole_make(w, &w->xu, &n, &job));
    n.serial = "no serial!";
    assert_err(ERR_JOB_UKEY, whole_make(w, &w->xu, &n, &job));
    n.serial = NULL;
    n.order = 12345;
    assert_err(ERR_NOT_FOUND, whole_make(w, &w->xu, &n, &job));
}

static void two_makers_do_not_drive_one_order(void **state)
{
    struct whole *w = *state;
    struct job first = whole_produce(w), second;
    struct hall_tx tx;
    struct actor other = {BY_STAFF, 77, "另一位制证员", "maker", "127.0.0.1"};
    struct job_new n = {.kind = JOB_PRODUCE, .browser = "elsewhere", .order = w->order};
    struct hand h = hand_new(w);
    hall_write(w->f, &hall_system, &tx);
    assert_ok(ukey_staff_put(&tx, &(struct ukey_staff){77, "ST2600000004", "0c"}, &w->e), &w->e);
    hall_done(w->f, &tx);
    assert_ok(hand_fetch(&h, first.ticket, NULL), &w->e);
    assert_err(ERR_TASK_TAKEN, whole_make(w, &other, &n, &second));
    hand_free(&h);
    /* his own he may begin anew; the earlier one is over */
    second = whole_produce(w);
    assert_int_equal(whole_job(w, first.id, BENCH_BROWSER).state, JOB_CANCELLED);
    assert_int_equal(whole_job(w, second.id, BENCH_BROWSER).state, JOB_WAITING);
}

/* F3: label, the key that an identify job read, and the proof by signature. */
static void quality_wants_the_label_and_the_very_key(void **state)
{
    struct whole *w = *state;
    struct hall_tx tx;
    struct job_finished done;
    whole_made(w);
    struct job read = make_identify(w, &w->he, "packing desk");
    struct job_quality q = {.order = w->order,
                            .passed = 1,
                            .scanned = "FX26 0007 1182",
                            .job = read.id,
                            .browser = "packing desk"};
    hall_write(w->f, &w->he, &tx);
    assert_err(ERR_MAKE_PROOF, job_quality_check(&tx, &q, &w->e)); /* nothing was read yet */
    hall_end(&tx);
    struct agent_run r = agent_run(w, read.ticket, "");
    assert_true(r.done);
    assert_ok(whole_finish(w, &w->he, "packing desk", whole_token(w, &r), &done), &w->e);
    struct job_quality wrong = q;
    wrong.scanned = "FX26 0007 1183";
    hall_write(w->f, &w->he, &tx);
    assert_err(ERR_MAKE_LABEL, job_quality_check(&tx, &wrong, &w->e));
    wrong = q;
    wrong.browser = "another desk";
    assert_err(ERR_MAKE_PROOF, job_quality_check(&tx, &wrong, &w->e));
    wrong = q;
    wrong.passed = 0;
    assert_err(ERR_REVIEW_REASON, job_quality_check(&tx, &wrong, &w->e));
    hall_end(&tx);
    hall_write(w->f, &w->he, &tx);
    assert_ok(job_quality_check(&tx, &q, &w->e), &w->e);
    hall_done(w->f, &tx);
    assert_int_equal(fulfilment(w), FLOW_FULFILMENT_PACKED);
}

/* A key without the order's certificate is not the one, whatever its label says. */
static void quality_refuses_a_key_without_the_certificate(void **state)
{
    struct whole *w = *state;
    struct hall_tx tx;
    struct job_finished done;
    whole_made(w);
    struct job read = make_identify(w, &w->he, "packing desk");
    struct hand h = hand_new(w);
    assert_ok(hand_fetch(&h, read.ticket, NULL), &w->e);
    assert_ok(
        hand_call(
            &h, "step",
            "{\"step\":\"identify\",\"data\":{\"keys\":[{\"serial\":\"" SERIAL
            "\",\"state\":\"ready\",\"containers\":[{\"name\":\"x\",\"alg\":\"p256\",\"certificate\":\"00\"}]}]}}"),
        &w->e);
    assert_ok(hand_call(&h, "result", "{\"outcome\":\"done\",\"step\":\"done\"}"), &w->e);
    const char *finish = json_opt_text(h.last, "finish", "");
    assert_ok(whole_finish(w, &w->he, "packing desk", finish, &done), &w->e);
    hand_free(&h);
    struct job_quality q = {.order = w->order,
                            .passed = 1,
                            .scanned = SERIAL,
                            .job = read.id,
                            .browser = "packing desk"};
    hall_write(w->f, &w->he, &tx);
    assert_err(ERR_MAKE_PROOF, job_quality_check(&tx, &q, &w->e));
    hall_end(&tx);
}

/* ---- a UKey that dies, and another in its place ---- */

#define OTHER "FX2600071183"

static void another_blank(struct whole *w)
{
    static const char *const serial[] = {OTHER};
    struct ukey_stock in = {.project = P, .prefix = "FX", .batch = "2", .serial = serial, .n = 1};
    struct hall_tx tx;
    in.model = "soft";
    assert_ok(token_soft_create_blank(w->bench, OTHER, &w->e), &w->e);
    hall_write(w->f, &w->xu, &tx);
    assert_ok(ukey_stock_in(&tx, &in, &w->e), &w->e);
    hall_done(w->f, &tx);
}

static enum err scrap(struct whole *w, const char *serial, const char *reason)
{
    struct job_scrap s = {w->order, serial, reason};
    return job_scrap(w->h, &w->xu, &s, w->a, &w->e);
}

static struct ukey ukey_now(struct whole *w, const char *serial)
{
    struct hall_tx tx;
    struct ukey k;
    hall_read(w->f, &tx);
    assert_ok(ukey_get(&tx, serial, &k, &w->e), &w->e);
    hall_end(&tx);
    return k;
}

static const char *at_ca(struct whole *w, const char *serial)
{
    const char *state;
    assert_ok(ca_client_state(w->h->ca, serial, w->a, &state, &w->e), &w->e);
    return state;
}

static size_t certificates(struct whole *w, enum certificate_view view)
{
    struct certificate_filter f = {.view = view, .limit = 10};
    const struct certificate *all;
    struct hall_tx tx;
    size_t n;
    hall_read(w->f, &tx);
    assert_ok(certificate_list(&tx, &f, &all, &n, &w->e), &w->e);
    hall_end(&tx);
    return n;
}

/* Everything of the steps is done but for the maker's browser; then the UKey breaks. */
static void issued_and_broken(struct whole *w, struct certificate *first)
{
    struct job job = whole_produce(w);
    struct agent_run r = agent_run(w, job.ticket, "pin maker-pin-1\n");
    assert_true(r.done);
    assert_int_equal(whole_certificate(w, first), FLOW_CERTIFICATE_ACTIVE);
    assert_int_equal(unlink(arena_fmt(w->a, "%s/" SERIAL ".ukey", w->bench)), 0);
}

static void made_on_the_other(struct whole *w, const struct certificate *first)
{
    struct certificate second;
    whole_made(w);
    assert_int_equal(whole_certificate(w, &second), FLOW_CERTIFICATE_ACTIVE);
    assert_string_equal(second.ukey, OTHER);
    assert_string_not_equal(second.serial, first->serial);
    assert_int_equal(fulfilment(w), FLOW_FULFILMENT_MADE);
    assert_string_equal(at_ca(w, second.serial), "active");
    assert_string_equal(at_ca(w, first->serial), "revoked");
    assert_int_equal(certificates(w, CERTIFICATE_VIEW_REVOKED), 1);
    assert_int_equal(certificates(w, CERTIFICATE_VIEW_ACTIVE), 1);
}

/* T15, K11, F2: the bad one is scrapped, what was issued for it is revoked, and the order gets another. */
static void a_ukey_that_dies_after_issuing_is_replaced(void **state)
{
    struct whole *w = *state;
    struct certificate first, now;
    another_blank(w);
    issued_and_broken(w, &first);
    assert_err(ERR_REVIEW_REASON, scrap(w, SERIAL, ""));
    assert_ok(scrap(w, SERIAL, "插上没有反应"), &w->e);
    assert_int_equal(ukey_now(w, SERIAL).state, FLOW_UKEY_DESTROYED);
    assert_int_equal(ukey_now(w, SERIAL).order, 0);
    assert_int_equal(ukey_now(w, OTHER).order, w->order);
    assert_int_equal(whole_certificate(w, &now), FLOW_CERTIFICATE_REVOKED);
    assert_string_equal(now.reason, "superseded");
    assert_string_equal(at_ca(w, first.serial), "revoked");
    assert_int_equal(fulfilment(w), FLOW_FULFILMENT_QUEUED);
    /* pressed twice: the next one is not scrapped too */
    assert_err(ERR_JOB_UKEY, scrap(w, SERIAL, "插上没有反应"));
    made_on_the_other(w, &first);
}

/* Its answer was lost on the way: what the ca made is asked for first, and revoked. */
static void a_request_without_an_answer_is_settled_before_its_ukey_is_scrapped(void **state)
{
    struct whole *w = *state;
    struct certificate c;
    another_blank(w);
    whole_ca_away(w);
    struct job job = whole_produce(w);
    struct agent_run r = agent_run(w, job.ticket, "pin maker-pin-1\n");
    assert_false(r.done);
    assert_int_equal(whole_certificate(w, &c), FLOW_CERTIFICATE_REQUESTED);
    assert_err(ERR_UNAVAILABLE, scrap(w, SERIAL, "坏了，不认了"));
    assert_int_equal(ukey_now(w, SERIAL).state, FLOW_UKEY_INITIALISED);
    whole_ca_back(w);
    assert_ok(scrap(w, SERIAL, "坏了，不认了"), &w->e);
    assert_int_equal(whole_certificate(w, &c), FLOW_CERTIFICATE_REVOKED);
    assert_string_equal(at_ca(w, c.serial), "revoked");
    made_on_the_other(w, &c);
}

/* The ca has recorded it, and the hall ended before it kept the answer. */
static void issued_and_forgotten(struct whole *w, struct certificate *first)
{
    issued_and_broken(w, first);
    hall_tamper(w->f, arena_fmt(w->a,
                                "UPDATE certificate SET serial = NULL, der = %s, fingerprint = %s, "
                                "state = 'REQUESTED', issued_at = 0",
                                w->f->store.postgres ? "''" : "X''",
                                w->f->store.postgres ? "''" : "X''"));
}

static void withdrawn(struct whole *w)
{
    const struct actor centre = {BY_EXTERNAL, 0, "regulator", "", ""};
    assert_ok(order_event(&w->o, w->order, EVENT_APP_WITHDRAW, &centre, NULL), &w->o.e);
    assert_int_equal(whole_order(w).states.at[FLOW_APPLICATION], FLOW_APPLICATION_REFUSED);
}

/* The outbox, whatever the pauses between its tries. */
static void post_goes(struct whole *w)
{
    for (int i = 0, done; i < 3; i++) {
        hall_tamper(w->f, "UPDATE outbox_row SET next_at = 0 WHERE state = 'waiting'");
        assert_ok(outbox_run(w->post, &done, &w->e), &w->e);
    }
}

/* A31, K11: nobody is at the bench any more to ask for the answer that was lost; what the ca made must not stay valid. */
static void what_the_ca_made_for_a_withdrawn_order_is_found_and_revoked(void **state)
{
    struct whole *w = *state;
    struct certificate made, now;
    issued_and_forgotten(w, &made);
    whole_ca_away(w);
    withdrawn(w);
    post_goes(w);
    whole_ca_back(w);
    assert_string_equal(at_ca(w, made.serial), "active");
    post_goes(w);
    assert_string_equal(at_ca(w, made.serial), "revoked");
    assert_int_equal(whole_certificate(w, &now), FLOW_CERTIFICATE_REVOKED);
    assert_string_equal(now.serial, made.serial);
    assert_string_equal(now.reason, "privilege_withdrawn");
    assert_true(now.at_ca);
    assert_int_equal(certificates(w, CERTIFICATE_VIEW_ACTIVE), 0);
}

/* The bench's own call was on its way when the order stopped: it makes nothing more, and the ca is asked for a while. */
static void a_withdrawn_order_gets_no_certificate_from_a_late_bench(void **state)
{
    struct whole *w = *state;
    struct certificate c;
    struct hall_tx tx;
    const struct outbox_state *row;
    size_t n;
    whole_ca_away(w);
    struct job job = whole_produce(w);
    struct agent_run r = agent_run(w, job.ticket, "pin maker-pin-1\n");
    assert_false(r.done);
    assert_int_equal(whole_certificate(w, &c), FLOW_CERTIFICATE_REQUESTED);
    withdrawn(w);
    whole_ca_back(w);
    assert_err(ERR_ORDER_STATE, certificate_fetch(w->h, w->order, &w->xu, w->a, &c, &w->e));
    post_goes(w);
    assert_int_equal(whole_certificate(w, &c), FLOW_CERTIFICATE_REVOKED);
    assert_string_equal(c.serial, "");
    hall_read(w->f, &tx);
    assert_ok(outbox_of_order(&tx, w->order, "ca.lost", &row, &n, &w->e), &w->e);
    hall_end(&tx);
    assert_int_equal(n, 1);
    assert_string_equal(row->state, "waiting");
    hall_tamper(w->f, "UPDATE outbox_row SET made_at = 0");
    post_goes(w);
    hall_read(w->f, &tx);
    assert_ok(outbox_of_order(&tx, w->order, "ca.lost", &row, &n, &w->e), &w->e);
    hall_end(&tx);
    assert_string_equal(row->state, "done");
}

/* G-20: the key is initialised anew, so it asks with another request; what the ca made for the first is found and revoked. */
static void a_key_made_anew_gets_its_own_certificate_and_the_lost_one_is_revoked(void **state)
{
    struct whole *w = *state;
    struct certificate first, second;
    issued_and_forgotten(w, &first);
    assert_string_equal(at_ca(w, first.serial), "active");
    assert_ok(token_soft_create_blank(w->bench, SERIAL, &w->e), &w->e);
    whole_made(w);
    assert_int_equal(whole_certificate(w, &second), FLOW_CERTIFICATE_ACTIVE);
    assert_string_not_equal(second.serial, first.serial);
    assert_string_equal(at_ca(w, second.serial), "active");
    assert_string_equal(at_ca(w, first.serial), "revoked");
    assert_int_equal(certificates(w, CERTIFICATE_VIEW_REVOKED), 1);
    assert_int_equal(certificates(w, CERTIFICATE_VIEW_ACTIVE), 1);
    assert_int_equal(fulfilment(w), FLOW_FULFILMENT_MADE);
}

/* The same, with the ca away while the second key asks, and that key broken as well. */
static void nothing_lost_stays_valid_when_the_second_key_is_scrapped_too(void **state)
{
    struct whole *w = *state;
    struct certificate first, now;
    another_blank(w);
    issued_and_forgotten(w, &first);
    assert_ok(token_soft_create_blank(w->bench, SERIAL, &w->e), &w->e);
    whole_ca_away(w);
    struct job job = whole_produce(w);
    struct agent_run r = agent_run(w, job.ticket, "pin maker-pin-1\n");
    assert_false(r.done);
    assert_int_equal(whole_certificate(w, &now), FLOW_CERTIFICATE_REQUESTED);
    whole_ca_back(w);
    assert_ok(scrap(w, SERIAL, "坏了，不认了"), &w->e);
    assert_int_equal(whole_certificate(w, &now), FLOW_CERTIFICATE_REVOKED);
    assert_string_equal(at_ca(w, now.serial), "revoked");
    assert_string_equal(at_ca(w, first.serial), "revoked");
    whole_made(w);
    assert_int_equal(whole_certificate(w, &now), FLOW_CERTIFICATE_ACTIVE);
    assert_string_equal(now.ukey, OTHER);
    assert_int_equal(certificates(w, CERTIFICATE_VIEW_REVOKED), 2);
    assert_int_equal(certificates(w, CERTIFICATE_VIEW_ACTIVE), 1);
}

/* The hall revokes later, and no second one is made before. */
static void no_second_certificate_before_the_ca_has_revoked_the_first(void **state)
{
    struct whole *w = *state;
    struct certificate first, now;
    another_blank(w);
    issued_and_broken(w, &first);
    whole_ca_away(w);
    assert_ok(scrap(w, SERIAL, "插上没有反应"), &w->e);
    struct job job = whole_produce(w);
    struct agent_run r = agent_run(w, job.ticket, "pin maker-pin-1\n");
    assert_false(r.done);
    assert_int_equal(whole_certificate(w, &now), FLOW_CERTIFICATE_REQUESTED);
    whole_ca_back(w);
    assert_string_equal(at_ca(w, first.serial), "active");
    made_on_the_other(w, &first);
}

/* F3 the other way: nothing that failed is sent, and the order is made anew. */
static void a_failed_quality_check_opens_a_new_making(void **state)
{
    struct whole *w = *state;
    struct certificate first;
    struct hall_tx tx;
    struct job_quality q = {.order = w->order, .reason = "外壳裂了", .browser = "packing desk"};
    another_blank(w);
    whole_made(w);
    whole_certificate(w, &first);
    hall_write(w->f, &w->he, &tx);
    assert_ok(job_quality_check(&tx, &q, &w->e), &w->e);
    hall_done(w->f, &tx);
    assert_int_equal(fulfilment(w), FLOW_FULFILMENT_QUEUED);
    assert_int_equal(ukey_now(w, SERIAL).state, FLOW_UKEY_DESTROYED);
    hall_write(w->f, &w->he, &tx);
    assert_err(ERR_ORDER_STATE, job_quality_check(&tx, &q, &w->e));
    hall_end(&tx);
    made_on_the_other(w, &first);
}

/* Somebody else's UKey in the drawer is not scrapped by a wrong number, and shipping scraps nothing unmade. */
static void only_the_maker_scraps_what_is_being_made(void **state)
{
    struct whole *w = *state;
    struct job_scrap s = {w->order, SERIAL, "坏了，不认了"};
    another_blank(w);
    assert_err(ERR_JOB_UKEY, scrap(w, OTHER, "坏了，不认了"));
    assert_err(ERR_FORBIDDEN, job_scrap(w->h, &w->he, &s, w->a, &w->e));
    assert_ok(scrap(w, "FX26 0007 1182", "坏了，不认了"), &w->e); /* a blank one that is broken */
    assert_int_equal(ukey_now(w, SERIAL).state, FLOW_UKEY_DESTROYED);
    whole_made(w);
    assert_int_equal(ukey_now(w, OTHER).state, FLOW_UKEY_PERSONALISED);
}

static void the_bench_sees_the_four_checks(void **state)
{
    struct whole *w = *state;
    struct production_facts facts;
    struct production_check check[PRODUCTION_CHECKS];
    struct hall_tx tx;
    hall_read(w->f, &tx);
    tx.who = w->xu;
    assert_ok(job_production_facts(&tx, w->order, &facts, &w->e), &w->e);
    assert_true(production_check(&facts, LANG_ZH, w->a, check));
    assert_string_equal(facts.reporting_code, "FJQZ20260718A1");
    assert_string_equal(check[3].text, "FX26 0007 1182");
    hall_end(&tx);
}

/* G-11: by who it is, not by the name, and however long ago it was. */
static void who_passed_a_review_does_not_make(void **state)
{
    struct whole *w = *state;
    struct job job;
    struct job_new n = {.kind = JOB_PRODUCE, .browser = BENCH_BROWSER, .order = w->order};
    struct production_facts facts;
    struct hall_tx tx;
    struct actor renamed = w->xu, namesake = w->xu;
    renamed.name = "许建国";
    namesake.id = 77;
    hall_tamper(w->f, arena_fmt(w->a,
                                "INSERT INTO order_log (id, order_id, at, flow_row, event, "
                                "actor_kind, actor_id, who, what) VALUES (1, %lld, 0, 'A11', "
                                "'app.pass', 'staff', 31, 'reviewer/许建民', '{}')",
                                (long long)w->order));
    hall_tamper(w->f, arena_fmt(w->a,
                                "WITH RECURSIVE line(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM "
                                "line WHERE i < 300) INSERT INTO order_log (id, order_id, at, "
                                "flow_row, event, actor_kind, actor_id, who, what) SELECT i, %lld, "
                                "0, '', 'app.save', 'applicant', 5, '', '{}' FROM line",
                                (long long)w->order));
    assert_err(ERR_REVIEW_FOUR_EYES, whole_make(w, &w->xu, &n, &job));
    assert_err(ERR_REVIEW_FOUR_EYES, whole_make(w, &renamed, &n, &job));
    hall_read(w->f, &tx);
    tx.who = namesake;
    assert_ok(job_production_facts(&tx, w->order, &facts, &w->e), &w->e);
    assert_false(facts.reviewer_is_maker);
    hall_end(&tx);
}

/* The engine writes who acted beside the name. */
static void the_log_knows_staff_by_id(void **state)
{
    struct whole *w = *state;
    struct hall_tx tx;
    int yes;
    whole_made(w);
    hall_read(w->f, &tx);
    assert_ok(order_done_by(&tx, w->order, EVENT_FUL_MAKE, w->xu.id, &yes, &w->e), &w->e);
    assert_true(yes);
    assert_ok(order_done_by(&tx, w->order, EVENT_FUL_MAKE, 77, &yes, &w->e), &w->e);
    assert_false(yes);
    assert_ok(order_done_by(&tx, w->order, EVENT_APP_PASS, w->xu.id, &yes, &w->e), &w->e);
    assert_false(yes);
    hall_end(&tx);
}

/* T15: a UKey on which making broke off is emptied; one with a certificate that nobody gave back is not. */
static void only_a_begun_or_returned_ukey_is_wiped(void **state)
{
    struct whole *w = *state;
    struct job job;
    struct job_finished done;
    struct job_new n = {.kind = JOB_WIPE, .browser = BENCH_BROWSER, .project = P, .serial = SERIAL};
    assert_err(ERR_JOB_UKEY, whole_make(w, &w->xu, &n, &job)); /* blank */
    hall_tamper(w->f, "UPDATE ukey SET state = 'INITIALISED'");
    assert_err(ERR_JOB_KIND, whole_make(w, &w->he, &n, &job));
    assert_ok(whole_make(w, &w->xu, &n, &job), &w->e);
    struct agent_run r = agent_run(w, job.ticket, "");
    assert_true(r.done);
    assert_ok(whole_finish(w, &w->xu, BENCH_BROWSER, whole_token(w, &r), &done), &w->e);
    hall_tamper(w->f, "UPDATE ukey SET state = 'BLANK'");
    whole_made(w);
    assert_err(ERR_JOB_UKEY, whole_make(w, &w->xu, &n, &job));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WHOLE(a_paid_order_becomes_a_ukey_with_a_working_certificate),
        WHOLE(the_order_waits_for_the_makers_own_browser),
        WHOLE(a_new_ticket_goes_on_where_the_last_agent_stopped),
        WHOLE(a_ca_that_is_away_is_waited_for),
        WHOLE(what_the_ca_refuses_is_told_at_the_bench),
        WHOLE(the_log_names_who_worked_at_the_bench),
        WHOLE(only_a_maker_with_a_ukey_of_his_own_can_begin),
        WHOLE(two_makers_do_not_drive_one_order),
        WHOLE(quality_wants_the_label_and_the_very_key),
        WHOLE(quality_refuses_a_key_without_the_certificate),
        WHOLE(a_ukey_that_dies_after_issuing_is_replaced),
        WHOLE(a_request_without_an_answer_is_settled_before_its_ukey_is_scrapped),
        WHOLE(what_the_ca_made_for_a_withdrawn_order_is_found_and_revoked),
        WHOLE(a_withdrawn_order_gets_no_certificate_from_a_late_bench),
        WHOLE(a_key_made_anew_gets_its_own_certificate_and_the_lost_one_is_revoked),
        WHOLE(nothing_lost_stays_valid_when_the_second_key_is_scrapped_too),
        WHOLE(no_second_certificate_before_the_ca_has_revoked_the_first),
        WHOLE(a_failed_quality_check_opens_a_new_making),
        WHOLE(only_the_maker_scraps_what_is_being_made),
        WHOLE(the_bench_sees_the_four_checks),
        WHOLE(who_passed_a_review_does_not_make),
        WHOLE(the_log_knows_staff_by_id),
        WHOLE(only_a_begun_or_returned_ukey_is_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
