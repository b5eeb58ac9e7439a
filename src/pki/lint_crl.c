/* Lint of revocation lists: RFC 5280 5 on the exact octets of a whole list. */
#include "pki/lint.h"

#include "pki/cert_priv.h"
#include "pki/crl.h"
#include "pki/der.h"
#include "pki/lint_priv.h"
#include "pki/pki_priv.h"

#include <stdlib.h>
#include <string.h>

enum { EXTENSIONS_MAX = 32, ID_CE = 3 };

struct crl_ext {
    struct bytes oid, value;
    int critical;
};

/* A list taken apart; all borrowed. */
struct list {
    int version; /* 1 where none is written */
    struct bytes inner, outer, signature, tbs, issuer;
    uint8_t this_tag, next_tag; /* next_tag 0: no nextUpdate */
    int64_t this_update, next_update;
    int entries_there;
    struct bytes entries; /* content */
    struct crl_ext ext[EXTENSIONS_MAX];
    size_t exts;
};

struct crl_subject {
    const struct list *l;
    const struct lint_context *c;
    struct arena *a;
    struct err_info e;
    int delta;
};

/* ---- reading ---- */

static enum err read_extensions(struct der list, struct crl_ext *ext, size_t *n, struct err_info *e)
{
    *n = 0;
    while (der_more(&list)) {
        struct der x;
        if (*n == EXTENSIONS_MAX)
            return der_refuse(e, "more than %d extensions", EXTENSIONS_MAX);
        struct crl_ext *one = &ext[(*n)++];
        TRY(der_enter(&list, DER_SEQUENCE, &x, e));
        TRY(der_take(&x, DER_OID, &one->oid, e));
        one->critical = 0;
        if (der_next_is(&x, DER_BOOLEAN))
            TRY(der_boolean(&x, &one->critical, e));
        TRY(der_take(&x, DER_OCTET_STRING, &one->value, e));
        TRY(der_end(&x, e));
    }
    return ERR_OK;
}

static int next_is_time(const struct der *d)
{
    return der_next_is(d, DER_UTC_TIME) || der_next_is(d, DER_GENERALIZED_TIME);
}

static enum err read_tbs(struct bytes whole, struct list *l, struct err_info *e)
{
    struct der d = der_start(whole), tbs, outer, list;
    TRY(der_enter(&d, DER_SEQUENCE, &tbs, e));
    l->version = 1;
    if (der_next_is(&tbs, DER_INTEGER)) {
        TRY(der_small(&tbs, &l->version, e));
        l->version++;
    }
    TRY(der_take_whole(&tbs, DER_SEQUENCE, &l->inner, e));
    TRY(der_take_whole(&tbs, DER_SEQUENCE, &l->issuer, e));
    l->this_tag = der_more(&tbs) ? *tbs.p : 0;
    TRY(der_time(&tbs, &l->this_update, e));
    if (next_is_time(&tbs)) {
        l->next_tag = *tbs.p;
        TRY(der_time(&tbs, &l->next_update, e));
    }
    l->entries_there = der_next_is(&tbs, DER_SEQUENCE);
    if (l->entries_there)
        TRY(der_take(&tbs, DER_SEQUENCE, &l->entries, e));
    if (der_next_is(&tbs, DER_EXPLICIT(0))) {
        TRY(der_enter(&tbs, DER_EXPLICIT(0), &outer, e));
        TRY(der_enter(&outer, DER_SEQUENCE, &list, e));
        TRY(der_end(&outer, e));
        TRY(read_extensions(list, l->ext, &l->exts, e));
    }
    return der_end(&tbs, e);
}

static enum err read_list(struct bytes der, struct list *l, struct err_info *e)
{
    struct der d = der_start(der), seq;
    *l = (struct list){0};
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, &l->tbs, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, &l->outer, e));
    TRY(der_bits(&seq, &l->signature, NULL, e));
    TRY(der_end(&seq, e));
    return read_tbs(l->tbs, l, e);
}

static int is_ce(const struct crl_ext *x, uint8_t arc)
{
    const uint8_t oid[ID_CE] = {0x55, 0x1d, arc};
    return der_same(x->oid, (struct bytes){oid, ID_CE});
}

