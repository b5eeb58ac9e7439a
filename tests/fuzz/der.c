/* The DER reader, held against OpenSSL's: what OpenSSL refuses ours refuses, and where ours is stricter it is for one of the
 * reasons below and no other (design: one bounds-checked cursor, DER alone). */
#include "fuzz.h"

#include "base/time.h"
#include "pki/der.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Why ours refuses what OpenSSL takes. */
enum reason {
    NONE,
    INDEFINITE,      /* BER only (X.690 10.1) */
    NOT_MINIMAL,     /* a length in more octets than it needs (X.690 10.1) */
    HIGH_TAG,        /* no structure that is read here has a tag above 30 */
    END_OF_CONTENTS, /* 00 as a tag stands in BER only */
    LONG_LENGTH,     /* more than four octets of length: beyond any limit of ours */
    CONSTRUCTED,     /* a string in pieces (X.690 10.2) */
    NEGATIVE,        /* no number that is read here may be */
    UNUSED_BITS,     /* set, or told of nothing (X.690 11.2.1, 8.6.2.3) */
    BOOLEAN_VALUE,   /* other than 00 and FF (X.690 11.1) */
    TIME_FORM,       /* RFC 5280 4.1.2.5: to the second, in UTC, no fraction */
    OID_LONG,        /* an arc of more than 50 bits, or 64 octets: der_oid_text gives none */
};

void fuzz_begin(void)
{
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    static const char *const oids[] = {"1.2.156.10197.1.501", "2.5.29.15", "2.999.3", "0.9"};
    struct buf b;
    buf_init(&b, 65536);
    for (size_t i = 0; i < sizeof oids / sizeof *oids; i++) {
        b.n = 0;
        MUST(der_put_oid(&b, oids[i]));
        fuzz_seed(s, (struct bytes){b.p, b.n});
    }
    b.n = 0;
    size_t outer = der_open(&b, DER_SEQUENCE), set = der_open(&b, DER_SET);
    der_put_number(&b, 0);
    der_put_number(&b, 0x80);
    der_put_number(&b, UINT64_MAX);
    der_close(&b, set);
    der_put_bits(&b, (struct bytes){(const uint8_t *)"\x05\xa0", 2}, 5);
    der_put_boolean_true(&b);
    der_put_text(&b, DER_UTF8, "海");
    der_put_time(&b, INT64_C(1780272000000));
    der_put_time(&b, INT64_C(2600000000000));
    der_put_generalized(&b, 0);
    der_close(&b, outer);
    fuzz_seed(s, (struct bytes){b.p, b.n});
    struct der d = der_start((struct bytes){b.p, b.n}), in;
    struct err_info e;
    MUST_OK(der_enter(&d, DER_SEQUENCE, &in, &e), &e);
    while (der_more(&in)) { /* each element also by itself */
        struct bytes whole;
        MUST_OK(der_any(&in, NULL, &whole, NULL, &e), &e);
        fuzz_seed(s, whole);
    }
    b.n = 0;
    static const uint8_t much[300];
    der_put(&b, DER_OCTET_STRING, (struct bytes){much, sizeof much});
    fuzz_seed(s, (struct bytes){b.p, b.n});
    buf_clear(&b);
}

/* ---- one element: tag, length, content ---- */

struct element {
    int taken;
    enum reason why;
    int tag, class, constructed;
    struct bytes content;
};

