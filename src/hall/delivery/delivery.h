/* Delivery: parcels with their courier's number, where they went and when they arrived (requirements §10.4 F4, F9; S0-28, S0-29).
 *
 * Sending is the provider's promise and is dated by who hands over; arriving is the courier's and comes from outside. The
 * address is sealed in its row. Acts in the audit: delivery.sent, delivery.signed. */
#ifndef CERTHALL_HALL_DELIVERY_H
#define CERTHALL_HALL_DELIVERY_H

#include "base/json.h"
#include "hall/hall.h"
#include "hall/outbox/outbox.h"

/* ---- couriers ---- */

enum { DELIVERY_NUMBER_MIN = 8, DELIVERY_NUMBER_MAX = 30 };

struct delivery_courier {
    const char *id;      /* "sf"; the name itself where the engine does not know the courier */
    const char *name;    /* as profiles list it: 顺丰速运 */
    const char *name_en; /* as it calls itself; `name` where the engine does not know the courier */
    const char *query_url; /* where one looks a parcel up; "" where not known */
    const char *
        pattern; /* what only this courier's numbers look like, a regular expression; "" where none is */
};
/* By id or name; one that is not known is its own name. Texts are literals or borrowed from `named`. */
struct delivery_courier delivery_courier_of(const char *named);
const char *delivery_courier_text(struct delivery_courier c, enum lang lang);
/* Couriers of a profile as [{id, name, pattern}] (openapi Shipment.couriers): the page chooses by the number. */
void delivery_write_couriers(struct json_out *j, const char *key, const char *const *names, int n,
                             enum lang lang);

/* What a person typed or scanned, made plain: upper case, full width to half width, spaces and hyphens dropped.
 * ERR_SHIP_NUMBER where it is not DELIVERY_NUMBER_MIN to _MAX letters and digits with at least one digit. */
NODISCARD enum err delivery_mend_number(struct arena *a, const char *typed, const char **out,
                                        struct err_info *e);

/* ---- effects (ARCHITECTURE.md, "Effects and who does them") ---- */

struct delivery_to {
    const char *name, *phone, *address, *postcode;
};
/* record_parcel. The number is mended; the same parcel again changes nothing. ERR_SHIP_NUMBER, ERR_SHIP_ADDRESS,
 * ERR_SHIP_NUMBER_USED{order}: another order has it. In a demo the UKey's file goes to the user (outbox kind "demo.courier"). */
NODISCARD enum err delivery_send(struct hall_tx *tx, int64_t order, const char *courier,
                                 const char *number, const char *serial,
                                 const struct delivery_to *to, struct err_info *e);
/* warranty_start (G-05): signed at `at`, business time; the first report counts. ERR_SHIP_DATE before it was sent or in the
 * future. */
NODISCARD enum err delivery_signed(struct hall_tx *tx, int64_t order, int64_t at,
                                   struct err_info *e);

/* ---- reading ---- */

struct delivery {
    int64_t id, order;
    struct delivery_courier courier;
    const char *number, *serial;
    int64_t sent_at,
        signed_at; /* business time; signed_at 0: not yet. The warranty counts from it */
    const char *sent_by;
    struct bytes to; /* sealed */
};
/* The newest parcel of the order; *found 0 where none was sent. */
NODISCARD enum err delivery_of_order(struct hall_tx *tx, int64_t order, struct delivery *out,
                                     int *found, struct err_info *e);
/* Where it went. The caller has the permission, or masks. */
NODISCARD enum err delivery_open_to(struct hall_tx *tx, const struct delivery *d,
                                    struct delivery_to *out, struct err_info *e);
/* "SF10 2233 4455 667" */
const char *delivery_number_text(struct arena *a, const char *number);
/* openapi ShipmentView, masked; nothing is written before a parcel was sent. */
NODISCARD enum err delivery_write(struct hall_tx *tx, int64_t order, struct json_out *j,
                                  const char *key, struct err_info *e);

/* ---- the demo's courier ---- */

/* "demo.courier": moves <demo>/ukeys/bench/<serial>.ukey to <demo>/ukeys/user/, where the user's agent finds it. Only for
 * halls with `demo` set; `demo` (<data>/demo) outlives the outbox. */
struct outbox_kind delivery_demo_kind(const char *demo);

/* The addresses of an order whose time is over go; couriers, numbers and dates stay (G-24). */
NODISCARD enum err delivery_erase(struct hall_tx *tx, int64_t order, struct err_info *e);

#endif
