/* Lists, answers, requests and whole certificates: each rule refuses its own fault and no other, and none goes without one. */
#include "chain.h"

#include "base/text.h"
#include "pki/crl.h"
#include "pki/csr.h"
#include "pki/der.h"
#include "pki/lint.h"
#include "pki/ocsp.h"

#include <stdlib.h>

struct world {
    struct arena *a;
    struct chain c;
    struct lint_context context;
    uint64_t hit;
    const char *(*rule)(size_t i, const char **section);
};

static int set_up(void **state)
{
    struct world *w = mem_alloc(sizeof *w);
    w->a = arena_new();
    chain_make(&w->c, w->a, PKI_P256);
    w->context = (struct lint_context){.issuer_subject = w->c.ca.name,
                                       .issuer_key = pki_key_pub(w->c.ca.key)};
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    chain_clear(&w->c);
    arena_free(w->a);
    free(w);
    return 0;
}

static void judged(struct world *w, size_t n, const struct lint_problem *p, const char *rule)
{
    for (size_t i = 0; i < n; i++)
        if (!rule || strcmp(p[i].rule, rule) != 0)
            fail_msg("%s was meant, but %s says: %s", rule ? rule : "nothing", p[i].rule,
                     p[i].text);
    if (rule && n != 1)
        fail_msg("%s refused nothing", rule);
    for (size_t i = 0; rule && w->rule(i, NULL); i++)
        if (strcmp(w->rule(i, NULL), rule) == 0)
            w->hit |= UINT64_C(1) << i;
}

static void all_hit(const struct world *w)
{
    for (size_t i = 0; w->rule(i, NULL); i++)
        if (!(w->hit & UINT64_C(1) << i))
            fail_msg("nothing was refused for %s", w->rule(i, NULL));
}

/* ---- lists ---- */

struct crl_parts {
    struct bytes version, inner, issuer, this_update, next_update, entries;
    struct {
        const char *oid;
        int critical;
        struct bytes value;
    } ext[8];
    size_t exts;
};

static struct bytes crl_of(struct world *w, const struct crl_parts *p)
{
    struct err_info e;
    struct bytes tbs, der;
    struct buf b;
    buf_init(&b, 16384);
    size_t whole = der_open(&b, DER_SEQUENCE);
    const struct bytes part[] = {p->version,     p->inner,       p->issuer,
                                 p->this_update, p->next_update, p->entries};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        der_put_raw(&b, part[i]);
    if (p->exts) {
        size_t outer = der_open(&b, DER_EXPLICIT(0)), list = der_open(&b, DER_SEQUENCE);
        for (size_t i = 0; i < p->exts; i++) {
            size_t x = der_open(&b, DER_SEQUENCE);
            assert_true(der_put_oid(&b, p->ext[i].oid));
            if (p->ext[i].critical)
                der_put_boolean_true(&b);
            der_put(&b, DER_OCTET_STRING, p->ext[i].value);
            der_close(&b, x);
        }
        der_close(&b, list);
        der_close(&b, outer);
    }
    der_close(&b, whole);
    assert_ok(der_finish(&b, w->a, &tbs, &e), &e);
    assert_ok(pki_sign_wrap(tbs, w->c.ca.signer, w->a, &der, &e), &e);
    return der;
}

static void crl_says(struct world *w, const struct crl_parts *p, const char *rule)
{
    struct lint_problem problem[LINT_PROBLEMS_MAX];
    judged(w, lint_crl(crl_of(w, p), &w->context, w->a, problem), problem, rule);
}

/* One entry, with the extensions of this hex. */
static struct bytes entry(struct world *w, const char *serial, const char *time, const char *exts)
{
    struct err_info e;
    struct bytes out;
    struct buf b;
    buf_init(&b, 512);
    size_t seq = der_open(&b, DER_SEQUENCE);
    der_put(&b, DER_INTEGER, hex(w->a, serial));
    der_put_raw(&b, hex(w->a, time));
    if (exts)
        der_put(&b, DER_SEQUENCE, hex(w->a, exts));
    der_close(&b, seq);
    assert_ok(der_finish(&b, w->a, &out, &e), &e);
    return out;
}

static struct bytes entries(struct world *w, const struct bytes *x, size_t n)
{
    struct err_info e;
    struct bytes out;
    struct buf b;
    buf_init(&b, 4096);
    size_t seq = der_open(&b, DER_SEQUENCE);
    for (size_t i = 0; i < n; i++)
        der_put_raw(&b, x[i]);
    der_close(&b, seq);
    assert_ok(der_finish(&b, w->a, &out, &e), &e);
    return out;
}

