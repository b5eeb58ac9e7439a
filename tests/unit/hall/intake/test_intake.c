/* The regulator's lists: S0-03, S0-13 to S0-15, S0-22, G-18, requirements §10.8. Taken whole or not at all. */
#include "base/json.h"
#include "base/text.h"
#include "hall/account/account.h"
#include "hall/authority/ca_client.h"
#include "hall/institution/institution.h"
#include "hall/intake/intake.h"
#include "hall/outbox/outbox.h"
#include "hall/project/project.h"
#include "hall/session/session.h"
#include "hall/task/task.h"
#include "hall_fixture.h"
#include "httpd/httpd.h"
#include "pki/cert.h"
#include "pki/cms.h"
#include "pki/digest.h"
#include "pki/name.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define P "aml-reporting"
#define HEAD "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email,code\n"
#define ROW(action, name, user, uscc, code)                                                        \
    action "," name ",FJQZ20260718A1," user "," uscc                                               \
           ",沈若琳,13805961234,shen.ruolin@example.com," code "\n"
#define LONG_NAME                                                                                                          \
    "泉州(海丝)供应链管理一二三四五六七八九十一二三四五六七八九十一二三四五六七八九" \
    "十一二三四五六七八九十一二三四五六七八九十一二三"
#define GOOD "91350100M000100Y43"
#define ONE HEAD ROW("add", "泉州海丝供应链管理有限公司", "shenruolin", GOOD, "")

static const struct actor regulator_zhou = {BY_STAFF, 9, "周启明", "regulator", "127.0.0.1"};

struct signer {
    struct pki_key *key;
    struct bytes cert;
};

static struct signer make_signer(struct hall_fixture *f, const char *name, int64_t from, int64_t to)
{
    struct signer s = {0};
    _auto(pki_signer) signer = NULL;
    struct bytes subject, tbs;
    struct name_part part[] = {{NAME_C, "CN"}, {NAME_CN, name}};
    assert_ok(pki_key_new(PKI_P256, &s.key, &f->e), &f->e);
    assert_ok(pki_signer_from_key(s.key, &signer, &f->e), &f->e);
    assert_ok(name_encode(part, 2, f->arena, &subject, &f->e), &f->e);
    struct cert_spec spec = {.serial = cert_serial_new(f->arena),
                             .issuer = subject,
                             .subject = subject,
                             .not_before = from,
                             .not_after = to,
                             .key = signer->pub,
                             .issuer_key = signer->pub,
                             .key_usage = CERT_KU_DIGITAL_SIGNATURE};
    assert_ok(cert_tbs(&spec, f->arena, &tbs, &f->e), &f->e);
    assert_ok(cert_sign(tbs, signer, f->arena, &s.cert, &f->e), &f->e);
    return s;
}

struct scene {
    struct hall_fixture *f;
    struct signer regulator;
};

static int setup(void **state)
{
    struct scene *s = mem_alloc(sizeof *s);
    struct hall_tx tx = {0};
    void *fixture;
    hall_setup(&fixture);
    s->f = fixture;
    hall_at(s->f, "2025-03-03T10:00:00+08:00");
    hall_decoders(s->f);
    s->regulator = make_signer(s->f, "regulator", clock_business(s->f->clock) - TIME_DAY,
                               clock_business(s->f->clock) + 100LL * TIME_DAY);
    hall_write(s->f, &hall_system, &tx);
    assert_ok(intake_set_regulator(&tx, P, s->regulator.cert, &s->f->e), &s->f->e);
    hall_done(s->f, &tx);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    void *fixture = s->f;
    pki_key_free(s->regulator.key);
    free(s);
    return hall_teardown(&fixture);
}

static struct bytes sign(struct scene *s, const struct signer *by, const char *text)
{
    struct bytes p7s, content = {(const uint8_t *)text, strlen(text)};
    assert_ok(cms_sign_detached(content, by->cert, by->key, clock_business(s->f->clock),
                                s->f->arena, &p7s, &s->f->e),
              &s->f->e);
    return p7s;
}

