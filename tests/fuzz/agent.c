/* What the agent reads from a server: the answers of a whole job, a line each ("503 " and the like in front is the status), as if a
 * hostile server gave them. The network, the windows and the waiting are taken out by ld's --wrap; tokens, keys, steps and signatures are the
 * real ones, with a user's key, a blank one at the bench and a maker's, as they were before each input. */
#include "fuzz.h"

#include "agent/job.h"
#include "base/sys.h"
#include "base/text.h"
#include "base/time.h"
#include "httpc/httpc.h"
#include "pki/cert.h"
#include "pki/hpke.h"
#include "pki/name.h"
#include "token/soft.h"
#include "token/soft_priv.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERIAL "FX2600071182"
#define BLANK "FX2600071183"
#define MAKER "ST2600000003"
#define USER_PIN "right-pin-1"
#define NEW_PIN "New-pin-22"
#define ADMIN_PIN "ADMIN-one-1"
#define ORIGIN "https://hall.example"

enum { FOLDERS = 3, CALLS_MAX = 40 };

static struct {
    struct arena *a;
    struct agent_conf conf;
    const char *folder[FOLDERS];
    struct {
        const char *path;
        struct bytes image;
    } key[FOLDERS];
    struct bytes certificate; /* of the key that the agent makes at the bench */
    const char *challenge;
    /* of one input */
    char *rest;
    int calls, keys_made, tells_pins;
} w;

/* ---- in the place of network, windows and waiting ---- */

struct soft_folder;
enum err __wrap_httpc_send(struct httpc *c, struct arena *a, const struct httpc_request *r,
                           struct httpc_answer *out, struct err_info *e);
enum err __wrap_ask_pin(const struct ask *q, const char *serial, int left, int max, int wrong,
                        struct token_pin *out, struct err_info *e);
enum err __wrap_ask_old_pin(const struct ask *q, const char *serial, int left, int max, int wrong,
                            struct token_pin *out, struct err_info *e);
enum err __wrap_ask_new_pin(const struct ask *q, const char *serial, const struct pin_policy *p,
                            struct token_pin *out, struct err_info *e);
enum err __wrap_ask_use_key(const struct ask *q, const char *serial, const char *label, int *yes,
                            struct err_info *e);
enum err __wrap_ask_show_code(const struct ask *q, const char *code, struct err_info *e);
enum err __real_token_wait(struct token_place *p, int timeout_ms, struct token_event *out, int *got,
                           struct err_info *e);
enum err __wrap_token_wait(struct token_place *p, int timeout_ms, struct token_event *out, int *got,
                           struct err_info *e);
enum err __real_soft_folder_open(struct soft_folder *f, const char *path, struct err_info *e);
enum err __wrap_soft_folder_open(struct soft_folder *f, const char *path, struct err_info *e);
enum err __wrap_pki_key_new(enum pki_alg alg, struct pki_key **out, struct err_info *e);

static int has(struct bytes where, const char *what)
{
    return where.p && where.n && memmem(where.p, where.n, what, strlen(what)) != NULL;
}