#define JUNE "170d3236303630313030303030305a" /* 2026-06-01, UTCTime */
#define JULY "170d3236303730313030303030305a"
#define GENERAL "180f32303236303630313030303030305a" /* 2026-06-01, GeneralizedTime */
#define REASON(n) "300a0603551d1504030a01" n
#define INVALIDITY(time) "30180603551d180411" time

static struct crl_parts good_crl(struct world *w)
{
    struct arena *a = w->a;
    struct bytes one[2] = {entry(w, "01", JUNE, REASON("01") INVALIDITY(GENERAL)),
                           entry(w, "02", JUNE, NULL)};
    struct crl_parts p = {.version = hex(a, "020101"),
                          .inner = pki_sig_alg(PKI_P256),
                          .issuer = w->c.ca.name,
                          .this_update = hex(a, JUNE),
                          .next_update = hex(a, JULY),
                          .entries = entries(w, one, 2),
                          .exts = 2};
    const char *id = arena_fmt(
        a, "30168014%s", text_hex(a, (struct bytes){pki_pub_key_id(w->context.issuer_key), 20}));
    p.ext[0].oid = "2.5.29.35";
    p.ext[0].value = hex(a, id);
    p.ext[1].oid = "2.5.29.20";
    p.ext[1].value = hex(a, "020107");
    return p;
}

static void add(struct crl_parts *p, const char *oid, int critical, struct bytes value)
{
    p->ext[p->exts].oid = oid;
    p->ext[p->exts].critical = critical;
    p->ext[p->exts++].value = value;
}

static void spoil_crl_fields(struct world *w)
{
    struct arena *a = w->a;
    struct crl_parts p = good_crl(w);
    crl_says(w, &p, NULL);
    p.version = (struct bytes){0};
    crl_says(w, &p, "crl-version-2");
    p = good_crl(w);
    p.inner = pki_sig_alg(PKI_SM2);
    crl_says(w, &p, "crl-signature-algorithm");
    p = good_crl(w);
    p.issuer = w->c.root.name;
    crl_says(w, &p, "crl-issuer");
    p = good_crl(w);
    p.this_update = hex(a, GENERAL);
    crl_says(w, &p, "crl-time-encoding");
    p = good_crl(w);
    p.next_update = (struct bytes){0};
    crl_says(w, &p, "crl-next-update");
    p.next_update = hex(a, JUNE);
    crl_says(w, &p, "crl-next-update");
    p = good_crl(w);
    p.entries = hex(a, "3000");
    crl_says(w, &p, "crl-entries");
    p.entries = (struct bytes){0};
    crl_says(w, &p, NULL);
    struct bytes der = crl_of(w, &p), spoilt = arena_bytes(a, der.p, der.n);
    ((uint8_t *)(uintptr_t)spoilt.p)[spoilt.n - 1] ^= 1;
    struct lint_problem problem[LINT_PROBLEMS_MAX];
    judged(w, lint_crl(spoilt, &w->context, a, problem), problem, "crl-signature");
    const struct lint_context nobody = {0}; /* without the issuer there is nothing to say */
    judged(w, lint_crl(spoilt, &nobody, a, problem), problem, NULL);
}

static void spoil_entry(struct world *w, const char *serial, const char *time, const char *exts,
                        const char *rule)
{
    struct crl_parts p = good_crl(w);
    struct bytes x[2] = {entry(w, "01", JUNE, NULL), entry(w, serial, time, exts)};
    p.entries = entries(w, x, 2);
    crl_says(w, &p, rule);
}

static void spoil_crl_entries(struct world *w)
{
    spoil_entry(w, "80", JUNE, NULL, "crl-entry-serial");
    spoil_entry(w, "0102030405060708090a0b0c0d0e0f101112131415", JUNE, NULL, "crl-entry-serial");
    spoil_entry(w, "01", JUNE, NULL, "crl-entry-once");
    spoil_entry(w, "00", JUNE, NULL, NULL); /* not sorted, and nothing twice */
    spoil_entry(w, "02", GENERAL, NULL, "crl-entry-date");
    spoil_entry(w, "02", JUNE, "", "crl-entries");
    spoil_entry(w, "02", JUNE, REASON("00"), "crl-entry-reason");
    spoil_entry(w, "02", JUNE, REASON("07"), "crl-entry-reason");
    spoil_entry(w, "02", JUNE, REASON("08"), "crl-entry-reason");
    spoil_entry(w, "02", JUNE, REASON("06"), NULL);
    spoil_entry(w, "02", JUNE, "30160603551d18040f" JUNE, "crl-entry-invalidity");
    spoil_entry(w, "02", JUNE, REASON("01") REASON("01"), "crl-entry-extensions");
    spoil_entry(w, "02", JUNE, "300c06032a03040101ff04020500", "crl-entry-extensions");
}

