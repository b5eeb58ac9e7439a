/* Each rule of the lint refuses a TBSCertificate that breaks it and nothing else, and no rule goes without one. */
#include "chain.h"

#include "pki/der.h"
#include "pki/lint.h"

/* A TBS in parts, each of which a case can spoil. */
struct parts {
    struct bytes version, serial, alg, issuer, validity, subject, spki;
    struct {
        const char *oid;
        int critical;
        struct bytes value;
        int gone;
    } ext[12];
    size_t exts;
};

enum { AKI, SKI, KU, EKU, POLICY, CRL, AIA };
static const char *const oids[] = {"2.5.29.35", "2.5.29.14", "2.5.29.15",        "2.5.29.37",
                                   "2.5.29.32", "2.5.29.31", "1.3.6.1.5.5.7.1.1"};
#define OID_BASIC "2.5.29.19"
#define OID_SAN "2.5.29.17"
#define OID_NOCHECK "1.3.6.1.5.5.7.48.1.5"

struct world {
    struct arena *a;
    struct chain p256, sm2;
    struct lint_context context;
    struct parts good;
    uint64_t hit; /* rules that refused something, a bit each */
};

/* Take a good certificate apart again. */
static struct parts take_apart(struct world *w, const struct chain *c, struct bytes tbs)
{
    struct parts p = {0};
    struct err_info e;
    struct der d = der_start(tbs), seq, outer, list;
    assert_ok(der_enter(&d, DER_SEQUENCE, &seq, &e), &e);
    assert_ok(der_any(&seq, NULL, &p.version, NULL, &e), &e);
    assert_ok(der_any(&seq, NULL, NULL, &p.serial, &e), &e);
    assert_ok(der_any(&seq, NULL, &p.alg, NULL, &e), &e);
    assert_ok(der_any(&seq, NULL, &p.issuer, NULL, &e), &e);
    assert_ok(der_any(&seq, NULL, &p.validity, NULL, &e), &e);
    assert_ok(der_any(&seq, NULL, &p.subject, NULL, &e), &e);
    assert_ok(der_any(&seq, NULL, &p.spki, NULL, &e), &e);
    assert_ok(der_enter(&seq, DER_EXPLICIT(3), &outer, &e), &e);
    assert_ok(der_enter(&outer, DER_SEQUENCE, &list, &e), &e);
    while (der_more(&list)) {
        struct der x;
        struct bytes oid;
        size_t i = p.exts++;
        assert_ok(der_enter(&list, DER_SEQUENCE, &x, &e), &e);
        assert_ok(der_take(&x, DER_OID, &oid, &e), &e);
        p.ext[i].oid = der_oid_text(w->a, oid);
        if (der_next_is(&x, DER_BOOLEAN))
            assert_ok(der_boolean(&x, &p.ext[i].critical, &e), &e);
        assert_ok(der_take(&x, DER_OCTET_STRING, &p.ext[i].value, &e), &e);
        assert_string_equal(p.ext[i].oid, oids[i]);
    }
    w->context.issuer_subject = c->ca.name;
    w->context.issuer_key = pki_key_pub(c->ca.key);
    return p;
}

static struct bytes put_together(struct world *w, const struct parts *p)
{
    struct err_info e;
    struct bytes out;
    struct buf b;
    buf_init(&b, 16384);
    size_t whole = der_open(&b, DER_SEQUENCE);
    der_put_raw(&b, p->version);
    der_put(&b, DER_INTEGER, p->serial);
    der_put_raw(&b, p->alg);
    der_put_raw(&b, p->issuer);
    der_put_raw(&b, p->validity);
    der_put_raw(&b, p->subject);
    der_put_raw(&b, p->spki);
    size_t outer = der_open(&b, DER_EXPLICIT(3)), list = der_open(&b, DER_SEQUENCE);
    for (size_t i = 0; i < p->exts; i++) {
        if (p->ext[i].gone)
            continue;
        size_t x = der_open(&b, DER_SEQUENCE);
        assert_true(der_put_oid(&b, p->ext[i].oid));
        if (p->ext[i].critical)
            der_put_boolean_true(&b);
        der_put(&b, DER_OCTET_STRING, p->ext[i].value);
        der_close(&b, x);
    }
    der_close(&b, list);
    der_close(&b, outer);
    der_close(&b, whole);
    assert_ok(der_finish(&b, w->a, &out, &e), &e);
    return out;
}

