/* 待办: the work list of a person's roles. */
#include "console/work.h"

#include "base/text.h"
#include "console/console_priv.h"
#include "console/queue.h"
#include "hall/audit/audit.h"
#include "hall/calendar/calendar.h"
#include "hall/certificate/certificate.h"
#include "hall/intake/intake.h"
#include "hall/order/order.h"
#include "hall/outbox/outbox.h"
#include "hall/project/project.h"
#include "hall/task/task.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *stage[2]; /* what is waited for */
    const char *action, *label[2];
} WORDS[QUEUE_COUNT] = {
    [QUEUE_NAME_CHANGE] = {{"名称变更", "Changed name"}, "open_task", {"处理", "Open"}},
    [QUEUE_REVIEW] = {{"待审核", "Review"}, "open_task", {"审核", "Review"}},
    [QUEUE_PRODUCE] = {{"待制作", "To be made"}, "produce", {"开始制作", "Make"}},
    [QUEUE_QUALITY] = {{"待质检", "Quality check"}, "quality", {"质检打包", "Check and pack"}},
    [QUEUE_SHIP] = {{"待寄出", "To be sent"}, "ship", {"交给快递", "Hand to courier"}},
    [QUEUE_PAYMENT] = {{"待核对收款", "Payment to check"}, "open_task", {"核对", "Check"}},
    [QUEUE_INVOICE] = {{"待开票", "To be invoiced"}, "open_task", {"开票", "Invoice"}},
    [QUEUE_REVOKE_PROPOSAL] = {{"建议停用", "Revocation proposed"}, "open_task", {"处理", "Open"}},
    [QUEUE_APPROVAL] = {{"待复核", "Second person"}, "open_task", {"去决定", "Decide"}},
    [QUEUE_SUPPORT] = {{"需人工处理", "Needs a person"}, "open_task", {"处理", "Open"}},
};

static const char *title_of(const struct report_work *w, enum lang lang)
{
    static const struct {
        const char *kind, *title[2];
    } others[] = {
        {"batch_refused", {"签发端没有接受名单", "The authority did not take a list"}},
        {"outbox_dead", {"有消息没有发出去", "A message could not be sent"}},
    };
    if (*w->institution)
        return w->institution;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(others[i].kind, w->kind) == 0)
            return others[i].title[lang];
    return WORDS[console_queue_of(w->kind)].stage[lang];
}

static void write_texts(struct hall_tx *tx, const struct report_work *w, struct json_out *j)
{
    const struct project *p = projects_find(tx->hall->projects, w->project);
    int type = flow_type_from_name(w->type);
    if (w->order)
        jout_text(j, "order", arena_fmt(tx->arena, "%019" PRId64, w->order));
    if (p && type >= 0)
        jout_text(j, "type_text", p->type[type].title.in[tx->lang]);
    if (p)
        jout_text(j, "project_text", p->about.name.in[tx->lang]);
    jout_text(j, "stage_text", WORDS[console_queue_of(w->kind)].stage[tx->lang]);
}

static void note(struct json_out *j, const char *tone, const char *text)
{
    jout_object(j, NULL);
    jout_text(j, "text", text);
    jout_text(j, "tone", tone);
    jout_end(j);
}

static void write_notes(const struct hall_tx *tx, const struct report_work *w, struct json_out *j)
{
    jout_list(j, "notes");
    if (w->name_changed)
        note(j, "warn",
             web_word(tx->lang, "单位名称与核准的不同", "Name differs from the approved one"));
    if (strcmp(w->kind, "late") == 0)
        note(j, "warn",
             web_word(tx->lang, "办理时限已用去八成，还没有办完",
                      "Four fifths of the time are used, and it is not done"));
    if (w->waits_for_ca)
        note(j, "info", web_word(tx->lang, "排队等待签发", "Waiting for the authority"));
    jout_end(j);
}

/* A task without a time limit says so: Due is required. */
static void write_due(struct hall_tx *tx, const struct report_work *w, struct json_out *j)
{
    struct order_due due = {
        .at = w->due_at, .started_at = w->opened_at, .provisional = w->provisional};
    if (w->due_at) {
        order_write_due(tx, &due, j, "due");
        return;
    }
    jout_object(j, "due");
    jout_text(j, "date", time_date_text(tx->arena, time_china_day(w->opened_at)));
    jout_text(j, "text", web_word(tx->lang, "没有时限", "no time limit"));
    jout_end(j);
}

static void write_claim(struct hall_tx *tx, const struct report_work *w, struct json_out *j)
{
    int mine = w->claimed_by == tx->who.id;
    if (!w->claimed_by)
        return;
    jout_object(j, "claimed_by");
    jout_id(j, "id", w->claimed_by);
    jout_text(j, "name", w->claimed_name);
    jout_end(j);
    jout_text(j, "claimed_until", time_rfc3339(tx->arena, w->lease_until));
    jout_bool(j, "mine", mine);
}

/* Tasks about something that left the hall and was refused: once the cause is mended, it is sent once more. */
static int goes_again(const char *kind)
{
    return strcmp(kind, "outbox_dead") == 0 || strcmp(kind, "batch_refused") == 0;
}

