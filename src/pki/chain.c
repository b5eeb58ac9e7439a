/* Verifying a path through OpenSSL, which needs the SM2 id on every certificate of it. */
#include "pki/cert.h"

#include "pki/der.h"
#include "pki/pki_priv.h"

#include <openssl/x509_vfy.h>

#include <stdlib.h>

/* DER to an object that OpenSSL verifies with the right id; NULL when malformed. */
static X509 *load(struct bytes der, struct err_info *e)
{
    const uint8_t *p = der.p;
    X509 *x = d2i_X509(NULL, &p, (long)der.n);
    if (!x || p != der.p + der.n) {
        X509_free(x);
        pki_library_error(e, ERR_DER_MALFORMED, "not a certificate (RFC 5280 4.1)");
        return NULL;
    }
    /* Without it X509_verify_cert wants the empty id; with it on another algorithm it finds the signature wrong. */
    if (X509_get_signature_nid(x) != NID_SM2_with_SM3)
        return x;
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    if (!id || !ASN1_OCTET_STRING_set(id, (const uint8_t *)PKI_SM2_ID, sizeof PKI_SM2_ID - 1)) {
        ASN1_OCTET_STRING_free(id);
        X509_free(x);
        pki_library_error(e, ERR_CRYPTO, "prepare a certificate");
        return NULL;
    }
    X509_set0_distinguishing_id(x, id);
    return x;
}

struct path {
    X509 *leaf;
    STACK_OF(X509) * between;
    X509_STORE *store;
    X509_STORE_CTX *ctx;
};

static void path_clear(struct path *p)
{
    X509_STORE_CTX_free(p->ctx);
    X509_STORE_free(p->store);
    sk_X509_pop_free(p->between, X509_free);
    X509_free(p->leaf);
}

static enum err path_fill(struct path *p, struct bytes leaf, const struct bytes *intermediate,
                          size_t n, struct bytes root, struct err_info *e)
{
    p->between = sk_X509_new_null();
    p->store = X509_STORE_new();
    p->ctx = X509_STORE_CTX_new();
    if (!p->between || !p->store || !p->ctx)
        return pki_library_error(e, ERR_CRYPTO, "prepare a path");
    if (!(p->leaf = load(leaf, e)))
        return e->code;
    for (size_t i = 0; i < n; i++) {
        X509 *x = load(intermediate[i], e);
        if (!x)
            return e->code;
        if (!sk_X509_push(p->between, x)) {
            X509_free(x);
            return pki_library_error(e, ERR_CRYPTO, "prepare a path");
        }
    }
    X509 *anchor = load(root, e);
    if (!anchor)
        return e->code;
    int ok = X509_STORE_add_cert(p->store, anchor);
    X509_free(anchor);
    if (!ok || X509_STORE_CTX_init(p->ctx, p->store, p->leaf, p->between) != 1)
        return pki_library_error(e, ERR_CRYPTO, "prepare a path");
    return ERR_OK;
}

enum err cert_verify_chain(struct bytes leaf, const struct bytes *intermediate, size_t n,
                           struct bytes root, int64_t at, struct err_info *e)
{
    struct path p = {0};
    enum err err = path_fill(&p, leaf, intermediate, n, root, e);
    if (err == ERR_OK) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(p.ctx);
        X509_VERIFY_PARAM_set_time(param, (time_t)(at / 1000));
        X509_VERIFY_PARAM_set_flags(param,
                                    X509_V_FLAG_CHECK_SS_SIGNATURE | X509_V_FLAG_X509_STRICT);
        if (X509_verify_cert(p.ctx) != 1) {
            int why = X509_STORE_CTX_get_error(p.ctx),
                depth = X509_STORE_CTX_get_error_depth(p.ctx);
            err = pki_why(e, ERR_CERT_UNTRUSTED, "%s (depth %d)",
                          X509_verify_cert_error_string(why), depth);
        }
    }
    path_clear(&p);
    return err;
}
