/* The user's own UKey: first PIN, signing in, revocation; with the real agent and a real ca (requirements §10.5 T4, K3, K6, K7, K11,
 * §10.7 U4b; C-24: no constant PIN). */
#include "whole.h"

#include "base/text.h"
#include "hall/approval/approval_priv.h"
#include "hall/audit/audit.h"
#include "hall/session/session.h"
#include "token/soft.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

static struct job make_login(struct whole *w, const char *browser)
{
    struct job job;
    struct job_new n = {.kind = JOB_LOGIN, .browser = browser, .project = P};
    assert_ok(whole_make(w, &hall_system, &n, &job), &w->e);
    return job;
}

static struct agent_run login(struct whole *w, const struct job *job)
{
    return agent_run(w, job->ticket, "pin Right-pin-1\n");
}

static enum err try_pin(struct whole *w, const char *text)
{
    struct token_pin pin;
    _auto(token_place) place = NULL;
    _auto(token) t = NULL;
    assert_ok(token_pin_set(&pin, text, &w->e), &w->e);
    assert_ok(token_soft_place(w->keys, &place, &w->e), &w->e);
    assert_ok(token_open(place, SERIAL, &t, &w->e), &w->e);
    return token_login(t, &pin, &w->e);
}

/* T4: the user sets the first PIN himself, authorised by session and SMS; the admin PIN is another one afterwards. */
static void the_user_sets_the_first_pin(void **state)
{
    struct whole *w = *state;
    struct ukey k;
    struct hall_tx tx;
    whole_activated(w);
    assert_int_equal(whole_ukey(w), FLOW_UKEY_ACTIVE);
    assert_ok(try_pin(w, "Right-pin-1"), &w->e);
    hall_read(w->f, &tx);
    assert_ok(ukey_get(&tx, SERIAL, &k, &w->e), &w->e);
    hall_end(&tx);
    assert_int_equal(k.admin_version, 2);
    assert_false(k.release_open);
    assert_true(k.first_pin_at > 0);
    assert_true(k.account == w->o.account);
}

static void a_first_pin_wants_the_sms_code_of_this_browser(void **state)
{
    struct whole *w = *state;
    struct hall_tx tx;
    struct job_sms sms;
    struct job job;
    struct job_new n = {
        .kind = JOB_ACTIVATE, .browser = USER_BROWSER, .project = P, .serial = SERIAL};
    whole_sent(w);
    assert_err(ERR_JOB_SMS, whole_make(w, &w->o.shen, &n, &job));
    hall_write(w->f, &w->o.shen, &tx);
    assert_err(ERR_JOB_UKEY, job_sms_send(&tx, USER_BROWSER, "FX2600071199",
                                          "code={code} {minutes}", &sms, &w->e));
    hall_end(&tx);
    hall_write(w->f, &w->o.shen, &tx);
    assert_ok(
        job_sms_send(&tx, USER_BROWSER, "fx26 0007 1182", "code={code} {minutes}", &sms, &w->e),
        &w->e);
    hall_done(w->f, &tx);
    assert_string_equal(sms.to, "138****1234");
    assert_false(sms.verified);
    n.sms = sms.id;
    assert_err(ERR_JOB_SMS, whole_make(w, &w->o.shen, &n, &job)); /* sent, not typed */
    assert_err(ERR_OTP_WRONG,
               job_sms_verify(w->h, &w->o.shen, USER_BROWSER, sms.id, "abcdef", w->a, &sms, &w->e));
    const char *code = whole_sms_code(w);
    assert_err(ERR_NOT_FOUND,
               job_sms_verify(w->h, &w->o.shen, "another browser", n.sms, code, w->a, &sms, &w->e));
    assert_ok(job_sms_verify(w->h, &w->o.shen, USER_BROWSER, n.sms, code, w->a, &sms, &w->e),
              &w->e);
    assert_true(sms.verified);
    struct job_new elsewhere = n;
    elsewhere.browser = "another browser";
    assert_err(ERR_JOB_SMS, whole_make(w, &w->o.shen, &elsewhere, &job));
    assert_ok(whole_make(w, &w->o.shen, &n, &job), &w->e);
    assert_err(ERR_JOB_SMS, whole_make(w, &w->o.shen, &n, &job)); /* good for one job */
}