/* `rule` refuses these parts, and no other rule does. */
static void refuses(struct world *w, const struct parts *p, const char *rule)
{
    struct lint_problem problem[LINT_PROBLEMS_MAX];
    struct bytes tbs = put_together(w, p);
    size_t n = lint_tbs(tbs, &w->context, w->a, problem);
    for (size_t i = 0; i < n; i++)
        if (strcmp(problem[i].rule, rule) != 0)
            fail_msg("%s was meant, but %s says: %s", rule, problem[i].rule, problem[i].text);
    if (n != 1)
        fail_msg("%s refused nothing", rule);
    assert_true(problem[0].text && problem[0].text[0]);
    for (size_t i = 0; lint_rule(i, NULL); i++)
        if (strcmp(lint_rule(i, NULL), rule) == 0)
            w->hit |= UINT64_C(1) << i;
    struct err_info e;
    assert_err(ERR_CERT_LINT, lint_check(tbs, &w->context, &e));
    assert_non_null(strstr(e.detail, problem[0].section));
}

static void add(struct parts *p, const char *oid, int critical, struct bytes value)
{
    p->ext[p->exts].oid = oid;
    p->ext[p->exts].critical = critical;
    p->ext[p->exts++].value = value;
}

static void setup(struct world *w)
{
    *w = (struct world){.a = arena_new()};
    chain_make(&w->p256, w->a, PKI_P256);
    chain_make(&w->sm2, w->a, PKI_SM2);
}

static void use(struct world *w, const struct chain *c)
{
    struct err_info e;
    struct bytes tbs;
    struct cert_spec spec = test_spec(c);
    assert_ok(cert_tbs(&spec, w->a, &tbs, &e), &e);
    w->context = (struct lint_context){.role = LINT_END_ENTITY,
                                       .issuer_not_after = TEST_NOW + 10 * TEST_YEAR};
    w->good = take_apart(w, c, tbs);
    assert_ok(lint_check(tbs, &w->context, &e), &e);
    assert_bytes(tbs, put_together(w, &w->good));
}

static void spoil_fields(struct world *w)
{
    struct arena *a = w->a;
    struct parts p = w->good;
    p.version = hex(a, "a003020101");
    refuses(w, &p, "version-3");
    p = w->good;
    p.serial = hex(a, "00");
    refuses(w, &p, "serial-positive");
    p.serial = hex(a, "80");
    refuses(w, &p, "serial-positive");
    p.serial = hex(a, "007f");
    refuses(w, &p, "serial-positive");
    p.serial = hex(a, "008000000000000000000000000000000000000001");
    refuses(w, &p, "serial-length");
    p = w->good;
    p.alg = pki_sig_alg(PKI_RSA2048);
    refuses(w, &p, "signature-algorithm");
    p = w->good;
    p.issuer = w->p256.root.name;
    refuses(w, &p, "issuer-name");
    p = w->good;
    p.validity = hex(a, "301e170d3236303630323030303030305a170d3236303630313030303030305a");
    refuses(w, &p, "validity-order");
    p.validity = hex(a, "3020180f32303236303630313030303030305a170d3237303630313030303030305a");
    refuses(w, &p, "validity-encoding");
    w->context.issuer_not_after = TEST_NOW;
    refuses(w, &w->good, "validity-within-issuer");
    w->context.issuer_not_after = 0;
    p = w->good;
    p.subject = hex(a, "3000");
    refuses(w, &p, "subject-present");
}

static void spoil_names_and_keys(struct world *w)
{
    struct arena *a = w->a;
    struct parts p = w->good;
    p.subject = hex(a, "300d310b30090603550403"
                       "1402"
                       "4b69"); /* TeletexString */
    refuses(w, &p, "subject-parts");
    p.subject = hex(a, "300d310b30090603550406"
                       "1302"
                       "636e"); /* "cn" */
    refuses(w, &p, "subject-parts");
    p.subject = hex(a, "300d310b30090603550403"
                       "0c02"
                       "4120"); /* a space behind */
    refuses(w, &p, "subject-parts");
    p = w->good;
    p.spki = hex(a, "301d301306072a8648ce3d020106082a8648ce3d030107"
                    "0306000401020304");
    refuses(w, &p, "public-key");
    p = w->good;
    add(&p, "2.5.29.15", 1, p.ext[KU].value);
    refuses(w, &p, "extensions-once");
    p = w->good;
    add(&p, "1.2.3.4", 1, hex(a, "0500"));
    refuses(w, &p, "critical-known");
}

