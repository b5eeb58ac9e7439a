#include "pki/crl.h"

#include "base/time.h"
#include "pki/der.h"
#include "pki/pki_priv.h"

#include <string.h>

enum { SERIAL_MAX = 20, SIGNATURE_MAX = 512 };

/* ---- one entry ---- */

/* Entries of one day share the first digits of their time: dividing a million times costs more than the
 * rest of the entry. */
struct day_memo {
    int64_t day;
    char utc[6];
    int generalized; /* the year is past 2049 */
};

static int64_t day_of(int64_t ms)
{
    return ms / TIME_DAY - (ms % TIME_DAY < 0);
}

static void memo_set(struct day_memo *m, int64_t day)
{
    int y, mo, d;
    time_day_parts((int32_t)day, &y, &mo, &d);
    m->day = day;
    m->generalized = y > 2049 || y < 1950;
    const int part[3] = {y % 100, mo, d};
    for (int i = 0; i < 3; i++) {
        m->utc[2 * i] = (char)('0' + part[i] / 10);
        m->utc[2 * i + 1] = (char)('0' + part[i] % 10);
    }
}

/* Without leading zeros. */
static struct bytes magnitude(struct bytes s)
{
    while (s.n && s.p[0] == 0) {
        s.p++;
        s.n--;
    }
    return s;
}

enum { REASON_EXT = 12, INVALIDITY_EXT = 26 }; /* octets of the two entry extensions */

static size_t entry_size(const struct crl_entry *x, struct bytes serial, const struct day_memo *m)
{
    size_t ext = (x->reason != CRL_UNSPECIFIED ? REASON_EXT : 0) +
                 (x->invalid_since ? INVALIDITY_EXT : 0);
    return 2 + 2 + (serial.p[0] >> 7) + serial.n + (m->generalized ? 17 : 15) + (ext ? ext + 2 : 0);
}

static uint8_t *put_utc(uint8_t *p, int64_t ms, const struct day_memo *m)
{
    int rest = (int)((ms - m->day * TIME_DAY) / TIME_SECOND);
    const int part[3] = {rest / 3600, rest / 60 % 60, rest % 60};
    *p++ = DER_UTC_TIME;
    *p++ = 13;
    memcpy(p, m->utc, 6);
    p += 6;
    for (int i = 0; i < 3; i++) {
        *p++ = (uint8_t)('0' + part[i] / 10);
        *p++ = (uint8_t)('0' + part[i] % 10);
    }
    *p++ = 'Z';
    return p;
}

static uint8_t *put_generalized(uint8_t *p, int64_t ms)
{
    struct buf b;
    buf_init(&b, 32);
    der_put_generalized(&b, ms);
    memcpy(p, b.p, b.n);
    p += b.n;
    buf_clear(&b);
    return p;
}

/* RFC 5280 5.3.1 and 5.3.2; `p` has room for entry_size octets. */
static uint8_t *put_entry(uint8_t *p, const struct crl_entry *x, struct bytes serial,
                          const struct day_memo *m)
{
    static const uint8_t reason[] = {0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d,
                                     0x15, 0x04, 0x03, 0x0a, 0x01};
    static const uint8_t invalidity[] = {0x30, 0x18, 0x06, 0x03, 0x55, 0x1d, 0x18, 0x04, 0x11};
    size_t size = entry_size(x, serial, m), pad = serial.p[0] >> 7;
    *p++ = DER_SEQUENCE;
    *p++ = (uint8_t)(size - 2); /* at most 79: one octet of length */
    *p++ = DER_INTEGER;
    *p++ = (uint8_t)(serial.n + pad);
    if (pad)
        *p++ = 0;
    memcpy(p, serial.p, serial.n);
    p += serial.n;
    p = m->generalized ? put_generalized(p, x->revoked_at) : put_utc(p, x->revoked_at, m);
    size_t ext = (x->reason != CRL_UNSPECIFIED ? REASON_EXT : 0) +
                 (x->invalid_since ? INVALIDITY_EXT : 0);
    if (!ext)
        return p;
    *p++ = DER_SEQUENCE;
    *p++ = (uint8_t)ext;
    if (x->reason != CRL_UNSPECIFIED) {
        memcpy(p, reason, sizeof reason);
        p += sizeof reason;
        *p++ = (uint8_t)x->reason;
    }
    if (x->invalid_since) {
        memcpy(p, invalidity, sizeof invalidity);
        p = put_generalized(p + sizeof invalidity, x->invalid_since);
    }
    return p;
}