/* Before it is sent, and after the first PIN is set, there is no first PIN to set. */
static void a_first_pin_is_set_once_and_only_by_its_owner(void **state)
{
    struct whole *w = *state;
    struct hall_tx tx;
    struct job_sms sms;
    int64_t other_id;
    struct actor other;
    whole_made(w);
    hall_write(w->f, &w->o.shen, &tx);
    assert_err(ERR_JOB_UKEY,
               job_sms_send(&tx, USER_BROWSER, SERIAL, "code={code} {minutes}", &sms, &w->e));
    hall_end(&tx);
    hall_tamper(w->f, "UPDATE ukey SET state = 'ISSUED'");
    other = order_person(&w->o, "another", &other_id);
    hall_write(w->f, &other, &tx);
    assert_err(ERR_JOB_UKEY,
               job_sms_send(&tx, USER_BROWSER, SERIAL, "code={code} {minutes}", &sms, &w->e));
    hall_end(&tx);
    hall_tamper(w->f, "UPDATE ukey SET state = 'ACTIVE'");
    hall_write(w->f, &w->o.shen, &tx);
    assert_err(ERR_JOB_UKEY,
               job_sms_send(&tx, USER_BROWSER, SERIAL, "code={code} {minutes}", &sms, &w->e));
    hall_end(&tx);
}

/* A page that anybody may open must not fill the audit, which is kept for ever; what an agent has taken stands there. */
static void nobodys_job_is_audited_once_an_agent_has_it_and_sixty_an_hour_are_made(void **state)
{
    struct whole *w = *state;
    struct actor nobody = hall_system;
    struct job job;
    struct job_new n = {.kind = JOB_LOGIN, .browser = USER_BROWSER, .project = P};
    nobody.address = "192.0.2.7";
    for (int i = 0; i < 60; i++)
        assert_ok(whole_make(w, &nobody, &n, &job), &w->e);
    assert_err(ERR_LIMITED, whole_make(w, &nobody, &n, &job));
    nobody.address = "192.0.2.8";
    assert_ok(whole_make(w, &nobody, &n, &job), &w->e);
    struct hall_tx tx;
    const struct audit_row *rows;
    size_t n_rows;
    hall_read(w->f, &tx);
    assert_ok(audit_list(&tx, &(struct audit_filter){.act = "job.make", .limit = 100}, &rows,
                         &n_rows, &w->e),
              &w->e);
    hall_end(&tx);
    assert_int_equal(n_rows, 0);
}

static void the_ukey_signs_its_owner_in(void **state)
{
    struct whole *w = *state;
    struct job_finished done;
    struct session s;
    struct hall_tx tx;
    whole_activated(w);
    struct job job = make_login(w, "a browser nobody is signed in at");
    struct agent_run r = login(w, &job);
    assert_true(r.done);
    assert_ok(whole_finish(w, &hall_system, "a browser nobody is signed in at", whole_token(w, &r),
                           &done),
              &w->e);
    assert_true(done.account == w->o.account);
    assert_string_equal(done.href, "/aml-reporting/orders");
    hall_write(w->f, &hall_system, &tx);
    assert_ok(session_find(&tx, SESSION_APPLICANT, done.session, &s, &w->e), &w->e);
    assert_string_equal(s.way, "ukey");
    assert_true(s.who == w->o.account);
    hall_end(&tx);
}

