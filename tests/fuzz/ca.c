/* What the ca is told at its three sockets: "POST /path\nJSON" at the routes, with issuers, a profile, a regulator's list and a
 * maker behind them. The first octet chooses the socket: 'A' administrator, 'R' responder, otherwise hall. Keys of the regulator and
 * the maker are the same in every process, so that what one process signed counts in the next. */
#include "serve.h"

#include "base/sys.h"
#include "base/text.h"
#include "ca/api.h"
#include "pki/cms.h"
#include "pki/csr.h"
#include "pki/digest.h"
#include "pki/evidence.h"
#include "pki/pem.h"
#include "reglist/reglist.h"
#include "sandbox/spawner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { A_NEW_DATABASE = 10000 }; /* inputs; so that it stays as small as at the start */

static const char PROFILE[] =
    "{\"code\":\"aml-reporting\",\"project\":\"aml-reporting\",\"algorithm\":\"P-256\",\"subject\":[{\"type\":\"C\",\"value\":\"CN\"},"
    "{\"type\":\"O\",\"from\":\"institution_name\"},{\"type\":\"OU\",\"from\":\"reporting_code\"},{\"type\":\"CN\",\"from\":\"user_name\"}],"
    "\"key_usage\":[\"digitalSignature\"],\"eku\":[\"clientAuth\"],\"days_min\":1,\"days_max\":366,\"evidence\":[\"regulator\",\"maker\"]}";
static const char LIST[] =
    "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email\r\n"
    "add,泉州海丝供应链管理有限公司,F3505030000117,沈若琳,91350503MA2Y7K4H06,沈若琳,13805952716,a@haisi.example\r\n";

static struct {
    struct arena *a;
    struct clock *clock;
    struct spawner *decoders;
    struct ca *ca;
    struct ca_api api;
    struct httpd *server;
    const char *path[CA_SOCKETS];
    struct pki_key *regulator_key, *maker_key, *user_key;
    struct bytes regulator, maker, p7s, csr, responder_csr, staff_csr;
    char serial[2 * CERT_SERIAL_MAX + 1]; /* of what was issued last: "$SERIAL" in an input */
    int inputs, databases;
} w;

static const struct bytes list = {(const uint8_t *)LIST, sizeof LIST - 1};

static struct bytes self_signed(const struct pki_key *key, const char *name, uint8_t serial)
{
    struct err_info e;
    struct bytes subject, tbs, der;
    const struct name_part part[] = {{NAME_C, "CN"}, {NAME_CN, name}};
    const uint8_t number[2] = {0x11, serial};
    _auto(pki_signer) s = NULL;
    MUST_OK(pki_signer_from_key(key, &s, &e), &e);
    MUST_OK(name_encode(part, 2, w.a, &subject, &e), &e);
    struct cert_spec spec = {.serial = arena_bytes(w.a, number, 2),
                             .issuer = subject,
                             .subject = subject,
                             .not_before = clock_machine() - TIME_DAY,
                             .not_after = clock_machine() + 365LL * TIME_DAY,
                             .key = s->pub,
                             .issuer_key = s->pub,
                             .key_usage = CERT_KU_DIGITAL_SIGNATURE};
    MUST_OK(cert_tbs(&spec, w.a, &tbs, &e), &e);
    MUST_OK(cert_sign(tbs, s, w.a, &der, &e), &e);
    return der;
}

/* A database as after init, with the people and the list in it. */
static void open_ca(void)
{
    struct err_info e;
    int kept;
    char batch[65];
    _auto(arena) a = arena_new();
    char *data = arena_fmt(a, "%s/ca-%d", fuzz_folder(), ++w.databases);
    struct ca_options o = {.data = data,
                           .database = arena_fmt(a, "sqlite:%s/ca.db", data),
                           .status_url = "http://127.0.0.1:8081",
                           .clock = w.clock,
                           .decoders = w.decoders,
                           .revoke_per_hour = 1 << 30,
                           .release_per_hour = 1 << 30,
                           .crl_period = 10 * TIME_MINUTE};
    MUST_OK(folder_make(arena_fmt(a, "%s/profiles", data), 0700, &e), &e);
    MUST_OK(ca_init(&o, "CertHall", PKI_P256, &kept, &e), &e);
    MUST_OK(file_replace(arena_fmt(a, "%s/profiles/aml-reporting.json", data),
                         (struct bytes){(const uint8_t *)PROFILE, sizeof PROFILE - 1}, 0600, &e),
            &e);
    ca_free(w.ca);
    w.ca = NULL;
    MUST_OK(ca_open(&o, &w.ca, &e), &e);
    MUST_OK(ca_regulator_enter(w.ca, "aml-reporting", w.regulator, "罗静", &e), &e);
    MUST_OK(ca_staff_enter(w.ca, "许建民", "maker", w.maker, "罗静", &e), &e);
    struct ca_batch_in in = {"aml-reporting", "csv", list, w.p7s};
    MUST_OK(ca_batch_take(w.ca, &in, a, batch, &e), &e);
    w.api.ca = w.ca;
}