static enum err import_with(struct scene *s, const char *text, struct bytes p7s,
                            const struct intake_override *o, size_t n, struct intake_report *r)
{
    struct hall_tx tx = {0};
    struct intake_file file = {.project = P,
                               .name = "list.csv",
                               .content = {(const uint8_t *)text, strlen(text)},
                               .signature = p7s,
                               .overrides = o,
                               .overrides_n = n};
    err_clear(&s->f->e);
    TRY(intake_read(&s->f->hall, s->f->arena, &file, &s->f->e));
    hall_write(s->f, &regulator_zhou, &tx);
    enum err result = intake_import(&tx, &file, r, &s->f->e);
    if (result == ERR_OK)
        hall_done(s->f, &tx);
    hall_end(&tx);
    return result;
}

static enum err import(struct scene *s, const char *text, struct intake_report *r)
{
    return import_with(s, text, sign(s, &s->regulator, text), NULL, 0, r);
}

static enum err find(struct scene *s, const char *user, struct account *out)
{
    struct hall_tx tx = {0};
    hall_read(s->f, &tx);
    enum err result = account_find(&tx, P, "FJQZ20260718A1", user, out, &s->f->e);
    hall_end(&tx);
    return result;
}

/* Bodies of the outbox, by kind, as their handlers see them. */
struct caught {
    char *mail, *sms, *batch;
    int n;
};

static enum err catch_row(const struct hall *h, const struct outbox_row *row, struct arena *a,
                          const char **answer, void *arg, struct err_info *e)
{
    struct caught *c = arg;
    char **at = strcmp(row->kind, "mail") == 0  ? &c->mail
                : strcmp(row->kind, "sms") == 0 ? &c->sms
                                                : &c->batch;
    (void)h;
    (void)a;
    (void)answer;
    (void)e;
    free(*at);
    *at = mem_text(row->body);
    c->n++;
    return ERR_OK;
}

static struct caught outbox_of(struct scene *s)
{
    struct caught c = {0};
    struct outbox_kind kinds[] = {{.kind = "mail", .deliver = catch_row, .arg = &c},
                                  {.kind = "sms", .deliver = catch_row, .arg = &c},
                                  {.kind = "ca.batch", .deliver = catch_row, .arg = &c}};
    _auto(outbox) o = NULL;
    int done;
    assert_ok(outbox_start(&s->f->hall, kinds, 3, 0, &o, &s->f->e), &s->f->e);
    assert_ok(outbox_run(o, &done, &s->f->e), &s->f->e);
    return c;
}

static void caught_clear(struct caught *c)
{
    free(c->mail);
    free(c->sms);
    free(c->batch);
}

/* ---- what must be true ---- */

static void a_signed_list_makes_users_whose_codes_sign_in(void **state)
{
    struct scene *s = *state;
    struct intake_report r;
    struct account acc;
    struct hall_tx tx = {0};
    struct institution inst;
    assert_ok(import(s, ONE, &r), &s->f->e);
    assert_int_equal(r.added, 1);
    assert_int_equal(r.problems_n, 0);
    assert_string_equal(r.signer, "CN=regulator,C=CN");
    assert_ok(find(s, "shenruolin", &acc), &s->f->e);
    assert_int_equal(acc.state, ACCOUNT_LOADED);
    assert_int_equal(acc.usable_from,
                     time_day_from_parts(2025, 3, 5)); /* Monday + 2 working days */
    hall_read(s->f, &tx);
    assert_ok(institution_get(&tx, acc.institution, &inst, &s->f->e), &s->f->e);
    assert_string_equal(inst.uscc, GOOD);
    hall_end(&tx);
    struct caught c = outbox_of(s);
    assert_int_equal(c.n, 3);
    /* the code that went out is the one that signs in */
    const char *at = strstr(c.sms, "授权码：");
    assert_non_null(at);
    char code[20] = {0};
    memcpy(code, at + strlen("授权码："), 19);
    assert_non_null(strstr(c.mail, code));
    assert_non_null(strstr(c.mail, "2025年3月5日"));
    hall_at(s->f, "2025-03-05T09:00:00+08:00");
    struct account_sign_in in = {P, code, "FJQZ20260718A1", "10.0.0.1", LANG_ZH};
    int64_t id;
    assert_ok(account_sign_in(&s->f->hall, &in, s->f->arena, &id, &s->f->e), &s->f->e);
    assert_int_equal(id, acc.id);
    caught_clear(&c);
}

