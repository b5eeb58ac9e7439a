#include "chain.h"

static const char *const test_ocsp = "http://127.0.0.1:8081/ocsp";
static const struct cert_policy policy = {"1.2.156.112570.1.1", "http://127.0.0.1:8081/cps"};

struct bytes test_name(struct arena *a, const char *cn)
{
    struct err_info e;
    struct bytes der;
    const struct name_part part[] = {
        {NAME_C, "CN"}, {NAME_O, "泉州海丝供应链管理有限公司"}, {NAME_CN, cn}};
    assert_ok(name_encode(part, 3, a, &der, &e), &e);
    return der;
}

struct cert_spec test_spec(const struct chain *c)
{
    return (struct cert_spec){
        .serial = cert_serial_new(c->a),
        .issuer = c->ca.name,
        .subject = c->user_name,
        .not_before = c->now - TIME_DAY,
        .not_after = c->now + TEST_YEAR,
        .key = pki_key_pub(c->user),
        .issuer_key = pki_key_pub(c->ca.key),
        .key_usage = CERT_KU_DIGITAL_SIGNATURE | CERT_KU_NON_REPUDIATION,
        .eku = CERT_EKU_CLIENT_AUTH | CERT_EKU_EMAIL,
        .policy = &policy,
        .policies = 1,
        .crl_url = "http://127.0.0.1:8081/crl/issuing.crl",
        .ocsp_url = test_ocsp,
        .ca_issuers_url = "http://127.0.0.1:8081/ca/issuing.cer",
    };
}

struct bytes test_issue(const struct chain *c, const struct cert_spec *spec)
{
    struct err_info e;
    struct bytes tbs, der;
    assert_ok(cert_tbs(spec, c->a, &tbs, &e), &e);
    assert_ok(cert_sign(tbs, c->ca.signer, c->a, &der, &e), &e);
    return der;
}

static void authority_make(struct authority *x, const struct chain *c, enum pki_alg alg,
                           const char *cn, const struct authority *issuer)
{
    struct err_info e;
    struct arena *a = c->a;
    struct bytes tbs;
    assert_ok(pki_key_new(alg, &x->key, &e), &e);
    assert_ok(pki_signer_from_key(x->key, &x->signer, &e), &e);
    x->name = test_name(a, cn);
    if (!issuer)
        issuer = x;
    struct cert_spec spec = {
        .serial = cert_serial_new(a),
        .issuer = issuer->name,
        .subject = x->name,
        .not_before = c->now - TEST_YEAR,
        .not_after = c->now + 10 * TEST_YEAR,
        .key = pki_key_pub(x->key),
        .issuer_key = pki_key_pub(issuer->key),
        .ca = 1,
        .path_len = issuer == x ? -1 : 0,
        .key_usage = CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN,
        .policy = &policy,
        .policies = issuer != x,
        .crl_url = issuer == x ? NULL : "http://127.0.0.1:8081/crl/root.crl",
        .ca_issuers_url = issuer == x ? NULL : "http://127.0.0.1:8081/ca/root.cer",
        .ocsp_url = issuer == x ? NULL : test_ocsp,
    };
    assert_ok(cert_tbs(&spec, a, &tbs, &e), &e);
    assert_ok(cert_sign(tbs, issuer->signer, a, &x->cert, &e), &e);
}

void chain_make(struct chain *c, struct arena *a, enum pki_alg alg)
{
    chain_make_at(c, a, alg, TEST_NOW);
}

void chain_make_at(struct chain *c, struct arena *a, enum pki_alg alg, int64_t now)
{
    struct err_info e;
    *c = (struct chain){.a = a, .now = now};
    authority_make(&c->root, c, alg, "证书大厅测试根", NULL);
    authority_make(&c->ca, c, alg, "证书大厅测试签发", &c->root);
    assert_ok(pki_key_new(alg, &c->user, &e), &e);
    c->user_name = test_name(a, "沈若琳");
    struct cert_spec spec = test_spec(c);
    c->cert = test_issue(c, &spec);
}

struct bytes test_responder(const struct chain *c, const struct pki_key *key)
{
    struct cert_spec spec = test_spec(c);
    spec.subject = test_name(c->a, "OCSP 1");
    spec.key = pki_key_pub(key);
    spec.key_usage = CERT_KU_DIGITAL_SIGNATURE;
    spec.eku = CERT_EKU_OCSP_SIGNING;
    spec.ocsp_nocheck = 1;
    return test_issue(c, &spec);
}

void chain_clear(struct chain *c)
{
    pki_key_free(c->user);
    pki_signer_free(c->ca.signer);
    pki_key_free(c->ca.key);
    pki_signer_free(c->root.signer);
    pki_key_free(c->root.key);
}
