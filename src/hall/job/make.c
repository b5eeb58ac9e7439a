/* Making a job, its tickets, and giving it up: the page's side. */
#include "hall/job/job_priv.h"

#include "hall/limit/limit.h"
#include "hall/staff/staff.h"

#include <string.h>

/* ---- who may ---- */

static enum err refuse_kind(struct err_info *e, const char *who)
{
    err_set(e, ERR_JOB_KIND, "kind", NULL);
    err_arg(e, "who", "%s", who);
    return ERR_JOB_KIND;
}

static enum err may_make(const struct hall_tx *tx, const struct job_rules *r, struct err_info *e)
{
    int en = tx->lang == LANG_EN;
    int ok = tx->who.kind == BY_STAFF       ? (staff_role_from_code(tx->who.role) & r->roles) != 0
             : tx->who.kind == BY_APPLICANT ? r->applicant
                                            : r->anonymous;
    if (ok)
        return ERR_OK;
    if (r->roles == STAFF_MAKER)
        return refuse_kind(e, en ? "a maker" : "制证员");
    return refuse_kind(e, en ? "the signed-in user" : "已登录的用户");
}

static enum err refuse_ukey(struct hall_tx *tx, struct err_info *e, const char *serial)
{
    err_set(e, ERR_JOB_UKEY, "serial", "%s", serial);
    err_arg(e, "serial", "%s", ukey_serial_text(tx->arena, serial));
    return ERR_JOB_UKEY;
}

/* ---- what each kind asks before it begins ---- */

struct plan {
    const struct job_new *n;
    const char *serial;
    int64_t id, order;
    const char *project;
};

/* T4: the user's own UKey, sent to him, and an SMS code that he has just typed. */
static enum err plan_activate(struct hall_tx *tx, struct plan *p, struct err_info *e)
{
    struct ukey k;
    int64_t used;
    const struct store_row *sms;
    enum err err = ukey_get(tx, p->serial, &k, e);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && k.account != tx->who.id))
        return refuse_ukey(tx, e, p->serial);
    TRY(err);
    if (k.state != FLOW_UKEY_ISSUED)
        return refuse_ukey(tx, e, p->serial);
    p->order = k.order;
    TRY(store_opt(tx->db, &Q_job_sms_get, PARAMS(P_INT(p->n->sms)), tx->arena, &sms, e));
    struct bytes browser = job_index(tx->hall, tx->arena, "browser", p->n->browser);
    int right = sms && row_int(sms, "account_id") == tx->who.id &&
                !strcmp(row_text(sms, "serial"), p->serial) &&
                row_blob(sms, "browser").n == browser.n &&
                mem_equal(row_blob(sms, "browser").p, browser.p, browser.n);
    if (!right)
        return err_set(e, ERR_JOB_SMS, "sms_id", NULL);
    TRY(store_exec(tx->db, &Q_job_sms_use,
                   PARAMS(P_INT(p->n->sms), P_INT(p->id), P_INT(tx->machine - JOB_FINISH_MS)),
                   &used, e));
    return used ? ERR_OK : err_set(e, ERR_JOB_SMS, "sms_id", "used, or verified too long ago");
}

/* Two makers must not drive the same order; a job that nobody is at is taken over. */
enum err job_take_over(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    struct store_rows rows;
    struct job_row old;
    TRY(store_many(tx->db, &Q_job_of_order, PARAMS(P_INT(order), P_TEXT("produce")), tx->arena,
                   &rows, e));
    if (!rows.n)
        return ERR_OK;
    TRY(job_load(tx, row_int(&rows.row[0], "id"), &old, e));
    if (job_is_over(old.j.state))
        return ERR_OK;
    if (old.j.staff != tx->who.id && old.j.state != JOB_WAITING) {
        err_set(e, ERR_TASK_TAKEN, NULL, "job %lld", (long long)old.j.id);
        err_arg(e, "who", "%s", old.staff_name);
        return ERR_TASK_TAKEN;
    }
    old.j.state = JOB_CANCELLED;
    return job_store(tx, &old, e);
}

static enum err four_checks(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    struct production_facts facts;
    struct production_check check[PRODUCTION_CHECKS];
    TRY(job_production_facts(tx, order, &facts, e));
    if (facts.reviewer_is_maker)
        return err_set(e, ERR_REVIEW_FOUR_EYES, NULL, "G-11");
    if (!production_check(&facts, tx->lang, tx->arena, check))
        return err_set(e, ERR_MAKE_CHECKS, NULL, "order %lld", (long long)order);
    return ERR_OK;
}

