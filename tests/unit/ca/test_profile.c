/* Certificate profiles: what is shipped loads, and what contradicts itself does not, by file, member and reason. */
#include "testing.h"

#include "base/sys.h"
#include "ca/profile_priv.h"
#include "pki/cert_priv.h"

#include "ca/content.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static enum err parse(const char *text, struct ca_profile *p, struct err_info *e)
{
    _auto_json doc = NULL;
    assert_ok(json_parse(text, strlen(text), &doc, e), e);
    return ca_profile_parse("/etc/x.json", doc, p, e);
}

/* `good` with one member more, or instead (the last of two with the same name cannot be: JSON refuses it). */
static char *with(struct arena *a, const char *good, const char *member, const char *value)
{
    _auto_json doc = NULL;
    _auto_json new = NULL;
    struct err_info e;
    char *wrapped = arena_fmt(a, "[%s]", value ? value : "null");
    assert_ok(json_parse(good, strlen(good), &doc, &e), &e);
    assert_ok(json_parse(wrapped, strlen(wrapped), &new, &e), &e);
    if (value)
        json_object_set(doc, member, json_array_get(new, 0));
    else
        json_object_del(doc, member);
    char *out = json_dumps(doc, JSON_COMPACT), *copy = arena_text(a, out);
    free(out);
    return copy;
}

#define PARTS                                                                                        \
    "\"subject\":[{\"type\":\"C\",\"value\":\"CN\"},{\"type\":\"O\",\"from\":\"institution_name\"}," \
    "{\"type\":\"CN\",\"value\":\"{institution_name} {user_name}\"}]"
#define REST "\"days_max\":366,\"evidence\":[\"regulator\",\"maker\"]}"

static const char single[] = "{\"code\":\"a\",\"project\":\"p\",\"algorithm\":\"P-256\"," PARTS
                             ",\"key_usage\":[\"digitalSignature\"],\"eku\":[\"clientAuth\"]," REST;
static const char dual[] =
    "{\"code\":\"a\",\"project\":\"p\",\"kind\":\"dual\",\"algorithm\":\"SM2\"," PARTS
    ",\"policy_oid\":\"2.5.29.32.0\"," REST;
static const char rsa_dual[] =
    "{\"code\":\"a\",\"project\":\"p\",\"kind\":\"dual\",\"algorithm\":\"RSA-3072\"," PARTS
    "," REST;
static const char ocsp[] =
    "{\"code\":\"o\",\"holder\":\"ocsp\",\"algorithm\":\"SM2\",\"subject\":[{\"type\":\"CN\","
    "\"value\":\"OCSP\"}],\"key_usage\":[\"digitalSignature\"],\"eku\":[\"OCSPSigning\"],\"days_max\":90}";
static const char server[] =
    "{\"code\":\"s\",\"project\":\"p\",\"holder\":\"tls-server\",\"algorithm\":\"P-256\"," PARTS
    ",\"key_usage\":[\"digitalSignature\"],\"eku\":[\"serverAuth\"],\"days_max\":90,\"evidence\":["
    "\"reviewer\",\"maker\"]}";
static const char renewal[] =
    "{\"code\":\"r\",\"project\":\"p\",\"algorithm\":\"P-256\",\"subject\":\"holder\",\"key_usage\":["
    "\"digitalSignature\"],\"days_max\":90,\"holder_days\":365,\"evidence\":[\"holder\"]}";

