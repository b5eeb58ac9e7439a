#include "pki/ocsp.h"

#include "pki/der.h"
#include "pki/digest.h"
#include "pki/pki_priv.h"

#include <string.h>

#define OID(octets)                                                                                \
    {                                                                                              \
        (const uint8_t *)octets, sizeof octets - 1                                                 \
    }
static const struct {
    struct bytes oid;
    enum digest_alg alg;
} hashes[OCSP_HASHES] = {
    [OCSP_SHA1] = {OID("\x2b\x0e\x03\x02\x1a"), DIGEST_SHA1},
    [OCSP_SHA256] = {OID("\x60\x86\x48\x01\x65\x03\x04\x02\x01"), DIGEST_SHA256},
    [OCSP_SM3] = {OID("\x2a\x81\x1c\xcf\x55\x01\x83\x11"), DIGEST_SM3},
};
static const struct bytes oid_nonce = OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x02");
static const struct bytes oid_basic = OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x01");

/* ---- requests ---- */

enum err ocsp_cert_id_read(struct der *d, struct ocsp_cert_id *id, struct err_info *e)
{
    struct der whole = *d, seq, alg;
    struct bytes oid;
    TRY(der_take_whole(&whole, DER_SEQUENCE, &id->whole, e));
    TRY(der_enter(d, DER_SEQUENCE, &seq, e));
    TRY(der_enter(&seq, DER_SEQUENCE, &alg, e));
    TRY(der_take(&alg, DER_OID, &oid, e));
    id->hash = OCSP_HASHES;
    for (int i = 0; i < OCSP_HASHES; i++)
        if (der_same(oid, hashes[i].oid))
            id->hash = (enum ocsp_hash)i;
    if (id->hash != OCSP_HASHES && der_more(&alg)) { /* absent or NULL (RFC 5754 2) */
        TRY(der_take(&alg, DER_NULL, &oid, e));
        TRY(der_end(&alg, e));
    }
    TRY(der_take(&seq, DER_OCTET_STRING, &id->name_hash, e));
    TRY(der_take(&seq, DER_OCTET_STRING, &id->key_hash, e));
    TRY(der_uint(&seq, &id->serial, e));
    return der_end(&seq, e);
}

/* Extensions of a request: the nonce is taken, an unknown critical one refused (RFC 6960 4.4). */
static enum err read_extensions(struct der outer, struct bytes *nonce, struct err_info *e)
{
    struct der list, x;
    TRY(der_enter(&outer, DER_SEQUENCE, &list, e));
    TRY(der_end(&outer, e));
    while (der_more(&list)) {
        struct bytes oid, value;
        int critical = 0;
        TRY(der_enter(&list, DER_SEQUENCE, &x, e));
        TRY(der_take(&x, DER_OID, &oid, e));
        if (der_next_is(&x, DER_BOOLEAN))
            TRY(der_boolean(&x, &critical, e));
        TRY(der_take(&x, DER_OCTET_STRING, &value, e));
        TRY(der_end(&x, e));
        if (nonce && der_same(oid, oid_nonce)) {
            struct der inner = der_start(value);
            TRY(der_take(&inner, DER_OCTET_STRING, nonce, e));
            TRY(der_end(&inner, e));
            if (nonce->n < 1 || nonce->n > OCSP_NONCE_MAX)
                return der_refuse(e, "nonce of %zu octets (RFC 8954 2.1)", nonce->n);
        } else if (critical) {
            return der_refuse(e, "unknown critical extension (RFC 6960 4.4)");
        }
    }
    return ERR_OK;
}

static enum err read_one(struct der *list, struct ocsp_request *r, struct err_info *e)
{
    struct der one, exts;
    if (r->ids == OCSP_IDS_MAX)
        return der_refuse(e, "more than %d certificates asked for", OCSP_IDS_MAX);
    TRY(der_enter(list, DER_SEQUENCE, &one, e));
    TRY(ocsp_cert_id_read(&one, &r->id[r->ids++], e));
    if (der_more(&one)) {
        TRY(der_enter(&one, DER_EXPLICIT(0), &exts, e));
        TRY(read_extensions(exts, NULL, e));
    }
    return der_end(&one, e);
}

