#include "hall/invoice/invoice.h"

#include "base/boundary.h"
#include "base/text.h"
#include "hall/audit/audit.h"
#include "hall/invoice/invoice_priv.h"
#include "hall/invoice/invoice_sql.h"
#include "hall/outbox/message.h"
#include "hall/payment/payment.h"
#include "hall/vault/vault.h"
#include "pki/digest.h"

#include <inttypes.h>
#include <string.h>

int64_t invoice_tax(int64_t amount_fen, int vat_percent)
{
    return amount_fen - payment_net(amount_fen, vat_percent);
}

/* ---- rows ---- */

enum err invoice_from_row(struct hall_tx *tx, const struct store_row *r, struct invoice *out,
                          struct err_info *e)
{
    *out = (struct invoice){.id = row_int(r, "id"),
                            .order = row_int(r, "order_id"),
                            .version = row_int(r, "version"),
                            .batch = row_int(r, "batch_id"),
                            .project = row_text(r, "project"),
                            .kind = row_text(r, "kind"),
                            .item = row_text(r, "item"),
                            .amount_fen = row_int(r, "amount_fen"),
                            .tax_fen = row_int(r, "tax_fen"),
                            .vat_percent = (int)row_int(r, "vat_percent"),
                            .batch_day = (int32_t)row_int(r, "batch_day"),
                            .buyer = row_text(r, "buyer"),
                            .tax_no = row_text(r, "tax_no"),
                            .number = row_text(r, "number"),
                            .red_number = row_text(r, "red_number"),
                            .opened_at = row_int(r, "opened_at"),
                            .issued_at = row_int(r, "issued_at"),
                            .mailed_at = row_int(r, "mailed_at"),
                            .mails = (int)row_int(r, "mails")};
    return vault_open_text(tx->hall->vault, tx->arena, VAULT_EMAIL, out->id, row_blob(r, "mailbox"),
                           &out->mailbox, e);
}

enum err invoice_from_rows(struct hall_tx *tx, const struct store_rows *rows,
                           const struct invoice **out, size_t *n, struct err_info *e)
{
    struct invoice *v = arena_alloc(tx->arena, (rows->n + 1) * sizeof *v);
    for (size_t i = 0; i < rows->n; i++)
        TRY(invoice_from_row(tx, &rows->row[i], &v[i], e));
    *out = v;
    *n = rows->n;
    return ERR_OK;
}

enum err invoice_get(struct hall_tx *tx, int64_t id, struct invoice *out, struct err_info *e)
{
    const struct store_row *row;
    TRY(store_one(tx->db, &Q_invoice_get, PARAMS(P_INT(id)), tx->arena, &row, e));
    return invoice_from_row(tx, row, out, e);
}

enum err invoice_of_order(struct hall_tx *tx, int64_t order, struct invoice *out, int *found,
                          struct err_info *e)
{
    struct store_rows rows;
    *out = (struct invoice){0};
    TRY(store_many(tx->db, &Q_invoice_of_order, PARAMS(P_INT(order)), tx->arena, &rows, e));
    *found = rows.n > 0;
    return *found ? invoice_from_row(tx, &rows.row[0], out, e) : ERR_OK;
}

static enum err need(struct hall_tx *tx, int64_t order, struct invoice *out, struct err_info *e)
{
    int found;
    TRY(invoice_of_order(tx, order, out, &found, e));
    return found ? ERR_OK
                 : err_set(e, ERR_NOT_FOUND, "invoice", "order %" PRId64 " has no invoice", order);
}

enum err invoice_audit(struct hall_tx *tx, int64_t order, const char *act, const char *object,
                       const char *value, struct err_info *e)
{
    struct audit_entry entry = {.act = act, .order = order, .object = object, .new_value = value};
    return audit_write(tx, &entry, e);
}

static enum err tell(struct hall_tx *tx, const struct invoice *v, const char *act,
                     const char *value, struct err_info *e)
{
    return invoice_audit(tx, v->order, act, arena_fmt(tx->arena, "invoice:%" PRId64, v->id), value,
                         e);
}

static enum err seal_mailbox(struct hall_tx *tx, int64_t id, const char *mailbox, struct bytes *out,
                             struct err_info *e)
{
    return vault_seal_text(tx->hall->vault, tx->arena, VAULT_EMAIL, id, mailbox, out, e);
}

/* ---- opening and changing ---- */

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

