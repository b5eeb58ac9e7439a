/* What the hall reads from an agent: the calls of one job, a line each, at the routes of a whole hall with a ca and a kmc behind it.
 * The first octet chooses the kind of job: i a l c d s p. A line is "fetch {…}", "step {…}" or "result {…}"; $T, $C, $K and $S stand for
 * the job's ticket and code and the agent's two keys. Where the first line is no fetch the target fetches first. Requests are signed by
 * the job's key, as a person with an agent of his own can do; behind '!' by another one, which must never be taken. */
#include "serve.h"

#include "agentapi/agentapi.h"
#include "base/text.h"
#include "hall/limit/limit.h"
#include "pki/digest.h"
#include "pki/signer.h"
#include "whole.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { A_NEW_HALL = 4000, LINES_MAX = 12 };

static struct {
    struct whole *whole;
    struct httpd *server;
    const char *path;
    struct pki_signer *sign, *other;
    struct pki_key *key, *other_key, *seal;
    int64_t time;
    int inputs, halls;
    /* of one input */
    struct job job;
    char id[32];
} w;

/* ---- in the place of what counts how often somebody asks ---- */

enum err __wrap_limit_take(struct hall_tx *tx, enum limit_use use, const char *who,
                           struct err_info *e);
enum err __wrap_limit_take(struct hall_tx *tx, enum limit_use use, const char *who,
                           struct err_info *e)
{
    (void)tx, (void)use, (void)who, (void)e;
    return ERR_OK;
}

static void close_hall(void)
{
    void *state = w.whole;
    httpd_free(w.server);
    w.server = NULL;
    if (w.whole)
        whole_teardown(&state);
    w.whole = NULL;
    free((void *)(uintptr_t)w.path);
    w.path = NULL;
}

static void open_hall(void)
{
    static const struct httpd_options options = {.workers = 1};
    struct err_info e;
    void *state;
    char name[16];
    close_hall();
    MUST(whole_setup(&state) == 0);
    w.whole = state;
    snprintf(name, sizeof name, "hall-%d", ++w.halls);
    w.server = httpd_new(&options);
    w.path = fuzz_listen(w.server, name, 0);
    agentapi_mount(w.server, w.whole->h);
    MUST_OK(httpd_start(w.server, &e), &e);
}

void fuzz_begin(void)
{
    struct err_info e;
    w.key = fuzz_key(40);
    w.other_key = fuzz_key(41);
    w.seal = fuzz_key(42);
    MUST_OK(pki_signer_from_key(w.key, &w.sign, &e), &e);
    MUST_OK(pki_signer_from_key(w.other_key, &w.other, &e), &e);
    open_hall();
    atexit(close_hall);
}

#define KEY                                                                                                       \
    "{\"serial\":\"" SERIAL                                                                                       \
    "\",\"label\":\"x\",\"driver\":\"soft\",\"state\":\"blank\",\"user_left\":4,\"user_max\":6,\"admin_left\":9," \
    "\"admin_max\":10,\"first_pin\":true,\"containers\":[{\"name\":\"a\",\"alg\":\"p256\",\"certificate\":null}]}"
#define DONE "result {\"outcome\":\"done\",\"step\":\"done\"}"

void fuzz_seeds(struct fuzz_seeds *s)
{
    static const char *const seeds[] = {
        "ifetch {\"ticket\":\"$T\",\"agent_key\":\"$K\",\"seal_key\":\"$S\",\"agent\":\"0.1.0\"}\n"
        "step {\"step\":\"identify\",\"data\":{\"keys\":[" KEY "]}}\n" DONE,
        "ifetch {\"code\":\"$C\",\"agent_key\":\"$K\",\"seal_key\":\"$S\"}\nstep {\"step\":\"identify\",\"progress\":{\"state\":\"pulled\",\"serial\":\"" SERIAL
        "\"}}\n!step {\"step\":\"identify\",\"data\":{\"keys\":[]}}",
        "astep {\"step\":\"confirm\",\"data\":{}}\nstep {\"step\":\"keys\",\"data\":{\"keys\":[]}}\n" DONE,
        "lstep {\"step\":\"sign\",\"data\":{\"ukey\":\"" SERIAL
        "\",\"container\":\"a\",\"certificate\":\"MAMCAQA=\",\"signature\":\"MAMCAQA=\"}}\nresult {\"outcome\":\"failed\",\"code\":\"token.locked\","
        "\"step\":\"sign\",\"keys\":[" KEY "]}",
        "cstep {\"step\":\"change\",\"data\":{\"key\":" KEY "}}\n" DONE,
        "dstep {\"step\":\"diagnose\",\"data\":{\"keys\":[" KEY
        "],\"agent\":\"1\",\"system\":\"Linux\",\"checks\":[{\"name\":\"config\",\"ok\":true,\"detail\":\"\"}]}}\n" DONE,
        "sstep {\"step\":\"test\",\"data\":{\"ukey\":\"x\",\"certificate\":\"\",\"signature\":\"\"}}\nresult {\"outcome\":\"cancelled\"}",
        "pstep {\"step\":\"key\",\"data\":{\"key\":" KEY
        ",\"journal\":null}}\nstep {\"step\":\"initialise\",\"data\":{\"admin_version\":1,\"key\":" KEY
        "}}\nstep {\"step\":\"csr\",\"data\":{\"container\":\"4711\",\"csr\":\"MAMCAQA=\",\"public_key\":\"MAMCAQA=\"}}\n"
        "step {\"step\":\"maker\",\"data\":{\"certificate\":\"MAMCAQA=\",\"signature\":\"MAMCAQA=\"}}\nresult {\"outcome\":\"failed\",\"step\":\"maker\",\"count\":17}",
    };
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        fuzz_seed_text(s, seeds[i]);
}

