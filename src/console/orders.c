/* The record of an order: everything about it, personal values masked until somebody says why he needs one. */
#include "console/console_priv.h"

#include "console/payments.h"
#include "console/work.h"
#include "hall/account/account.h"
#include "hall/audit/audit.h"
#include "hall/certificate/certificate.h"
#include "hall/form/form.h"
#include "hall/order/order.h"
#include "hall/project/layout.h"
#include "hall/project/project.h"
#include "hall/vault/vault.h"

#include <inttypes.h>
#include <string.h>

enum { PAYMENTS_SHOWN = 50 };

/* ---- fields ---- */

typedef const char *mask_fn(struct arena *a, const char *value);

/* Which values are personal (PIPL 28, 51); NULL: not masked. Names of institutions are public, those of people are not. */
static mask_fn *mask_of(const struct project_field *f)
{
    const char *name = strchr(f->name, '.');
    name = name ? name + 1 : f->name;
    switch (f->kind) {
    case FIELD_MOBILE:
    case FIELD_PHONE:
        return vault_mask_mobile;
    case FIELD_EMAIL:
        return vault_mask_email;
    case FIELD_BANK_ACCOUNT:
        return vault_mask_account;
    case FIELD_REGION:
        return NULL;
    default:
        break;
    }
    if (strcmp(name, "mobile") == 0 || strcmp(name, "phone") == 0)
        return vault_mask_mobile;
    if (strcmp(name, "email") == 0)
        return vault_mask_email;
    if (strstr(name, "address"))
        return vault_mask_address;
    return strcmp(name, "handler") == 0 || strcmp(name, "name") == 0 ? vault_mask_name : NULL;
}

static void write_field(struct hall_tx *tx, const struct form *form,
                        const struct project_section *section, const struct project_field *f,
                        struct json_out *j)
{
    mask_fn *mask = mask_of(f);
    const char *value = form_get(form, f->name), *original = form_original(form, f->name);
    jout_object(j, NULL);
    jout_text(j, "name", f->name);
    jout_text(j, "group", section->title.in[tx->lang]);
    jout_text(j, "label", f->label.in[tx->lang]);
    jout_text(j, "value", mask && *value ? mask(tx->arena, value) : value);
    jout_bool(j, "masked", mask && *value);
    if (original && strcmp(original, value) != 0)
        jout_text(j, "original", mask ? mask(tx->arena, original) : original);
    jout_end(j);
}

static void write_section(struct hall_tx *tx, const struct form *form,
                          const struct project_section *s, struct json_out *j)
{
    for (int q = 0; q < s->questions; q++)
        for (int i = 0; i < s->question[q].fields; i++)
            write_field(tx, form, s, &s->question[q].field[i], j);
}

static enum err write_fields(struct hall_tx *tx, const struct order *o, struct json_out *j,
                             struct err_info *e)
{
    const struct project_form *layout = project_form(o->rules_of, o->type);
    struct form *form = arena_alloc(tx->arena, sizeof *form);
    TRY(form_read(tx, o->id, o->rules_of, o->type, form, e));
    jout_list(j, "fields");
    for (int i = 0; i < layout->sections; i++)
        write_section(tx, form, &layout->section[i], j);
    jout_end(j);
    return ERR_OK;
}

/* ---- facts and what belongs to the order ---- */

static void fact(struct json_out *j, const char *label, const char *value)
{
    if (!value || !*value)
        return;
    jout_object(j, NULL);
    jout_text(j, "label", label);
    jout_text(j, "value", value);
    jout_end(j);
}

static const char *moment(struct hall_tx *tx, int64_t at)
{
    return at ? order_day_text(tx->arena, time_china_day(at), tx->lang) : NULL;
}

static enum err write_facts(struct hall_tx *tx, const struct order *o, struct json_out *j,
                            struct err_info *e)
{
    enum lang lang = tx->lang;
    struct account acc;
    TRY(account_get(tx, o->account, &acc, e));
    jout_list(j, "facts");
    fact(j, web_word(lang, "报送机构编码", "Reporting code"), acc.reporting_code);
    fact(j, web_word(lang, "用户", "User"), acc.user_name);
    fact(j, web_word(lang, "开始", "Begun"), moment(tx, o->created_at));
    fact(j, web_word(lang, "提交", "Submitted"), moment(tx, o->submitted_at));
    fact(j, web_word(lang, "付款", "Paid"), moment(tx, o->paid_at));
    fact(j, web_word(lang, "办结", "Ended"), moment(tx, o->ended_at));
    fact(j, web_word(lang, "价格有效到", "Price holds until"),
         o->paid_at ? "" : moment(tx, o->price_until));
    fact(j, web_word(lang, "用户协议版本", "Agreement"), o->agreement);
    jout_end(j);
    return ERR_OK;
}

static enum err write_payments(struct hall_tx *tx, int64_t order, struct json_out *j,
                               struct err_info *e)
{
    struct report_payment_filter f = {.order = order, .limit = PAYMENTS_SHOWN};
    const struct report_payment *p;
    size_t n;
    TRY(report_payment_list(tx, &f, &p, &n, e));
    jout_list(j, "payments");
    for (size_t i = 0; i < n; i++)
        TRY(console_write_payment(tx, &p[i], 0, j, e));
    jout_end(j);
    return ERR_OK;
}