/* What somebody asked for, a second person decides. */
static int asked_by_reader(const struct hall_tx *tx, const struct report_work *w)
{
    return w->asked_by && w->asked_by == tx->who.id;
}

static void write_action(struct hall_tx *tx, const struct report_work *w, struct json_out *j)
{
    enum console_queue q = console_queue_of(w->kind);
    int again = goes_again(w->kind);
    jout_object(j, "action");
    jout_text(j, "code", again ? "send_again" : WORDS[q].action);
    jout_text(j, "label",
              again ? web_word(tx->lang, "再发一次", "Send again") : WORDS[q].label[tx->lang]);
    if (asked_by_reader(tx, w))
        jout_text(j, "unavailable",
                  web_word(tx->lang, "您提出的，等另一个人决定",
                           "You asked for it; somebody else decides"));
    else if (w->claimed_by && w->claimed_by != tx->who.id)
        jout_text(j, "unavailable",
                  arena_fmt(tx->arena, tx->lang == LANG_EN ? "%s is working on it" : "%s正在办理",
                            w->claimed_name));
    jout_end(j);
}

/* What the task's own page is found by. */
static enum err write_object(struct hall_tx *tx, const struct report_work *w, struct json_out *j,
                             struct err_info *e)
{
    enum console_queue q = console_queue_of(w->kind);
    struct certificate c;
    const char *colon = strchr(w->subject, ':');
    int found = 0;
    if (q == QUEUE_NAME_CHANGE)
        jout_id(j, "object_id", w->order);
    else if (q == QUEUE_APPROVAL && colon)
        jout_text(j, "object_id", colon + 1);
    else if (q == QUEUE_REVOKE_PROPOSAL) {
        TRY(certificate_of_order(tx, w->order, &c, &found, e));
        if (found && *c.serial)
            jout_text(j, "object_id", c.serial);
    }
    return ERR_OK;
}

enum err console_write_work(struct hall_tx *tx, const struct report_work *w, struct json_out *j,
                            const char *key, struct err_info *e)
{
    jout_object(j, key);
    jout_id(j, "id", w->id);
    jout_text(j, "queue", console_queue_name(console_queue_of(w->kind)));
    jout_text(j, "title", title_of(w, tx->lang));
    write_texts(tx, w, j);
    write_notes(tx, w, j);
    write_due(tx, w, j);
    write_claim(tx, w, j);
    write_action(tx, w, j);
    TRY(write_object(tx, w, j, e));
    jout_end(j);
    return ERR_OK;
}

/* ---- the list ---- */

/* `after` of this list is "<sort key>-<id>". */
static enum err read_after(const struct httpd_request *r, struct report_work_filter *f,
                           struct err_info *e)
{
    const char *after = httpd_query(r, "after");
    char *key = after && *after ? arena_text(r->arena, after) : NULL;
    char *dash = key ? strchr(key, '-') : NULL;
    if (!key)
        return ERR_OK;
    if (!dash)
        return web_bad(e, "after", NULL);
    *dash = '\0';
    return text_to_id(key, &f->after_key) && text_to_id(dash + 1, &f->after_id)
               ? ERR_OK
               : web_bad(e, "after", NULL);
}

static enum err read_filter(struct httpd_request *r, struct report_work_filter *f,
                            struct err_info *e)
{
    static const char *const tabs[] = {"open", "mine", "done_today", NULL};
    const char *tab, *queue, *type;
    int64_t limit;
    *f = (struct report_work_filter){
        .roles = console_queue_lists(r->arena, console_visitor(r)->staff.roles)};
    TRY(web_choice(r, "tab", tabs, "open", &tab, e));
    TRY(web_query(r, "queue", 40, &queue, e));
    TRY(web_query(r, "type", 40, &type, e));
    TRY(web_query(r, "project", 40, &f->project, e));
    TRY(web_query(r, "q", 100, &f->q, e));
    TRY(httpd_query_int(r, "limit", 1, WEB_PAGE_MAX, WEB_PAGE, &limit, e));
    f->limit = (int)limit;
    f->tab = strcmp(tab, "mine") == 0         ? REPORT_WORK_MINE
             : strcmp(tab, "done_today") == 0 ? REPORT_WORK_DONE_TODAY
                                              : REPORT_WORK_OPEN;
    if (queue && console_queue_from_name(queue) < 0)
        return web_bad(e, "queue", NULL);
    f->kind = queue;
    if (type && order_type_from_code(type) == TYPE_COUNT)
        return web_bad(e, "type", NULL);
    f->type = type ? flow_type_name(order_type_from_code(type)) : NULL;
    return read_after(r, f, e);
}

static void sum(struct json_out *j, const char *text, int64_t count, const char *tone)
{
    jout_object(j, NULL);
    jout_text(j, "text", text);
    jout_int(j, "count", count);
    jout_text(j, "tone", tone);
    jout_end(j);
}