static void each_kind_of_profile_is_read(void **state)
{
    (void)state;
    struct err_info e;
    struct ca_profile p;
    const unsigned signs = CERT_KU_DIGITAL_SIGNATURE | CERT_KU_NON_REPUDIATION,
                   enciphers = CERT_KU_KEY_ENCIPHERMENT | CERT_KU_DATA_ENCIPHERMENT;
    assert_ok(parse(single, &p, &e), &e);
    assert_int_equal(p.dual, 0);
    assert_int_equal(p.holder, CA_HOLDER_ORGANISATION);
    assert_string_equal(p.subject[1].text, "{institution_name}");
    assert_int_equal(p.evidence, 1 << CA_EVIDENCE_REGULATOR | 1 << CA_EVIDENCE_MAKER);
    assert_ok(parse(dual, &p, &e), &e);
    assert_true(p.dual && p.key_usage == signs);
    assert_int_equal(p.encryption_usage, enciphers | CERT_KU_KEY_AGREEMENT);
    assert_ok(parse(rsa_dual, &p, &e), &e);
    assert_int_equal(p.encryption_usage, enciphers);
    assert_ok(parse(ocsp, &p, &e), &e);
    assert_ok(parse(server, &p, &e), &e);
    assert_ok(parse(renewal, &p, &e), &e);
    assert_int_equal(p.holder_days, 365);
    assert_true(p.subject_of_holder);
}

static void what_is_shipped_loads(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    int n = 0, pairs = 0;
    const struct dirent *entry;
    DIR *dir = opendir(PROFILES_DIR);
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        size_t length = strlen(entry->d_name);
        struct err_info e;
        struct bytes text;
        struct ca_profile p;
        _auto_json doc = NULL;
        if (length < 5 || strcmp(entry->d_name + length - 5, ".json") != 0)
            continue;
        char *path = arena_fmt(a, "%s/%s", PROFILES_DIR, entry->d_name);
        assert_ok(file_read(a, path, 1 << 16, &text, &e), &e);
        assert_ok(json_parse(text.p, text.n, &doc, &e), &e);
        assert_ok(ca_profile_parse(path, doc, &p, &e), &e);
        assert_string_equal(arena_fmt(a, "%s.json", p.code), entry->d_name);
        n++;
        pairs += p.dual;
    }
    closedir(dir);
    assert_true(n >= 5 && pairs >= 2);
}

