/* What the kmc is told at its sockets: "POST /path\nJSON" at the routes, with a database behind them. The first octet chooses the
 * socket: 'A' the administrator's, 'C' the ca's, 'S' the ca's with the ca's signature put to it, otherwise the hall's. */
#include "serve.h"

#include "base/sys.h"
#include "base/text.h"
#include "kmc/kmc.h"
#include "pki/envelope.h"
#include "pki/hpke.h"
#include "pki/signer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { A_NEW_DATABASE = 20000 }; /* inputs; so that it stays as small as at the start */

static struct {
    struct arena *a;
    struct clock *clock;
    struct kmc *kmc;
    struct kmc_api api;
    struct httpd *server;
    const char *path[KMC_SOCKETS];
    struct pki_key *key;
    struct pki_key *ukey;
    struct pki_signer *ca;
    int inputs, databases;
} w;

static void open_kmc(void)
{
    struct err_info e;
    _auto(arena) a = arena_new();
    char *data = arena_fmt(a, "%s/kmc-%d", fuzz_folder(), ++w.databases);
    MUST_OK(folder_make(data, 0700, &e), &e);
    struct kmc_options o = {.data = data,
                            .database = arena_fmt(a, "sqlite:%s/kmc.db", data),
                            .clock = w.clock,
                            .releases_per_hour = 1 << 30,
                            .pool = {[KMC_POOL_SM2] = 8},
                            .keys_per_hour = 1 << 30,
                            .recoveries_per_hour = 1 << 30};
    MUST_OK(kmc_init(&o, &e), &e);
    MUST_OK(kmc_ca_enter_first(&o, "ca", pki_pub_spki(w.ca->pub), &e), &e);
    kmc_free(w.kmc);
    w.kmc = NULL;
    MUST_OK(kmc_open(&o, &w.kmc, &e), &e);
    w.api.kmc = w.kmc;
}

