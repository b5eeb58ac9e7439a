#include "ca_fixture.h"

#include "base/sys.h"
#include "base/text.h"
#include "pki/cms.h"
#include "pki/csr.h"
#include "pki/digest.h"
#include "pki/evidence.h"
#include "reglist/reglist.h"
#include "sandbox/spawner.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char PROFILE[] =
    "{\"code\":\"aml-reporting\",\"project\":\"aml-reporting\",\"algorithm\":\"%s\",\"subject\":[{\"type\":\"C\",\"value\":\"CN\"},"
    "{\"type\":\"O\",\"from\":\"institution_name\"},{\"type\":\"OU\",\"from\":\"reporting_code\"},{\"type\":\"CN\",\"from\":\"user_name\"}],"
    "\"key_usage\":[\"digitalSignature\"],\"eku\":[\"clientAuth\"],\"days_min\":1,\"days_max\":366,\"evidence\":[\"regulator\",\"maker\"]}";

static const char LIST[] =
    "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email\r\n"
    "add,泉州海丝供应链管理有限公司,F3505030000117,沈若琳,91350503MA2Y7K4H06,沈若琳,13805952716,a@haisi.example\r\n";

struct bytes ca_fixture_self_signed(struct ca_fixture *f, const struct pki_key *key,
                                    const char *name)
{
    struct err_info e;
    struct pki_signer *s = NULL;
    struct bytes subject, tbs, der;
    struct name_part part[] = {{NAME_C, "CN"}, {NAME_CN, name}};
    int64_t now = clock_machine();
    assert_ok(pki_signer_from_key(key, &s, &e), &e);
    assert_ok(name_encode(part, 2, f->arena, &subject, &e), &e);
    struct cert_spec spec = {.serial = cert_serial_new(f->arena),
                             .issuer = subject,
                             .subject = subject,
                             .not_before = now - TIME_DAY,
                             .not_after = now + 365LL * TIME_DAY,
                             .key = s->pub,
                             .issuer_key = s->pub,
                             .key_usage = CERT_KU_DIGITAL_SIGNATURE};
    assert_ok(cert_tbs(&spec, f->arena, &tbs, &e), &e);
    assert_ok(cert_sign(tbs, s, f->arena, &der, &e), &e);
    pki_signer_free(s);
    return der;
}

static void write_profile(struct ca_fixture *f, enum pki_alg alg)
{
    struct err_info e;
    char *folder = arena_fmt(f->arena, "%s/profiles", f->folder);
    char text[1024];
    snprintf(text, sizeof text, PROFILE, pki_alg_text(alg));
    assert_ok(folder_make(folder, 0700, &e), &e);
    assert_ok(file_replace(arena_fmt(f->arena, "%s/aml-reporting.json", folder),
                           (struct bytes){(const uint8_t *)text, strlen(text)}, 0600, &e),
              &e);
}

static void enter_people(struct ca_fixture *f)
{
    struct err_info e;
    struct cert_view view;
    assert_ok(pki_key_new(PKI_P256, &f->regulator_key, &e), &e);
    assert_ok(pki_key_new(PKI_P256, &f->maker_key, &e), &e);
    f->regulator = ca_fixture_self_signed(f, f->regulator_key, "regulator");
    f->maker = ca_fixture_self_signed(f, f->maker_key, "许建民");
    assert_ok(cert_view(f->maker, f->arena, &view, &e), &e);
    snprintf(f->maker_serial, sizeof f->maker_serial, "%s", view.serial);
    assert_ok(ca_regulator_enter(f->ca, "aml-reporting", f->regulator, "罗静", &e), &e);
    assert_ok(ca_staff_enter(f->ca, "许建民", "maker", f->maker, "罗静", &e), &e);
}

