/* What an order does to itself: number, price, form, agreement, limit. */
#include "hall/calendar/calendar.h"
#include "hall/institution/institution.h"
#include "hall/order/order_priv.h"
#include "hall/order/order_sql.h"
#include "hall/task/task.h"
#include "pki/digest.h"

#include <inttypes.h>
#include <string.h>

enum err order_fx_nothing(struct order_run *run, struct err_info *e)
{
    (void)run;
    (void)e;
    return ERR_OK;
}

static int find_fee(const struct order_run *run, struct project_fee *out)
{
    struct project_fee_case c = {.type = run->o.type, .days_since_receipt = -1};
    return project_fee_of(run->o.rules_of, &c, out);
}

enum err order_fx_price_preview(struct order_run *run, struct err_info *e)
{
    struct project_fee fee;
    (void)e;
    if (find_fee(run, &fee)) {
        run->o.amount_fen = fee.amount_fen;
        run->o.fee_rule = fee.rule;
    }
    return ERR_OK;
}

/* The registration as the regulator approved it, for the applicant to check (S0-18). */
static enum err known_values(struct order_run *run, struct form_value *out, size_t *n,
                             struct err_info *e)
{
    const struct account *a;
    struct institution inst;
    TRY(order_account(run, &a, e));
    TRY(institution_get(run->tx, a->institution, &inst, e));
    const struct form_value known[] = {
        {.name = "application.institution_name", .value = inst.name},
        {.name = "application.reporting_code", .value = a->reporting_code},
        {.name = "application.user_name", .value = a->user_name},
        {.name = "application.uscc", .value = inst.uscc},
        {.name = "application.handler", .value = a->handler},
        {.name = "application.mobile", .value = a->mobile},
        {.name = "application.email", .value = a->email},
    };
    memcpy(out, known, sizeof known);
    *n = sizeof known / sizeof *known;
    return ERR_OK;
}

/* A draft that somebody works on is kept. */
static void keep_draft(struct order_run *run)
{
    int days = run->o.rules_of->order.keep_draft_days;
    run->o.kept_until = days ? calendar_day_end(time_china_day(run->tx->now) + days) : 0;
}

enum err order_fx_prefill(struct order_run *run, struct err_info *e)
{
    struct form_value known[16];
    size_t n;
    TRY(known_values(run, known, &n, e));
    TRY(form_open(run->tx, run->o.id, run->o.rules_of, run->o.type, known, n, e));
    run->holds_limit = run->o.type == TYPE_NEW || run->o.type == TYPE_ADD;
    keep_draft(run);
    return ERR_OK;
}

/* The form as it stands now, whatever was confirmed before. */
static enum err read_now(struct order_run *run, struct err_info *e)
{
    struct form *f = arena_alloc(run->tx->arena, sizeof *f);
    TRY(form_read(run->tx, run->o.id, run->o.rules_of, run->o.type, f, e));
    run->form = f;
    return ERR_OK;
}

/* The name on the order is the one the applicant gives; what the regulator approved stays beside it. */
static void take_name(struct order_run *run)
{
    const char *name = form_get(run->form, "application.institution_name");
    const char *approved = form_original(run->form, "application.institution_name");
    if (!*name)
        return;
    run->o.institution_name = name;
    run->o.name_changed = approved && strcmp(approved, name) != 0;
}

static enum err confirm(struct order_run *run, struct err_info *e)
{
    run->o.revision++;
    return form_confirm(run->tx, run->form, run->o.revision, e);
}

/* C5: the form follows what the regulator approves now. Where that is the name the applicant asked for, the regulator's
 * task is done. */
enum err order_fx_code_update(struct order_run *run, struct err_info *e)
{
    struct form_value known[16];
    size_t n;
    int asked = run->o.name_changed;
    TRY(known_values(run, known, &n, e));
    TRY(form_correct(run->tx, run->o.id, run->o.rules_of, run->o.type, known, n, e));
    TRY(read_now(run, e));
    take_name(run);
    if (run->o.revision)
        TRY(confirm(run, e));
    return asked && !run->o.name_changed ? task_close(run->tx, run->o.id, "name_change", e)
                                         : ERR_OK;
}

enum err order_fx_save_form(struct order_run *run, struct err_info *e)
{
    TRY(form_save(run->tx, run->save, run->saved, e));
    keep_draft(run);
    TRY(read_now(run, e));
    take_name(run);
    return ERR_OK;
}

enum err order_fx_new_revision(struct order_run *run, struct err_info *e)
{
    TRY(read_now(run, e));
    take_name(run);
    return confirm(run, e);
}

/* G-33: the price holds for as many days as the profile says. */
enum err order_freeze_price(struct order_run *run, struct err_info *e)
{
    int32_t today = time_china_day(run->tx->now);
    (void)e;
    run->o.price_until = calendar_day_end(today + run->o.rules_of->pay.price_freeze_days);
    return ERR_OK;
}

enum err order_fx_freeze_price(struct order_run *run, struct err_info *e)
{
    run->o.submitted_at = run->tx->now;
    return order_freeze_price(run, e);
}

/* A changed name needs the regulator: only a signed correction brings it into the certificate. */
static enum err ask_regulator(struct order_run *run, struct err_info *e)
{
    struct task_new t = {
        .kind = "name_change",
        .project = run->o.project,
        .order = run->o.id,
        .subject = "",
        .role = "regulator",
        .note = "",
    };
    return run->o.name_changed ? task_open(run->tx, &t, NULL, e) : ERR_OK;
}

/* G-26: which text was accepted, by its hash. */
enum err order_fx_store_agreement(struct order_run *run, struct err_info *e)
{
    const struct project_template *t = order_agreement(run);
    uint8_t hash[DIGEST_LEN];
    if (!t) /* a project without an agreement asks for none */
        return ask_regulator(run, e);
    const char *text = arena_fmt(run->tx->arena, "%s\n%s", t->text.in[LANG_ZH],
                                 t->text.in[LANG_EN]);
    digest_sha256((struct bytes){(const uint8_t *)text, strlen(text)}, hash);
    run->o.agreement = t->version;
    TRY(store_exec(run->tx->db, &Q_order_agreement,
                   PARAMS(P_INT(run->o.id), P_BLOB(((struct bytes){hash, sizeof hash}))), NULL, e));
    return ask_regulator(run, e);
}

enum err order_fx_release_limit(struct order_run *run, struct err_info *e)
{
    run->holds_limit = 0;
    return task_close(run->tx, run->o.id, "name_change", e);
}

enum err order_fx_close_order(struct order_run *run, struct err_info *e)
{
    (void)e;
    run->o.ended_at = run->tx->now;
    return ERR_OK;
}
