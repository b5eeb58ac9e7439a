/* What the members of a profile may say together; the texts in it; the identity extensions. */
#include "ca/profile_priv.h"

#include "pki/der.h"

#include <stdio.h>
#include <string.h>

/* ---- texts with facts ---- */

static const char *const facts[CA_FACTS] = {
    [CA_FACT_INSTITUTION] = "institution_name",
    [CA_FACT_REPORTING_CODE] = "reporting_code",
    [CA_FACT_USER] = "user_name",
    [CA_FACT_USCC] = "uscc",
    [CA_FACT_ID_NUMBER] = "id_number",
    [CA_FACT_DNS] = "dns",
};
/* GB 32100-2015: characters 9 to 17 of the unified social credit code are the organisation code of GB 11714. */
#define ORGANIZATION_CODE "organization_code"
enum { ORGANIZATION_AT = 8, ORGANIZATION_LEN = 9, USCC_LEN = 18 };

const char *ca_fact_text(enum ca_fact fact)
{
    return facts[fact];
}

/* The fact whose name has these octets; CA_FACTS: none. *part: only the organisation code in it. */
static enum ca_fact fact_named(const char *name, size_t n, int *part)
{
    *part = n == sizeof ORGANIZATION_CODE - 1 && memcmp(name, ORGANIZATION_CODE, n) == 0;
    if (*part)
        return CA_FACT_USCC;
    enum ca_fact f = 0;
    while (f < CA_FACTS && (strlen(facts[f]) != n || memcmp(facts[f], name, n) != 0))
        f++;
    return f;
}

const char *ca_template_check(const char *text, unsigned *found)
{
    int part;
    for (const char *p = text; *p; p++) {
        if (*p == '}')
            return "has a } without {";
        if (*p != '{')
            continue;
        const char *end = strchr(p, '}');
        if (!end)
            return "has a { without }";
        enum ca_fact fact = fact_named(p + 1, (size_t)(end - p - 1), &part);
        if (fact == CA_FACTS || fact == CA_FACT_DNS)
            return "names a fact that is not known";
        *found |= 1u << fact;
        p = end;
    }
    return NULL;
}

/* A fact's octets, or those of the organisation code in it; n 0: nobody vouched for it. */
static struct bytes fact_value(const struct ca_person *p, const char *name, size_t n)
{
    int part;
    enum ca_fact fact = fact_named(name, n, &part);
    const char *value = fact < CA_FACTS ? p->fact[fact] : "";
    size_t length = strlen(value);
    if (!part)
        return (struct bytes){(const uint8_t *)value, length};
    if (length != USCC_LEN)
        return (struct bytes){(const uint8_t *)value, 0};
    return (struct bytes){(const uint8_t *)value + ORGANIZATION_AT, ORGANIZATION_LEN};
}

int ca_template_fill(const char *text, const struct ca_person *p, char *out, size_t size)
{
    size_t n = 0;
    while (*text) {
        struct bytes piece = {(const uint8_t *)text, strcspn(text, "{")};
        text += piece.n;
        if (piece.n == 0) {
            size_t name = strcspn(text, "}");
            piece = fact_value(p, text + 1, name - 1);
            text += name + 1;
        }
        if (piece.n == 0 || n + piece.n >= size)
            return 0;
        memcpy(out + n, piece.p, piece.n);
        n += piece.n;
    }
    out[n] = '\0';
    return 1;
}

/* ---- GM/T 0015 ---- */