enum err invoice_open(struct hall_tx *tx, int64_t order, const struct invoice_new *n,
                      struct err_info *e)
{
    struct bytes mailbox;
    int64_t id = hall_new_id(tx->hall), added;
    TRY(seal_mailbox(tx, id, or_empty(n->mailbox), &mailbox, e));
    TRY(store_exec(tx->db, &Q_invoice_add,
                   PARAMS(P_INT(id), P_INT(order), P_TEXT(n->project), P_TEXT(n->kind),
                          P_TEXT(n->item), P_INT(n->amount_fen),
                          P_INT(invoice_tax(n->amount_fen, n->vat_percent)), P_INT(n->vat_percent),
                          P_INT(n->batch_day), P_TEXT(or_empty(n->buyer)),
                          P_TEXT(or_empty(n->tax_no)), P_BLOB(mailbox), P_INT(tx->now)),
                   &added, e));
    if (added == 0)
        return ERR_OK;
    return invoice_audit(tx, order, "invoice.opened", arena_fmt(tx->arena, "invoice:%" PRId64, id),
                         n->buyer, e);
}

enum err invoice_title(struct hall_tx *tx, int64_t order, const struct invoice_title *t,
                       struct err_info *e)
{
    struct invoice v;
    struct bytes mailbox;
    TRY(need(tx, order, &v, e));
    if (*v.number && (t->buyer || t->tax_no))
        return err_set(e, ERR_ORDER_STATE, "invoice", "%s is issued", v.number);
    TRY(seal_mailbox(tx, v.id, t->mailbox ? t->mailbox : v.mailbox, &mailbox, e));
    TRY(store_exec_one(tx->db, &Q_invoice_title,
                       PARAMS(P_INT(v.id), P_INT(v.version), P_TEXT(t->buyer ? t->buyer : v.buyer),
                              P_TEXT(t->tax_no ? t->tax_no : v.tax_no), P_BLOB(mailbox)),
                       e));
    return tell(tx, &v, "invoice.changed", t->buyer ? t->buyer : v.buyer, e);
}

/* ---- issuing ---- */

enum err invoice_money_fits(struct hall_tx *tx, const struct invoice *v, int *yes,
                            struct err_info *e)
{
    struct payment_sums sums;
    TRY(payment_sums(tx, v->order, &sums, e));
    *yes = sums.paid > 0 && sums.paid == v->amount_fen;
    return ERR_OK;
}

enum err invoice_amount_fits(struct hall_tx *tx, int64_t order, int *yes, struct err_info *e)
{
    struct invoice v;
    TRY(invoice_of_order(tx, order, &v, yes, e));
    return *yes ? invoice_money_fits(tx, &v, yes, e) : ERR_OK;
}

/* The next serial of the year: with the row it is for, or not at all. */
static enum err next_serial(struct hall_tx *tx, const char *provider, int64_t *out,
                            struct err_info *e)
{
    int year, month, day;
    const struct store_row *row;
    time_day_parts(time_china_day(tx->now), &year, &month, &day);
    const char *name = arena_fmt(tx->arena, "%s:%d", provider, year);
    TRY(store_exec(tx->db, &Q_invoice_next, PARAMS(P_TEXT(name)), NULL, e));
    TRY(store_one(tx->db, &Q_invoice_last, PARAMS(P_TEXT(name)), tx->arena, &row, e));
    *out = row_int(row, "last");
    return ERR_OK;
}

static enum err keep_file(struct hall_tx *tx, int64_t invoice, const char *format,
                          struct bytes data, struct err_info *e)
{
    uint8_t hash[DIGEST_LEN];
    struct bytes sealed;
    digest_sha256(data, hash);
    TRY(vault_seal(tx->hall->vault, tx->arena, VAULT_DOCUMENT, invoice, data, &sealed, e));
    return store_exec(tx->db, &Q_invoice_file_add,
                      PARAMS(P_INT(invoice), P_TEXT(format),
                             P_TEXT(text_hex(tx->arena, (struct bytes){hash, DIGEST_LEN})),
                             P_BLOB(sealed)),
                      NULL, e);
}

static enum err make(struct hall_tx *tx, const struct invoice *v, const char *red_of,
                     struct invoice_made *out, struct err_info *e)
{
    const struct invoice_provider *p = tx->hall->invoice;
    int sign = red_of ? -1 : 1;
    if (!p)
        return err_set(e, ERR_CONFIG, "invoice", "no invoice provider is configured");
    struct invoice_ask ask = {.order = v->order,
                              .issued_at = tx->now,
                              .kind = v->kind,
                              .buyer = v->buyer,
                              .tax_no = v->tax_no,
                              .item = v->item,
                              .amount_fen = sign * v->amount_fen,
                              .tax_fen = sign * v->tax_fen,
                              .vat_percent = v->vat_percent,
                              .red_of = red_of};
    TRY(next_serial(tx, p->name, &ask.serial, e));
    TRY(p->issue(p, &ask, tx->arena, out, e));
    boundary(BOUNDARY_HALL_INVOICE_MADE);
    TRY(keep_file(tx, v->id, red_of ? "red.xml" : "xml", out->xml, e));
    return keep_file(tx, v->id, red_of ? "red.pdf" : "pdf", out->pdf, e);
}

