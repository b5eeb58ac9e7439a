/* Reading OCSP answers: what a client does. */
#include "base/time.h"
#include "pki/cert.h"
#include "pki/der.h"
#include "pki/ocsp.h"
#include "pki/pki_priv.h"

enum { CLOCK_SKEW = 60 * TIME_SECOND };

static const uint8_t oid_basic[] = {0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1};

struct basic {
    struct bytes data, algorithm, signature, cert; /* cert n 0: none */
};

static enum err open_answer(struct bytes der, struct basic *b, struct err_info *e)
{
    struct der d = der_start(der), seq, inner, wrap, certs;
    struct bytes c;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    TRY(der_take(&seq, DER_ENUMERATED, &c, e));
    if (c.n != 1 || c.p[0] != 0)
        return der_refuse(e, "the responder answers error %d (RFC 6960 4.2.1)", c.n ? c.p[0] : -1);
    TRY(der_enter(&seq, DER_EXPLICIT(0), &inner, e));
    TRY(der_end(&seq, e));
    TRY(der_enter(&inner, DER_SEQUENCE, &wrap, e));
    TRY(der_end(&inner, e));
    TRY(der_take(&wrap, DER_OID, &c, e));
    if (!der_same(c, (struct bytes){oid_basic, sizeof oid_basic}))
        return der_refuse(e, "not a basic response (RFC 6960 4.2.1)");
    TRY(der_take(&wrap, DER_OCTET_STRING, &c, e));
    TRY(der_end(&wrap, e));
    d = der_start(c);
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, &b->data, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, &b->algorithm, e));
    TRY(der_bits(&seq, &b->signature, NULL, e));
    b->cert = (struct bytes){0};
    if (der_more(&seq)) {
        TRY(der_enter(&seq, DER_EXPLICIT(0), &inner, e));
        TRY(der_enter(&inner, DER_SEQUENCE, &certs, e));
        TRY(der_end(&inner, e));
        if (der_more(&certs))
            TRY(der_take_whole(&certs, DER_SEQUENCE, &b->cert, e));
    }
    return der_end(&seq, e);
}

/* The key that may sign: the issuer's own, or one it certified for this (RFC 6960 4.2.2.2). */
static enum err responder_key(const struct basic *b, struct bytes issuer_cert, int64_t at,
                              struct arena *a, struct pki_pub **key, struct err_info *e)
{
    _auto(pki_pub) issuer = NULL;
    struct cert_view ca, v;
    TRY(cert_key(issuer_cert, &issuer, e));
    if (!b->cert.n || der_same(b->cert, issuer_cert)) {
        *key = steal(&issuer);
        return ERR_OK;
    }
    TRY(cert_view(issuer_cert, a, &ca, e));
    TRY(cert_view(b->cert, a, &v, e));
    TRY(cert_verify_signature(b->cert, issuer, e));
    if (!der_same(v.issuer, ca.subject) || !(v.eku & CERT_EKU_OCSP_SIGNING))
        return pki_why(e, ERR_CERT_UNTRUSTED, "not a responder of this issuer (RFC 6960 4.2.2.2)");
    if (at < v.not_before - CLOCK_SKEW || at > v.not_after + CLOCK_SKEW)
        return pki_why(e, ERR_CERT_UNTRUSTED,
                       "the responder's certificate is not valid at this time");
    return pki_pub_load(v.spki, key, e);
}

static enum err read_status(struct der *one, struct ocsp_answer *out, struct err_info *e)
{
    uint8_t tag = 0;
    struct bytes c;
    TRY(der_any(one, &tag, NULL, &c, e));
    out->reason = CRL_UNSPECIFIED;
    out->revoked_at = 0;
    if (tag == DER_CONTEXT(0) || tag == DER_CONTEXT(2)) {
        out->status = tag == DER_CONTEXT(0) ? OCSP_GOOD : OCSP_UNKNOWN;
        return ERR_OK;
    }
    if (tag != DER_EXPLICIT(1))
        return der_refuse(e, "no such status (RFC 6960 4.2.1)");
    struct der info = der_start(c), reason;
    out->status = OCSP_REVOKED;
    TRY(der_time(&info, &out->revoked_at, e));
    if (der_more(&info)) {
        TRY(der_enter(&info, DER_EXPLICIT(0), &reason, e));
        TRY(der_take(&reason, DER_ENUMERATED, &c, e));
        if (c.n != 1 || !crl_reason_text((enum crl_reason)c.p[0]))
            return der_refuse(e, "no such reason (RFC 5280 5.3.1)");
        out->reason = (enum crl_reason)c.p[0];
    }
    return der_end(&info, e);
}

