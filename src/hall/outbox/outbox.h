/* What leaves the process: rows written in the caller's transaction, delivered by worker threads.
 *
 * A worker takes a due row with a lease (version guard), delivers it outside any transaction, and then marks it done
 * and lets the kind settle it in one transaction. A row is delivered at least once; the receiver tells repeats
 * apart by `idem`. Bodies are sealed in the row and erased once done. Machine time throughout. */
#ifndef CERTHALL_HALL_OUTBOX_H
#define CERTHALL_HALL_OUTBOX_H

#include "hall/hall.h"

enum { OUTBOX_BODY_MAX = 8 * 1024 * 1024 };

struct outbox_new {
    const char *kind;   /* "mail", "sms", "ca.issue" …: a registered kind */
    int64_t order;      /* 0: none */
    const char *idem;   /* unique in the outbox: a second row with it is dropped silently */
    const char *body;   /* JSON for the kind's handler */
    int64_t not_before; /* machine time; 0: at once */
};
/* *id may be NULL; 0 where the row was there already. */
NODISCARD enum err outbox_put(struct hall_tx *tx, const struct outbox_new *r, int64_t *id,
                              struct err_info *e);

struct outbox_row {
    int64_t id, order, made_at;
    const char *kind, *idem, *body;
    int tries; /* before this one */
};

/* What a kind does. `deliver` has no transaction and may block; its `answer` (arena) goes to `settle`.
 * ERR_UNAVAILABLE, ERR_BUSY, ERR_IO and ERR_CONFLICT mean: again later. Every other error is final: `failed`. */
struct outbox_kind {
    const char *kind;
    enum err (*deliver)(const struct hall *h, const struct outbox_row *row, struct arena *a,
                        const char **answer, void *arg, struct err_info *e);
    /* In the transaction that marks the row done; NULL: nothing. An error rolls back and delivers again later. */
    enum err (*settle)(struct hall_tx *tx, const struct outbox_row *row, const char *answer,
                       void *arg, struct err_info *e);
    /* In the transaction that gives the row up. NULL: a task "outbox_dead" for support. */
    enum err (*failed)(struct hall_tx *tx, const struct outbox_row *row, const struct err_info *why,
                       void *arg, struct err_info *e);
    void *arg;
    int64_t give_up_ms; /* after this long of "again later"; 0: never */
    int leaves_nothing; /* 1: a row that is done or given up goes, and its `idem` may come again */
};

/* What a kind without `failed` does: the task "outbox_dead" for support, subject "outbox:<id>". */
NODISCARD enum err outbox_dead_task(struct hall_tx *tx, const struct outbox_row *row,
                                    struct err_info *e);

struct outbox;
/* Copies the table (not what `arg` points to). Threads 1 … 8; 0: none, rows go out by outbox_run only (tests).
 * The hall outlives it; set hall.outbox to it before other threads begin. */
NODISCARD enum err outbox_start(const struct hall *h, const struct outbox_kind *kinds, size_t n,
                                int threads, struct outbox **out, struct err_info *e);
void outbox_free(struct outbox *o); /* stops the threads after the row they are at */
DEFINE_AUTO(outbox)
void outbox_wake(struct outbox *o);
/* Deliver what is due now on this thread; *done counts rows that were delivered. */
NODISCARD enum err outbox_run(struct outbox *o, int *done, struct err_info *e);

struct outbox_state {
    int64_t id, order, made_at, next_at;
    const char *kind;
    const char *state; /* "waiting", "done", "dead" */
    int tries;
    const char *last_error; /* public code of the last try; "" */
};
/* Rows of an order, newest first; kind NULL: all. Pages say "queued" from it. */
NODISCARD enum err outbox_of_order(struct hall_tx *tx, int64_t order, const char *kind,
                                   const struct outbox_state **out, size_t *n, struct err_info *e);
NODISCARD enum err outbox_dead(struct hall_tx *tx, int limit, const struct outbox_state **out,
                               size_t *n, struct err_info *e);
NODISCARD enum err outbox_again(struct hall_tx *tx, int64_t id,
                                struct err_info *e); /* a dead row once more */
/* What the order's dead rows were to say goes (G-24); none of them can be sent again then. */
NODISCARD enum err outbox_erase(struct hall_tx *tx, int64_t order, struct err_info *e);
/* The same by its `idem`. ERR_NOT_FOUND where there is none that is dead. */
NODISCARD enum err outbox_again_idem(struct hall_tx *tx, const char *idem, struct err_info *e);

/* An error that may go away by itself: nobody there, busy, lost against another, the disk. */
int outbox_is_passing(enum err code);

#endif