/* The link was passed on: the victim's UKey signed, in the victim's browser, for the attacker's job. */
static void a_relayed_link_signs_nobody_in(void **state)
{
    struct whole *w = *state;
    struct job_finished done;
    whole_activated(w);
    struct job job = make_login(w, "the attacker's browser");
    struct agent_run r = login(w, &job);
    assert_true(r.done);
    const char *token = whole_token(w, &r);
    assert_err(ERR_JOB_OTHER_BROWSER,
               whole_finish(w, &hall_system, "the victim's browser", token, &done));
    assert_null(done.session);
    /* and what the attacker can see of his own job helps him nothing */
    struct job seen = whole_job(w, job.id, "the attacker's browser");
    assert_int_equal(seen.state, JOB_FINISHING);
    assert_null(seen.ticket);
    struct hall_tx tx;
    struct json_out j;
    _auto_buf b;
    buf_init(&b, 65536);
    jout_init(&j, &b);
    hall_read(w->f, &tx);
    assert_ok(job_write(&tx, &seen, &j, NULL, &w->e), &w->e);
    hall_end(&tx);
    assert_null(strstr(buf_cstr(&b), token + 30));
    assert_null(strstr(buf_cstr(&b), SERIAL));
    assert_null(strstr(buf_cstr(&b), text_mend_code(w->a, r.digits)));
}

/* The short code was passed on: the same. Guessing the digits ends the job. */
static void a_relayed_short_code_signs_nobody_in(void **state)
{
    struct whole *w = *state;
    struct job_finished done;
    struct hand h = hand_new(w);
    whole_activated(w);
    struct job job = make_login(w, "the attacker's browser");
    assert_ok(hand_fetch(&h, NULL, job.code), &w->e);
    assert_err(ERR_TICKET, hand_fetch(&h, job.ticket, NULL)); /* used up with the code */
    hand_free(&h);
    struct job again = make_login(w, "the attacker's browser");
    struct agent_run r = login(w, &again);
    assert_true(r.done);
    const char *right = text_mend_code(w->a, r.digits),
               *wrong = strcmp(right, "000000") ? "000000" : "000001";
    assert_err(ERR_NOT_FOUND, job_finish_code(w->h, &hall_system, "the victim's browser", again.id,
                                              right, w->a, &done, &w->e));
    for (int i = 0; i < JOB_FINISH_TRIES; i++)
        assert_err(ERR_JOB_CODE, job_finish_code(w->h, &hall_system, "the attacker's browser",
                                                 again.id, wrong, w->a, &done, &w->e));
    assert_err(ERR_JOB_FINISH, job_finish_code(w->h, &hall_system, "the attacker's browser",
                                               again.id, right, w->a, &done, &w->e));
    assert_int_equal(whole_job(w, again.id, "the attacker's browser").state, JOB_FAILED);
}

/* No link handler, another default browser: the six digits of the agent's window do the same in the right browser. */
static void six_digits_finish_in_the_browser_that_began(void **state)
{
    struct whole *w = *state;
    struct job_finished done;
    whole_activated(w);
    struct job job = make_login(w, USER_BROWSER);
    struct agent_run r = login(w, &job);
    assert_true(whole_job(w, job.id, USER_BROWSER).finish_code);
    assert_ok(
        job_finish_code(w->h, &hall_system, USER_BROWSER, job.id, r.digits, w->a, &done, &w->e),
        &w->e);
    assert_true(done.account == w->o.account && done.session);
}

static const char *ca_state(struct whole *w, const char *serial)
{
    const char *state;
    assert_ok(ca_client_state(w->h->ca, serial, w->a, &state, &w->e), &w->e);
    return state;
}