/* A request leaves: to a known path, as JSON, and without any PIN in it. */
static void check_request(const struct httpc_request *r)
{
    static const char plain[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_/";
    _auto_json body = NULL;
    struct err_info e;
    MUST(!strncmp(r->path, "/api/v1/agent/jobs/", 19) &&
         strspn(r->path, plain) == strlen(r->path) && strlen(r->path) < 120);
    MUST_OK(json_parse(r->body.p, r->body.n, &body, &e), &e);
    if (!w.tells_pins)
        MUST(!has(r->body, USER_PIN) && !has(r->body, NEW_PIN) && !has(r->body, ADMIN_PIN));
    for (int i = 0; r->headers && r->headers[i]; i++)
        MUST(!strpbrk(r->headers[i], "\r\n"));
}

enum err __wrap_httpc_send(struct httpc *c, struct arena *a, const struct httpc_request *r,
                           struct httpc_answer *out, struct err_info *e)
{
    (void)c;
    check_request(r);
    *out = (struct httpc_answer){
        .status = 200, .content_type = "application/json", .location = "", .cookies = ""};
    char *line = w.rest && w.calls++ < CALLS_MAX ? strsep(&w.rest, "\n") : NULL;
    if (!line)
        return err_set(e, ERR_UNAVAILABLE, NULL, "nobody there");
    if (strspn(line, "0123456789") == 3 && line[3] == ' ') {
        out->status = atoi(line);
        line += 4;
    }
    out->body = (struct bytes){(const uint8_t *)arena_text(a, line), strlen(line)};
    return ERR_OK;
}

enum err __wrap_ask_pin(const struct ask *q, const char *serial, int left, int max, int wrong,
                        struct token_pin *out, struct err_info *e)
{
    (void)q, (void)serial;
    MUST(left >= 0 && left <= max);
    if (wrong)
        return err_set(e, ERR_AGENT_CANCELLED, NULL, NULL);
    return token_pin_set(out, USER_PIN, e);
}

enum err __wrap_ask_old_pin(const struct ask *q, const char *serial, int left, int max, int wrong,
                            struct token_pin *out, struct err_info *e)
{
    return __wrap_ask_pin(q, serial, left, max, wrong, out, e);
}

enum err __wrap_ask_new_pin(const struct ask *q, const char *serial, const struct pin_policy *p,
                            struct token_pin *out, struct err_info *e)
{
    (void)q, (void)serial;
    MUST(p->min >= TOKEN_PIN_MIN && p->min <= p->max && p->max <= TOKEN_PIN_MAX && p->kinds >= 2 &&
         p->kinds <= 4);
    if (!pin_policy_ok(p, NEW_PIN))
        return err_set(e, ERR_AGENT_CANCELLED, NULL, NULL);
    return token_pin_set(out, NEW_PIN, e);
}

enum err __wrap_ask_use_key(const struct ask *q, const char *serial, const char *label, int *yes,
                            struct err_info *e)
{
    (void)q, (void)serial, (void)label, (void)e;
    *yes = 1;
    return ERR_OK;
}

enum err __wrap_ask_show_code(const struct ask *q, const char *code, struct err_info *e)
{
    (void)q, (void)e;
    MUST(text_is_utf8(code, strlen(code)) || !*code);
    return ERR_OK;
}

enum err __wrap_token_wait(struct token_place *p, int timeout_ms, struct token_event *out, int *got,
                           struct err_info *e)
{
    return __real_token_wait(p, timeout_ms > 0 ? 0 : timeout_ms, out, got, e);
}

/* The cheapest PINs: what is fuzzed is not Argon2. */
enum err __wrap_soft_folder_open(struct soft_folder *f, const char *path, struct err_info *e)
{
    TRY(__real_soft_folder_open(f, path, e));
    f->memory_kib = 8;
    f->passes = 1;
    return ERR_OK;
}

/* The same keys each time: the job's two, then the one made at the bench. */
enum err __wrap_pki_key_new(enum pki_alg alg, struct pki_key **out, struct err_info *e)
{
    if (alg != PKI_P256)
        return err_set(e, ERR_KEY_UNSUPPORTED, NULL, "too slow to be fuzzed");
    *out = fuzz_key(20 + (w.keys_made < 2 ? w.keys_made : 2));
    w.keys_made++;
    return ERR_OK;
}

/* ---- keys ---- */

static struct bytes certificate_of(struct bytes spki)
{
    struct err_info e;
    struct bytes name, tbs, der;
    const struct name_part part[] = {{NAME_CN, "x"}};
    struct pki_key *ca = fuzz_key(30);
    _auto(pki_pub) key = NULL;
    _auto(pki_signer) s = NULL;
    MUST_OK(pki_pub_load(spki, &key, &e), &e);
    MUST_OK(pki_signer_from_key(ca, &s, &e), &e);
    MUST_OK(name_encode(part, 1, w.a, &name, &e), &e);
    struct cert_spec spec = {.serial = cert_serial_new(w.a),
                             .issuer = name,
                             .subject = name,
                             .not_before = clock_machine() - TIME_DAY,
                             .not_after = clock_machine() + 365LL * TIME_DAY,
                             .key = key,
                             .issuer_key = s->pub,
                             .key_usage = CERT_KU_DIGITAL_SIGNATURE};
    MUST_OK(cert_tbs(&spec, w.a, &tbs, &e), &e);
    MUST_OK(cert_sign(tbs, s, w.a, &der, &e), &e);
    pki_key_free(ca);
    return der;
}

static void make_ready(const char *folder, const char *serial)
{
    struct err_info e;
    struct token_pin admin, user;
    struct bytes spki;
    _auto(token_place) place = NULL;
    _auto(token) t = NULL;
    MUST_OK(token_pin_set(&admin, ADMIN_PIN, &e), &e);
    MUST_OK(token_pin_set(&user, USER_PIN, &e), &e);
    struct token_initialise how = {
        .label = "泉州海丝", .admin = &admin, .user = &user, .admin_tries = 10, .user_tries = 6};
    MUST_OK(token_soft_place(folder, &place, &e), &e);
    MUST_OK(token_open(place, serial, &t, &e), &e);
    MUST_OK(token_initialise(t, &how, &e), &e);
    MUST_OK(token_login(t, &user, &e), &e);
    MUST_OK(token_generate(t, "old", TOKEN_P256, &e), &e);
    MUST_OK(token_public_key(t, "old", w.a, &spki, &e), &e);
    MUST_OK(token_import_certificate(t, "old", certificate_of(spki), &e), &e);
}

static void make_key(int i, const char *name, const char *serial, int ready)
{
    struct err_info e;
    w.folder[i] = arena_fmt(w.a, "%s/%s", fuzz_folder(), name);
    w.key[i].path = arena_fmt(w.a, "%s/%s.ukey", w.folder[i], serial);
    MUST_OK(folder_make(w.folder[i], 0700, &e), &e);
    MUST_OK(token_soft_create_blank(w.folder[i], serial, &e), &e);
    if (ready)
        make_ready(w.folder[i], serial);
    MUST_OK(file_read(w.a, w.key[i].path, SOFT_IMAGE_MAX, &w.key[i].image, &e), &e);
}

/* As they were: what one job did to a key is no matter of the next. */
static void put_keys_back(void)
{
    for (int i = 0; i < FOLDERS; i++) {
        int fd = open(w.key[i].path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        MUST(fd >= 0 && write(fd, w.key[i].image.p, w.key[i].image.n) == (ssize_t)w.key[i].image.n);
        close(fd);
    }
}

void fuzz_begin(void)
{
    w.a = arena_new();
    w.keys_made = 2;
    make_key(0, "keys", SERIAL, 1);
    make_key(1, "bench", BLANK, 0);
    make_key(2, "makers", MAKER, 1);
    struct pki_key *k = fuzz_key(22);
    w.certificate = certificate_of(pki_pub_spki(pki_key_pub(k)));
    pki_key_free(k);
    w.challenge =
        text_base64(w.a, (struct bytes){(const uint8_t *)"0123456789abcdef0123456789abcdef", 32});
    w.conf = (struct agent_conf){.path = "agent.conf", .servers = 1};
    w.conf.server[0] = (struct agent_server){.id = "hall",
                                             .name = "证书大厅",
                                             .origin = ORIGIN,
                                             .host = "hall.example",
                                             .keys = w.folder[0],
                                             .bench_keys = w.folder[1],
                                             .maker_keys = w.folder[2],
                                             .bench = 1};
}

/* ---- seeds: one whole job of each kind ---- */

static const char *sealed(const char *serial, int version, const char *pin)
{
    struct err_info e;
    struct bytes out;
    struct pki_key *to = fuzz_key(21);
    struct buf info;
    buf_init(&info, 512);
    buf_fmt(&info, "CERTHALL-ADMIN-PIN-v1%c%s%c4711%c%d", 0, serial, 0, 0, version);
    MUST_OK(hpke_seal(pki_key_pub(to), (struct bytes){info.p, info.n}, (struct bytes){0},
                      (struct bytes){(const uint8_t *)pin, strlen(pin)}, w.a, &out, &e),
            &e);
    buf_clear(&info);
    pki_key_free(to);
    return arena_fmt(w.a, "{\"version\":%d,\"sealed\":\"%s\"}", version, text_base64(w.a, out));
}

/* `first`: the members behind `about`; `rest`: the lines behind the first. */
static void seed(struct fuzz_seeds *s, const char *kind, const char *serial, const char *first,
                 const char *rest)
{
    fuzz_seed_text(
        s,
        arena_fmt(
            w.a,
            "{\"job\":\"7001\",\"kind\":\"%s\",\"about\":{\"order\":\"4711\",\"revision\":\"1\",\"institution\":\"泉州海丝\","
            "\"serial\":\"%s\"},%s}\n%s{\"step\":\"done\"}\n"
            "{\"finish\":\"p.F0123456789abcdefghijk\",\"code\":\"482913\",\"claimed\":false}",
            kind, serial, first, rest));
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    const char *challenge = arena_fmt(w.a, "\"data\":{\"challenge\":\"%s\"}", w.challenge);
    seed(s, "identify", "", "\"step\":\"identify\",\"data\":{\"where\":\"bench\"}", "");
    seed(
        s, "attach", "",
        "\"step\":\"confirm\",\"data\":{\"finish\":\"c.F0123456789abcdefghijk\",\"code\":\"1\"}",
        "{\"step\":\"keys\",\"data\":{\"where\":\"user\",\"every_ms\":1000}}\n{\"step\":\"keys\",\"data\":{}}\n");
    seed(s, "login", SERIAL, arena_fmt(w.a, "\"step\":\"sign\",%s", challenge), "");
    seed(s, "login", "", arena_fmt(w.a, "\"step\":\"sign\",%s", challenge), "");
    seed(s, "self_test", SERIAL, arena_fmt(w.a, "\"step\":\"test\",%s", challenge), "");
    seed(s, "change_pin", SERIAL,
         "\"step\":\"change\",\"data\":{\"policy\":{\"min\":8,\"max\":16,\"kinds\":3}}", "");
    seed(s, "diagnose", "", "\"step\":\"diagnose\",\"data\":{\"where\":\"user\"}", "");
    seed(
        s, "activate", SERIAL, "\"step\":\"key\",\"data\":{}",
        arena_fmt(
            w.a,
            "{\"step\":\"first_pin\",\"data\":{\"current\":%s,\"next\":%s,\"resume\":false,\"policy\":{\"min\":6}}}\n"
            "{}\n{\"step\":\"test\",%s}\n",
            sealed(SERIAL, 1, ADMIN_PIN), sealed(SERIAL, 2, "ADMIN-two-2"), challenge));
    seed(
        s, "produce", BLANK, "\"step\":\"key\",\"data\":{}",
        arena_fmt(
            w.a,
            "{\"step\":\"initialise\",\"data\":{\"admin\":%s,\"label\":\"泉州\",\"user_tries\":6,\"admin_tries\":10}}\n"
            "{\"step\":\"csr\",\"data\":{\"alg\":\"p256\"}}\n"
            "{\"step\":\"maker\",\"data\":{\"ukey\":\"" MAKER
            "\",\"institution\":\"泉州海丝\",\"reporting_code\":\"F3505030000117\",\"user\":\"沈\"}}\n"
            "{\"step\":\"write\",\"data\":{\"certificate\":\"%s\"}}\n{\"step\":\"prove\",%s}\n",
            sealed(BLANK, 1, ADMIN_PIN), text_base64(w.a, w.certificate), challenge));
    seed(s, "wipe", BLANK, "\"step\":\"wipe\",\"data\":{\"returned\":true}", "");
    fuzz_seed_text(s, "503 {\"code\":\"service.busy\",\"message\":\"x\",\"ref\":\"0123456789\"}");
    fuzz_seed_text(s, "302 ");
}

/* ---- one job ---- */

static void say(void *self, const char *line)
{
    (void)self;
    MUST(text_is_utf8(line, strlen(line)) || !*line);
    for (; *line; line++) /* goes to a terminal */
        MUST((unsigned char)*line >= 0x20 || *line == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _auto(arena) a = arena_new();
    struct err_info e = {0};
    struct job_report r;
    struct job_options o = {.conf = &w.conf,
                            .server = &w.conf.server[0],
                            .lang = LANG_ZH,
                            .ticket = "T0123456789abcdefghijk",
                            .no_browser = 1,
                            .say = say,
                            .key_ms = 1,
                            .patience_ms = 1,
                            .claim_ms = 1};
    struct bytes in = {data, size};
    put_keys_back();
    w.rest = arena_text_n(a, (const char *)data, size);
    w.calls = w.keys_made = 0;
    /* a server that names the PIN itself may get it back, as a label, say */
    w.tells_pins = has(in, "\\u") || has(in, USER_PIN) || has(in, NEW_PIN) || has(in, ADMIN_PIN);
    memset(&r, 0xa5, sizeof r);
    enum err err = job_run(a, &o, &r, &e);
    MUST(r.outcome <= JOB_FAILED && memchr(r.id, 0, sizeof r.id));
    if (r.finish) /* the browser is sent to our own server, and nowhere else */
        MUST(!strncmp(r.finish, ORIGIN "/agent/finish#", sizeof ORIGIN + 13) &&
             strlen(r.finish) < 200 && !strpbrk(r.finish, " \"'<>\\\r\n"));
    if (err != ERR_OK)
        fuzz_refused(err, &e);
    else if (r.outcome != JOB_DONE)
        fuzz_refused(r.why.code, &r.why);
    return 0;
}
