/* The words of the way: one row a state, for the rows of steps, what comes next, and what the applicant does. */
#include "hall/order/view_priv.h"

#include "hall/order/order_sql.h"

#include <string.h>

#define STEP(m, s, ev, mine, zh, en, zh_ahead, en_ahead, zh_note, en_note)                         \
    {                                                                                              \
        FLOW_##m, FLOW_##m##_##s, EVENT_##ev, {zh, en}, {zh_ahead, en_ahead}, {zh_note, en_note},  \
            mine                                                                                   \
    }

// clang-format off
static const struct view_step STEPS[] = {
    STEP(APPLICATION, DRAFT, APP_SUBMIT, 1, "填写并提交", "Fill in and submit", "您填写并提交", "You fill in and submit", "", ""),
    STEP(APPLICATION, MATERIALS, APP_SUBMIT, 1, "上传材料", "Upload", "您上传材料并提交", "You upload the documents and submit", "", ""),
    STEP(APPLICATION, REVIEW, APP_PASS, 0, "审核", "Review", "审核组核对材料", "The review desk checks the documents",
         "有问题会逐项写明怎么改。", "If something is wrong, each item says how to mend it."),
    STEP(APPLICATION, READY_DOWNLOAD, APP_RENEWAL_COMMITTED, 1, "更新", "Renew", "您用 UKey 助手更新证书", "You renew with UKey Agent", "", ""),
    STEP(APPLICATION, UNLOCK_AUTHORISED, APP_UNLOCKED, 1, "重设密码", "Reset PIN", "您用 UKey 助手重设密码", "You reset the PIN with UKey Agent", "", ""),
    STEP(APPLICATION, REVOKING, APP_REVOKED, 0, "停用", "Revoke", "停用证书", "The certificate is revoked", "", ""),
    STEP(APPLICATION, COMPLETED, NONE, 0, "办结", "Completed", "", "", "", ""),
    STEP(PAYMENT, UNPAID, PAY_SUCCESS, 1, "付款", "Pay", "您付款 {amount}", "You pay {amount}",
         "{price_until}前付款，价格不变。", "The price holds until {price_until}."),
    STEP(PAYMENT, NOT_DUE, NONE, 0, "不用付款", "Nothing to pay", "", "", "", ""),
    STEP(PAPER, EXPECTED, PAPER_COURIER, 1, "您寄出", "Sent by you", "您寄出纸质材料", "You send the paper documents", "", ""),
    STEP(PAPER, RECEIVED, PAPER_ACCEPT, 0, "核对", "Checking", "纸质材料组核对", "The paper desk checks them", "", ""),
    STEP(FULFILMENT, QUEUED, FUL_MAKE, 0, "制作", "Make", "制证组制作 UKey", "The production desk makes the UKey", "", ""),
    STEP(FULFILMENT, MADE, FUL_QUALITY, 0, "质检", "Quality check", "", "", "", ""),
    STEP(FULFILMENT, PACKED, FUL_HAND_OVER, 0, "寄出", "Send", "寄送组寄出", "The shipping desk sends it",
         "寄出后告诉您快递单号和 UKey 序列号。", "We tell you the courier number and the UKey serial number."),
    STEP(FULFILMENT, SHIPPED, FUL_SIGNED, 1, "签收", "Receive", "您签收 UKey，核对序列号", "You receive the UKey and compare its serial number",
         "送达时间由快递公司估计。", "The arrival is the courier's estimate."),
    STEP(FULFILMENT, READY_PICKUP, FUL_PICKED_UP, 1, "领取", "Collect", "您领取 UKey", "You collect the UKey", "", ""),
    STEP(FULFILMENT, DELIVERED, FUL_ACTIVATE, 1, "激活", "Activate", "您用 UKey 助手激活", "You activate it with UKey Agent", "", ""),
    STEP(FULFILMENT, ACTIVATED, FUL_BIND, 0, "绑定", "Link", "业务系统绑定", "The business system links it", "", ""),
    STEP(INVOICE, QUEUED, INV_ISSUE, 0, "开具", "Issue", "财务组开具电子发票", "Finance issues the e-invoice", "", ""),
    STEP(INVOICE, BATCHED, INV_ISSUE, 0, "开具", "Issue", "财务组开具电子发票", "Finance issues the e-invoice",
         "{day} 统一开具，发到经办人邮箱。", "Issued in batch on {day} and sent by e-mail."),
    STEP(INVOICE, REQUESTABLE, INV_APPLY, 1, "申请", "Request", "您申请开票", "You request the invoice", "", ""),
    STEP(INVOICE, DELIVERED, INV_SEND, 0, "发到邮箱", "Send", "", "", "", ""),
};
// clang-format on