static enum err write_certificate(struct hall_tx *tx, int64_t order, struct json_out *j,
                                  struct err_info *e)
{
    struct certificate c;
    int found;
    TRY(certificate_of_order(tx, order, &c, &found, e));
    if (!found || !*c.serial)
        return ERR_OK;
    jout_object(j, "certificate");
    certificate_write_members(&c, tx, j);
    jout_end(j);
    return ERR_OK;
}

static enum err write_tasks(struct hall_tx *tx, int64_t order, struct json_out *j,
                            struct err_info *e)
{
    const struct report_work *w;
    size_t n;
    TRY(report_work_of_order(tx, order, &w, &n, e));
    jout_list(j, "tasks_open");
    for (size_t i = 0; i < n; i++)
        TRY(console_write_work(tx, &w[i], j, NULL, e));
    jout_end(j);
    return ERR_OK;
}

HANDLER(console_order_get)
{
    struct order o;
    int64_t id;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "order", &id, e));
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(order_get(&tx, id, &o, e));
    audit_access(&tx, "order.view", arena_fmt(r->arena, "order:%" PRId64, id));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    TRY(order_write_members(&tx, &o, ORDER_FOR_STAFF, &j, e));
    jout_int(&j, "revision", o.revision);
    jout_text(&j, "profile_version", arena_fmt(r->arena, "%" PRId64, o.profile));
    TRY(write_fields(&tx, &o, &j, e));
    TRY(write_facts(&tx, &o, &j, e));
    TRY(write_payments(&tx, id, &j, e));
    TRY(write_certificate(&tx, id, &j, e));
    TRY(write_tasks(&tx, id, &j, e));
    jout_end(&j);
    return ERR_OK;
}

/* ---- log ---- */

HANDLER(console_order_log_list)
{
    struct web_page page;
    struct order o;
    struct account acc;
    const struct order_log *log;
    int64_t id;
    size_t n;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "order", &id, e));
    TRY(web_page(r, &page, e));
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(order_get(&tx, id, &o, e));
    TRY(account_get(&tx, o.account, &acc, e));
    TRY(order_log_list(&tx, id, page.after, page.limit, &log, &n, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++) {
        int handler = *acc.handler && strcmp(log[i].who, acc.handler) == 0;
        jout_object(&j, NULL);
        jout_text(&j, "at", time_rfc3339(r->arena, log[i].at));
        jout_text(&j, "text", *log[i].text ? log[i].text : log[i].desk);
        jout_text(&j, "who", handler ? vault_mask_name(r->arena, log[i].who) : log[i].who);
        jout_end(&j);
    }
    jout_end(&j);
    web_next(&j, &page, n, n ? log[n - 1].id : 0);
    jout_end(&j);
    return ERR_OK;
}

/* ---- reveal ---- */

static const struct project_field *find_field(const struct order *o, const char *name)
{
    const struct project_form *layout = project_form(o->rules_of, o->type);
    for (int s = 0; s < layout->sections; s++)
        for (int q = 0; q < layout->section[s].questions; q++)
            for (int i = 0; i < layout->section[s].question[q].fields; i++)
                if (strcmp(layout->section[s].question[q].field[i].name, name) == 0)
                    return &layout->section[s].question[q].field[i];
    return NULL;
}

/* Each desk sees what its work needs: shipping the parcel's values, finance the invoice's. */
static int needs(const struct httpd_request *r, const char *name)
{
    if (console_has(r, STAFF_SUPPORT | STAFF_REVIEWER))
        return 1;
    return (console_has(r, STAFF_SHIPPING) && strncmp(name, "mailing.", 8) == 0) ||
           (console_has(r, STAFF_FINANCE) && strncmp(name, "invoice.", 8) == 0);
}

static enum err note_reveal(struct hall_tx *tx, int64_t order, const char *field,
                            const char *reason, struct err_info *e)
{
    struct audit_entry x = {.act = "order.reveal",
                            .order = order,
                            .object = arena_fmt(tx->arena, "order:%" PRId64, order),
                            .new_value = field,
                            .reason = reason};
    return audit_write(tx, &x, e);
}

HANDLER(console_order_reveal)
{
    const struct web_field why = {"reason", web_word(r->lang, "原因", "the reason"), 2, 200};
    struct form *form = arena_alloc(r->arena, sizeof *form);
    struct order o;
    const json_t *body;
    const char *field, *reason;
    int64_t id;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "order", &id, e));
    TRY(httpd_json(r, &body, e));
    TRY(json_get_text(body, "field", &field, e));
    TRY(web_text(r, body, &why, &reason, e));
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(order_get(&tx, id, &o, e));
    if (!find_field(&o, field))
        return err_set(e, ERR_NOT_FOUND, "field", "%s", field);
    if (!needs(r, field)) {
        err_set(e, ERR_FORBIDDEN, "field", "%s", field);
        err_arg(e, "who", "%s", console_role_text(STAFF_SUPPORT, r->lang));
        return ERR_FORBIDDEN;
    }
    TRY(form_read(&tx, id, o.rules_of, o.type, form, e));
    TRY(note_reveal(&tx, id, field, reason, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "field", field);
    jout_text(&j, "value", form_get(form, field));
    jout_end(&j);
    return hall_commit(&tx, e);
}
