/* Now · who · next · by when: computed from states and clocks (invariant 10). */
#include "hall/order/view_priv.h"

#include "hall/calendar/calendar.h"
#include "hall/ukey/ukey.h"
#include "hall/vault/vault.h"

#include <inttypes.h>
#include <string.h>

const char *view_region(enum flow_machine m)
{
    return flow_machine_name(m);
}

/* A section is missing while it cannot be submitted as it is. */
static void count_missing(struct view *v, const struct form *f)
{
    v->form = f;
    for (size_t i = 0; i < f->sections; i++) {
        if (f->section[i].state == FORM_LATER)
            continue;
        v->total++;
        v->missing += f->section[i].state != FORM_DONE;
    }
}

enum err view_load(struct hall_tx *tx, const struct order *o, struct view *v, struct err_info *e)
{
    *v = (struct view){.tx = tx, .o = o};
    v->facts = (struct flow_facts){
        .rules = &o->rules_of->rules,
        .type = o->type,
        .amount_fen = o->amount_fen,
        .in_place = o->in_place,
    };
    v->lanes = flow_now(&v->facts, &o->states, v->lane, FLOW_LANES_MAX);
    TRY(task_clock_list(tx, o->id, &v->clock, &v->clocks, e));
    if (o->states.at[FLOW_FULFILMENT] == FLOW_FULFILMENT_SHIPPED ||
        o->states.at[FLOW_FULFILMENT] == FLOW_FULFILMENT_DONE) {
        int ukey;
        TRY(ukey_state(tx, o->id, &ukey, e));
        v->pin_to_set = ukey == FLOW_UKEY_ISSUED;
    }
    if (o->states.at[FLOW_APPLICATION] != FLOW_APPLICATION_DRAFT)
        return ERR_OK;
    struct form *f = arena_alloc(tx->arena, sizeof *f);
    TRY(form_read(tx, o->id, o->rules_of, o->type, f, e));
    count_missing(v, f);
    return ERR_OK;
}

const struct task_clock *view_clock(const struct view *v, int i)
{
    if (i < 0)
        return NULL;
    for (size_t c = 0; c < v->clocks; c++)
        if (strcmp(v->clock[c].name, v->facts.rules->clock[i].name) == 0 &&
            !v->clock[c].stopped_at && !v->clock[c].paused_at)
            return &v->clock[c];
    return NULL;
}

struct order_due view_due(const struct view *v, const struct flow_now *lane)
{
    const struct task_clock *c = view_clock(v, lane->clock);
    /* when a parcel arrives is the courier's estimate, never a time limit (S0-28) */
    if (!c || v->facts.rules->clock[lane->clock].owner == OWNER_COURIER)
        return (struct order_due){0};
    return (struct order_due){
        .at = c->due_at, .started_at = c->started_at, .provisional = c->provisional};
}

/* The desk, and who of it has taken the order. */
const char *view_owner_text(const struct view *v, enum flow_owner owner)
{
    const char *desk = order_owner_text(owner, v->tx->lang);
    for (size_t i = 0; i < v->tasks; i++)
        if (*v->task[i].claimed_name && strcmp(v->task[i].role, flow_owner_name(owner)) == 0)
            return arena_fmt(v->tx->arena, "%s %s", desk, v->task[i].claimed_name);
    return desk;
}

enum err view_load_names(struct view *v, struct err_info *e)
{
    struct task_filter f = {.order = v->o->id, .limit = 20};
    return task_list(v->tx, &f, &v->task, &v->tasks, e);
}

static const char *stage_title(const struct view *v)
{
    const struct project_stages *stages = &v->o->rules_of->review[v->o->type];
    int i = v->o->states.passed;
    return i < stages->n ? stages->item[i].title.in[v->tx->lang]
                         : order_word(v->tx->lang, "审核", "review");
}

static const char *fee_text(const struct view *v)
{
    struct project_fee fee;
    return project_fee_rule(v->o->rules_of, v->o->fee_rule, &fee) ? fee.text.in[v->tx->lang] : "";
}

