/* Payment: what an order owes, the money that came, refunds, and the double-entry ledger (requirements §10.2).
 *
 * Whoever calls has decided by `flow`; here it is recorded, once: a transaction of a gateway is one row whatever repeats the
 * gateway makes (G-08), a booking is one line by its key. Talking to the gateway happens in outbox deliveries, never inside a
 * transaction. Amounts are fen. */
#ifndef CERTHALL_HALL_PAYMENT_H
#define CERTHALL_HALL_PAYMENT_H

#include "hall/hall.h"
#include "hall/outbox/outbox.h"

enum {
    PAYMENT_PAGE_MS = 30 * TIME_MINUTE, /* G-08 */
    PAYMENT_WATCH_MS = TIME_DAY, /* so long after the page's end the gateway is asked by itself */
    PAYMENT_ASK_MS = 5 * TIME_MINUTE,    /* at first; ever more slowly then */
    PAYMENT_FRESH_MS = TIME_MINUTE,      /* an answer is good enough to give up by for so long */
    PAYMENT_PERSON_MS = 2 * TIME_SECOND, /* between two questions that people ask about one order */
    PAYMENT_WAIT_MS = 10 * TIME_SECOND /* at first, before an order is given up; ever longer then */
};

/* ---- providers: who takes the money (design §2: one interface; the bank's protocol is in netbank.c) ---- */

struct payment_pair {
    const char *name, *value;
};
struct payment_ask {
    const char *order; /* payment_number */
    const char *subject;
    int64_t amount_fen;
    const char *return_url, *notify_url;
};
enum payment_result { PAYMENT_UNKNOWN, PAYMENT_NOT_PAID, PAYMENT_FAILED, PAYMENT_PAID };
struct payment_told {
    const char *order, *trade_no; /* payment_number; "" where there is none */
    int64_t amount_fen;
    enum payment_result result;
    int64_t at; /* UTC milliseconds, the gateway's */
};
enum payment_refund_result { PAYMENT_REFUND_DONE, PAYMENT_REFUND_RUNNING };

/* Texts go into the arena. ERR_UNAVAILABLE: nobody there, again later; ERR_PAYMENT_FORGED: a signature that is not the
 * gateway's; ERR_PAYMENT_REFUSED{why}: it says no. They block. */
struct payment_provider {
    const char *name;   /* as in addresses: "netbank" */
    const char *method; /* as profiles say: "net_bank" */
    /* Address of the gateway's page, freshly signed. */
    enum err (*page)(const struct payment_provider *p, const struct payment_ask *ask,
                     struct arena *a, const char **url, struct err_info *e);
    /* Check a callback's signature and read it. The list ends with name == NULL. */
    enum err (*read_notice)(const struct payment_provider *p, const struct payment_pair *pairs,
                            struct arena *a, struct payment_told *out, struct err_info *e);
    /* All that was paid under the number; where nothing was, one entry says how it stands. */
    enum err (*query)(const struct payment_provider *p, const char *order, struct arena *a,
                      const struct payment_told **out, size_t *n, struct err_info *e);
    /* Idempotent by refund_no. */
    enum err (*refund)(const struct payment_provider *p, const char *order, const char *refund_no,
                       int64_t amount_fen, struct arena *a, enum payment_refund_result *out,
                       struct err_info *e);
};

struct netbank_options {
    const char *url;      /* of the bank, no slash at the end */
    const char *merchant; /* our number there */
    struct bytes key;     /* our RSA key, PEM */
    struct bytes bank;    /* the bank's public key, PEM */
};
struct netbank;
/* ERR_CONFIG where a key is none. */
NODISCARD enum err netbank_new(const struct netbank_options *o, struct netbank **out,
                               struct err_info *e);
void netbank_free(struct netbank *n);
DEFINE_AUTO(netbank)
const struct payment_provider *netbank_provider(const struct netbank *n);

/* ---- effects (ARCHITECTURE.md, "Effects and who does them") ---- */

NODISCARD enum err payment_open(struct hall_tx *tx, int64_t order, int64_t amount_fen,
                                int64_t price_until, struct err_info *e); /* P2 */
NODISCARD enum err payment_free(struct hall_tx *tx, int64_t order, const char *rule,
                                struct err_info *e); /* P1 */
NODISCARD enum err payment_page(struct hall_tx *tx, int64_t order, const char *method,
                                const char *subject,
                                struct err_info *e); /* P3: the page is open for 30 minutes; a
                                                        new attempt where money came in this one */
NODISCARD enum err payment_page_close(struct hall_tx *tx, int64_t order,
                                      struct err_info *e); /* P5, P13 */
/* Money as the gateway told of it. */
struct payment_receipt {
    const char *method, *trade_no;
    int64_t amount_fen;
    int64_t at;  /* business time */
    int attempt; /* under whose number it came; 1 is the first */
};
/* Money that stands apart moves to the order (P7). ERR_PAYMENT_NO_LINE: it is going back. */
NODISCARD enum err payment_book(struct hall_tx *tx, int64_t order, const struct payment_receipt *r,
                                struct err_info *e); /* P4, P7 */
