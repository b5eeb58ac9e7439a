/* What SM2 costs: our own signature of a finished digest beside OpenSSL's with P-256 and with SM2, contexts reused there; and what
 * else is done with a key, as the product does it. */
#include "bench.h"

#include "pki/sm2form.h"

#include <openssl/evp.h>

#include <stdlib.h>

static const uint8_t digest[PKI_DIGEST_LEN] = {1, 2, 3};
static const uint8_t octets_500[500] = {1};
static const struct bytes message = {octets_500, sizeof octets_500};

struct keys {
    struct pki_key *key;
    struct pki_signer *signer;
    struct pki_pub *busy;
    EVP_PKEY_CTX *openssl_sign, *openssl_verify;
    struct arena *a;
    struct bytes sig, sealed;
    uint8_t openssl_sig[80];
    size_t openssl_n;
    struct err_info e;
};

static void openssl_signs(struct keys *k)
{
    k->openssl_n = sizeof k->openssl_sig;
    assert_true(
        EVP_PKEY_sign(k->openssl_sign, k->openssl_sig, &k->openssl_n, digest, sizeof digest) == 1);
}

static void openssl_verifies(struct keys *k)
{
    assert_true(EVP_PKEY_verify(k->openssl_verify, k->openssl_sig, k->openssl_n, digest,
                                sizeof digest) == 1);
}

static void signs_digest(struct keys *k)
{
    struct bytes sig;
    assert_ok(pki_key_sign_digest(k->key, digest, k->a, &sig, &k->e), &k->e);
}

static void signs(struct keys *k)
{
    assert_ok(pki_sign(k->signer, message, k->a, &k->sig, &k->e), &k->e);
}

static void verifies(struct keys *k)
{
    assert_ok(pki_verify(pki_key_pub(k->key), message, k->sig, &k->e), &k->e);
}

static void verifies_with_table(struct keys *k)
{
    assert_ok(pki_verify(k->busy, message, k->sig, &k->e), &k->e);
}

static void makes_pair(struct keys *k)
{
    struct pki_key *key;
    assert_ok(pki_key_new(PKI_SM2, &key, &k->e), &k->e);
    pki_key_free(key);
}

static void makes_table(struct keys *k)
{
    struct pki_pub *p;
    assert_ok(pki_pub_load(pki_pub_spki(k->busy), &p, &k->e), &k->e);
    pki_pub_prepare(p);
    pki_pub_free(p);
}

static void encrypts(struct keys *k)
{
    struct bytes plain = {digest, 16};
    assert_ok(pki_sm2_encrypt(pki_key_pub(k->key), plain, k->a, &k->sealed, &k->e), &k->e);
}

static void decrypts(struct keys *k)
{
    struct bytes plain;
    assert_ok(pki_sm2_decrypt(k->key, k->sealed, k->a, &plain, &k->e), &k->e);
}

enum {
    OPENSSL_SIGN,
    OPENSSL_VERIFY,
    SIGN_DIGEST,
    SIGN,
    VERIFY,
    BUSY,
    PAIR,
    TABLE,
    SEAL,
    OPEN,
    ACTS
};
static const struct {
    void (*run)(struct keys *k);
    int times;
} acts[ACTS] = {
    [OPENSSL_SIGN] = {openssl_signs, 300},
    [OPENSSL_VERIFY] = {openssl_verifies, 300},
    [SIGN_DIGEST] = {signs_digest, 5000},
    [SIGN] = {signs, 5000},
    [VERIFY] = {verifies, 1000},
    [BUSY] = {verifies_with_table, 3000},
    [PAIR] = {makes_pair, 2000},
    [TABLE] = {makes_table, 100},
    [SEAL] = {encrypts, 1000},
    [OPEN] = {decrypts, 1000},
};

/* The arena is emptied only when the round is over: what was signed and sealed last stays. */
static double us_of(struct keys *k, int act)
{
    double start = bench_thread_cpu();
    for (int i = 0; i < acts[act].times; i++)
        acts[act].run(k);
    return (bench_thread_cpu() - start) / acts[act].times * 1e6;
}

static void open_keys(struct keys *k)
{
    EVP_PKEY *openssl = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    assert_ok(pki_key_new(PKI_SM2, &k->key, &k->e), &k->e);
    assert_ok(pki_signer_from_key(k->key, &k->signer, &k->e), &k->e);
    assert_ok(pki_pub_load(pki_pub_spki(pki_key_pub(k->key)), &k->busy, &k->e), &k->e);
    pki_pub_prepare(k->busy);
    k->openssl_sign = EVP_PKEY_CTX_new(openssl, NULL);
    k->openssl_verify = EVP_PKEY_CTX_new(openssl, NULL);
    assert_true(EVP_PKEY_sign_init(k->openssl_sign) == 1 &&
                EVP_PKEY_verify_init(k->openssl_verify) == 1);
    EVP_PKEY_free(openssl);
}

static void close_keys(struct keys *k)
{
    pki_key_free(k->key);
    pki_signer_free(k->signer);
    pki_pub_free(k->busy);
    EVP_PKEY_CTX_free(k->openssl_sign);
    EVP_PKEY_CTX_free(k->openssl_verify);
}

int main(void)
{
    double us[ACTS][BENCH_ROUNDS], p256[BENCH_ROUNDS], m[ACTS];
    struct keys k = {0};
    const struct sm2 *sm2;
    open_keys(&k);
    assert_ok(sm2_get(&sm2, &k.e), &k.e);
    for (int round = 0; round < BENCH_ROUNDS; round++) {
        k.a = arena_new();
        p256[round] = bench_raw_p256().sign * 1e6;
        for (int act = 0; act < ACTS; act++)
            us[act][round] = us_of(&k, act);
        arena_free(k.a);
    }
    for (int act = 0; act < ACTS; act++)
        m[act] = bench_median(us[act], BENCH_ROUNDS);
    double p = bench_median(p256, BENCH_ROUNDS);
    printf("ratio sm2-sign %.3f 0.9 1.7\n", p / m[SIGN_DIGEST]);
    printf("ratio sm2-vs-openssl %.1f 15 30\n", m[OPENSSL_SIGN] / m[SIGN_DIGEST]);
    printf("# SM2 (code for: %s): a finished digest signed in %.1f us; OpenSSL with P-256 %.1f us, "
           "with SM2 %.0f us\n",
           sm2_processor(sm2), m[SIGN_DIGEST], p, m[OPENSSL_SIGN]);
    printf(
        "# SM2: the product's signer over 500 octets, SM3 included, %.1f us; verified %.1f us, "
        "by a busy key's table %.1f us (made in %.0f us); OpenSSL verifies a digest in %.0f us\n",
        m[SIGN], m[VERIFY], m[BUSY], m[TABLE], m[OPENSSL_VERIFY]);
    printf("# SM2: key pair %.1f us, encryption of 16 octets %.1f us, decryption %.1f us\n",
           m[PAIR], m[SEAL], m[OPEN]);
    close_keys(&k);
    return 0;
}