static void a_code_that_came_with_the_list_is_not_sent_again(void **state)
{
    struct scene *s = *state;
    struct intake_report r;
    assert_ok(import(s, HEAD ROW("add", "泉州海丝", "u1", GOOD, "ABCDEFGHJKMNPQRS"), &r), &s->f->e);
    struct caught c = outbox_of(s);
    assert_int_equal(c.n, 1); /* the batch for the ca */
    assert_non_null(strstr(c.batch, "\"format\":\"csv\""));
    assert_non_null(strstr(c.batch, r.batch));
    caught_clear(&c);
}

static void nothing_of_a_bad_list_is_taken(void **state)
{
    struct scene *s = *state;
    struct intake_report r;
    struct account acc;
    const char *text = HEAD ROW("add", "泉州海丝", "u1", GOOD, "")
        ROW("add", "泉州海丝", "u2", "9135O100M000100Y43", "")
            ROW("correct", "泉州海丝", "u3", GOOD, "");
    assert_err(ERR_INTAKE_PROBLEMS, import(s, text, &r));
    assert_string_equal(s->f->e.arg[0].value, "2");
    assert_int_equal(r.problems_n, 2); /* all of them: the reader's and the hall's */
    assert_int_equal(r.problems[0].reason, REGLIST_USCC_FORM);
    assert_int_equal(r.problems[1].reason, REGLIST_ABSENT);
    assert_int_equal(r.problems[1].place, 4);
    assert_err(ERR_NOT_FOUND, find(s, "u1", &acc));
    struct caught c = outbox_of(s);
    assert_int_equal(c.n, 0);
    caught_clear(&c);
}

/* S0-14: the centre reviews: nothing counts as approved but what its own key signed. */
static void only_the_entered_regulator_signs(void **state)
{
    struct scene *s = *state;
    struct intake_report r;
    struct account acc;
    int64_t now = clock_business(s->f->clock);
    struct signer other = make_signer(s->f, "regulator", now - TIME_DAY, now + TIME_DAY);
    assert_err(ERR_INTAKE_SIGNATURE, import_with(s, ONE, sign(s, &other, ONE), NULL, 0, &r));
    assert_true(s->f->e.args == 1 && *s->f->e.arg[0].value);
    assert_err(ERR_INTAKE_SIGNATURE,
               import_with(s, ONE, sign(s, &s->regulator, ONE "\n"), NULL, 0, &r));
    assert_err(ERR_INTAKE_SIGNATURE,
               import_with(s, ONE, (struct bytes){(const uint8_t *)"x", 1}, NULL, 0, &r));
    assert_err(ERR_INTAKE_SIGNATURE,
               import_with(s, ONE, (struct bytes){(const uint8_t *)"", 0}, NULL, 0, &r));
    hall_at(s->f, "2025-07-01T10:00:00+08:00"); /* the certificate has ended */
    assert_err(ERR_INTAKE_SIGNATURE, import(s, ONE, &r));
    assert_err(ERR_NOT_FOUND, find(s, "shenruolin", &acc));
    pki_key_free(other.key);
}