static enum err plan_produce(struct hall_tx *tx, struct plan *p, struct err_info *e)
{
    struct order o;
    struct ukey_staff own;
    int found;
    TRY(order_get(tx, p->n->order, &o, e));
    if (o.states.at[FLOW_FULFILMENT] != FLOW_FULFILMENT_QUEUED)
        return err_set(e, ERR_ORDER_STATE, NULL, "not waiting to be made");
    TRY(ukey_of_staff(tx, tx->who.id, &own, &found, e));
    if (!found)
        return err_set(e, ERR_JOB_MAKER_UKEY, NULL, NULL);
    TRY(job_take_over(tx, o.id, e));
    if (*p->serial)
        TRY(ukey_reserve_this(tx, o.project, o.id, p->serial, e));
    else
        TRY(ukey_reserve(tx, o.project, o.id, &p->serial, e));
    p->order = o.id;
    p->project = o.project;
    return four_checks(tx, o.id, e);
}

static enum err plan_wipe(struct hall_tx *tx, struct plan *p, struct err_info *e)
{
    struct ukey k;
    enum err err = ukey_get(tx, p->serial, &k, e);
    if (err == ERR_NOT_FOUND)
        return refuse_ukey(tx, e, p->serial);
    TRY(err);
    /* one that came back, or one on which making broke off before a certificate was there (T15) */
    if (k.state != FLOW_UKEY_RETURNED && k.state != FLOW_UKEY_INITIALISED)
        return refuse_ukey(tx, e, p->serial);
    p->order = k.order;
    p->project = k.project;
    return ERR_OK;
}

/* An applicant may name one of his own keys only. */
static enum err plan_user(struct hall_tx *tx, struct plan *p, struct err_info *e)
{
    struct ukey k;
    if (!*p->serial || tx->who.kind != BY_APPLICANT)
        return ERR_OK;
    enum err err = ukey_get(tx, p->serial, &k, e);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && k.account != tx->who.id))
        return refuse_ukey(tx, e, p->serial);
    return err;
}

static enum err plan(struct hall_tx *tx, struct plan *p, struct err_info *e)
{
    switch (p->n->kind) {
    case JOB_ACTIVATE:
        return plan_activate(tx, p, e);
    case JOB_PRODUCE:
        return plan_produce(tx, p, e);
    case JOB_WIPE:
        return plan_wipe(tx, p, e);
    default:
        return plan_user(tx, p, e);
    }
}

/* ---- tickets ---- */

