/* Issuing SM2 pairs with their keys from the kmc, against what the same operations cost with OpenSSL's SM2 (design §10): one CSR
 * verified, two certificates signed, one key encrypted, and the kmc's request and answer each signed and verified. Ca and kmc
 * are one process here, and both are counted. The pool is full before; what is taken is made anew meanwhile, and counted too. */
#include "bench.h"

#include "pair_fixture.h"

#include <openssl/evp.h>

#include <stdio.h>
#include <stdlib.h>

enum { IN_FLIGHT = 64, PAIRS = 400 };

struct raw {
    double sign, verify, encrypt; /* seconds */
};

static struct raw raw_sm2(void)
{
    enum { TIMES = 200 };
    static const uint8_t digest[32] = {1, 2, 3};
    uint8_t sig[128], sealed[256];
    size_t sig_n = 0, sealed_n = 0;
    struct raw raw;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    EVP_PKEY_CTX *sign = EVP_PKEY_CTX_new(key, NULL), *verify = EVP_PKEY_CTX_new(key, NULL),
                 *encrypt = EVP_PKEY_CTX_new(key, NULL);
    assert_true(EVP_PKEY_sign_init(sign) > 0 && EVP_PKEY_verify_init(verify) > 0 &&
                EVP_PKEY_encrypt_init(encrypt) > 0);
    double start = bench_thread_cpu();
    for (int i = 0; i < TIMES; i++) {
        sig_n = sizeof sig;
        assert_true(EVP_PKEY_sign(sign, sig, &sig_n, digest, sizeof digest) > 0);
    }
    raw.sign = (bench_thread_cpu() - start) / TIMES;
    start = bench_thread_cpu();
    for (int i = 0; i < TIMES; i++)
        assert_true(EVP_PKEY_verify(verify, sig, sig_n, digest, sizeof digest) > 0);
    raw.verify = (bench_thread_cpu() - start) / TIMES;
    start = bench_thread_cpu();
    for (int i = 0; i < TIMES; i++) {
        sealed_n = sizeof sealed;
        assert_true(EVP_PKEY_encrypt(encrypt, sealed, &sealed_n, digest, 16) > 0);
    }
    raw.encrypt = (bench_thread_cpu() - start) / TIMES;
    EVP_PKEY_CTX_free(sign);
    EVP_PKEY_CTX_free(verify);
    EVP_PKEY_CTX_free(encrypt);
    EVP_PKEY_free(key);
    return raw;
}

static struct bench_orders prepare(struct pair_fixture *p, size_t first)
{
    struct bench_orders o = {mem_alloc(PAIRS * sizeof *o.request),
                             mem_alloc(PAIRS * sizeof *o.answer), PAIRS};
    for (size_t i = 0; i < PAIRS; i++) {
        struct pki_key *ukey;
        json_t *evidence; /* freed with the orders */
        const char *order = arena_fmt(p->f.arena, "%zu", first + i);
        o.request[i] = pair_fixture_request(p, arena_fmt(p->f.arena, "%s-sign", order), order,
                                            &ukey, &evidence);
        pki_key_free(ukey);
    }
    return o;
}

int main(void)
{
    static struct pair_fixture p;
    double ratio[BENCH_ROUNDS], each[BENCH_ROUNDS], least[BENCH_ROUNDS], wall[BENCH_ROUNDS];
    pair_fixture_open(&p, PAIRS);
    for (int i = 0; i < BENCH_ROUNDS; i++) {
        pair_fixture_wait(&p, PAIRS);
        struct bench_orders o = prepare(&p, 1 + (size_t)i * PAIRS);
        struct raw raw = raw_sm2();
        struct bench_issued done = bench_issue(&p.f, &o, IN_FLIGHT);
        bench_orders_free(&o);
        least[i] = (3 * raw.verify + 4 * raw.sign + raw.encrypt) * 1e6;
        each[i] = done.cpu / PAIRS * 1e6;
        wall[i] = PAIRS / done.wall;
        ratio[i] = least[i] / each[i];
    }
    pair_fixture_close(&p);
    printf("# SM2 pairs with escrow: %.0f us of CPU each, of ca and kmc, the next key for the pool "
           "included; %.0f a second by the clock; OpenSSL's own operations %.0f us\n",
           bench_median(each, BENCH_ROUNDS), bench_median(wall, BENCH_ROUNDS),
           bench_median(least, BENCH_ROUNDS));
    printf("ratio issue-pair %.3f 3 6\n", bench_median(ratio, BENCH_ROUNDS));
    return 0;
}