const struct view_step *view_step(enum flow_machine m, int state)
{
    for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS; i++)
        if (STEPS[i].machine == m && STEPS[i].state == state)
            return &STEPS[i];
    return NULL;
}

static const char *filled(const struct view *v, const char *text)
{
    enum lang lang = v->tx->lang;
    struct arena *a = v->tx->arena;
    int days = v->o->rules_of->pay.price_freeze_days;
    int32_t until = time_china_day(v->o->price_until ? v->o->price_until : v->tx->now) +
                    (v->o->price_until ? 0 : days);
    int32_t paid = time_china_day(v->o->paid_at ? v->o->paid_at : v->tx->now);
    const struct project_value values[] = {
        {"amount", order_yuan(a, v->o->amount_fen, lang)},
        {"price_until", order_day_text(a, until, lang)},
        {"day", order_day_text(a, project_batch_day(v->o->rules_of, paid), lang)},
    };
    return project_fill(a, text, values, sizeof values / sizeof *values);
}

static const char *start_words(enum flow_event starts, enum lang lang)
{
    switch (starts) {
    case EVENT_PAY_PAID:
    case EVENT_PAY_SUCCESS:
    case EVENT_APP_PAID:
    case EVENT_FUL_START:
        return order_word(lang, "付款后", "after payment");
    case EVENT_APP_SUBMIT:
    case EVENT_STAGE_ENTERED:
        return order_word(lang, "提交后", "after submitting");
    default:
        return "";
    }
}

static const char *length_words(struct arena *a, const struct flow_clock *c, enum lang lang)
{
    static const char *const zh[] = {"{} 个工作日内", "{} 天内", "{} 小时内"};
    static const char *const en[] = {"within {} working days", "within {} days", "within {} hours"};
    return order_say(a, lang, zh[c->unit], en[c->unit], arena_fmt(a, "%d", c->length));
}

const char *view_when(const struct view *v, enum flow_event done_by)
{
    const struct flow_rules *r = v->facts.rules;
    enum lang lang = v->tx->lang;
    struct arena *a = v->tx->arena;
    for (int i = 0; i < r->clocks; i++) {
        const struct flow_clock *c = &r->clock[i];
        if (c->stops != done_by || (c->types && !(c->types >> v->o->type & 1)))
            continue;
        if (c->owner == OWNER_COURIER) /* an estimate, no time limit (S0-28) */
            return "";
        const struct task_clock *running = view_clock(v, i);
        if (running)
            return arena_fmt(a, lang == LANG_EN ? "by %s" : "最迟 %s",
                             order_day_text(a, time_china_day(running->due_at), lang));
        const char *after = start_words(c->starts, lang);
        if (lang == LANG_EN)
            return arena_fmt(a, "%s %s", length_words(a, c, lang), after);
        return arena_fmt(a, "%s %s", after, length_words(a, c, lang));
    }
    return "";
}

/* ---- what comes, in order ---- */

struct way_place {
    enum flow_machine machine;
    int state;
};
enum { WAY_PLACES_MAX = 40 };

/* The payment's steps stand where the application waits for it, fulfilment's where it is in production. */
static int collect_way(const struct view *v, struct way_place *out)
{
    uint8_t app[FLOW_PATH_MAX], sub[FLOW_PATH_MAX];
    int n = 0, apps = flow_path(&v->facts, FLOW_APPLICATION, app, FLOW_PATH_MAX);
    for (int i = 0; i < apps; i++) {
        enum flow_machine m = FLOW_APPLICATION;
        if (app[i] == FLOW_APPLICATION_AWAIT_PAY)
            m = FLOW_PAYMENT;
        else if (app[i] == FLOW_APPLICATION_IN_PRODUCTION)
            m = FLOW_FULFILMENT;
        if (m == FLOW_APPLICATION) {
            out[n++] = (struct way_place){m, app[i]};
            continue;
        }
        int subs = flow_path(&v->facts, m, sub, FLOW_PATH_MAX);
        for (int s = 0; s < subs && n < WAY_PLACES_MAX; s++)
            out[n++] = (struct way_place){m, sub[s]};
    }
    return n;
}

static int place_of_now(const struct view *v, const struct way_place *way, int n)
{
    const struct flow_now *lane = &v->lane[0];
    for (int i = 0; i < n; i++) {
        if (way[i].machine == lane->machine && way[i].state == lane->state)
            return i;
        if (lane->machine == FLOW_APPLICATION && lane->state == FLOW_APPLICATION_AWAIT_PAY &&
            way[i].machine == FLOW_PAYMENT)
            return i;
        /* a payment page is open, or finance looks at the money: still the step of paying */
        if (lane->machine == FLOW_PAYMENT && way[i].machine == FLOW_PAYMENT)
            return i;
    }
    return -1;
}