/* K6, K7: support alone, and the ca has it when the console is answered. */
static void support_holds_and_releases_alone(void **state)
{
    struct whole *w = *state;
    struct certificate c, after;
    struct job_finished done;
    whole_activated(w);
    whole_certificate(w, &c);
    assert_err(ERR_FORBIDDEN, approval_hold(w->h, &w->xu, c.serial, "x", w->a, &after, &w->e));
    struct job job = make_login(w, USER_BROWSER);
    struct agent_run r = login(w, &job);
    assert_ok(approval_hold(w->h, &w->chen, c.serial, "电话报失", w->a, &after, &w->e), &w->e);
    assert_int_equal(after.state, FLOW_CERTIFICATE_ON_HOLD);
    assert_true(after.at_ca);
    assert_string_equal(ca_state(w, c.serial), "hold");
    /* signed before, shown after: the certificate is looked at again */
    assert_err(ERR_CERT_STATE,
               whole_finish(w, &hall_system, USER_BROWSER, whole_token(w, &r), &done));
    job = make_login(w, USER_BROWSER);
    r = login(w, &job);
    assert_false(r.done);
    assert_string_equal(r.code, "certificate.state");
    assert_ok(approval_release(w->h, &w->chen, c.serial, "找到了", w->a, &after, &w->e), &w->e);
    assert_int_equal(after.state, FLOW_CERTIFICATE_ACTIVE);
    assert_string_equal(ca_state(w, c.serial), "active");
}

/* Somebody else's change of the same order, not yet committed while ours reads the row. */
static void *change_the_order(void *arg)
{
    struct whole *w = arg;
    hall_tamper(w->f,
                w->f->store.postgres
                    ? "BEGIN; UPDATE orders SET version = version + 1; SELECT pg_sleep(1); COMMIT"
                    : "UPDATE orders SET version = version + 1");
    return NULL;
}

static void lose_against(struct whole *w, pthread_t *other)
{
    assert_int_equal(pthread_create(other, NULL, change_the_order, w), 0);
    usleep(300 * 1000);
}

/* Each of the two changes of a revocation, and a hold: nobody is told to press again because of another's change. */
static void what_lost_against_another_change_is_done_again(void **state)
{
    struct whole *w = *state;
    struct certificate c, after;
    struct approval p;
    pthread_t other;
    whole_made(w);
    whole_certificate(w, &c);
    lose_against(w, &other);
    assert_ok(approval_hold(w->h, &w->chen, c.serial, "电话报失", w->a, &after, &w->e), &w->e);
    pthread_join(other, NULL);
    lose_against(w, &other);
    assert_ok(approval_release(w->h, &w->chen, c.serial, "找到了", w->a, &after, &w->e), &w->e);
    pthread_join(other, NULL);
    lose_against(w, &other);
    assert_ok(
        approval_ask_revoke(w->h, &w->chen, c.serial, "key_compromise", "又丢了", w->a, &p, &w->e),
        &w->e);
    pthread_join(other, NULL);
    lose_against(w, &other);
    assert_ok(approval_decide(w->h, &w->liang, p.id, 1, "同意", w->a, &p, &w->e), &w->e);
    pthread_join(other, NULL);
    assert_int_equal(p.state, APPROVAL_APPROVED);
    assert_string_equal(ca_state(w, c.serial), "revoked");
}

/* One of the two hands on a certificate that is on hold, at work and not committed yet. */
struct other_hand {
    struct whole *w;
    struct certificate c;
    int asks; /* for a revocation; otherwise it lifts the hold */
    pthread_t thread;
};

static void *work_slowly(void *arg)
{
    struct other_hand *o = arg;
    static const enum flow_actor support = ACTOR_SUPPORT;
    struct order_input in = {.as = &support, .reason = "找到了"};
    struct approval_new n = {.kind = "revoke",
                             .object = o->c.serial,
                             .order = o->c.order,
                             .reason_code = "key_compromise",
                             .reason = "密码泄露"};
    struct approval p;
    struct err_info e = {0};
    _auto(arena) a = arena_new();
    _auto_hall_tx tx = {0};
    assert_ok(hall_begin(o->w->h, 1, &o->w->liang, a, &tx, &e), &e);
    assert_ok(certificate_claim(&tx, &o->c, &e), &e);
    if (o->asks)
        assert_ok(approval_add(&tx, &n, &p, &e), &e);
    else
        assert_ok(order_apply(&tx, o->c.order, EVENT_CERT_RELEASE, &in, NULL, &e), &e);
    usleep(800 * 1000);
    assert_ok(hall_commit(&tx, &e), &e);
    return NULL;
}