enum err ocsp_request_parse(struct bytes der, struct ocsp_request *r, struct err_info *e)
{
    if (der.n > OCSP_REQUEST_MAX) {
        err_set(e, ERR_TOO_LARGE, NULL, "OCSP request of %zu octets", der.n);
        err_arg(e, "limit", "%d B", OCSP_REQUEST_MAX);
        return ERR_TOO_LARGE;
    }
    struct der d = der_start(der), seq, tbs, list, inner;
    r->ids = 0;
    r->nonce = (struct bytes){0};
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    TRY(der_enter(&seq, DER_SEQUENCE, &tbs, e));
    if (der_more(&seq)) /* optionalSignature, not looked at */
        TRY(der_enter(&seq, DER_EXPLICIT(0), &inner, e));
    TRY(der_end(&seq, e));
    if (der_next_is(&tbs, DER_EXPLICIT(0))) {
        int version;
        TRY(der_enter(&tbs, DER_EXPLICIT(0), &inner, e));
        TRY(der_small(&inner, &version, e));
        TRY(der_end(&inner, e));
        if (version != 0)
            return der_refuse(e, "version %d of the request (RFC 6960 4.1.1)", version);
    }
    if (der_next_is(&tbs, DER_EXPLICIT(1)))
        TRY(der_enter(&tbs, DER_EXPLICIT(1), &inner, e));
    TRY(der_enter(&tbs, DER_SEQUENCE, &list, e));
    if (!der_more(&list))
        return der_refuse(e, "no certificate asked for (RFC 6960 4.1.1)");
    while (der_more(&list))
        TRY(read_one(&list, r, e));
    if (der_more(&tbs)) {
        TRY(der_enter(&tbs, DER_EXPLICIT(2), &inner, e));
        TRY(read_extensions(inner, &r->nonce, e));
    }
    return der_end(&tbs, e);
}

static void put_nonce(struct buf *b, uint8_t tag, struct bytes nonce)
{
    if (!nonce.n)
        return;
    size_t outer = der_open(b, tag), list = der_open(b, DER_SEQUENCE);
    struct der_ext x = der_open_ext(b, oid_nonce, 0);
    der_put(b, DER_OCTET_STRING, nonce);
    der_close_ext(b, x);
    der_close(b, list);
    der_close(b, outer);
}

enum err ocsp_request_write(const struct ocsp_cert_id *id, size_t n, struct bytes nonce,
                            struct arena *a, struct bytes *der, struct err_info *e)
{
    struct buf b;
    buf_init(&b, OCSP_REQUEST_MAX);
    size_t seq = der_open(&b, DER_SEQUENCE), tbs = der_open(&b, DER_SEQUENCE),
           list = der_open(&b, DER_SEQUENCE);
    for (size_t i = 0; i < n; i++) {
        size_t one = der_open(&b, DER_SEQUENCE);
        der_put_raw(&b, id[i].whole);
        der_close(&b, one);
    }
    der_close(&b, list);
    put_nonce(&b, DER_EXPLICIT(2), nonce);
    der_close(&b, tbs);
    der_close(&b, seq);
    return der_finish(&b, a, der, e);
}

/* ---- issuers ---- */

enum err ocsp_issuer_init(struct ocsp_issuer *i, struct bytes name, const struct pki_pub *key,
                          struct err_info *e)
{
    if (!name.n)
        return pki_why(e, ERR_CERT_SPEC, "an issuer without a name");
    for (int h = 0; h < OCSP_HASHES;
         h++) { /* RFC 6960 4.1.1: the Name's DER, the BIT STRING's octets */
        i->by[h].n = digest_len(hashes[h].alg);
        digest_of(hashes[h].alg, name, i->by[h].name);
        digest_of(hashes[h].alg, pki_pub_point(key), i->by[h].key);
    }
    return ERR_OK;
}

int ocsp_issuer_is(const struct ocsp_issuer *i, const struct ocsp_cert_id *id)
{
    if (id->hash >= OCSP_HASHES)
        return 0;
    size_t n = i->by[id->hash].n;
    return der_same(id->name_hash, (struct bytes){i->by[id->hash].name, n}) &&
           der_same(id->key_hash, (struct bytes){i->by[id->hash].key, n});
}

enum err ocsp_cert_id_make(const struct ocsp_issuer *i, enum ocsp_hash hash, struct bytes serial,
                           struct arena *a, struct ocsp_cert_id *out, struct err_info *e)
{
    struct buf b;
    struct bytes der;
    buf_init(&b, 256);
    size_t seq = der_open(&b, DER_SEQUENCE), alg = der_open(&b, DER_SEQUENCE);
    der_put(&b, DER_OID, hashes[hash].oid);
    if (hash == OCSP_SHA1) /* as OpenSSL and everyone else writes it */
        der_put(&b, DER_NULL, (struct bytes){0});
    der_close(&b, alg);
    der_put(&b, DER_OCTET_STRING, (struct bytes){i->by[hash].name, i->by[hash].n});
    der_put(&b, DER_OCTET_STRING, (struct bytes){i->by[hash].key, i->by[hash].n});
    der_put_uint(&b, serial);
    der_close(&b, seq);
    TRY(der_finish(&b, a, &der, e));
    struct der d = der_start(der);
    return ocsp_cert_id_read(&d, out, e);
}

