/* OpenSSL's SM2 through EVP: the oracle for whole operations. A digest e is signed and verified directly, as a UKey does. */
#ifndef CERTHALL_TESTS_PKI_SM2_EVP_H
#define CERTHALL_TESTS_PKI_SM2_EVP_H

#include "oracle.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

/* Without d (NULL) a public key. */
static inline EVP_PKEY *evp_key(const uint8_t *d, const uint8_t point[SM2_POINT_LEN])
{
    uint8_t native[SM2_LEN] = {0}, encoded[SM2_POINT_LEN + 1] = {4};
    char group[] = "SM2";
    for (int i = 0; d && i < SM2_LEN; i++)
        native[i] = d[SM2_LEN - 1 - i];
    memcpy(encoded + 1, point, SM2_POINT_LEN);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, encoded, sizeof encoded),
        d ? OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, sizeof native)
          : OSSL_PARAM_construct_end(),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    assert_true(EVP_PKEY_fromdata_init(ctx) == 1);
    assert_true(EVP_PKEY_fromdata(ctx, &key, d ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) ==
                1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static inline int evp_verify(EVP_PKEY *key, const uint8_t e[SM2_LEN],
                             const uint8_t sig[SM2_SIG_LEN])
{
    uint8_t *der = NULL;
    ECDSA_SIG *numbers = ECDSA_SIG_new();
    assert_true(ECDSA_SIG_set0(numbers, BN_bin2bn(sig, SM2_LEN, NULL),
                               BN_bin2bn(sig + SM2_LEN, SM2_LEN, NULL)));
    int n = i2d_ECDSA_SIG(numbers, &der);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_true(n > 0 && EVP_PKEY_verify_init(ctx) == 1);
    int ok = EVP_PKEY_verify(ctx, der, (size_t)n, e, SM2_LEN) == 1;
    EVP_PKEY_CTX_free(ctx);
    OPENSSL_free(der);
    ECDSA_SIG_free(numbers);
    return ok;
}

static inline void evp_sign(EVP_PKEY *key, const uint8_t e[SM2_LEN], uint8_t sig[SM2_SIG_LEN])
{
    uint8_t der[80];
    const uint8_t *p = der;
    size_t n = sizeof der;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_true(EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_sign(ctx, der, &n, e, SM2_LEN) == 1);
    EVP_PKEY_CTX_free(ctx);
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &p, (long)n);
    assert_non_null(numbers);
    assert_true(BN_bn2binpad(ECDSA_SIG_get0_r(numbers), sig, SM2_LEN) == SM2_LEN &&
                BN_bn2binpad(ECDSA_SIG_get0_s(numbers), sig + SM2_LEN, SM2_LEN) == SM2_LEN);
    ECDSA_SIG_free(numbers);
}

#endif
