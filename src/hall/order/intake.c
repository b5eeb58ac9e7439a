/* The regulator's corrections and withdrawals, seen from the orders (C5, C6, A31). Intake asks before it takes a row
 * and tells afterwards, in its own transaction. */
#include "hall/intake/intake.h"
#include "hall/order/order_priv.h"
#include "hall/order/order_sql.h"
#include "hall/task/task.h"

static enum err open_orders(struct hall_tx *tx, int64_t account, struct order *out, size_t max,
                            size_t *n, struct err_info *e)
{
    struct account acc;
    struct store_rows rows;
    TRY(account_get(tx, account, &acc, e));
    TRY(store_many(tx->db, &Q_order_all_of, PARAMS(P_INT(account)), tx->arena, &rows, e));
    *n = 0;
    for (size_t i = 0; i < rows.n && *n < max; i++)
        TRY(order_from_row(tx, &rows.row[i], &out[(*n)++], NULL, e));
    return ERR_OK;
}

enum { ORDERS_MAX = 64 };

static int money_came(const struct order *o)
{
    int pay = o->states.at[FLOW_PAYMENT];
    return pay == FLOW_PAYMENT_PAID || pay == FLOW_PAYMENT_CLAIMED || pay == FLOW_PAYMENT_REFUNDING;
}

static int is_open(const struct order *o)
{
    int app = o->states.at[FLOW_APPLICATION];
    return app != FLOW_APPLICATION_NONE && !flow_is_rest(FLOW_APPLICATION, app);
}

/* C5 corrects what is not paid; but a name that the applicant asked for in a paid order comes by a correction as well,
 * and reaches the certificate as long as that is not made (S0-21). */
static int correction_fits(const struct order *o)
{
    int ful = o->states.at[FLOW_FULFILMENT];
    if (!money_came(o))
        return 1;
    return o->name_changed && (ful == FLOW_FULFILMENT_NONE || ful == FLOW_FULFILMENT_QUEUED);
}

static enum err may(struct hall_tx *tx, int64_t account, enum reglist_action action,
                    struct err_info *e)
{
    size_t n;
    struct order *list = arena_alloc(tx->arena, sizeof *list * ORDERS_MAX);
    if (action != REGLIST_CORRECT) /* C6: a withdrawal is always taken */
        return ERR_OK;
    TRY(open_orders(tx, account, list, ORDERS_MAX, &n, e));
    for (size_t i = 0; i < n; i++)
        if (is_open(&list[i]) && !correction_fits(&list[i]))
            return err_set(e, ERR_ORDER_FROZEN, NULL, "correction after payment");
    return ERR_OK;
}

/* After payment no row of flow takes a correction: only what the applicant asked for is brought in (S0-21). */
static enum err correct_paid(struct order_run *run, struct err_info *e)
{
    run->event = EVENT_CODE_CORRECT;
    run->result = arena_alloc(run->tx->arena, sizeof *run->result);
    run->before = run->o.states;
    TRY(order_find_facts(run, e));
    TRY(order_fx_code_update(run, e));
    TRY(order_store(run, e));
    return order_record(run, e);
}

static enum err corrected(struct hall_tx *tx, const struct order *o, struct err_info *e)
{
    struct order_run *run = arena_alloc(tx->arena, sizeof *run);
    struct order_input in = {0};
    const enum flow_actor external = ACTOR_EXTERNAL;
    in.as = &external;
    order_hold(&in, GUARD_SIGNATURE_OK); /* intake has verified the list */
    run->tx = tx;
    run->in = &in;
    TRY(order_read_run(run, o->id, e));
    return money_came(o) ? correct_paid(run, e) : order_run_event(run, EVENT_CODE_CORRECT, NULL, e);
}

static enum err withdrawn(struct hall_tx *tx, const struct order *o, struct err_info *e)
{
    struct order_input in = {.reason = "withdrawn by the regulator"};
    const enum flow_actor external = ACTOR_EXTERNAL;
    in.as = &external;
    enum err done = order_apply(tx, o->id, EVENT_APP_WITHDRAW, &in, NULL, e);
    return done == ERR_ORDER_STATE ? ERR_OK : done; /* ended already: nothing to stop */
}

static enum err done(struct hall_tx *tx, int64_t account, enum reglist_action action,
                     struct err_info *e)
{
    size_t n;
    struct order *list = arena_alloc(tx->arena, sizeof *list * ORDERS_MAX);
    if (action == REGLIST_ADD)
        return ERR_OK;
    TRY(open_orders(tx, account, list, ORDERS_MAX, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (action == REGLIST_CORRECT && is_open(&list[i]))
            TRY(corrected(tx, &list[i], e));
        if (action == REGLIST_WITHDRAW)
            TRY(withdrawn(tx, &list[i], e));
    }
    return ERR_OK;
}

const struct intake_hooks order_intake_hooks = {.may = may, .done = done};
