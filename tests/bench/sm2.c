/* What an SM2 signature costs beside P-256, both as the product makes them (OpenSSL; there is no module of our own). */
#include "bench.h"

static double sign_us(enum pki_alg alg, int times)
{
    struct err_info e;
    _auto(pki_key) key = NULL;
    _auto(pki_signer) signer = NULL;
    static const uint8_t message[500] = {1};
    assert_ok(pki_key_new(alg, &key, &e), &e);
    assert_ok(pki_signer_from_key(key, &signer, &e), &e);
    double start = bench_thread_cpu();
    for (int i = 0; i < times; i++) {
        _auto(arena) a = arena_new();
        struct bytes sig;
        assert_ok(pki_sign(signer, (struct bytes){message, sizeof message}, a, &sig, &e), &e);
    }
    return (bench_thread_cpu() - start) / times * 1e6;
}

int main(void)
{
    double sm2[BENCH_ROUNDS], p256[BENCH_ROUNDS], raw[BENCH_ROUNDS];
    for (int i = 0; i < BENCH_ROUNDS; i++) {
        sm2[i] = sign_us(PKI_SM2, 300);
        p256[i] = sign_us(PKI_P256, 3000);
        raw[i] = bench_raw_p256().sign * 1e6;
    }
    double s = bench_median(sm2, BENCH_ROUNDS), p = bench_median(p256, BENCH_ROUNDS);
    printf("# signature: SM2 %.0f us, P-256 %.1f us (OpenSSL alone %.1f us): SM2 costs %.1f times "
           "as much\n",
           s, p, bench_median(raw, BENCH_ROUNDS), s / p);
    return 0;
}