static void spoil_crl_extensions(struct world *w)
{
    struct arena *a = w->a;
    struct crl_parts p = good_crl(w);
    add(&p, "2.5.29.20", 0, hex(a, "020107"));
    crl_says(w, &p, "crl-extensions-once");
    p = good_crl(w);
    add(&p, "1.2.3.4", 1, hex(a, "0500"));
    crl_says(w, &p, "crl-critical-known");
    p = good_crl(w);
    p.ext[0].value = hex(a, "30168014ffffffffffffffffffffffffffffffffffffffff");
    crl_says(w, &p, "crl-authority-key-id");
    p = good_crl(w);
    p.ext[0].critical = 1;
    crl_says(w, &p, "crl-authority-key-id");
    p = good_crl(w);
    p.exts = 1;
    crl_says(w, &p, "crl-number");
    p = good_crl(w);
    p.ext[1].value = hex(a, "0201ff");
    crl_says(w, &p, "crl-number");
    p = good_crl(w);
    add(&p, "2.5.29.27", 1, hex(a, "020106"));
    crl_says(w, &p, NULL);
    p.ext[2].critical = 0;
    crl_says(w, &p, "crl-delta");
    p.ext[2].critical = 1;
    p.ext[2].value = hex(a, "020107");
    crl_says(w, &p, "crl-delta");
    p.ext[2].value = hex(a, "020106");
    add(&p, "2.5.29.46", 0, hex(a, "3010300ea00ca00a8608687474703a2f2f78"));
    crl_says(w, &p, "crl-freshest");
    p = good_crl(w);
    add(&p, "2.5.29.46", 0, hex(a, "3010300ea00ca00a8608687474703a2f2f78"));
    crl_says(w, &p, NULL);
    p.ext[2].value = hex(a, "3010300ea00ca00a860866696c653a2f2f78");
    crl_says(w, &p, "crl-freshest");
    p = good_crl(w);
    add(&p, "2.5.29.28", 1, hex(a, "300ea00ca00a8608687474703a2f2f78"));
    crl_says(w, &p, NULL);
    p.ext[2].critical = 0;
    crl_says(w, &p, "crl-point");
    p.ext[2].critical = 1;
    p.ext[2].value = hex(a, "3000");
    crl_says(w, &p, "crl-point");
}

static void each_rule_of_lists_refuses_its_own_fault(void **state)
{
    struct world *w = *state;
    w->hit = 0;
    w->rule = lint_crl_rule;
    spoil_crl_fields(w);
    spoil_crl_entries(w);
    spoil_crl_extensions(w);
    all_hit(w);
}

/* What crl_write makes passes, in each of its forms; octets cut off do not. */
static void our_own_lists_pass(void **state)
{
    struct world *w = *state;
    struct lint_problem problem[LINT_PROBLEMS_MAX];
    static const uint8_t serial[2] = {0x11, 0x80};
    const struct crl_entry x[2] = {{{serial, 1}, TEST_NOW, CRL_KEY_COMPROMISE, TEST_NOW - 5000},
                                   {{serial, 2}, TEST_NOW, CRL_UNSPECIFIED, 0}};
    for (int form = 0; form < 4; form++) {
        struct err_info e;
        struct bytes der;
        struct crl_array list = {x, form == 3 ? 0 : 2, 0};
        struct crl_source src = crl_array_source(&list);
        struct crl_spec s = {.issuer = w->c.ca.name,
                             .issuer_key = w->context.issuer_key,
                             .this_update = TEST_NOW,
                             .next_update = TEST_NOW + TIME_DAY,
                             .number = 7,
                             .shard_url = form == 1 ? "http://c.example/1.crl" : NULL,
                             .delta_base = form == 2 ? 6 : 0,
                             .delta_base_until = TEST_NOW + 2 * TIME_DAY,
                             .delta_url = form == 0 ? "http://c.example/d.crl" : NULL};
        assert_ok(crl_write(&s, &src, w->c.ca.signer, w->a, &der, &e), &e);
        judged(w, lint_crl(der, &w->context, w->a, problem), problem, NULL);
        for (size_t i = 0; i < der.n; i++) {
            assert_int_equal(lint_crl((struct bytes){der.p, i}, &w->context, w->a, problem), 1);
            assert_string_equal(problem[0].rule, "der");
        }
    }
}