/* {day} of an invoice that waits for the month's batch (S0-31). */
static int32_t batch_day(const struct view *v)
{
    int64_t from = v->o->paid_at ? v->o->paid_at : v->tx->now;
    return project_batch_day(v->o->rules_of, time_china_day(from));
}

/* A list asks this for each of its orders: what a text does not say is not made. */
static int says(const char *text, const char *placeholder)
{
    return strstr(text, placeholder) != NULL;
}

const char *view_text(const struct view *v, const struct flow_now *lane)
{
    struct arena *a = v->tx->arena;
    enum lang lang = v->tx->lang;
    struct order_due due = view_due(v, lane);
    if (lane->machine == FLOW_APPLICATION && lane->state == FLOW_APPLICATION_DRAFT && !v->missing)
        return order_word(lang, "未提交，都填好了，请核对",
                          "Not submitted; all filled in, please check");
    const char *text = flow_state_text(lane->machine, lane->state, lang);
    if (!strchr(text, '{'))
        return text;
    int done = lane->machine == FLOW_APPLICATION && lane->state == FLOW_APPLICATION_COMPLETED;
    int64_t date = done ? v->o->ended_at : due.at;
    int refunded = v->o->states.at[FLOW_PAYMENT] == FLOW_PAYMENT_REFUNDED;
    const struct project_value values[] = {
        {"n", arena_fmt(a, "%d", v->missing)},
        {"amount", says(text, "{amount}") ? order_yuan(a, v->o->amount_fen, lang) : ""},
        {"date", date ? order_day_text(a, time_china_day(date), lang) : ""},
        {"day", says(text, "{day}") ? order_day_text(a, batch_day(v), lang) : ""},
        {"stage", says(text, "{stage}") ? stage_title(v) : ""},
        {"rule", says(text, "{rule}") ? fee_text(v) : ""},
        {"reason",
         order_word(lang, "发码单位撤回了申请", "withdrawn by the centre that gave the code")},
        {"refund", refunded ? order_word(lang, "已退款", "refunded")
                            : order_word(lang, "会退款", "to be refunded")},
        {"org", order_owner_text(OWNER_COUNTER, lang)},
        {"minutes", "30"},
        {"new", ""},
    };
    return project_fill(a, text, values, sizeof values / sizeof *values);
}

const char *view_tone(const struct view *v, const struct flow_now *lane)
{
    struct order_due due = view_due(v, lane);
    if (lane->machine == FLOW_APPLICATION)
        switch (lane->state) {
        case FLOW_APPLICATION_COMPLETED:
            return "ok";
        case FLOW_APPLICATION_REFUSED:
        case FLOW_APPLICATION_RETURNED:
            return "err";
        case FLOW_APPLICATION_CANCELLED:
        case FLOW_APPLICATION_CLOSED:
        case FLOW_APPLICATION_LAPSED:
            return "plain";
        case FLOW_APPLICATION_DRAFT:
            return "info";
        default:
            break;
        }
    if (due.at && v->tx->now > due.at)
        return "warn";
    if (lane->machine == FLOW_PAYMENT &&
        (lane->state == FLOW_PAYMENT_PAID || lane->state == FLOW_PAYMENT_NOT_DUE))
        return "ok";
    if (lane->owner == OWNER_APPLICANT)
        return "warn";
    return lane->owner == OWNER_NOBODY && flow_is_rest(lane->machine, lane->state) ? "ok" : "info";
}

