#include "pki/csr.h"

#include "pki/der.h"
#include "pki/pem.h"

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
    for (d = der_start(out->attributes); der_more(&d);)
        TRY(der_take(&d, DER_SEQUENCE, &(struct bytes){0}, e));
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
