/* What pages of the staff list across concepts: work, imports, search. Reads only; each concept's own rows are written by
 * that concept alone. Everything is in the transaction's arena. */
#ifndef CERTHALL_HALL_REPORT_H
#define CERTHALL_HALL_REPORT_H

#include "hall/hall.h"

/* ---- work: open tasks with what their orders say ---- */

struct report_work {
    int64_t id, order;
    const char *kind, *project, *subject, *role;
    int64_t opened_at, due_at, due_sort; /* due_at 0: none; due_sort: what the list is sorted by */
    int provisional;
    int64_t claimed_by, lease_until; /* claimed_by 0: free, also where the lease is over */
    const char *claimed_name;
    const char *institution, *type; /* of the order; "" where there is none */
    int name_changed, waits_for_ca;
    int64_t asked_by; /* an approval: the staff member who cannot decide it; 0: no approval */
};
enum report_work_tab { REPORT_WORK_OPEN, REPORT_WORK_MINE, REPORT_WORK_DONE_TODAY };
struct report_work_filter {
    const char *const
        *roles;       /* NULL-terminated: on whose lists; "maker/quality": of that kind only */
    const char *kind; /* NULL: all; "support": and every kind without a queue of its own */
    const char *type; /* of the order, flow_type_name; NULL: all */
    const char *project, *q; /* q: order number by prefix or institution by part */
    enum report_work_tab tab;
    int free_only; /* with REPORT_WORK_OPEN: nobody's lease runs */
    int64_t after_key,
        after_id; /* sort key and id of the last one of the page before; id 0: first page */
    int limit;
};
/* Open ones by due time, then age; those done today newest first (sort key: when they were closed). */
NODISCARD enum err report_work_list(struct hall_tx *tx, const struct report_work_filter *f,
                                    const struct report_work **out, size_t *n, struct err_info *e);
/* One open task. ERR_NOT_FOUND. */
NODISCARD enum err report_work_get(struct hall_tx *tx, int64_t id, struct report_work *out,
                                   struct err_info *e);
NODISCARD enum err report_work_of_order(struct hall_tx *tx, int64_t order,
                                        const struct report_work **out, size_t *n,
                                        struct err_info *e);
struct report_work_counts {
    int64_t open, mine, done_today, overdue, due_today;
};
/* Of the filter without its tab. */
NODISCARD enum err report_work_counts(struct hall_tx *tx, const struct report_work_filter *f,
                                      struct report_work_counts *out, struct err_info *e);

/* The newest task about a changed institution name of an order (S0-21); ERR_NOT_FOUND where none ever was. */
struct report_name_change {
    int64_t opened_at, due_at, closed_at; /* closed_at 0: it waits */
};
NODISCARD enum err report_name_change_get(struct hall_tx *tx, int64_t order,
                                          struct report_name_change *out, struct err_info *e);

/* ---- the regulator's lists ---- */

struct report_import {
    int64_t id, at;
    const char *project, *batch, *name, *by, *signer, *ca_state; /* intake's words */
    const char *encoding; /* "UTF-8", "GB18030"; "": imported before it was kept */
    int added, corrected, withdrawn, overridden;
};
NODISCARD enum err report_imports(struct hall_tx *tx, int64_t before, int limit,
                                  const struct report_import **out, size_t *n, struct err_info *e);
NODISCARD enum err report_import_get(struct hall_tx *tx, int64_t id, struct report_import *out,
                                     struct err_info *e);
/* The batch of this very file; *out->id 0: none. */
NODISCARD enum err report_import_of(struct hall_tx *tx, const char *project, const char *batch,
                                    struct report_import *out, struct err_info *e);

struct report_import_row {
    int number, place;      /* place: where a person finds it; 0: imported before it was kept */
    int64_t account, order; /* order: the account's newest; 0: none */
    const char *action, *institution_name, *reporting_code, *user_name, *uscc;
    const char *override_reason; /* "" */
};
NODISCARD enum err report_import_rows(struct hall_tx *tx, int64_t batch, int64_t after, int limit,
                                      const struct report_import_row **out, size_t *n,
                                      struct err_info *e);

/* ---- money: what came, and what went wrong ---- */

struct report_payment {
    int64_t id;    /* of the money, or of the exception in the list of exceptions */
    int64_t money; /* 0: none came */
    int64_t order, amount_fen, due_fen, at;
    const char *institution, *method, *trade_no;
    const char *purpose, *refund_state; /* payment's words; "" where no money came */
    const char *exception;              /* kind; "" : none */
};
struct report_payment_filter {
    int exceptions; /* 1: what went wrong, by exception; 0: all money */
    int64_t order;  /* 0: all; not with `exceptions` */
    const char *q;  /* order or trade number by prefix, institution by part; NULL: all */
    int64_t before; /* id of the last one of the page before; 0: newest first */
    int limit;
};
NODISCARD enum err report_payment_list(struct hall_tx *tx, const struct report_payment_filter *f,
                                       const struct report_payment **out, size_t *n,
                                       struct err_info *e);
/* One transaction, or one exception where no money came. ERR_NOT_FOUND. */
NODISCARD enum err report_payment_get(struct hall_tx *tx, int64_t id, int exception,
                                      struct report_payment *out, struct err_info *e);
/* Exceptions of orders that finance still has on its list. */
NODISCARD enum err report_exceptions_open(struct hall_tx *tx, int64_t *n, struct err_info *e);

/* ---- the audit as its reader filters it ---- */

struct report_audit {
    int64_t id, n, at, order;
    int chain;
    const char *actor_kind, *actor, *role, *act, *object, *hash;
};
struct report_audit_filter {
    const char *object; /* "staff:7", or the number of an order: all that concerns it; NULL: all */
    const char *actor;  /* name or role code; NULL: all */
    const char *act;    /* by prefix; NULL: all */
    int64_t from, to;   /* business time; `to` is not included */
    int64_t before;
    int limit;
};
NODISCARD enum err report_audit_list(struct hall_tx *tx, const struct report_audit_filter *f,
                                     const struct report_audit **out, size_t *n,
                                     struct err_info *e);

/* ---- one box over everything ---- */

enum report_hit_kind {
    REPORT_HIT_ORDER,
    REPORT_HIT_INSTITUTION,
    REPORT_HIT_KEY,
    REPORT_HIT_CERTIFICATE,
    REPORT_HIT_PERSON
};
struct report_hit {
    enum report_hit_kind kind;
    const char *id;      /* order number, serial, id */
    const char *title;   /* institution, or masked name of a person */
    const char *matched; /* what fitted: "13805952716" is masked */
    const char *what;    /* "order", "name", "uscc", "serial", "number", "contact" */
};
enum { REPORT_HITS_MAX = 50 };
/* Institution names by part; order, serials, credit codes and courier numbers by prefix; mobile and e-mail whole (they are
 * sealed). At most ten of each; *more: there are others. */
NODISCARD enum err report_search(struct hall_tx *tx, const char *q,
                                 struct report_hit out[REPORT_HITS_MAX], size_t *n, int *more,
                                 struct err_info *e);

#endif
