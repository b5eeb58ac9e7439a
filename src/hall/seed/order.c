/* The order itself, its log, its audit rows, tasks, clocks and timers. */
#include "hall/seed/seed_priv.h"

#include "hall/order/order.h"
#include "hall/seed/seed_sql.h"
#include "store/store.h"

#include <inttypes.h>
#include <string.h>

static int64_t at_or_0(const struct seed_order *o, int stage)
{
    return stage >= 0 && stage < o->reached ? o->at[stage] : 0;
}

static int is_rest(const struct seed_order *o)
{
    return flow_is_rest(FLOW_APPLICATION, o->states.at[FLOW_APPLICATION]);
}

/* When the application came to rest. */
static int64_t ended_at(const struct seed_order *o)
{
    for (int i = 0; i < o->reached; i++)
        if (flow_is_rest(FLOW_APPLICATION, o->path->stage[i].states.at[FLOW_APPLICATION]))
            return o->at[i];
    return 0;
}

static enum err write_row(struct seed_order *o, struct err_info *e)
{
    struct seed_run *r = o->run;
    const struct flow_states *s = &o->states;
    struct hall_tx *tx = r->tx;
    int submitted = o->path->submit >= 0 && o->path->submit < o->reached;
    int64_t last = o->at[o->reached - 1], submitted_at = at_or_0(o, o->path->submit);
    int holds = !is_rest(o) || (s->at[FLOW_APPLICATION] == FLOW_APPLICATION_COMPLETED &&
                                s->at[FLOW_CERTIFICATE] != FLOW_CERTIFICATE_REVOKED);
    int64_t kept = s->at[FLOW_APPLICATION] == FLOW_APPLICATION_DRAFT
                       ? o->at[0] + r->project->order.keep_draft_days * (int64_t)TIME_DAY
                       : 0;
    int32_t price_day = time_china_day(submitted_at) + r->project->pay.price_freeze_days;
    const struct store_value v[] = {
        P_INT(o->id),
        P_INT(o->reached + 1 + (o->invoiced_at > 0)),
        P_TEXT(r->project->about.code),
        P_INT(r->project->version),
        P_TEXT(flow_type_name(TYPE_NEW)),
        P_INT(o->person->account),
        P_INT(o->person->of.id),
        P_TEXT(o->person->of.name),
        P_TEXT(flow_state_name(FLOW_APPLICATION, s->at[FLOW_APPLICATION])),
        P_TEXT(flow_state_name(FLOW_PAYMENT, s->at[FLOW_PAYMENT])),
        P_TEXT(flow_state_name(FLOW_INVOICE, s->at[FLOW_INVOICE])),
        P_TEXT(flow_state_name(FLOW_FULFILMENT, s->at[FLOW_FULFILMENT])),
        P_TEXT(order_group_text(order_group_of(&r->paths.facts, s))),
        P_INT(!is_rest(o)),
        P_INT(holds),
        P_INT(r->fee.amount_fen),
        P_TEXT(r->fee.rule),
        P_INT(submitted ? time_from_china_day(price_day + 1) - 1 : 0),
        P_INT(submitted),
        P_TEXT(submitted ? r->agreement : ""),
        P_BLOB(submitted ? r->agreement_hash : ((struct bytes){(const uint8_t *)"", 1})),
        P_INT(o->at[0]),
        P_INT(o->invoiced_at > last ? o->invoiced_at : last),
        P_INT(submitted_at),
        P_INT(at_or_0(o, o->path->paid)),
        P_INT(is_rest(o) ? ended_at(o) : 0),
        P_INT(kept)};
    return store_exec(tx->db, &Q_seed_order, (struct store_params){v, sizeof v / sizeof *v}, NULL,
                      e);
}

/* ---- log and audit ---- */

