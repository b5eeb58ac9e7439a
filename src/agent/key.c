/* Keys for a job: finding the right one, the PIN, signing, and how the protocol shows a key. */
#include "agent/job.h"

#include "base/text.h"
#include "base/time.h"
#include "pki/digest.h"
#include "pki/evidence.h"
#include "pki/hpke.h"

#include <stdio.h>
#include <string.h>

enum { KEY_WAIT_MS = 10 * 60 * 1000, TELL_MS = 5000 };

enum job_where job_where_of(const json_t *data)
{
    return !strcmp(json_opt_text(data, "where", "user"), "bench") ? JOB_BENCH : JOB_USER;
}

/* ---- how a key is shown ---- */

static const char *const alg_texts[] = {
    [TOKEN_P256] = "p256", [TOKEN_SM2] = "sm2", [TOKEN_RSA2048] = "rsa2048"};

int key_alg_from_text(const char *text, enum token_alg *out)
{
    for (int i = TOKEN_P256; i <= TOKEN_RSA2048; i++)
        if (strcmp(alg_texts[i], text) == 0) {
            *out = (enum token_alg)i;
            return 1;
        }
    return 0;
}

static enum err container_write(struct token *t, const struct token_container *c, struct arena *a,
                                struct json_out *out, struct err_info *e)
{
    struct bytes der;
    uint8_t sum[DIGEST_LEN];
    jout_object(out, NULL);
    jout_text(out, "name", c->name);
    jout_text(out, "alg", alg_texts[c->alg]);
    if (c->has_certificate) {
        TRY(token_certificate(t, c->name, a, &der, e));
        digest_sha256(der, sum);
        jout_text(out, "certificate", text_hex(a, (struct bytes){sum, sizeof sum}));
    } else {
        jout_null(out, "certificate");
    }
    jout_end(out);
    return ERR_OK;
}

static enum err containers_write(struct token_place *p, const struct token_info *info,
                                 struct json_out *out, struct err_info *e)
{
    struct token_container *list;
    size_t n;
    _auto(arena) a = arena_new();
    _auto(token) t = NULL;
    TRY(token_open(p, info->serial, &t, e));
    TRY(token_containers(t, a, &list, &n, e));
    for (size_t i = 0; i < n; i++)
        TRY(container_write(t, &list[i], a, out, e));
    return ERR_OK;
}

enum err key_write(struct token_place *p, const struct token_info *info, struct json_out *out,
                   const char *member, struct err_info *e)
{
    static const char *const states[] = {"blank", "ready", "damaged"};
    jout_object(out, member);
    jout_text(out, "serial", info->serial);
    jout_text(out, "state", states[info->state]);
    enum err err = ERR_OK;
    if (info->state != TOKEN_STATE_DAMAGED) {
        jout_text(out, "label", info->label);
        jout_text(out, "driver", info->driver);
        jout_int(out, "user_left", info->user_left);
        jout_int(out, "user_max", info->user_max);
        jout_int(out, "admin_left", info->admin_left);
        jout_int(out, "admin_max", info->admin_max);
        jout_bool(out, "first_pin", info->first_pin);
        jout_list(out, "containers");
        if (info->state == TOKEN_STATE_READY)
            err = containers_write(p, info, out, e);
        jout_end(out);
    }
    jout_end(out);
    return err;
}

static enum err too_many(struct job *j, size_t n, struct err_info *e)
{
    j->plugged = (int)n;
    err_set(e, ERR_JOB_MANY_KEYS, "keys", NULL);
    err_arg(e, "count", "%zu", n);
    err_arg(e, "max", "%d", JOB_KEYS_MAX);
    return ERR_JOB_MANY_KEYS;
}

enum err keys_write(struct job *j, struct token_place *p, struct json_out *out, struct err_info *e)
{
    struct token_info *list;
    size_t n;
    _auto(arena) a = arena_new();
    TRY(token_list(p, a, &list, &n, e));
    if (n > JOB_KEYS_MAX)
        return too_many(j, n, e);
    jout_list(out, "keys");
    for (size_t i = 0; i < n; i++)
        TRY(key_write(p, &list[i], out, NULL, e));
    jout_end(out);
    return ERR_OK;
}

enum err job_key_write(struct job *j, struct json_out *out, struct err_info *e)
{
    struct token_info info;
    TRY(token_info(j->token, &info, e));
    return key_write(j->place[j->kind->where], &info, out, "key", e);
}

/* ---- waiting ---- */

static int64_t key_deadline(const struct job *j)
{
    return clock_monotonic() + (j->o->key_ms ? j->o->key_ms : KEY_WAIT_MS);
}

static void say_waiting(struct job *j, const char *serial)
{
    if (serial)
        job_say_line(
            j, text_fill(j->arena, TEXT_WAITING, j->o->lang, text_serial(j->arena, serial), NULL));
    else
        job_say_line(j, text_of(TEXT_WAITING_ANY, j->o->lang));
}

/* A slice of waiting for a change in the place, and a word to the page. */
static enum err wait_slice(struct job *j, struct token_place *p, const char *serial, int64_t until,
                           struct err_info *e)
{
    struct token_event event;
    int got;
    int64_t left = until - clock_monotonic();
    if (left <= 0)
        return err_set(e, ERR_TOKEN_REMOVED, "serial", "waited for %s", serial ? serial : "a key");
    TRY(job_progress(j, "waiting_key", serial, e));
    return token_wait(p, left < TELL_MS ? (int)left : TELL_MS, &event, &got, e);
}