static void start_other_hand(struct other_hand *o, struct whole *w, int asks)
{
    *o = (struct other_hand){.w = w, .asks = asks};
    whole_certificate(w, &o->c);
    assert_int_equal(pthread_create(&o->thread, NULL, work_slowly, o), 0);
    usleep(300 * 1000);
}

/* K11: whoever comes second sees what the first did, on either side. */
static void lifting_a_hold_and_asking_to_revoke_do_not_pass_each_other(void **state)
{
    struct whole *w = *state;
    struct certificate c, after;
    struct approval p;
    struct other_hand other;
    whole_activated(w);
    whole_certificate(w, &c);
    assert_ok(approval_hold(w->h, &w->chen, c.serial, "电话报失", w->a, &after, &w->e), &w->e);
    start_other_hand(&other, w, 0);
    assert_ok(approval_ask_revoke(w->h, &w->chen, c.serial, "key_compromise", "密码泄露", w->a, &p,
                                  &w->e),
              &w->e);
    pthread_join(other.thread, NULL);
    assert_int_equal(whole_certificate(w, &c), FLOW_CERTIFICATE_ON_HOLD);
    assert_ok(approval_decide(w->h, &w->liang, p.id, 0, "弄错了", w->a, &p, &w->e), &w->e);
    assert_int_equal(whole_certificate(w, &c), FLOW_CERTIFICATE_ACTIVE);
    assert_ok(approval_hold(w->h, &w->chen, c.serial, "电话报失", w->a, &after, &w->e), &w->e);
    start_other_hand(&other, w, 1);
    assert_err(ERR_REVIEW_FOUR_EYES,
               approval_release(w->h, &w->chen, c.serial, "找到了", w->a, &after, &w->e));
    pthread_join(other.thread, NULL);
    assert_int_equal(whole_certificate(w, &c), FLOW_CERTIFICATE_ON_HOLD);
}

/* K11: held at once, revoked by the second person. */
static void a_revocation_wants_two_persons(void **state)
{
    struct whole *w = *state;
    struct certificate c, after;
    struct approval p, again;
    whole_activated(w);
    whole_certificate(w, &c);
    assert_err(ERR_BAD_REQUEST,
               approval_ask_revoke(w->h, &w->chen, c.serial, "because", "x", w->a, &p, &w->e));
    assert_ok(approval_ask_revoke(w->h, &w->chen, c.serial, "key_compromise", "密码泄露", w->a, &p,
                                  &w->e),
              &w->e);
    assert_string_equal(ca_state(w, c.serial), "hold");
    assert_ok(approval_ask_revoke(w->h, &w->liang, c.serial, "key_compromise", "密码泄露", w->a,
                                  &again, &w->e),
              &w->e);
    assert_true(again.id == p.id);
    assert_err(ERR_REVIEW_FOUR_EYES,
               approval_release(w->h, &w->chen, c.serial, "x", w->a, &after, &w->e));
    assert_err(ERR_REVIEW_FOUR_EYES, approval_decide(w->h, &w->chen, p.id, 1, "", w->a, &p, &w->e));
    assert_string_equal(ca_state(w, c.serial), "hold");
    assert_ok(approval_decide(w->h, &w->liang, p.id, 1, "核实", w->a, &p, &w->e), &w->e);
    assert_int_equal(p.state, APPROVAL_APPROVED);
    assert_string_equal(ca_state(w, c.serial), "revoked");
    assert_int_equal(whole_certificate(w, &c), FLOW_CERTIFICATE_REVOKED);
    assert_true(c.at_ca);
    assert_err(ERR_CONFLICT, approval_decide(w->h, &w->liang, p.id, 0, "", w->a, &p, &w->e));
}

