/* What is true of an order: only what the event, and whatever follows from it, can ask for is looked up. */
#include "hall/order/order_priv.h"

#include "hall/order/order_sql.h"

#include <string.h>

enum err order_account(struct order_run *run, const struct account **out, struct err_info *e)
{
    if (!run->account) {
        struct account *acc = arena_alloc(run->tx->arena, sizeof *acc);
        TRY(account_get(run->tx, run->o.account, acc, e));
        run->account = acc;
    }
    *out = run->account;
    return ERR_OK;
}

/* While it can be changed, the form as it stands; afterwards what was confirmed. */
enum err order_read_form(struct hall_tx *tx, const struct order *o, int application,
                         struct form *out, struct err_info *e)
{
    int changes = application == FLOW_APPLICATION_NONE || application == FLOW_APPLICATION_DRAFT ||
                  application == FLOW_APPLICATION_RETURNED;
    if (changes || !o->revision)
        return form_read(tx, o->id, o->rules_of, o->type, out, e);
    return form_revision(tx, o->id, o->revision, o->rules_of, o->type, out, e);
}

enum err order_form(struct order_run *run, struct form **out, struct err_info *e)
{
    if (!run->form) {
        struct form *f = arena_alloc(run->tx->arena, sizeof *f);
        TRY(order_read_form(run->tx, &run->o, run->before.at[FLOW_APPLICATION], f, e));
        run->form = f;
    }
    *out = run->form;
    return ERR_OK;
}

/* Roles to the actors of the flow tables. The regulator speaks from outside; administrators operate. */
static enum flow_actor staff_actor_of(const char *role)
{
    static const struct {
        const char *role;
        enum flow_actor actor;
    } table[] = {
        {"reviewer", ACTOR_REVIEWER},
        {"finance", ACTOR_FINANCE},
        {"maker", ACTOR_MAKER},
        {"shipping", ACTOR_SHIPPING},
        {"paper", ACTOR_PAPER},
        {"support", ACTOR_SUPPORT},
        {"counter", ACTOR_COUNTER},
        {"regulator", ACTOR_EXTERNAL},
        {"project_admin", ACTOR_OPERATOR},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].role, role) == 0)
            return table[i].actor;
    return ACTOR_COUNT; /* an auditor, for one, moves nothing */
}

enum flow_actor order_actor(const struct actor *who)
{
    switch (who->kind) {
    case BY_SYSTEM:
        return ACTOR_SYSTEM;
    case BY_TIMER:
        return ACTOR_TIMER;
    case BY_APPLICANT:
        return ACTOR_APPLICANT;
    case BY_AGENT:
        return ACTOR_AGENT;
    case BY_EXTERNAL:
        return ACTOR_EXTERNAL;
    default:
        return staff_actor_of(who->role);
    }
}

static enum err type_open(struct order_run *run, int *holds, struct err_info *e)
{
    (void)e;
    int32_t today = time_china_day(run->tx->now);
    *holds = project_type_open(run->o.rules_of, run->o.type, today);
    return ERR_OK;
}

/* Whoever is signed in got in by the project's own ways; here it is the right person's order. */
static enum err login_ok(struct order_run *run, int *holds, struct err_info *e)
{
    (void)e;
    *holds = run->tx->who.kind != BY_APPLICANT || run->tx->who.id == run->o.account;
    return ERR_OK;
}

static enum err code_usable(struct order_run *run, int *holds, struct err_info *e)
{
    const struct account *a;
    TRY(order_account(run, &a, e));
    *holds = a->state == ACCOUNT_USABLE || a->state == ACCOUNT_IN_USE;
    return ERR_OK;
}

static int counts_against_limit(enum flow_type t)
{
    return t == TYPE_NEW || t == TYPE_ADD;
}

