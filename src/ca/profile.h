/* Certificate profiles: what a certificate may say, and what must be shown for it. Data of the ca, one file a profile:
 * `<data>/ca/profiles/<code>.json` (docs/profile.md, "Certificate profiles").
 *
 * A profile that contradicts itself, or whose made-up certificate does not pass the lint (pki/lint.h), is not loaded. Once
 * loaded it does not change; any thread may read it. */
#ifndef CERTHALL_CA_PROFILE_H
#define CERTHALL_CA_PROFILE_H

#include "base/json.h"
#include "pki/cert.h"
#include "pki/name.h"

/* What somebody vouches for. A fact that nobody vouched for is "". */
enum ca_fact {
    CA_FACT_INSTITUTION,
    CA_FACT_REPORTING_CODE,
    CA_FACT_USER,
    CA_FACT_USCC,
    CA_FACT_ID_NUMBER, /* of a resident; a reviewer's word only */
    CA_FACT_DNS,       /* names joined by commas; a reviewer's word only */
    CA_FACTS
};
enum { CA_FACT_MAX = 256 };
/* What is left of each text is zeros, so that two of them compare as octets. */
struct ca_person {
    char fact[CA_FACTS][CA_FACT_MAX];
};
/* "institution_name", "reporting_code", "user_name", "uscc", "id_number", "dns": as profiles and evidence name it */
const char *ca_fact_text(enum ca_fact fact);

/* Whose word a profile wants. The first two vouch for the subject, the others for the key; the holder of an earlier certificate
 * for both. */
enum ca_evidence_kind {
    CA_EVIDENCE_REGULATOR,
    CA_EVIDENCE_REVIEWER,
    CA_EVIDENCE_MAKER,
    CA_EVIDENCE_HOLDER,
    CA_EVIDENCE_KINDS
};

/* Who or what the certificate is about; each has rules of its own (ca/profile_rules.c). */
enum ca_holder {
    CA_HOLDER_ORGANISATION,
    CA_HOLDER_PERSON,
    CA_HOLDER_TLS_CLIENT,
    CA_HOLDER_TLS_SERVER,
    CA_HOLDER_OCSP, /* for ca_responder_certificate alone; nobody can ask for it */
    CA_HOLDER_SEAL_MAKER
};

/* One of a pair, or the only one. */
enum ca_use { CA_USE_SINGLE, CA_USE_SIGNING, CA_USE_ENCRYPTION };

/* "{institution_name} {user_name}": a text with facts in it; "{organization_code}" is characters 9 to 17 of the uscc. */
struct ca_subject_part {
    enum name_type type;
    char text[128];
};

/* Identity extensions of GM/T 0015. The OIDs and types of 2012 are those of its text; of those of 2023 the text was not seen,
 * they are as xipki writes them. */
struct ca_identity_type {
    int edition; /* 2012 or 2023 */
    const char *name, *oid;
    uint8_t tag;   /* of the string */
    int8_t choice; /* identifyCode: EXPLICIT [n]; -1: none */
};
enum { CA_IDENTITIES_MAX = 8 };
struct ca_identity {
    const struct ca_identity_type *type;
    char text[32]; /* as in a subject */
};

struct ca_profile {
    char code[64];
    char project[64]; /* "" for CA_HOLDER_OCSP */
    int dual;         /* always a pair: ca_use SIGNING and ENCRYPTION */
    enum ca_holder holder;
    enum pki_alg algorithm;
    int subject_of_holder; /* the subject is that of the holder's earlier certificate; no parts then */
    struct ca_subject_part subject[NAME_PARTS_MAX];
    size_t subject_parts;
    struct ca_identity identity[CA_IDENTITIES_MAX];
    size_t identities;
    unsigned key_usage, eku; /* of a pair: the signing certificate's */
    unsigned encryption_usage, encryption_eku;
    char policy_oid[64]; /* "" none */
    int64_t days_min, days_max;
    int64_t holder_days; /* how long after its end an earlier certificate still vouches */
    unsigned evidence;   /* bits 1 << enum ca_evidence_kind */
};

static inline int ca_profile_asks(const struct ca_profile *p, enum ca_evidence_kind kind)
{
    return (p->evidence >> kind & 1) != 0;
}

/* Read a profile, hold it against its rules, and look at a sample of each certificate it makes. ERR_CONFIG with file,
 * member and reason. Unknown members are refused. */
NODISCARD enum err ca_profile_parse(const char *file, const json_t *doc, struct ca_profile *out,
                                    struct err_info *e);

#endif