static void a_rejected_revocation_lifts_the_hold_it_put(void **state)
{
    struct whole *w = *state;
    struct certificate c;
    struct approval p;
    whole_activated(w);
    whole_certificate(w, &c);
    assert_ok(approval_ask_revoke(w->h, &w->chen, c.serial, "cessation", "注销", w->a, &p, &w->e),
              &w->e);
    assert_ok(approval_decide(w->h, &w->liang, p.id, 0, "弄错了", w->a, &p, &w->e), &w->e);
    assert_int_equal(p.state, APPROVAL_REJECTED);
    assert_string_equal(ca_state(w, c.serial), "active");
    assert_int_equal(whole_certificate(w, &c), FLOW_CERTIFICATE_ACTIVE);
}

/* While the ca is away the wish waits in the outbox, and the newest wins. */
static void what_the_ca_missed_is_done_when_it_is_back(void **state)
{
    struct whole *w = *state;
    struct certificate c, after;
    int done;
    whole_activated(w);
    whole_certificate(w, &c);
    whole_ca_away(w);
    assert_ok(approval_hold(w->h, &w->chen, c.serial, "电话报失", w->a, &after, &w->e), &w->e);
    assert_int_equal(after.state, FLOW_CERTIFICATE_ON_HOLD);
    assert_false(after.at_ca);
    assert_ok(outbox_run(w->post, &done, &w->e), &w->e);
    whole_ca_back(w);
    assert_string_equal(ca_state(w, c.serial), "active");
    hall_tamper(w->f, "UPDATE outbox_row SET next_at = 0 WHERE kind = 'ca.hold'");
    assert_ok(outbox_run(w->post, &done, &w->e), &w->e);
    assert_string_equal(ca_state(w, c.serial), "hold");
    whole_certificate(w, &c);
    assert_true(c.at_ca);
    /* a hold that lies about late does not undo a later release */
    whole_ca_away(w);
    assert_ok(approval_release(w->h, &w->chen, c.serial, "找到了", w->a, &after, &w->e), &w->e);
    assert_ok(approval_hold(w->h, &w->chen, c.serial, "又丢了", w->a, &after, &w->e), &w->e);
    assert_ok(approval_release(w->h, &w->chen, c.serial, "又找到了", w->a, &after, &w->e), &w->e);
    whole_ca_back(w);
    hall_tamper(w->f, "UPDATE outbox_row SET next_at = 0");
    assert_ok(outbox_run(w->post, &done, &w->e), &w->e);
    assert_string_equal(ca_state(w, c.serial), "active");
}

/* Interrupted between release and confirmation: the next job begins with the PIN that may be in force (U4b). */
static void an_interrupted_first_pin_is_resumed(void **state)
{
    struct whole *w = *state;
    struct hall_tx tx;
    struct job_sms sms;
    struct job job;
    struct hand h = hand_new(w);
    whole_sent(w);
    hall_write(w->f, &w->o.shen, &tx);
    assert_ok(job_sms_send(&tx, USER_BROWSER, SERIAL, "code={code} {minutes}", &sms, &w->e), &w->e);
    hall_done(w->f, &tx);
    assert_ok(job_sms_verify(w->h, &w->o.shen, USER_BROWSER, sms.id, whole_sms_code(w), w->a, &sms,
                             &w->e),
              &w->e);
    struct job_new n = {.kind = JOB_ACTIVATE,
                        .browser = USER_BROWSER,
                        .project = P,
                        .serial = SERIAL,
                        .sms = sms.id};
    assert_ok(whole_make(w, &w->o.shen, &n, &job), &w->e);
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    assert_ok(hand_call(&h, "step",
                        "{\"step\":\"key\",\"data\":{\"key\":{\"serial\":\"" SERIAL
                        "\",\"state\":\"ready\"}}}"),
              &w->e);
    assert_string_equal(hand_step(&h), "first_pin");
    assert_false(json_is_true(json_object_get(json_object_get(h.last, "data"), "resume")));
    hand_free(&h); /* the agent ends here */
    hall_write(w->f, &w->o.shen, &tx);
    assert_ok(job_ticket(&tx, job.id, USER_BROWSER, &job, &w->e), &w->e);
    hall_done(w->f, &tx);
    struct agent_run r = agent_run(w, job.ticket, "pin Right-pin-1\npin Right-pin-1\n");
    assert_true(r.done);
    assert_ok(try_pin(w, "Right-pin-1"), &w->e);
}