static const struct ca_identity_type identity_types[] = {
    /* 2012, 5.2.4: all of one OID are choices of identifyCode */
    {2012, "residenterCardNumber", "1.2.156.10260.4.1.1", DER_PRINTABLE, 0},
    {2012, "militaryOfficerCardNumber", "1.2.156.10260.4.1.1", DER_UTF8, 1},
    {2012, "passportNumber", "1.2.156.10260.4.1.1", DER_PRINTABLE, 2},
    {2012, "insuranceNumber", "1.2.156.10260.4.1.2", DER_PRINTABLE, -1},
    {2012, "iCRegistrationNumber", "1.2.156.10260.4.1.3", DER_PRINTABLE, -1},
    {2012, "organizationCode", "1.2.156.10260.4.1.4", DER_PRINTABLE, -1},
    {2012, "taxationNumber", "1.2.156.10260.4.1.5", DER_PRINTABLE, -1},
    /* 2023: not from its text */
    {2023, "residentIdCardNumber", "1.2.156.10260.4.1.1.1", DER_PRINTABLE, -1},
    {2023, "passportNumber", "1.2.156.10260.4.1.1.2", DER_UTF8, -1},
    {2023, "socialInsuranceNumber", "1.2.156.10260.4.1.2", DER_PRINTABLE, -1},
    {2023, "unifiedSocialCreditCode", "1.2.156.10260.4.4", DER_PRINTABLE, -1},
};

const struct ca_identity_type *ca_identity_type_find(int edition, const char *name)
{
    for (size_t i = 0; i < sizeof identity_types / sizeof *identity_types; i++)
        if (identity_types[i].edition == edition && strcmp(identity_types[i].name, name) == 0)
            return &identity_types[i];
    return NULL;
}

/* ---- rules ---- */

static unsigned facts_of(const struct ca_profile *p)
{
    unsigned found = p->holder == CA_HOLDER_TLS_SERVER ? 1u << CA_FACT_DNS : 0;
    for (size_t i = 0; i < p->subject_parts; i++)
        (void)ca_template_check(p->subject[i].text, &found);
    for (size_t i = 0; i < p->identities; i++)
        (void)ca_template_check(p->identity[i].text, &found);
    return found;
}

static int has_part(const struct ca_profile *p, enum name_type type)
{
    for (size_t i = 0; i < p->subject_parts; i++)
        if (p->subject[i].type == type)
            return 1;
    return p->subject_of_holder; /* the earlier certificate has it */
}

static enum err usage_rules(const char *file, const struct ca_profile *p, struct err_info *e)
{
    const unsigned sign = CERT_KU_DIGITAL_SIGNATURE | CERT_KU_NON_REPUDIATION;
    if (!p->dual && !p->key_usage)
        return ca_profile_bad(e, file, "key_usage", "must be a list with one entry at least");
    if (!p->dual && (p->encryption_usage || p->encryption_eku))
        return ca_profile_bad(e, file,
                              p->encryption_usage ? "encryption_key_usage" : "encryption_eku",
                              "belongs to a pair, and kind is single");
    if (!p->dual)
        return ERR_OK;
    if (p->algorithm == PKI_P256)
        return ca_profile_bad(e, file, "kind",
                              "a pair is of SM2 or RSA: nobody takes a P-256 key "
                              "for enciphering (RFC 5480 3)");
    if (p->key_usage != sign)
        return ca_profile_bad(e, file, "key_usage",
                              "of a pair's signing certificate is digitalSignature and "
                              "nonRepudiation, nothing else (GM/T 0015 C.3)");
    if (p->encryption_usage != cert_encryption_usage(p->algorithm))
        return ca_profile_bad(
            e, file, "encryption_key_usage", "%s, nothing else",
            p->algorithm == PKI_SM2
                ? "is keyEncipherment, dataEncipherment and keyAgreement (GM/T 0015 C.4)"
                : "with RSA is keyEncipherment and dataEncipherment (RFC 3279 2.3.1)");
    return ERR_OK;
}

