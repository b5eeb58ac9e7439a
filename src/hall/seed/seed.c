#include "hall/seed/seed_priv.h"

#include "base/text.h"
#include "hall/account/account.h"
#include "hall/calendar/calendar.h"
#include "hall/delivery/delivery.h"
#include "hall/seed/seed_sql.h"
#include "hall/staff/staff.h"
#include "hall/vault/vault.h"
#include "pki/digest.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    BUSY_ORDERS = 300, /* of one person, who cancels a lot: a list of several pages */
    SETTLED_DAYS = 40, /* what began earlier has ended, unless it was made and sent */
    RUSH_DAYS = 30,    /* in which one order of RUSH_PART falls */
    RUSH_PART = 20,
    LIST_ORDERS = 5000,
    HANDLERS_OF_TWO = 5,         /* two institutions have so many handlers */
    REGISTERED_DAYS = 6,         /* before the order */
    OPENS_MINUTES = 8 * 60 + 30, /* people come between half past eight and half past five */
    OPEN_MINUTES = 9 * 60,
    MAKING_HOUR = 9,
};

int64_t seed_id(struct seed_order *o, int64_t at)
{
    enum { IDS_OF_ONE = 64 };
    return hall_id_at(at, (uint32_t)(o->number * IDS_OF_ONE + o->kept++ % IDS_OF_ONE));
}

const char *seed_who_text(const struct seed_run *r, enum seed_who who)
{
    const struct actor *a = &r->who[who];
    return who != SEED_APPLICANT && *a->role ? arena_fmt(r->tx->arena, "%s/%s", a->role, a->name)
                                             : "";
}

/* ---- who ---- */

static enum err find_staff(struct seed_run *r, struct arena *a, struct err_info *e)
{
    static const struct {
        enum seed_who who;
        enum staff_role role;
        enum actor_kind kind;
    } roles[] = {{SEED_BENCH, STAFF_MAKER, BY_AGENT},
                 {SEED_MAKER, STAFF_MAKER, BY_STAFF},
                 {SEED_SHIPPING, STAFF_SHIPPING, BY_STAFF},
                 {SEED_FINANCE, STAFF_FINANCE, BY_STAFF},
                 {SEED_SUPPORT, STAFF_SUPPORT, BY_STAFF}};
    const struct staff *s;
    size_t n;
    _auto_hall_tx tx = {0};
    TRY(hall_begin(r->hall, 0, &hall_system, a, &tx, e));
    TRY(staff_list(&tx, &s, &n, e));
    r->who[SEED_BANK] =
        (struct actor){.kind = BY_EXTERNAL, .name = "netbank", .role = "", .address = "127.0.0.1"};
    r->who[SEED_TIMER] = hall_timer;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        const char *role = staff_role_code(roles[i].role);
        size_t k = 0;
        while (k < n && !(s[k].roles & roles[i].role))
            k++;
        if (k == n)
            return err_set(e, ERR_NOT_FOUND, "staff", "nobody of the staff is %s", role);
        r->who[roles[i].who] = (struct actor){
            .kind = roles[i].kind, .id = s[k].id, .name = s[k].name, .role = role, .address = ""};
    }
    return ERR_OK;
}

enum err seed_write_person(struct seed_run *r, struct seed_person *p, int64_t at,
                           struct err_info *e)
{
    struct hall_tx *tx = r->tx;
    struct arena *a = tx->arena;
    const struct vault *v = r->hall->vault;
    const char *project = r->project->about.code;
    struct bytes name, mobile, email, hash = {(const uint8_t *)"", 1};
    int32_t usable = calendar_add_workdays(r->hall->calendar, time_china_day(at),
                                           r->project->intake.code_valid_from_workday, NULL);
    TRY(vault_seal_text(v, a, VAULT_HANDLER, p->account, p->name, &name, e));
    TRY(vault_seal_text(v, a, VAULT_MOBILE, p->account, p->mobile, &mobile, e));
    TRY(vault_seal_text(v, a, VAULT_EMAIL, p->account, p->email, &email, e));
    TRY(store_exec(tx->db, &Q_seed_account,
                   PARAMS(P_INT(p->account), P_TEXT(project), P_TEXT(p->of.reporting_code),
                          P_TEXT(p->name), P_INT(p->of.id),
                          P_BLOB(account_code_index(r->hall, a, project, p->code)), P_INT(usable),
                          P_BLOB(name), P_BLOB(mobile), P_BLOB(email),
                          P_BLOB(vault_index(v, a, VAULT_MOBILE, p->mobile)),
                          P_BLOB(vault_index(v, a, VAULT_EMAIL, p->email)), P_INT(at)),
                   NULL, e));
    p->batch_row = ++r->batch_rows;
    return store_exec(tx->db, &Q_seed_intake_row,
                      PARAMS(P_INT(p->account), P_INT(r->batch), P_INT(p->batch_row),
                             P_INT(p->account), P_TEXT(p->of.name), P_TEXT(p->of.reporting_code),
                             P_TEXT(p->name), P_TEXT(p->of.uscc), P_BLOB(hash),
                             P_INT(p->batch_row + 1)),
                      NULL, e);
}

