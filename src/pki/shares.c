/* Split custody: the arithmetic, and what is public of a split. */
#include "pki/shares.h"

#include "pki/digest.h"
#include "pki/shares_priv.h"

#include "base/sys.h"
#include "base/text.h"

#include <string.h>

/* ---- GF(2^8), without a table or a branch on a value ---- */

enum { REDUCE = 0x1b }; /* x^8 + x^4 + x^3 + x + 1 (FIPS 197 4.2) */

uint8_t shares_gf_mul(uint8_t x, uint8_t y)
{
    unsigned sum = 0, a = x;
    for (int i = 0; i < 8; i++) {
        sum ^= a & (0u - ((unsigned)y >> i & 1u));
        a = (a << 1 ^ (REDUCE & (0u - (a >> 7 & 1u)))) & 0xffu;
    }
    return (uint8_t)sum;
}

/* x^254, which is 1/x: 0 stays 0. */
static uint8_t gf_inverse(uint8_t x)
{
    uint8_t power = x, out = 1;
    for (int i = 1; i < 8; i++) {
        power = shares_gf_mul(power, power);
        out = shares_gf_mul(out, power);
    }
    return out;
}

void shares_point(const uint8_t coefficient[][SHARES_SECRET_LEN], int threshold, uint8_t x,
                  uint8_t out[SHARES_SECRET_LEN])
{
    memset(out, 0, SHARES_SECRET_LEN);
    for (int k = threshold - 1; k >= 0; k--)
        for (int i = 0; i < SHARES_SECRET_LEN; i++)
            out[i] = shares_gf_mul(out[i], x) ^ coefficient[k][i];
}

void shares_at_zero(const struct share *share, size_t n, uint8_t secret[SHARES_SECRET_LEN])
{
    memset(secret, 0, SHARES_SECRET_LEN);
    for (size_t j = 0; j < n; j++) {
        uint8_t weight = 1; /* Lagrange's, at 0: the numbers are no secret */
        for (size_t m = 0; m < n; m++)
            if (m != j)
                weight = shares_gf_mul(
                    weight,
                    shares_gf_mul(share[m].number, gf_inverse(share[m].number ^ share[j].number)));
        for (int i = 0; i < SHARES_SECRET_LEN; i++)
            secret[i] ^= shares_gf_mul(weight, share[j].value[i]);
    }
}

/* ---- splitting ---- */

static void print_of(const struct share *s, uint8_t out[SHARES_PRINT_LEN])
{
    static const char domain[] = "CERTHALL-SHARE-v1";
    const uint8_t head[] = {s->threshold, s->number};
    uint8_t hash[DIGEST_LEN];
    _auto(digest) d = digest_new(DIGEST_SHA256);
    digest_add(d, (struct bytes){(const uint8_t *)domain, sizeof domain});
    digest_add(d, (struct bytes){s->id, sizeof s->id});
    digest_add(d, (struct bytes){head, sizeof head});
    digest_add(d, (struct bytes){s->value, sizeof s->value});
    digest_finish(d, hash);
    memcpy(out, hash, SHARES_PRINT_LEN);
}

enum err shares_split(const uint8_t secret[SHARES_SECRET_LEN], int threshold, int count,
                      struct split *split, struct share *share, struct err_info *e)
{
    uint8_t coefficient[SHARES_MAX][SHARES_SECRET_LEN];
    if (threshold < SHARES_MIN || count < threshold || count > SHARES_MAX) {
        err_set(e, ERR_BAD_REQUEST, "threshold", "%d of %d", threshold, count);
        err_arg(e, "why", "%d of %d shares: at least %d must be needed, and there are at most %d",
                threshold, count, SHARES_MIN, SHARES_MAX);
        return ERR_BAD_REQUEST;
    }
    *split = (struct split){.threshold = (uint8_t)threshold, .count = (uint8_t)count};
    random_bytes(split->id, sizeof split->id);
    memcpy(coefficient[0], secret, SHARES_SECRET_LEN);
    /* the highest may be 0 as well: to rule that out would say something of the secret */
    random_bytes(coefficient[1], (size_t)(threshold - 1) * SHARES_SECRET_LEN);
    for (int i = 0; i < count; i++) {
        share[i] = (struct share){.threshold = split->threshold, .number = (uint8_t)(i + 1)};
        memcpy(share[i].id, split->id, sizeof split->id);
        shares_point((const uint8_t(*)[SHARES_SECRET_LEN])coefficient, threshold, share[i].number,
                     share[i].value);
        print_of(&share[i], split->print[i]);
    }
    mem_wipe(coefficient, sizeof coefficient);
    return ERR_OK;
}

