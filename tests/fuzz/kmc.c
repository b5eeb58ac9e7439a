/* What the kmc is told at its sockets: "POST /path\nJSON" at the routes, with a database behind them. The first octet chooses the
 * socket: 'A' the administrator's, otherwise the hall's. */
#include "serve.h"

#include "base/sys.h"
#include "base/text.h"
#include "kmc/kmc.h"
#include "pki/hpke.h"

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
    int inputs, databases;
} w;

static void open_kmc(void)
{
    struct err_info e;
    _auto(arena) a = arena_new();
    char *data = arena_fmt(a, "%s/kmc-%d", fuzz_folder(), ++w.databases);
    MUST_OK(folder_make(data, 0700, &e), &e);
    struct kmc_options o = {data, arena_fmt(a, "sqlite:%s/kmc.db", data), w.clock, 1 << 30};
    MUST_OK(kmc_init(&o, &e), &e);
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
    MUST_OK(clock_open(NULL, &w.clock, &e), &e);
    open_kmc();
    for (int i = 0; i < KMC_SOCKETS; i++)
        w.api.policy[i] = (struct peer_policy){.uid = {getuid()}, .uids = 1};
    w.server = httpd_new(&options);
    w.path[KMC_SOCKET_HALL] = fuzz_listen(w.server, "hall", KMC_SOCKET_HALL);
    w.path[KMC_SOCKET_ADMIN] = fuzz_listen(w.server, "admin", KMC_SOCKET_ADMIN);
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
    fuzz_seed_text(s, "HGET /kmc/v1/health\n");
    fuzz_seed_text(s, "AGET /kmc/v1/audit\n");
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    if (++w.inputs % A_NEW_DATABASE == 0)
        open_kmc();
    _auto_answer a;
    struct bytes in = fuzz_copy(data + 1, size - 1);
    int door = data[0] == 'A' ? KMC_SOCKET_ADMIN : KMC_SOCKET_HALL;
    if (fuzz_call(w.path[door], in, &a) && a.status == 200) {
        MUST(json_is_object(a.json));
        if (json_object_get(a.json, "sealed"))
            check_sealed(a.json);
        if (json_object_get(a.json, "next"))
            check_sealed(json_object_get(a.json, "next"));
        MUST(json_opt_int(a.json, "first_bad", 0) == 0); /* the chain holds whatever was asked */
    }
    free((void *)(uintptr_t)in.p);
    return 0;
}