void fuzz_begin(void)
{
    static const struct httpd_options options = {.workers = 1};
    struct err_info e;
    w.a = arena_new();
    w.key = fuzz_key(6);
    _auto(pki_key) ca = NULL;
    MUST_OK(pki_key_new(PKI_SM2, &ca, &e), &e);
    MUST_OK(pki_signer_from_key(ca, &w.ca, &e), &e);
    MUST_OK(pki_key_new(PKI_SM2, &w.ukey, &e), &e);
    MUST_OK(clock_open(NULL, &w.clock, &e), &e);
    open_kmc();
    for (int i = 0; i < KMC_SOCKETS; i++)
        w.api.policy[i] = (struct peer_policy){.uid = {getuid()}, .uids = 1};
    w.server = httpd_new(&options);
    w.path[KMC_SOCKET_HALL] = fuzz_listen(w.server, "hall", KMC_SOCKET_HALL);
    w.path[KMC_SOCKET_ADMIN] = fuzz_listen(w.server, "admin", KMC_SOCKET_ADMIN);
    w.path[KMC_SOCKET_CA] = fuzz_listen(w.server, "ca", KMC_SOCKET_CA);
    kmc_api_mount(w.server, &w.api);
    MUST_OK(httpd_start(w.server, &e), &e);
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    const char *key = text_base64(w.a, pki_pub_point(pki_key_pub(w.key)));
    fuzz_seed_text(
        s,
        arena_fmt(
            w.a,
            "HPOST /kmc/v1/ukeys/FX2600071182/admin-pin/new\n"
            "{\"request_id\":\"4711-pin\",\"order\":\"4711\",\"seal_key\":\"%s\",\"replace\":true}",
            key));
    fuzz_seed_text(
        s,
        arena_fmt(
            w.a,
            "HPOST /kmc/v1/ukeys/FX2600071182/admin-pin/release\n"
            "{\"request_id\":\"4711-rel\",\"order\":\"4711\",\"seal_key\":\"%s\",\"evidence\":{\"sms\":[1,null]}}",
            key));
    fuzz_seed_text(s, "HPOST /kmc/v1/ukeys/FX2600071182/admin-pin/confirm\n{\"version\":1}");
    const char *sign = text_base64(w.a, pki_pub_spki(pki_key_pub(w.ukey)));
    fuzz_seed_text(
        s,
        arena_fmt(
            w.a,
            "SPOST /kmc/v1/keys\n"
            "{\"ca\":\"ca\",\"at\":1,\"keys\":[{\"request_id\":\"4711\",\"enc_serial\":\"01ab\",\"user\":\"u\","
            "\"sign_key\":\"%s\",\"algorithm\":\"SM2\",\"not_before\":\"2026-01-01T00:00:00Z\","
            "\"not_after\":\"2027-01-01T00:00:00Z\"}],\"signature\":\"AA==\"}",
            sign));
    fuzz_seed_text(
        s, arena_fmt(
               w.a,
               "SPOST /kmc/v1/recoveries\n"
               "{\"ca\":\"ca\",\"at\":1,\"keys\":[{\"request_id\":\"4711\",\"enc_serial\":\"01ab\","
               "\"user\":\"u\",\"sign_key\":\"%s\"}],\"signature\":\"AA==\"}",
               sign));
    fuzz_seed_text(
        s, "CPOST /kmc/v1/keys\n{\"ca\":\"ca\",\"at\":1,\"keys\":[],\"signature\":\"AA==\"}");
    fuzz_seed_text(s, "HGET /kmc/v1/health\n");
    fuzz_seed_text(s, "AGET /kmc/v1/audit\n");
    fuzz_seed_text(s, "AGET /kmc/v1/judicial/audit\n");
    fuzz_seed_text(s, "AGET /kmc/v1/trust\n");
    fuzz_seed_text(
        s,
        "APOST /kmc/v1/cas\n{\"name\":\"b\",\"by\":\"a\",\"public_key\":\"-----BEGIN PUBLIC KEY-----\\nAA==\\n-----END PUBLIC KEY-----\\n\"}");
    fuzz_seed_text(
        s, "APOST /kmc/v1/custodians\n{\"name\":\"b\",\"by\":\"a\",\"certificate\":\"MAA=\"}");
    fuzz_seed_text(
        s,
        "APOST /kmc/v1/custodians/01ab/end\n{\"by\":\"a\",\"signatures\":[{\"custodian\":\"01\",\"signature\":\"AA==\"},{\"custodian\":\"02\",\"signature\":\"AA==\"}]}");
    fuzz_seed_text(
        s,
        arena_fmt(
            w.a,
            "APOST /kmc/v1/judicial\n{\"ca\":\"ca\",\"enc_serial\":\"01ab\",\"document\":\"d\",\"reason\":\"r\","
            "\"seal_key\":\"%s\",\"signatures\":[{\"custodian\":\"01\",\"signature\":\"AA==\"},"
            "{\"custodian\":\"02\",\"signature\":\"AA==\"}]}",
            sign));
    fuzz_seed_text(s, "APOST /kmc/v1/ukeys/%20/admin-pin/confirm\n{\"version\":-1}");
}

static void check_sealed(const json_t *v)
{
    _auto(arena) a = arena_new();
    struct err_info e;
    int64_t version;
    struct bytes sealed;
    MUST_OK(json_get_int(v, "version", &version, &e), &e);
    MUST_OK(json_get_base64(v, "sealed", 4096, a, &sealed, &e), &e);
    MUST(version > 0 && sealed.n == HPKE_ENC_LEN + KMC_PIN_LEN + 16);
}

static void check_pairs(const json_t *keys)
{
    _auto(arena) a = arena_new();
    struct err_info e;
    const json_t *one;
    size_t i;
    json_array_foreach (keys, i, one) {
        struct bytes der;
        struct sm2_envelope v;
        if (json_object_get(one, "error")) {
            MUST(!json_object_get(one, "envelope"));
            continue;
        }
        MUST_OK(json_get_base64(one, "envelope", ENVELOPE_MAX, a, &der, &e), &e);
        MUST_OK(sm2_envelope_read(der, &v, &e), &e);
    }
}