/* C-23: a project whose data come from elsewhere takes no lists. */
static void a_project_without_a_regulator_takes_no_lists(void **state)
{
    static const enum project_intake others[] = {INTAKE_NONE, INTAKE_PARTNER};
    struct scene *s = *state;
    struct intake_report r;
    struct account acc;
    /* the fixture's own copy: nobody else reads it */
    struct project *p = (struct project *)(uintptr_t)projects_find(s->f->projects, P);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        p->intake.source = others[i];
        assert_err(ERR_NOT_FOUND, import(s, ONE, &r));
        assert_string_equal(s->f->e.field, "project");
        assert_err(ERR_NOT_FOUND, find(s, "shenruolin", &acc));
    }
    p->intake.source = INTAKE_REGULATOR;
    assert_ok(import(s, ONE, &r), &s->f->e);
}

static void without_an_entered_certificate_nothing_comes_in(void **state)
{
    struct scene *s = *state;
    struct intake_report r;
    struct hall_tx tx = {0};
    struct intake_regulator reg;
    hall_tamper(s->f, "DELETE FROM intake_regulator");
    assert_err(ERR_INTAKE_NO_REGULATOR, import(s, ONE, &r));
    hall_write(s->f, &hall_system, &tx);
    assert_err(ERR_INTAKE_CERTIFICATE,
               intake_set_regulator(&tx, P, (struct bytes){(const uint8_t *)"x", 1}, &s->f->e));
    struct signer old = make_signer(s->f, "old", tx.now - 2 * TIME_DAY, tx.now - TIME_DAY);
    assert_err(ERR_INTAKE_CERTIFICATE, intake_set_regulator(&tx, P, old.cert, &s->f->e));
    assert_ok(intake_set_regulator(&tx, P, s->regulator.cert, &s->f->e), &s->f->e);
    assert_ok(intake_get_regulator(&tx, P, &reg, &s->f->e), &s->f->e);
    assert_int_equal(strlen(reg.fingerprint), 64);
    hall_done(s->f, &tx);
    pki_key_free(old.key);
}

static void the_same_file_again_does_nothing_and_says_so(void **state)
{
    struct scene *s = *state;
    struct intake_report first, again;
    struct hall_tx tx = {0};
    const struct intake_batch *list;
    size_t n;
    assert_ok(import(s, ONE, &first), &s->f->e);
    assert_ok(import(s, ONE, &again), &s->f->e);
    assert_false(first.again);
    assert_true(again.again);
    assert_int_equal(again.added, 1);
    assert_string_equal(again.batch, first.batch);
    hall_write(s->f, &hall_system, &tx);
    assert_ok(intake_ca_answered(&tx, first.batch, 1, &s->f->e), &s->f->e);
    assert_ok(intake_batches(&tx, P, 0, 10, &list, &n, &s->f->e), &s->f->e);
    assert_int_equal(n, 1);
    assert_string_equal(list[0].by, "周启明");
    assert_string_equal(list[0].ca_state, "taken");
    hall_done(s->f, &tx);
}

static void a_wrong_check_digit_is_taken_with_a_reason_only(void **state)
{
    struct scene *s = *state;
    struct intake_report r;
    const char *text = HEAD ROW("add", "泉州海丝", "u1", "91350100M000100Y44", "");
    struct bytes p7s = sign(s, &s->regulator, text);
    struct intake_override o = {.number = 1, .column = "uscc", .reason = "ok"};
    assert_err(ERR_INTAKE_PROBLEMS, import_with(s, text, p7s, NULL, 0, &r));
    assert_int_equal(r.errors, 0);
    assert_true(r.problems[0].warning);
    assert_err(ERR_INTAKE_OVERRIDE, import_with(s, text, p7s, &o, 1, &r));
    o.reason = "已核对营业执照原件";
    o.column = "mobile";
    assert_err(ERR_INTAKE_PROBLEMS, import_with(s, text, p7s, &o, 1, &r));
    o.column = "uscc";
    assert_ok(import_with(s, text, p7s, &o, 1, &r), &s->f->e);
    assert_int_equal(r.problems_n, 0);
    /* an error is not overridden */
    text = HEAD ROW("add", "泉州海丝", "u2", "9135O100M000100Y43", "");
    assert_err(ERR_INTAKE_PROBLEMS, import_with(s, text, sign(s, &s->regulator, text), &o, 1, &r));
}