/* The main button of a state (ui/brief.md §4). */
static void main_action(const struct view *v, struct order_status *s)
{
    static const struct {
        enum flow_machine machine;
        int state;
        const char *code, *zh, *en;
    } table[] = {
        {FLOW_APPLICATION, FLOW_APPLICATION_DRAFT, "continue", "继续办理", "Continue"},
        {FLOW_APPLICATION, FLOW_APPLICATION_AWAIT_PAY, "pay", "去付款", "Pay"},
        {FLOW_PAYMENT, FLOW_PAYMENT_PENDING, "pay", "继续付款", "Go on paying"},
        {FLOW_APPLICATION, FLOW_APPLICATION_CANCELLED, "apply_again", "重新办理", "Start again"},
        {FLOW_APPLICATION, FLOW_APPLICATION_LAPSED, "apply_again", "重新办理", "Start again"},
        {FLOW_APPLICATION, FLOW_APPLICATION_REFUSED, "contact", "问原因", "Ask why"},
        {FLOW_APPLICATION, FLOW_APPLICATION_COMPLETED, "view", "查看", "View"},
    };
    const struct flow_now *lane = &v->lane[0];
    enum lang lang = v->tx->lang;
    s->action = "view";
    s->action_label = order_word(lang, "查看进度", "See progress");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].machine == lane->machine && table[i].state == lane->state) {
            s->action = table[i].code;
            s->action_label = order_word(lang, table[i].zh, table[i].en);
        }
    if (v->pin_to_set) { /* T4 */
        s->action = "activate";
        s->action_label = order_word(lang, "设 UKey 密码", "Set the UKey PIN");
    }
    if (strcmp(s->action, "continue") == 0 && !v->missing) {
        s->action = "check";
        s->action_label = order_word(lang, "核对并提交", "Check and submit");
    }
}

static const char *next_text(const struct view *v)
{
    const struct flow_now *lane = &v->lane[0];
    if (!lane->next_state)
        return "";
    const struct view_step *step = view_step(lane->next_machine, lane->next_state);
    return step ? step->ahead[v->tx->lang] : "";
}

static const char *note_text(const struct view *v)
{
    const struct flow_now *lane = &v->lane[0];
    enum lang lang = v->tx->lang;
    if (lane->machine == FLOW_FULFILMENT && lane->state == FLOW_FULFILMENT_SHIPPED) /* S0-28 */
        return order_word(lang, "送达时间由快递公司估计，不计入办理时限。",
                          "The arrival is the courier's estimate, not part of our time limit.");
    if (lane->machine == FLOW_APPLICATION && lane->state == FLOW_APPLICATION_AWAIT_PAY &&
        v->o->price_until)
        return order_say(v->tx->arena, lang, "{}前付款，价格不变。", "The price holds until {}.",
                         order_day_text(v->tx->arena, time_china_day(v->o->price_until), lang));
    return "";
}

static void fill_status(const struct view *v, enum order_reader reader, struct order_status *out)
{
    const struct flow_now *lane = &v->lane[0];
    *out = (struct order_status){
        .text = view_text(v, lane),
        .note = note_text(v),
        .next = next_text(v),
        .tone = view_tone(v, lane),
        .owner = lane->owner,
        .owner_kind = order_owner_kind(lane->owner),
        .owner_text = view_owner_text(v, lane->owner),
        .due = view_due(v, lane),
        .group = v->o->group,
        .final = flow_is_rest(FLOW_APPLICATION, v->o->states.at[FLOW_APPLICATION]),
    };
    if (reader == ORDER_FOR_APPLICANT)
        main_action(v, out);
    else if (lane->owner == OWNER_APPLICANT) {
        out->owner_kind = "nobody"; /* nobody of the staff */
        out->owner_text = order_word(v->tx->lang, "申请人", "the applicant");
    }
}

enum err order_status(struct hall_tx *tx, const struct order *o, enum order_reader reader,
                      struct order_status *out, struct err_info *e)
{
    struct view v;
    TRY(view_load(tx, o, &v, e));
    fill_status(&v, reader, out);
    return ERR_OK;
}

/* ---- JSON ---- */

static const char *mark_of(const struct hall_tx *tx, int32_t day, int32_t today, int32_t due,
                           int workday)
{
    if (day == today)
        return order_word(tx->lang, "今天", "today");
    if (day == due)
        return order_word(tx->lang, "最迟", "due");
    return workday ? NULL : order_word(tx->lang, "休", "off");
}