/* ---- joining ---- */

static enum err wrong(const struct share *s, const char *why, struct err_info *e)
{
    err_set(e, ERR_SHARE, "share", "number %d: %s", s->number, why);
    err_arg(e, "which", "%d", s->number);
    err_arg(e, "why", "%s", why);
    return ERR_SHARE;
}

enum err shares_check(const struct split *split, const struct share *s, struct err_info *e)
{
    uint8_t print[SHARES_PRINT_LEN];
    char theirs[SHARES_ID_SIZE], ours[SHARES_ID_SIZE];
    shares_id_text(s->id, theirs);
    shares_id_text(split->id, ours);
    if (memcmp(s->id, split->id, sizeof s->id) != 0) {
        err_set(e, ERR_SHARE, "share", "of split %s, not %s", theirs, ours);
        err_arg(e, "which", "%d", s->number);
        err_arg(e, "why", "it is of split %s, and split %s is wanted", theirs, ours);
        return ERR_SHARE;
    }
    if (s->threshold != split->threshold)
        return wrong(s, "it names another number of shares that are needed", e);
    if (s->number < 1 || s->number > split->count)
        return wrong(s, "no share of this number was made", e);
    print_of(s, print);
    if (!mem_equal(print, split->print[s->number - 1], sizeof print))
        return wrong(s, "it is not the share that was handed out under its number", e);
    return ERR_OK;
}

static enum err too_few(const struct split *split, size_t n, struct err_info *e)
{
    err_set(e, ERR_SHARE, "share", "%zu of %d", n, split->threshold);
    err_arg(e, "which", "%zu", n + 1);
    err_arg(e, "why", "it is missing: %d are needed", split->threshold);
    return ERR_SHARE;
}

enum err shares_join(const struct split *split, const struct share *share, size_t n,
                     uint8_t secret[SHARES_SECRET_LEN], struct err_info *e)
{
    for (size_t i = 0; i < n; i++) {
        TRY(shares_check(split, &share[i], e));
        for (size_t j = 0; j < i; j++)
            if (share[j].number == share[i].number)
                return wrong(&share[i], "it was given twice", e);
    }
    if (n < split->threshold)
        return too_few(split, n, e);
    shares_at_zero(share, split->threshold, secret);
    return ERR_OK;
}

/* ---- the public part as text ---- */

char *split_text(const struct split *split, struct arena *a)
{
    char id[SHARES_ID_SIZE];
    _auto_buf b;
    buf_init(&b, 4096);
    shares_id_text(split->id, id);
    buf_fmt(&b, "# what is public of a split secret; the shares are with their custodians\n");
    buf_fmt(&b, "id = %s\nthreshold = %d\ncount = %d\n", id, split->threshold, split->count);
    for (int i = 0; i < split->count; i++)
        buf_fmt(&b, "share.%d = %s\n", i + 1,
                text_hex(a, (struct bytes){split->print[i], SHARES_PRINT_LEN}));
    return arena_text(a, buf_cstr(&b));
}

static enum err malformed(const char *key, struct err_info *e)
{
    err_set(e, ERR_CONFIG, key, "a split's %s", key);
    err_arg(e, "why", "the description of a split key: %s is missing or malformed", key);
    return ERR_CONFIG;
}

static int read_print(struct arena *a, const char *hex, uint8_t out[SHARES_PRINT_LEN])
{
    struct bytes print;
    if (!text_from_hex(a, hex, &print) || print.n != SHARES_PRINT_LEN)
        return 0;
    memcpy(out, print.p, print.n);
    return 1;
}

enum err split_read(const struct conf *conf, struct split *out, struct err_info *e)
{
    _auto(arena) a = arena_new();
    int64_t threshold, count;
    *out = (struct split){0};
    if (!shares_id_read(conf_get(conf, "id", ""), out->id))
        return malformed("id", e);
    if (!text_to_int(conf_get(conf, "count", ""), SHARES_MIN, SHARES_MAX, &count))
        return malformed("count", e);
    if (!text_to_int(conf_get(conf, "threshold", ""), SHARES_MIN, count, &threshold))
        return malformed("threshold", e);
    out->threshold = (uint8_t)threshold;
    out->count = (uint8_t)count;
    for (int i = 0; i < count; i++) {
        const char *key = arena_fmt(a, "share.%d", i + 1);
        if (!read_print(a, conf_get(conf, key, ""), out->print[i]))
            return malformed(key, e);
    }
    return ERR_OK;
}
