/* Does the time of an operation tell its secret? Two classes of secrets, one always the same and one always another, in random order;
 * Welch's test of their times, whole and with the longest ones cut off (Reparaz, Balasch, Verbauwhede, "Dude, is my code constant
 * time?", 2017). It proves nothing, but it measures the processor itself. A control whose time does follow must be seen. */
#include "pki/sm2/evp.h"

#include "pki/sm2/inverse.h"
#include "pki/sm2/order.h"

#include <math.h>
#include <time.h>

enum { CROPS = 6, POOL = 4096 };
static const double LIMIT = 4.5;

struct sample {
    uint8_t class;
    uint32_t ns;
};

/* What is looked at: the state, and one run with a secret below n. */
struct subject {
    const struct sm2 *m;
    struct sm2_key key;
    struct affine window[WINDOW_ENTRIES];
};

static void sign(struct subject *s, const uint64_t secret[WORDS])
{
    static const uint8_t e[SM2_LEN] = {1, 2, 3};
    uint8_t sig[SM2_SIG_LEN];
    sm2_sign_with(s->m, &s->key, e, secret, sig);
}

static void take_key(struct subject *s, const uint64_t secret[WORDS])
{
    struct err_info e;
    struct sm2_key key;
    uint8_t d[SM2_LEN];
    (void)s;
    words_to(d, secret);
    assert_ok(sm2_key_init(&key, d, &e), &e);
}

static void multiply(struct subject *s, const uint64_t secret[WORDS])
{
    struct jacobian p;
    s->m->curve->times(s->window, secret, &p);
}

static void control(struct subject *s, const uint64_t secret[WORDS])
{
    uint8_t x[SM2_LEN], n[SM2_LEN];
    (void)s;
    words_to(x, secret);
    words_to(n, order_n);
    inverse_of_public(x, n, x);
}

static uint32_t ns_of(void (*run)(struct subject *, const uint64_t *), struct subject *s,
                      const uint64_t secret[WORDS])
{
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC_RAW, &a);
    run(s, secret);
    clock_gettime(CLOCK_MONOTONIC_RAW, &b);
    int64_t ns = (b.tv_sec - a.tv_sec) * INT64_C(1000000000) + b.tv_nsec - a.tv_nsec;
    return ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

/* Of the samples up to `most` ns. */
static double welch(const struct sample *all, size_t n, uint32_t most)
{
    double mean[2] = {0}, squares[2] = {0}, count[2] = {0};
    for (size_t i = 0; i < n; i++) {
        if (all[i].ns > most)
            continue;
        int c = all[i].class;
        double delta = all[i].ns - mean[c];
        count[c]++;
        mean[c] += delta / count[c];
        squares[c] += delta * (all[i].ns - mean[c]);
    }
    double error = squares[0] / (count[0] - 1) / count[0] + squares[1] / (count[1] - 1) / count[1];
    return fabs(mean[0] - mean[1]) / sqrt(error);
}

static int by_time(const void *a, const void *b)
{
    uint32_t x = ((const struct sample *)a)->ns, y = ((const struct sample *)b)->ns;
    return (x > y) - (x < y);
}

/* The largest of the crops: all, and the fastest 99, 95, 90, 75 and 50 of 100. */
static double worst_of(struct sample *all, size_t n)
{
    static const unsigned percent[CROPS] = {100, 99, 95, 90, 75, 50};
    double worst = 0;
    qsort(all, n, sizeof *all, by_time);
    for (int i = 0; i < CROPS; i++)
        worst = fmax(worst, welch(all, n, all[(n - 1) * percent[i] / 100].ns));
    return worst;
}

static double t_of(struct oracle *o, void (*run)(struct subject *, const uint64_t *),
                   struct subject *s, const uint64_t fixed[WORDS], size_t n)
{
    struct sample *all = mem_alloc(n * sizeof *all);
    uint64_t(*others)[WORDS] = mem_alloc(POOL * sizeof *others);
    for (int i = 0; i < POOL; i++) {
        random_words(o, others[i]);
        others[i][3] >>= 1; /* below n */
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t secret[WORDS], mask;
        all[i].class = oracle_random(o) & 1;
        mask = 0 - (uint64_t)all[i].class;
        memcpy(secret, others[i % POOL], sizeof secret); /* both are read, whichever it is */
        for (int j = 0; j < WORDS; j++)
            secret[j] ^= (secret[j] ^ fixed[j]) & mask;
        all[i].ns = ns_of(run, s, secret);
    }
    double t = worst_of(all, n);
    free(all);
    free(others);
    return t;
}

static size_t samples = 200000;

static const struct {
    const char *name;
    void (*run)(struct subject *, const uint64_t *);
} acts[] = {{"a signature and its random number", sign},
            {"a private key made ready", take_key},
            {"a point times a private key", multiply}};

static void try_all(const struct sm2 *m, struct oracle *o)
{
    struct subject s = {.m = m};
    struct affine g = m->comb[0];
    uint64_t fixed[3][WORDS] = {{0}, {1}, {0}};
    static const char *const names[3] = {"some", "1", "n - 3"};
    sm2_key_make(&s.key);
    m->curve->rows(&g, COMB_KEY, 1, s.window);
    random_words(o, fixed[0]);
    fixed[0][3] >>= 1;
    assert_false(words_sub(fixed[2], order_n, (const uint64_t[WORDS]){3}));
    double seen = t_of(o, control, &s, fixed[1], samples / 10);
    print_message("# control, a walk for public numbers: |t| = %.1f\n", seen);
    assert_true(seen > 10 * LIMIT);
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        for (int j = 0; j < 3; j++) {
            double t = t_of(o, acts[i].run, &s, fixed[j], samples);
            if (t > LIMIT) /* once in ten thousand by chance; twice it is none */
                t = t_of(o, acts[i].run, &s, fixed[j], 2 * samples);
            print_message("# %s: %s, always %s: |t| = %.2f\n", m->curve->name, acts[i].name,
                          names[j], t);
            assert_true(t <= LIMIT);
        }
}

static void no_time_tells_a_secret(void **state)
{
    (void)state;
    for_each_processor(try_all);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        samples = strtoull(argv[1], NULL, 10);
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_time_tells_a_secret)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