enum err job_token(struct job *j, enum job_where where, const char *serial, struct err_info *e)
{
    struct token_place *p;
    if (j->token && !strcmp(j->token_serial, serial)) {
        struct token_info info;
        if (token_info(j->token, &info, e) != ERR_TOKEN_REMOVED)
            return ERR_OK;
    }
    TRY(job_place(j, where, &p, e));
    token_free(j->token);
    j->token = NULL;
    j->logged_in = 0;
    int64_t until = key_deadline(j);
    for (int said = 0;; said = 1) {
        enum err err = token_open(p, serial, &j->token, e);
        if (err == ERR_OK)
            snprintf(j->token_serial, sizeof j->token_serial, "%s", serial);
        if (err != ERR_TOKEN_REMOVED)
            return err;
        if (!said)
            say_waiting(j, serial);
        TRY(wait_slice(j, p, serial, until, e));
    }
}

enum err job_any_key(struct job *j, enum job_where where, struct err_info *e)
{
    struct token_place *p;
    TRY(job_place(j, where, &p, e));
    int64_t until = key_deadline(j);
    _auto(arena) a = arena_new();
    for (int said = 0;; said = 1) {
        struct token_info *list;
        size_t n;
        TRY(token_list(p, a, &list, &n, e));
        if (n)
            return ERR_OK;
        if (!said)
            say_waiting(j, NULL);
        TRY(wait_slice(j, p, NULL, until, e));
    }
}

/* ---- PIN and signature ---- */

enum err job_login(struct job *j, struct token *t, struct token_pin *keep, struct err_info *e)
{
    struct token_info info;
    int wrong = 0;
    for (;;) {
        _auto_pin pin = {""};
        TRY(token_info(t, &info, e));
        if (info.state == TOKEN_STATE_READY && info.user_left == 0)
            return err_set(e, ERR_TOKEN_LOCKED, NULL, NULL);
        TRY(job_progress(j, "asking_pin", info.serial, e));
        job_say_line(j, text_of(TEXT_IN_WINDOW, j->o->lang));
        TRY(ask_pin(&j->ask, info.serial, info.user_left, info.user_max, wrong, &pin, e));
        enum err err = token_login(t, &pin, e);
        if (err == ERR_OK && keep)
            *keep = pin;
        if (err == ERR_OK)
            return job_progress(j, "working", info.serial, e);
        if (err != ERR_TOKEN_PIN_WRONG)
            return err;
        wrong = 1;
    }
}

enum err job_container(struct token *t, struct arena *a, const char **name,
                       struct bytes *certificate, struct err_info *e)
{
    struct token_container *list;
    size_t n;
    TRY(token_containers(t, a, &list, &n, e));
    while (n-- > 0) {
        if (!list[n].has_certificate)
            continue;
        *name = list[n].name;
        return token_certificate(t, *name, a, certificate, e);
    }
    return err_set(e, ERR_TOKEN_NO_KEY, NULL, "no container with a certificate");
}

enum err job_sign(struct job *j, const char *op, const char *container, const char *challenge,
                  const char *order, const char *certificate, struct bytes *out, struct err_info *e)
{
    struct evidence_field field[4];
    struct bytes raw, message;
    size_t n = 0;
    if (!text_from_base64(j->arena, challenge, &raw) || raw.n < 16 || raw.n > 64)
        return job_refuse(e, "challenge");
    field[n++] = evidence_text("challenge", challenge);
    field[n++] = evidence_text("ukey", j->token_serial);
    if (order)
        field[n++] = evidence_text("order", order);
    if (certificate)
        field[n++] = evidence_text("certificate", certificate);
    TRY(evidence_agent_bytes(op, j->o->server->origin, j->id, field, n, j->arena, &message, e));
    return token_sign(j->token, container, message, j->arena, out, e);
}

enum err job_unseal(struct job *j, const json_t *from, int64_t *version, struct token_pin *out,
                    struct err_info *e)
{
    struct bytes sealed, plain;
    _auto(arena) a = arena_new();
    _auto_buf info;
    buf_init(&info, 512);
    TRY(json_get_int(from, "version", version, e));
    TRY(json_get_base64(from, "sealed", 512, a, &sealed, e));
    buf_text(&info, "CERTHALL-ADMIN-PIN-v1");
    buf_byte(&info, 0);
    buf_text(&info, j->serial);
    buf_byte(&info, 0);
    buf_text(&info, j->order);
    buf_byte(&info, 0);
    buf_fmt(&info, "%lld", (long long)*version);
    TRY(hpke_open(wire_seal_key(j->wire), (struct bytes){info.p, info.n}, (struct bytes){0}, sealed,
                  a, &plain, e));
    if (plain.n > TOKEN_PIN_MAX || memchr(plain.n ? plain.p : (const uint8_t *)"", 0, plain.n))
        return job_refuse(e, "admin PIN");
    char *text = arena_text_n(a, (const char *)plain.p, plain.n);
    return token_pin_set(out, text, e);
}
