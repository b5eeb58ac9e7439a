/* A target without libFuzzer: its seeds, the lines of its corpus, and seeds that are changed a little, from a fixed seed of
 * chance (CERTHALL_SEED gives another). What is wrong ends the process. */
#include "fuzz.h"
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct replay {
    uint64_t chance;
    const char *now; /* what runs, for the message where it ends the process */
    int run, seeds, lines;
    int rounds; /* changed copies of each seed */
};

static void run(struct replay *r, struct bytes input)
{
    r->run++;
    LLVMFuzzerTestOneInput(input.p, input.n);
}

static uint32_t next(struct replay *r)
{
    r->chance ^= r->chance << 13; /* xorshift64 */
    r->chance ^= r->chance >> 7;
    r->chance ^= r->chance << 17;
    return (uint32_t)(r->chance >> 16);
}

/* One change in place: a bit turned, an octet overwritten, a piece repeated, dropped, or all behind it cut. */
static void change(struct replay *r, uint8_t *p, size_t *n)
{
    static const uint8_t telling[] = "\x00\x01\x7f\x80\x81\xff\x30\x02\"{}[]%&=;,:-\r\n";
    if (*n == 0)
        return;
    size_t at = next(r) % *n, len = 1 + next(r) % 8;
    if (len > *n - at)
        len = *n - at;
    switch (next(r) % 5) {
    case 0:
        p[at] ^= (uint8_t)(1u << next(r) % 8);
        break;
    case 1:
        p[at] = telling[next(r) % (sizeof telling - 1)];
        break;
    case 2:
        memmove(p + at, p + at + len, *n - at - len);
        *n -= len;
        break;
    case 3:
        memmove(p + at + len, p + at, *n - at);
        *n += len;
        break;
    default:
        *n = at;
    }
}

static void changed(struct replay *r, struct bytes seed)
{
    for (int i = 0; i < r->rounds; i++) {
        uint8_t *p = mem_alloc(seed.n + 32);
        size_t n = seed.n;
        memcpy(p, seed.p, n);
        for (uint32_t k = 1 + next(r) % 3; k > 0; k--)
            change(r, p, &n);
        struct bytes input = fuzz_copy(p, n);
        run(r, input);
        free((void *)(uintptr_t)input.p);
        free(p);
    }
}

static void one_seed(void *self, const char *name, struct bytes input)
{
    struct replay *r = self;
    struct bytes seed = fuzz_copy(input.p, input.n);
    printf("# %s, %zu octets\n", name, seed.n);
    run(r, seed);
    r->seeds++;
    if (seed.n <= 65536)
        changed(r, seed);
    free((void *)(uintptr_t)seed.p);
}

static void one_line(void *self, const char *name, struct bytes input)
{
    struct replay *r = self;
    struct bytes copy = fuzz_copy(input.p, input.n);
    printf("# %s, %zu octets\n", name, copy.n);
    run(r, copy);
    r->lines++;
    free((void *)(uintptr_t)copy.p);
}

int main(int argc, char **argv)
{
    const char *seed = getenv("CERTHALL_SEED");
    struct replay r = {.chance = 0x9e3779b97f4a7c15u ^ (seed ? strtoull(seed, NULL, 10) : 1)};
    if (argc < 3) {
        fprintf(stderr, "usage: %s ROUNDS CORPUS.txt\n", argv[0]);
        return 2;
    }
    r.rounds = atoi(argv[1]);
    setvbuf(stdout, NULL, _IOLBF, 0); /* the last line tells what ran where one ends the process */
    fuzz_begin();
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    fuzz_seeds(&(struct fuzz_seeds){one_seed, &r, 0});
    fuzz_lines(argv[2], &(struct fuzz_seeds){one_line, &r, 0});
    printf("# seed %s, %d inputs\n", seed ? seed : "1", r.run);
    printf("1..2\nok 1 - %d seeds and what became of them by %d changes each\n", r.seeds, r.rounds);
    printf("ok 2 - %d lines of the corpus\n", r.lines);
    return 0;
}