static struct bytes request_of(const struct pki_key *key)
{
    struct err_info e;
    struct bytes subject, der;
    const struct name_part part[] = {{NAME_CN, "FX2600071182"}};
    _auto(pki_signer) s = NULL;
    MUST_OK(pki_signer_from_key(key, &s, &e), &e);
    MUST_OK(name_encode(part, 1, w.a, &subject, &e), &e);
    MUST_OK(csr_build(subject, s, w.a, &der, &e), &e);
    return der;
}

static void make_people(void)
{
    struct err_info e;
    w.regulator_key = fuzz_key(7);
    w.maker_key = fuzz_key(8);
    w.user_key = fuzz_key(9);
    w.regulator = self_signed(w.regulator_key, "regulator", 1);
    w.maker = self_signed(w.maker_key, "许建民", 2);
    MUST_OK(cms_sign_detached(list, w.regulator, w.regulator_key, clock_machine(), w.a, &w.p7s, &e),
            &e);
    struct pki_key *responder = fuzz_key(10), *staff = fuzz_key(11);
    w.csr = request_of(w.user_key);
    w.responder_csr = request_of(responder);
    w.staff_csr = request_of(staff);
    pki_key_free(responder);
    pki_key_free(staff);
}

void fuzz_begin(void)
{
    static const struct httpd_options options = {.workers = 1};
    static const struct decoder *const decoders[] = {&reglist_decoder};
    static const char *const names[CA_SOCKETS] = {"hall", "responder", "admin"};
    struct err_info e;
    w.a = arena_new();
    MUST_OK(clock_open(NULL, &w.clock, &e), &e);
    MUST_OK(spawner_start(decoders, 1, &spawner_usual, &w.decoders, &e), &e);
    make_people();
    open_ca();
    w.server = httpd_new(&options);
    for (int i = 0; i < CA_SOCKETS; i++) {
        w.api.policy[i] = (struct peer_policy){.uid = {getuid()}, .uids = 1};
        w.path[i] = fuzz_listen(w.server, names[i], i);
    }
    ca_api_mount(w.server, &w.api);
    MUST_OK(httpd_start(w.server, &e), &e);
}

/* ---- seeds ---- */

static const char *maker_signature(const char *order)
{
    struct err_info e;
    uint8_t sum[DIGEST_LEN];
    struct bytes message, signature;
    _auto(pki_signer) s = NULL;
    digest_sha256(w.csr, sum);
    const struct evidence_make made = {.order = order,
                                       .revision = "1",
                                       .csr_sum = sum,
                                       .ukey = "FX2600071182",
                                       .institution = "泉州海丝供应链管理有限公司",
                                       .reporting_code = "F3505030000117",
                                       .user = "沈若琳"};
    MUST_OK(evidence_make_bytes(&made, w.a, &message, &e), &e);
    MUST_OK(pki_signer_from_key(w.maker_key, &s, &e), &e);
    MUST_OK(pki_sign(s, message, w.a, &signature, &e), &e);
    return text_base64(w.a, signature);
}

static void seed_issue(struct fuzz_seeds *s)
{
    uint8_t sum[DIGEST_LEN];
    int64_t now = clock_business(w.clock);
    digest_sha256(list, sum);
    fuzz_seed_text(
        s,
        arena_fmt(
            w.a,
            "HPOST /ca/v1/certificates\n{\"request_id\":\"4711-sign\",\"order\":\"4711\",\"revision\":\"1\",\"profile\":\"aml-reporting\","
            "\"ukey_serial\":\"FX2600071182\",\"csr\":\"%s\",\"not_before\":\"%s\",\"not_after\":\"%s\",\"evidence\":["
            "{\"kind\":\"regulator\",\"batch\":\"%s\",\"row\":1},{\"kind\":\"maker\",\"maker\":\"1102\",\"signature\":\"%s\"}]}",
            text_base64(w.a, w.csr), time_rfc3339(w.a, now),
            time_rfc3339(w.a, now + 365LL * TIME_DAY),
            text_hex(w.a, (struct bytes){sum, sizeof sum}), maker_signature("4711")));
}

