/* splitmix64 (Steele, Lea and Flood 2014): small, fast, and no secret comes from it. */
#include "hall/seed/seed_priv.h"

static uint64_t next(struct seed_chance *c)
{
    uint64_t z = c->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* Neighbours must not walk through each other's numbers, so each begins somewhere else. */
struct seed_chance seed_chance_of(int64_t number)
{
    struct seed_chance c = {(uint64_t)number};
    c.state = next(&c);
    return c;
}

int64_t seed_between(struct seed_chance *c, int64_t least, int64_t most)
{
    return most <= least ? least : least + (int64_t)(next(c) % (uint64_t)(most - least + 1));
}
