/* Tickets, codes and finish tokens. What a person could show again is never kept: rows hold keyed hashes, and the finish
 * token is a MAC over the job's nonce, reckoned when it is told and when it is shown. */
#include "hall/job/job_priv.h"

#include "base/sys.h"
#include "base/text.h"
#include "hall/vault/vault.h"

#include <string.h>

struct bytes job_index(const struct hall *h, struct arena *a, const char *what, const char *secret)
{
    return vault_index(h->vault, a, VAULT_TICKET, arena_fmt(a, "%s:%s", what, secret));
}

const char *job_random(struct arena *a, size_t n)
{
    uint8_t *p = arena_alloc(a, n);
    random_bytes(p, n);
    return text_base64url(a, (struct bytes){p, n});
}

const char *job_random_code(struct arena *a)
{
    uint8_t five[5]; /* 40 bits: 8 characters */
    random_bytes(five, sizeof five);
    return text_base32(a, (struct bytes){five, sizeof five});
}

static struct bytes mac(const struct hall *h, struct arena *a, const struct job_row *row,
                        const char *what)
{
    return job_index(h, a, what,
                     arena_fmt(a, "%lld:%s", (long long)row->j.id, text_hex(a, row->nonce)));
}

const char *job_finish_token(const struct hall *h, struct arena *a, const struct job_row *row)
{
    return arena_fmt(a, "%lld-%s", (long long)row->j.id,
                     text_base64url(a, mac(h, a, row, "finish")));
}

const char *job_finish_digits(const struct hall *h, struct arena *a, const struct job_row *row)
{
    struct bytes m = mac(h, a, row, "digits");
    uint64_t n = 0;
    for (size_t i = 0; i < 8; i++)
        n = n << 8 | m.p[i];
    return arena_fmt(a, "%06d", (int)(n % 1000000));
}
