/* What the holder of a certificate says with its key: that it is to be followed by another, or released from hold. */
#include "ca/ca_priv.h"

#include "base/text.h"
#include "pki/evidence.h"

#include <string.h>

static enum err refuse(struct err_info *e, const char *why)
{
    return ca_evidence_refuse(e, "holder", why);
}

/* The earlier certificate's row: made here, for this project, neither on hold nor revoked. */
static enum err earlier_of(const struct ca *ca, struct store_tx *tx, const struct ca_profile *p,
                           const char *hex, struct arena *a, const struct store_row **row,
                           struct err_info *e)
{
    struct bytes serial;
    *row = NULL;
    if (text_from_hex(a, hex, &serial) && serial.n > 0)
        TRY(store_opt(tx, &Q_ca_certificate_by_serial, PARAMS(P_BLOB(serial)), a, row, e));
    if (!*row)
        return refuse(e, "the ca made no such certificate");
    const struct ca_profile *was = ca_profile_find(ca, row_text(*row, "profile"));
    if (!was || strcmp(was->project, p->project) != 0)
        return refuse(e, "the earlier certificate is not of this project");
    if (strcmp(row_text(*row, "state"), "active") != 0)
        return refuse(e, "the earlier certificate is on hold or revoked");
    return ERR_OK;
}

static enum err signed_by(struct bytes certificate, const char *kind, struct bytes message,
                          struct bytes signature, const char *why, struct err_info *e)
{
    _auto(pki_pub) key = NULL;
    TRY(cert_key(certificate, &key, e));
    return pki_verify(key, message, signature, e) == ERR_OK ? ERR_OK
                                                            : ca_evidence_refuse(e, kind, why);
}

enum err ca_holder_evidence(struct ca *ca, struct store_tx *tx, const struct ca_profile *p,
                            const struct ca_request *r, int64_t now, struct arena *a,
                            struct bytes *subject, struct err_info *e)
{
    const json_t *item = ca_evidence_of(r, "holder");
    const struct store_row *earlier;
    uint8_t sum[DIGEST_LEN];
    struct bytes signature, message;
    struct cert_view view;
    if (!item)
        return refuse(e, "is missing");
    TRY(json_get_base64(item, "signature", 1024, a, &signature, e));
    TRY(earlier_of(ca, tx, p, json_opt_text(item, "certificate", ""), a, &earlier, e));
    TRY(cert_view(row_blob(earlier, "certificate"), a, &view, e));
    if (now < view.not_before || now > view.not_after + p->holder_days * TIME_DAY)
        return refuse(e, "the earlier certificate ended too long ago");
    if (!(view.key_usage & CERT_KU_DIGITAL_SIGNATURE))
        return refuse(e, "the earlier certificate is not one for signing");
    digest_sha256(r->csr, sum);
    const struct evidence_renew renew = {.order = r->order,
                                         .revision = r->revision,
                                         .profile = p->code,
                                         .ukey = r->ukey,
                                         .certificate = view.serial,
                                         .csr_sum = sum};
    TRY(evidence_renew_bytes(&renew, a, &message, e));
    TRY(signed_by(row_blob(earlier, "certificate"), "holder", message, signature,
                  "the signature is not that of the earlier key over this order, CSR and UKey", e));
    *subject = view.subject;
    return ERR_OK;
}

enum err ca_activation_check(const struct store_row *certificate, const char *revision,
                             struct bytes signature, struct arena *a, struct err_info *e)
{
    struct bytes message;
    const struct evidence_activate activate = {
        .order = row_text(certificate, "order_no"),
        .revision = revision,
        .ukey = row_text(certificate, "ukey"),
        .certificate = text_hex(a, row_blob(certificate, "serial")),
        .held_since = row_int(certificate, "changed_at")};
    if (strcmp(row_text(certificate, "state"), "hold") != 0)
        return ca_evidence_refuse(e, "activation", "the certificate is not on hold");
    TRY(evidence_activate_bytes(&activate, a, &message, e));
    return signed_by(row_blob(certificate, "certificate"), "activation", message, signature,
                     "the signature is not that of the certificate's key over this hold", e);
}