static enum err institution_of(struct seed_order *o, int64_t at, struct err_info *e)
{
    struct seed_run *r = o->run;
    struct seed_institution *i = &r->institution;
    int64_t number = r->people * 2 / HANDLERS_OF_TWO;
    if (r->institutions > number)
        return ERR_OK;
    seed_institution_make(number, i);
    i->id = seed_id(o, at);
    r->institutions++;
    TRY(store_exec(r->tx->db, &Q_seed_institution,
                   PARAMS(P_INT(i->id), P_TEXT(i->uscc), P_TEXT(i->name), P_INT(at)), NULL, e));
    TRY(store_exec(r->tx->db, &Q_seed_institution_part, PARAMS(P_INT(i->id), P_TEXT(i->name)), NULL,
                   e));
    return store_exec(r->tx->db, &Q_seed_institution_name,
                      PARAMS(P_INT(i->id), P_INT(i->id), P_TEXT(i->name),
                             P_TEXT(arena_fmt(r->tx->arena, "import:%" PRId64, r->batch)),
                             P_INT(at)),
                      NULL, e);
}

static enum err new_person(struct seed_order *o, struct seed_person *out, struct err_info *e)
{
    struct seed_run *r = o->run;
    int64_t at = o->at[0] - REGISTERED_DAYS * (int64_t)TIME_DAY;
    TRY(institution_of(o, at, e));
    out->of = r->institution;
    seed_person_make(r->people, out);
    out->account = seed_id(o, at);
    r->people++;
    return seed_write_person(r, out, at, e);
}

/* ---- when ---- */

/* Evenly over the years, but for the last month, which has a rush; in the hours in which people are at work. */
static int64_t begins_at(const struct seed_run *r, int64_t number)
{
    int64_t rush = r->now - RUSH_DAYS * (int64_t)TIME_DAY;
    int64_t late = r->orders / RUSH_PART, early = r->orders - late;
    int64_t at = number < early ? r->from + (rush - r->from) / early * number
                                : rush + (r->now - rush) / late * (number - early);
    int64_t midnight = time_from_china_day(time_china_day(at));
    at = midnight + OPENS_MINUTES * (int64_t)TIME_MINUTE +
         (at - midnight) * OPEN_MINUTES / (24 * 60);
    return at < r->now ? at : r->now - 1;
}

static int64_t next_workday(const struct seed_run *r, int64_t at)
{
    int32_t day = calendar_add_workdays(r->hall->calendar, time_china_day(at), 1, NULL);
    return time_from_china_day(day) + MAKING_HOUR * (int64_t)TIME_HOUR;
}

static int64_t comes_at(const struct seed_order *o, int stage, struct seed_chance *c)
{
    const struct seed_run *r = o->run;
    const struct seed_step *s = o->path->stage[stage].step;
    int64_t before = o->at[stage - 1];
    int64_t wait = seed_between(c, s->least, s->most) * TIME_SECOND;
    switch (s->pace) {
    case SEED_NEXT_WORKDAY:
        return next_workday(r, before) + wait;
    case SEED_DRAFT_ENDS:
        return before + r->project->order.keep_draft_days * (int64_t)TIME_DAY;
    case SEED_PRICE_ENDS:
        for (int i = 0; i < r->project->rules.clocks; i++)
            if (r->project->rules.clock[i].fires == s->event)
                return o->due[i];
        return before + r->project->pay.price_freeze_days * (int64_t)TIME_DAY;
    default:
        return before + wait;
    }
}

/* Every stage up to now, with the clocks that it starts. */
static void live(struct seed_order *o, struct seed_chance *c)
{
    struct seed_run *r = o->run;
    for (int i = 0; i < o->path->stages; i++) {
        int64_t at = i ? comes_at(o, i, c) : o->at[0];
        if (at > r->now)
            break;
        o->at[i] = at;
        o->reached = i + 1;
        o->states = o->path->stage[i].states;
        for (int k = 0; k < r->project->rules.clocks; k++)
            if (o->path->stage[i].starts >> k & 1)
                o->due[k] = project_clock_due(r->project, r->hall->calendar, k, at,
                                              &o->provisional[k]);
    }
    if (o->path->paid < 0 || o->reached <= o->path->paid)
        return;
    o->batch_day = project_batch_day(r->project, time_china_day(o->at[o->path->paid]));
    int64_t batch = time_from_china_day(o->batch_day) + 10 * (int64_t)TIME_HOUR;
    int64_t issued = batch > o->at[o->path->paid] ? batch : o->at[o->path->paid] + TIME_MINUTE;
    if (issued > r->now)
        return;
    o->invoiced_at = issued;
    o->states.at[FLOW_INVOICE] = r->paths.invoiced.states.at[FLOW_INVOICE];
}

