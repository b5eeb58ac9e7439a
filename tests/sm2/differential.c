/* Random keys, digests and texts between the module as it is shipped and OpenSSL: so many signatures of each side, which the other
 * must take, and as many changed ones, which both must refuse. */
#include "pki/sm2/evp.h"

enum { EACH_KEY = 200 };

static int times;

struct code {
    struct sm2 *m;
    struct sm2_pub *plain, *prepared;
};

struct world {
    struct oracle *o;
    struct code code[2];
    int codes;
    struct sm2_key key;
    EVP_PKEY *theirs;
};

static int open_world(void **state)
{
    struct world *w = mem_alloc(sizeof *w);
    const char *seed = getenv("CERTHALL_SEED");
    w->o = oracle_new();
    if (seed)
        w->o->seed = strtoull(seed, NULL, 10);
    print_message("# seed %llu\n", (unsigned long long)w->o->seed);
    const struct sm2_curve *curve[2] = {&sm2_curve_plain, NULL};
#ifdef __x86_64__
    if (__builtin_cpu_supports("bmi2") && __builtin_cpu_supports("avx2"))
        curve[1] = &sm2_curve_fast;
#endif
    for (int i = 0; i < 2 && curve[i]; i++, w->codes++) {
        w->code[i].m = mem_alloc(sizeof *w->code[i].m);
        assert_true(sm2_init(w->code[i].m, curve[i]));
    }
    *state = w;
    return 0;
}

static void drop_key(struct world *w)
{
    for (int i = 0; i < w->codes; i++) {
        sm2_pub_free(w->code[i].plain);
        sm2_pub_free(w->code[i].prepared);
        w->code[i].plain = w->code[i].prepared = NULL;
    }
    EVP_PKEY_free(w->theirs);
    w->theirs = NULL;
}

static int close_world(void **state)
{
    struct world *w = *state;
    drop_key(w);
    for (int i = 0; i < w->codes; i++)
        free(w->code[i].m);
    oracle_free(w->o);
    free(w);
    return 0;
}

static void next_key(struct world *w, int i)
{
    struct err_info e;
    uint8_t d[SM2_LEN], point[SM2_POINT_LEN];
    if (i % EACH_KEY)
        return;
    drop_key(w);
    key_make(w->code[i / EACH_KEY % w->codes].m, &w->key, d, point);
    for (int j = 0; j < w->codes; j++) {
        struct code *c = &w->code[j];
        assert_ok(sm2_pub_new(c->m, point, &c->plain, &e), &e);
        assert_ok(sm2_pub_new(c->m, point, &c->prepared, &e), &e);
        sm2_pub_prepare(c->m, c->prepared);
    }
    w->theirs = evp_key(d, point);
}

static void ours_say(int expected, const struct world *w, const uint8_t *e, const uint8_t *sig,
                     int without_table)
{
    for (int j = 0; j < w->codes; j++) {
        assert_int_equal(sm2_verify(w->code[j].m, w->code[j].prepared, e, sig), expected);
        if (without_table)
            assert_int_equal(sm2_verify(w->code[j].m, w->code[j].plain, e, sig), expected);
    }
}

static void flip(struct world *w, uint8_t *p, size_t n)
{
    unsigned bit = (unsigned)(oracle_random(w->o) % (8 * n));
    p[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

/* One bit of the signature, and one of the digest. */
static void changed_ones_are_refused(struct world *w, int i, const uint8_t *e, const uint8_t *sig)
{
    uint8_t other_e[SM2_LEN], other[SM2_SIG_LEN];
    memcpy(other_e, e, sizeof other_e);
    memcpy(other, sig, sizeof other);
    flip(w, other, sizeof other);
    flip(w, other_e, sizeof other_e);
    ours_say(0, w, e, other, i % 8 == 0);
    ours_say(0, w, other_e, sig, i % 8 == 4);
    if (i % 20 == 0) {
        assert_false(evp_verify(w->theirs, e, other));
        assert_false(evp_verify(w->theirs, other_e, sig));
    }
}

static void openssl_takes_our_signatures(void **state)
{
    struct world *w = *state;
    struct err_info info;
    for (int i = 0; i < times; i++) {
        uint8_t e[SM2_LEN], sig[SM2_SIG_LEN];
        next_key(w, i);
        random_octets(w->o, e, sizeof e);
        assert_ok(sm2_sign(w->code[i % w->codes].m, &w->key, e, sig, &info), &info);
        assert_true(evp_verify(w->theirs, e, sig));
        changed_ones_are_refused(w, i, e, sig);
    }
}

static void we_take_openssls_signatures(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < times; i++) {
        uint8_t e[SM2_LEN], sig[SM2_SIG_LEN];
        next_key(w, i);
        random_octets(w->o, e, sizeof e);
        evp_sign(w->theirs, e, sig);
        ours_say(1, w, e, sig, i % 4 == 0);
        changed_ones_are_refused(w, i, e, sig);
    }
}

int main(int argc, char **argv)
{
    times = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 1000;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_takes_our_signatures),
        cmocka_unit_test(we_take_openssls_signatures),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