static int greater(struct bytes a, struct bytes b)
{
    return a.n != b.n ? a.n > b.n : memcmp(a.p, b.p, a.n) > 0;
}

static enum err check_entry(const struct crl_entry *x, struct bytes serial, struct bytes before,
                            int delta, struct err_info *e)
{
    if (serial.n == 0 || serial.n + (serial.p[0] >> 7) > SERIAL_MAX)
        return pki_why(e, ERR_CERT_SPEC, "a serial of %zu octets in the list (RFC 5280 4.1.2.2)",
                       serial.n);
    if (!greater(serial, before))
        return pki_why(e, ERR_CERT_SPEC, "serials of the list are not ascending");
    if (!crl_reason_text(x->reason) || (x->reason == CRL_REMOVE_FROM_CRL && !delta))
        return pki_why(e, ERR_CERT_SPEC, "reason %d in the list (RFC 5280 5.3.1)", x->reason);
    return ERR_OK;
}

/* Octets of all entries; refuses a source that is not as promised. */
static enum err measure(const struct crl_source *src, int delta, size_t *total, struct err_info *e)
{
    struct day_memo memo = {.day = INT64_MIN};
    uint8_t last[SERIAL_MAX];
    struct bytes before = {last, 0};
    struct crl_entry x;
    *total = 0;
    src->rewind(src->self);
    while (src->next(src->self, &x)) {
        struct bytes serial = magnitude(x.serial);
        TRY(check_entry(&x, serial, before, delta, e));
        memcpy(last, serial.p, serial.n);
        before.n = serial.n;
        if (day_of(x.revoked_at) != memo.day)
            memo_set(&memo, day_of(x.revoked_at));
        *total += entry_size(&x, serial, &memo);
    }
    return ERR_OK;
}

static enum err fill(const struct crl_source *src, uint8_t *p, const uint8_t *end,
                     struct err_info *e)
{
    struct day_memo memo = {.day = INT64_MIN};
    struct crl_entry x;
    src->rewind(src->self);
    while (src->next(src->self, &x)) {
        struct bytes serial = magnitude(x.serial);
        if (day_of(x.revoked_at) != memo.day)
            memo_set(&memo, day_of(x.revoked_at));
        if (serial.n == 0 || serial.n > SERIAL_MAX ||
            (size_t)(end - p) < entry_size(&x, serial, &memo))
            return pki_why(e, ERR_CERT_SPEC, "the source changed between its two readings");
        p = put_entry(p, &x, serial, &memo);
    }
    if (p != end)
        return pki_why(e, ERR_CERT_SPEC, "the source changed between its two readings");
    return ERR_OK;
}

/* ---- the list ---- */

static struct der_ext ext_open(struct buf *b, uint8_t last_arc, int critical)
{
    const uint8_t oid[3] = {0x55, 0x1d, last_arc};
    return der_open_ext(b, (struct bytes){oid, 3}, critical);
}

/* RFC 5280 5.2: AKI, CRLNumber, and for parts IDP and deltaCRLIndicator. */
static void put_extensions(struct buf *b, const struct crl_spec *s)
{
    size_t outer = der_open(b, DER_EXPLICIT(0)), list = der_open(b, DER_SEQUENCE);
    struct der_ext m = ext_open(b, 0x23, 0);
    size_t seq = der_open(b, DER_SEQUENCE);
    der_put(b, DER_CONTEXT(0), (struct bytes){pki_pub_key_id(s->issuer_key), PKI_KEY_ID_LEN});
    der_close(b, seq);
    der_close_ext(b, m);
    m = ext_open(b, 0x14, 0);
    der_put_number(b, s->number);
    der_close_ext(b, m);
    if (s->delta_base) {
        m = ext_open(b, 0x1b, 1);
        der_put_number(b, s->delta_base);
        der_close_ext(b, m);
    }
    if (s->shard_url) {
        m = ext_open(b, 0x1c, 1);
        seq = der_open(b, DER_SEQUENCE);
        size_t point = der_open(b, DER_EXPLICIT(0)), full = der_open(b, DER_EXPLICIT(0));
        der_put_text(b, DER_CONTEXT(6), s->shard_url);
        der_close(b, full);
        der_close(b, point);
        der_close(b, seq);
        der_close_ext(b, m);
    }
    der_close(b, list);
    der_close(b, outer);
}