NODISCARD enum err payment_suspend(struct hall_tx *tx, int64_t order,
                                   const struct payment_receipt *r,
                                   struct err_info *e); /* P9, P14, P15 */
/* Money that should not have come goes back by itself. */
NODISCARD enum err payment_refund_one(struct hall_tx *tx, int64_t order, const char *trade_no,
                                      struct err_info *e);
/* All money of an order waits for finance; the second pair of eyes (G-07) sends each transaction by itself:
 * `payment_refund_send` of payment_money.id. ERR_NOT_FOUND, ERR_ORDER_STATE where it does not wait. */
NODISCARD enum err payment_refund_all(struct hall_tx *tx, int64_t order, struct err_info *e);
NODISCARD enum err payment_refund_send(struct hall_tx *tx, int64_t money, struct err_info *e);
/* P12: the gateway refused to give this money back; an exception, until finance has it sent once more. */
NODISCARD enum err payment_refund_refused(struct hall_tx *tx, int64_t order, const char *trade_no,
                                          struct err_info *e);
/* The same refund, by the same number, to the gateway again. ERR_ORDER_STATE where it was not refused. Act in the audit:
 * payment.refund_again. */
NODISCARD enum err payment_refund_again(struct hall_tx *tx, int64_t money, const char *reason,
                                        struct err_info *e);
NODISCARD enum err payment_refund_book(struct hall_tx *tx, int64_t order, const char *trade_no,
                                       int64_t amount_fen, struct err_info *e); /* P11 */
/* An issued invoice turns the customer's money into revenue and VAT; `vat_percent` is contained in the amount. */
NODISCARD enum err payment_book_invoice(struct hall_tx *tx, int64_t order, int64_t invoice,
                                        int64_t amount_fen, int vat_percent, struct err_info *e);

/* A red-letter invoice turns it back. */
NODISCARD enum err payment_book_red(struct hall_tx *tx, int64_t order, int64_t invoice,
                                    int64_t amount_fen, int vat_percent, struct err_info *e);
/* An amount without the VAT that it contains: 300.00 at 6 % is 283.02 + 16.98. Rounded half up to the fen. */
int64_t payment_net(int64_t amount_fen, int vat_percent);

/* ---- facts ---- */

NODISCARD enum err payment_known(struct hall_tx *tx, const char *trade_no, int *yes,
                                 struct err_info *e);
struct payment_sums {
    int64_t due;  /* 0: nothing, or free */
    int64_t paid; /* booked for the order; neither given back nor about to be */
    int64_t held; /* came, for whatever, and was not given back */
    int64_t refunded;
    int64_t invoiced;
};
NODISCARD enum err payment_sums(struct hall_tx *tx, int64_t order, struct payment_sums *out,
                                struct err_info *e);

/* ---- views ---- */

struct payment {
    int64_t order, amount_fen, price_until, page_until, asked_at;
    int64_t ask_at, watch_until, answered_at, waiting_since; /* machine time; 0: not */
    int attempt;                                             /* to pay: 1 is the first */
    const char *free_rule, *subject;
    const char *method; /* "": no gateway's page was ever opened */
};
/* ERR_NOT_FOUND before anything is due. */
NODISCARD enum err payment_get(struct hall_tx *tx, int64_t order, struct payment *out,
                               struct err_info *e);
/* The gateway's page of an order whose page is open, signed now; ERR_ORDER_STATE when none is. */
NODISCARD enum err payment_redirect(struct hall_tx *tx, const struct payment *p, const char **url,
                                    struct err_info *e);

struct payment_money {
    int64_t id, order, amount_fen, at;
    const char *method, *trade_no;
    const char *purpose;                  /* "payment", "suspense" */
    const char *refund_no, *refund_state; /* state: "none", "asked", "sent", "refused", "done" */
    int attempt;
};
NODISCARD enum err payment_money_get(struct hall_tx *tx, int64_t id, struct payment_money *out,
                                     struct err_info *e);
NODISCARD enum err payment_money_of(struct hall_tx *tx, int64_t order,
                                    const struct payment_money **out, size_t *n,
                                    struct err_info *e);
/* Newest first; `before`: id of the last of the page before, 0: first page. */
NODISCARD enum err payment_money_list(struct hall_tx *tx, int64_t before, int limit,
                                      const struct payment_money **out, size_t *n,
                                      struct err_info *e);

struct payment_exception {
    int64_t id, order, money, at; /* money 0: none came */
    const char *
        kind; /* "wrong_amount", "duplicate", "late", "bad_signature", "missing", "unanswered", "refund_refused" */
    const char *detail;
};
NODISCARD enum err payment_exception_note(struct hall_tx *tx, int64_t order, const char *kind,
                                          const char *detail, struct err_info *e);
NODISCARD enum err payment_exceptions_of(struct hall_tx *tx, int64_t order,
                                         const struct payment_exception **out, size_t *n,
                                         struct err_info *e);