static struct job make_user(struct whole *w, enum job_kind kind, const char *serial)
{
    struct job job;
    struct job_new n = {.kind = kind, .browser = USER_BROWSER, .project = P, .serial = serial};
    assert_ok(whole_make(w, &w->o.shen, &n, &job), &w->e);
    return job;
}

static struct job finish_user(struct whole *w, const struct agent_run *r)
{
    struct job_finished done;
    assert_true(r->done);
    assert_ok(whole_finish(w, &w->o.shen, USER_BROWSER, whole_token(w, r), &done), &w->e);
    return done.job;
}

static const char *shown(struct whole *w, const struct job *job)
{
    struct hall_tx tx;
    struct json_out j;
    _auto_buf b;
    buf_init(&b, 65536);
    jout_init(&j, &b);
    hall_read(w->f, &tx);
    assert_ok(job_write(&tx, job, &j, NULL, &w->e), &w->e);
    hall_end(&tx);
    return arena_text(w->a, buf_cstr(&b));
}

/* Old and new PIN stay in the agent: nothing of them is in what the hall keeps. */
static void change_test_and_proof_by_the_users_agent(void **state)
{
    struct whole *w = *state;
    struct job job;
    struct agent_run r;
    whole_activated(w);
    job = make_user(w, JOB_CHANGE_PIN, SERIAL);
    r = agent_run(w, job.ticket, "pin Right-pin-1\npin Other-pin-2\npin Other-pin-2\n");
    job = finish_user(w, &r);
    assert_ok(try_pin(w, "Other-pin-2"), &w->e);
    job = make_user(w, JOB_DIAGNOSE, NULL);
    r = agent_run(w, job.ticket, "");
    job = finish_user(w, &r);
    const char *text = shown(w, &job);
    assert_non_null(strstr(text, "\"findings\":[{"));
    assert_non_null(strstr(text, SERIAL)); /* shown now: this browser has shown itself */
    job = make_user(w, JOB_SELF_TEST, NULL);
    r = agent_run(w, job.ticket, "pin Other-pin-2\n");
    job = finish_user(w, &r);
    text = shown(w, &job);
    assert_non_null(strstr(text, "{\"id\":\"signature\""));
    assert_null(strstr(text, "\"problem\""));
}

static int tries_left(struct whole *w)
{
    struct hall_tx tx;
    struct ukey k;
    hall_read(w->f, &tx);
    assert_ok(ukey_get(&tx, SERIAL, &k, &w->e), &w->e);
    hall_end(&tx);
    return k.user_left;
}

/* An agent of his own says it: `left` tries of the UKey. Gives the token for the finish page, NULL where the job failed. */
static const char *say_left(struct whole *w, const struct actor *who, int left, int failed)
{
    struct job job;
    struct job_new n = {.kind = JOB_IDENTIFY, .browser = USER_BROWSER, .project = P};
    struct hand h = hand_new(w);
    const char *key = arena_fmt(
        w->a, "{\"serial\":\"" SERIAL "\",\"state\":\"ready\",\"user_left\":%d,\"user_max\":6}",
        left);
    const char *token = NULL;
    assert_ok(whole_make(w, who, &n, &job), &w->e);
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    if (failed) {
        assert_ok(hand_call(&h, "result",
                            arena_fmt(w->a,
                                      "{\"outcome\":\"failed\",\"step\":\"identify\",\"code\":"
                                      "\"token.locked\",\"keys\":[%s]}",
                                      key)),
                  &w->e);
    } else {
        assert_ok(
            hand_call(&h, "step",
                      arena_fmt(w->a, "{\"step\":\"identify\",\"data\":{\"keys\":[%s]}}", key)),
            &w->e);
        assert_ok(hand_call(&h, "result", "{\"outcome\":\"done\",\"step\":\"done\"}"), &w->e);
        token = arena_text(w->a, json_opt_text(h.last, "finish", ""));
    }
    hand_free(&h);
    return token;
}

