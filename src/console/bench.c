/* The production bench: its queue, one order with everything the maker must see, the label, the quality check. */
#include "console/console_priv.h"

#include "base/sys.h"
#include "base/text.h"
#include "console/work.h"
#include "hall/certificate/certificate.h"
#include "hall/intake/intake.h"
#include "hall/job/job.h"
#include "hall/order/order.h"
#include "hall/production/production.h"
#include "hall/project/project.h"

#include <inttypes.h>
#include <string.h>

enum { QUEUE_SHOWN = 50 };

HANDLER(console_bench_get)
{
    static const char *const maker[] = {"maker", NULL};
    struct report_work_filter f = {.roles = maker, .kind = "produce", .limit = QUEUE_SHOWN};
    struct report_work_counts counts;
    struct production_numbers numbers;
    const struct report_work *w;
    size_t n;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(production_numbers(&tx, &numbers, e));
    TRY(report_work_counts(&tx, &f, &counts, e));
    TRY(report_work_list(&tx, &f, &w, &n, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_int(&j, "made_today", numbers.made_today);
    jout_int(&j, "waiting", numbers.waiting);
    jout_int(&j, "due_today", counts.due_today + counts.overdue);
    jout_list(&j, "queue");
    for (size_t i = 0; i < n; i++)
        TRY(console_write_work(&tx, &w[i], &j, NULL, e));
    jout_end(&j);
    jout_end(&j);
    return ERR_OK;
}

/* ---- one order ---- */

struct bench {
    struct hall_tx *tx;
    struct order order;
    struct production_facts facts;
    struct production_check check[PRODUCTION_CHECKS];
    int checked;
    struct production made; /* of an order that is made or waits for it */
    struct ukey key;
    struct certificate certificate;
    int produced, has_key, has_certificate;
};

/* An order that never came to the bench is not there. */
static enum err load(struct hall_tx *tx, int64_t order, struct bench *b, struct err_info *e)
{
    b->tx = tx;
    TRY(order_get(tx, order, &b->order, e));
    TRY(production_of_order(tx, order, &b->made, &b->produced, e));
    if (!b->produced)
        return err_set(e, ERR_NOT_FOUND, "order", "not in production");
    TRY(job_production_facts(tx, order, &b->facts, e));
    b->checked = production_check(&b->facts, tx->lang, tx->arena, b->check);
    TRY(ukey_of_order(tx, order, &b->key, &b->has_key, e));
    TRY(certificate_of_order(tx, order, &b->certificate, &b->has_certificate, e));
    b->has_certificate = b->has_certificate && *b->certificate.serial;
    return ERR_OK;
}

static int is_queued(const struct bench *b)
{
    return b->order.states.at[FLOW_FULFILMENT] == FLOW_FULFILMENT_QUEUED;
}

/* Why making cannot begin; NULL: it can. */
static const char *blocked(const struct bench *b)
{
    enum lang lang = b->tx->lang;
    if (b->made.waiting_for_ca)
        return web_word(lang, "排队等待签发，不用重复操作",
                        "Waiting for the authority; it goes on by itself");
    if (!is_queued(b))
        return web_word(lang, "这张业务单已经制作过了", "The UKey of this order is made already");
    for (int i = 0; i < PRODUCTION_CHECKS; i++)
        if (!b->check[i].ok)
            return b->check[i].text;
    if (b->facts.reviewer_is_maker)
        return web_word(lang, "您审核过这张业务单，要由另一位同事制作",
                        "You reviewed this order; another person must make it");
    return NULL;
}

static void write_checks(const struct bench *b, struct json_out *j)
{
    jout_list(j, "checks");
    for (int i = 0; i < PRODUCTION_CHECKS; i++) {
        jout_object(j, NULL);
        jout_text(j, "title", b->check[i].title);
        jout_text(j, "text", b->check[i].text);
        jout_bool(j, "ok", b->check[i].ok);
        jout_end(j);
    }
    jout_end(j);
    jout_text(j, "four_eyes",
              b->facts.reviewer_is_maker
                  ? web_word(b->tx->lang, "审核人和制作人是同一人，要换一位同事制作",
                             "Reviewer and maker are the same person: another must make it")
                  : web_word(b->tx->lang, "审核人与制作人不是同一人",
                             "Reviewer and maker are different people"));
}

static void content(struct json_out *j, const char *label, const char *value)
{
    if (!*value)
        return;
    jout_object(j, NULL);
    jout_text(j, "label", label);
    jout_text(j, "value", value);
    jout_end(j);
}

static const char *validity(const struct bench *b)
{
    struct arena *a = b->tx->arena;
    if (b->has_certificate)
        return arena_fmt(a, "%s – %s", time_date_text(a, time_china_day(b->certificate.not_before)),
                         time_date_text(a, time_china_day(b->certificate.not_after)));
    return arena_fmt(a, b->tx->lang == LANG_EN ? "%d days from issue" : "签发起 %d 天",
                     b->order.rules_of->cert.validity_days);
}

/* What the certificate says, or will say: the regulator's signed row alone (design §1). */
static void write_contents(const struct bench *b, struct json_out *j)
{
    enum lang lang = b->tx->lang;
    jout_list(j, "contents");
    content(j, web_word(lang, "单位名称（O）", "Institution (O)"), b->facts.institution_name);
    content(j, web_word(lang, "报送机构编码（OU）", "Reporting code (OU)"),
            b->facts.reporting_code);
    content(j, web_word(lang, "用户（CN）", "User (CN)"), b->facts.user_name);
    content(j, web_word(lang, "算法", "Algorithm"),
            project_algorithm_name(b->order.rules_of->cert.algorithm));
    content(j, web_word(lang, "有效期", "Validity"), validity(b));
    if (b->has_certificate)
        content(j, web_word(lang, "证书序列号", "Certificate serial"), b->certificate.serial);
    jout_end(j);
}

static struct production_label label_of(const struct bench *b)
{
    return (struct production_label){.serial = b->made.serial,
                                     .institution = *b->facts.institution_name
                                                        ? b->facts.institution_name
                                                        : b->order.institution_name,
                                     .user = b->facts.user_name,
                                     .order = b->order.id,
                                     .not_after = b->has_certificate ? b->certificate.not_after : 0,
                                     .hotline = b->order.rules_of->about.hotline};
}

static void write_label(const struct bench *b, struct json_out *j)
{
    const char *line[PRODUCTION_LABEL_LINES];
    struct production_label l = label_of(b);
    int n = production_label_lines(&l, b->tx->lang, b->tx->arena, line);
    if (!*l.serial)
        return;
    jout_object(j, "label");
    jout_list(j, "lines");
    for (int i = 0; i < n; i++)
        jout_text(j, NULL, line[i]);
    jout_end(j);
    jout_text(j, "serial_text", ukey_serial_text(b->tx->arena, l.serial));
    jout_end(j);
}

static void write_quality(const struct bench *b, struct json_out *j)
{
    if (!b->made.quality_at)
        return;
    jout_object(j, "quality");
    jout_text(j, "at", time_rfc3339(b->tx->arena, b->made.quality_at));
    jout_text(j, "who", b->made.quality_who);
    jout_bool(j, "passed", b->made.quality_passed);
    web_some(j, "reason", b->made.quality_reason);
    jout_end(j);
}

static void action(struct json_out *j, const char *code, const char *label, int primary,
                   const char *unavailable)
{
    jout_object(j, NULL);
    jout_text(j, "code", code);
    jout_text(j, "label", label);
    jout_bool(j, "primary", primary);
    web_some(j, "unavailable", unavailable);
    jout_end(j);
}

static void write_actions(const struct httpd_request *r, const struct bench *b, struct json_out *j)
{
    enum lang lang = b->tx->lang;
    int state = b->order.states.at[FLOW_FULFILMENT];
    jout_list(j, "actions");
    if (is_queued(b) && console_has(r, STAFF_MAKER))
        action(j, "produce", web_word(lang, "开始制作", "Make the UKey"), 1, blocked(b));
    if (is_queued(b) && *b->made.serial && console_has(r, STAFF_MAKER))
        action(j, "scrap",
               web_word(lang, "这支 UKey 坏了，换一支", "This UKey is broken, take another"), 0,
               NULL);
    if (*b->made.serial && !is_queued(b))
        action(j, "label", web_word(lang, "打印标签", "Print the label"), 0, NULL);
    if (state == FLOW_FULFILMENT_MADE)
        action(j, "quality", web_word(lang, "质检合格，装箱", "Checked, pack it"), 1, NULL);
    jout_end(j);
}

static enum err write_job(struct hall_tx *tx, int64_t order, struct json_out *j, struct err_info *e)
{
    struct job job;
    int found;
    TRY(job_of_order(tx, order, &job, &found, e));
    return found ? job_write(tx, &job, j, "job", e) : ERR_OK;
}

static enum err write_production(const struct httpd_request *r, struct bench *b, struct json_out *j,
                                 struct err_info *e)
{
    struct hall_tx *tx = b->tx;
    const char *why = blocked(b);
    jout_object(j, NULL);
    jout_text(j, "order", arena_fmt(tx->arena, "%019" PRId64, b->order.id));
    jout_text(j, "title", order_title(&b->order, tx->lang));
    jout_text(j, "institution", b->order.institution_name);
    TRY(order_write_status(tx, &b->order, ORDER_FOR_STAFF, j, "status", e));
    write_checks(b, j);
    write_contents(b, j);
    jout_bool(j, "ready", !why);
    web_some(j, "blocked_text", why);
    TRY(write_job(tx, b->order.id, j, e));
    if (b->has_key) {
        jout_object(j, "key");
        TRY(certificate_write_key_members(tx, &b->key, j, e));
        jout_end(j);
    }
    write_label(b, j);
    write_quality(b, j);
    write_actions(r, b, j);
    jout_end(j);
    return ERR_OK;
}

HANDLER(console_production_get)
{
    struct bench *b = arena_alloc(r->arena, sizeof *b);
    int64_t order;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "order", &order, e));
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(load(&tx, order, b, e));
    httpd_reply_json(reply, &j);
    return write_production(r, b, &j, e);
}

