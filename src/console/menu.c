/* What a person's roles may open, with counts of what waits there, and what is wrong with the installation. */
#include "console/console_priv.h"

#include "console/queue.h"
#include "hall/calendar/calendar.h"
#include "hall/task/task.h"

#include <string.h>

enum {
    CALENDAR_AHEAD_DAYS = 90,
    RECORDS = STAFF_REGULATOR | STAFF_REVIEWER | STAFF_MAKER | STAFF_SHIPPING | STAFF_FINANCE |
              STAFF_SUPPORT | STAFF_PROJECT_ADMIN,
};

struct page {
    const char *page, *title[2];
    unsigned roles;
    unsigned queues; /* set of enum console_queue: whose tasks are counted; 0: no count */
    int demo;
};
static const struct group {
    const char *title[2];
    struct page page[12];
} GROUPS[] = {
    {{"我的工作", "My work"},
     {{"work", {"待办", "To do"}, CONSOLE_STAFF, ~0u, 0},
      {"intake", {"名单导入", "Import lists"}, STAFF_REGULATOR, 1u << QUEUE_NAME_CHANGE, 0},
      {"bench", {"制证台", "Production bench"}, STAFF_MAKER, 1u << QUEUE_PRODUCE, 0},
      {"packing",
       {"质检打包", "Quality and packing"},
       STAFF_MAKER | STAFF_SHIPPING,
       1u << QUEUE_QUALITY,
       0},
      {"shipping", {"寄送", "Shipping"}, STAFF_SHIPPING, 1u << QUEUE_SHIP, 0},
      {"finance_payments", {"到账核对", "Payments"}, STAFF_FINANCE, 1u << QUEUE_PAYMENT, 0},
      {"finance_invoices",
       {"月度批量开票", "Monthly invoices"},
       STAFF_FINANCE,
       1u << QUEUE_INVOICE,
       0},
      {"finance_ledger", {"总账", "Ledger"}, STAFF_FINANCE, 0, 0},
      {"audit", {"审计", "Audit"}, STAFF_AUDITOR, 0, 0}}},
    {{"库存", "Stock"}, {{"stock", {"UKey 库存", "UKey stock"}, STAFF_MAKER, 0, 0}}},
    {{"查询", "Look up"},
     {{"orders", {"业务单", "Orders"}, RECORDS, 0, 0},
      {"keys", {"UKey", "UKeys"}, STAFF_MAKER | STAFF_SHIPPING | STAFF_SUPPORT, 0, 0},
      {"certificates",
       {"证书", "Certificates"},
       STAFF_SUPPORT | STAFF_REGULATOR,
       1u << QUEUE_REVOKE_PROPOSAL,
       0}}},
    {{"管理", "Administration"},
     {{"notices", {"公告", "Notices"}, STAFF_PROJECT_ADMIN, 0, 0},
      {"outbox", {"已发短信和邮件", "Texts sent"}, CONSOLE_STAFF, 0, 1}}},
};

struct menu {
    const struct console *console;
    unsigned roles;
    enum lang lang;
    const struct task_count *count;
    size_t counts;
};

static int open_to(const struct menu *m, const struct page *p)
{
    return p->page && (p->roles & m->roles) && (!p->demo || m->console->hall->demo);
}

/* Open tasks of the person's own roles in these queues. */
static int64_t waiting(const struct menu *m, unsigned queues)
{
    int64_t n = 0;
    for (size_t i = 0; i < m->counts; i++)
        if (console_queue_open_to(m->roles, m->count[i].role, m->count[i].kind) &&
            (queues & 1u << console_queue_of(m->count[i].kind)))
            n += m->count[i].open;
    return n;
}

static void write_group(const struct menu *m, const struct group *g, struct json_out *j)
{
    int some = 0;
    for (const struct page *p = g->page; p->page; p++) {
        if (!open_to(m, p))
            continue;
        if (!some++) {
            jout_object(j, NULL);
            jout_text(j, "title", g->title[m->lang]);
            jout_list(j, "items");
        }
        jout_object(j, NULL);
        jout_text(j, "page", p->page);
        jout_text(j, "title", p->title[m->lang]);
        if (p->queues)
            jout_int(j, "count", waiting(m, p->queues));
        jout_end(j);
    }
    if (some) {
        jout_end(j);
        jout_end(j);
    }
}

static void warn(struct json_out *j, const char *code, const char *text)
{
    jout_object(j, NULL);
    jout_text(j, "code", code);
    jout_text(j, "text", text);
    jout_end(j);
}

static void write_warnings(const struct menu *m, int64_t now, struct arena *a, struct json_out *j)
{
    int year, month, mday;
    int last = calendar_last_year(m->console->hall->calendar);
    time_day_parts(time_china_day(now) + CALENDAR_AHEAD_DAYS, &year, &month, &mday);
    jout_list(j, "warnings");
    if (m->console->one_user)
        warn(j, "processes",
             web_word(
                 m->lang, "各进程没有分开运行：它们用同一个系统用户，不能用于正式环境。",
                 "The processes are not separated: all run as one system user. Not for real use."));
    if (year > last)
        warn(
            j, "calendar",
            arena_fmt(
                a,
                m->lang == LANG_EN
                    ? "There is no working-day calendar for %d yet; dates of that year are provisional."
                    : "还没有 %d 年的工作日安排，那一年的日期都是暂定的。请导入国务院办公厅的通知。",
                last + 1));
    jout_end(j);
}

HANDLER(console_menu_get)
{
    struct menu m = {.console = app, .roles = console_visitor(r)->staff.roles, .lang = r->lang};
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(task_counts(&tx, &m.count, &m.counts, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "groups");
    for (size_t i = 0; i < sizeof GROUPS / sizeof *GROUPS; i++)
        write_group(&m, &GROUPS[i], &j);
    jout_end(&j);
    write_warnings(&m, tx.now, r->arena, &j);
    jout_end(&j);
    return ERR_OK;
}
