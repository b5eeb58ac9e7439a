#include "ca/content.h"

#include "ca/profile_priv.h"
#include "pki/der.h"
#include "pki/lint.h"
#include "pki/weak.h"

#include <stdio.h>
#include <string.h>

static enum err not_vouched(struct err_info *e, const char *what, const char *text)
{
    err_set(e, ERR_CA_PROFILE, what, "\"%s\" cannot be filled in", text);
    err_arg(e, "why", "%s: \"%.80s\" has a fact that nobody vouched for, or is too long", what,
            text);
    return ERR_CA_PROFILE;
}

/* ---- the subject ---- */

static enum err subject_of_parts(const struct ca_profile *p, const struct ca_vouched *v,
                                 struct arena *a, struct bytes *subject, struct err_info *e)
{
    struct name_part part[NAME_PARTS_MAX];
    for (size_t i = 0; i < p->subject_parts; i++) {
        char *value = arena_alloc(a, 2 * CA_FACT_MAX);
        if (!ca_template_fill(p->subject[i].text, &v->person, value, 2 * CA_FACT_MAX))
            return not_vouched(e, name_type_text(p->subject[i].type), p->subject[i].text);
        part[i] = (struct name_part){p->subject[i].type, value};
    }
    return name_encode(part, p->subject_parts, a, subject, e);
}

enum err ca_content_subject(const struct ca_profile *p, const struct ca_vouched *v, struct arena *a,
                            struct bytes *subject, struct err_info *e)
{
    if (p->subject_of_holder) {
        *subject = arena_bytes(a, v->holder_subject.p, v->holder_subject.n);
        return ERR_OK;
    }
    TRY(subject_of_parts(p, v, a, subject, e));
    if (v->holder_subject.n == 0 || der_same(v->holder_subject, *subject))
        return ERR_OK;
    err_set(e, ERR_CA_EVIDENCE, "holder", "the earlier certificate has another subject");
    err_arg(e, "kind", "holder");
    err_arg(e, "why", "the earlier certificate names somebody else");
    return ERR_CA_EVIDENCE;
}

/* ---- extensions ---- */

static enum err identity_value(const struct ca_identity *i, const struct ca_person *person,
                               struct arena *a, struct bytes *value, struct err_info *e)
{
    char text[CA_FACT_MAX];
    struct buf b;
    if (!ca_template_fill(i->text, person, text, sizeof text))
        return not_vouched(e, i->type->name, i->text);
    buf_init(&b, 2 * CA_FACT_MAX);
    if (i->type->choice >= 0) {
        size_t outer = der_open(&b, (uint8_t)DER_EXPLICIT(i->type->choice));
        der_put_text(&b, i->type->tag, text);
        der_close(&b, outer);
    } else {
        der_put_text(&b, i->type->tag, text);
    }
    return der_finish(&b, a, value, e);
}

static enum err identities(const struct ca_content *c, struct arena *a, struct cert_extension *out,
                           struct err_info *e)
{
    for (size_t i = 0; i < c->profile->identities; i++) {
        const struct ca_identity *identity = &c->profile->identity[i];
        out[i] = (struct cert_extension){.oid = identity->type->oid};
        TRY(identity_value(identity, &c->vouched->person, a, &out[i].value, e));
    }
    return ERR_OK;
}

enum { DNS_MAX = 16 };

/* "a.example,b.example" */
static enum err dns_names(const struct ca_content *c, struct arena *a, const char **out, size_t *n,
                          struct err_info *e)
{
    const char *names = c->vouched->person.fact[CA_FACT_DNS];
    *n = 0;
    if (c->profile->holder != CA_HOLDER_TLS_SERVER)
        return ERR_OK;
    while (*names && *n < DNS_MAX) {
        size_t length = strcspn(names, ",");
        out[(*n)++] = arena_text_n(a, names, length);
        names += length + (names[length] == ',');
    }
    return *n && !*names ? ERR_OK : not_vouched(e, "dns", "{dns}");
}

/* ---- the whole ---- */

static struct lint_context context_of(const struct ca_content *c)
{
    return (struct lint_context){.role = c->profile->holder == CA_HOLDER_OCSP ? LINT_OCSP_RESPONDER
                                                                              : LINT_END_ENTITY,
                                 .issuer_subject = c->issuer.subject,
                                 .issuer_key = c->issuer.key,
                                 .issuer_not_after = c->issuer.not_after,
                                 .dual = c->use != CA_USE_SINGLE};
}

