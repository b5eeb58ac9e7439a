/* Tasks (who has to do what by when) and clocks (requirements §10.10): rows of their own, independent of states.
 *
 * At most one open task for (order, kind, subject): opening it again changes nothing. A claim is a lease on
 * machine time. Tasks and clocks hold no personal values. */
#ifndef CERTHALL_HALL_TASK_H
#define CERTHALL_HALL_TASK_H

#include "hall/hall.h"

enum { TASK_LEASE_MS = 30 * TIME_MINUTE };

struct task_new {
    const char *kind;    /* "produce", "name_change", "refund", "outbox_dead" … */
    const char *project; /* "" where none */
    int64_t order;       /* 0: none */
    const char *subject; /* what else it is about: "outbox:12"; "" where none */
    const char *role;    /* role code (conventions) on whose list it stands */
    int64_t due_at;      /* business time; 0: none */
    int provisional;     /* 1: the calendar has no data for that year */
    const char *note;    /* JSON for the page's text; "" where none */
};
struct task {
    int64_t id, order;
    const char *kind, *project, *subject, *role, *note;
    int64_t opened_at, due_at;
    int provisional;
    int64_t claimed_by; /* staff id; 0: free (or the lease is over) */
    const char *claimed_name;
    int64_t lease_until; /* machine time */
    int64_t version;
};

NODISCARD enum err task_open(struct hall_tx *tx, const struct task_new *t, int64_t *id,
                             struct err_info *e);
/* Closes every open task of that order and kind; none is fine. */
NODISCARD enum err task_close(struct hall_tx *tx, int64_t order, const char *kind,
                              struct err_info *e);
NODISCARD enum err task_close_all(struct hall_tx *tx, int64_t order, struct err_info *e);
NODISCARD enum err task_close_id(struct hall_tx *tx, int64_t id, struct err_info *e);
/* By the staff member who acts. ERR_TASK_TAKEN{who} while another's lease runs. Claiming one's own renews it. */
NODISCARD enum err task_claim(struct hall_tx *tx, int64_t id, struct err_info *e);
NODISCARD enum err task_release(struct hall_tx *tx, int64_t id, struct err_info *e);
NODISCARD enum err task_get(struct hall_tx *tx, int64_t id, struct task *out, struct err_info *e);

struct task_filter {
    const char *role;    /* NULL: all */
    const char *project; /* NULL: all */
    const char *kind;    /* NULL: all */
    int64_t order;       /* 0: all */
    int64_t mine;        /* staff id: only claimed by; 0: all */
    int free_only;
    int64_t after_due, after_id; /* the last row of the page before; 0, 0: first page */
    int limit;                   /* 1 … 200 */
};
/* By due date (none last), then age. */
NODISCARD enum err task_list(struct hall_tx *tx, const struct task_filter *f,
                             const struct task **out, size_t *n, struct err_info *e);
struct task_count {
    const char *role, *kind;
    int64_t open, overdue;
};
NODISCARD enum err task_counts(struct hall_tx *tx, const struct task_count **out, size_t *n,
                               struct err_info *e);

/* ---- clocks ---- */

struct task_clock {
    int64_t order;
    const char *name;           /* as the profile names it: "dispatch" */
    const char *owner;          /* role code, or "applicant", "courier" */
    int64_t started_at, due_at; /* business time; the caller reckons due_at with hall/calendar */
    int provisional;
    int64_t paused_at;  /* 0: running */
    int64_t stopped_at; /* 0: not stopped */
    int64_t alarm_at;   /* business time; 0: none */
};
/* Starting a clock that runs starts it anew (requirements §10.10: a resubmission). */
NODISCARD enum err task_clock_start(struct hall_tx *tx, const struct task_clock *c,
                                    struct err_info *e);
/* Stopping one that does not run is fine. */
NODISCARD enum err task_clock_stop(struct hall_tx *tx, int64_t order, const char *name,
                                   struct err_info *e);
NODISCARD enum err task_clock_pause(struct hall_tx *tx, int64_t order, const char *name,
                                    struct err_info *e);
/* With due date and alarm reckoned anew. */
NODISCARD enum err task_clock_resume(struct hall_tx *tx, const struct task_clock *c,
                                     struct err_info *e);
NODISCARD enum err task_clock_list(struct hall_tx *tx, int64_t order, const struct task_clock **out,
                                   size_t *n, struct err_info *e);
/* Running clocks whose alarm has come, the oldest first; each is given until it was told of. */
NODISCARD enum err task_clock_alarms(struct hall_tx *tx, int limit, const struct task_clock **out,
                                     size_t *n, struct err_info *e);
NODISCARD enum err task_clock_told(struct hall_tx *tx, int64_t order, const char *name,
                                   struct err_info *e);

#endif