static void write_days(struct hall_tx *tx, const struct order_due *d, struct json_out *j)
{
    enum { STRIP_MAX = 14 };
    struct calendar_day strip[STRIP_MAX];
    int32_t due = time_china_day(d->at), today = time_china_day(tx->now);
    int32_t first = time_china_day(d->started_at);
    if (due - first >= STRIP_MAX)
        first = due - STRIP_MAX + 1;
    int n = calendar_strip(tx->hall->calendar, first, due, strip, STRIP_MAX);
    jout_list(j, "days");
    for (int i = 0; i < n; i++) {
        int y, m, mday;
        const char *mark = mark_of(tx, strip[i].day, today, due, strip[i].workday);
        time_day_parts(strip[i].day, &y, &m, &mday);
        jout_object(j, NULL);
        jout_text(j, "date", time_date_text(tx->arena, strip[i].day));
        jout_text(j, "weekday", order_weekday(strip[i].day, tx->lang));
        jout_int(j, "day", mday);
        jout_bool(j, "rest", !strip[i].workday);
        jout_bool(j, "today", strip[i].day == today);
        jout_bool(j, "due", strip[i].day == due);
        jout_bool(j, "past", strip[i].day < today);
        if (mark)
            jout_text(j, "mark", mark);
        jout_end(j);
    }
    jout_end(j);
}

static const char *left_text(struct hall_tx *tx, const struct order_due *d, int days)
{
    struct arena *a = tx->arena;
    if (tx->now <= d->at)
        return days <= 0
                   ? order_word(tx->lang, "今天到期", "due today")
                   : arena_fmt(a, tx->lang == LANG_EN ? "%d working days left" : "还剩 %d 个工作日",
                               days);
    int64_t late = (tx->now - d->at) / TIME_HOUR;
    if (late < 24)
        return arena_fmt(a, tx->lang == LANG_EN ? "%d h late" : "超过 %d 小时", (int)late + 1);
    return arena_fmt(a, tx->lang == LANG_EN ? "%d days late" : "超过 %d 天", (int)(late / 24));
}

void order_write_due(struct hall_tx *tx, const struct order_due *d, struct json_out *j,
                     const char *key)
{
    if (!d->at)
        return;
    int32_t day = time_china_day(d->at), today = time_china_day(tx->now);
    int left = calendar_workdays_until(tx->hall->calendar, today, day);
    int64_t whole = d->at - d->started_at, used = tx->now - d->started_at;
    jout_object(j, key);
    jout_text(j, "at", time_rfc3339(tx->arena, d->at));
    jout_text(j, "date", time_date_text(tx->arena, day));
    jout_text(j, "text",
              arena_fmt(tx->arena, tx->lang == LANG_EN ? "by %s%s" : "最迟 %s%s",
                        order_day_text(tx->arena, day, tx->lang),
                        d->provisional ? order_word(tx->lang, "（暂定）", " (provisional)") : ""));
    jout_text(j, "left_text", left_text(tx, d, left));
    jout_int(j, "workdays_left", left);
    jout_int(j, "used", whole > 0 && used > 0 ? used * 100 / whole : 0);
    jout_bool(j, "overdue", tx->now > d->at);
    jout_bool(j, "provisional", d->provisional);
    write_days(tx, d, j);
    jout_end(j);
}

static void write_states(const struct order *o, struct json_out *j)
{
    const struct flow_states *s = &o->states;
    jout_object(j, "states");
    jout_text(j, "application", flow_state_name(FLOW_APPLICATION, s->at[FLOW_APPLICATION]));
    jout_text(j, "payment", flow_state_name(FLOW_PAYMENT, s->at[FLOW_PAYMENT]));
    jout_text(j, "paper", flow_state_name(FLOW_PAPER, s->papers ? s->paper[0].state : 0));
    jout_text(j, "fulfilment", flow_state_name(FLOW_FULFILMENT, s->at[FLOW_FULFILMENT]));
    jout_text(j, "invoice", flow_state_name(FLOW_INVOICE, s->at[FLOW_INVOICE]));
    jout_end(j);
}