/* Each is refused with the file's name, its member, and these words. */
static void what_contradicts_itself_is_refused_by_member_and_reason(void **state)
{
    (void)state;
    static const struct {
        const char *from, *member, *value, *field, *why;
    } bad[] = {
        {single, "colour", "1", "colour", "is not a member"},
        {single, "code", NULL, "code", "must be a text"},
        {single, "project", NULL, "project", "must be a text"},
        {single, "kind", "\"triple\"", "kind", "triple"},
        {single, "holder", "\"dog\"", "holder", "dog"},
        {single, "algorithm", "\"P-384\"", "algorithm", "must be P-256"},
        {single, "subject", "[]", "subject", "list of 1"},
        {single, "subject", "[{\"type\":\"X\",\"value\":\"x\"}]", "subject", "\"X\""},
        {single, "subject", "[{\"type\":\"O\"}]", "subject", "either"},
        {single, "subject", "[{\"type\":\"O\",\"value\":\"{shoe_size}\"}]", "subject", "not known"},
        {single, "subject", "[{\"type\":\"O\",\"value\":\"{dns}\"}]", "subject", "not known"},
        {single, "subject", "[{\"type\":\"O\",\"value\":\"{uscc\"}]", "subject", "without }"},
        {single, "subject", "[{\"type\":\"O\",\"value\":\"uscc}\"}]", "subject", "without {"},
        {single, "subject", "[{\"type\":\"O\",\"value\":\"x\",\"form\":\"y\"}]", "form",
         "not a member"},
        {single, "subject", "[{\"type\":\"CN\",\"from\":\"user_name\"}]", "subject", "a part O"},
        {single, "key_usage", NULL, "key_usage", "one entry"},
        {single, "key_usage", "[\"keyCertSign\"]", "key_usage", "keyCertSign"},
        {single, "eku", "[\"OCSPSigning\"]", "eku", "ocsp alone"},
        {single, "encryption_eku", "[\"emailProtection\"]", "encryption_eku", "belongs to a pair"},
        {single, "encryption_key_usage", "[\"keyAgreement\"]", "encryption_key_usage", "pair"},
        {single, "days_min", "0", "days_min", "1 to 3660"},
        {single, "days_max", "3661", "days_max", "to 3660"},
        {single, "holder_days", "3", "holder_days", "without holder"},
        {single, "evidence", "[\"regulator\"]", "evidence", "maker or holder"},
        {single, "evidence", "[\"maker\"]", "evidence", "regulator or reviewer"},
        {single, "evidence", "[\"holder\"]", "evidence", "regulator or reviewer"},
        {single, "evidence", NULL, "evidence", "regulator or reviewer"},
        {single, "evidence", "[\"regulator\",\"activation\"]", "evidence", "none for issuing"},
        {single, "kind", "\"dual\"", "kind", "SM2 or RSA"},
        {single, "holder", "\"ocsp\"", "project", "must not be there"},
        {single, "holder", "\"tls-server\"", "eku", "serverAuth"},
        {dual, "key_usage", "[\"digitalSignature\"]", "key_usage", "GM/T 0015 C.3"},
        {dual, "encryption_key_usage", "[\"keyEncipherment\",\"dataEncipherment\"]",
         "encryption_key_usage", "GM/T 0015 C.4"},
        {rsa_dual, "encryption_key_usage",
         "[\"keyEncipherment\",\"dataEncipherment\",\"keyAgreement\"]", "encryption_key_usage",
         "RFC 3279 2.3.1"},
        {dual, "holder", "\"tls-client\"", "eku", "clientAuth"},
        {ocsp, "project", "\"p\"", "project", "must not be there"},
        {ocsp, "eku", "[\"OCSPSigning\",\"clientAuth\"]", "eku", "alone"},
        {ocsp, "evidence", "[\"maker\"]", "evidence", "nobody asks"},
        {ocsp, "subject", "[{\"type\":\"CN\",\"from\":\"user_name\"}]", "subject", "fixed"},
        {ocsp, "kind", "\"dual\"", "key_usage", "C.3"},
        {server, "evidence", "[\"regulator\",\"maker\"]", "evidence", "dNSName"},
        {renewal, "evidence", "[\"holder\",\"regulator\"]", "evidence", "neither regulator"},
        {renewal, "evidence", "[\"maker\"]", "evidence", "must have holder"},
        {renewal, "identity",
         "{\"edition\":2012,\"extensions\":[{\"type\":\"taxationNumber\",\"from\":\"uscc\"}]}",
         "identity", "only a holder"},
        {single, "identity",
         "{\"edition\":2023,\"extensions\":[{\"type\":\"taxationNumber\",\"from\":\"uscc\"}]}",
         "identity", "none of GM/T 0015-2023"},
        {single, "identity", "{\"edition\":2015,\"extensions\":[]}", "identity", "2012 or 2023"},
        {single, "identity", "{\"edition\":2012,\"extensions\":[]}", "identity", "list of 1"},
        {single, "identity",
         "{\"edition\":2023,\"extensions\":[{\"type\":\"residentIdCardNumber\",\"from\":"
         "\"id_number\"}]}",
         "evidence", "nobody else vouches for id_number"},
    };
    _auto(arena) a = arena_new();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err_info e;
        struct ca_profile p;
        enum err result = parse(with(a, bad[i].from, bad[i].member, bad[i].value), &p, &e);
        if (result != ERR_CONFIG || strcmp(e.field, bad[i].field) != 0 ||
            !strstr(e.detail, bad[i].why) || !strstr(e.detail, "x.json"))
            fail_msg("%s = %s: %s is said of %s", bad[i].member, bad[i].value, e.detail, e.field);
    }
}