/* ---- answers ---- */

static void put_single(struct buf *b, const struct ocsp_single *s)
{
    size_t one = der_open(b, DER_SEQUENCE);
    der_put_raw(b, s->cert_id);
    if (s->status == OCSP_REVOKED) {
        size_t info = der_open(b, DER_EXPLICIT(1));
        der_put_generalized(b, s->revoked_at);
        if (s->reason != CRL_UNSPECIFIED) {
            const uint8_t reason = (uint8_t)s->reason;
            size_t mark = der_open(b, DER_EXPLICIT(0));
            der_put(b, DER_ENUMERATED, (struct bytes){&reason, 1});
            der_close(b, mark);
        }
        der_close(b, info);
    } else {
        der_put(b, s->status == OCSP_GOOD ? DER_CONTEXT(0) : DER_CONTEXT(2), (struct bytes){0});
    }
    der_put_generalized(b, s->this_update);
    if (s->next_update) {
        size_t mark = der_open(b, DER_EXPLICIT(0));
        der_put_generalized(b, s->next_update);
        der_close(b, mark);
    }
    der_close(b, one);
}

enum err ocsp_response_data(const struct ocsp_single *s, size_t n, const struct pki_pub *responder,
                            int64_t produced_at, struct bytes nonce, struct arena *a,
                            struct bytes *data, struct err_info *e)
{
    struct buf b;
    buf_init(&b, 16384);
    size_t whole = der_open(&b, DER_SEQUENCE), by_key = der_open(&b, DER_EXPLICIT(2));
    der_put(&b, DER_OCTET_STRING, (struct bytes){pki_pub_key_id(responder), PKI_KEY_ID_LEN});
    der_close(&b, by_key);
    der_put_generalized(&b, produced_at);
    size_t list = der_open(&b, DER_SEQUENCE);
    for (size_t i = 0; i < n; i++)
        put_single(&b, &s[i]);
    der_close(&b, list);
    put_nonce(&b, DER_EXPLICIT(1), nonce);
    der_close(&b, whole);
    return der_finish(&b, a, data, e);
}

enum err ocsp_response_sign(struct bytes data, const struct pki_signer *s,
                            struct bytes responder_cert, struct arena *a, struct bytes *der,
                            struct err_info *e)
{
    static const uint8_t successful[3] = {DER_ENUMERATED, 1, 0};
    struct bytes sig;
    TRY(pki_sign(s, data, a, &sig, e));
    struct buf b;
    buf_init(&b, data.n + responder_cert.n + 1024);
    size_t response = der_open(&b, DER_SEQUENCE);
    der_put_raw(&b, (struct bytes){successful, sizeof successful});
    size_t mark = der_open(&b, DER_EXPLICIT(0)), seq = der_open(&b, DER_SEQUENCE);
    der_put(&b, DER_OID, oid_basic);
    size_t octets = der_open(&b, DER_OCTET_STRING), basic = der_open(&b, DER_SEQUENCE);
    der_put_raw(&b, data);
    der_put_raw(&b, pki_sig_alg(pki_pub_alg(s->pub)));
    der_put_bits(&b, sig, 0);
    if (responder_cert.n) {
        size_t certs = der_open(&b, DER_EXPLICIT(0)), list = der_open(&b, DER_SEQUENCE);
        der_put_raw(&b, responder_cert);
        der_close(&b, list);
        der_close(&b, certs);
    }
    der_close(&b, basic);
    der_close(&b, octets);
    der_close(&b, seq);
    der_close(&b, mark);
    der_close(&b, response);
    return der_finish(&b, a, der, e);
}

struct bytes ocsp_error_response(enum ocsp_error error)
{
    static const uint8_t answer[7][5] = {
        {0x30, 3, DER_ENUMERATED, 1, 0}, {0x30, 3, DER_ENUMERATED, 1, 1},
        {0x30, 3, DER_ENUMERATED, 1, 2}, {0x30, 3, DER_ENUMERATED, 1, 3},
        {0x30, 3, DER_ENUMERATED, 1, 4}, {0x30, 3, DER_ENUMERATED, 1, 5},
        {0x30, 3, DER_ENUMERATED, 1, 6},
    };
    return (struct bytes){answer[error], 5};
}
