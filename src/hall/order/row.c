/* Orders in their rows, and the states that stand in other concepts. */
#include "hall/order/order_priv.h"

#include "hall/order/order_sql.h"

#include <stdlib.h>
#include <string.h>

static enum err read_state(const struct store_row *r, const char *column, enum flow_machine m,
                           struct flow_states *s, struct err_info *e)
{
    int state = flow_state_from_name(m, row_text(r, column));
    if (state < 0)
        return err_set(e, ERR_INTERNAL, NULL, "%s %s in a row", column, row_text(r, column));
    s->at[m] = (uint8_t)state;
    return ERR_OK;
}

/* "EXPECTED:0 OK:2" */
static enum err read_papers(struct arena *a, const char *text, struct flow_states *s,
                            struct err_info *e)
{
    char *rest = arena_text(a, text);
    while (*rest) {
        size_t n = strcspn(rest, " "), colon = strcspn(rest, ":");
        char *next = rest[n] ? rest + n + 1 : rest + n;
        if (colon >= n || s->papers == FLOW_PAPERS_MAX)
            return err_set(e, ERR_INTERNAL, NULL, "papers %s in a row", text);
        rest[colon] = 0;
        int state = flow_state_from_name(FLOW_PAPER, rest);
        if (state < 0)
            return err_set(e, ERR_INTERNAL, NULL, "papers %s in a row", text);
        s->paper[s->papers].state = (uint8_t)state;
        s->paper[s->papers++].leg = (uint8_t)(rest[colon + 1] - '0');
        rest = next;
    }
    return ERR_OK;
}

static const char *write_papers(struct arena *a, const struct flow_states *s)
{
    const char *out = "";
    for (int i = 0; i < s->papers; i++)
        out = arena_fmt(a, "%s%s%s:%d", out, i ? " " : "",
                        flow_state_name(FLOW_PAPER, s->paper[i].state), s->paper[i].leg);
    return out;
}

const char *order_group_text(enum order_group g)
{
    static const char *const text[] = {"yours", "running", "ended"};
    return text[g];
}

static enum order_group group_from_text(const char *s)
{
    return s[0] == 'y' ? ORDER_YOURS : s[0] == 'r' ? ORDER_RUNNING : ORDER_ENDED;
}

enum err order_from_row(struct hall_tx *tx, const struct store_row *r, struct order *out,
                        int *holds_limit, struct err_info *e)
{
    *out = (struct order){
        .id = row_int(r, "id"),
        .version = row_int(r, "version"),
        .project = row_text(r, "project"),
        .profile = row_int(r, "profile"),
        .account = row_int(r, "account_id"),
        .institution = row_int(r, "institution_id"),
        .group = group_from_text(row_text(r, "grp")),
        .amount_fen = row_int(r, "amount_fen"),
        .fee_rule = row_text(r, "fee_rule"),
        .price_until = row_int(r, "price_until"),
        .in_place = (int)row_int(r, "in_place"),
        .revision = row_int(r, "revision"),
        .institution_name = row_text(r, "institution_name"),
        .name_changed = (int)row_int(r, "name_changed"),
        .agreement = row_text(r, "agreement"),
        .created_at = row_int(r, "created_at"),
        .updated_at = row_int(r, "updated_at"),
        .submitted_at = row_int(r, "submitted_at"),
        .paid_at = row_int(r, "paid_at"),
        .ended_at = row_int(r, "ended_at"),
        .kept_until = row_int(r, "kept_until"),
    };
    int type = flow_type_from_name(row_text(r, "type"));
    out->rules_of = projects_version(tx->hall->projects, out->project, out->profile);
    if (type < 0 || !out->rules_of)
        return err_set(e, ERR_INTERNAL, NULL, "no profile %s version %d for a row", out->project,
                       (int)out->profile);
    out->type = (enum flow_type)type;
    out->states.passed = (uint8_t)row_int(r, "passed");
    if (holds_limit)
        *holds_limit = (int)row_int(r, "holds_limit");
    TRY(read_state(r, "application", FLOW_APPLICATION, &out->states, e));
    TRY(read_state(r, "payment", FLOW_PAYMENT, &out->states, e));
    TRY(read_state(r, "invoice", FLOW_INVOICE, &out->states, e));
    TRY(read_state(r, "fulfilment", FLOW_FULFILMENT, &out->states, e));
    return read_papers(tx->arena, row_text(r, "papers"), &out->states, e);
}

enum err order_get(struct hall_tx *tx, int64_t id, struct order *out, struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_order_get, PARAMS(P_INT(id)), tx->arena, &r, e));
    return order_from_row(tx, r, out, NULL, e);
}

enum err order_get_of(struct hall_tx *tx, int64_t id, int64_t account, struct order *out,
                      struct err_info *e)
{
    TRY(order_get(tx, id, out, e));
    return out->account == account ? ERR_OK
                                   : err_set(e, ERR_NOT_FOUND, NULL, "another account's order");
}

enum order_group order_group_of(const struct flow_facts *f, const struct flow_states *s)
{
    struct flow_now lane[FLOW_LANES_MAX];
    int n = flow_now(f, s, lane, FLOW_LANES_MAX);
    for (int i = 0; i < n; i++)
        if (lane[i].owner == OWNER_APPLICANT)
            return ORDER_YOURS;
    int rest = flow_is_rest(FLOW_APPLICATION, s->at[FLOW_APPLICATION]);
    return rest && s->at[FLOW_PAYMENT] != FLOW_PAYMENT_REFUNDING ? ORDER_ENDED : ORDER_RUNNING;
}

enum err order_store(struct order_run *run, struct err_info *e)
{
    struct order *o = &run->o;
    const struct flow_states *s = &o->states;
    int rest = flow_is_rest(FLOW_APPLICATION, s->at[FLOW_APPLICATION]);
    o->group = order_group_of(&run->facts, s);
    o->updated_at = run->tx->now;
    if (rest && !o->ended_at)
        o->ended_at = run->tx->now;
    if (s->at[FLOW_PAYMENT] == FLOW_PAYMENT_PAID && !o->paid_at)
        o->paid_at = run->tx->now;
    if (s->at[FLOW_APPLICATION] != FLOW_APPLICATION_DRAFT)
        o->kept_until = 0;
    TRY(store_exec_one(
        run->tx->db, &Q_order_change,
        PARAMS(P_INT(o->id), P_INT(o->version), P_TEXT(o->institution_name), P_INT(o->name_changed),
               P_TEXT(flow_state_name(FLOW_APPLICATION, s->at[FLOW_APPLICATION])),
               P_TEXT(flow_state_name(FLOW_PAYMENT, s->at[FLOW_PAYMENT])),
               P_TEXT(flow_state_name(FLOW_INVOICE, s->at[FLOW_INVOICE])),
               P_TEXT(flow_state_name(FLOW_FULFILMENT, s->at[FLOW_FULFILMENT])),
               P_TEXT(write_papers(run->tx->arena, s)), P_INT(s->passed),
               P_TEXT(order_group_text(o->group)), P_INT(!rest), P_INT(run->holds_limit),
               P_INT(o->amount_fen), P_TEXT(o->fee_rule), P_INT(o->price_until), P_INT(o->in_place),
               P_INT(o->revision), P_TEXT(o->agreement), P_INT(o->updated_at),
               P_INT(o->submitted_at), P_INT(o->paid_at), P_INT(o->ended_at), P_INT(o->kept_until),
               P_TEXT(flow_type_name(o->type))),
        e));
    o->version++;
    return ERR_OK;
}