/* No rule of the profile, but one of the lint says no: with its name and section. */
static void a_profile_whose_sample_fails_the_lint_is_not_loaded(void **state)
{
    (void)state;
    static const struct {
        const char *from, *member, *value, *why;
    } bad[] = {
        {dual, "policy_oid", NULL, "gmt-mandatory (GM/T 0015"},
        {single, "key_usage", "[\"digitalSignature\",\"keyEncipherment\"]",
         "key-usage-algorithm (RFC 5480 3)"},
        {single, "policy_oid", "\"nonsense\"", "an OID"},
        {single, "subject",
         "[{\"type\":\"O\",\"from\":\"institution_name\"},{\"type\":\"C\",\"value\":\"cn\"}]",
         "C: "},
        {single, "identity",
         "{\"edition\":2012,\"extensions\":[{\"type\":\"passportNumber\",\"from\":\"uscc\"},{\"type\":"
         "\"residenterCardNumber\",\"from\":\"uscc\"}]}",
         "extensions-once (RFC 5280 4.2)"},
        {ocsp, "key_usage", "[\"digitalSignature\",\"nonRepudiation\"]", "key-usage-role"},
    };
    _auto(arena) a = arena_new();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err_info e;
        struct ca_profile p;
        enum err result = parse(with(a, bad[i].from, bad[i].member, bad[i].value), &p, &e);
        if (result != ERR_CONFIG || !strstr(e.detail, bad[i].why))
            fail_msg("%s = %s: %s", bad[i].member, bad[i].value, e.detail);
    }
}

/* ---- what they make ---- */

static const struct ca_vouched person = {
    .person.fact = {[CA_FACT_INSTITUTION] = "泉州海丝供应链管理有限公司",
                    [CA_FACT_USER] = "沈若琳",
                    [CA_FACT_USCC] = "91350503MA2Y7K4H06",
                    [CA_FACT_ID_NUMBER] = "35050319900307002X",
                    [CA_FACT_DNS] = "a.example,b.example"}};

/* TBS of the use, for a new key under a CA of the same algorithm; read again. */
static void make(struct arena *a, const struct ca_profile *p, enum ca_use use, struct tbs *out)
{
    struct err_info e;
    struct bytes tbs;
    _auto(pki_key) ca = NULL;
    _auto(pki_key) key = NULL;
    const struct name_part part[] = {{NAME_CN, "CA"}};
    struct ca_content c = {.profile = p,
                           .use = use,
                           .vouched = &person,
                           .serial = cert_serial_new(a),
                           .not_before = INT64_C(1780272000000),
                           .not_after = INT64_C(1780272000000) + 86400000,
                           .issuer = {.not_after = INT64_C(1880272000000),
                                      .crl_url = "http://c.example/crl",
                                      .ocsp_url = "http://c.example/ocsp",
                                      .certificate_url = "http://c.example/ca"}};
    assert_ok(pki_key_new(p->algorithm, &ca, &e), &e);
    assert_ok(pki_key_new(p->algorithm, &key, &e), &e);
    assert_ok(name_encode(part, 1, a, &c.issuer.subject, &e), &e);
    c.issuer.key = pki_key_pub(ca);
    c.key = pki_key_pub(key);
    assert_ok(ca_content_subject(p, &person, a, &c.subject, &e), &e);
    assert_ok(ca_content_tbs(&c, a, &tbs, &e), &e);
    assert_ok(tbs_read(tbs, out, &e), &e);
}

/* GM/T 0015 C.3, C.4: of a pair, usage is critical, and both have the same subject. */
static void a_pair_is_one_for_signing_and_one_for_encryption(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct ca_profile p;
    struct tbs sign, encrypt;
    unsigned usage;
    assert_ok(parse(dual, &p, &e), &e);
    make(a, &p, CA_USE_SIGNING, &sign);
    make(a, &p, CA_USE_ENCRYPTION, &encrypt);
    assert_true(tbs_ext(&sign, EXT_KEY_USAGE)->critical);
    assert_true(tbs_ext(&encrypt, EXT_KEY_USAGE)->critical);
    assert_ok(ext_key_usage(tbs_ext(&sign, EXT_KEY_USAGE), &usage, &e), &e);
    assert_int_equal(usage, 0x03);
    assert_ok(ext_key_usage(tbs_ext(&encrypt, EXT_KEY_USAGE), &usage, &e), &e);
    assert_int_equal(usage, 0x1c);
    assert_true(der_same(sign.subject, encrypt.subject));
    struct name n;
    assert_ok(name_decode(sign.subject, a, &n, &e), &e);
    assert_string_equal(name_get(&n, NAME_CN), "泉州海丝供应链管理有限公司 沈若琳");
}