static void spoil_key_ids(struct world *w)
{
    struct parts p = w->good;
    static const char *const rule[2] = {"authority-key-id", "subject-key-id"};
    for (int x = AKI; x <= SKI; x++) {
        p = w->good;
        p.ext[x].gone = 1;
        refuses(w, &p, rule[x]);
        p = w->good;
        p.ext[x].critical = 1;
        refuses(w, &p, rule[x]);
        p = w->good;
        struct bytes v = arena_bytes(w->a, p.ext[x].value.p, p.ext[x].value.n);
        ((uint8_t *)(uintptr_t)v.p)[v.n - 1] ^= 1;
        p.ext[x].value = v;
        refuses(w, &p, rule[x]);
        p.ext[x].value = hex(w->a, "0500");
        refuses(w, &p, rule[x]);
    }
}

static void spoil_usage(struct world *w)
{
    struct arena *a = w->a;
    struct parts p = w->good;
    p.ext[KU].gone = 1;
    refuses(w, &p, "key-usage-present");
    p = w->good;
    p.ext[KU].critical = 0;
    refuses(w, &p, "key-usage-present");
    p = w->good;
    p.ext[KU].value = hex(a, "030100");
    refuses(w, &p, "key-usage-present");
    p.ext[KU].value = hex(a, "030204c0"); /* trailing zero bits kept */
    refuses(w, &p, "key-usage-present");
    p.ext[KU].value = hex(a, "03020284"); /* digitalSignature, keyCertSign */
    refuses(w, &p, "key-usage-role");
    p.ext[KU].value = hex(a, "03020186"); /* and cRLSign */
    refuses(w, &p, "key-usage-role");
    p.ext[KU].value = hex(a, "030205a0"); /* digitalSignature, keyEncipherment */
    refuses(w, &p, "key-usage-algorithm");
    p.ext[KU].value = hex(a, "03020640"); /* nonRepudiation, and it signs in by TLS */
    refuses(w, &p, "eku-usage");
    p.ext[EKU].value = hex(a, "300a06082b06010505070304"); /* e-mail: nobody minds */
    struct err_info e;
    assert_ok(lint_check(put_together(w, &p), &w->context, &e), &e);
    p = w->good;
    add(&p, OID_BASIC, 0, hex(a, "3000"));
    refuses(w, &p, "basic-constraints");
    p = w->good;
    p.ext[EKU].value = hex(a, "300a06082b06010505070309");
    refuses(w, &p, "eku-role");
    p.ext[EKU].value = hex(a, "3000");
    refuses(w, &p, "eku-role");
    p = w->good;
    add(&p, OID_NOCHECK, 0, hex(a, "0500"));
    refuses(w, &p, "ocsp-nocheck");
}

/* subjectAltName of one dNSName */
static struct bytes one_name(struct world *w, const char *name)
{
    struct err_info e;
    struct bytes out;
    struct buf b;
    buf_init(&b, 512);
    size_t seq = der_open(&b, DER_SEQUENCE);
    der_put_text(&b, DER_CONTEXT(2), name);
    der_close(&b, seq);
    assert_ok(der_finish(&b, w->a, &out, &e), &e);
    return out;
}

/* GM/T 0015: strings that are not critical, in whichever edition's OID */
static void spoil_identity(struct world *w)
{
    struct arena *a = w->a;
    struct err_info e;
    struct parts p = w->good;
    add(&p, "1.2.156.10260.4.1.4", 0,
        hex(a, "1302"
               "4d41"));
    add(&p, "1.2.156.10260.4.1.1", 0,
        hex(a, "a004"
               "1302"
               "3131"));
    add(&p, "1.2.156.10260.4.4", 0,
        hex(a, "1302"
               "3931"));
    assert_ok(lint_check(put_together(w, &p), &w->context, &e), &e);
    p.ext[p.exts - 1].value = hex(a, "0402"
                                     "3931");
    refuses(w, &p, "identity");
    p.ext[p.exts - 1].value = hex(a, "1300");
    refuses(w, &p, "identity");
    p.ext[p.exts - 1].value = hex(a, "1302"
                                     "393131");
    refuses(w, &p, "identity");
}