/* As ASN1_get_object reads it, and which rule of ours it breaks. */
static struct element theirs_of(struct bytes in)
{
    struct element x = {0};
    const uint8_t *p = in.p;
    long n;
    int ret = ASN1_get_object(&p, &n, &x.tag, &x.class, (long)in.n);
    if (ret & 0x80)
        return x;
    x.taken = 1;
    x.constructed = (ret & V_ASN1_CONSTRUCTED) != 0;
    x.content = (struct bytes){p, (size_t)n};
    size_t head = (size_t)(p - in.p);
    if (x.tag > 30 || (in.p[0] & 0x1f) == 0x1f)
        x.why = HIGH_TAG;
    else if (in.p[0] == 0)
        x.why = END_OF_CONTENTS;
    else if (ret & 1)
        x.why = INDEFINITE;
    else if (in.p[1] > 0x84)
        x.why = LONG_LENGTH;
    else if (head != (n < 0x80 ? 2u : n < 0x100 ? 3u : n < 0x10000 ? 4u : n < 0x1000000 ? 5u : 6u))
        x.why = NOT_MINIMAL;
    return x;
}

static void check_element(struct bytes in, int depth)
{
    struct der d = der_start(in);
    for (struct bytes rest = in; der_more(&d); rest = der_rest(&d)) {
        uint8_t tag = 0;
        struct bytes whole = {0}, content = {0};
        struct err_info e = {0};
        struct element o = theirs_of(rest);
        enum err err = der_any(&d, &tag, &whole, &content, &e);
        MUST((err == ERR_OK) == (o.taken && o.why == NONE));
        if (err != ERR_OK) {
            fuzz_refused(err, &e);
            MUST(der_rest(&d).p == rest.p); /* a refusal moves nothing */
            return;
        }
        MUST((tag & 0x1f) == o.tag && (tag & 0xc0) == o.class && !(tag & 0x20) == !o.constructed);
        MUST(content.p == o.content.p && content.n == o.content.n);
        MUST(fuzz_within(content, whole) && fuzz_within(whole, rest));
        struct buf b;
        buf_init(&b, rest.n + 16);
        der_put(&b, tag, content); /* written again it is the same */
        MUST(der_same((struct bytes){b.p, b.n}, whole));
        buf_clear(&b);
        if ((tag & 0x20) && depth < 16)
            check_element(content, depth + 1);
    }
}

/* ---- values ---- */

/* 1 when the element at the front is primitive, of that tag, and one that ours reads. */
static int front_is(const struct element *o, int tag)
{
    return o->taken && o->why == NONE && !o->constructed && o->class == 0 && o->tag == tag;
}

static void check_integer(struct bytes in, const struct element *o)
{
    struct der d = der_start(in);
    struct bytes m;
    struct err_info e = {0};
    const uint8_t *p = in.p;
    enum err err = der_uint(&d, &m, &e);
    ASN1_INTEGER *i = d2i_ASN1_INTEGER(NULL, &p, (long)in.n);
    int negative = i && ASN1_STRING_type(i) == V_ASN1_NEG_INTEGER;
    MUST((err == ERR_OK) == (i && !negative && front_is(o, V_ASN1_INTEGER)));
    if (err == ERR_OK) {
        BIGNUM *theirs = ASN1_INTEGER_to_BN(i, NULL), *ours = BN_bin2bn(m.p, (int)m.n, NULL);
        MUST(theirs && ours && BN_cmp(theirs, ours) == 0);
        BN_free(theirs);
        BN_free(ours);
        struct buf b;
        buf_init(&b, in.n + 16);
        der_put_uint(&b, m);
        MUST(b.n <= in.n && memcmp(b.p, in.p, b.n) == 0);
        buf_clear(&b);
    }
    int small = -1;
    d = der_start(in);
    if (der_small(&d, &small, &e) == ERR_OK)
        MUST(small >= 0 && ASN1_INTEGER_get(i) == small);
    ASN1_INTEGER_free(i);
}