enum { ARC_REASON = 21, ARC_INVALIDITY = 24, ARC_ISSUER = 29 };
enum { ARC_AKI = 35, ARC_NUMBER = 20, ARC_DELTA = 27, ARC_POINT = 28, ARC_FRESHEST = 46 };

static const struct crl_ext *ext_of(const struct crl_subject *s, uint8_t arc)
{
    for (size_t i = 0; i < s->l->exts; i++)
        if (is_ce(&s->l->ext[i], arc))
            return &s->l->ext[i];
    return NULL;
}

struct entry {
    struct bytes serial; /* content of the INTEGER */
    uint8_t time_tag;
    int64_t revoked_at;
    struct crl_ext ext[EXTENSIONS_MAX];
    size_t exts;
};

static enum err read_entry(struct der *list, struct entry *x, struct err_info *e)
{
    struct der seq, exts;
    TRY(der_enter(list, DER_SEQUENCE, &seq, e));
    TRY(der_take(&seq, DER_INTEGER, &x->serial, e));
    x->time_tag = der_more(&seq) ? *seq.p : 0;
    TRY(der_time(&seq, &x->revoked_at, e));
    x->exts = 0;
    if (der_more(&seq)) {
        TRY(der_enter(&seq, DER_SEQUENCE, &exts, e));
        if (!der_more(&exts))
            return der_refuse(e, "empty list of extensions (RFC 5280 5.1)");
        TRY(read_extensions(exts, x->ext, &x->exts, e));
    }
    return der_end(&seq, e);
}

/* The first entry that `look` has something to say about. */
static const char *each_entry(struct crl_subject *s,
                              const char *(*look)(struct crl_subject *s, const struct entry *x))
{
    struct entry x;
    for (struct der d = der_start(s->l->entries); der_more(&d);) {
        if (read_entry(&d, &x, &s->e) != ERR_OK)
            return NULL; /* crl-entries says it */
        const char *found = look(s, &x);
        if (found)
            return arena_fmt(s->a, "serial %s: %s", lint_serial(s->a, x.serial), found);
    }
    return NULL;
}

/* ---- rules ---- */

static const char *version_2(struct crl_subject *s)
{
    return s->l->version == 2 ? NULL : arena_fmt(s->a, "version %d", s->l->version);
}

static const char *algorithms(struct crl_subject *s)
{
    if (!der_same(s->l->inner, s->l->outer))
        return "two signature algorithms";
    return lint_known_algorithm(s->l->inner) ? NULL : "a signature algorithm that is none of ours";
}

static const char *issuer(struct crl_subject *s)
{
    const char *wrong = lint_name(s->l->issuer, s->a);
    if (wrong)
        return wrong;
    if (s->c->issuer_subject.n && !der_same(s->l->issuer, s->c->issuer_subject))
        return "the issuer is not the subject of the issuing certificate";
    return NULL;
}

static const char *signature(struct crl_subject *s)
{
    if (!s->c->issuer_key)
        return NULL;
    return lint_signed(s->c->issuer_key, s->l->outer, s->l->tbs, s->l->signature);
}

static const char *time_encoding(struct crl_subject *s)
{
    return lint_time_fits(s->l->this_tag, s->l->this_update) &&
                   (!s->l->next_tag || lint_time_fits(s->l->next_tag, s->l->next_update))
               ? NULL
               : "a time to 2049 must be UTCTime, a later one GeneralizedTime";
}

static const char *next_update(struct crl_subject *s)
{
    if (!s->l->next_tag)
        return "no nextUpdate";
    return s->l->next_update > s->l->this_update ? NULL : "nextUpdate is not after thisUpdate";
}

static const char *entries(struct crl_subject *s)
{
    struct entry x;
    if (s->l->entries_there && s->l->entries.n == 0)
        return "an empty list of entries, which is to be left out";
    for (struct der d = der_start(s->l->entries); der_more(&d);)
        if (read_entry(&d, &x, &s->e) != ERR_OK)
            return arena_fmt(s->a, "%s", s->e.detail);
    return NULL;
}