static void spoil_addresses(struct world *w)
{
    struct arena *a = w->a;
    struct parts p = w->good;
    static const char *const rule[] = {"policies", "crl-points", "authority-access"};
    for (int x = POLICY; x <= AIA; x++) {
        p = w->good;
        p.ext[x].value = hex(a, x == POLICY ? "3000" : "30020500");
        refuses(w, &p, rule[x - POLICY]);
        p = w->good;
        if (x != POLICY) {
            p.ext[x].critical = 1;
            refuses(w, &p, rule[x - POLICY]);
        }
    }
    p = w->good;
    p.ext[CRL].value = hex(a, "30"
                              "10"
                              "300e"
                              "a00c"
                              "a00a"
                              "8608"
                              "66696c653a2f2f78"); /* file://x */
    refuses(w, &p, "crl-points");
    p = w->good;
    p.ext[CRL].gone = p.ext[AIA].gone = 1;
    refuses(w, &p, "status-address");
    p = w->good;
    add(&p, OID_SAN, 0, hex(a, "3000"));
    refuses(w, &p, "alternative-name");
    static const char *const no_name[] = {"a..example", "-a.example", "a-.example", "a_b.example",
                                          "example",    "a.example.", "*a.example"};
    for (size_t i = 0; i < sizeof no_name / sizeof *no_name; i++) {
        p.ext[p.exts - 1].value = one_name(w, no_name[i]);
        refuses(w, &p, "alternative-name");
    }
    struct err_info e;
    p.ext[p.exts - 1].value = one_name(w, "*.a-1.example");
    assert_ok(lint_check(put_together(w, &p), &w->context, &e), &e);
}

static void as_other_roles(struct world *w)
{
    struct arena *a = w->a;
    struct parts p = w->good;
    w->context.role = LINT_CA;
    p.ext[EKU].gone = 1;
    add(&p, OID_BASIC, 1, hex(a, "30030101ff"));
    refuses(w, &p, "key-usage-role");
    p.ext[KU].value = hex(a, "03020106");
    p.ext[p.exts - 1].critical = 0;
    refuses(w, &p, "basic-constraints");
    p.ext[p.exts - 1].critical = 1;
    p.ext[p.exts - 1].value = hex(a, "3000");
    refuses(w, &p, "basic-constraints");
    p.exts--;
    refuses(w, &p, "basic-constraints");
    w->context.role = LINT_OCSP_RESPONDER;
    p = w->good;
    p.ext[KU].value = hex(a, "03020780");
    p.ext[EKU].value = hex(a, "300a06082b06010505070309");
    refuses(w, &p, "ocsp-nocheck");
    add(&p, OID_NOCHECK, 0, hex(a, "3000"));
    refuses(w, &p, "ocsp-nocheck");
    p.ext[p.exts - 1].value = hex(a, "0500");
    p.ext[EKU].value = w->good.ext[EKU].value;
    refuses(w, &p, "eku-role");
    p.ext[EKU].value = hex(a, "300a06082b06010505070309");
    p.ext[KU].value = w->good.ext[KU].value;
    refuses(w, &p, "key-usage-role");
    w->context.role = LINT_END_ENTITY;
}

/* GM/T 0015: what an SM2 certificate must have, and the two of a pair */
static void as_sm2(struct world *w)
{
    struct arena *a = w->a;
    use(w, &w->sm2);
    struct parts p;
    for (int x = POLICY; x <= AIA; x++) {
        p = w->good;
        p.ext[x].gone = 1;
        refuses(w, &p, "gmt-mandatory");
    }
    p = w->good; /* OCSP alone */
    p.ext[AIA].value = hex(a, "30163014"
                              "06082b06010505073001"
                              "8608687474703a2f2f78");
    refuses(w, &p, "gmt-mandatory");
    struct err_info e;
    w->context.dual = 1;
    p = w->good;
    assert_ok(lint_check(put_together(w, &p), &w->context, &e), &e);
    p.ext[KU].value = hex(a, "03020338"); /* the encryption certificate */
    assert_ok(lint_check(put_together(w, &p), &w->context, &e), &e);
    p.ext[KU].value = hex(a, "030203f8"); /* both in one */
    refuses(w, &p, "key-usage-dual");
    p.ext[KU].value = hex(a, "03020780");
    refuses(w, &p, "key-usage-dual");
    /* SM2-with-SM3 with NULL parameters is read, never written (GM/T 0015) */
    p = w->good;
    p.alg = hex(a, "300c06082a811ccf550183750500");
    refuses(w, &p, "signature-algorithm");
}

