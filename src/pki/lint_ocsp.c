/* Lint of OCSP answers: RFC 6960, RFC 5019 and RFC 9654 on the exact octets of a whole answer. */
#include "pki/lint.h"

#include "pki/cert.h"
#include "pki/crl.h"
#include "pki/der.h"
#include "pki/lint_priv.h"
#include "pki/ocsp.h"
#include "pki/pki_priv.h"

static const uint8_t oid_basic[] = {0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1};
static const uint8_t oid_nonce[] = {0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2};

/* An answer taken apart; all borrowed. */
struct answer {
    int status; /* of the response; not 0: no more is there */
    struct bytes type, data, algorithm, signature, cert;
    uint8_t responder_tag;
    struct bytes responder; /* content of the choice */
    uint8_t produced_tag;
    int64_t produced_at;
    struct bytes singles, extensions; /* content */
};

struct ocsp_subject {
    const struct answer *r;
    const struct lint_context *c;
    struct arena *a;
    struct err_info e;
    struct cert_view view; /* of the certificate inside; subject.n 0: none, or not to be read */
};

/* ---- reading ---- */

static enum err read_data(struct answer *r, struct err_info *e)
{
    struct der d = der_start(r->data), data, inner;
    int version;
    TRY(der_enter(&d, DER_SEQUENCE, &data, e));
    if (der_next_is(&data, DER_EXPLICIT(0))) {
        TRY(der_enter(&data, DER_EXPLICIT(0), &inner, e));
        TRY(der_small(&inner, &version, e));
        return der_refuse(e,
                          "version %d of the answer, or its default written out "
                          "(RFC 6960 4.2.1)",
                          version + 1);
    }
    TRY(der_any(&data, &r->responder_tag, NULL, &r->responder, e));
    r->produced_tag = der_more(&data) ? *data.p : 0;
    TRY(der_time(&data, &r->produced_at, e));
    TRY(der_take(&data, DER_SEQUENCE, &r->singles, e));
    if (der_more(&data)) {
        TRY(der_enter(&data, DER_EXPLICIT(1), &inner, e));
        TRY(der_take(&inner, DER_SEQUENCE, &r->extensions, e));
        TRY(der_end(&inner, e));
    }
    return der_end(&data, e);
}

static enum err read_basic(struct bytes der, struct answer *r, struct err_info *e)
{
    struct der d = der_start(der), seq, inner, certs;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, &r->data, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, &r->algorithm, e));
    TRY(der_bits(&seq, &r->signature, NULL, e));
    if (der_more(&seq)) {
        TRY(der_enter(&seq, DER_EXPLICIT(0), &inner, e));
        TRY(der_enter(&inner, DER_SEQUENCE, &certs, e));
        TRY(der_end(&inner, e));
        if (der_more(&certs))
            TRY(der_take_whole(&certs, DER_SEQUENCE, &r->cert, e));
    }
    TRY(der_end(&seq, e));
    return read_data(r, e);
}

static enum err read_answer(struct bytes der, struct answer *r, struct err_info *e)
{
    struct der d = der_start(der), seq, inner, wrap;
    struct bytes c;
    *r = (struct answer){0};
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    TRY(der_take(&seq, DER_ENUMERATED, &c, e));
    if (c.n != 1)
        return der_refuse(e, "a status of %zu octets (RFC 6960 4.2.1)", c.n);
    r->status = c.p[0];
    if (r->status != 0)
        return der_end(&seq, e);
    TRY(der_enter(&seq, DER_EXPLICIT(0), &inner, e));
    TRY(der_end(&seq, e));
    TRY(der_enter(&inner, DER_SEQUENCE, &wrap, e));
    TRY(der_end(&inner, e));
    TRY(der_take(&wrap, DER_OID, &r->type, e));
    TRY(der_take(&wrap, DER_OCTET_STRING, &c, e));
    TRY(der_end(&wrap, e));
    return read_basic(c, r, e);
}

struct single {
    struct ocsp_cert_id id;
    uint8_t status_tag;
    struct bytes status; /* content */
    uint8_t time_tag[2]; /* thisUpdate, nextUpdate; 0: not there */
    int64_t this_update, next_update;
};

static enum err read_single(struct der *list, struct single *x, struct err_info *e)
{
    struct der one, next;
    TRY(der_enter(list, DER_SEQUENCE, &one, e));
    TRY(ocsp_cert_id_read(&one, &x->id, e));
    TRY(der_any(&one, &x->status_tag, NULL, &x->status, e));
    x->time_tag[0] = der_more(&one) ? *one.p : 0;
    x->time_tag[1] = 0;
    TRY(der_time(&one, &x->this_update, e));
    if (der_next_is(&one, DER_EXPLICIT(0))) {
        TRY(der_enter(&one, DER_EXPLICIT(0), &next, e));
        x->time_tag[1] = der_more(&next) ? *next.p : 0;
        TRY(der_time(&next, &x->next_update, e));
        TRY(der_end(&next, e));
    }
    if (der_next_is(&one, DER_EXPLICIT(1)))
        TRY(der_any(&one, NULL, NULL, NULL, e));
    return der_end(&one, e);
}

