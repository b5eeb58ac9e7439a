/* OCSP requests as the responder takes them, in both forms of RFC 6960 A.1; held against OpenSSL.
 * The first octet says which form: 'P' the DER of a POST, 'G' the text behind "/ocsp/" of a GET. */
#include "fuzz.h"

#include "base/text.h"
#include "httpd/httpd_priv.h"
#include "pki/der.h"
#include "pki/name.h"
#include "pki/ocsp.h"

#include <openssl/ocsp.h>
#include <stdlib.h>
#include <string.h>

static struct arena *made;

void fuzz_begin(void)
{
    made = arena_new();
}

static void seed(struct fuzz_seeds *s, char form, struct bytes der)
{
    struct buf b;
    buf_init(&b, 65536);
    buf_byte(&b, (uint8_t)form);
    if (form == 'P') {
        buf_put(&b, der.p, der.n);
    } else {
        for (const char *t = text_base64(made, der); *t; t++)
            buf_fmt(&b, *t == '+' || *t == '/' || *t == '=' ? "%%%02X" : "%c", *t);
    }
    fuzz_seed(s, (struct bytes){b.p, b.n});
    buf_clear(&b);
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    static const struct bytes serial = {(const uint8_t *)"\x91\x02\x03\x04", 4},
                              nonce = {(const uint8_t *)"0123456789abcdef", 16};
    struct err_info e;
    struct bytes name, der;
    struct ocsp_issuer issuer;
    struct ocsp_cert_id id[OCSP_HASHES];
    const struct name_part part[] = {{NAME_C, "CN"}, {NAME_CN, "CertHall"}};
    struct pki_key *key = fuzz_key(2);
    MUST_OK(name_encode(part, 2, made, &name, &e), &e);
    MUST_OK(ocsp_issuer_init(&issuer, name, pki_key_pub(key), &e), &e);
    for (int h = 0; h < OCSP_HASHES; h++) {
        MUST_OK(ocsp_cert_id_make(&issuer, (enum ocsp_hash)h, serial, made, &id[h], &e), &e);
        MUST_OK(ocsp_request_write(&id[h], 1, (struct bytes){0}, made, &der, &e), &e);
        seed(s, 'P', der);
        seed(s, 'G', der);
    }
    MUST_OK(ocsp_request_write(id, OCSP_HASHES, nonce, made, &der, &e), &e);
    seed(s, 'P', der);
    seed(s, 'G', der);
    pki_key_free(key);
}

/* What OpenSSL reads in it. */
struct other {
    int read, ids;
    OCSP_REQUEST *r;
};

static struct other read_other(struct bytes der)
{
    const uint8_t *p = der.p;
    struct other o = {.r = d2i_OCSP_REQUEST(NULL, &p, (long)der.n)};
    o.read = o.r && p == der.p + der.n;
    o.ids = o.read ? OCSP_request_onereq_count(o.r) : 0;
    return o;
}

static void check_parsed(struct bytes der, const struct ocsp_request *q, const struct other *o)
{
    MUST(q->ids >= 1 && q->ids <= OCSP_IDS_MAX);
    MUST(q->nonce.n <= OCSP_NONCE_MAX && fuzz_within(q->nonce, der));
    for (size_t i = 0; i < q->ids; i++) {
        const struct ocsp_cert_id *id = &q->id[i];
        MUST(fuzz_within(id->whole, der) && id->whole.n > 0);
        MUST(fuzz_within(id->name_hash, id->whole) && fuzz_within(id->key_hash, id->whole) &&
             fuzz_within(id->serial, id->whole));
        MUST((unsigned)id->hash <= OCSP_HASHES && id->serial.n > 0);
    }
    /* Laxer on purpose: what is not looked at (requestorName, the signature, algorithms that we do not have) need not be well-formed.
     * Where OpenSSL reads it too, it reads the same. */
    if (!o->read)
        return;
    MUST(o->ids == (int)q->ids);
    for (int i = 0; i < o->ids; i++) {
        OCSP_CERTID *id = OCSP_onereq_get0_id(OCSP_request_onereq_get0(o->r, i));
        ASN1_OCTET_STRING *name, *key;
        ASN1_INTEGER *serial;
        OCSP_id_get0_info(&name, NULL, &key, &serial, id);
        MUST(der_same(q->id[i].name_hash, (struct bytes){ASN1_STRING_get0_data(name),
                                                         (size_t)ASN1_STRING_length(name)}));
        MUST(der_same(q->id[i].key_hash,
                      (struct bytes){ASN1_STRING_get0_data(key), (size_t)ASN1_STRING_length(key)}));
        BIGNUM *ours = BN_bin2bn(q->id[i].serial.p, (int)q->id[i].serial.n, NULL),
               *theirs = ASN1_INTEGER_to_BN(serial, NULL);
        MUST(ours && theirs && BN_cmp(ours, theirs) == 0);
        BN_free(ours);
        BN_free(theirs);
    }
}

