/* The ca's certificate profiles: what a certificate may say and what must be shown for it. */
#include "ca/ca.h"

#include <string.h>

static enum err bad(struct err_info *e, const char *file, const char *member, const char *why)
{
    err_set(e, ERR_CONFIG, member, "%s: %s: %s", file, member, why);
    err_arg(e, "why", "%s: %s: %s", file, member, why);
    return ERR_CONFIG;
}

struct word {
    const char *text;
    unsigned value;
};

static int word_value(const struct word *table, size_t n, const char *text, unsigned *out)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(table[i].text, text) == 0) {
            *out = table[i].value;
            return 1;
        }
    return 0;
}

static const struct word key_usages[] = {
    {"digitalSignature", CERT_KU_DIGITAL_SIGNATURE},
    {"nonRepudiation", CERT_KU_NON_REPUDIATION},
    {"keyEncipherment", CERT_KU_KEY_ENCIPHERMENT},
    {"dataEncipherment", CERT_KU_DATA_ENCIPHERMENT},
    {"keyAgreement", CERT_KU_KEY_AGREEMENT},
};
static const struct word extended_usages[] = {
    {"serverAuth", CERT_EKU_SERVER_AUTH},
    {"clientAuth", CERT_EKU_CLIENT_AUTH},
    {"emailProtection", CERT_EKU_EMAIL},
};
static const struct word evidence_kinds[] = {
    {"regulator", CA_EVIDENCE_REGULATOR},
    {"maker", CA_EVIDENCE_MAKER},
};
static const struct word subject_sources[] = {
    {"institution_name", CA_SUBJECT_INSTITUTION},
    {"reporting_code", CA_SUBJECT_REPORTING_CODE},
    {"user_name", CA_SUBJECT_USER},
    {"uscc", CA_SUBJECT_USCC},
};
static const char *const members[] = {"code", "project",    "algorithm", "subject",  "key_usage",
                                      "eku",  "policy_oid", "days_min",  "days_max", "evidence"};

static enum err known_members(const char *file, const json_t *doc, struct err_info *e)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)doc, key, value) {
        size_t i = 0;
        while (i < sizeof members / sizeof *members && strcmp(members[i], key) != 0)
            i++;
        if (i == sizeof members / sizeof *members)
            return bad(e, file, key, "is not a member of a certificate profile");
    }
    return ERR_OK;
}

static enum err text_member(const char *file, const json_t *doc, const char *key, char *out,
                            size_t size, struct err_info *e)
{
    const char *s = json_opt_text(doc, key, "");
    if (*s == '\0')
        return bad(e, file, key, "must be a text");
    if (strlen(s) >= size)
        return bad(e, file, key, "is too long");
    strncpy(out, s, size - 1);
    return ERR_OK;
}

/* Bits named by a list of texts. */
static enum err bits_member(const char *file, const json_t *doc, const char *key,
                            const struct word *table, size_t n, unsigned *out, struct err_info *e)
{
    const json_t *list = json_object_get(doc, key), *item;
    size_t i;
    if (!json_is_array(list))
        return bad(e, file, key, "must be a list");
    json_array_foreach ((json_t *)(uintptr_t)list, i, item) {
        unsigned bit;
        if (!json_is_string(item) || !word_value(table, n, json_string_value(item), &bit))
            return bad(e, file, key, "has an entry that is not known");
        *out |= bit;
    }
    return ERR_OK;
}

static enum err subject_part(const char *file, const json_t *item, struct ca_subject_part *part,
                             struct err_info *e)
{
    const char *type = json_opt_text(item, "type", ""), *fixed = json_opt_text(item, "value", NULL);
    unsigned source;
    if (!name_type_from_text(type, &part->type))
        return bad(e, file, "subject", "has a type that is not known");
    if (fixed) {
        if (strlen(fixed) >= sizeof part->value)
            return bad(e, file, "subject", "has a value that is too long");
        part->source = CA_SUBJECT_FIXED;
        strncpy(part->value, fixed, sizeof part->value - 1);
        return ERR_OK;
    }
    if (!word_value(subject_sources, sizeof subject_sources / sizeof *subject_sources,
                    json_opt_text(item, "from", ""), &source))
        return bad(e, file, "subject", "each part needs `value`, or `from` with a known source");
    part->source = (enum ca_subject_source)source;
    return ERR_OK;
}