/* Anybody can make a job without signing in, and be its agent: what such a one says of a key is not kept with it. */
static void only_the_owner_tells_of_his_key_and_only_when_finished(void **state)
{
    struct whole *w = *state;
    struct job_finished done;
    int64_t id;
    whole_activated(w);
    struct actor other = order_person(&w->o, "another", &id);
    int before = tries_left(w);
    const char *token = say_left(w, &hall_system, 1, 0);
    assert_ok(whole_finish(w, &hall_system, USER_BROWSER, token, &done), &w->e);
    say_left(w, &hall_system, 0, 1);
    token = say_left(w, &other, 1, 0);
    assert_ok(whole_finish(w, &other, USER_BROWSER, token, &done), &w->e);
    say_left(w, &other, 0, 1);
    assert_true(before > 3);
    assert_int_equal(tries_left(w), before);
    token = say_left(w, &w->o.shen, 3, 0);
    assert_int_equal(tries_left(w), before);
    assert_ok(whole_finish(w, &w->o.shen, USER_BROWSER, token, &done), &w->e);
    assert_int_equal(tries_left(w), 3);
    say_left(w, &w->o.shen, 0, 1);
    assert_int_equal(tries_left(w), 0);
}

/* Another user's UKey is not his to name. */
static void a_job_names_only_a_ukey_of_ones_own(void **state)
{
    struct whole *w = *state;
    struct job job;
    int64_t id;
    whole_activated(w);
    struct actor other = order_person(&w->o, "another", &id);
    static const enum job_kind kinds[] = {JOB_CHANGE_PIN, JOB_DIAGNOSE, JOB_SELF_TEST,
                                          JOB_IDENTIFY};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct job_new n = {
            .kind = kinds[i], .browser = "his browser", .project = P, .serial = SERIAL};
        assert_err(ERR_JOB_UKEY, whole_make(w, &other, &n, &job));
    }
    struct job_new n = {.kind = JOB_CHANGE_PIN, .browser = "nobody's browser", .project = P};
    assert_err(ERR_JOB_KIND, whole_make(w, &hall_system, &n, &job));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WHOLE(the_user_sets_the_first_pin),
        WHOLE(a_first_pin_wants_the_sms_code_of_this_browser),
        WHOLE(a_first_pin_is_set_once_and_only_by_its_owner),
        WHOLE(nobodys_job_is_audited_once_an_agent_has_it_and_sixty_an_hour_are_made),
        WHOLE(the_ukey_signs_its_owner_in),
        WHOLE(a_relayed_link_signs_nobody_in),
        WHOLE(a_relayed_short_code_signs_nobody_in),
        WHOLE(six_digits_finish_in_the_browser_that_began),
        WHOLE(support_holds_and_releases_alone),
        WHOLE(what_lost_against_another_change_is_done_again),
        WHOLE(lifting_a_hold_and_asking_to_revoke_do_not_pass_each_other),
        WHOLE(a_revocation_wants_two_persons),
        WHOLE(a_rejected_revocation_lifts_the_hold_it_put),
        WHOLE(what_the_ca_missed_is_done_when_it_is_back),
        WHOLE(an_interrupted_first_pin_is_resumed),
        WHOLE(change_test_and_proof_by_the_users_agent),
        WHOLE(a_job_names_only_a_ukey_of_ones_own),
        WHOLE(only_the_owner_tells_of_his_key_and_only_when_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
