/* Invoices: opened when an order is paid, issued one by one or in the month's batch, mailed and downloaded
 * (requirements §10.3; S0-30 to S0-33; C-05).
 *
 * One invoice an order. Its amount is what was paid less what went back (invariant 2), VAT contained. Number, files and the
 * booking come in one transaction, so that a batch that dies half way leaves no hole and no double. The mailbox is sealed.
 * Amounts are fen, times business time. Acts in the audit: invoice.opened, invoice.changed, invoice.issued, invoice.mailed,
 * invoice.red, invoice.batch. */
#ifndef CERTHALL_HALL_INVOICE_H
#define CERTHALL_HALL_INVOICE_H

#include "base/json.h"
#include "hall/flow/flow.h"
#include "hall/hall.h"

#define INVOICE_MAIL "invoice:" /* what the outbox's `idem` of an invoice's mail begins with */

/* ---- providers: who makes an invoice ---- */

struct invoice_ask {
    int64_t order, issued_at;
    int64_t serial;   /* the provider's next one of that year, without holes */
    const char *kind; /* as profiles say: "general", "special" */
    const char *buyer, *tax_no, *item;
    int64_t amount_fen, tax_fen; /* negative on a red-letter invoice */
    int vat_percent;
    const char *red_of; /* number of the invoice it takes back; NULL */
};
struct invoice_made {
    const char *number;
    struct bytes xml, pdf;
};
/* Called inside the transaction that issues: it makes bytes and asks nobody. */
struct invoice_provider {
    const char *name;
    enum err (*issue)(const struct invoice_provider *p, const struct invoice_ask *ask,
                      struct arena *a, struct invoice_made *out, struct err_info *e);
};

/* The default: 20-digit numbers in the form of the fully digitalised invoice, XML and PDF marked 样本/SAMPLE. It is no
 * tax document and says so. */
struct invoice_local_options {
    const char *seller, *seller_tax_no;
    const char *region; /* two digits of the administrative division: "35" */
};
struct invoice_local;
/* ERR_CONFIG: region. The texts are copied. */
NODISCARD enum err invoice_local_new(const struct invoice_local_options *o,
                                     struct invoice_local **out, struct err_info *e);
void invoice_local_free(struct invoice_local *l);
DEFINE_AUTO(invoice_local)
const struct invoice_provider *invoice_local_provider(const struct invoice_local *l);

/* 300.00 as 叁佰圆整, 16.98 as 壹拾陆圆玖角捌分; below zero with 负. */
const char *invoice_amount_words(struct arena *a, int64_t fen);
/* The VAT contained in an amount, rounded half up to the fen. */
int64_t invoice_tax(int64_t amount_fen, int vat_percent);

/* ---- effects (ARCHITECTURE.md, "Effects and who does them") ---- */

struct invoice_new {
    const char *project, *kind, *item;
    int64_t amount_fen;
    int vat_percent;
    int32_t batch_day; /* China day of the batch; 0: by itself, or on request */
    const char *buyer, *tax_no, *mailbox;
};
/* Opening it again changes nothing. */
NODISCARD enum err invoice_open(struct hall_tx *tx, int64_t order, const struct invoice_new *n,
                                struct err_info *e);
/* NULL: unchanged. ERR_ORDER_STATE once issued, but for the mailbox. */
struct invoice_title {
    const char *buyer, *tax_no, *mailbox;
};
NODISCARD enum err invoice_title(struct hall_tx *tx, int64_t order, const struct invoice_title *t,
                                 struct err_info *e);
/* Issued already: nothing. ERR_INVOICE_AMOUNT, ERR_INVOICE_TITLE; ERR_CONFIG without a provider. */
NODISCARD enum err invoice_issue(struct hall_tx *tx, int64_t order, struct err_info *e);
/* A mail with both files; each call is one more (G-10: resending is unlimited). `mailbox` NULL: the one that is known.
 * Subject and text NULL: the engine's own. ERR_INVOICE_MAILBOX, ERR_ORDER_STATE before it is issued. */
struct invoice_letter {
    const char *mailbox, *subject, *text;
};
NODISCARD enum err invoice_mail(struct hall_tx *tx, int64_t order, const struct invoice_letter *l,
                                struct err_info *e);
