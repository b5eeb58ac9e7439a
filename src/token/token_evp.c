/* EC_KEY_METHOD and RSA_METHOD are deprecated since OpenSSL 3.0 in favour of providers; they are the way that lets an
 * application's own key sign inside libssl without writing a provider, and live as long as 3.x. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "token/token_evp.h"

#include "pki/key.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct token_evp {
    struct token *token;
    char name[TOKEN_NAME_MAX + 1];
    EC_KEY_METHOD *method; /* one of the two */
    RSA_METHOD *rsa_method;
    EVP_PKEY *pkey;
    struct err_info last;
};

/* Index 0 of every object's extra data is the application's (CRYPTO_get_ex_new_index(3)). */
enum { APP_DATA = 0 };

static int failed(struct token_evp *k, int library)
{
    ERR_raise_data(library, ERR_R_OPERATION_FAIL, "%s", err_code_text(k->last.code));
    return 0;
}

/* ECDSA takes the leftmost 256 bits of a longer digest (FIPS 186-5 6.4.1); TLS 1.2 may come with SHA-384. */
static int sign(int type, const unsigned char *digest, int n, unsigned char *sig, unsigned int *len,
                const BIGNUM *kinv, const BIGNUM *r, EC_KEY *key)
{
    (void)type, (void)kinv, (void)r;
    struct token_evp *k = EC_KEY_get_ex_data(key, APP_DATA);
    uint8_t full[TOKEN_DIGEST] = {0};
    struct bytes out;
    _auto(arena) a = arena_new();
    err_clear(&k->last);
    if (n >= TOKEN_DIGEST)
        memcpy(full, digest, TOKEN_DIGEST);
    else
        memcpy(full + TOKEN_DIGEST - n, digest, (size_t)n);
    if (token_sign_digest(k->token, k->name, full, a, &out, &k->last) != ERR_OK ||
        out.n > (size_t)ECDSA_size(key))
        return failed(k, ERR_LIB_EC);
    memcpy(sig, out.p, out.n);
    *len = (unsigned int)out.n;
    return 1;
}

/* TLS 1.3 comes with a whole PSS block (RSA_NO_PADDING), TLS 1.2 perhaps with a DigestInfo (RSA_PKCS1_PADDING). */
static int rsa_sign(int n, const unsigned char *from, unsigned char *to, RSA *key, int padding)
{
    struct token_evp *k = RSA_get_ex_data(key, APP_DATA);
    uint8_t block[TOKEN_RSA_BLOCK];
    struct bytes out;
    _auto(arena) a = arena_new();
    err_clear(&k->last);
    int padded = padding == RSA_PKCS1_PADDING
                     ? RSA_padding_add_PKCS1_type_1(block, sizeof block, from, n) == 1
                     : padding == RSA_NO_PADDING && n == TOKEN_RSA_BLOCK;
    if (padded && padding == RSA_NO_PADDING)
        memcpy(block, from, sizeof block);
    if (!padded || token_rsa_private(k->token, k->name, block, a, &out, &k->last) != ERR_OK ||
        out.n != TOKEN_RSA_BLOCK)
        return failed(k, ERR_LIB_RSA) - 1;
    memcpy(to, out.p, out.n);
    return (int)out.n;
}

static enum err openssl_failed(struct err_info *e, const char *what)
{
    return err_set(e, ERR_CRYPTO, NULL, "%s: %s", what, ERR_reason_error_string(ERR_get_error()));
}

static enum err build_rsa(struct token_evp *k, struct bytes spki, struct err_info *e)
{
    const unsigned char *p = spki.p;
    RSA *key = d2i_RSA_PUBKEY(NULL, &p, (long)spki.n);
    if (!key)
        return openssl_failed(e, "public key");
    k->rsa_method = RSA_meth_dup(RSA_PKCS1_OpenSSL());
    k->pkey = EVP_PKEY_new();
    int made = k->rsa_method && k->pkey && RSA_meth_set_priv_enc(k->rsa_method, rsa_sign) &&
               RSA_set_method(key, k->rsa_method) && RSA_set_ex_data(key, APP_DATA, k) &&
               EVP_PKEY_set1_RSA(k->pkey, key);
    RSA_free(key);
    return made ? ERR_OK : openssl_failed(e, "key of the UKey");
}

static enum err build_ec(struct token_evp *k, struct bytes spki, struct err_info *e)
{
    const unsigned char *p = spki.p;
    EC_KEY *key = d2i_EC_PUBKEY(NULL, &p, (long)spki.n);
    if (!key)
        return openssl_failed(e, "public key");
    k->method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
    k->pkey = EVP_PKEY_new();
    int made = k->method && k->pkey;
    if (made) {
        EC_KEY_METHOD_set_sign(k->method, sign, NULL, NULL);
        made = EC_KEY_set_method(key, k->method) && EC_KEY_set_ex_data(key, APP_DATA, k) &&
               EVP_PKEY_set1_EC_KEY(k->pkey, key);
    }
    EC_KEY_free(key);
    return made ? ERR_OK : openssl_failed(e, "key of the UKey");
}

enum err token_evp_new(struct token *t, const char *name, struct token_evp **out,
                       struct err_info *e)
{
    struct bytes spki;
    _auto(arena) a = arena_new();
    _auto(pki_pub) pub = NULL;
    *out = NULL;
    TRY(token_public_key(t, name, a, &spki, e));
    TRY(pki_pub_load(spki, &pub, e));
    enum pki_alg alg = pki_pub_alg(pub);
    if (alg != PKI_P256 && alg != PKI_RSA2048) {
        err_set(e, ERR_TOKEN_UNSUPPORTED, NULL, "TLS with %s", pki_alg_text(alg));
        err_arg(e, "what", "TLS, %s", pki_alg_text(alg));
        return ERR_TOKEN_UNSUPPORTED;
    }
    _auto(token_evp) k = mem_alloc(sizeof *k);
    k->token = t;
    snprintf(k->name, sizeof k->name, "%s", name);
    TRY(alg == PKI_P256 ? build_ec(k, spki, e) : build_rsa(k, spki, e));
    *out = steal(&k);
    return ERR_OK;
}

void token_evp_free(struct token_evp *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->pkey);
    if (k->method) /* this one takes no NULL */
        EC_KEY_METHOD_free(k->method);
    RSA_meth_free(k->rsa_method);
    free(k);
}

EVP_PKEY *token_evp_pkey(const struct token_evp *k)
{
    return k->pkey;
}

const struct err_info *token_evp_error(const struct token_evp *k)
{
    return &k->last;
}