static void as_rsa(struct world *w)
{
    struct err_info e;
    struct chain rsa;
    chain_make(&rsa, w->a, PKI_RSA2048);
    use(w, &rsa);
    struct parts p = w->good;
    w->context.dual = 1;
    assert_ok(lint_check(put_together(w, &p), &w->context, &e), &e);
    p.ext[EKU].gone = 1;
    p.ext[KU].value = hex(w->a, "03020430"); /* keyEncipherment, dataEncipherment */
    assert_ok(lint_check(put_together(w, &p), &w->context, &e), &e);
    w->context.dual = 0;
    p.ext[KU].value = hex(w->a, "03020338");
    refuses(w, &p, "key-usage-rsa");
    chain_clear(&rsa);
}

static void each_rule_refuses_its_own_fault_and_no_other(void **state)
{
    (void)state;
    struct world w;
    setup(&w);
    use(&w, &w.p256);
    spoil_fields(&w);
    spoil_names_and_keys(&w);
    spoil_key_ids(&w);
    spoil_usage(&w);
    spoil_addresses(&w);
    spoil_identity(&w);
    as_other_roles(&w);
    as_sm2(&w);
    as_rsa(&w);
    for (size_t i = 0; lint_rule(i, NULL); i++)
        if (!(w.hit & UINT64_C(1) << i))
            fail_msg("no certificate was refused for %s", lint_rule(i, NULL));
    chain_clear(&w.sm2);
    chain_clear(&w.p256);
    arena_free(w.a);
}

static void what_is_not_der_is_a_problem_too(void **state)
{
    (void)state;
    struct world w;
    struct lint_problem problem[LINT_PROBLEMS_MAX];
    setup(&w);
    use(&w, &w.p256);
    struct bytes tbs = put_together(&w, &w.good);
    for (size_t i = 0; i < tbs.n; i++) {
        assert_int_equal(lint_tbs((struct bytes){tbs.p, i}, &w.context, w.a, problem), 1);
        assert_string_equal(problem[0].rule, "der");
    }
    chain_clear(&w.sm2);
    chain_clear(&w.p256);
    arena_free(w.a);
}

static void the_chains_own_certificates_pass(void **state)
{
    (void)state;
    static const enum pki_alg all[] = {PKI_P256, PKI_SM2, PKI_RSA2048};
    for (int i = 0; i < 3; i++) {
        _auto(arena) a = arena_new();
        struct chain c;
        struct err_info e;
        struct cert_view v;
        chain_make(&c, a, all[i]);
        struct lint_context x = {LINT_CA, c.root.name, pki_key_pub(c.root.key), 0, 0};
        assert_ok(cert_view(c.root.cert, a, &v, &e), &e);
        assert_ok(lint_check(v.tbs, &x, &e), &e);
        assert_ok(cert_view(c.ca.cert, a, &v, &e), &e);
        assert_ok(lint_check(v.tbs, &x, &e), &e);
        _auto(pki_key) k = NULL;
        assert_ok(pki_key_new(all[i], &k, &e), &e);
        x = (struct lint_context){LINT_OCSP_RESPONDER, c.ca.name, pki_key_pub(c.ca.key),
                                  v.not_after, 0};
        assert_ok(cert_view(test_responder(&c, k), a, &v, &e), &e);
        assert_ok(lint_check(v.tbs, &x, &e), &e);
        chain_clear(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_refuses_its_own_fault_and_no_other),
        cmocka_unit_test(what_is_not_der_is_a_problem_too),
        cmocka_unit_test(the_chains_own_certificates_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