/* ---- answers ---- */

struct ocsp_parts {
    struct bytes responder, produced, singles, extensions, algorithm, cert, type;
};

static struct bytes answer_of(struct world *w, const struct ocsp_parts *p,
                              const struct pki_signer *s)
{
    struct err_info e;
    struct bytes data, sig, out;
    struct buf b;
    buf_init(&b, 16384);
    size_t seq = der_open(&b, DER_SEQUENCE);
    der_put_raw(&b, p->responder);
    der_put_raw(&b, p->produced);
    der_put_raw(&b, p->singles);
    der_put_raw(&b, p->extensions);
    der_close(&b, seq);
    assert_ok(der_finish(&b, w->a, &data, &e), &e);
    assert_ok(pki_sign(s, data, w->a, &sig, &e), &e);
    buf_init(&b, 16384);
    size_t whole = der_open(&b, DER_SEQUENCE);
    der_put(&b, DER_ENUMERATED, (struct bytes){(const uint8_t *)"", 1});
    size_t bytes = der_open(&b, DER_EXPLICIT(0)), wrap = der_open(&b, DER_SEQUENCE);
    der_put_raw(&b, p->type);
    size_t octets = der_open(&b, DER_OCTET_STRING), basic = der_open(&b, DER_SEQUENCE);
    der_put_raw(&b, data);
    der_put_raw(&b, p->algorithm);
    der_put_bits(&b, sig, 0);
    if (p->cert.n) {
        size_t certs = der_open(&b, DER_EXPLICIT(0)), list = der_open(&b, DER_SEQUENCE);
        der_put_raw(&b, p->cert);
        der_close(&b, list);
        der_close(&b, certs);
    }
    der_close(&b, basic);
    der_close(&b, octets);
    der_close(&b, wrap);
    der_close(&b, bytes);
    der_close(&b, whole);
    assert_ok(der_finish(&b, w->a, &out, &e), &e);
    return out;
}

static void answer_says(struct world *w, const struct ocsp_parts *p, const struct pki_signer *s,
                        const char *rule)
{
    struct lint_problem problem[LINT_PROBLEMS_MAX];
    judged(w, lint_ocsp(answer_of(w, p, s), &w->context, w->a, problem), problem, rule);
}

#define AUGUST_G "180f32303236303830313030303030305a"

/* SEQUENCE of one SingleResponse: the status and times of this hex. */
static struct bytes single(struct world *w, const char *status, const char *times)
{
    struct err_info e;
    struct ocsp_issuer issuer;
    struct ocsp_cert_id id;
    struct bytes out;
    static const uint8_t serial = 7;
    struct buf b;
    assert_ok(ocsp_issuer_init(&issuer, w->c.ca.name, w->context.issuer_key, &e), &e);
    assert_ok(ocsp_cert_id_make(&issuer, OCSP_SHA1, (struct bytes){&serial, 1}, w->a, &id, &e), &e);
    buf_init(&b, 1024);
    size_t list = der_open(&b, DER_SEQUENCE), one = der_open(&b, DER_SEQUENCE);
    der_put_raw(&b, id.whole);
    der_put_raw(&b, hex(w->a, status));
    der_put_raw(&b, hex(w->a, times));
    der_close(&b, one);
    der_close(&b, list);
    assert_ok(der_finish(&b, w->a, &out, &e), &e);
    return out;
}

#define GOOD "8000"
#define NEXT_G "a011" AUGUST_G
#define REVOKED(rest, n) "a1" n GENERAL rest