static void write_status(const struct view *v, enum order_reader reader, struct json_out *j,
                         const char *key)
{
    struct order_status s;
    fill_status(v, reader, &s);
    jout_object(j, key);
    jout_text(j, "text", s.text);
    if (*s.note)
        jout_text(j, "note", s.note);
    jout_text(j, "tone", s.tone);
    jout_object(j, "owner");
    jout_text(j, "kind", s.owner_kind);
    jout_text(j, "text", s.owner_text);
    jout_end(j);
    if (*s.next)
        jout_text(j, "next", s.next);
    order_write_due(v->tx, &s.due, j, "due");
    if (s.action) {
        jout_object(j, "action");
        jout_text(j, "code", s.action);
        jout_text(j, "label", s.action_label);
        jout_bool(j, "primary", 1);
        jout_end(j);
    }
    jout_text(j, "group", order_group_text(s.group));
    write_states(v->o, j);
    jout_bool(j, "final", s.final);
    jout_end(j);
}

enum err order_write_status(struct hall_tx *tx, const struct order *o, enum order_reader reader,
                            struct json_out *j, const char *key, struct err_info *e)
{
    struct view v;
    TRY(view_load(tx, o, &v, e));
    write_status(&v, reader, j, key);
    return ERR_OK;
}

const char *order_title(const struct order *o, enum lang lang)
{
    return o->rules_of->type[o->type].title.in[lang];
}

const char *order_type_code(struct arena *a, enum flow_type t)
{
    char *s = arena_text(a, flow_type_name(t));
    for (char *p = s; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return s;
}

enum flow_type order_type_from_code(const char *code)
{
    char name[24] = "";
    for (size_t i = 0; code[i] && i < sizeof name - 1; i++)
        name[i] = (char)(code[i] >= 'a' && code[i] <= 'z' ? code[i] - 'a' + 'A' : code[i]);
    int t = flow_type_from_name(name);
    return t < 0 ? TYPE_COUNT : (enum flow_type)t;
}

/* Members of an OrderItem into the open object. */
static void write_item(const struct view *v, const struct account *acc, enum order_reader reader,
                       struct json_out *j)
{
    const struct order *o = v->o;
    struct hall_tx *tx = v->tx;
    jout_text(j, "order", arena_fmt(tx->arena, "%019" PRId64, o->id));
    jout_text(j, "project", o->project);
    jout_text(j, "type", order_type_code(tx->arena, o->type));
    jout_text(j, "title", order_title(o, tx->lang));
    jout_text(j, "institution", o->institution_name);
    jout_text(j, "person",
              reader == ORDER_FOR_APPLICANT ? acc->handler
                                            : vault_mask_name(tx->arena, acc->handler));
    write_status(v, reader, j, "status");
    jout_int(j, "amount_fen", o->amount_fen);
    jout_text(j, "created_at", time_rfc3339(tx->arena, o->created_at));
    jout_text(j, "updated_at", time_rfc3339(tx->arena, o->updated_at));
}

enum err view_write_item(const struct view *v, enum order_reader reader, struct json_out *j,
                         struct err_info *e)
{
    struct account acc;
    TRY(account_get(v->tx, v->o->account, &acc, e));
    write_item(v, &acc, reader, j);
    return ERR_OK;
}

enum err order_write_items(struct hall_tx *tx, const struct order *o, size_t n,
                           enum order_reader reader, struct json_out *j, const char *key,
                           struct err_info *e)
{
    struct account acc = {0};
    jout_list(j, key);
    for (size_t i = 0; i < n; i++) {
        struct view v;
        TRY(view_load(tx, &o[i], &v, e));
        if (acc.id != o[i].account)
            TRY(account_get(tx, o[i].account, &acc, e));
        jout_object(j, NULL);
        write_item(&v, &acc, reader, j);
        jout_end(j);
    }
    jout_end(j);
    return ERR_OK;
}