static void seed_pem(struct fuzz_seeds *s, const char *head, const char *label, struct bytes der)
{
    struct json_out j;
    struct buf b;
    buf_init(&b, 65536);
    buf_text(&b, head);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_text(&j, "name", "罗静");
    jout_text(&j, "role", "maker");
    jout_text(&j, "project", "aml-reporting");
    jout_text(&j, "organisation", "CertHall");
    jout_text(&j, "ukey", "ST2600000001");
    jout_text(&j, "by", "root");
    jout_int(&j, "days", 30);
    jout_text(&j, strcmp(label, "CERTIFICATE") ? "csr" : "certificate",
              pem_encode(w.a, label, der));
    jout_end(&j);
    fuzz_seed(s, (struct bytes){b.p, b.n});
    buf_clear(&b);
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    static const char *const texts[] = {
        "HPOST /ca/v1/certificates/$SERIAL/hold\n{\"actor\":\"u\"}",
        "HPOST /ca/v1/certificates/$SERIAL/release\n{\"actor\":\"u\",\"second_actor\":\"v\"}",
        "HPOST /ca/v1/certificates/$SERIAL/revoke\n{\"reason\":\"keyCompromise\",\"actor\":\"u\",\"second_actor\":\"v\"}",
        "HGET /ca/v1/certificates/$SERIAL\n",
        "HGET /ca/v1/requests/4711-sign\n",
        "HPOST /ca/v1/anchors\n{\"heads\":[{\"chain\":\"hall\",\"n\":7,\"hash\":\"00\"}]}",
        "HGET /ca/v1/anchors/last\n",
        "RGET /ca/v1/status?after=9&limit=2\n",
        "RGET /ca/v1/issuers\n",
        "RGET /ca/v1/crl/2\n",
        "AGET /ca/v1/trust\n",
        "APOST /ca/v1/staff/2/end\n{\"by\":\"x\"}",
        "APOST /ca/v1/regulator-keys/2/end\n{\"by\":\"x\"}",
    };
    seed_issue(s); /* first, so that the others find one */
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        fuzz_seed_text(s, texts[i]);
    fuzz_seed_text(
        s,
        arena_fmt(
            w.a,
            "HPOST /ca/v1/batches\n{\"project\":\"aml-reporting\",\"format\":\"csv\",\"file\":\"%s\",\"signature\":\"%s\"}",
            text_base64(w.a, list), text_base64(w.a, w.p7s)));
    fuzz_seed_text(s, arena_fmt(w.a, "RPOST /ca/v1/responder-certificate\n{\"csr\":\"%s\"}",
                                text_base64(w.a, w.responder_csr)));
    seed_pem(s, "APOST /ca/v1/staff\n", "CERTIFICATE", w.maker);
    seed_pem(s, "APOST /ca/v1/staff\n", "CERTIFICATE REQUEST", w.staff_csr);
    seed_pem(s, "APOST /ca/v1/regulator-keys\n", "CERTIFICATE", w.regulator);
}

/* ---- one message ---- */

/* What it issues is for the regulator's row and the key that proved itself, whatever else was said. */
static void check_issued(const json_t *v)
{
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes der;
    struct cert_view view;
    const char *serial, *state;
    MUST_OK(json_get_text(v, "serial", &serial, &e), &e);
    MUST_OK(json_get_text(v, "state", &state, &e), &e);
    MUST_OK(json_get_base64(v, "certificate", CERT_MAX, a, &der, &e), &e);
    MUST_OK(cert_view(der, a, &view, &e), &e);
    MUST(!strcmp(view.serial, serial) && !view.ca && strlen(serial) < sizeof w.serial);
    snprintf(w.serial, sizeof w.serial, "%s", serial);
    MUST(json_array_size(json_object_get(v, "chain")) == 2);
}

/* The input with the last serial in the place of "$SERIAL"; free() it. */
static struct bytes with_serial(const uint8_t *data, size_t size)
{
    static const char mark[] = "$SERIAL";
    struct buf b;
    const uint8_t *at = size ? memmem(data, size, mark, sizeof mark - 1) : NULL;
    if (!at)
        return fuzz_copy(data, size);
    buf_init(&b, size + sizeof w.serial);
    buf_put(&b, data, (size_t)(at - data));
    buf_text(&b, w.serial[0] ? w.serial : "91ab");
    at += sizeof mark - 1;
    buf_put(&b, at, size - (size_t)(at - data));
    struct bytes out = fuzz_copy(b.p, b.n);
    buf_clear(&b);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    if (++w.inputs % A_NEW_DATABASE == 0)
        open_ca();
    _auto_answer a;
    struct bytes in = with_serial(data + 1, size - 1);
    enum ca_socket door = data[0] == 'A'   ? CA_SOCKET_ADMIN
                          : data[0] == 'R' ? CA_SOCKET_RESPONDER
                                           : CA_SOCKET_HALL;
    if (fuzz_call(w.path[door], in, &a) && a.status == 200) {
        if (json_object_get(a.json, "chain"))
            check_issued(a.json);
        else
            MUST(json_is_object(a.json) || strstr(a.type, "pkix-crl"));
    }
    free((void *)(uintptr_t)in.p);
    return 0;
}
