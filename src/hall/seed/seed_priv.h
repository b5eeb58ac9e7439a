/* Between the files of this folder. */
#ifndef CERTHALL_HALL_SEED_PRIV_H
#define CERTHALL_HALL_SEED_PRIV_H

#include "hall/audit/audit.h"
#include "hall/flow/flow.h"
#include "hall/project/layout.h"
#include "hall/project/project.h"
#include "hall/seed/seed.h"

/* ---- chance.c: the same numbers each time, so that a filled demo can be made again ---- */

struct seed_chance {
    uint64_t state;
};
struct seed_chance seed_chance_of(int64_t number);
int64_t seed_between(struct seed_chance *c, int64_t least, int64_t most);

/* ---- people.c: names and numbers that nobody has ---- */

enum { SEED_TEXT = 96 };
struct seed_institution {
    int64_t id, number;
    const char *region; /* "泉州" */
    char name[SEED_TEXT], uscc[24], reporting_code[16], address[SEED_TEXT];
};
struct seed_person {
    int64_t account;
    struct seed_institution of;
    char name[32], mobile[16], email[48];
    int batch_row;
    char code[20]; /* authorisation code */
};
void seed_institution_make(int64_t number, struct seed_institution *out);
void seed_person_make(int64_t number, struct seed_person *out);

/* ---- path.c: what happens to an order, step by step ---- */

enum { SEED_STEPS_MAX = 16, SEED_TASKS_MAX = 4 };
enum seed_end { SEED_HELD, SEED_REVOKED, SEED_CANCELLED, SEED_UNPAID, SEED_LET_GO, SEED_ENDS };
enum seed_who {
    SEED_APPLICANT,
    SEED_BANK,
    SEED_BENCH, /* the maker, through the agent */
    SEED_MAKER,
    SEED_SHIPPING,
    SEED_FINANCE,
    SEED_SUPPORT,
    SEED_TIMER,
    SEED_PEOPLE
};
enum seed_pace { SEED_AFTER, SEED_NEXT_WORKDAY, SEED_PRICE_ENDS, SEED_DRAFT_ENDS };

struct seed_step {
    enum flow_event event;
    enum flow_actor actor;
    enum seed_who who;
    enum seed_pace pace;
    int least, most; /* seconds after the step before, or after 9 o'clock */
    int audited;
};
struct seed_task {
    const char *kind, *role;
    int clock; /* index of the clock that measures it; -1: none */
};
struct seed_stage { /* what a step leads to */
    const struct seed_step *step;
    const char *row, *ukey_row, *certificate_row; /* of flow; NULL: the step records none */
    const char *before, *after;                   /* states as the audit tells them */
    struct flow_states states;
    uint32_t starts, stops; /* sets of clocks */
    struct seed_task opens[SEED_TASKS_MAX];
    int opened;
    const char *closes[SEED_TASKS_MAX];
    int closed;
};
struct seed_path {
    struct seed_stage stage[SEED_STEPS_MAX];
    int stages;
    int submit, paid, made, sent, received; /* which stage that is; -1: none */
};
struct seed_paths {
    struct flow_facts facts;
    struct seed_path path[SEED_ENDS];
    struct seed_stage invoiced; /* its states: of the invoice alone */
};
NODISCARD enum err seed_paths_make(const struct project *p, int64_t amount_fen, struct arena *a,
                                   struct seed_paths *out, struct err_info *e);

/* ---- what a run knows ---- */

struct seed_run {
    const struct hall *hall;
    const struct project *project;
    struct seed_paths paths;
    struct project_fee fee;
    const char *agreement, *method, *profile;
    struct bytes agreement_hash;
    struct actor who[SEED_PEOPLE]; /* the applicant's is the account's */
    int64_t from, now, orders;
    int64_t done, people, institutions, audit_rows;
    struct seed_person busy, last;
    int last_ended;                      /* the order of `last` ended without a UKey */
    struct seed_institution institution; /* the last one written */
    /* of the transaction */
    struct hall_tx *tx;
    struct audit_heads heads;
    int64_t batch;
    char batch_hash[72];
    int batch_rows;
    /* by year and month */
    int first_year;
    int64_t invoice_last[SEED_YEARS + 3];
    int64_t invoice_batch[(SEED_YEARS + 3) * 12];
};

/* One order on its way. */
struct seed_order {
    struct seed_run *run;
    const struct seed_path *path;
    struct seed_person *person;
    int64_t number; /* 0 … orders - 1 */
    int64_t id;
    int64_t at[SEED_STEPS_MAX]; /* when each stage is reached */
    int reached;                /* so many of them, by now */
    struct flow_states states;
    int64_t invoiced_at; /* 0: not yet */
    int32_t batch_day;
    int64_t due[FLOW_CLOCKS_MAX]; /* of the clocks that were started */
    int provisional[FLOW_CLOCKS_MAX];
    const char *serial, *certificate, *courier, *parcel;
    int kept; /* rows made so far in each table: makes ids of one moment differ */
};
int64_t seed_id(struct seed_order *o, int64_t at);
/* "maker/许建民"; "" where nobody of the staff did it. */
const char *seed_who_text(const struct seed_run *r, enum seed_who who);

/* ---- rows: each writes what belongs to one order ---- */

NODISCARD enum err seed_write_person(struct seed_run *r, struct seed_person *p, int64_t at,
                                     struct err_info *e);
NODISCARD enum err seed_write_order(struct seed_order *o, struct err_info *e);  /* order.c */
NODISCARD enum err seed_write_form(struct seed_order *o, struct err_info *e);   /* form.c */
NODISCARD enum err seed_write_money(struct seed_order *o, struct err_info *e);  /* money.c */
NODISCARD enum err seed_write_making(struct seed_order *o, struct err_info *e); /* making.c */
NODISCARD enum err seed_money_begin(struct seed_run *r, struct err_info *e);
NODISCARD enum err seed_money_end(struct seed_run *r, struct err_info *e);

#endif