/* The answer about `id` in the list; *found 0 when it is not there. */
static enum err find_single(struct der list, const struct ocsp_cert_id *id, struct ocsp_answer *out,
                            int *found, struct err_info *e)
{
    *found = 0;
    while (der_more(&list) && !*found) {
        struct der one, next;
        struct ocsp_cert_id got;
        TRY(der_enter(&list, DER_SEQUENCE, &one, e));
        TRY(ocsp_cert_id_read(&one, &got, e));
        TRY(read_status(&one, out, e));
        TRY(der_time(&one, &out->this_update, e));
        out->next_update = 0;
        if (der_next_is(&one, DER_EXPLICIT(0))) {
            TRY(der_enter(&one, DER_EXPLICIT(0), &next, e));
            TRY(der_time(&next, &out->next_update, e));
        }
        *found = got.hash == id->hash && der_same(got.name_hash, id->name_hash) &&
                 der_same(got.key_hash, id->key_hash) && der_same(got.serial, id->serial);
    }
    return ERR_OK;
}

static enum err read_nonce(struct der *data, struct arena *a, struct bytes *nonce,
                           struct err_info *e)
{
    static const uint8_t oid_nonce[] = {0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2};
    struct der outer, list, x, inner;
    struct bytes oid, value;
    *nonce = (struct bytes){0};
    if (!der_more(data))
        return ERR_OK;
    TRY(der_enter(data, DER_EXPLICIT(1), &outer, e));
    TRY(der_enter(&outer, DER_SEQUENCE, &list, e));
    while (der_more(&list)) {
        TRY(der_enter(&list, DER_SEQUENCE, &x, e));
        TRY(der_take(&x, DER_OID, &oid, e));
        if (der_next_is(&x, DER_BOOLEAN))
            TRY(der_take(&x, DER_BOOLEAN, &value, e));
        TRY(der_take(&x, DER_OCTET_STRING, &value, e));
        if (!der_same(oid, (struct bytes){oid_nonce, sizeof oid_nonce}))
            continue;
        inner = der_start(value);
        TRY(der_take(&inner, DER_OCTET_STRING, &value, e));
        *nonce = arena_bytes(a, value.p, value.n);
    }
    return ERR_OK;
}

enum err ocsp_response_check(struct bytes der, const struct ocsp_cert_id *id,
                             struct bytes issuer_cert, int64_t at, struct arena *a,
                             struct ocsp_answer *out, struct err_info *e)
{
    struct basic b;
    _auto(pki_pub) key = NULL;
    TRY(open_answer(der, &b, e));
    TRY(responder_key(&b, issuer_cert, at, a, &key, e));
    if (!pki_sig_alg_is(pki_pub_alg(key), b.algorithm))
        return pki_why(e, ERR_SIGNATURE, "another algorithm than that of the responder's key");
    TRY(pki_verify(key, b.data, b.signature, e));
    struct der d = der_start(b.data), data, list;
    int found;
    TRY(der_enter(&d, DER_SEQUENCE, &data, e));
    TRY(der_any(&data, NULL, NULL, NULL, e)); /* responderID: the signature says who */
    TRY(der_time(&data, &out->produced_at, e));
    TRY(der_enter(&data, DER_SEQUENCE, &list, e));
    TRY(find_single(list, id, out, &found, e));
    TRY(read_nonce(&data, a, &out->nonce, e));
    if (!found)
        return err_set(e, ERR_NOT_FOUND, NULL, "the answer is about other certificates");
    if (out->this_update > at + CLOCK_SKEW ||
        (out->next_update && out->next_update < at - CLOCK_SKEW))
        return pki_why(e, ERR_CERT_UNTRUSTED, "the answer is not of this time (RFC 6960 4.2.2.1)");
    return ERR_OK;
}