static const char *look_serial(struct crl_subject *s, const struct entry *x)
{
    (void)s;
    return x->serial.n && x->serial.n <= CERT_SERIAL_MAX && !(x->serial.p[0] & 0x80)
               ? NULL
               : "not a positive number of at most 20 octets";
}

static const char *entry_serials(struct crl_subject *s)
{
    return each_entry(s, look_serial);
}

static int by_serial(const void *x, const void *y)
{
    const struct bytes *a = x, *b = y;
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    return memcmp(a->p, b->p, a->n);
}

/* Lists need not be sorted; most are, and then nothing is kept. */
static const char *entries_once(struct crl_subject *s)
{
    struct entry x;
    struct bytes before = {0}, *all;
    size_t n = 0;
    int sorted = 1;
    for (struct der d = der_start(s->l->entries); der_more(&d); n++) {
        if (read_entry(&d, &x, &s->e) != ERR_OK)
            return NULL;
        sorted &= n == 0 || by_serial(&before, &x.serial) < 0;
        before = x.serial;
    }
    if (sorted)
        return NULL;
    all = mem_alloc(n * sizeof *all);
    struct der d = der_start(s->l->entries);
    for (size_t i = 0; i < n; i++)
        if (read_entry(&d, &x, &s->e) == ERR_OK)
            all[i] = x.serial;
    qsort(all, n, sizeof *all, by_serial);
    const char *found = NULL;
    for (size_t i = 1; i < n && !found; i++)
        if (by_serial(&all[i - 1], &all[i]) == 0)
            found = arena_fmt(s->a, "serial %s stands twice", lint_serial(s->a, all[i]));
    free(all);
    return found;
}

static const char *look_date(struct crl_subject *s, const struct entry *x)
{
    (void)s;
    return lint_time_fits(x->time_tag, x->revoked_at)
               ? NULL
               : "a time to 2049 must be UTCTime, a later one GeneralizedTime";
}

static const char *entry_dates(struct crl_subject *s)
{
    return each_entry(s, look_date);
}

static const char *look_reason(struct crl_subject *s, const struct entry *x)
{
    for (size_t i = 0; i < x->exts; i++) {
        struct der d = der_start(x->ext[i].value);
        struct bytes c;
        if (!is_ce(&x->ext[i], ARC_REASON))
            continue;
        if (x->ext[i].critical)
            return "the reason is critical";
        if (der_take(&d, DER_ENUMERATED, &c, &s->e) != ERR_OK || der_end(&d, &s->e) != ERR_OK ||
            c.n != 1 || !crl_reason_text((enum crl_reason)c.p[0]))
            return "no such reason";
        if (c.p[0] == CRL_UNSPECIFIED)
            return "the reason unspecified is to be left out";
        if (c.p[0] == CRL_REMOVE_FROM_CRL && !s->delta)
            return "removeFromCRL in a list that is no delta";
    }
    return NULL;
}

static const char *entry_reasons(struct crl_subject *s)
{
    return each_entry(s, look_reason);
}

static const char *look_invalidity(struct crl_subject *s, const struct entry *x)
{
    for (size_t i = 0; i < x->exts; i++) {
        struct der d = der_start(x->ext[i].value);
        int64_t at;
        if (!is_ce(&x->ext[i], ARC_INVALIDITY))
            continue;
        if (x->ext[i].critical)
            return "the invalidity date is critical";
        if (!der_next_is(&d, DER_GENERALIZED_TIME) || der_time(&d, &at, &s->e) != ERR_OK ||
            der_end(&d, &s->e) != ERR_OK)
            return "the invalidity date is no GeneralizedTime";
    }
    return NULL;
}

static const char *entry_invalidity(struct crl_subject *s)
{
    return each_entry(s, look_invalidity);
}

static const char *once(struct arena *a, const struct crl_ext *ext, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!der_oid_text(a, ext[i].oid))
            return "an extension with a malformed OID (X.690 8.19)";
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++)
            if (der_same(ext[i].oid, ext[k].oid))
                return arena_fmt(a, "%s stands twice", der_oid_text(a, ext[i].oid));
    return NULL;
}