NODISCARD enum err payment_exception_count(struct hall_tx *tx, int64_t *n, struct err_info *e);
/* What happened, and what is done about it. */
const char *payment_exception_text(const char *kind, enum lang lang);
/* The same thing of the same order is told once. */
NODISCARD enum err payment_exception_once(struct hall_tx *tx, int64_t order, const char *kind,
                                          const char *detail, struct err_info *e);
/* A callback with a wrong signature named this order: *worth is 0 for an order that owes nothing or was named often
 * enough, so that who forges does not fill the list. */
enum { PAYMENT_FORGED_MAX = 5 };
NODISCARD enum err payment_forged_worth(struct hall_tx *tx, int64_t order, int *worth,
                                        struct err_info *e);
NODISCARD enum err payment_exception_list(struct hall_tx *tx, int64_t before, int limit,
                                          const struct payment_exception **out, size_t *n,
                                          struct err_info *e);

enum { PAYMENT_ACCOUNTS_MAX = 8 };
struct payment_account {
    const char *code, *title; /* "bank", 银行存款 */
    int64_t debit_fen, credit_fen;
};
struct payment_line {
    int64_t id, at, order, amount_fen;
    const char *debit, *credit, *what;
};
struct payment_ledger {
    struct payment_account account[PAYMENT_ACCOUNTS_MAX];
    size_t accounts;
    int64_t debit_fen, credit_fen;
    const struct payment_line *line; /* newest first */
    size_t lines;
};
struct payment_period {
    int64_t from, until; /* business time, `until` not included; 0, 0: everything */
};
NODISCARD enum err payment_ledger(struct hall_tx *tx, struct payment_period p, int64_t before,
                                  int limit, struct payment_ledger *out, struct err_info *e);
/* What a line was for, in words. */
const char *payment_line_text(const struct payment_line *l, enum lang lang);
const char *payment_account_title(const char *code, enum lang lang); /* "" where unknown */

/* ---- numbers ----
 * The number an attempt to pay has at the gateway: the order's, and from the second attempt "<order>-2" (at most 32
 * characters of [0-9A-Za-z_-], which gateways take). A gateway takes no second payment under a number whose money went
 * back. */
const char *payment_number(struct arena *a, int64_t order, int attempt);
/* 0 where it is no such number. */
int payment_number_read(const char *number, int64_t *order, int *attempt);

/* ---- the outbox's side: `order` registers these kinds and settles their answers with events ----
 * "payment.query" body {"order", "attempts"}: answer {"result": "paid" | "not_paid" | "failed" | "unknown", "method",
 * "trade_no", "amount_fen", "at", "attempt", "more": the same of each further payment}, the last attempt first.
 * "payment.refund" body {"order", "attempt", "money", "refund_no", "trade_no", "amount_fen"}: the same members with "result": "done".
 * A refund that the gateway still works on is ERR_BUSY: again later. */
/* It is asked now; ERR_NOT_FOUND where nothing is due. */
NODISCARD enum err payment_asked(struct hall_tx *tx, int64_t order, struct err_info *e);
/* *mine 1 for one caller in `pause_ms` (machine time): he asks the gateway. */
NODISCARD enum err payment_ask_claim(struct hall_tx *tx, int64_t order, int64_t pause_ms, int *mine,
                                     struct err_info *e);
/* The body of "payment.query". ERR_NOT_FOUND where nothing is due. */
NODISCARD enum err payment_query_body(struct hall_tx *tx, int64_t order, const char **body,
                                      struct err_info *e);
/* By the outbox; while it has not answered to the same `why`, asking again changes nothing. */
NODISCARD enum err payment_ask_gateway(struct hall_tx *tx, int64_t order, const char *why,
                                       struct err_info *e);
enum err payment_deliver_query(const struct hall *h, const struct outbox_row *row, struct arena *a,
                               const char **answer, void *arg, struct err_info *e);
enum err payment_deliver_refund(const struct hall *h, const struct outbox_row *row, struct arena *a,
                                const char **answer, void *arg, struct err_info *e);
/* Orders whose gateway is to be asked by now, longest due first: when the page's 30 minutes are over (P5), and from its
 * closing for a day (P13, P15). */
NODISCARD enum err payment_to_ask(struct hall_tx *tx, int limit, const int64_t **orders, size_t *n,
                                  struct err_info *e);
/* The gateway said that nothing came. */
NODISCARD enum err payment_answered(struct hall_tx *tx, int64_t order, struct err_info *e);
/* *yes: money may be on its way, and the gateway did not say a moment ago that there is none: nobody gives the order up
 * before it is asked (P5). */
NODISCARD enum err payment_must_ask(struct hall_tx *tx, int64_t order, int *yes,
                                    struct err_info *e);
/* The order is to be given up by the clock (A8). *wait_ms: how long to wait first, because money may be on its way and the
 * gateway, which is asked, has not said that there is none; longer each time, and after a day no more (0), since an order
 * must end though a gateway never answers: money that comes after all goes back (P15). */
NODISCARD enum err payment_give_up(struct hall_tx *tx, int64_t order, int64_t *wait_ms,
                                   struct err_info *e);

#endif