static void write_one(const struct view *v, struct json_out *j, const struct view_step *s,
                      int current)
{
    enum lang lang = v->tx->lang;
    const char *note = filled(v, s->note[lang]), *when = view_when(v, s->done_by);
    if (s->state == FLOW_PAYMENT_UNPAID && s->machine == FLOW_PAYMENT && !v->o->price_until)
        note = order_say(v->tx->arena, lang, "提交后 {} 天内付款，价格不变。",
                         "The price holds for {} days after submitting.",
                         arena_fmt(v->tx->arena, "%d", v->o->rules_of->pay.price_freeze_days));
    jout_object(j, NULL);
    jout_text(j, "text", filled(v, s->ahead[lang]));
    if (*note)
        jout_text(j, "note", note);
    if (*when)
        jout_text(j, "when", when);
    if (current)
        jout_bool(j, "current", 1);
    jout_end(j);
}

/* T4: in every project the user sets the first PIN at the key. */
static void write_first_pin(const struct view *v, struct json_out *j)
{
    enum lang lang = v->tx->lang;
    jout_object(j, NULL);
    jout_text(j, "text",
              order_word(lang, "您用 UKey 助手设密码", "You set the PIN with UKey Agent"));
    jout_text(j, "note",
              order_word(lang, "约 3 分钟，在电脑上做。", "About 3 minutes, on a computer."));
    jout_text(j, "when", order_word(lang, "收到以后", "after you have it"));
    jout_end(j);
}

static int makes_key(const struct way_place *way, int n)
{
    for (int i = 0; i < n; i++)
        if (way[i].machine == FLOW_FULFILMENT)
            return 1;
    return 0;
}

void view_write_ahead(const struct view *v, struct json_out *j, const char *key, int mine_only)
{
    struct way_place way[WAY_PLACES_MAX];
    int n = collect_way(v, way), at = place_of_now(v, way, n);
    jout_list(j, key);
    for (int i = at < 0 ? n : at; i < n; i++) {
        const struct view_step *s = view_step(way[i].machine, way[i].state);
        if (s && *s->ahead[0] && (!mine_only || s->applicants))
            write_one(v, j, s, i == at);
    }
    int open = at >= 0 && way[at].state != FLOW_APPLICATION_COMPLETED;
    int completed = v->o->states.at[FLOW_APPLICATION] == FLOW_APPLICATION_COMPLETED;
    if (makes_key(way, n) && !v->facts.rules->activate && (open || (completed && v->pin_to_set)))
        write_first_pin(v, j);
    jout_end(j);
}

enum err order_write_ahead(struct hall_tx *tx, const struct order *o, struct json_out *j,
                           const char *key, struct err_info *e)
{
    struct view v;
    TRY(view_load(tx, o, &v, e));
    view_write_ahead(&v, j, key, 0);
    return ERR_OK;
}

/* ---- rows of steps ---- */

struct happened {
    enum flow_event event;
    int64_t at;
};
struct history {
    struct happened item[EVENT_COUNT];
    int n;
};

static enum err read_history(const struct view *v, struct history *h, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(v->tx->db, &Q_order_log_first, PARAMS(P_INT(v->o->id)), v->tx->arena, &rows, e));
    h->n = 0;
    for (size_t i = 0; i < rows.n && h->n < EVENT_COUNT; i++) {
        int event = flow_event_from_name(row_text(&rows.row[i], "event"));
        if (event > 0)
            h->item[h->n++] = (struct happened){(enum flow_event)event,
                                                row_int(&rows.row[i], "at")};
    }
    return ERR_OK;
}

static int64_t when_happened(const struct view *v, const struct history *h, enum flow_event event)
{
    if (event == EVENT_PAY_SUCCESS)
        return v->o->paid_at;
    if (event == EVENT_NONE) /* a step that ends the region */
        return v->o->ended_at;
    if (event ==
        EVENT_INV_SEND) /* raised by the row that issues, so it stands under that event (I6) */
        event = EVENT_INV_ISSUE;
    for (int i = 0; i < h->n; i++)
        if (h->item[i].event == event)
            return h->item[i].at;
    return 0;
}

/* Where the region stands on its path. */
static int index_on(const uint8_t *path, int n, int state)
{
    for (int i = 0; i < n; i++)
        if (path[i] == state)
            return i;
    return -1;
}