/* certificateIssuer is critical by rule (5.3.3); whoever does not know the rest must not use the list. */
static const char *look_extensions(struct crl_subject *s, const struct entry *x)
{
    const char *twice = once(s->a, x->ext, x->exts);
    for (size_t i = 0; i < x->exts && !twice; i++)
        if (x->ext[i].critical && !is_ce(&x->ext[i], ARC_REASON) &&
            !is_ce(&x->ext[i], ARC_INVALIDITY) && !is_ce(&x->ext[i], ARC_ISSUER))
            return arena_fmt(s->a, "unknown critical extension %s",
                             der_oid_text(s->a, x->ext[i].oid));
    return twice;
}

static const char *entry_extensions(struct crl_subject *s)
{
    return each_entry(s, look_extensions);
}

static const char *extensions_once(struct crl_subject *s)
{
    return once(s->a, s->l->ext, s->l->exts);
}

static const char *critical_known(struct crl_subject *s)
{
    for (size_t i = 0; i < s->l->exts; i++) {
        const struct crl_ext *x = &s->l->ext[i];
        if (x->critical && !is_ce(x, ARC_DELTA) && !is_ce(x, ARC_POINT) && !is_ce(x, ARC_AKI) &&
            !is_ce(x, ARC_NUMBER) && !is_ce(x, ARC_FRESHEST))
            return arena_fmt(s->a, "unknown critical extension %s", der_oid_text(s->a, x->oid));
    }
    return NULL;
}

static const char *authority_key(struct crl_subject *s)
{
    const struct crl_ext *x = ext_of(s, ARC_AKI);
    struct bytes id;
    if (!x)
        return "no authority key identifier";
    if (x->critical)
        return "it is critical";
    if (ext_aki(&(struct ext){.value = x->value}, &id, &s->e) != ERR_OK)
        return arena_fmt(s->a, "%s", s->e.detail);
    if (s->c->issuer_key &&
        !der_same(id, (struct bytes){pki_pub_key_id(s->c->issuer_key), PKI_KEY_ID_LEN}))
        return "it is not the issuer's key";
    return NULL;
}

/* The number's content; NULL: it is one. */
static const char *number_in(struct crl_subject *s, const struct crl_ext *x, struct bytes *out)
{
    struct der d = der_start(x->value);
    if (der_uint(&d, out, &s->e) != ERR_OK || der_end(&d, &s->e) != ERR_OK)
        return arena_fmt(s->a, "%s", s->e.detail);
    return out->n <= CERT_SERIAL_MAX ? NULL : "a number of more than 20 octets";
}

static const char *number(struct crl_subject *s)
{
    const struct crl_ext *x = ext_of(s, ARC_NUMBER);
    struct bytes n;
    if (!x)
        return "no CRL number";
    return x->critical ? "it is critical" : number_in(s, x, &n);
}

static const char *delta(struct crl_subject *s)
{
    const struct crl_ext *x = ext_of(s, ARC_DELTA), *own = ext_of(s, ARC_NUMBER);
    struct bytes base, n;
    if (!x)
        return NULL;
    if (!x->critical)
        return "the delta indicator is not critical";
    const char *wrong = number_in(s, x, &base);
    if (wrong || !own || number_in(s, own, &n))
        return wrong;
    return by_serial(&base, &n) < 0 ? NULL : "a delta against a list that is not earlier";
}

/* DistributionPointName (RFC 5280 4.2.1.13): general names, or a name relative to the issuer's. */
static enum err read_point_name(struct der name, struct err_info *e)
{
    struct der names;
    if (der_next_is(&name, DER_EXPLICIT(1)))
        return der_any(&name, NULL, NULL, NULL, e);
    TRY(der_enter(&name, DER_EXPLICIT(0), &names, e));
    TRY(der_end(&name, e));
    do
        TRY(der_any(&names, NULL, NULL, NULL, e));
    while (der_more(&names));
    return ERR_OK;
}