HANDLER(console_label_get)
{
    struct bench *b = arena_alloc(r->arena, sizeof *b);
    int64_t order;
    struct bytes pdf;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "order", &order, e));
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(load(&tx, order, b, e));
    struct production_label l = label_of(b);
    if (!*l.serial)
        return err_set(e, ERR_NOT_FOUND, NULL, "no UKey yet");
    TRY(production_label_pdf(&l, r->lang, r->arena, &pdf, e));
    reply->content_type = "application/pdf";
    httpd_reply_header(reply, "Content-Disposition",
                       arena_fmt(r->arena, "inline; filename=\"label-%s.pdf\"", l.serial));
    httpd_reply_borrow(reply, pdf, NULL, NULL);
    return ERR_OK;
}

/* Job ids come as texts, and may be absent. */
static enum err job_id(const json_t *body, int64_t *out, struct err_info *e)
{
    const char *text = json_opt_text(body, "job", "");
    *out = 0;
    if (!*text || text_to_id(text, out))
        return ERR_OK;
    return err_set(e, ERR_MAKE_PROOF, "job", "%s is no job", text);
}

/* Its UKey was scrapped: at once where the ca is there, otherwise by the outbox. */
static void push_revocation(const struct console *c, int64_t order)
{
    struct err_info e;
    if (certificate_push(c->hall, order, &e) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "bench.scrap", "order %" PRId64 ": not revoked yet: %s", order,
                 e.detail);
}