static enum err subject_member(const char *file, const json_t *doc, struct ca_profile *p,
                               struct err_info *e)
{
    const json_t *list = json_object_get(doc, "subject"), *item;
    size_t i;
    if (!json_is_array(list) || json_array_size(list) == 0 ||
        json_array_size(list) > NAME_PARTS_MAX)
        return bad(e, file, "subject", "must be a list of 1 to 16 parts");
    json_array_foreach ((json_t *)(uintptr_t)list, i, item)
        TRY(subject_part(file, item, &p->subject[p->subject_parts++], e));
    return ERR_OK;
}

static enum err evidence_member(const char *file, const json_t *doc, struct ca_profile *p,
                                struct err_info *e)
{
    const json_t *list = json_object_get(doc, "evidence"), *item;
    size_t i;
    if (!json_is_array(list) || json_array_size(list) == 0 ||
        json_array_size(list) > CA_PROFILE_EVIDENCE_MAX)
        return bad(e, file, "evidence", "must be a list of 1 to 4 kinds");
    json_array_foreach ((json_t *)(uintptr_t)list, i, item) {
        unsigned kind;
        if (!json_is_string(item) ||
            !word_value(evidence_kinds, sizeof evidence_kinds / sizeof *evidence_kinds,
                        json_string_value(item), &kind))
            return bad(e, file, "evidence",
                       "has a kind that is not known: regulator and maker are");
        p->evidence[p->evidence_kinds++] = (enum ca_evidence_kind)kind;
    }
    return ERR_OK;
}

/* A subject that comes from the regulator's row needs the regulator's evidence: nothing else vouches for it. */
static enum err subject_is_vouched_for(const char *file, const struct ca_profile *p,
                                       struct err_info *e)
{
    int from_row = 0, regulator = 0;
    for (size_t i = 0; i < p->subject_parts; i++)
        from_row |= p->subject[i].source != CA_SUBJECT_FIXED;
    for (size_t i = 0; i < p->evidence_kinds; i++)
        regulator |= p->evidence[i] == CA_EVIDENCE_REGULATOR;
    if (from_row && !regulator)
        return bad(e, file, "evidence",
                   "needs `regulator`: the subject is built from the regulator's row");
    return ERR_OK;
}

enum err ca_profile_parse(const char *file, const json_t *doc, struct ca_profile *out,
                          struct err_info *e)
{
    struct ca_profile p = {0};
    char algorithm[16] = "";
    TRY(known_members(file, doc, e));
    TRY(text_member(file, doc, "code", p.code, sizeof p.code, e));
    TRY(text_member(file, doc, "project", p.project, sizeof p.project, e));
    TRY(text_member(file, doc, "algorithm", algorithm, sizeof algorithm, e));
    if (!pki_alg_from_text(algorithm, &p.algorithm))
        return bad(e, file, "algorithm", "must be P-256, SM2, RSA-2048 or RSA-3072");
    TRY(subject_member(file, doc, &p, e));
    TRY(bits_member(file, doc, "key_usage", key_usages, sizeof key_usages / sizeof *key_usages,
                    &p.key_usage, e));
    TRY(bits_member(file, doc, "eku", extended_usages,
                    sizeof extended_usages / sizeof *extended_usages, &p.eku, e));
    TRY(evidence_member(file, doc, &p, e));
    TRY(subject_is_vouched_for(file, &p, e));
    strncpy(p.policy_oid, json_opt_text(doc, "policy_oid", ""), sizeof p.policy_oid - 1);
    p.days_min = json_opt_int(doc, "days_min", 1);
    p.days_max = json_opt_int(doc, "days_max", 0);
    if (p.days_min < 1 || p.days_max < p.days_min || p.days_max > 3660)
        return bad(e, file, "days_max", "must be from days_min to 3660");
    *out = p;
    return ERR_OK;
}