/* What the sentence of a log line needs (order/log_words.def). */
static const char *what_of(const struct seed_order *o, const struct seed_stage *s)
{
    struct arena *a = o->run->tx->arena;
    enum flow_event event = s->step->event;
    if (event == EVENT_APP_SUBMIT || event == EVENT_PAY_SUCCESS)
        return arena_fmt(a, "{\"fen\":%" PRId64 "}", o->run->fee.amount_fen);
    if (event == EVENT_FUL_HAND_OVER)
        return arena_fmt(a, "{\"serial\":\"%s\",\"courier\":\"%s\",\"number\":\"%s\"}", o->serial,
                         o->courier, o->parcel);
    enum flow_machine m = flow_event_machine(event);
    int made = m == FLOW_UKEY || m == FLOW_CERTIFICATE || event == EVENT_FUL_MAKE ||
               event == EVENT_FUL_QUALITY;
    return made ? arena_fmt(a, "{\"serial\":\"%s\"}", o->serial) : "{}";
}

static struct actor actor_of(const struct seed_order *o, enum seed_who who)
{
    if (who != SEED_APPLICANT)
        return o->run->who[who];
    return (struct actor){.kind = BY_APPLICANT,
                          .id = o->person->account,
                          .name = o->person->name,
                          .role = "",
                          .address = "127.0.0.1"};
}

static enum err write_step(struct seed_order *o, const struct seed_stage *s, int64_t at,
                           struct err_info *e)
{
    struct seed_run *r = o->run;
    struct arena *a = r->tx->arena;
    struct actor who = actor_of(o, s->step->who);
    const char *event = flow_event_name(s->step->event);
    TRY(store_exec(r->tx->db, &Q_seed_log,
                   PARAMS(P_INT(seed_id(o, at)), P_INT(o->id), P_INT(at), P_TEXT(s->row),
                          P_TEXT(event), P_TEXT(hall_actor_kind_text(who.kind)), P_INT(who.id),
                          P_TEXT(seed_who_text(r, s->step->who)), P_TEXT(what_of(o, s))),
                   NULL, e));
    if (!s->step->audited)
        return ERR_OK;
    struct audit_past past = {.id = seed_id(o, at), .at = at, .who = who};
    struct audit_entry entry = {.act = arena_fmt(a, "order.%s", event),
                                .order = o->id,
                                .object = arena_fmt(a, "order:%" PRId64, o->id),
                                .old_value = s->before,
                                .new_value = s->after};
    r->audit_rows++;
    return audit_bulk_put(r->tx, &r->heads, &past, &entry, e);
}

/* ---- clocks, timers, tasks ---- */

static enum err write_clock(struct seed_order *o, int clock, int64_t started, int64_t stopped,
                            struct err_info *e)
{
    const struct flow_clock *c = &o->run->project->rules.clock[clock];
    struct store_tx *db = o->run->tx->db;
    TRY(store_exec(db, &Q_seed_clock,
                   PARAMS(P_INT(o->id), P_TEXT(c->name), P_TEXT(flow_owner_name(c->owner)),
                          P_INT(started), P_INT(o->due[clock]), P_INT(o->provisional[clock]),
                          P_INT(stopped), P_INT(0)),
                   NULL, e));
    if (stopped || c->fires == EVENT_NONE)
        return ERR_OK;
    return store_exec(db, &Q_seed_timer,
                      PARAMS(P_INT(o->id), P_TEXT(c->name), P_TEXT(flow_event_name(c->fires)),
                             P_INT(o->due[clock])),
                      NULL, e);
}

static enum err write_clocks(struct seed_order *o, struct err_info *e)
{
    for (int c = 0; c < o->run->project->rules.clocks; c++) {
        int64_t started = 0, stopped = 0;
        for (int i = 0; i < o->reached; i++) {
            if (o->path->stage[i].starts >> c & 1) {
                started = o->at[i];
                stopped = 0;
            }
            if (o->path->stage[i].stops >> c & 1 && started)
                stopped = o->at[i];
        }
        if (started)
            TRY(write_clock(o, c, started, stopped, e));
    }
    return ERR_OK;
}