static void check_bits(struct bytes in, const struct element *o)
{
    struct der d = der_start(in);
    struct bytes content = {0};
    int unused = -1;
    struct err_info e = {0};
    const uint8_t *p = in.p;
    enum err err = der_bits(&d, &content, &unused, &e);
    ASN1_BIT_STRING *s = d2i_ASN1_BIT_STRING(NULL, &p, (long)in.n);
    int bad_bits = 0;
    if (s && front_is(o, V_ASN1_BIT_STRING)) {
        struct bytes c = o->content;
        bad_bits = c.p[0] && (c.n == 1 || c.p[c.n - 1] & ((1u << c.p[0]) - 1));
    }
    MUST((err == ERR_OK) == (s && front_is(o, V_ASN1_BIT_STRING) && !bad_bits));
    if (err == ERR_OK)
        MUST(der_same(content,
                      (struct bytes){ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)}) &&
             unused >= 0 && unused <= 7);
    ASN1_BIT_STRING_free(s);
}

static void check_boolean(struct bytes in, const struct element *o)
{
    struct der d = der_start(in);
    int value = -1;
    struct err_info e = {0};
    const uint8_t *p = in.p;
    enum err err = der_boolean(&d, &value, &e);
    ASN1_TYPE *t = d2i_ASN1_TYPE(NULL, &p, (long)in.n);
    int ok = t && t->type == V_ASN1_BOOLEAN && front_is(o, V_ASN1_BOOLEAN) &&
             (o->content.p[0] == 0 || o->content.p[0] == 0xff);
    MUST((err == ERR_OK) == ok);
    if (ok)
        MUST(value == (t->value.boolean != 0));
    ASN1_TYPE_free(t);
}

static void check_oid(struct bytes in, const struct element *o)
{
    struct der d = der_start(in);
    struct bytes c = {0};
    struct err_info e = {0};
    const uint8_t *p = in.p;
    _auto(arena) a = arena_new();
    enum err err = der_take(&d, DER_OID, &c, &e);
    ASN1_OBJECT *x = d2i_ASN1_OBJECT(NULL, &p, (long)in.n);
    MUST((err == ERR_OK) == (x && front_is(o, V_ASN1_OBJECT)));
    char *text = err == ERR_OK ? der_oid_text(a, c) : NULL;
    if (text) {
        char theirs[1024];
        MUST(OBJ_obj2txt(theirs, sizeof theirs, x, 1) > 0 && !strcmp(theirs, text));
    } else if (err == ERR_OK) {
        int wide = c.n > 64, run = 0; /* OID_LONG alone */
        for (size_t i = 0; i < c.n; i++) {
            run = c.p[i] & 0x80 ? run + 1 : 0;
            wide |= run >= 7;
        }
        MUST(wide);
    }
    ASN1_OBJECT_free(x);
}

static int is_time_form(struct bytes c, int year_digits)
{
    if (c.n != (size_t)year_digits + 11 || c.p[c.n - 1] != 'Z')
        return 0;
    for (size_t i = 0; i + 1 < c.n; i++)
        if (c.p[i] < '0' || c.p[i] > '9')
            return 0;
    return 1;
}

static void check_time(struct bytes in, const struct element *o)
{
    struct der d = der_start(in);
    int64_t ms = -1;
    struct err_info e = {0};
    struct tm tm;
    const uint8_t *p = in.p;
    enum err err = der_time(&d, &ms, &e);
    int utc = front_is(o, V_ASN1_UTCTIME), general = front_is(o, V_ASN1_GENERALIZEDTIME);
    ASN1_TIME *t = d2i_ASN1_TIME(NULL, &p, (long)in.n);
    int ok = t && (utc || general) && is_time_form(o->content, utc ? 2 : 4) &&
             ASN1_TIME_to_tm(t, &tm) == 1;
    MUST((err == ERR_OK) == ok);
    if (ok)
        MUST((int64_t)timegm(&tm) * 1000 == ms);
    ASN1_TIME_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = fuzz_copy(data, size);
    check_element(in, 0);
    struct element o = size ? theirs_of(in) : (struct element){0};
    check_integer(in, &o);
    check_bits(in, &o);
    check_boolean(in, &o);
    check_oid(in, &o);
    check_time(in, &o);
    free((void *)(uintptr_t)in.p);
    return 0;
}