/* C-18. 0: no limit. A user's open order is no_open_order's; of an institution others may have open ones. */
static enum err limits_ok(struct order_run *run, int *holds, struct err_info *e)
{
    const struct project_keys *keys = &run->o.rules_of->keys;
    const struct order *o = &run->o;
    const struct store_row *mine, *all;
    *holds = 1;
    if (!counts_against_limit(o->type))
        return ERR_OK;
    TRY(store_one(run->tx->db, &Q_order_holding, PARAMS(P_INT(o->account), P_TEXT(o->project)),
                  run->tx->arena, &mine, e));
    TRY(store_one(run->tx->db, &Q_order_holding_org,
                  PARAMS(P_INT(o->institution), P_TEXT(o->project), P_INT(o->id)), run->tx->arena,
                  &all, e));
    *holds = (!keys->per_user || row_int(mine, "n") < keys->per_user) &&
             (!keys->per_org || row_int(all, "n") < keys->per_org);
    return ERR_OK;
}

static enum err no_open_order(struct order_run *run, int *holds, struct err_info *e)
{
    struct store_rows rows;
    *holds = 1;
    TRY(store_many(run->tx->db, &Q_order_open_of,
                   PARAMS(P_INT(run->o.account), P_TEXT(run->o.project)), run->tx->arena, &rows,
                   e));
    for (size_t i = 0; i < rows.n; i++)
        if (row_int(&rows.row[i], "id") != run->o.id)
            *holds = 0;
    return ERR_OK;
}

static enum err form_valid(struct order_run *run, int *holds, struct err_info *e)
{
    struct form *f;
    struct form_problems *found = arena_alloc(run->tx->arena, sizeof *found);
    TRY(order_form(run, &f, e));
    form_check(run->tx->arena, f, run->tx->lang, found);
    *holds = found->n == 0;
    return ERR_OK;
}

static enum err fee_known(struct order_run *run, int *holds, struct err_info *e)
{
    (void)e;
    *holds = *run->o.fee_rule != 0;
    return ERR_OK;
}

/* The agreement that whoever submits today accepts. */
const struct project_template *order_agreement(const struct order_run *run)
{
    int32_t today = time_china_day(run->tx->now);
    return project_long_text(run->o.rules_of, TEXT_AGREEMENT, NULL, today);
}

static enum err consented(struct order_run *run, int *holds, struct err_info *e)
{
    (void)e;
    const struct project_template *t = order_agreement(run);
    *holds = t && run->in->consent && strcmp(run->in->consent, t->version) == 0;
    return ERR_OK;
}

static enum err method_on(struct order_run *run, int *holds, struct err_info *e)
{
    (void)e;
    int method = run->in->method ? project_pay_method_from_name(run->in->method) : -1;
    *holds = method >= 0 && run->o.rules_of->pay.methods >> method & 1;
    return ERR_OK;
}

static enum err amount_ok(struct order_run *run, int *holds, struct err_info *e)
{
    (void)e;
    *holds = run->in->money && run->in->money->amount_fen == run->o.amount_fen;
    return ERR_OK;
}

static int filled(const struct form *f, const char *const *names)
{
    for (; *names; names++)
        if (!*form_get(f, *names))
            return 0;
    return 1;
}

static enum err title_complete(struct order_run *run, int *holds, struct err_info *e)
{
    struct form *f;
    TRY(order_form(run, &f, e));
    *holds = filled(f, (const char *const[]){"invoice.title", "invoice.tax_no", NULL});
    return ERR_OK;
}

static enum err mailbox(struct order_run *run, int *holds, struct err_info *e)
{
    struct form *f;
    TRY(order_form(run, &f, e));
    *holds = filled(f, (const char *const[]){"invoice.email", NULL});
    return ERR_OK;
}

static enum err address_complete(struct order_run *run, int *holds, struct err_info *e)
{
    struct form *f;
    TRY(order_form(run, &f, e));
    *holds = filled(f, (const char *const[]){"mailing.name", "mailing.phone", "mailing.address",
                                             "mailing.postcode", NULL});
    return ERR_OK;
}

