/* Members of the order page that stand in other concepts: one writer for each. */
#include "hall/order/view_priv.h"
#include "hall/production/production.h"

/* The ca is away: it goes on by itself. */
static enum err ca_waiting(struct hall_tx *tx, const struct order *o, struct json_out *j,
                           struct err_info *e)
{
    struct production p;
    int found;
    TRY(production_of_order(tx, o->id, &p, &found, e));
    if (found && p.waiting_for_ca)
        jout_bool(j, "ca_waiting", 1);
    return ERR_OK;
}

order_view_part *const order_view_parts[] = {order_view_shipment, order_view_key,
                                             order_view_invoice, ca_waiting};
const size_t order_view_parts_n = sizeof order_view_parts / sizeof *order_view_parts;