static const char *each_single(struct ocsp_subject *s,
                               const char *(*look)(struct ocsp_subject *s, const struct single *x))
{
    struct single x;
    for (struct der d = der_start(s->r->singles); der_more(&d);) {
        if (read_single(&d, &x, &s->e) != ERR_OK)
            return NULL; /* ocsp-singles says it */
        const char *found = look(s, &x);
        if (found)
            return arena_fmt(s->a, "serial %s: %s", lint_serial(s->a, x.id.serial), found);
    }
    return NULL;
}

/* ---- rules ---- */

static const char *status(struct ocsp_subject *s)
{
    int n = s->r->status;
    return n >= 0 && n <= 6 && n != 4 ? NULL : arena_fmt(s->a, "no such status: %d", n);
}

static const char *type(struct ocsp_subject *s)
{
    return der_same(s->r->type, (struct bytes){oid_basic, sizeof oid_basic}) ? NULL
                                                                             : "not a basic answer";
}

static const char *algorithm(struct ocsp_subject *s)
{
    return lint_known_algorithm(s->r->algorithm) ? NULL
                                                 : "a signature algorithm that is none of ours";
}

/* byName, or byKey: SHA-1 of the key. */
static const char *responder(struct ocsp_subject *s)
{
    struct der d = der_start(s->r->responder);
    struct bytes id;
    if (s->r->responder_tag == DER_EXPLICIT(1))
        return NULL;
    if (s->r->responder_tag != DER_EXPLICIT(2) ||
        der_take(&d, DER_OCTET_STRING, &id, &s->e) != ERR_OK || der_end(&d, &s->e) != ERR_OK)
        return "neither byName nor byKey";
    if (id.n != PKI_KEY_ID_LEN)
        return arena_fmt(s->a, "a key hash of %zu octets", id.n);
    _auto(pki_pub) key = NULL;
    if (s->view.spki.n && pki_pub_load(s->view.spki, &key, &s->e) == ERR_OK &&
        !der_same(id, (struct bytes){pki_pub_key_id(key), PKI_KEY_ID_LEN}))
        return "byKey is not the key of the certificate that goes along";
    return NULL;
}

static const char *produced(struct ocsp_subject *s)
{
    return s->r->produced_tag == DER_GENERALIZED_TIME ? NULL : "producedAt is no GeneralizedTime";
}

static const char *singles(struct ocsp_subject *s)
{
    struct single x;
    if (s->r->singles.n == 0)
        return "no answer in it";
    for (struct der d = der_start(s->r->singles); der_more(&d);)
        if (read_single(&d, &x, &s->e) != ERR_OK)
            return arena_fmt(s->a, "%s", s->e.detail);
    return NULL;
}

static const char *look_status(struct ocsp_subject *s, const struct single *x)
{
    struct der d = der_start(x->status), reason;
    struct bytes c;
    int64_t at;
    if (x->status_tag == DER_CONTEXT(0) || x->status_tag == DER_CONTEXT(2))
        return x->status.n == 0 ? NULL : "good or unknown with content";
    if (x->status_tag != DER_EXPLICIT(1))
        return "no such status";
    if (!der_next_is(&d, DER_GENERALIZED_TIME) || der_time(&d, &at, &s->e) != ERR_OK)
        return "revocationTime is no GeneralizedTime";
    if (at > s->r->produced_at)
        return "revoked later than the answer was produced";
    if (!der_more(&d))
        return NULL;
    if (der_enter(&d, DER_EXPLICIT(0), &reason, &s->e) != ERR_OK || der_end(&d, &s->e) != ERR_OK ||
        der_take(&reason, DER_ENUMERATED, &c, &s->e) != ERR_OK || c.n != 1 ||
        !crl_reason_text((enum crl_reason)c.p[0]))
        return "no such reason";
    return c.p[0] == CRL_REMOVE_FROM_CRL ? "removeFromCRL, which is for deltas" : NULL;
}

static const char *single_status(struct ocsp_subject *s)
{
    return each_single(s, look_status);
}

static const char *look_times(struct ocsp_subject *s, const struct single *x)
{
    if (x->time_tag[0] != DER_GENERALIZED_TIME ||
        (x->time_tag[1] && x->time_tag[1] != DER_GENERALIZED_TIME))
        return "a time that is no GeneralizedTime";
    if (x->this_update > s->r->produced_at)
        return "thisUpdate lies behind producedAt";
    if (x->time_tag[1] && x->next_update <= x->this_update)
        return "nextUpdate is not after thisUpdate";
    return NULL;
}

