/* What every concept of the hall is given.
 *
 * `struct hall` lives as long as the process and is read-only after start: threads share it. `struct hall_tx`
 * is one unit of work, used by one thread: a database transaction, an arena for its rows, who acts, and the
 * times, read once so that everything written by one change carries the same moment. */
#ifndef CERTHALL_HALL_HALL_H
#define CERTHALL_HALL_HALL_H

#include "base/err.h"
#include "base/mem.h"
#include "base/time.h"

#include <stdint.h>

struct store;
struct store_tx;
struct vault;
struct projects;
struct calendar;
struct event_hub;
struct outbox;
struct hall_ids;
struct intake_hooks;
struct ca_client;
struct kmc_client;
struct payment_provider;
struct staff_gate;
struct invoice_provider;
struct spawner;

struct hall {
    struct store *store;
    const struct clock *clock;
    const struct vault *vault;       /* field encryption and blind indexes */
    const struct projects *projects; /* the loaded profiles, by code and version */
    const struct calendar *calendar; /* working days */
    struct event_hub *events;        /* live pages; may be NULL */
    struct outbox *outbox;           /* wakes the delivery worker; may be NULL */
    struct ca_client *ca;
    struct kmc_client *kmc;
    const struct payment_provider *payment;
    const struct invoice_provider *invoice;
    const struct intake_hooks
        *intake_hooks; /* orders' say about the regulator's corrections; set by order */
    struct spawner
        *decoders; /* its children read files from outside; NULL: a tool that takes none */
    struct staff_gate *staff_gate; /* passwords checked at once; NULL: as many as come (tools) */
    const char *public_url;        /* "http://127.0.0.1:8080", no slash at the end */
    const char
        *server_id; /* what agents' lists call this hall: certhall:<server-id>/… (design §6) */
    int demo;       /* made by init --demo: stand-ins and the moved clock are allowed */
    struct hall_ids *ids; /* the leased worker number and the last id made */
};

enum actor_kind { BY_SYSTEM, BY_TIMER, BY_APPLICANT, BY_STAFF, BY_AGENT, BY_EXTERNAL };

struct actor {
    enum actor_kind kind;
    int64_t id;          /* account or staff id; 0 for the system */
    const char *name;    /* for the log a person reads; never NULL */
    const char *role;    /* staff role code (conventions), "" otherwise */
    const char *address; /* where from; "" where it has none */
};

/* Called once after the commit, in the order they were asked for; nothing when it is rolled back. */
typedef void hall_after_fn(const struct hall *h);
enum { HALL_AFTER_MAX = 4 };

struct hall_tx {
    const struct hall *hall;
    struct store_tx *db;
    struct arena *arena;
    struct actor who;
    int64_t now;     /* business time */
    int64_t machine; /* machine time */
    enum lang lang;  /* of the reader; hall_begin sets Chinese */
    int write;
    hall_after_fn *after[HALL_AFTER_MAX];
    int afters;
    int audit_chain; /* audit's: 1 + the first chain this transaction wrote to; 0: none yet */
};

/* Begin a unit of work; `write` takes the writer's lock. Free without commit rolls everything back.
 * ERR_BUSY: no connection, or this process's worker lease has run out (it comes back by itself). */
NODISCARD enum err hall_begin(const struct hall *h, int write, const struct actor *who,
                              struct arena *a, struct hall_tx *tx, struct err_info *e);
NODISCARD enum err hall_commit(struct hall_tx *tx, struct err_info *e);
void hall_end(struct hall_tx *tx); /* rolls back unless committed; may be called twice */
#define _auto_hall_tx __attribute__((cleanup(hall_end))) struct hall_tx
/* Have `fn` called after this transaction's commit; asking twice is once. */
void hall_after(struct hall_tx *tx, hall_after_fn *fn);

/* One change of an operation that has several: committed by itself, and begun again a few times where it lost against
 * another. `work` runs anew each time, so what it does outside `tx` it may do twice. Its last error otherwise. */
typedef enum err hall_work(struct hall_tx *tx, void *arg, struct err_info *e);
NODISCARD enum err hall_change(const struct hall *h, const struct actor *who, struct arena *a,
                               hall_work *work, void *arg, struct err_info *e);
/* Lost against another request, which a second try mends. A conflict over a named field is the person's to solve. */
int hall_lost(enum err done, const struct err_info *e);

extern const struct actor hall_system, hall_timer;   /* the program itself, and its clockwork */
const char *hall_actor_kind_text(enum actor_kind k); /* "staff" */

/* ---- ids ---- */

enum { HALL_WORKERS = 1024, HALL_LEASE_MS = 2 * TIME_MINUTE };

/* A new id: 41 bits milliseconds since 2010-01-01T00:00:00Z on the machine's clock, 10 bits worker, 12 bits
 * counter (conventions: order number, 19 digits). Unique across processes while worker numbers are leased;
 * never goes back in a process. Any thread. */
int64_t hall_new_id(const struct hall *h);
int64_t hall_id_time(int64_t id); /* when it was made, UTC milliseconds */
/* An id as it would have been made then, for rows of the past; `low` 22 bits: that no two of a table are the same is the
 * caller's business. */
int64_t hall_id_at(int64_t ms, uint32_t low);

/* Lease a free worker number in the table hall_worker. ERR_BUSY when all are taken. */
NODISCARD enum err hall_ids_lease(struct store *s, struct hall_ids **out, struct err_info *e);
/* Every 20 s; takes another number where ours was lost. Writing transactions are refused once the lease has run out. */
NODISCARD enum err hall_ids_renew(struct hall_ids *ids, struct store *s, struct err_info *e);
/* Give the number back at the end of the process. */
NODISCARD enum err hall_ids_release(struct hall_ids *ids, struct store *s, struct err_info *e);
struct hall_ids *hall_ids_fixed(int worker); /* tests and one-shot tools: no lease */
void hall_ids_free(struct hall_ids *ids);
DEFINE_AUTO(hall_ids)

#endif
