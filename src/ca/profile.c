/* Reading a certificate profile: its members and their words. What they may say together is in ca/profile_rules.c. */
#include "ca/profile_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum err ca_profile_bad(struct err_info *e, const char *file, const char *member, const char *why,
                        ...)
{
    char text[240];
    va_list ap;
    va_start(ap, why);
    vsnprintf(text, sizeof text, why, ap);
    va_end(ap);
    err_set(e, ERR_CONFIG, member, "%s: %s: %s", file, member, text);
    const char *name = strrchr(file, '/'); /* a value of a public text has little room */
    err_arg(e, "why", "%s: %s: %s", name ? name + 1 : file, member, text);
    return ERR_CONFIG;
}

struct word {
    const char *text;
    unsigned value;
};
#define WORDS(table) table, sizeof table / sizeof *table

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
    {"serverAuth", CERT_EKU_SERVER_AUTH},     {"clientAuth", CERT_EKU_CLIENT_AUTH},
    {"codeSigning", CERT_EKU_CODE_SIGNING},   {"emailProtection", CERT_EKU_EMAIL},
    {"timeStamping", CERT_EKU_TIME_STAMPING}, {"OCSPSigning", CERT_EKU_OCSP_SIGNING},
};
static const struct word evidence_kinds[] = {
    {"regulator", 1 << CA_EVIDENCE_REGULATOR},
    {"reviewer", 1 << CA_EVIDENCE_REVIEWER},
    {"maker", 1 << CA_EVIDENCE_MAKER},
    {"holder", 1 << CA_EVIDENCE_HOLDER},
};
static const struct word kinds[] = {{"single", 0}, {"dual", 1}};
static const struct word holders[] = {
    {"organisation", CA_HOLDER_ORGANISATION},
    {"person", CA_HOLDER_PERSON},
    {"tls-client", CA_HOLDER_TLS_CLIENT},
    {"tls-server", CA_HOLDER_TLS_SERVER},
    {"ocsp", CA_HOLDER_OCSP},
    {"seal-maker", CA_HOLDER_SEAL_MAKER},
};
static const char *const members[] = {
    "code",           "project",    "kind",      "holder",   "algorithm",
    "subject",        "identity",   "key_usage", "eku",      "encryption_key_usage",
    "encryption_eku", "policy_oid", "days_min",  "days_max", "holder_days",
    "evidence"};

/* A member that nobody reads may be a rule that somebody believes in. */
static enum err known_members(const char *file, const char *of, const json_t *doc,
                              const char *const *known, size_t n, struct err_info *e)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)doc, key, value) {
        size_t i = 0;
        while (i < n && strcmp(known[i], key) != 0)
            i++;
        if (i == n)
            return ca_profile_bad(e, file, key, "is not a member of %s", of);
    }
    return ERR_OK;
}

static enum err text_member(const char *file, const json_t *doc, const char *key, char *out,
                            size_t size, struct err_info *e)
{
    const char *s = json_opt_text(doc, key, "");
    if (*s == '\0')
        return ca_profile_bad(e, file, key, "must be a text");
    if (strlen(s) >= size)
        return ca_profile_bad(e, file, key, "is longer than %zu octets", size - 1);
    memcpy(out, s, strlen(s) + 1);
    return ERR_OK;
}

static enum err word_member(const char *file, const json_t *doc, const char *key,
                            const struct word *table, size_t n, const char *fallback, unsigned *out,
                            struct err_info *e)
{
    const char *text = json_opt_text(doc, key, fallback);
    if (word_value(table, n, text, out))
        return ERR_OK;
    return ca_profile_bad(e, file, key, "must not be \"%.40s\"", text);
}

/* Bits named by a list of texts. */
static enum err bits_member(const char *file, const json_t *doc, const char *key,
                            const struct word *table, size_t n, unsigned *out, struct err_info *e)
{
    const json_t *list = json_object_get(doc, key), *item;
    size_t i;
    *out = 0;
    if (!list)
        return ERR_OK;
    if (!json_is_array(list))
        return ca_profile_bad(e, file, key, "must be a list");
    json_array_foreach ((json_t *)(uintptr_t)list, i, item) {
        unsigned bit;
        if (!json_is_string(item))
            return ca_profile_bad(e, file, key, "must be a list of texts");
        if (!word_value(table, n, json_string_value(item), &bit))
            return ca_profile_bad(e, file, key, "has \"%.40s\", which is not known",
                                  json_string_value(item));
        *out |= bit;
    }
    return ERR_OK;
}