static const char *single_times(struct ocsp_subject *s)
{
    return each_single(s, look_times);
}

static const char *look_next(struct ocsp_subject *s, const struct single *x)
{
    (void)s;
    return x->time_tag[1] ? NULL : "no nextUpdate: nobody may keep it";
}

static const char *single_next(struct ocsp_subject *s)
{
    return each_single(s, look_next);
}

static const char *extensions(struct ocsp_subject *s)
{
    for (struct der d = der_start(s->r->extensions); der_more(&d);) {
        struct der x, inner;
        struct bytes oid, value;
        int critical = 0;
        if (der_enter(&d, DER_SEQUENCE, &x, &s->e) != ERR_OK ||
            der_take(&x, DER_OID, &oid, &s->e) != ERR_OK ||
            (der_next_is(&x, DER_BOOLEAN) && der_boolean(&x, &critical, &s->e) != ERR_OK) ||
            der_take(&x, DER_OCTET_STRING, &value, &s->e) != ERR_OK)
            return arena_fmt(s->a, "%s", s->e.detail);
        if (!der_same(oid, (struct bytes){oid_nonce, sizeof oid_nonce})) {
            if (critical)
                return arena_fmt(s->a, "unknown critical extension %s", der_oid_text(s->a, oid));
            continue;
        }
        inner = der_start(value);
        if (der_take(&inner, DER_OCTET_STRING, &value, &s->e) != ERR_OK || value.n == 0 ||
            value.n > 128)
            return "a nonce that is no OCTET STRING of 1 to 128 octets";
    }
    return NULL;
}

/* The issuer's own, or one with OCSPSigning. */
static const char *certificate(struct ocsp_subject *s)
{
    if (!s->r->cert.n)
        return NULL;
    if (!s->view.subject.n)
        return "the certificate that goes along cannot be read";
    if (s->c->issuer_subject.n && der_same(s->view.subject, s->c->issuer_subject))
        return NULL;
    return s->view.ca || s->view.eku & CERT_EKU_OCSP_SIGNING
               ? NULL
               : "the certificate that goes along is no responder's";
}

/* By whom it can be told: the certificate that goes along, else the issuer. */
static const char *signature(struct ocsp_subject *s)
{
    _auto(pki_pub) key = NULL;
    const struct pki_pub *by = s->c->issuer_key;
    if (s->view.spki.n && pki_pub_load(s->view.spki, &key, &s->e) == ERR_OK)
        by = key;
    return by ? lint_signed(by, s->r->algorithm, s->r->data, s->r->signature) : NULL;
}

static const struct {
    const char *id, *section;
    const char *(*look)(struct ocsp_subject *s);
} rules[] = {
    {"ocsp-type", "RFC 6960 4.2.1", type},
    {"ocsp-signature-algorithm", "RFC 6960 4.3", algorithm},
    {"ocsp-signature", "RFC 6960 3.2", signature},
    {"ocsp-certificate", "RFC 6960 4.2.2.2", certificate},
    {"ocsp-responder-id", "RFC 6960 4.2.1", responder},
    {"ocsp-produced-at", "RFC 6960 4.2.1", produced},
    {"ocsp-singles", "RFC 6960 4.2.1", singles},
    {"ocsp-single-status", "RFC 6960 4.2.1", single_status},
    {"ocsp-single-times", "RFC 6960 4.2.2.1", single_times},
    {"ocsp-single-next", "RFC 5019 2.2.4", single_next},
    {"ocsp-extensions", "RFC 9654 2.1", extensions},
};
enum { RULES = sizeof rules / sizeof rules[0] };

size_t lint_ocsp(struct bytes der, const struct lint_context *c, struct arena *a,
                 struct lint_problem out[LINT_PROBLEMS_MAX])
{
    struct answer r;
    struct ocsp_subject s = {.r = &r, .c = c, .a = a};
    size_t n = 0;
    if (read_answer(der, &r, &s.e) != ERR_OK) {
        out[0] = (struct lint_problem){"der", "X.690", arena_text(a, s.e.detail)};
        return 1;
    }
    const char *wrong = status(&s);
    if (wrong)
        out[n++] = (struct lint_problem){"ocsp-status", "RFC 6960 4.2.1", wrong};
    if (r.status != 0)
        return n;
    if (r.cert.n && cert_view(r.cert, a, &s.view, &s.e) != ERR_OK)
        s.view = (struct cert_view){0};
    for (int i = 0; i < RULES; i++) {
        const char *found = rules[i].look(&s);
        if (found)
            out[n++] = (struct lint_problem){rules[i].id, rules[i].section, found};
    }
    return n;
}

const char *lint_ocsp_rule(size_t i, const char **section)
{
    if (i >= RULES)
        return NULL;
    if (section)
        *section = rules[i].section;
    return rules[i].id;
}
