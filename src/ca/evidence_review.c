/* The reviewer's evidence: he says with his UKey's key what a certificate may say, for which order and UKey, and for how long. */
#include "ca/ca_priv.h"

#include "pki/evidence.h"

#include <stdio.h>
#include <string.h>

static enum err refuse(struct err_info *e, const char *why)
{
    return ca_evidence_refuse(e, "reviewer", why);
}

enum err ca_review_facts(const struct ca_request *r, struct ca_person *person, struct err_info *e)
{
    const json_t *item = ca_evidence_of(r, "reviewer");
    if (!item)
        return refuse(e, "is missing");
    for (enum ca_fact f = 0; f < CA_FACTS; f++) {
        const char *said = json_opt_text(item, ca_fact_text(f), "");
        if (strlen(said) >= CA_FACT_MAX)
            return refuse(e, "a fact is too long");
        if (person->fact[f][0] && strcmp(person->fact[f], said) != 0)
            return refuse(e, "the regulator's row says something else");
        memcpy(person->fact[f], said, strlen(said) + 1);
    }
    return ERR_OK;
}

/* What he signs: pki/evidence.h. */
static enum err signed_bytes(const struct ca_profile *p, const struct ca_request *r,
                             const struct ca_person *person, int64_t days, struct arena *a,
                             struct bytes *out, struct err_info *e)
{
    const struct evidence_review review = {.order = r->order,
                                           .revision = r->revision,
                                           .profile = p->code,
                                           .ukey = r->ukey,
                                           .days = days,
                                           .institution = person->fact[CA_FACT_INSTITUTION],
                                           .reporting_code = person->fact[CA_FACT_REPORTING_CODE],
                                           .user = person->fact[CA_FACT_USER],
                                           .uscc = person->fact[CA_FACT_USCC],
                                           .id_number = person->fact[CA_FACT_ID_NUMBER],
                                           .dns = person->fact[CA_FACT_DNS]};
    return evidence_review_bytes(&review, a, out, e);
}

static enum err verify(struct bytes certificate, struct bytes message, struct bytes signature,
                       int64_t now, struct arena *a, struct err_info *e)
{
    struct cert_view view;
    _auto(pki_pub) key = NULL;
    TRY(cert_view(certificate, a, &view, e));
    if (now < view.not_before || now > view.not_after)
        return refuse(e, "the reviewer's certificate is not valid today");
    TRY(pki_pub_load(view.spki, &key, e));
    if (pki_verify(key, message, signature, e) == ERR_OK)
        return ERR_OK;
    return refuse(e, "the signature is not the reviewer's over this order, profile, subject, term "
                     "and UKey");
}

enum err ca_review_evidence(struct store_tx *tx, const struct ca_profile *p,
                            const struct ca_request *r, const struct ca_person *person, int64_t now,
                            struct arena *a, const char **name, struct err_info *e)
{
    const json_t *item = ca_evidence_of(r, "reviewer");
    const struct store_row *staff;
    struct bytes signature, message;
    if (!item)
        return refuse(e, "is missing");
    int64_t days = json_opt_int(item, "days", 0);
    if (days < 1 || days > p->days_max || r->not_after - r->not_before > days * TIME_DAY)
        return refuse(e, "the term is longer than the reviewer's days");
    TRY(json_get_base64(item, "signature", 1024, a, &signature, e));
    TRY(ca_evidence_staff(tx, item, "reviewer", a, &staff, e));
    int64_t ended = row_int(staff, "ended_at");
    if (ended != 0 && ended <= now)
        return refuse(e, "this reviewer's right has ended");
    TRY(signed_bytes(p, r, person, days, a, &message, e));
    TRY(verify(row_blob(staff, "certificate"), message, signature, now, a, e));
    *name = row_text(staff, "name");
    return ERR_OK;
}