/* ---- one order ---- */

static enum seed_end end_of(struct seed_chance *c)
{
    static const int of_1000[SEED_ENDS] = {[SEED_HELD] = 830,
                                           [SEED_REVOKED] = 20,
                                           [SEED_CANCELLED] = 60,
                                           [SEED_UNPAID] = 50,
                                           [SEED_LET_GO] = 40};
    int64_t at = seed_between(c, 0, 999);
    int end = 0;
    while (end < SEED_ENDS - 1 && at >= of_1000[end])
        at -= of_1000[end++];
    return (enum seed_end)end;
}

static void name_things(struct seed_order *o, struct seed_chance *c)
{
    static const char *const prefix[] = {"SF", "EA", "JD"};
    struct seed_run *r = o->run;
    struct arena *a = r->tx->arena;
    const struct project_deliver *d = &r->project->deliver;
    int year, month, day;
    time_day_parts(time_china_day(o->at[0]), &year, &month, &day);
    o->serial = arena_fmt(a, "%s%02d1%07" PRId64, r->project->about.serial_prefix, year % 100,
                          o->number);
    o->certificate = arena_fmt(a, "%016" PRIx64 "%016" PRIx64,
                               (uint64_t)seed_between(c, 1, INT64_MAX - 1),
                               (uint64_t)seed_between(c, 1, INT64_MAX - 1));
    int courier = d->courier_names ? (int)seed_between(c, 0, d->courier_names - 1) : 0;
    struct delivery_courier by = delivery_courier_of(d->courier_names ? d->couriers[courier]
                                                                      : "sf");
    o->courier = by.name;
    o->parcel = arena_fmt(a, courier == 1 ? "%s%09" PRId64 "CN" : "%s1%012" PRId64,
                          prefix[courier % 3], o->number);
}

/* Somebody who often changes his mind, somebody who tries again after a failure, or somebody new. */
static enum err choose(struct seed_order *o, struct seed_chance *c, struct err_info *e)
{
    struct seed_run *r = o->run;
    int64_t busy = r->orders / 4 < BUSY_ORDERS ? r->orders / 4 : BUSY_ORDERS;
    int settled = o->at[0] < r->now - SETTLED_DAYS * (int64_t)TIME_DAY;
    enum seed_end end = end_of(c);
    if (settled && busy && o->number % (r->orders / busy) == 0) {
        end = (enum seed_end)seed_between(c, SEED_CANCELLED, SEED_LET_GO);
        if (!r->busy.account)
            TRY(new_person(o, &r->busy, e));
        o->person = &r->busy;
    } else {
        if (!settled || !r->last_ended || seed_between(c, 0, 1))
            TRY(new_person(o, &r->last, e));
        o->person = &r->last;
        r->last_ended = end >= SEED_CANCELLED;
    }
    o->path = &r->paths.path[end];
    return ERR_OK;
}

static enum err write_order(struct seed_run *r, int64_t number, struct err_info *e)
{
    struct seed_chance c = seed_chance_of(number);
    struct seed_order o = {.run = r, .number = number};
    o.at[0] = begins_at(r, number);
    o.id = seed_id(&o, o.at[0]);
    TRY(choose(&o, &c, e));
    live(&o, &c);
    name_things(&o, &c);
    TRY(seed_write_order(&o, e));
    TRY(seed_write_form(&o, e));
    TRY(seed_write_money(&o, e));
    return seed_write_making(&o, e);
}

/* ---- many ---- */

/* The registrations of so many orders are one list of the regulator's. */
static enum err begin_batch(struct seed_run *r, struct err_info *e)
{
    struct arena *a = r->tx->arena;
    uint8_t sum[DIGEST_LEN];
    int64_t at = begins_at(r, r->done) - (REGISTERED_DAYS + 1) * (int64_t)TIME_DAY;
    const char *name = arena_fmt(a, "seeded-%07" PRId64 ".csv", r->done);
    digest_sha256((struct bytes){(const uint8_t *)name, strlen(name)}, sum);
    r->batch = hall_id_at(at, (uint32_t)(r->done / LIST_ORDERS));
    r->batch_rows = 0;
    snprintf(r->batch_hash, sizeof r->batch_hash, "%s",
             text_hex(a, (struct bytes){sum, sizeof sum}));
    return store_exec(r->tx->db, &Q_seed_batch,
                      PARAMS(P_INT(r->batch), P_TEXT(r->project->about.code), P_TEXT(r->batch_hash),
                             P_TEXT(name), P_TEXT("CertHall"), P_TEXT(""), P_INT(at)),
                      NULL, e);
}

