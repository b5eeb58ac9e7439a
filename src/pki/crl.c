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

enum { PIECE = 1 << 16, ENTRY_MAX = 128 };

/* Entry by entry into `piece`, which leaves when it is full. */
static enum err fill(const struct crl_source *src, size_t total, uint8_t *piece,
                     const struct crl_sink *to, struct err_info *e)
{
    struct day_memo memo = {.day = INT64_MIN};
    struct crl_entry x;
    uint8_t *p = piece;
    src->rewind(src->self);
    while (src->next(src->self, &x)) {
        struct bytes serial = magnitude(x.serial);
        if (day_of(x.revoked_at) != memo.day)
            memo_set(&memo, day_of(x.revoked_at));
        if (serial.n == 0 || serial.n > SERIAL_MAX)
            return pki_why(e, ERR_CERT_SPEC, "the source changed between its two readings");
        p = put_entry(p, &x, serial, &memo);
        if (p - piece <= PIECE - ENTRY_MAX)
            continue;
        if ((size_t)(p - piece) > total)
            return pki_why(e, ERR_CERT_SPEC, "the source changed between its two readings");
        TRY(to->put(to->self, (struct bytes){piece, (size_t)(p - piece)}, e));
        total -= (size_t)(p - piece);
        p = piece;
    }
    if ((size_t)(p - piece) != total)
        return pki_why(e, ERR_CERT_SPEC, "the source changed between its two readings");
    return to->put(to->self, (struct bytes){piece, total}, e);
}

/* ---- the list ---- */

static struct der_ext ext_open(struct buf *b, uint8_t last_arc, int critical)
{
    const uint8_t oid[3] = {0x55, 0x1d, last_arc};
    return der_open_ext(b, (struct bytes){oid, 3}, critical);
}

/* DistributionPointName of one address (RFC 5280 4.2.1.13). */
static void put_point(struct buf *b, const char *url)
{
    size_t point = der_open(b, DER_EXPLICIT(0)), full = der_open(b, DER_EXPLICIT(0));
    der_put_text(b, DER_CONTEXT(6), url);
    der_close(b, full);
    der_close(b, point);
}

/* RFC 5280 5.2.6: where the deltas to this list are. */
static void put_freshest(struct buf *b, const char *url)
{
    struct der_ext m = ext_open(b, 0x2e, 0);
    size_t points = der_open(b, DER_SEQUENCE), one = der_open(b, DER_SEQUENCE);
    put_point(b, url);
    der_close(b, one);
    der_close(b, points);
    der_close_ext(b, m);
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
        put_point(b, s->shard_url);
        der_close(b, seq);
        der_close_ext(b, m);
    }
    if (s->delta_url)
        put_freshest(b, s->delta_url);
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
    if (s->delta_base && s->delta_base_until <= s->this_update)
        return pki_why(e, ERR_CERT_SPEC,
                       "a delta against a list that has run out (RFC 5280 5.2.4)");
    if (s->delta_base && s->delta_url)
        return pki_why(e, ERR_CERT_SPEC, "a delta of a delta (RFC 5280 5.2.6)");
    if (!pki_pub_equal(s->issuer_key, signer->pub))
        return pki_why(e, ERR_CERT_SPEC, "the signer is not the issuer");
    return ERR_OK;
}

/* What stands around the entries, and how long it all becomes. */
struct frame {
    struct buf head, tail; /* of TBSCertList, without its tag and length */
    size_t entries;        /* octets */
    uint8_t tbs[6], list[6], outer[6];
    size_t tbs_n, list_n, outer_n;
};

/* Of the outermost element, with a signature of this length. */
static size_t whole_length(const struct frame *f, enum pki_alg alg, size_t sig)
{
    uint8_t bits[6];
    return f->tbs_n + f->head.n + f->list_n + f->entries + f->tail.n + pki_sig_alg(alg).n +
           der_head(bits, DER_BIT_STRING, sig + 1) + 1 + sig;
}

/* An ECDSA signature is 70 to 72 octets long, of all 256 nearly; the frame is laid out for the usual one. */
static size_t usual_signature(enum pki_alg alg)
{
    return alg == PKI_RSA2048 ? 256 : alg == PKI_RSA3072 ? 384 : 71;
}

static enum err frame_make(struct frame *f, const struct crl_spec *s, size_t entries,
                           enum pki_alg alg, struct err_info *e)
{
    f->entries = entries;
    put_head(&f->head, s);
    put_extensions(&f->tail, s);
    if (f->head.full || f->tail.full)
        return pki_why(e, ERR_CERT_SPEC, "issuer or address too long");
    f->list_n = entries ? der_head(f->list, DER_SEQUENCE, entries) : 0;
    f->tbs_n = der_head(f->tbs, DER_SEQUENCE, f->head.n + f->list_n + entries + f->tail.n);
    f->outer_n = der_head(f->outer, DER_SEQUENCE, whole_length(f, alg, usual_signature(alg)));
    return ERR_OK;
}