static struct bytes nonce(struct arena *a)
{
    const char *text = job_random(a, 16);
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

struct secrets {
    const char *ticket, *code;
    struct bytes ticket_index, code_index;
};

static struct secrets secrets_new(const struct hall *h, struct arena *a)
{
    struct secrets s = {.ticket = job_random(a, 16), .code = job_random_code(a)};
    s.ticket_index = job_index(h, a, "ticket", s.ticket);
    s.code_index = job_index(h, a, "code", s.code);
    return s;
}

static enum err insert(struct hall_tx *tx, const struct plan *p, const struct secrets *s,
                       struct err_info *e)
{
    int staff = tx->who.kind == BY_STAFF;
    const struct bytes none = {(const uint8_t *)"", 0};
    struct bytes browser = job_index(tx->hall, tx->arena, "browser", p->n->browser);
    return store_exec(tx->db, &Q_job_add,
                      PARAMS(P_INT(p->id), P_TEXT(job_kind_text(p->n->kind)), P_BLOB(browser),
                             P_INT(tx->who.kind == BY_APPLICANT ? tx->who.id : 0),
                             P_INT(staff ? tx->who.id : 0), P_TEXT(staff ? tx->who.name : ""),
                             P_TEXT(staff ? tx->who.role : ""), P_TEXT(p->project), P_INT(p->order),
                             P_TEXT(p->serial), P_INT(p->n->sms), P_INT(tx->machine),
                             P_BLOB(s->ticket_index), P_INT(tx->machine + JOB_TICKET_MS),
                             P_BLOB(s->code_index), P_INT(tx->machine + JOB_CODE_MS),
                             P_INT(tx->machine + job_rules_of(p->n->kind)->life_ms), P_BLOB(none),
                             P_BLOB(nonce(tx->arena))),
                      NULL, e);
}

/* The page was opened again: its earlier links of the same kind die. */
static enum err cancel_earlier(struct hall_tx *tx, const struct job_new *n, struct err_info *e)
{
    struct store_rows rows;
    struct bytes browser = job_index(tx->hall, tx->arena, "browser", n->browser);
    TRY(store_many(tx->db, &Q_job_of_browser,
                   PARAMS(P_BLOB(browser), P_TEXT(job_kind_text(n->kind))), tx->arena, &rows, e));
    for (size_t i = 0; i < rows.n; i++) {
        struct job_row old;
        TRY(job_load(tx, row_int(&rows.row[i], "id"), &old, e));
        old.j.state = JOB_CANCELLED;
        TRY(job_store(tx, &old, e));
    }
    return ERR_OK;
}

static void give_secrets(struct job *j, const struct secrets *s)
{
    j->ticket = s->ticket;
    j->code = s->code;
}

enum err job_make(struct hall_tx *tx, const struct job_new *n, struct job *out, struct err_info *e)
{
    struct job_row row;
    struct plan p = {.n = n, .order = n->order, .project = n->project ? n->project : ""};
    const char *typed = n->serial ? n->serial : "";
    if (!*n->browser)
        return err_set(e, ERR_INTERNAL, NULL, "a job without a browser");
    TRY(may_make(tx, job_rules_of(n->kind), e));
    p.serial = *typed ? ukey_serial_mend(tx->arena, typed) : "";
    if (!p.serial || ((n->kind == JOB_ACTIVATE || n->kind == JOB_WIPE) && !*p.serial))
        return refuse_ukey(tx, e, *typed ? typed : "-");
    if (tx->who.kind == BY_SYSTEM && *tx->who.address)
        TRY(limit_take(tx, LIMIT_JOB, limit_address(tx->arena, tx->who.address), e));
    p.id = hall_new_id(tx->hall);
    TRY(cancel_earlier(tx, n, e));
    TRY(plan(tx, &p, e));
    struct secrets s = secrets_new(tx->hall, tx->arena);
    TRY(insert(tx, &p, &s, e));
    TRY(job_load(tx, p.id, &row, e));
    /* nobody's job leaves a row from its fetch on: a page alone must not fill what is kept for ever */
    if (tx->who.kind != BY_SYSTEM)
        TRY(job_audit(tx, "job.make", &row, job_kind_text(n->kind), e));
    give_secrets(&row.j, &s);
    *out = row.j;
    return ERR_OK;
}

enum err job_get(struct hall_tx *tx, int64_t id, const char *browser, struct job *out,
                 struct err_info *e)
{
    struct job_row row;
    TRY(job_load_of(tx, id, browser, &row, e));
    *out = row.j;
    return ERR_OK;
}

enum err job_of_order(struct hall_tx *tx, int64_t order, struct job *out, int *found,
                      struct err_info *e)
{
    struct store_rows rows;
    struct job_row row;
    TRY(store_many(tx->db, &Q_job_of_order, PARAMS(P_INT(order), P_TEXT("produce")), tx->arena,
                   &rows, e));
    *found = rows.n > 0;
    if (!rows.n)
        return ERR_OK;
    TRY(job_load(tx, row_int(&rows.row[0], "id"), &row, e));
    *out = row.j;
    return ERR_OK;
}

/* A first PIN is authorised for its hour only; work on the bench may go on as long as somebody is at it. */
enum err job_ticket(struct hall_tx *tx, int64_t id, const char *browser, struct job *out,
                    struct err_info *e)
{
    struct job_row row;
    const struct bytes none = {(const uint8_t *)"", 0};
    TRY(job_load_of(tx, id, browser, &row, e));
    /* finishing: the agent ended before its browser had the token, or that browser is gone */
    int again = job_is_at_work(row.j.state) || row.j.state == JOB_FAILED ||
                row.j.state == JOB_FINISHING;
    if (!again || tx->machine > row.j.ends_at)
        return err_set(e, ERR_JOB_OVER, NULL, "job %lld is %s", (long long)id,
                       job_state_text(row.j.state));
    struct secrets s = secrets_new(tx->hall, tx->arena);
    TRY(store_exec_one(tx->db, &Q_job_set_ticket,
                       PARAMS(P_INT(id), P_INT(row.j.version), P_BLOB(s.ticket_index),
                              P_INT(tx->machine + JOB_TICKET_MS), P_BLOB(s.code_index),
                              P_INT(tx->machine + JOB_CODE_MS), P_BLOB(none),
                              P_BLOB(nonce(tx->arena))),
                       e));
    TRY(job_load(tx, id, &row, e));
    row.j.state = JOB_WAITING;
    row.j.step = row.j.progress = row.j.problem = "";
    row.finish_until = 0;
    if (job_of_staff(&row))
        row.j.ends_at = tx->machine + job_rules_of(row.j.kind)->life_ms;
    TRY(job_store(tx, &row, e));
    give_secrets(&row.j, &s);
    *out = row.j;
    return ERR_OK;
}

enum err job_cancel(struct hall_tx *tx, int64_t id, const char *browser, struct job *out,
                    struct err_info *e)
{
    struct job_row row;
    TRY(job_load_of(tx, id, browser, &row, e));
    if (!job_is_over(row.j.state)) {
        row.j.state = JOB_CANCELLED;
        TRY(job_store(tx, &row, e));
    }
    *out = row.j;
    return ERR_OK;
}

enum err job_prune(struct hall_tx *tx, struct err_info *e)
{
    int64_t old = tx->machine - TIME_DAY;
    TRY(store_exec(tx->db, &Q_job_prune, PARAMS(P_INT(old)), NULL, e));
    return store_exec(tx->db, &Q_job_sms_prune, PARAMS(P_INT(old)), NULL, e);
}
