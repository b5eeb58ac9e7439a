/* A small world beside the tables: what money, certificates, clocks, tasks and days do for one user and his orders, written
 * from requirements.md §10 and §11 and not from the tables. It gives each event its facts, hears the effects, and says
 * which invariant of §11 is broken. Random histories walk it (test_histories.c).
 *
 * Beside the tables and therefore held elsewhere: 6 renewal in place has no code yet; 7 OCSP and CRL after a hold:
 * tests/histories and unit/ca_status; 8 renewals have no code yet; 9 hall_calendar. */
#ifndef CERTHALL_TEST_FLOW_WORLD_H
#define CERTHALL_TEST_FLOW_WORLD_H

#include "hall/flow/flow.h"

enum { WORLD_ORDERS = 3, WORLD_TRADES = 12, WORLD_WHY = 256 };

enum trade_at { TRADE_HERE, TRADE_GOING, TRADE_GONE };
struct trade {
    int64_t fen;
    int booked; /* as this order's payment; otherwise it stands apart */
    enum trade_at at;
};

/* What the ca would say of the order's certificate. */
enum paper { PAPERS_NONE, PAPERS_ASKED, PAPERS_LIVE, PAPERS_HELD, PAPERS_OVER };

struct world_order {
    struct flow_states s;
    int64_t due_fen;
    struct trade trade[WORLD_TRADES];
    int trades;
    int64_t invoiced_fen, red_fen;
    int corrections;
    enum paper certificate;
    int holds_limit;
    int signed_off;      /* review stages, by persons */
    int agreed, revised; /* the agreement was stored, a revision was made */
    int price_kept;
    struct {
        int runs, paused, due;
    } clock[FLOW_CLOCKS_MAX];
    int task[FLOW_MACHINES][FLOW_PAPERS_MAX]; /* the state it is about; 0: none is open */
};

struct world {
    const struct flow_rules *rules;
    enum flow_type type;
    int per_user;
    int today, code_from; /* days; the code is usable from code_from on */
    uint8_t code;         /* one for all orders of the user */
    struct world_order order[WORLD_ORDERS];
    char why[WORLD_WHY]; /* "" while every invariant holds */
};

enum world_money { MONEY_RIGHT, MONEY_WRONG, MONEY_AGAIN, MONEY_FORGED, MONEY_KINDS };

/* One thing that somebody does; the same steps in the same world end the same way. */
struct world_step {
    enum flow_event event; /* EVENT_NONE: `days` pass, and clocks that are due fire */
    enum flow_actor actor;
    int order, set, days;
    enum world_money money;
    uint64_t lies; /* facts that do not hold this once */
};

void world_begin(struct world *w, const struct flow_rules *rules, enum flow_type type, int64_t fen);
/* 1: it was taken; 0: refused, or nothing of the sort can happen. Look at w->why. */
int world_do(struct world *w, const struct world_step *step);
/* The facts that the step finds. */
struct flow_facts world_facts(const struct world *w, const struct world_step *step);

#endif