static enum err put_frame(const struct frame *f, const struct crl_source *src, uint8_t *piece,
                          const struct crl_sink *to, struct err_info *e)
{
    TRY(to->put(to->self, (struct bytes){f->outer, f->outer_n}, e));
    TRY(to->put(to->self, (struct bytes){f->tbs, f->tbs_n}, e));
    TRY(to->put(to->self, (struct bytes){f->head.p, f->head.n}, e));
    TRY(to->put(to->self, (struct bytes){f->list, f->list_n}, e));
    if (f->entries)
        TRY(fill(src, f->entries, piece, to, e));
    return to->put(to->self, (struct bytes){f->tail.p, f->tail.n}, e);
}

/* The outer length was written before the signature was known: where it comes out another octet longer, one of another length is
 * made, which every second is. */
static enum err put_signature(struct frame *f, const struct pki_signer *signer,
                              const struct crl_sink *to, struct err_info *e)
{
    _auto(arena) a = arena_new();
    enum pki_alg alg = pki_pub_alg(signer->pub);
    struct bytes tbs, sig = {0};
    size_t outer_n = 0;
    TRY(to->view(to->self, &tbs, e));
    tbs.p += f->outer_n;
    tbs.n -= f->outer_n;
    for (int turns = 0; outer_n != f->outer_n; turns++) {
        if (turns == 100)
            return pki_why(e, ERR_CRYPTO, "no signature of the usual length");
        TRY(pki_sign(signer, tbs, a, &sig, e));
        if (sig.n > SIGNATURE_MAX)
            return pki_why(e, ERR_CRYPTO, "a signature of %zu octets", sig.n);
        outer_n = der_head(f->outer, DER_SEQUENCE, whole_length(f, alg, sig.n));
    }
    _auto_buf end;
    buf_init(&end, SIGNATURE_MAX + 64);
    der_put_raw(&end, pki_sig_alg(alg));
    der_put_bits(&end, sig, 0);
    TRY(to->put(to->self, (struct bytes){end.p, end.n}, e));
    return to->patch(to->self, 0, (struct bytes){f->outer, outer_n}, e);
}

static enum err write_frame(struct frame *f, const struct crl_spec *s, const struct crl_source *src,
                            const struct pki_signer *signer, const struct crl_sink *to,
                            struct err_info *e)
{
    size_t entries;
    enum pki_alg alg = pki_pub_alg(signer->pub);
    TRY(measure(src, s->delta_base != 0, &entries, e));
    if (entries > UINT32_MAX - 65536)
        return pki_why(e, ERR_CERT_SPEC, "more than 4 GiB of entries");
    TRY(frame_make(f, s, entries, alg, e));
    TRY(to->expect(to->self, f->outer_n + whole_length(f, alg, SIGNATURE_MAX), e));
    uint8_t *piece = mem_alloc(PIECE);
    enum err put = put_frame(f, src, piece, to, e);
    free(piece);
    TRY(put);
    return put_signature(f, signer, to, e);
}

enum err crl_write_to(const struct crl_spec *s, const struct crl_source *src,
                      const struct pki_signer *signer, const struct crl_sink *to,
                      struct err_info *e)
{
    struct frame f = {0};
    TRY(check_spec(s, signer, e));
    buf_init(&f.head, 16384);
    buf_init(&f.tail, 8192);
    enum err result = write_frame(&f, s, src, signer, to, e);
    buf_clear(&f.head);
    buf_clear(&f.tail);
    return result;
}

/* ---- into the arena ---- */

struct in_arena {
    struct arena *arena;
    uint8_t *p;
    size_t n;
};

static enum err arena_expect(void *self, size_t most, struct err_info *e)
{
    (void)e;
    struct in_arena *to = self;
    to->p = arena_alloc(to->arena, most);
    return ERR_OK;
}

static enum err arena_put(void *self, struct bytes piece, struct err_info *e)
{
    (void)e;
    struct in_arena *to = self;
    if (piece.n)
        memcpy(to->p + to->n, piece.p, piece.n);
    to->n += piece.n;
    return ERR_OK;
}

static enum err arena_view(void *self, struct bytes *all, struct err_info *e)
{
    (void)e;
    const struct in_arena *to = self;
    *all = (struct bytes){to->p, to->n};
    return ERR_OK;
}

static enum err arena_patch(void *self, size_t at, struct bytes piece, struct err_info *e)
{
    (void)e;
    const struct in_arena *to = self;
    memcpy(to->p + at, piece.p, piece.n);
    return ERR_OK;
}

enum err crl_write(const struct crl_spec *s, const struct crl_source *src,
                   const struct pki_signer *signer, struct arena *a, struct bytes *der,
                   struct err_info *e)
{
    struct in_arena to = {.arena = a};
    const struct crl_sink sink = {&to, arena_expect, arena_put, arena_view, arena_patch};
    TRY(crl_write_to(s, src, signer, &sink, e));
    *der = (struct bytes){to.p, to.n};
    return ERR_OK;
}