enum err ca_content_tbs(const struct ca_content *c, struct arena *a, struct bytes *tbs,
                        struct err_info *e)
{
    const struct ca_profile *p = c->profile;
    int encrypts = c->use == CA_USE_ENCRYPTION, ocsp = p->holder == CA_HOLDER_OCSP;
    struct cert_policy policy = {.oid = p->policy_oid};
    struct cert_extension extra[CA_IDENTITIES_MAX];
    const char *dns[DNS_MAX];
    size_t dns_n;
    TRY(identities(c, a, extra, e));
    TRY(dns_names(c, a, dns, &dns_n, e));
    struct cert_spec spec = {
        .serial = c->serial,
        .issuer = c->issuer.subject,
        .subject = c->subject,
        .not_before = c->not_before,
        .not_after = c->not_after,
        .key = c->key,
        .issuer_key = c->issuer.key,
        .key_usage = encrypts ? p->encryption_usage : p->key_usage,
        .eku = encrypts ? p->encryption_eku : p->eku,
        .policy = &policy,
        .policies = p->policy_oid[0] != '\0',
        .crl_url = ocsp ? NULL : c->issuer.crl_url,
        .ocsp_url = ocsp ? NULL : c->issuer.ocsp_url,
        .ca_issuers_url = ocsp ? NULL : c->issuer.certificate_url,
        .dns = dns,
        .dns_names = dns_n,
        .ocsp_nocheck = ocsp,
        .extra = extra,
        .extras = p->identities,
    };
    struct lint_context context = context_of(c);
    TRY(cert_tbs(&spec, a, tbs, e));
    return lint_check(*tbs, &context, e);
}

/* ---- a sample of what a profile makes ---- */

static const struct ca_vouched sample_person = {
    .person.fact = {[CA_FACT_INSTITUTION] = "示例机构",
                    [CA_FACT_REPORTING_CODE] = "F0000000000001",
                    [CA_FACT_USER] = "张三",
                    [CA_FACT_USCC] = "91110108MA01ABCD5T",
                    [CA_FACT_ID_NUMBER] = "11010119900307123X",
                    [CA_FACT_DNS] = "sample.invalid"},
};

/* A public key of the algorithm that serves as nobody's: the curve's generator, or an odd number of the right size. */
static enum err sample_key(enum pki_alg alg, struct arena *a, struct pki_pub **key,
                           struct err_info *e)
{
    static const uint8_t f4[] = {1, 0, 1};
    static const uint8_t rsa[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                  0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    uint8_t modulus[384];
    struct bytes numbers, spki;
    struct buf b;
    if (alg == PKI_P256 || alg == PKI_SM2)
        return pki_pub_generator(alg, key, e);
    memset(modulus, 0xff, sizeof modulus);
    buf_init(&b, 1024);
    size_t mark = der_open(&b, DER_SEQUENCE);
    der_put_uint(&b, (struct bytes){modulus, alg == PKI_RSA2048 ? 256 : 384});
    der_put_uint(&b, (struct bytes){f4, sizeof f4});
    der_close(&b, mark);
    TRY(der_finish(&b, a, &numbers, e));
    buf_init(&b, 1024);
    mark = der_open(&b, DER_SEQUENCE);
    der_put_raw(&b, (struct bytes){rsa, sizeof rsa});
    der_put_bits(&b, numbers, 0);
    der_close(&b, mark);
    TRY(der_finish(&b, a, &spki, e));
    return pki_pub_load(spki, key, e);
}

static enum err sample_name(struct arena *a, const char *cn, struct bytes *name, struct err_info *e)
{
    const struct name_part part[] = {
        {NAME_C, "CN"}, {NAME_O, sample_person.person.fact[CA_FACT_INSTITUTION]}, {NAME_CN, cn}};
    return name_encode(part, 3, a, name, e);
}

static enum err sample_uses(struct ca_content *c, struct arena *a, struct err_info *e)
{
    struct bytes tbs;
    struct ca_vouched v = sample_person;
    c->vouched = &v;
    c->serial = cert_serial_new(a);
    if (c->profile->subject_of_holder)
        TRY(sample_name(a, "示例用户", &v.holder_subject, e));
    TRY(ca_content_subject(c->profile, &v, a, &c->subject, e));
    c->use = c->profile->dual ? CA_USE_SIGNING : CA_USE_SINGLE;
    TRY(ca_content_tbs(c, a, &tbs, e));
    c->use = CA_USE_ENCRYPTION;
    return c->profile->dual ? ca_content_tbs(c, a, &tbs, e) : ERR_OK;
}

enum err ca_profile_sample(const char *file, const struct ca_profile *p, struct err_info *e)
{
    static const int64_t begin = INT64_C(1767225600000), day = INT64_C(86400000); /* 2026-01-01 */
    _auto(arena) a = arena_new();
    _auto(pki_pub) key = NULL;
    struct ca_content c = {.profile = p,
                           .not_before = begin,
                           .not_after = begin + p->days_max * day,
                           .issuer = {.crl_url = "http://sample.invalid/crl",
                                      .ocsp_url = "http://sample.invalid/ocsp",
                                      .certificate_url = "http://sample.invalid/ca",
                                      .not_after = begin + p->days_max * day}};
    TRY(sample_key(p->algorithm, a, &key, e));
    TRY(sample_name(a, "示例签发者", &c.issuer.subject, e));
    c.issuer.key = c.key = key;
    enum err result = sample_uses(&c, a, e);
    if (result == ERR_OK)
        return ERR_OK;
    struct err_info why = *e;
    return ca_profile_bad(e, file, result == ERR_NAME ? "subject" : "sample",
                          "a certificate made up by it is not right: %s%s%s", why.field,
                          why.field[0] ? ": " : "", why.detail);
}