static enum err end_batch(struct seed_run *r, struct err_info *e)
{
    return store_exec(r->tx->db, &Q_seed_batch_rows, PARAMS(P_INT(r->batch), P_INT(r->batch_rows)),
                      NULL, e);
}

static enum err write_some(struct seed_run *r, int64_t until, struct err_info *e)
{
    TRY(audit_bulk_begin(r->tx, &r->heads, e));
    if (r->done == 0)
        TRY(seed_money_begin(r, e));
    for (; r->done < until; r->done++) {
        if (r->done % LIST_ORDERS == 0)
            TRY(begin_batch(r, e));
        TRY(write_order(r, r->done, e));
        if ((r->done + 1) % LIST_ORDERS == 0 || r->done + 1 == until)
            TRY(end_batch(r, e));
        arena_reset(r->tx->arena);
    }
    TRY(seed_money_end(r, e));
    return audit_bulk_end(r->tx, &r->heads, e);
}

static enum err one_transaction(struct seed_run *r, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_hall_tx tx = {0};
    int64_t until = r->done + SEED_AT_ONCE < r->orders ? r->done + SEED_AT_ONCE : r->orders;
    TRY(hall_begin(r->hall, 1, &hall_system, a, &tx, e));
    r->tx = &tx;
    TRY(write_some(r, until, e));
    return hall_commit(&tx, e);
}

static enum err not_filled(struct seed_run *r, struct arena *a, struct err_info *e)
{
    struct seed_institution first;
    const struct store_row *row;
    _auto_hall_tx tx = {0};
    seed_institution_make(0, &first);
    TRY(hall_begin(r->hall, 0, &hall_system, a, &tx, e));
    TRY(store_one(tx.db, &Q_seed_known,
                  PARAMS(P_TEXT(r->project->about.code), P_TEXT(first.reporting_code)), a, &row,
                  e));
    if (row_int(row, "n") == 0)
        return ERR_OK;
    err_set(e, ERR_BAD_REQUEST, "orders", "filled before");
    err_arg(e, "why", "%s",
            "this demo was filled before; make another data directory with certhall init --demo");
    return ERR_BAD_REQUEST;
}

static enum err prepare(struct seed_run *r, const struct seed_options *o, struct arena *a,
                        struct err_info *e)
{
    struct project_fee_case new_one = {.type = TYPE_NEW, .days_since_receipt = -1};
    r->project = projects_find(r->hall->projects, o->project);
    if (!r->project || !project_type_on(r->project, TYPE_NEW) ||
        !project_fee_of(r->project, &new_one, &r->fee))
        return err_set(e, ERR_NOT_FOUND, "project", "no project %s with new certificates",
                       o->project);
    int method = 0;
    while (method < PAY_TRANSFER && !(r->project->pay.methods >> method & 1))
        method++;
    r->method = project_pay_method_name((enum project_pay_method)method);
    r->profile = r->project->cert.profile;
    r->now = clock_business(r->hall->clock);
    r->from = r->now - SEED_YEARS * 365 * (int64_t)TIME_DAY;
    r->orders = o->orders;
    const struct project_template *text = project_long_text(r->project, TEXT_AGREEMENT, NULL,
                                                            time_china_day(r->now));
    uint8_t sum[DIGEST_LEN];
    const char *both = text ? arena_fmt(a, "%s\n%s", text->text.in[0], text->text.in[1]) : "";
    digest_sha256((struct bytes){(const uint8_t *)both, strlen(both)}, sum);
    r->agreement = text ? text->version : "";
    r->agreement_hash = arena_bytes(a, sum, sizeof sum);
    TRY(find_staff(r, a, e));
    TRY(not_filled(r, a, e));
    return seed_paths_make(r->project, r->fee.amount_fen, a, &r->paths, e);
}

enum err seed_run(const struct hall *h, const struct seed_options *o, struct arena *a,
                  struct seed_result *out, struct err_info *e)
{
    struct seed_run *r = arena_alloc(a, sizeof *r);
    r->hall = h;
    TRY(prepare(r, o, a, e));
    while (r->done < r->orders) {
        TRY(one_transaction(r, e));
        if (o->progress)
            o->progress(o->arg, r->done, r->orders);
    }
    *out = (struct seed_result){.accounts = r->people,
                                .institutions = r->institutions,
                                .audit_rows = r->audit_rows,
                                .reporting_code = arena_text(a, r->busy.of.reporting_code),
                                .code = arena_text(a, r->busy.code)};
    return ERR_OK;
}