/* Asked again with what was read, it is read the same. */
static void check_again(const struct ocsp_request *q, struct arena *a)
{
    struct err_info e;
    struct bytes der;
    struct ocsp_request again;
    enum err err = ocsp_request_write(q->id, q->ids, q->nonce, a, &der, &e);
    if (err == ERR_TOO_LARGE)
        return;
    MUST_OK(err, &e);
    if (der.n > OCSP_REQUEST_MAX)
        return;
    MUST_OK(ocsp_request_parse(der, &again, &e), &e);
    MUST(again.ids == q->ids && der_same(again.nonce, q->nonce));
    for (size_t i = 0; i < q->ids; i++)
        MUST(der_same(again.id[i].whole, q->id[i].whole));
}

/* The reasons for which ours refuses what OpenSSL takes; nothing else may be one. */
static int stricter(const struct other *o, struct bytes der, const char *why)
{
    static const char *const rules[] = {
        "X.690",            /* DER alone: lengths, INTEGER, BOOLEAN, OID; no BER */
        "negative INTEGER", /* a serial is positive (RFC 5280 4.1.2.2) */
        "RFC 6960 4.1.1",   /* version, and an empty list */
        "RFC 6960 4.4",     /* an unknown critical extension */
        "RFC 8954 2.1",     /* a nonce of 1 to 32 octets */
        "more than 16 certificates asked for",
        "too large", /* a version that is no int */
    };
    (void)o, (void)der;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strstr(why, rules[i]))
            return 1;
    return 0;
}

static void take(struct bytes der, struct arena *a)
{
    struct err_info e = {0};
    struct ocsp_request q;
    memset(&q, 0xa5, sizeof q);
    enum err err = ocsp_request_parse(der, &q, &e);
    struct other o = read_other(der);
    if (err == ERR_OK) {
        check_parsed(der, &q, &o);
        check_again(&q, a);
    } else {
        fuzz_refused(err, &e);
        MUST(err == ERR_TOO_LARGE ? der.n > OCSP_REQUEST_MAX : err == ERR_DER_MALFORMED);
        if (o.read && err != ERR_TOO_LARGE)
            MUST(stricter(&o, der, e.arg[0].value));
    }
    OCSP_REQUEST_free(o.r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _auto(arena) a = arena_new();
    if (size < 1)
        return 0;
    if (data[0] != 'G') {
        struct bytes in = fuzz_copy(data + 1, size - 1);
        take(in, a);
        free((void *)(uintptr_t)in.p);
        return 0;
    }
    struct httpd_param param[HTTPD_PARAMS_MAX];
    int params;
    struct bytes der;
    char *path = arena_fmt(a, "/ocsp/%.*s", (int)(size - 1), (const char *)data + 1);
    if (httpd_route_match(a, "/ocsp/*request", path, param, &params) == HTTPD_MATCH) {
        MUST(params == 1);
        if (text_from_base64(a, param[0].value, &der)) {
            MUST(!strcmp(text_base64(a, der), param[0].value)); /* one text for each value */
            struct bytes in = fuzz_copy(der.p, der.n);
            take(in, a);
            free((void *)(uintptr_t)in.p);
        }
    }
    return 0;
}