/* ---- one call ---- */

static const char *filled(struct arena *a, const char *text)
{
    struct buf b;
    buf_init(&b, 60000);
    for (; *text; text++) {
        const char *value = text[0] != '$'   ? NULL
                            : text[1] == 'T' ? w.job.ticket
                            : text[1] == 'C' ? w.job.code
                            : text[1] == 'K' ? text_base64(a, pki_pub_point(pki_key_pub(w.key)))
                            : text[1] == 'S' ? text_base64(a, pki_pub_point(pki_key_pub(w.seal)))
                                             : NULL;
        if (value)
            buf_text(&b, value);
        else
            buf_byte(&b, (uint8_t)*text);
        text += value != NULL;
    }
    char *out = arena_text_n(a, (const char *)b.p, b.n);
    buf_clear(&b);
    return out;
}

static const char *signature_of(struct arena *a, const char *path, const char *body, int forged)
{
    struct err_info e;
    uint8_t sum[DIGEST_LEN];
    struct bytes sig;
    int64_t now = clock_machine();
    w.time = now > w.time ? now : w.time + 1;
    digest_sha256((struct bytes){(const uint8_t *)body, strlen(body)}, sum);
    const char *text = arena_fmt(a, "POST\n%s\n%lld\n%s", path, (long long)w.time,
                                 text_hex(a, (struct bytes){sum, sizeof sum}));
    MUST_OK(pki_sign(forged ? w.other : w.sign, (struct bytes){(const uint8_t *)text, strlen(text)},
                     a, &sig, &e),
            &e);
    return text_base64(a, sig);
}

static void call(struct arena *a, const char *what, const char *text, int forged)
{
    _auto_answer answer;
    struct buf b;
    const char *body = filled(a, text);
    int fetch = !strcmp(what, "fetch");
    const char *path = fetch ? "/api/v1/agent/jobs/fetch"
                             : arena_fmt(a, "/api/v1/agent/jobs/%s/%s", w.id, what);
    buf_init(&b, 1 << 17);
    buf_fmt(
        &b,
        "POST %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n",
        path, strlen(body));
    if (!fetch) {
        const char *signature = signature_of(a, path, body, forged);
        buf_fmt(&b, "X-Agent-Time: %lld\r\nX-Agent-Signature: %s\r\n", (long long)w.time,
                signature);
    }
    buf_fmt(&b, "\r\n%s", body);
    fuzz_ask(w.path, (struct bytes){b.p, b.n}, &answer);
    buf_clear(&b);
    fuzz_checked(&answer);
    MUST(!forged || fetch || answer.status != 200);
    if (answer.status != 200)
        return;
    MUST(json_is_object(answer.json));
    if (fetch) {
        const char *id = json_opt_text(answer.json, "job", "");
        MUST(*id && strlen(id) < sizeof w.id && strspn(id, "0123456789") == strlen(id));
        snprintf(w.id, sizeof w.id, "%s", id);
    }
    if (strcmp(what, "result") != 0)
        MUST(*json_opt_text(answer.json, "step", "") &&
             json_is_object(json_object_get(answer.json, "data")));
}

static int make_job(char letter)
{
    static const char letters[] = "ialcdsp";
    static const enum job_kind kinds[] = {JOB_IDENTIFY, JOB_ATTACH,    JOB_LOGIN,  JOB_CHANGE_PIN,
                                          JOB_DIAGNOSE, JOB_SELF_TEST, JOB_PRODUCE};
    const char *at = letter ? strchr(letters, letter) : NULL;
    if (!at)
        return 0;
    struct whole *x = w.whole;
    enum job_kind kind = kinds[at - letters];
    struct job_new n = {
        .kind = kind, .browser = kind == JOB_PRODUCE ? BENCH_BROWSER : USER_BROWSER, .project = P};
    if (kind == JOB_PRODUCE)
        n.order = x->order;
    const struct actor *who = kind == JOB_PRODUCE                         ? &x->xu
                              : kind == JOB_IDENTIFY || kind == JOB_LOGIN ? &hall_system
                                                                          : &x->o.shen;
    return whole_make(x, who, &n, &w.job) == ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (++w.inputs % A_NEW_HALL == 0)
        open_hall();
    if (!make_job((char)data[0]))
        return 0;
    _auto(arena) a = arena_new();
    char *rest = arena_text_n(a, (const char *)data + 1, size - 1), *line;
    snprintf(w.id, sizeof w.id, "1");
    if (strncmp(rest, "fetch ", 6) != 0)
        call(a, "fetch",
             "{\"ticket\":\"$T\",\"agent_key\":\"$K\",\"seal_key\":\"$S\",\"agent\":\"0.1.0\"}", 0);
    for (int i = 0; i < LINES_MAX && (line = strsep(&rest, "\n")); i++) {
        int forged = *line == '!';
        line += forged;
        char *text = strchr(line, ' ');
        if (!text)
            continue;
        *text++ = 0;
        if (!strcmp(line, "fetch") || !strcmp(line, "step") || !strcmp(line, "result"))
            call(a, line, text, forged);
    }
    return 0;
}