/* Without a review nobody has signed this order off whom the maker could be (G-11). */
static enum err maker_other(struct order_run *run, int *holds, struct err_info *e)
{
    (void)e;
    *holds = run->facts.rules->stages[run->o.type] == 0;
    return ERR_OK;
}

/* Facts that are not here come from the caller, who alone can know them: a signature that verified, a label that was
 * read. */
static const struct {
    enum flow_guard guard;
    order_fact_fn *find;
} FINDERS[] = {
    {GUARD_TYPE_OPEN, type_open},
    {GUARD_LOGIN_OK, login_ok},
    {GUARD_CODE_USABLE, code_usable},
    {GUARD_LIMITS_OK, limits_ok},
    {GUARD_NO_OPEN_ORDER, no_open_order},
    {GUARD_FORM_VALID, form_valid},
    {GUARD_FEE_KNOWN, fee_known},
    {GUARD_CONSENTED, consented},
    {GUARD_METHOD_ON, method_on},
    {GUARD_AMOUNT_OK, amount_ok},
    {GUARD_MONEY_KNOWN, order_fact_money_known},
    {GUARD_MONEY_HELD, order_fact_money_held},
    {GUARD_INVOICE_AMOUNT, order_fact_invoice_amount},
    {GUARD_REFUND_DONE, order_fact_refund_done},
    {GUARD_TITLE_COMPLETE, title_complete},
    {GUARD_MAILBOX, mailbox},
    {GUARD_ADDRESS_COMPLETE, address_complete},
    {GUARD_MAKER_OTHER, maker_other},
};

struct wanted {
    uint64_t facts;
    unsigned char seen[EVENT_COUNT];
    enum flow_event queue[EVENT_COUNT];
    int head, tail;
};

static void want_event(struct wanted *w, enum flow_event ev)
{
    if (w->seen[ev])
        return;
    w->seen[ev] = 1;
    w->queue[w->tail++] = ev;
}

static void want_row(struct wanted *w, const struct flow_row *row)
{
    for (int i = 0; i < FLOW_GUARDS_MAX && row->guard[i]; i++)
        if (row->guard[i] < GUARD_FACTS)
            w->facts |= UINT64_C(1) << row->guard[i];
    for (int i = 0; i < FLOW_RAISES_MAX && row->raise[i]; i++)
        want_event(w, (enum flow_event)row->raise[i]);
}

/* Every fact that a row of this event, or of one it raises, may be guarded by. */
static uint64_t facts_wanted(const struct flow_rules *rules, enum flow_event event)
{
    struct wanted w = {0};
    want_event(&w, event);
    for (; w.head < w.tail; w.head++) {
        int n;
        const struct flow_row *rows = flow_rows(flow_event_machine(w.queue[w.head]), &n);
        for (int i = 0; i < n; i++)
            if (rows[i].event == w.queue[w.head] && flow_row_on(rules, &rows[i]))
                want_row(&w, &rows[i]);
    }
    return w.facts;
}

enum err order_find_facts(struct order_run *run, struct err_info *e)
{
    struct flow_facts *f = &run->facts;
    *f = (struct flow_facts){
        .rules = &run->o.rules_of->rules,
        .type = run->o.type,
        .amount_fen = run->o.amount_fen,
        .in_place = run->o.in_place,
        .paper_set = run->in->paper_set,
        .holds = run->in->holds,
    };
    uint64_t wanted = facts_wanted(f->rules, run->event) & ~run->in->holds;
    for (size_t i = 0; i < sizeof FINDERS / sizeof *FINDERS; i++) {
        int holds = 0;
        if (!(wanted >> FINDERS[i].guard & 1))
            continue;
        TRY(FINDERS[i].find(run, &holds, e));
        flow_hold(f, FINDERS[i].guard, holds);
    }
    return ERR_OK;
}