/* The subject comes from somebody's word, and so does the key. */
static enum err evidence_rules(const char *file, const struct ca_profile *p, struct err_info *e)
{
    unsigned used = facts_of(p);
    int row = ca_profile_asks(p, CA_EVIDENCE_REGULATOR) || ca_profile_asks(p, CA_EVIDENCE_REVIEWER);
    int holder = ca_profile_asks(p, CA_EVIDENCE_HOLDER);
    if (p->subject_of_holder && (!holder || row))
        return ca_profile_bad(e, file, "evidence",
                              "must have holder, and neither regulator nor reviewer: the subject "
                              "is that of the earlier certificate");
    if (p->subject_of_holder && used)
        return ca_profile_bad(e, file, "identity", "needs facts, and only a holder vouches");
    if (!p->subject_of_holder && !row)
        return ca_profile_bad(e, file, "evidence",
                              "needs regulator or reviewer: nobody else vouches for the subject");
    if ((used & (1u << CA_FACT_ID_NUMBER | 1u << CA_FACT_DNS)) &&
        !ca_profile_asks(p, CA_EVIDENCE_REVIEWER))
        return ca_profile_bad(e, file, "evidence", "needs reviewer: nobody else vouches for %s",
                              used & 1u << CA_FACT_DNS ? "a dNSName" : "id_number");
    if (!holder && !ca_profile_asks(p, CA_EVIDENCE_MAKER))
        return ca_profile_bad(e, file, "evidence",
                              "needs maker or holder: nobody else vouches for the key");
    if (p->holder_days && !holder)
        return ca_profile_bad(e, file, "holder_days", "says nothing without holder in evidence");
    return ERR_OK;
}

static enum err wants(const char *file, const char *holder, int has, const char *member,
                      const char *what, struct err_info *e)
{
    return has ? ERR_OK : ca_profile_bad(e, file, member, "of %s needs %s", holder, what);
}

/* The certificate of a responder is the ca's own: no project, no facts, no evidence. */
static enum err ocsp_rules(const char *file, const struct ca_profile *p, struct err_info *e)
{
    if (p->dual)
        return ca_profile_bad(e, file, "kind", "of ocsp must be single");
    if (*p->project)
        return ca_profile_bad(e, file, "project", "of ocsp must not be there");
    if (p->evidence || p->holder_days)
        return ca_profile_bad(e, file, "evidence", "of ocsp must not be there: nobody asks for it");
    if (p->subject_of_holder || facts_of(p))
        return ca_profile_bad(e, file, "subject", "of ocsp must be fixed");
    return wants(file, "ocsp", p->eku == CERT_EKU_OCSP_SIGNING, "eku", "OCSPSigning alone", e);
}

static enum err holder_rules(const char *file, const struct ca_profile *p, struct err_info *e)
{
    if (p->eku & CERT_EKU_OCSP_SIGNING)
        return ca_profile_bad(e, file, "eku", "OCSPSigning is for the holder ocsp alone");
    switch (p->holder) {
    case CA_HOLDER_ORGANISATION:
        return wants(file, "organisation", has_part(p, NAME_O), "subject", "a part O", e);
    case CA_HOLDER_PERSON:
        return wants(file, "person", has_part(p, NAME_CN), "subject", "a part CN", e);
    case CA_HOLDER_TLS_CLIENT:
        return wants(file, "tls-client", (p->eku & CERT_EKU_CLIENT_AUTH) != 0, "eku", "clientAuth",
                     e);
    case CA_HOLDER_TLS_SERVER:
        TRY(wants(file, "tls-server", (p->eku & CERT_EKU_SERVER_AUTH) != 0, "eku", "serverAuth",
                  e));
        return wants(file, "tls-server", !p->subject_of_holder, "subject", "a list of parts", e);
    case CA_HOLDER_SEAL_MAKER:
        TRY(wants(file, "seal-maker", (p->key_usage & CERT_KU_DIGITAL_SIGNATURE) != 0, "key_usage",
                  "digitalSignature", e));
        return wants(file, "seal-maker", has_part(p, NAME_O), "subject", "a part O", e);
    case CA_HOLDER_OCSP:
        break;
    }
    return ERR_OK;
}

enum err ca_profile_rules(const char *file, const struct ca_profile *p, struct err_info *e)
{
    TRY(usage_rules(file, p, e));
    if (p->holder == CA_HOLDER_OCSP)
        return ocsp_rules(file, p, e);
    if (!*p->project)
        return ca_profile_bad(e, file, "project", "must be a text");
    TRY(holder_rules(file, p, e));
    return evidence_rules(file, p, e);
}
