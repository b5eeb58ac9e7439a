/* Issuing P-256 with 64 in flight against the two operations of OpenSSL that it cannot do without (design §10). The maker's
 * evidence, a second verification for each certificate, is done and counted as well, and not in what it is held against. */
#include "bench.h"

enum { IN_FLIGHT = 64, CERTIFICATES = 1500 };

int main(void)
{
    struct ca_fixture f;
    double ratio[BENCH_ROUNDS], each[BENCH_ROUNDS], sign[BENCH_ROUNDS], verify[BENCH_ROUNDS];
    double writer[BENCH_ROUNDS], wall[BENCH_ROUNDS];
    ca_fixture_open(&f, PKI_P256);
    for (int i = 0; i < BENCH_ROUNDS; i++) {
        struct bench_orders o = bench_orders_prepare(&f, 1 + (size_t)i * CERTIFICATES,
                                                     CERTIFICATES);
        struct bench_raw raw = bench_raw_p256();
        struct bench_issued done = bench_issue(&f, &o, IN_FLIGHT);
        bench_orders_free(&o);
        sign[i] = raw.sign * 1e6;
        verify[i] = raw.verify * 1e6;
        each[i] = done.cpu / CERTIFICATES * 1e6;
        writer[i] = (done.cpu - done.clients) / CERTIFICATES * 1e6;
        wall[i] = CERTIFICATES / done.wall;
        ratio[i] = (sign[i] + verify[i]) / each[i];
    }
    ca_fixture_close(&f);
    double s = bench_median(sign, BENCH_ROUNDS), v = bench_median(verify, BENCH_ROUNDS);
    double c = bench_median(each, BENCH_ROUNDS), w = bench_median(writer, BENCH_ROUNDS);
    printf("# issue P-256: %.0f certificates per CPU-second (%.0f us each, of it %.0f us in the "
           "writer's and signers' threads); %.0f a second by the clock\n",
           1e6 / c, c, w, bench_median(wall, BENCH_ROUNDS));
    printf("# OpenSSL P-256 alone: sign %.1f us, verify %.1f us\n", s, v);
    printf("# with the maker's signature in what it is held against (two verifications): %.3f\n",
           (s + 2 * v) / c);
    printf("ratio issue-p256 %.3f 0.40 0.55\n", bench_median(ratio, BENCH_ROUNDS));
    return 0;
}