/* A red-letter invoice over the same amount takes it back, in the books as well; done already, or never issued: nothing. */
NODISCARD enum err invoice_red(struct hall_tx *tx, int64_t order, struct err_info *e);

/* ---- facts ---- */

/* INVOICE_AMOUNT: the invoice is for what is paid and not given back. 0 where there is no invoice. */
NODISCARD enum err invoice_amount_fits(struct hall_tx *tx, int64_t order, int *yes,
                                       struct err_info *e);

/* ---- reading ---- */

struct invoice {
    int64_t id, order, version, batch; /* batch 0: none */
    const char *project, *kind, *item;
    int64_t amount_fen, tax_fen;
    int vat_percent;
    int32_t batch_day;
    const char *buyer, *tax_no;
    const char *mailbox; /* opened; "" where none was given */
    const char *number, *red_number;
    int64_t opened_at, issued_at, mailed_at; /* 0: not yet; mailed_at: the last time */
    int mails;
};
NODISCARD enum err invoice_get(struct hall_tx *tx, int64_t id, struct invoice *out,
                               struct err_info *e); /* ERR_NOT_FOUND */
NODISCARD enum err invoice_of_order(struct hall_tx *tx, int64_t order, struct invoice *out,
                                    int *found, struct err_info *e);
/* "pdf" or "xml"; *filename is for the download. ERR_NOT_FOUND before it is issued. */
NODISCARD enum err invoice_file(struct hall_tx *tx, int64_t id, const char *format,
                                struct bytes *data, const char **filename, struct err_info *e);
/* openapi Invoice. `state` is the order's invoice region (enum of flow), -1: as the row says. */
void invoice_write(struct hall_tx *tx, const struct invoice *v, int state, struct json_out *j,
                   const char *key);

/* ---- the month's batch (S0-31) ---- */

struct invoice_batch {
    int64_t id;        /* 0: a preview */
    const char *month; /* "2026-11": of the batch day */
    int32_t batch_day;
    int64_t count, total_fen, tax_fen, delivered;
    int64_t begun_at, issued_at; /* issued_at 0: not finished, the same call goes on with it */
    const char *issued_by;
    const struct invoice *item;
    size_t items;
};
/* What would be issued now: invoices of the earliest open batch day whose money is there. ERR_NOT_FOUND: nothing is open. */
NODISCARD enum err invoice_batch_preview(struct hall_tx *tx, struct invoice_batch *out,
                                         struct err_info *e);

struct invoice_batch_ask {
    const char *month;
    int64_t count, total_fen; /* as previewed */
};
/* Moves one order: order_apply with inv.issue, which ends in invoice_issue. */
typedef enum err invoice_issue_fn(struct hall_tx *tx, int64_t order, struct err_info *e);
/* Issue the previewed batch, each invoice in a transaction of its own. ERR_CONFLICT where month, count or sum is not what a
 * preview gives now. Orders that refuse are left out; other errors end the run, and the next call goes on. */
NODISCARD enum err invoice_batch_issue(const struct hall *h, const struct actor *who,
                                       const struct invoice_batch_ask *ask, invoice_issue_fn *issue,
                                       int64_t *batch, struct err_info *e);
/* The clockwork's: a batch whose process ended between its last invoice and its end has nothing left and is closed, so that
 * the next month's can be begun. One with invoices left waits for finance, who sees them in the preview. */
NODISCARD enum err invoice_batch_settle(struct hall_tx *tx, struct err_info *e);
NODISCARD enum err invoice_batch_get(struct hall_tx *tx, int64_t id, struct invoice_batch *out,
                                     struct err_info *e);
/* Newest first, without items; `before`: id of the last of the page before, 0: first page. */
NODISCARD enum err invoice_batch_list(struct hall_tx *tx, int64_t before, int limit,
                                      const struct invoice_batch **out, size_t *n,
                                      struct err_info *e);
/* openapi InvoiceBatch. */
void invoice_batch_write(struct hall_tx *tx, const struct invoice_batch *b, struct json_out *j,
                         const char *key);

/* The mailbox of an order whose time is over goes; the invoice and its files stay with the books (G-24). */
NODISCARD enum err invoice_erase(struct hall_tx *tx, int64_t order, struct err_info *e);

#endif
