#include "agent/wire.h"

#include "base/text.h"
#include "base/time.h"
#include "httpc/httpc.h"
#include "pki/digest.h"
#include "pki/signer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ANSWER_MAX = 256 * 1024, PATIENCE_MS = 5 * 60 * 1000, PAUSE_MAX_MS = 10 * 1000 };

struct wire {
    struct httpc *http;
    struct pki_key *sign, *seal;
    struct pki_signer *signer;
    char *job;
    int64_t last_time; /* of the last signed request: each is later than the one before */
    int patience_ms;
};

enum err wire_new(const struct wire_options *o, struct wire **out, struct err_info *e)
{
    _auto(wire) w = mem_alloc(sizeof *w);
    *out = NULL;
    w->patience_ms = o->patience_ms ? o->patience_ms : PATIENCE_MS;
    w->http = httpc_new(&(struct httpc_options){.service = o->name,
                                                .base = o->origin,
                                                .ca_file = o->ca_file,
                                                .timeout_ms = 40000,
                                                .answer_max = ANSWER_MAX});
    TRY(pki_key_new(PKI_P256, &w->sign, e));
    TRY(pki_key_new(PKI_P256, &w->seal, e));
    TRY(pki_signer_from_key(w->sign, &w->signer, e));
    *out = steal(&w);
    return ERR_OK;
}

void wire_free(struct wire *w)
{
    if (!w)
        return;
    httpc_free(w->http);
    pki_signer_free(w->signer);
    pki_key_free(w->sign);
    pki_key_free(w->seal);
    free(w->job);
    free(w);
}

const struct pki_key *wire_seal_key(const struct wire *w)
{
    return w->seal;
}

char *wire_signed_text(struct arena *a, const char *method, const char *path, int64_t time,
                       struct bytes body)
{
    uint8_t sum[DIGEST_LEN];
    digest_sha256(body, sum);
    return arena_fmt(a, "%s\n%s\n%lld\n%s", method, path, (long long)time,
                     text_hex(a, (struct bytes){sum, sizeof sum}));
}

/* ---- one request ---- */

static enum err signature_headers(struct wire *w, struct arena *a, const char *path,
                                  struct bytes body, const char *headers[3], struct err_info *e)
{
    struct bytes sig;
    int64_t now = clock_machine();
    if (now <= w->last_time)
        now = w->last_time + 1;
    w->last_time = now;
    char *text = wire_signed_text(a, "POST", path, now, body);
    TRY(pki_sign(w->signer, (struct bytes){(const uint8_t *)text, strlen(text)}, a, &sig, e));
    headers[0] = arena_fmt(a, "X-Agent-Time: %lld", (long long)now);
    headers[1] = arena_fmt(a, "X-Agent-Signature: %s", text_base64(a, sig));
    headers[2] = NULL;
    return ERR_OK;
}

static enum err send_once(struct wire *w, const char *path, struct bytes body, int is_signed,
                          json_t **out, int *status, struct err_info *e)
{
    const char *headers[3] = {NULL};
    struct httpc_answer answer;
    _auto(arena) a = arena_new();
    *status = 0;
    if (is_signed)
        TRY(signature_headers(w, a, path, body, headers, e));
    struct httpc_request r = {.method = "POST",
                              .path = path,
                              .content_type = "application/json",
                              .body = body,
                              .headers = headers};
    TRY(httpc_send(w->http, a, &r, &answer, e));
    *status = answer.status;
    if (answer.status >= 300 && answer.status < 400)
        return err_set(e, ERR_AGENT_REFUSED, NULL, "redirected to %.200s", answer.location);
    if (answer.status < 200 || answer.status >= 300)
        return httpc_error(w->http, &answer, e);
    return json_parse(answer.body.p, answer.body.n, out, e);
}

static void pause_ms(int ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

/* Somebody who can be asked again later: no answer at all, or one that says so. A limit (429) is for a person to
 * wait out. */
static int is_away(enum err err, int status)
{
    return (err == ERR_UNAVAILABLE && status == 0) || status == 502 || status == 503 ||
           status == 504;
}

static enum err call(struct wire *w, const char *what, const struct buf *body, json_t **out,
                     struct err_info *e)
{
    _auto(arena) a = arena_new();
    char *path = arena_fmt(a, "/api/v1/agent/jobs/%s%s%s", w->job ? w->job : "", w->job ? "/" : "",
                           what);
    int64_t until = clock_monotonic() + w->patience_ms;
    int status;
    for (int wait = 500;; wait = wait < PAUSE_MAX_MS ? wait * 2 : PAUSE_MAX_MS) {
        enum err err = send_once(w, path, (struct bytes){body->p, body->n}, w->job != NULL, out,
                                 &status, e);
        if (!is_away(err, status) || clock_monotonic() + wait > until)
            return err;
        pause_ms(wait);
    }
}

/* ---- calls ---- */

static void point_member(struct json_out *j, struct arena *a, const char *key,
                         const struct pki_key *k)
{
    jout_text(j, key, text_base64(a, pki_pub_point(pki_key_pub(k))));
}

/* The id goes into a path: digits, letters and hyphens only. */
static int job_ok(const char *id)
{
    size_t n = strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_");
    return n > 0 && n <= 64 && !id[n];
}

enum err wire_fetch(struct wire *w, const char *ticket, const char *code, json_t **job,
                    struct err_info *e)
{
    const char *id;
    struct json_out j;
    _auto_buf body;
    _auto(arena) a = arena_new();
    buf_init(&body, 4096);
    jout_init(&j, &body);
    jout_object(&j, NULL);
    jout_text(&j, ticket ? "ticket" : "code", ticket ? ticket : code);
    point_member(&j, a, "agent_key", w->sign);
    point_member(&j, a, "seal_key", w->seal);
    jout_text(&j, "agent", CERTHALL_VERSION);
    jout_end(&j);
    _auto_json got = NULL;
    TRY(call(w, "fetch", &body, &got, e));
    TRY(json_get_text(got, "job", &id, e));
    if (!job_ok(id))
        return err_set(e, ERR_AGENT_REFUSED, "job", "not an id");
    w->job = mem_text(id);
    *job = steal(&got);
    return ERR_OK;
}

enum err wire_step(struct wire *w, const struct buf *body, json_t **next, struct err_info *e)
{
    return call(w, "step", body, next, e);
}

enum err wire_result(struct wire *w, const struct buf *body, json_t **answer, struct err_info *e)
{
    return call(w, "result", body, answer, e);
}
