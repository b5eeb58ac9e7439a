/* Members of the order page that stand in other concepts: one writer for each. */
#include "hall/order/view_priv.h"

#include "hall/outbox/outbox.h"

#include <string.h>

static enum err ca_waiting(struct hall_tx *tx, const struct order *o, struct json_out *j,
                           struct err_info *e)
{
    const struct outbox_state *rows;
    size_t n;
    TRY(outbox_of_order(tx, o->id, "ca.issue", &rows, &n, e));
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].state, "waiting") == 0 && rows[i].tries > 0) {
            jout_bool(j, "ca_waiting", 1); /* the ca is away: it goes on by itself */
            break;
        }
    return ERR_OK;
}

order_view_part *const order_view_parts[] = {order_view_shipment, order_view_invoice, ca_waiting};
const size_t order_view_parts_n = sizeof order_view_parts / sizeof *order_view_parts;