HANDLER(console_quality_check)
{
    struct bench *b = arena_alloc(r->arena, sizeof *b);
    struct job_quality q = {.browser = console_visitor(r)->token};
    const json_t *body;
    struct json_out j;
    struct web_field reason = {"reason", web_word(r->lang, "原因", "the reason"), 2, 500};
    struct web_field scanned = {"scanned_serial",
                                web_word(r->lang, "标签上的序列号", "the label's serial"), 1, 64};
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "order", &q.order, e));
    TRY(httpd_json(r, &body, e));
    TRY(json_get_bool(body, "passed", &q.passed, e));
    TRY(job_id(body, &q.job, e));
    TRY(q.passed ? web_text(r, body, &scanned, &q.scanned, e)
                 : web_text(r, body, &reason, &q.reason, e));
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(job_quality_check(&tx, &q, e));
    TRY(load(&tx, q.order, b, e));
    httpd_reply_json(reply, &j);
    TRY(write_production(r, b, &j, e));
    TRY(hall_commit(&tx, e));
    if (!q.passed)
        push_revocation(app, q.order);
    return ERR_OK;
}

HANDLER(console_ukey_scrap)
{
    const struct console *c = app;
    struct job_scrap s;
    const json_t *body;
    const struct web_field reason = {"reason", web_word(r->lang, "原因", "the reason"), 2, 500};
    const struct web_field serial = {"serial", web_word(r->lang, "序列号", "the serial"), 1, 64};
    TRY(httpd_param_id(r, "order", &s.order, e));
    TRY(httpd_json(r, &body, e));
    TRY(web_text(r, body, &serial, &s.serial, e));
    TRY(web_text(r, body, &reason, &s.reason, e));
    TRY(job_scrap(c->hall, &console_visitor(r)->actor, &s, r->arena, e));
    return console_production_get(r, reply, app, e);
}