static void users_and_codes_come_once(void **state)
{
    struct scene *s = *state;
    struct intake_report r;
    assert_ok(import(s, HEAD ROW("add", "泉州海丝", "u1", GOOD, "ABCDEFGHJKMNPQRS"), &r), &s->f->e);
    assert_err(ERR_INTAKE_PROBLEMS, import(s,
                                           HEAD ROW("add", "泉州海丝", "u1", GOOD, "") ROW(
                                               "add", "泉州海丝", "u2", GOOD, "ABCDEFGHJKMNPQRS"),
                                           &r));
    assert_int_equal(r.problems_n, 2);
    assert_int_equal(r.problems[0].reason, REGLIST_EXISTS);
    assert_int_equal(r.problems[1].reason, REGLIST_CODE_TAKEN);
}

/* Orders' say, as the order engine gives it. */
static int paid, told;
static enum err may(struct hall_tx *tx, int64_t account, enum reglist_action action,
                    struct err_info *e)
{
    (void)tx;
    assert_true(account != 0);
    return paid && action == REGLIST_CORRECT ? err_set(e, ERR_CONFLICT, NULL, "paid") : ERR_OK;
}
static enum err done(struct hall_tx *tx, int64_t account, enum reglist_action action,
                     struct err_info *e)
{
    (void)tx;
    (void)account;
    (void)e;
    told += action == REGLIST_ADD ? 1 : action == REGLIST_CORRECT ? 10 : 100;
    return ERR_OK;
}

static void a_correction_reaches_account_institution_order_and_evidence(void **state)
{
    struct scene *s = *state;
    struct intake_report r;
    struct account acc;
    struct hall_tx tx = {0};
    struct intake_evidence ev;
    const struct intake_hooks hooks = {may, done};
    s->f->hall.intake_hooks = &hooks;
    paid = told = 0;
    assert_ok(import(s, ONE, &r), &s->f->e);
    const char *text =
        HEAD ROW("add", "泉州海丝供应链集团有限公司", "u2", GOOD,
                 "") "correct,泉州海丝供应链集团有限公司,FJQZ20260718A1,shenruolin," GOOD
                     ",林岚,13905960000,lin@example.com,\n";
    assert_ok(import(s, text, &r), &s->f->e);
    assert_int_equal(r.corrected, 1);
    assert_int_equal(told, 1 + 1 + 10);
    assert_ok(find(s, "shenruolin", &acc), &s->f->e);
    assert_string_equal(acc.handler, "林岚");
    hall_read(s->f, &tx);
    assert_ok(intake_evidence(&tx, acc.id, &ev, &s->f->e), &s->f->e);
    assert_string_equal(ev.batch, r.batch);
    assert_int_equal(ev.row, 2);
    assert_string_equal(ev.institution_name, "泉州海丝供应链集团有限公司");
    hall_end(&tx);
    paid = 1;
    assert_err(ERR_INTAKE_PROBLEMS,
               import(s, HEAD ROW("correct", "泉州海丝", "shenruolin", GOOD, ""), &r));
    assert_int_equal(r.problems[0].reason, REGLIST_FROZEN);
}

