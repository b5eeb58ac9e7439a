/* UKeys: stock and life cycle (requirements §10.5 T1 to T15). A row for each, found by its serial.
 *
 * Serials are written without spaces ("FX2600071182") in rows, on the wire and in QR codes, and shown in groups
 * ("FX26 0007 1182"). States are moved by `order` through `flow`; only stock comes in without an order.
 * Acts in the audit: ukey.stock_in, ukey.state, ukey.owner, ukey.staff. */
#ifndef CERTHALL_HALL_UKEY_H
#define CERTHALL_HALL_UKEY_H

#include "hall/flow/flow.h"
#include "hall/hall.h"

enum { UKEY_SERIAL_MAX = 32 };

/* What a person typed or scanned, made plain: upper case, no spaces or hyphens, full width to half width. NULL where
 * something else remains or it is too long. */
const char *ukey_serial_mend(struct arena *a, const char *typed);
/* In groups of four, the prefix and the year first: "FX26 0007 1182". */
const char *ukey_serial_text(struct arena *a, const char *serial);

struct ukey {
    const char *serial, *project, *model, *batch;
    int state; /* enum flow_ukey_state */
    int64_t version;
    int64_t order;   /* the order it is reserved for or was made for; 0: none */
    int64_t account; /* its owner; 0: none yet (T4) */
    int64_t stocked_at, shipped_at, first_pin_at; /* business time; 0: not yet */
    int64_t admin_version;                        /* of the admin PIN that the UKey has; 0: none */
    int release_open; /* an admin PIN was released and its use not confirmed: begin with the next one */
    int user_left, user_max, admin_left, admin_max; /* as an agent last told; -1: not known */
};

struct ukey_stock {
    const char *project; /* whose prefix it carries */
    const char *prefix;  /* two letters; "" : any */
    const char *model, *batch;
    const char *const *serial; /* as typed or scanned */
    size_t n;
};
/* T1. All or nothing: ERR_UKEY_SERIAL{serial} for one that is known, ERR_UKEY_SERIAL_FORM{serial} for one that is not
 * prefix, two digits of the year and eight digits. */
NODISCARD enum err ukey_stock_in(struct hall_tx *tx, const struct ukey_stock *in,
                                 struct err_info *e);
struct ukey_stock_count {
    int64_t blank, reserved;
};
NODISCARD enum err ukey_stock_count(struct hall_tx *tx, const char *project,
                                    struct ukey_stock_count *out, struct err_info *e);

NODISCARD enum err ukey_get(struct hall_tx *tx, const char *serial, struct ukey *out,
                            struct err_info *e); /* ERR_NOT_FOUND */
/* The UKey that an order reserved or made last. *found 0: none. */
NODISCARD enum err ukey_of_order(struct hall_tx *tx, int64_t order, struct ukey *out, int *found,
                                 struct err_info *e);
NODISCARD enum err ukey_of_account(struct hall_tx *tx, int64_t account, const struct ukey **out,
                                   size_t *n, struct err_info *e); /* newest first */
/* FLOW_UKEY_NONE where the order has no UKey. */
NODISCARD enum err ukey_state(struct hall_tx *tx, int64_t order, int *state, struct err_info *e);
/* Live UKeys of a user: sent or in use, not lost, replaced, retired or given back (S0-09, C-18). */
NODISCARD enum err ukey_live_count(struct hall_tx *tx, int64_t account, int *n, struct err_info *e);

/* ---- reservation for an order (F1, F2) ---- */

/* Keep the first blank one for the order; one that is kept already stays. ERR_UKEY_NONE_LEFT. */
NODISCARD enum err ukey_reserve(struct hall_tx *tx, const char *project, int64_t order,
                                const char **serial, struct err_info *e);
/* The maker took another one: blank and free, or ERR_UKEY_TAKEN{serial}; the one kept before is free again. */
NODISCARD enum err ukey_reserve_this(struct hall_tx *tx, const char *project, int64_t order,
                                     const char *serial, struct err_info *e);
/* The order ends before the UKey was begun; one that was initialised stays with the order until it is wiped. */
NODISCARD enum err ukey_unreserve(struct hall_tx *tx, int64_t order, struct err_info *e);

/* ---- effects ---- */

/* ukey_record: the state after `row` of the tables, and a line of the UKey's own history. */
NODISCARD enum err ukey_record(struct hall_tx *tx, const char *serial, int64_t order,
                               const char *row, int state, struct err_info *e);
/* ukey_owner (T4): from now on it is this user's. How many he may have, `order` asks before it takes the order. */
NODISCARD enum err ukey_owner(struct hall_tx *tx, const char *serial, int64_t account,
                              struct err_info *e);

struct ukey_line {
    int64_t at;
    const char *row;        /* of flow: "T2" */
    const char *role, *who; /* the role that staff did it in, "" for others; the name */
    int state;
    int64_t order;
};
NODISCARD enum err ukey_history(struct hall_tx *tx, const char *serial,
                                const struct ukey_line **out, size_t *n, struct err_info *e);

/* ---- what agents tell ---- */

struct ukey_seen {
    int user_left, user_max, admin_left, admin_max;
};
NODISCARD enum err ukey_seen(struct hall_tx *tx, const char *serial, const struct ukey_seen *s,
                             struct err_info *e);
/* An admin PIN was released for it; and the version it has now, confirmed to the kmc. */
NODISCARD enum err ukey_pin_released(struct hall_tx *tx, const char *serial, struct err_info *e);
NODISCARD enum err ukey_pin_confirmed(struct hall_tx *tx, const char *serial, int64_t version,
                                      struct err_info *e);

/* ---- UKeys of staff: the maker signs with his own ---- */

struct ukey_staff {
    int64_t staff;
    const char *serial;      /* of the UKey */
    const char *certificate; /* hex serial, as the ca knows it */
};
/* One for each person; a later one replaces it. */
NODISCARD enum err ukey_staff_put(struct hall_tx *tx, const struct ukey_staff *s,
                                  struct err_info *e);
/* *found 0: this person has none. */
NODISCARD enum err ukey_of_staff(struct hall_tx *tx, int64_t staff, struct ukey_staff *out,
                                 int *found, struct err_info *e);

#endif