/* When the task that stage `from` opened was closed; 0: it is open. */
static int64_t closed_at(const struct seed_order *o, int from, const char *kind)
{
    for (int i = from; i < o->reached; i++)
        for (int k = 0; k < o->path->stage[i].closed; k++)
            if (strcmp(o->path->stage[i].closes[k], kind) == 0)
                return o->at[i];
    for (int k = 0; o->invoiced_at && k < o->run->paths.invoiced.closed; k++)
        if (strcmp(o->run->paths.invoiced.closes[k], kind) == 0)
            return o->invoiced_at;
    return 0;
}

static enum err write_task(struct seed_order *o, int stage, const struct seed_task *t,
                           struct err_info *e)
{
    struct seed_run *r = o->run;
    int64_t closed = closed_at(o, stage, t->kind), due = t->clock < 0 ? 0 : o->due[t->clock];
    const char *key = arena_fmt(r->tx->arena, "%" PRId64 "/%s/", o->id, t->kind);
    return store_exec(r->tx->db, &Q_seed_task,
                      PARAMS(P_INT(seed_id(o, o->at[stage])), P_INT(o->id), P_TEXT(t->kind),
                             P_TEXT(r->project->about.code), P_TEXT(t->role), P_INT(o->at[stage]),
                             P_INT(due), P_INT(due ? due : INT64_MAX),
                             P_INT(t->clock < 0 ? 0 : o->provisional[t->clock]), P_INT(closed),
                             closed ? P_NULL : P_TEXT(key), P_INT(closed ? 2 : 1)),
                      NULL, e);
}

/* ---- what the applicant was told: that his UKey is on its way ---- */

static enum err write_message(struct seed_order *o, struct err_info *e)
{
    struct seed_run *r = o->run;
    struct arena *a = r->tx->arena;
    const struct project_notify *n = &r->project->notify[NOTICE_SHIPPED];
    const char *title[2], *text[2];
    if (o->path->sent < 0 || o->reached <= o->path->sent || !n->channels)
        return ERR_OK;
    const struct project_value v[] = {
        {"order", arena_fmt(a, "%019" PRId64, o->id)},
        {"project", r->project->about.name.in[LANG_ZH]},
        {"institution", o->person->of.name},
        {"business", r->project->type[TYPE_NEW].title.in[LANG_ZH]},
        {"serial", arena_fmt(a, "%.4s %.4s %.4s", o->serial, o->serial + 4, o->serial + 8)},
        {"courier", o->courier},
        {"parcel", o->parcel},
        {"hotline", r->project->about.hotline}};
    for (int lang = LANG_ZH; lang <= LANG_EN; lang++) {
        title[lang] = project_fill(a, n->subject.in[lang], v, sizeof v / sizeof *v);
        text[lang] = project_fill(a, n->sms.in[lang], v, sizeof v / sizeof *v);
    }
    int64_t at = o->at[o->path->sent];
    return store_exec(r->tx->db, &Q_seed_message,
                      PARAMS(P_INT(seed_id(o, at)), P_INT(o->person->account), P_INT(o->id),
                             P_INT(at), P_TEXT(title[LANG_ZH]), P_TEXT(title[LANG_EN]),
                             P_TEXT(text[LANG_ZH]), P_TEXT(text[LANG_EN]),
                             P_INT(o->reached > o->path->received)),
                      NULL, e);
}

enum err seed_write_order(struct seed_order *o, struct err_info *e)
{
    TRY(write_row(o, e));
    for (int i = 0; i < o->reached; i++) {
        TRY(write_step(o, &o->path->stage[i], o->at[i], e));
        for (int k = 0; k < o->path->stage[i].opened; k++)
            TRY(write_task(o, i, &o->path->stage[i].opens[k], e));
    }
    if (o->invoiced_at)
        TRY(write_step(o, &o->run->paths.invoiced, o->invoiced_at, e));
    TRY(write_clocks(o, e));
    return write_message(o, e);
}
