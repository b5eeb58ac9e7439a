#include "pki/csr.h"

#include "pki/der.h"
#include "pki/pem.h"
#include "pki/pki_priv.h"
#include "pki/weak.h"

#include <string.h>

/* ---- attributes ---- */

static const uint8_t oid_challenge[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 7};
static const uint8_t oid_temporary[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 63};

enum { TEMPORARY_KEY = 136, COORDINATE = 32 };

static int is_zeros(const uint8_t *p, size_t n)
{
    while (n && *p == 0) {
        p++;
        n--;
    }
    return n == 0;
}

static enum err read_blob(struct bytes blob, uint8_t point[65], struct err_info *e)
{
    static const uint8_t head[] = {0x00, 0xb4, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00};
    const uint8_t *x = blob.p + sizeof head, *y = x + 2 * COORDINATE;
    if (blob.n != TEMPORARY_KEY)
        return der_refuse(e, "a temporary key of %zu octets, not %d (double request)", blob.n,
                          TEMPORARY_KEY);
    if (memcmp(blob.p, head, sizeof head) != 0)
        return der_refuse(e, "a temporary key with another head (double request)");
    if (!is_zeros(x + COORDINATE, COORDINATE) || !is_zeros(y + COORDINATE, COORDINATE))
        return der_refuse(e, "a temporary key without zeros behind its numbers (double request)");
    point[0] = 0x04;
    memcpy(point + 1, x, COORDINATE);
    memcpy(point + 1 + COORDINATE, y, COORDINATE);
    return ERR_OK;
}

static enum err read_temporary(struct der value, uint8_t point[65], struct err_info *e)
{
    struct bytes octets;
    int version;
    TRY(der_take(&value, DER_OCTET_STRING, &octets, e));
    TRY(der_end(&value, e));
    if (octets.n == 0 || octets.p[0] != DER_SEQUENCE)
        return read_blob(octets, point, e);
    struct der d = der_start(octets), seq;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    TRY(der_small(&seq, &version, e));
    if (version != 1)
        return der_refuse(e, "version %d of a temporary key (double request)", version);
    TRY(der_take(&seq, DER_OCTET_STRING, &octets, e));
    TRY(der_end(&seq, e));
    return read_blob(octets, point, e);
}

/* DirectoryString or IA5String, not empty (RFC 2985 5.4.1). Nobody here asks what it says. */
static enum err read_challenge(struct der value, struct err_info *e)
{
    uint8_t tag = 0;
    struct bytes text;
    TRY(der_any(&value, &tag, NULL, &text, e));
    TRY(der_end(&value, e));
    int is_text = tag == DER_UTF8 || tag == DER_PRINTABLE || tag == DER_TELETEX || tag == DER_IA5 ||
                  tag == DER_BMP;
    return is_text && text.n ? ERR_OK
                             : der_refuse(e, "no text as challenge password (RFC 2985 5.4.1)");
}

static enum err read_attribute(struct der *list, struct csr *out, int *challenges,
                               struct err_info *e)
{
    struct der attribute, value;
    struct bytes oid;
    TRY(der_enter(list, DER_SEQUENCE, &attribute, e));
    TRY(der_take(&attribute, DER_OID, &oid, e));
    int challenge = der_same(oid, (struct bytes){oid_challenge, sizeof oid_challenge});
    int temporary = der_same(oid, (struct bytes){oid_temporary, sizeof oid_temporary});
    value = attribute;
    if ((challenge || temporary) && !der_next_is(&attribute, DER_SET)) {
        out->bare = 1;
    } else {
        TRY(der_enter(&attribute, DER_SET, &value, e));
        TRY(der_end(&attribute, e));
        if (!der_more(&value))
            return der_refuse(e, "an attribute without a value (RFC 2986 4.1)");
    }
    if (challenge && (*challenges)++)
        return der_refuse(e, "two challenge passwords (RFC 2985 5.4.1)");
    if (challenge)
        return read_challenge(value, e);
    if (temporary && out->temporary++)
        return der_refuse(e, "two temporary keys (double request)");
    return temporary ? read_temporary(value, out->temporary_point, e) : ERR_OK;
}

/* ---- the request ---- */

