/* Evidence: what must be shown before a certificate is made (design §1).
 *
 * The regulator's evidence is a row of a list that the ca itself verified; the maker's is the signature of a UKey that the
 * ca's administrator entered. Nothing here believes the caller. */
#include "ca/ca_priv.h"

#include "base/text.h"
#include "pki/evidence.h"

#include <stdio.h>
#include <string.h>

static enum err refuse(struct err_info *e, const char *kind, const char *why)
{
    err_set(e, ERR_CA_EVIDENCE, kind, "%s evidence: %s", kind, why);
    err_arg(e, "kind", "%s", kind);
    err_arg(e, "why", "%s", why);
    return ERR_CA_EVIDENCE;
}

static const json_t *evidence_of(const struct ca_request *r, const char *kind)
{
    const json_t *item;
    size_t i;
    json_array_foreach ((json_t *)(uintptr_t)r->evidence, i, item)
        if (strcmp(json_opt_text(item, "kind", ""), kind) == 0)
            return item;
    return NULL;
}

static void copy_text(char *out, size_t size, const char *s)
{
    snprintf(out, size, "%s", s ? s : "");
}

/* The row must be of this project, the newest word of the regulator on this person, and no withdrawal. */
static enum err regulator_evidence(struct store_tx *tx, const struct ca_profile *p,
                                   const struct ca_request *r, struct arena *a,
                                   struct ca_vouched *out, struct err_info *e)
{
    const json_t *item = evidence_of(r, "regulator");
    if (!item)
        return refuse(e, "regulator", "is missing");
    const char *batch = json_opt_text(item, "batch", "");
    int64_t row_no = json_opt_int(item, "row", -1);
    const struct store_row *row, *newest;
    TRY(store_opt(tx, &Q_ca_batch_row_get, PARAMS(P_TEXT(batch), P_INT(row_no)), a, &row, e));
    if (!row || strcmp(row_text(row, "project"), p->project) != 0)
        return refuse(e, "regulator", "the ca has no such row");
    TRY(store_one(tx, &Q_ca_batch_row_newest,
                  PARAMS(P_TEXT(row_text(row, "reporting_code")),
                         P_TEXT(row_text(row, "user_name")), P_TEXT(p->project)),
                  a, &newest, e));
    if (strcmp(row_text(newest, "action"), "withdraw") == 0)
        return refuse(e, "regulator", "the regulator has withdrawn this registration");
    if (strcmp(row_text(newest, "batch_id"), batch) != 0 || row_int(newest, "row_no") != row_no)
        return refuse(e, "regulator", "a later row of the regulator replaces this one");
    copy_text(out->institution_name, sizeof out->institution_name,
              row_text(row, "institution_name"));
    copy_text(out->reporting_code, sizeof out->reporting_code, row_text(row, "reporting_code"));
    copy_text(out->user_name, sizeof out->user_name, row_text(row, "user_name"));
    copy_text(out->uscc, sizeof out->uscc, row_text(row, "uscc"));
    return ERR_OK;
}

/* He signed for the people of the row that the certificate will name: his signature under another row is none. */
static enum err maker_signature(const struct ca_request *r, const struct ca_vouched *row,
                                struct bytes certificate, struct bytes signature, struct arena *a,
                                struct err_info *e)
{
    uint8_t csr_hash[DIGEST_LEN];
    struct bytes signed_bytes;
    digest_sha256(r->csr, csr_hash);
    const struct evidence_make made = {.order = r->order,
                                       .revision = r->revision,
                                       .csr_sum = csr_hash,
                                       .ukey = r->ukey,
                                       .institution = row->institution_name,
                                       .reporting_code = row->reporting_code,
                                       .user = row->user_name};
    TRY(evidence_make_bytes(&made, a, &signed_bytes, e));
    _auto(pki_pub) key = NULL;
    TRY(cert_key(certificate, &key, e));
    return pki_verify(key, signed_bytes, signature, e);
}

static enum err maker_evidence(struct store_tx *tx, const struct ca_request *r, int64_t now,
                               struct arena *a, struct ca_vouched *out, struct err_info *e)
{
    const json_t *item = evidence_of(r, "maker");
    if (!item)
        return refuse(e, "maker", "is missing");
    struct bytes signature;
    const struct store_row *staff;
    TRY(json_get_base64(item, "signature", 1024, a, &signature, e));
    TRY(store_opt(tx, &Q_ca_staff_by_serial, PARAMS(P_TEXT(json_opt_text(item, "maker", ""))), a,
                  &staff, e));
    if (!staff || strcmp(row_text(staff, "role"), "maker") != 0)
        return refuse(e, "maker", "the ca knows no maker with this certificate");
    int64_t ended = row_int(staff, "ended_at");
    if (ended != 0 && ended <= now)
        return refuse(e, "maker", "this maker's right has ended");
    struct cert_view view;
    TRY(cert_view(row_blob(staff, "certificate"), a, &view, e));
    if (now < view.not_before || now > view.not_after)
        return refuse(e, "maker", "the maker's certificate is not valid today");
    if (maker_signature(r, out, row_blob(staff, "certificate"), signature, a, e) != ERR_OK)
        return refuse(e, "maker",
                      "the signature is not the maker's over this order, CSR, UKey and person");
    copy_text(out->maker, sizeof out->maker, row_text(staff, "name"));
    return ERR_OK;
}

enum err ca_evidence_check(struct store_tx *tx, const struct ca_profile *p,
                           const struct ca_request *r, int64_t now, struct arena *a,
                           struct ca_vouched *out, struct err_info *e)
{
    memset(out, 0, sizeof *out);
    /* the row first: the maker's signature is held against what it says */
    for (size_t i = 0; i < p->evidence_kinds; i++)
        if (p->evidence[i] == CA_EVIDENCE_REGULATOR)
            TRY(regulator_evidence(tx, p, r, a, out, e));
    for (size_t i = 0; i < p->evidence_kinds; i++)
        if (p->evidence[i] != CA_EVIDENCE_REGULATOR)
            TRY(maker_evidence(tx, r, now, a, out, e));
    return ERR_OK;
}
