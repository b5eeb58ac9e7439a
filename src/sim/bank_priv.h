/* The books, as bank.c keeps them and journal.c writes them. Everything under bank.lock. */
#ifndef CERTHALL_SIM_BANK_PRIV_H
#define CERTHALL_SIM_BANK_PRIV_H

#include "sim/bank.h"

#include <pthread.h>

struct payment {
    char merchant[33], order[33], trade_no[33], subject[400], return_url[520], notify_url[520];
    int64_t amount_fen, at, decided_at;
    int status; /* 0 open, 1 paid, 2 refused */
    enum bank_notify fault;
    int attempts, calls_left; /* notifications still owed; 0: none */
    int64_t next_at;          /* when the next is due */
    char ticket[40];
    int64_t ticket_at;
};

struct refund {
    char merchant[33], order[33], refund_no[33], trade_no[33];
    int64_t amount_fen, at;
    int done; /* 0: PROCESSING */
};

struct bank {
    pthread_mutex_t lock;
    pthread_cond_t due;
    char *folder;
    int journal; /* file */
    struct sim_key *key;
    struct payment *payment;
    size_t payments, payments_cap;
    struct refund *refund;
    size_t refunds, refunds_cap;
    struct bank_next next;
    int64_t sequence;
    int woken;
};

/* Read the journal into `b` and leave it open for appending. */
NODISCARD enum err journal_open(struct bank *b, struct err_info *e);
/* Write and sync what has just been decided; the caller changes its books only afterwards. */
NODISCARD enum err journal_payment(struct bank *b, const struct payment *p, struct err_info *e);
NODISCARD enum err journal_refund(struct bank *b, const struct refund *r, struct err_info *e);

struct payment *bank_put_payment(struct bank *b,
                                 const struct payment *p); /* new or in place of the same trade */
struct refund *bank_put_refund(struct bank *b, const struct refund *r);
/* The first that was paid; where none was, the newest. */
struct payment *bank_find_payment(struct bank *b, const char *merchant, const char *order);
struct refund *bank_find_refund(struct bank *b, const char *merchant, const char *refund_no);

/* params.c: what a request must hold, and who signed it */
struct bank_param {
    const char *name;
    int optional;
    int (*valid)(const char *value);
};
int bank_is_id(const char *s);
int bank_is_amount(const char *s);
int bank_is_url(const char *s);
int bank_is_subject(const char *s);
int bank_is_time(const char *s);
/* Parameters, merchant, signature and time, in this order. `name` of the merchant into the arena. */
NODISCARD enum bank_code bank_check(struct bank *b, const struct bank_param *want, size_t n,
                                    const struct httpd_pair *params, int64_t now, struct arena *a,
                                    const char **merchant_name);

#endif