/* `value` as it stands, or `from` with the name of one fact. */
static enum err template_member(const char *file, const char *member, const json_t *item, char *out,
                                size_t size, struct err_info *e)
{
    const char *value = json_opt_text(item, "value", NULL),
               *from = json_opt_text(item, "from", NULL);
    unsigned facts = 0;
    if (!value == !from)
        return ca_profile_bad(e, file, member, "each part needs either `value` or `from`");
    int n = snprintf(out, size, from ? "{%s}" : "%s", from ? from : value);
    if (n <= 0 || (size_t)n >= size)
        return ca_profile_bad(e, file, member, "has a value that is empty or too long");
    const char *why = ca_template_check(out, &facts);
    return why ? ca_profile_bad(e, file, member, "\"%.60s\" %s", out, why) : ERR_OK;
}

static enum err subject_part(const char *file, const json_t *item, struct ca_subject_part *part,
                             struct err_info *e)
{
    static const char *const known[] = {"type", "value", "from"};
    const char *type = json_opt_text(item, "type", "");
    if (!json_is_object(item))
        return ca_profile_bad(e, file, "subject", "each part must be an object");
    TRY(known_members(file, "a part of a subject", item, known, 3, e));
    if (!name_type_from_text(type, &part->type))
        return ca_profile_bad(e, file, "subject", "has the type \"%.40s\", which is not known",
                              type);
    return template_member(file, "subject", item, part->text, sizeof part->text, e);
}

static enum err subject_member(const char *file, const json_t *doc, struct ca_profile *p,
                               struct err_info *e)
{
    const json_t *list = json_object_get(doc, "subject"), *item;
    size_t i;
    if (json_is_string(list) && strcmp(json_string_value(list), "holder") == 0) {
        p->subject_of_holder = 1;
        return ERR_OK;
    }
    if (!json_is_array(list) || json_array_size(list) == 0 ||
        json_array_size(list) > NAME_PARTS_MAX)
        return ca_profile_bad(e, file, "subject", "must be \"holder\" or a list of 1 to %d parts",
                              NAME_PARTS_MAX);
    json_array_foreach ((json_t *)(uintptr_t)list, i, item)
        TRY(subject_part(file, item, &p->subject[p->subject_parts++], e));
    return ERR_OK;
}

static enum err identity_part(const char *file, int edition, const json_t *item,
                              struct ca_identity *out, struct err_info *e)
{
    static const char *const known[] = {"type", "value", "from"};
    const char *name = json_opt_text(item, "type", "");
    if (!json_is_object(item))
        return ca_profile_bad(e, file, "identity", "each extension must be an object");
    TRY(known_members(file, "an identity extension", item, known, 3, e));
    out->type = ca_identity_type_find(edition, name);
    if (!out->type)
        return ca_profile_bad(e, file, "identity", "\"%.40s\" is none of GM/T 0015-%d", name,
                              edition);
    return template_member(file, "identity", item, out->text, sizeof out->text, e);
}

static enum err identity_member(const char *file, const json_t *doc, struct ca_profile *p,
                                struct err_info *e)
{
    static const char *const known[] = {"edition", "extensions"};
    const json_t *identity = json_object_get(doc, "identity"), *list, *item;
    size_t i;
    if (!identity)
        return ERR_OK;
    if (!json_is_object(identity))
        return ca_profile_bad(e, file, "identity", "must be an object");
    TRY(known_members(file, "identity", identity, known, 2, e));
    int64_t edition = json_opt_int(identity, "edition", 0);
    if (edition != 2012 && edition != 2023)
        return ca_profile_bad(e, file, "identity", "edition must be 2012 or 2023 (GM/T 0015)");
    list = json_object_get(identity, "extensions");
    if (!json_is_array(list) || json_array_size(list) == 0 ||
        json_array_size(list) > CA_IDENTITIES_MAX)
        return ca_profile_bad(e, file, "identity", "extensions must be a list of 1 to %d",
                              CA_IDENTITIES_MAX);
    json_array_foreach ((json_t *)(uintptr_t)list, i, item)
        TRY(identity_part(file, (int)edition, item, &p->identity[p->identities++], e));
    return ERR_OK;
}