static void each_rule_of_answers_refuses_its_own_fault(void **state)
{
    struct world *w = *state;
    struct arena *a = w->a;
    struct err_info e;
    _auto(pki_key) key = NULL;
    _auto(pki_signer) by = NULL;
    w->hit = 0;
    w->rule = lint_ocsp_rule;
    assert_ok(pki_key_new(PKI_P256, &key, &e), &e);
    assert_ok(pki_signer_from_key(key, &by, &e), &e);
    const struct ocsp_parts good = {
        .type = hex(a, "06092b0601050507300101"),
        .responder = hex(a, arena_fmt(a, "a2160414%s",
                                      text_hex(a, (struct bytes){pki_pub_key_id(by->pub), 20}))),
        .produced = hex(a, GENERAL),
        .singles = single(w, GOOD, GENERAL NEXT_G),
        .algorithm = pki_sig_alg(PKI_P256),
        .cert = test_responder(&w->c, key)};
    struct ocsp_parts p = good;
    answer_says(w, &p, by, NULL);
    p.type = hex(a, "06092b0601050507300102");
    answer_says(w, &p, by, "ocsp-type");
    p = good;
    answer_says(w, &p, w->c.ca.signer, "ocsp-signature");
    p.cert = w->c.cert;
    p.responder =
        hex(a, arena_fmt(a, "a2160414%s",
                         text_hex(a, (struct bytes){pki_pub_key_id(pki_key_pub(w->c.user)), 20})));
    _auto(pki_signer) user = NULL;
    assert_ok(pki_signer_from_key(w->c.user, &user, &e), &e);
    answer_says(w, &p, user, "ocsp-certificate");
    p = good;
    p.responder = hex(a, "a2160414ffffffffffffffffffffffffffffffffffffffff");
    answer_says(w, &p, by, "ocsp-responder-id");
    p.responder = hex(a, "a2030401ff");
    answer_says(w, &p, by, "ocsp-responder-id");
    p = good;
    p.produced = hex(a, JUNE);
    answer_says(w, &p, by, "ocsp-produced-at");
    p = good;
    p.singles = hex(a, "3000");
    answer_says(w, &p, by, "ocsp-singles");
    p.singles = single(w, GOOD, GENERAL);
    answer_says(w, &p, by, "ocsp-single-next");
    p.singles = single(w, GOOD, AUGUST_G "a011180f32303236303930313030303030305a");
    answer_says(w, &p, by, "ocsp-single-times");
    p.singles = single(w, GOOD, GENERAL "a011" GENERAL);
    answer_says(w, &p, by, "ocsp-single-times");
    p.singles = single(w, REVOKED("", "11"), GENERAL NEXT_G);
    answer_says(w, &p, by, NULL);
    p.singles = single(w, REVOKED("a0030a0101", "16"), GENERAL NEXT_G);
    answer_says(w, &p, by, NULL);
    p.singles = single(w, REVOKED("a0030a0108", "16"), GENERAL NEXT_G);
    answer_says(w, &p, by, "ocsp-single-status");
    p.singles = single(w, "a111" AUGUST_G, GENERAL NEXT_G);
    answer_says(w, &p, by, "ocsp-single-status");
    p.singles = single(w, "8300", GENERAL NEXT_G);
    answer_says(w, &p, by, "ocsp-single-status");
    p = good;
    p.extensions = hex(a, "a1143012301006092b06010505073001020403040161");
    answer_says(w, &p, by, NULL);
    p.extensions = hex(a, "a1133011300f06092b060105050730010204020400");
    answer_says(w, &p, by, "ocsp-extensions");
    p.extensions = hex(a, "a110300e300c06032a03040101ff04020500");
    answer_says(w, &p, by, "ocsp-extensions");
    p = good;
    p.algorithm =
        hex(a, "300a06082a8648ce3d040304"); /* ecdsa-with-SHA512: no signature of ours either */
    p.cert = (struct bytes){0};
    struct lint_context nobody = {0}, known = w->context;
    w->context = nobody;
    answer_says(w, &p, by, "ocsp-signature-algorithm");
    w->context = known;
    all_hit(w);
}

static void an_error_has_a_status_and_no_more(void **state)
{
    struct world *w = *state;
    struct lint_problem problem[LINT_PROBLEMS_MAX];
    w->rule = lint_ocsp_rule;
    judged(w, lint_ocsp(ocsp_error_response(OCSP_TRY_LATER), &w->context, w->a, problem), problem,
           NULL);
    judged(w, lint_ocsp(hex(w->a, "30030a0104"), &w->context, w->a, problem), problem,
           "ocsp-status");
    assert_int_equal(lint_ocsp(hex(w->a, "30050a01030500"), &w->context, w->a, problem), 1);
    assert_string_equal(problem[0].rule, "der");
}

/* ---- whole certificates, requests ---- */