static void assert_identity(const struct tbs *t, struct arena *a, const char *oid, uint8_t tag,
                            int choice, const char *text)
{
    for (size_t i = 0; i < t->exts; i++) {
        struct err_info e;
        struct bytes value;
        struct der d = der_start(t->ext[i].value);
        if (strcmp(der_oid_text(a, t->ext[i].oid), oid) != 0)
            continue;
        assert_false(t->ext[i].critical);
        if (choice >= 0)
            assert_ok(der_enter(&d, (uint8_t)DER_EXPLICIT(choice), &d, &e), &e);
        assert_ok(der_take(&d, tag, &value, &e), &e);
        assert_ok(der_end(&d, &e), &e);
        assert_string_equal(arena_text_n(a, (const char *)value.p, value.n), text);
        return;
    }
    fail_msg("no extension %s", oid);
}

/* GM/T 0015 5.2.4 (2012), and the edition of 2023 as others write it */
static void identity_extensions_are_those_of_the_edition(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct ca_profile p;
    struct tbs t;
    const char *reviewed = with(a, single, "evidence", "[\"reviewer\",\"maker\"]");
    assert_ok(
        parse(with(a, reviewed, "identity",
                   "{\"edition\":2012,\"extensions\":[{\"type\":\"residenterCardNumber\",\"from\":"
                   "\"id_number\"},{\"type\":\"organizationCode\",\"from\":\"organization_code\"},"
                   "{\"type\":\"taxationNumber\",\"from\":\"uscc\"}]}"),
              &p, &e),
        &e);
    make(a, &p, CA_USE_SINGLE, &t);
    assert_identity(&t, a, "1.2.156.10260.4.1.1", DER_PRINTABLE, 0, "35050319900307002X");
    assert_identity(&t, a, "1.2.156.10260.4.1.4", DER_PRINTABLE, -1, "MA2Y7K4H0");
    assert_identity(&t, a, "1.2.156.10260.4.1.5", DER_PRINTABLE, -1, "91350503MA2Y7K4H06");
    assert_ok(parse(with(a, single, "identity",
                         "{\"edition\":2023,\"extensions\":[{\"type\":\"unifiedSocialCreditCode\","
                         "\"from\":\"uscc\"}]}"),
                    &p, &e),
              &e);
    make(a, &p, CA_USE_SINGLE, &t);
    assert_identity(&t, a, "1.2.156.10260.4.4", DER_PRINTABLE, -1, "91350503MA2Y7K4H06");
}

static void a_server_has_the_names_that_were_vouched_for(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct ca_profile p;
    struct tbs t;
    assert_ok(parse(server, &p, &e), &e);
    make(a, &p, CA_USE_SINGLE, &t);
    struct bytes san = tbs_ext(&t, EXT_SAN)->value;
    assert_int_equal(san.n, 2 + 2 * (2 + 9));
    assert_memory_equal(san.p + 4, "a.example", 9);
    assert_memory_equal(san.p + 15, "b.example", 9);
}

static void a_fact_that_nobody_vouched_for_is_named(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct ca_profile p;
    struct bytes subject;
    struct ca_vouched nobody = {0};
    assert_ok(parse(single, &p, &e), &e);
    assert_err(ERR_CA_PROFILE, ca_content_subject(&p, &nobody, a, &subject, &e));
    assert_string_equal(e.field, "O");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_profile_is_read),
        cmocka_unit_test(what_is_shipped_loads),
        cmocka_unit_test(what_contradicts_itself_is_refused_by_member_and_reason),
        cmocka_unit_test(a_profile_whose_sample_fails_the_lint_is_not_loaded),
        cmocka_unit_test(a_pair_is_one_for_signing_and_one_for_encryption),
        cmocka_unit_test(identity_extensions_are_those_of_the_edition),
        cmocka_unit_test(a_server_has_the_names_that_were_vouched_for),
        cmocka_unit_test(a_fact_that_nobody_vouched_for_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