static void write_step(const struct view *v, struct json_out *j, const struct view_step *s,
                       const char *state, int64_t at, const struct order_due *due)
{
    struct arena *a = v->tx->arena;
    enum lang lang = v->tx->lang;
    jout_object(j, NULL);
    jout_text(j, "id", flow_state_name(s->machine, s->state));
    jout_text(j, "text", s->label[lang]);
    if (at) {
        jout_text(j, "note", order_short_day(a, time_china_day(at)));
        jout_text(j, "at", time_rfc3339(a, at));
    } else if (due && due->at)
        jout_text(j, "note",
                  arena_fmt(a, lang == LANG_EN ? "by %s" : "最迟 %s",
                            order_short_day(a, time_china_day(due->at))));
    jout_text(j, "state", state);
    jout_end(j);
}

static const struct flow_now *lane_of(const struct view *v, enum flow_machine m)
{
    for (int i = 0; i < v->lanes; i++)
        if (v->lane[i].machine == m)
            return &v->lane[i];
    return NULL;
}

/* The application waits while another region works: its step of that time is the one after. */
static int application_index(const struct view *v, const uint8_t *path, int n)
{
    int at = index_on(path, n, v->o->states.at[FLOW_APPLICATION]);
    while (at >= 0 && at < n && !view_step(FLOW_APPLICATION, path[at]))
        at++;
    return at;
}

static void write_steps(const struct view *v, struct json_out *j, enum flow_machine m,
                        const uint8_t *path, int n, const struct history *h)
{
    int state = v->o->states.at[m];
    int at = m == FLOW_APPLICATION ? application_index(v, path, n) : index_on(path, n, state);
    int rest = flow_is_rest(m, state) && state != 0;
    const struct flow_now *lane = lane_of(v, m);
    struct order_due due = lane ? view_due(v, lane) : (struct order_due){0};
    if (m == FLOW_PAYMENT && state == FLOW_PAYMENT_CLAIMED)
        at = 0;
    jout_list(j, "steps");
    for (int i = 0; i < n; i++) {
        const struct view_step *s = view_step(m, path[i]);
        if (!s)
            continue;
        int64_t when = when_happened(v, h, s->done_by);
        int done = at > i || (rest && at == i) || (at < 0 && state != 0 && when != 0);
        if (m == FLOW_PAYMENT)
            done = v->o->paid_at != 0 || state == FLOW_PAYMENT_NOT_DUE;
        int current = !done && at == i && state != 0;
        write_step(v, j, s,
                   done      ? "done"
                   : current ? "current"
                             : "todo",
                   done ? when : 0, current ? &due : NULL);
    }
    jout_end(j);
}

const char *view_region_title(enum flow_machine m, enum lang lang)
{
    switch (m) {
    case FLOW_APPLICATION:
        return order_word(lang, "申请", "Application");
    case FLOW_PAYMENT:
        return order_word(lang, "付款", "Payment");
    case FLOW_PAPER:
        return order_word(lang, "纸质材料", "Paper");
    case FLOW_FULFILMENT:
        return order_word(lang, "制作寄送", "Making, delivery");
    default:
        return order_word(lang, "发票", "Invoice");
    }
}

static void write_region(const struct view *v, struct json_out *j, enum flow_machine m,
                         const struct history *h)
{
    uint8_t path[FLOW_PATH_MAX];
    int n = flow_path(&v->facts, m, path, FLOW_PATH_MAX);
    int state = v->o->states.at[m];
    const struct flow_now *lane = lane_of(v, m);
    struct flow_now here = {.machine = m, .state = state, .clock = -1};
    if (!n)
        return;
    if (lane)
        here = *lane;
    else
        here.owner = flow_is_rest(m, state) ? OWNER_NOBODY : flow_owner(v->facts.rules, m, state);
    int begun = state != 0;
    jout_object(j, NULL);
    jout_text(j, "region", view_region(m));
    jout_text(j, "title", view_region_title(m, v->tx->lang));
    jout_text(j, "text",
              begun ? view_text(v, &here) : order_word(v->tx->lang, "还没开始", "Not yet"));
    jout_text(j, "tone", begun ? view_tone(v, &here) : "plain");
    write_steps(v, j, m, path, n, h);
    jout_end(j);
}

enum err view_write_regions(const struct view *v, struct json_out *j, const char *key,
                            struct err_info *e)
{
    static const enum flow_machine regions[] = {FLOW_APPLICATION, FLOW_PAYMENT, FLOW_FULFILMENT,
                                                FLOW_INVOICE};
    struct history *h = arena_alloc(v->tx->arena, sizeof *h);
    TRY(read_history(v, h, e));
    jout_list(j, key);
    for (size_t i = 0; i < sizeof regions / sizeof *regions; i++)
        write_region(v, j, regions[i], h);
    jout_end(j);
    return ERR_OK;
}

enum err order_write_regions(struct hall_tx *tx, const struct order *o, struct json_out *j,
                             const char *key, struct err_info *e)
{
    struct view v;
    TRY(view_load(tx, o, &v, e));
    return view_write_regions(&v, j, key, e);
}