static void a_certificate_is_looked_at_without_its_issuer(void **state)
{
    struct world *w = *state;
    struct lint_problem problem[LINT_PROBLEMS_MAX];
    const struct lint_context nobody = {0};
    _auto(pki_key) key = NULL;
    struct err_info e;
    w->rule = lint_rule;
    assert_ok(pki_key_new(PKI_P256, &key, &e), &e);
    const struct bytes fine[] = {w->c.cert, w->c.ca.cert, w->c.root.cert,
                                 test_responder(&w->c, key)};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        judged(w, lint_certificate(fine[i], &nobody, w->a, problem), problem, NULL);
    judged(w, lint_certificate(w->c.cert, &w->context, w->a, problem), problem, NULL);
    /* a signature that is wrong is seen where the key is known: the issuer's, and a root's own */
    struct bytes spoilt = arena_bytes(w->a, w->c.cert.p, w->c.cert.n);
    ((uint8_t *)(uintptr_t)spoilt.p)[spoilt.n - 1] ^= 1;
    judged(w, lint_certificate(spoilt, &nobody, w->a, problem), problem, NULL);
    judged(w, lint_certificate(spoilt, &w->context, w->a, problem), problem, "signature");
    spoilt = arena_bytes(w->a, w->c.root.cert.p, w->c.root.cert.n);
    ((uint8_t *)(uintptr_t)spoilt.p)[spoilt.n - 1] ^= 1;
    judged(w, lint_certificate(spoilt, &nobody, w->a, problem), problem, "signature");
    struct lint_context root = {.issuer_subject = w->c.root.name,
                                .issuer_key = pki_key_pub(w->c.root.key)};
    size_t n = lint_certificate(w->c.cert, &root, w->a, problem);
    assert_int_equal(n, 3); /* issuer-name, authority-key-id, signature */
}

/* Found by fuzzing: nobody else reads a name whose values are not what their types say. */
static void an_issuer_of_malformed_values_is_seen_without_its_certificate(void **state)
{
    struct world *w = *state;
    const struct lint_context nobody = {0};
    struct lint_problem problem[LINT_PROBLEMS_MAX];
    static const char *const wrong[] = {
        "300d310b300906035504030c02c328", /* UTF-8 that is none */
        "300d310b30090603550403130240"
        "40",                             /* @ in a PrintableString */
        "300d310b300906035504031e02d800", /* half a pair of surrogates */
        "300d310b300906035504030102"
        "0101",                               /* a BOOLEAN */
        "300f310d300b06035504031c0400110000", /* UniversalString */
        "300d310b30090603800403"
        "0c02"
        "4b69", /* OID */
        "3000"};
    w->rule = lint_crl_rule;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct crl_parts p = good_crl(w);
        p.issuer = hex(w->a, wrong[i]);
        judged(w, lint_crl(crl_of(w, &p), &nobody, w->a, problem), problem, "crl-issuer");
    }
    struct crl_parts p = good_crl(w);
    p.issuer = hex(w->a, "300d310b300906035504031302"
                         "4b69");
    judged(w, lint_crl(crl_of(w, &p), &nobody, w->a, problem), problem, NULL);
}

static void a_request_is_read_and_proved(void **state)
{
    struct world *w = *state;
    struct err_info e;
    struct lint_problem problem[LINT_PROBLEMS_MAX];
    _auto(pki_signer) s = NULL;
    struct bytes der;
    assert_ok(pki_signer_from_key(w->c.user, &s, &e), &e);
    assert_ok(csr_build(w->c.user_name, s, w->a, &der, &e), &e);
    assert_int_equal(lint_request(der, w->a, problem), 0);
    struct bytes spoilt = arena_bytes(w->a, der.p, der.n);
    ((uint8_t *)(uintptr_t)spoilt.p)[spoilt.n - 1] ^= 1;
    assert_int_equal(lint_request(spoilt, w->a, problem), 1);
    assert_string_equal(problem[0].rule, "request-proof");
    assert_int_equal(lint_request((struct bytes){der.p, der.n - 1}, w->a, problem), 1);
    assert_string_equal(problem[0].rule, "request");
}

#define IN_A_WORLD(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(each_rule_of_lists_refuses_its_own_fault),
        IN_A_WORLD(our_own_lists_pass),
        IN_A_WORLD(each_rule_of_answers_refuses_its_own_fault),
        IN_A_WORLD(an_error_has_a_status_and_no_more),
        IN_A_WORLD(a_certificate_is_looked_at_without_its_issuer),
        IN_A_WORLD(an_issuer_of_malformed_values_is_seen_without_its_certificate),
        IN_A_WORLD(a_request_is_read_and_proved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