enum err csr_parse(struct bytes der, struct csr *out, struct err_info *e)
{
    if (der.n > CSR_MAX) {
        err_set(e, ERR_TOO_LARGE, NULL, "CSR of %zu octets", der.n);
        err_arg(e, "limit", "%d B", CSR_MAX);
        return ERR_TOO_LARGE;
    }
    struct der d = der_start(der), seq, info;
    int version;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, &out->info, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, &out->algorithm, e));
    TRY(der_bits(&seq, &out->signature, NULL, e));
    TRY(der_end(&seq, e));
    d = der_start(out->info);
    TRY(der_enter(&d, DER_SEQUENCE, &info, e));
    TRY(der_small(&info, &version, e));
    if (version != 0)
        return der_refuse(e, "version %d of the request (RFC 2986 4.1)", version);
    TRY(der_take_whole(&info, DER_SEQUENCE, &out->subject, e));
    TRY(der_take_whole(&info, DER_SEQUENCE, &out->spki, e));
    out->attributes = (struct bytes){0};
    if (der_next_is(&info,
                    DER_EXPLICIT(0))) /* left out by some old keys, though RFC 2986 4.1 wants it */
        TRY(der_take(&info, DER_EXPLICIT(0), &out->attributes, e));
    TRY(der_end(&info, e));
    int challenges = 0;
    out->temporary = out->bare = 0;
    for (d = der_start(out->attributes); der_more(&d);)
        TRY(read_attribute(&d, out, &challenges, e));
    return ERR_OK;
}

enum err csr_temporary_key(const struct csr *c, struct pki_pub **key, struct err_info *e)
{
    *key = NULL;
    if (!c->temporary)
        return ERR_OK;
    _auto(pki_pub) pub = NULL;
    TRY(pki_pub_from_point(PKI_SM2, (struct bytes){c->temporary_point, sizeof c->temporary_point},
                           &pub, e));
    TRY(pki_pub_strong(pub, e));
    *key = steal(&pub);
    return ERR_OK;
}

/* What belongs to double requests belongs to SM2. */
static enum err check_temporary(const struct csr *c, const struct pki_pub *key, struct err_info *e)
{
    _auto(pki_pub) temporary = NULL;
    TRY(csr_temporary_key(c, &temporary, e));
    if (c->bare && pki_pub_alg(key) != PKI_SM2)
        return der_refuse(e, "an attribute without a SET around its value (RFC 2986 4.1)");
    if (!temporary)
        return ERR_OK;
    if (pki_pub_alg(key) != PKI_SM2)
        return pki_why(e, ERR_KEY_UNSUPPORTED, "a temporary key beside a key that is not SM2");
    if (pki_pub_equal(temporary, key))
        return pki_why(e, ERR_KEY_UNSUPPORTED, "the temporary key is the request's own");
    return ERR_OK;
}

enum err csr_verify(const struct csr *c, struct pki_pub **key, struct err_info *e)
{
    _auto(pki_pub) pub = NULL;
    *key = NULL;
    TRY(pki_pub_load(c->spki, &pub, e));
    if (!pki_sig_alg_is(pki_pub_alg(pub), c->algorithm))
        return der_refuse(e, "signature algorithm other than that of a %s key",
                          pki_alg_text(pki_pub_alg(pub)));
    TRY(pki_pub_strong(pub, e));
    TRY(check_temporary(c, pub, e));
    TRY(pki_verify(pub, c->info, c->signature, e));
    *key = steal(&pub);
    return ERR_OK;
}

enum err csr_info(struct bytes subject, const struct pki_pub *key, struct arena *a,
                  struct bytes *info, struct err_info *e)
{
    struct buf b;
    buf_init(&b, CSR_MAX);
    size_t mark = der_open(&b, DER_SEQUENCE);
    der_put_number(&b, 0);
    der_put_raw(&b, subject);
    der_put_raw(&b, pki_pub_spki(key));
    der_put(&b, DER_EXPLICIT(0), (struct bytes){0});
    der_close(&b, mark);
    return der_finish(&b, a, info, e);
}

enum err csr_build(struct bytes subject, const struct pki_signer *s, struct arena *a,
                   struct bytes *der, struct err_info *e)
{
    struct bytes info;
    TRY(csr_info(subject, s->pub, a, &info, e));
    return pki_sign_wrap(info, s, a, der, e);
}

enum err csr_decode(struct bytes in, struct arena *a, struct bytes *der, struct err_info *e)
{
    if (in.n && in.p[0] == DER_SEQUENCE) {
        *der = in;
        return ERR_OK;
    }
    if (pem_decode(a, in, "CERTIFICATE REQUEST", der, e) == ERR_OK)
        return ERR_OK;
    return pem_decode(a, in, "NEW CERTIFICATE REQUEST", der, e);
}