/* ---- the ca's signature ---- */

static void item_from(const json_t *in, struct arena *a, struct escrow_item *out)
{
    struct err_info e;
    out->request_id = json_opt_text(in, "request_id", "");
    out->enc_serial = json_opt_text(in, "enc_serial", "");
    out->user = json_opt_text(in, "user", "");
    (void)!pki_alg_from_text(json_opt_text(in, "algorithm", ""), &out->algorithm);
    (void)!json_get_base64(in, "sign_key", PKI_SPKI_MAX, a, &out->sign_key, &e);
    (void)!time_parse_rfc3339(json_opt_text(in, "not_before", ""), &out->not_before);
    (void)!time_parse_rfc3339(json_opt_text(in, "not_after", ""), &out->not_after);
}

static int sign_body(json_t *body, int recover, struct arena *a)
{
    struct err_info e;
    struct escrow_item item[ESCROW_LIST_MAX] = {0};
    struct bytes octets, signature;
    const json_t *keys = json_object_get(body, "keys"), *one;
    size_t i;
    if (json_array_size(keys) > ESCROW_LIST_MAX)
        return 0;
    json_array_foreach (keys, i, one)
        item_from(one, a, &item[i]);
    struct escrow_request r = {.act = recover ? ESCROW_RECOVER : ESCROW_GIVE,
                               .ca = json_opt_text(body, "ca", ""),
                               .at = clock_machine(),
                               .item = item,
                               .n = json_array_size(keys)};
    if (escrow_request_bytes(&r, a, &octets, &e) != ERR_OK ||
        pki_sign(w.ca, octets, a, &signature, &e) != ERR_OK)
        return 0;
    json_object_set_new(body, "at", json_integer(r.at));
    json_object_set_new(body, "signature", json_string(text_base64(a, signature)));
    return 1;
}

/* "POST /path\nJSON" with the ca's signature over what it says; as it is where it says nothing that can be signed. */
static struct bytes sign_input(struct bytes in, struct arena *a)
{
    struct err_info e;
    _auto_json body = NULL;
    const uint8_t *eol = in.n ? memchr(in.p, '\n', in.n) : NULL;
    if (!eol || json_parse(eol + 1, in.n - (size_t)(eol + 1 - in.p), &body, &e) != ERR_OK)
        return in;
    char *head = arena_text_n(a, (const char *)in.p, (size_t)(eol - in.p));
    if (!json_is_object(body) || !sign_body(body, strstr(head, "recoveries") != NULL, a))
        return in;
    char *text = json_dumps(body, JSON_COMPACT);
    char *whole = arena_fmt(a, "%s\n%s", head, text);
    free(text);
    return (struct bytes){(const uint8_t *)whole, strlen(whole)};
}

static int door_of(uint8_t first)
{
    if (first == 'C' || first == 'S')
        return KMC_SOCKET_CA;
    return first == 'A' ? KMC_SOCKET_ADMIN : KMC_SOCKET_HALL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    if (++w.inputs % A_NEW_DATABASE == 0)
        open_kmc();
    _auto_answer a;
    _auto(arena) scratch = arena_new();
    struct bytes in = fuzz_copy(data + 1, size - 1);
    struct bytes told = data[0] == 'S' ? sign_input(in, scratch) : in;
    if (fuzz_call(w.path[door_of(data[0])], told, &a) && a.status == 200) {
        MUST(json_is_object(a.json));
        if (json_object_get(a.json, "signature"))
            check_pairs(json_object_get(a.json, "keys"));
        if (json_object_get(a.json, "sealed"))
            check_sealed(a.json);
        if (json_object_get(a.json, "next"))
            check_sealed(json_object_get(a.json, "next"));
        MUST(json_opt_int(a.json, "first_bad", 0) == 0); /* the chain holds whatever was asked */
    }
    free((void *)(uintptr_t)in.p);
    return 0;
}