void ca_fixture_open(struct ca_fixture *f, enum pki_alg alg)
{
    struct err_info e;
    int kept;
    memset(f, 0, sizeof *f);
    snprintf(f->folder, sizeof f->folder, "/tmp/certhall-ca-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    f->arena = arena_new();
    assert_ok(clock_open(NULL, &f->clock, &e), &e);
    static const struct decoder *const decoders[] = {&reglist_decoder};
    assert_ok(spawner_start(decoders, 1, &spawner_usual, &f->decoders, &e), &e);
    f->options = (struct ca_options){.data = f->folder,
                                     .database = arena_fmt(f->arena, "sqlite:%s/ca.db", f->folder),
                                     .status_url = "http://127.0.0.1:8081",
                                     .clock = f->clock,
                                     .decoders = f->decoders,
                                     .revoke_per_hour = 2,
                                     .release_per_hour = 8,
                                     .crl_period = 10 * TIME_MINUTE};
    assert_ok(ca_init(&f->options, "CertHall", alg, &kept, &e), &e);
    assert_false(kept);
    write_profile(f, alg);
    assert_ok(ca_open(&f->options, &f->ca, &e), &e);
    enter_people(f);
    assert_ok(ca_fixture_take(f, LIST, f->batch, &e), &e);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void ca_fixture_close(struct ca_fixture *f)
{
    ca_free(f->ca);
    spawner_free(f->decoders);
    pki_key_free(f->regulator_key);
    pki_key_free(f->maker_key);
    clock_free(f->clock);
    arena_free(f->arena);
    nftw(f->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void ca_fixture_reopen(struct ca_fixture *f)
{
    struct err_info e;
    ca_free(f->ca);
    f->ca = NULL;
    assert_ok(ca_open(&f->options, &f->ca, &e), &e);
}

enum err ca_fixture_take(struct ca_fixture *f, const char *csv, char batch[65], struct err_info *e)
{
    return ca_fixture_take_for(f, "aml-reporting", csv, f->regulator, f->regulator_key, batch, e);
}

enum err ca_fixture_take_for(struct ca_fixture *f, const char *project, const char *csv,
                             struct bytes signer, const struct pki_key *key, char batch[65],
                             struct err_info *e)
{
    struct bytes file = {(const uint8_t *)csv, strlen(csv)}, p7s;
    TRY(cms_sign_detached(file, signer, key, clock_machine(), f->arena, &p7s, e));
    struct ca_batch_in in = {.project = project, .format = "csv", .file = file, .signature = p7s};
    return ca_batch_take(f->ca, &in, f->arena, batch, e);
}

struct bytes ca_fixture_csr(struct ca_fixture *f, enum pki_alg alg, struct pki_key **out_key)
{
    struct err_info e;
    struct pki_signer *s = NULL;
    struct bytes subject, der;
    struct name_part part[] = {{NAME_CN, "FX2600071182"}};
    assert_ok(pki_key_new(alg, out_key, &e), &e);
    assert_ok(pki_signer_from_key(*out_key, &s, &e), &e);
    assert_ok(name_encode(part, 1, f->arena, &subject, &e), &e);
    assert_ok(csr_build(subject, s, f->arena, &der, &e), &e);
    pki_signer_free(s);
    return der;
}

const char *ca_fixture_maker_signature(struct ca_fixture *f, const struct pki_key *key,
                                       const char *order, const char *ukey, struct bytes csr)
{
    return ca_fixture_maker_for(f, key, order, ukey, csr, "泉州海丝供应链管理有限公司");
}

const char *ca_fixture_maker_for(struct ca_fixture *f, const struct pki_key *key, const char *order,
                                 const char *ukey, struct bytes csr, const char *institution)
{
    struct err_info e;
    uint8_t hash[DIGEST_LEN];
    struct pki_signer *s = NULL;
    struct bytes signed_bytes, signature;
    digest_sha256(csr, hash);
    const struct evidence_make made = {.order = order,
                                       .revision = "1",
                                       .csr_sum = hash,
                                       .ukey = ukey,
                                       .institution = institution,
                                       .reporting_code = "F3505030000117",
                                       .user = "沈若琳"};
    assert_ok(evidence_make_bytes(&made, f->arena, &signed_bytes, &e), &e);
    assert_ok(pki_signer_from_key(key, &s, &e), &e);
    assert_ok(pki_sign(s, signed_bytes, f->arena, &signature, &e), &e);
    pki_signer_free(s);
    return text_base64(f->arena, signature);
}

json_t *ca_fixture_evidence(struct ca_fixture *f, const char *order, const char *ukey,
                            struct bytes csr)
{
    return json_pack("[{s:s,s:s,s:i},{s:s,s:s,s:s}]", "kind", "regulator", "batch", f->batch, "row",
                     1, "kind", "maker", "maker", f->maker_serial, "signature",
                     ca_fixture_maker_signature(f, f->maker_key, order, ukey, csr));
}

struct ca_request ca_fixture_request(struct ca_fixture *f, const char *id, const char *order,
                                     struct bytes csr, const json_t *evidence)
{
    int64_t now = clock_business(f->clock);
    return (struct ca_request){.request_id = id,
                               .order = order,
                               .revision = "1",
                               .profile = "aml-reporting",
                               .ukey = "FX2600071182",
                               .csr = csr,
                               .not_before = now,
                               .not_after = now + 365LL * TIME_DAY,
                               .evidence = evidence};
}
