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
struct ca_client;
struct kmc_client;
struct payment_provider;
struct invoice_provider;

struct hall {
    struct store *store;
    const struct clock *clock;
    const struct vault *vault;         /* field encryption and blind indexes */
    const struct projects *projects;   /* the loaded profiles, by code and version */
    const struct calendar *calendar;   /* working days */
    struct event_hub *events;          /* live pages */
    struct outbox *outbox;             /* wakes the delivery worker */
    struct ca_client *ca;
    struct kmc_client *kmc;
    const struct payment_provider *payment;
    const struct invoice_provider *invoice;
    const char *public_url; /* "http://127.0.0.1:8080", no slash at the end */
    int demo;               /* made by init --demo: stand-ins and the moved clock are allowed */
    int64_t worker;         /* leased number, 0 to 1023, part of every id this process makes */
};

enum actor_kind { ACTOR_SYSTEM, ACTOR_TIMER, ACTOR_APPLICANT, ACTOR_STAFF, ACTOR_AGENT, ACTOR_EXTERNAL };

struct actor {
    enum actor_kind kind;
    int64_t id;          /* account or staff id; 0 for the system */
    const char *name;    /* for the log a person reads; never NULL */
    const char *role;    /* staff role code (conventions), "" otherwise */
    const char *address; /* where from; "" where it has none */
};

struct hall_tx {
    const struct hall *hall;
    struct store_tx *db;
    struct arena *arena;
    struct actor who;
    int64_t now;     /* business time */
    int64_t machine; /* machine time */
    enum lang lang;
};

/* Begin a unit of work; `write` takes the writer's lock. Free without commit rolls everything back. */
NODISCARD enum err hall_begin(const struct hall *h, int write, const struct actor *who, struct arena *a,
                              struct hall_tx *tx, struct err_info *e);
NODISCARD enum err hall_commit(struct hall_tx *tx, struct err_info *e);
void hall_end(struct hall_tx *tx); /* rolls back unless committed; may be called twice */
#define _auto_hall_tx __attribute__((cleanup(hall_end))) struct hall_tx

/* A new id: 41 bits milliseconds since 2010-01-01T00:00:00Z, 10 bits worker, 12 bits counter (conventions:
 * order number, 19 digits). Unique across processes while worker numbers are leased; never goes back. */
int64_t hall_new_id(const struct hall *h);

#endif