static enum err usage_members(const char *file, const json_t *doc, struct ca_profile *p,
                              struct err_info *e)
{
    TRY(bits_member(file, doc, "key_usage", WORDS(key_usages), &p->key_usage, e));
    TRY(bits_member(file, doc, "eku", WORDS(extended_usages), &p->eku, e));
    TRY(bits_member(file, doc, "encryption_key_usage", WORDS(key_usages), &p->encryption_usage, e));
    return bits_member(file, doc, "encryption_eku", WORDS(extended_usages), &p->encryption_eku, e);
}

static enum err term_members(const char *file, const json_t *doc, struct ca_profile *p,
                             struct err_info *e)
{
    p->days_min = json_opt_int(doc, "days_min", 1);
    p->days_max = json_opt_int(doc, "days_max", 0);
    p->holder_days = json_opt_int(doc, "holder_days", 0);
    if (p->days_min < 1 || p->days_min > 3660)
        return ca_profile_bad(e, file, "days_min", "must be 1 to 3660");
    if (p->days_max < p->days_min || p->days_max > 3660)
        return ca_profile_bad(e, file, "days_max", "must be from days_min to 3660");
    if (p->holder_days < 0 || p->holder_days > 3660)
        return ca_profile_bad(e, file, "holder_days", "must be 0 to 3660");
    return ERR_OK;
}

/* `activation` is what releases a certificate from hold; a certificate is not made for it. */
static enum err evidence_member(const char *file, const json_t *doc, struct ca_profile *p,
                                struct err_info *e)
{
    const json_t *list = json_object_get(doc, "evidence"), *item;
    size_t i;
    json_array_foreach ((json_t *)(uintptr_t)list, i, item)
        if (json_is_string(item) && strcmp(json_string_value(item), "activation") == 0)
            return ca_profile_bad(e, file, "evidence",
                                  "activation releases from hold, and is none for issuing");
    return bits_member(file, doc, "evidence", WORDS(evidence_kinds), &p->evidence, e);
}

static enum err read_members(const char *file, const json_t *doc, struct ca_profile *p,
                             struct err_info *e)
{
    char algorithm[16] = "";
    unsigned word;
    TRY(text_member(file, doc, "code", p->code, sizeof p->code, e));
    TRY(word_member(file, doc, "kind", WORDS(kinds), "single", &word, e));
    p->dual = (int)word;
    TRY(word_member(file, doc, "holder", WORDS(holders), "organisation", &word, e));
    p->holder = (enum ca_holder)word;
    if (json_object_get(doc, "project"))
        TRY(text_member(file, doc, "project", p->project, sizeof p->project, e));
    if (json_object_get(doc, "policy_oid"))
        TRY(text_member(file, doc, "policy_oid", p->policy_oid, sizeof p->policy_oid, e));
    TRY(text_member(file, doc, "algorithm", algorithm, sizeof algorithm, e));
    if (!pki_alg_from_text(algorithm, &p->algorithm))
        return ca_profile_bad(e, file, "algorithm", "must be P-256, SM2, RSA-2048 or RSA-3072");
    TRY(subject_member(file, doc, p, e));
    TRY(identity_member(file, doc, p, e));
    TRY(usage_members(file, doc, p, e));
    TRY(term_members(file, doc, p, e));
    return evidence_member(file, doc, p, e);
}

enum err ca_profile_parse(const char *file, const json_t *doc, struct ca_profile *out,
                          struct err_info *e)
{
    struct ca_profile p = {0};
    if (!json_is_object(doc))
        return ca_profile_bad(e, file, "file", "must be an object");
    TRY(known_members(file, "a certificate profile", doc, members, sizeof members / sizeof *members,
                      e));
    TRY(read_members(file, doc, &p, e));
    if (p.dual && !p.key_usage) /* there is no other */
        p.key_usage = CERT_KU_DIGITAL_SIGNATURE | CERT_KU_NON_REPUDIATION;
    if (p.dual && !p.encryption_usage)
        p.encryption_usage = cert_encryption_usage(p.algorithm);
    TRY(ca_profile_rules(file, &p, e));
    TRY(ca_profile_sample(file, &p, e));
    *out = p;
    return ERR_OK;
}