static void put_head(struct buf *b, const struct crl_spec *s)
{
    der_put_number(b, 1); /* v2 */
    der_put_raw(b, pki_sig_alg(pki_pub_alg(s->issuer_key)));
    der_put_raw(b, s->issuer);
    der_put_time(b, s->this_update);
    der_put_time(b, s->next_update);
}

static enum err check_spec(const struct crl_spec *s, const struct pki_signer *signer,
                           struct err_info *e)
{
    if (!s->issuer.n || s->number == 0 || s->number > INT64_MAX)
        return pki_why(e, ERR_CERT_SPEC, "issuer or number is missing (RFC 5280 5.2.3)");
    if (s->next_update <= s->this_update)
        return pki_why(e, ERR_CERT_SPEC, "the next list comes before this one (RFC 5280 5.1.2.5)");
    if (s->delta_base >= s->number)
        return pki_why(e, ERR_CERT_SPEC, "a delta against a later list (RFC 5280 5.2.4)");
    if (!pki_pub_equal(s->issuer_key, signer->pub))
        return pki_why(e, ERR_CERT_SPEC, "the signer is not the issuer");
    return ERR_OK;
}

/* One buffer: room for the outer head, TBS, room for algorithm and signature. */
static enum err assemble(struct buf *head, struct buf *tail, size_t entries,
                         const struct crl_source *src, const struct pki_signer *signer,
                         struct arena *a, struct bytes *der, struct err_info *e)
{
    uint8_t seq[6], tbs_head[6], outer[6];
    size_t seq_n = entries ? der_head(seq, DER_SEQUENCE, entries) : 0;
    size_t content = head->n + seq_n + entries + tail->n;
    size_t tbs_head_n = der_head(tbs_head, DER_SEQUENCE, content);
    struct bytes alg = pki_sig_alg(pki_pub_alg(signer->pub)), sig;
    uint8_t *whole = arena_alloc(a,
                                 sizeof outer + tbs_head_n + content + alg.n + 5 + SIGNATURE_MAX);
    uint8_t *tbs = whole + sizeof outer, *p = tbs;
    memcpy(p, tbs_head, tbs_head_n);
    p += tbs_head_n;
    memcpy(p, head->p, head->n);
    p += head->n;
    memcpy(p, seq, seq_n);
    p += seq_n;
    if (entries)
        TRY(fill(src, p, p + entries, e));
    p += entries;
    memcpy(p, tail->p, tail->n);
    p += tail->n;
    TRY(pki_sign(signer, (struct bytes){tbs, (size_t)(p - tbs)}, a, &sig, e));
    if (sig.n > SIGNATURE_MAX)
        return pki_why(e, ERR_CRYPTO, "a signature of %zu octets", sig.n);
    memcpy(p, alg.p, alg.n);
    p += alg.n;
    p += der_head(p, DER_BIT_STRING, sig.n + 1);
    *p++ = 0;
    memcpy(p, sig.p, sig.n);
    p += sig.n;
    size_t n = (size_t)(p - tbs), outer_n = der_head(outer, DER_SEQUENCE, n);
    memcpy(tbs - outer_n, outer, outer_n);
    *der = (struct bytes){tbs - outer_n, outer_n + n};
    return ERR_OK;
}

enum err crl_write(const struct crl_spec *s, const struct crl_source *src,
                   const struct pki_signer *signer, struct arena *a, struct bytes *der,
                   struct err_info *e)
{
    size_t entries;
    TRY(check_spec(s, signer, e));
    TRY(measure(src, s->delta_base != 0, &entries, e));
    if (entries > UINT32_MAX - 65536)
        return pki_why(e, ERR_CERT_SPEC, "more than 4 GiB of entries");
    _auto_buf head;
    _auto_buf tail;
    buf_init(&head, 16384);
    buf_init(&tail, 4096);
    put_head(&head, s);
    put_extensions(&tail, s);
    if (head.full || tail.full)
        return pki_why(e, ERR_CERT_SPEC, "issuer or address too long");
    return assemble(&head, &tail, entries, src, signer, a, der, e);
}