static enum err read_point(struct bytes value, struct err_info *e)
{
    struct der d = der_start(value), seq, name;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    if (!der_more(&seq))
        return der_refuse(e, "an empty issuing distribution point");
    if (der_next_is(&seq, DER_EXPLICIT(0))) {
        TRY(der_enter(&seq, DER_EXPLICIT(0), &name, e));
        TRY(read_point_name(name, e));
    }
    for (uint8_t n = 1; n <= 5;
         n++) /* which certificates and reasons: [3] is of bits, the rest BOOLEAN */
        if (der_next_is(&seq, DER_CONTEXT(n)))
            TRY(der_any(&seq, NULL, NULL, NULL, e));
    return der_end(&seq, e);
}

static const char *point(struct crl_subject *s)
{
    const struct crl_ext *x = ext_of(s, ARC_POINT);
    if (!x)
        return NULL;
    if (!x->critical)
        return "the issuing distribution point is not critical";
    return read_point(x->value, &s->e) == ERR_OK ? NULL : arena_fmt(s->a, "%s", s->e.detail);
}

static const char *freshest(struct crl_subject *s)
{
    const struct crl_ext *x = ext_of(s, ARC_FRESHEST);
    struct bytes url;
    if (!x)
        return NULL;
    if (x->critical)
        return "it is critical";
    if (s->delta)
        return "a delta that says where its deltas are";
    if (ext_crl_dp(&(struct ext){.value = x->value}, &url, &s->e) != ERR_OK)
        return arena_fmt(s->a, "%s", s->e.detail);
    return cert_url_fits(url) ? NULL : "no http or ldap address in it";
}

static const struct {
    const char *id, *section;
    const char *(*look)(struct crl_subject *s);
} rules[] = {
    {"crl-version-2", "RFC 5280 5.1.2.1", version_2},
    {"crl-signature-algorithm", "RFC 5280 5.1.1.2", algorithms},
    {"crl-signature", "RFC 5280 5.1.1.3", signature},
    {"crl-issuer", "RFC 5280 5.1.2.3", issuer},
    {"crl-time-encoding", "RFC 5280 5.1.2.4", time_encoding},
    {"crl-next-update", "RFC 5280 5.1.2.5", next_update},
    {"crl-entries", "RFC 5280 5.1.2.6", entries},
    {"crl-entry-serial", "RFC 5280 4.1.2.2", entry_serials},
    {"crl-entry-once", "RFC 5280 5.1.2.6", entries_once},
    {"crl-entry-date", "RFC 5280 5.1.2.6", entry_dates},
    {"crl-entry-extensions", "RFC 5280 5.3", entry_extensions},
    {"crl-entry-reason", "RFC 5280 5.3.1", entry_reasons},
    {"crl-entry-invalidity", "RFC 5280 5.3.2", entry_invalidity},
    {"crl-extensions-once", "RFC 5280 4.2", extensions_once},
    {"crl-critical-known", "RFC 5280 5.2", critical_known},
    {"crl-authority-key-id", "RFC 5280 5.2.1", authority_key},
    {"crl-number", "RFC 5280 5.2.3", number},
    {"crl-delta", "RFC 5280 5.2.4", delta},
    {"crl-point", "RFC 5280 5.2.5", point},
    {"crl-freshest", "RFC 5280 5.2.6", freshest},
};
enum { RULES = sizeof rules / sizeof rules[0] };

size_t lint_crl(struct bytes der, const struct lint_context *c, struct arena *a,
                struct lint_problem out[LINT_PROBLEMS_MAX])
{
    struct list l;
    struct crl_subject s = {.l = &l, .c = c, .a = a};
    size_t n = 0;
    if (read_list(der, &l, &s.e) != ERR_OK) {
        out[0] = (struct lint_problem){"der", "X.690", arena_text(a, s.e.detail)};
        return 1;
    }
    s.delta = ext_of(&s, ARC_DELTA) != NULL;
    for (int i = 0; i < RULES; i++) {
        const char *found = rules[i].look(&s);
        if (found)
            out[n++] = (struct lint_problem){rules[i].id, rules[i].section, found};
    }
    return n;
}

const char *lint_crl_rule(size_t i, const char **section)
{
    if (i >= RULES)
        return NULL;
    if (section)
        *section = rules[i].section;
    return rules[i].id;
}