static void a_withdrawal_ends_code_and_sessions_and_a_new_approval_begins_anew(void **state)
{
    struct scene *s = *state;
    struct intake_report r;
    struct account acc, after;
    struct hall_tx tx = {0};
    struct session session;
    const char *token;
    const struct intake_hooks hooks = {may, done};
    s->f->hall.intake_hooks = &hooks;
    paid = 1; /* a withdrawal does not ask */
    told = 0;
    assert_ok(import(s, ONE, &r), &s->f->e);
    assert_ok(find(s, "shenruolin", &acc), &s->f->e);
    hall_write(s->f, &hall_system, &tx);
    assert_ok(session_open(&tx, SESSION_APPLICANT, acc.id, P, "code", &token, &session, &s->f->e),
              &s->f->e);
    hall_done(s->f, &tx);
    assert_ok(import(s, HEAD ROW("withdraw", "", "shenruolin", "", ""), &r), &s->f->e);
    assert_int_equal(r.withdrawn, 1);
    assert_int_equal(told, 101);
    assert_ok(find(s, "shenruolin", &after), &s->f->e);
    assert_int_equal(after.state, ACCOUNT_WITHDRAWN);
    hall_read(s->f, &tx);
    assert_err(ERR_UNAUTHENTICATED,
               session_find(&tx, SESSION_APPLICANT, token, &session, &s->f->e));
    hall_end(&tx);
    assert_err(ERR_INTAKE_PROBLEMS,
               import(s, HEAD ROW("correct", "泉州海丝", "shenruolin", GOOD, ""), &r));
    assert_int_equal(r.problems[0].reason, REGLIST_ABSENT);
    hall_at(s->f, "2025-03-10T10:00:00+08:00");
    assert_ok(import(s, HEAD ROW("add", "泉州海丝", "shenruolin", GOOD, ""), &r), &s->f->e);
    assert_ok(find(s, "shenruolin", &after), &s->f->e);
    assert_int_equal(after.id, acc.id);
    assert_int_equal(after.state, ACCOUNT_LOADED);
    assert_int_equal(after.usable_from, time_day_from_parts(2025, 3, 12));
}

static void checking_writes_nothing_and_tells_everything(void **state)
{
    struct scene *s = *state;
    struct hall_tx tx = {0};
    struct intake_report r;
    struct account acc;
    const char *text = ONE;
    struct intake_file file = {
        .project = P, .name = "x", .content = {(const uint8_t *)text, strlen(text)}};
    assert_ok(intake_read(&s->f->hall, s->f->arena, &file, &s->f->e), &s->f->e);
    hall_read(s->f, &tx);
    assert_ok(intake_check(&tx, &file, &r, &s->f->e), &s->f->e); /* not signed yet */
    assert_int_equal(r.rows, 1);
    assert_string_equal(r.signer, "");
    file.signature = sign(s, &s->regulator, text);
    assert_ok(intake_check(&tx, &file, &r, &s->f->e), &s->f->e);
    assert_string_equal(r.signer, "CN=regulator,C=CN");
    file.project = "no-such-project";
    assert_err(ERR_NOT_FOUND, intake_check(&tx, &file, &r, &s->f->e));
    hall_end(&tx);
    assert_err(ERR_NOT_FOUND, find(s, "shenruolin", &acc));
}

/* A ca that answers as told, on a socket of its own. */
struct ca_double {
    struct httpd *server;
    char path[64];
    enum err answer;
    int calls;
    char file[4096];
};

static enum err take_batch(struct httpd_request *r, struct httpd_reply *reply, void *app,
                           struct err_info *e)
{
    struct ca_double *d = app;
    const json_t *in;
    struct bytes file, signature;
    uint8_t hash[32];
    struct json_out j;
    d->calls++;
    if (d->answer != ERR_OK)
        return err_set(e, d->answer, "signature", "as told");
    TRY(httpd_json(r, &in, e));
    TRY(json_get_base64(in, "file", sizeof d->file - 1, r->arena, &file, e));
    TRY(json_get_base64(in, "signature", 65536, r->arena, &signature, e));
    snprintf(d->file, sizeof d->file, "%.*s", (int)file.n, (const char *)file.p);
    digest_sha256(file, hash);
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "batch", text_hex(r->arena, (struct bytes){hash, sizeof hash}));
    jout_end(&j);
    return ERR_OK;
}