static void write_counts(const struct report_work_counts *n, const struct report_work_filter *f,
                         enum lang lang, struct json_out *j)
{
    jout_list(j, "summary");
    sum(j, web_word(lang, "已超时", "overdue"), n->overdue, n->overdue ? "err" : "plain");
    sum(j, web_word(lang, "今天到期", "due today"), n->due_today, n->due_today ? "warn" : "plain");
    sum(j, web_word(lang, "待办", "to do"), n->open, "plain");
    sum(j, web_word(lang, "我领取的", "claimed by me"), n->mine, "plain");
    jout_end(j);
    jout_object(j, "tabs");
    jout_int(j, "open", n->open);
    jout_int(j, "mine", n->mine);
    jout_int(j, "done_today", n->done_today);
    jout_end(j);
    jout_int(j, "total",
             f->tab == REPORT_WORK_OPEN   ? n->open
             : f->tab == REPORT_WORK_MINE ? n->mine
                                          : n->done_today);
}

HANDLER(console_work_list)
{
    struct report_work_filter f;
    struct report_work_counts counts;
    const struct report_work *w;
    size_t n;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(read_filter(r, &f, e));
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(report_work_list(&tx, &f, &w, &n, e));
    TRY(report_work_counts(&tx, &f, &counts, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++)
        TRY(console_write_work(&tx, &w[i], &j, NULL, e));
    jout_end(&j);
    write_counts(&counts, &f, r->lang, &j);
    if (n == (size_t)f.limit)
        jout_text(&j, "next",
                  arena_fmt(r->arena, "%" PRId64 "-%" PRId64, w[n - 1].due_sort, w[n - 1].id));
    jout_end(&j);
    return ERR_OK;
}

/* ---- claiming ---- */

/* A task of somebody else's roles does not exist for this person. */
static enum err own_task(struct httpd_request *r, struct hall_tx *tx, int64_t *id,
                         struct err_info *e)
{
    struct task t;
    TRY(httpd_param_id(r, "id", id, e));
    TRY(task_get(tx, *id, &t, e));
    return console_queue_open_to(console_visitor(r)->staff.roles, t.role, t.kind)
               ? ERR_OK
               : err_set(e, ERR_NOT_FOUND, NULL, "task of %s", t.role);
}

static enum err answer_task(struct httpd_reply *reply, struct hall_tx *tx, int64_t id,
                            struct err_info *e)
{
    struct report_work w;
    struct json_out j;
    TRY(report_work_get(tx, id, &w, e));
    httpd_reply_json(reply, &j);
    TRY(console_write_work(tx, &w, &j, NULL, e));
    return hall_commit(tx, e);
}

HANDLER(console_work_claim)
{
    int64_t id;
    struct report_work w;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(own_task(r, &tx, &id, e));
    TRY(report_work_get(&tx, id, &w, e));
    if (asked_by_reader(&tx, &w))
        return err_set(e, ERR_REVIEW_FOUR_EYES, NULL, "task %" PRId64, id);
    TRY(task_claim(&tx, id, e));
    return answer_task(reply, &tx, id, e);
}

HANDLER(console_work_release)
{
    int64_t id;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(own_task(r, &tx, &id, e));
    TRY(task_release(&tx, id, e));
    return answer_task(reply, &tx, id, e);
}

static enum err note_again(struct hall_tx *tx, const struct task *t, struct err_info *e)
{
    struct audit_entry x = {.act = "outbox.again", .order = t->order, .object = t->subject};
    return audit_write(tx, &x, e);
}

/* The cause is mended: what was given up goes once more, and comes back as another task where it fails again. */
HANDLER(console_work_again)
{
    struct task t;
    const char *colon;
    int64_t id, object;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(own_task(r, &tx, &id, e));
    TRY(task_get(&tx, id, &t, e));
    colon = strchr(t.subject, ':');
    if (!goes_again(t.kind) || !colon || !text_to_id(colon + 1, &object))
        return err_set(e, ERR_ORDER_STATE, NULL, "nothing of a task %s is sent", t.kind);
    if (strcmp(t.kind, "batch_refused") == 0) {
        TRY(intake_send_again(&tx, object, e));
    } else {
        TRY(outbox_again(&tx, object, e));
        TRY(note_again(&tx, &t, e));
        TRY(task_close_id(&tx, id, e));
    }
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_bool(&j, "sent", 1);
    jout_end(&j);
    return hall_commit(&tx, e);
}

HANDLER(console_work_claim_next)
{
    struct report_work_filter f = {.free_only = 1, .limit = WEB_PAGE_MAX};
    const struct report_work *w;
    const json_t *body;
    size_t n, i = 0;
    _auto_hall_tx tx = {0};
    TRY(httpd_json(r, &body, e));
    TRY(json_get_text(body, "queue", &f.kind, e));
    if (console_queue_from_name(f.kind) < 0)
        return web_bad(e, "queue", NULL);
    f.roles = console_queue_lists(r->arena, console_visitor(r)->staff.roles);
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(report_work_list(&tx, &f, &w, &n, e));
    while (i < n && asked_by_reader(&tx, &w[i]))
        i++;
    if (i == n)
        return err_set(e, ERR_TASK_NONE, "queue", NULL);
    TRY(task_claim(&tx, w[i].id, e));
    return answer_task(reply, &tx, w[i].id, e);
}