enum err invoice_issue(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    struct invoice v;
    struct invoice_made made;
    int64_t batch = 0;
    int fits;
    TRY(need(tx, order, &v, e));
    if (*v.number)
        return ERR_OK;
    TRY(invoice_money_fits(tx, &v, &fits, e));
    if (!fits)
        return err_set(e, ERR_INVOICE_AMOUNT, "amount_fen", "invoice over %" PRId64, v.amount_fen);
    if (!*v.buyer || !*v.tax_no)
        return err_set(e, ERR_INVOICE_TITLE, "buyer", "title of order %" PRId64, order);
    if (v.batch_day)
        TRY(invoice_batch_running(tx, v.batch_day, &batch, e));
    TRY(make(tx, &v, NULL, &made, e));
    TRY(store_exec_one(
        tx->db, &Q_invoice_issued,
        PARAMS(P_INT(v.id), P_INT(v.version), P_TEXT(made.number), P_INT(tx->now), P_INT(batch)),
        e));
    TRY(payment_book_invoice(tx, order, v.id, v.amount_fen, v.vat_percent, e));
    return tell(tx, &v, "invoice.issued", made.number, e);
}

enum err invoice_red(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    struct invoice v;
    struct invoice_made made;
    int found;
    TRY(invoice_of_order(tx, order, &v, &found, e));
    if (!found || !*v.number || *v.red_number)
        return ERR_OK;
    TRY(make(tx, &v, v.number, &made, e));
    TRY(store_exec_one(tx->db, &Q_invoice_red,
                       PARAMS(P_INT(v.id), P_INT(v.version), P_TEXT(made.number)), e));
    TRY(payment_book_red(tx, order, v.id, v.amount_fen, v.vat_percent, e));
    return tell(tx, &v, "invoice.red", made.number, e);
}

/* ---- files and mail ---- */

enum err invoice_file(struct hall_tx *tx, int64_t id, const char *format, struct bytes *data,
                      const char **filename, struct err_info *e)
{
    const struct store_row *row;
    struct invoice v;
    TRY(invoice_get(tx, id, &v, e));
    TRY(store_one(tx->db, &Q_invoice_file_get, PARAMS(P_INT(id), P_TEXT(format)), tx->arena, &row,
                  e));
    *filename = arena_fmt(tx->arena, "%s.%s", v.number, format);
    return vault_open(tx->hall->vault, tx->arena, VAULT_DOCUMENT, id, row_blob(row, "content"),
                      data, e);
}

static enum err put_mail(struct hall_tx *tx, const struct invoice *v, const char *mailbox,
                         const struct invoice_letter *l, struct err_info *e)
{
    struct arena *a = tx->arena;
    struct message_attachment file[2] = {{.type = "application/pdf"}, {.type = "application/xml"}};
    TRY(invoice_file(tx, v->id, "pdf", &file[0].data, &file[0].name, e));
    TRY(invoice_file(tx, v->id, "xml", &file[1].data, &file[1].name, e));
    struct message_mail mail = {
        .order = v->order,
        .idem = arena_fmt(a, INVOICE_MAIL "%" PRId64 ":%d", v->id, v->mails + 1),
        .to = mailbox,
        .subject = l->subject
                       ? l->subject
                       : arena_fmt(a, "电子发票 %s（业务单 %019" PRId64 "）", v->number, v->order),
        .text = l->text ? l->text
                        : arena_fmt(a, "业务单 %019" PRId64 " 的电子发票已开具，号码 %s，见附件。",
                                    v->order, v->number),
        .attachments = file,
        .attachments_n = 2,
    };
    return message_put_mail(tx, &mail, e);
}

enum err invoice_mail(struct hall_tx *tx, int64_t order, const struct invoice_letter *l,
                      struct err_info *e)
{
    struct invoice v;
    struct bytes sealed;
    TRY(need(tx, order, &v, e));
    const char *mailbox = l->mailbox && *l->mailbox ? l->mailbox : v.mailbox;
    if (!*v.number)
        return err_set(e, ERR_ORDER_STATE, "invoice", "not issued yet");
    if (!*mailbox)
        return err_set(e, ERR_INVOICE_MAILBOX, "mailbox", "order %" PRId64, order);
    TRY(put_mail(tx, &v, mailbox, l, e));
    TRY(seal_mailbox(tx, v.id, mailbox, &sealed, e));
    TRY(store_exec_one(tx->db, &Q_invoice_mailed,
                       PARAMS(P_INT(v.id), P_INT(v.version), P_BLOB(sealed), P_INT(tx->now)), e));
    return tell(tx, &v, "invoice.mailed", mailbox, e);
}

enum err invoice_erase(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    static const struct bytes nothing = {(const uint8_t *)"", 0};
    return store_exec(tx->db, &Q_invoice_erase, PARAMS(P_INT(order), P_BLOB(nothing)), NULL, e);
}