static void ca_double_start(struct scene *s, struct ca_double *d)
{
    static const struct httpd_route routes[] = {
        {"POST", "/ca/v1/batches", take_batch, 0, 8 << 20, 0}};
    struct httpd_options options = {.workers = 1};
    struct err_info *e = &s->f->e;
    snprintf(d->path, sizeof d->path, "/tmp/certhall-ca.%d.sock", (int)getpid());
    d->server = httpd_new(&options);
    httpd_mount(d->server, routes, 1, NULL, d);
    struct httpd_listen listen = {.unix_path = d->path, .owner = (uid_t)-1, .group = (gid_t)-1};
    assert_ok(httpd_listen(d->server, &listen, e), e);
    assert_ok(httpd_start(d->server, e), e);
    s->f->hall.ca = ca_client_new(d->path, "");
}

static void ca_double_stop(struct scene *s, struct ca_double *d)
{
    ca_client_free(s->f->hall.ca);
    httpd_free(d->server);
    unlink(d->path);
}

static const char *ca_state(struct scene *s)
{
    struct hall_tx tx = {0};
    const struct intake_batch *list;
    size_t n;
    hall_read(s->f, &tx);
    assert_ok(intake_batches(&tx, P, 0, 10, &list, &n, &s->f->e), &s->f->e);
    hall_end(&tx);
    return list[0].ca_state;
}

/* The newest batch but `older`. */
static enum err send_again(struct scene *s, size_t older)
{
    struct hall_tx tx = {0};
    const struct intake_batch *list;
    size_t n;
    hall_write(s->f, &hall_system, &tx);
    assert_ok(intake_batches(&tx, P, 0, 10, &list, &n, &s->f->e), &s->f->e);
    assert_true(older < n);
    enum err done = intake_send_again(&tx, list[older].id, &s->f->e);
    if (done == ERR_OK)
        hall_done(s->f, &tx);
    hall_end(&tx);
    return done;
}

static size_t refused_tasks(struct scene *s)
{
    struct hall_tx tx = {0};
    const struct task *tasks;
    size_t n;
    struct task_filter filter = {.kind = "batch_refused", .limit = 10};
    hall_read(s->f, &tx);
    assert_ok(task_list(&tx, &filter, &tasks, &n, &s->f->e), &s->f->e);
    hall_end(&tx);
    return n;
}

static void the_ca_gets_the_same_bytes_once_it_is_there(void **state)
{
    struct scene *s = *state;
    struct intake_report r;
    struct ca_double d = {.answer = ERR_UNAVAILABLE};
    struct outbox_kind kind = intake_kind();
    _auto(outbox) o = NULL;
    int done;
    const char *text = HEAD ROW("add", "泉州海丝", "u1", GOOD, "ABCDEFGHJKMNPQRS");
    ca_double_start(s, &d);
    assert_ok(import(s, text, &r), &s->f->e);
    assert_ok(outbox_start(&s->f->hall, &kind, 1, 0, &o, &s->f->e), &s->f->e);
    assert_ok(outbox_run(o, &done, &s->f->e), &s->f->e);
    assert_string_equal(ca_state(s), "waiting");
    d.answer = ERR_OK;
    hall_tamper(s->f, "UPDATE outbox_row SET next_at = 0");
    assert_ok(outbox_run(o, &done, &s->f->e), &s->f->e);
    assert_int_equal(done, 1);
    assert_int_equal(d.calls, 2);
    assert_string_equal(d.file, text);
    assert_string_equal(ca_state(s), "taken");
    d.answer = ERR_SIGNATURE; /* no regulator entered there, say */
    assert_ok(import(s, HEAD ROW("add", "泉州海丝", "u2", GOOD, "ABCDEFGHJKMNPQRT"), &r), &s->f->e);
    assert_ok(outbox_run(o, &done, &s->f->e), &s->f->e);
    assert_string_equal(ca_state(s), "refused");
    d.answer = ERR_OK; /* he is entered now */
    assert_err(ERR_ORDER_STATE, send_again(s, 1));
    assert_ok(send_again(s, 0), &s->f->e);
    assert_string_equal(ca_state(s), "waiting");
    assert_int_equal(refused_tasks(s), 0);
    assert_ok(outbox_run(o, &done, &s->f->e), &s->f->e);
    assert_string_equal(ca_state(s), "taken");
    assert_err(ERR_ORDER_STATE, send_again(s, 0));
    ca_double_stop(s, &d);
}

static void a_batch_the_ca_refused_is_somebodys_task(void **state)
{
    struct scene *s = *state;
    struct hall_tx tx = {0};
    struct intake_report r;
    const struct task *tasks;
    size_t n;
    assert_ok(import(s, ONE, &r), &s->f->e);
    hall_write(s->f, &hall_system, &tx);
    assert_ok(intake_ca_answered(&tx, r.batch, 0, &s->f->e), &s->f->e);
    struct task_filter filter = {.role = "business_admin", .limit = 10};
    assert_ok(task_list(&tx, &filter, &tasks, &n, &s->f->e), &s->f->e);
    assert_int_equal(n, 1);
    assert_string_equal(tasks[0].kind, "batch_refused");
    hall_done(s->f, &tx);
}

static void two_thousand_rows_come_in_one_transaction(void **state)
{
    struct scene *s = *state;
    struct intake_report r;
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_text(&b, HEAD);
    for (int i = 0; i < 2000; i++)
        buf_fmt(&b,
                "add,泉州海丝,FJQZ20260718A1,user%d," GOOD ",沈若琳,13805961234,a@example.com,\n",
                i);
    int64_t begun = clock_monotonic();
    assert_ok(import(s, buf_cstr(&b), &r), &s->f->e);
    print_message("2000 rows: %lld ms\n", (long long)(clock_monotonic() - begun));
    assert_int_equal(r.added, 2000);
    buf_clear(&b);
}

/* Half-width brackets shift what follows by an octet. */
static void the_longest_name_is_sent_whole(void **state)
{
    struct scene *s = *state;
    struct intake_report r;
    json_t *mail, *sms;
    const char *name = LONG_NAME;
    assert_int_equal(text_chars(name), 64);
    assert_ok(import(s, HEAD ROW("add", LONG_NAME, "shenruolin", GOOD, ""), &r), &s->f->e);
    struct caught c = outbox_of(s);
    assert_int_equal(c.n, 3);
    assert_ok(json_parse(c.mail, strlen(c.mail), &mail, &s->f->e), &s->f->e);
    assert_ok(json_parse(c.sms, strlen(c.sms), &sms, &s->f->e), &s->f->e);
    assert_non_null(strstr(json_opt_text(mail, "text", ""), name));
    json_decref(mail);
    json_decref(sms);
    caught_clear(&c);
    assert_ok(import(s, HEAD ROW("withdraw", LONG_NAME, "shenruolin", GOOD, ""), &r), &s->f->e);
    assert_int_equal(r.withdrawn, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_signed_list_makes_users_whose_codes_sign_in),
        T(a_code_that_came_with_the_list_is_not_sent_again),
        T(nothing_of_a_bad_list_is_taken),
        T(only_the_entered_regulator_signs),
        T(a_project_without_a_regulator_takes_no_lists),
        T(without_an_entered_certificate_nothing_comes_in),
        T(the_same_file_again_does_nothing_and_says_so),
        T(a_wrong_check_digit_is_taken_with_a_reason_only),
        T(users_and_codes_come_once),
        T(a_correction_reaches_account_institution_order_and_evidence),
        T(a_withdrawal_ends_code_and_sessions_and_a_new_approval_begins_anew),
        T(checking_writes_nothing_and_tells_everything),
        T(the_ca_gets_the_same_bytes_once_it_is_there),
        T(a_batch_the_ca_refused_is_somebodys_task),
        T(the_longest_name_is_sent_whole),
        T(two_thousand_rows_come_in_one_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
