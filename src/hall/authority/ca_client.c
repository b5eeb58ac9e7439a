#include "hall/authority/ca_client.h"

#include "base/text.h"
#include "base/time.h"
#include "hall/authority/line.h"

#include <stdlib.h>
#include <string.h>

#define SERVICE "签发系统"
enum { BODY_MAX = 64 * 1024, BATCH_MAX = 8 * 1024 * 1024, CERTIFICATE_MAX = 16384 };

struct ca_client {
    struct httpc *http;
};

struct ca_client *ca_client_new(const char *socket, const char *peer_key)
{
    struct ca_client *c = mem_alloc(sizeof *c);
    c->http = line_new(SERVICE, "http://ca", socket, peer_key);
    return c;
}

void ca_client_free(struct ca_client *c)
{
    if (!c)
        return;
    httpc_free(c->http);
    free(c);
}

enum err ca_client_batch(struct ca_client *c, const char *project, const char *format,
                         struct bytes file, struct bytes signature, struct arena *a,
                         const char **batch, struct err_info *e)
{
    struct json_out j;
    _auto_json answer = NULL;
    _auto_buf body;
    buf_init(&body, BATCH_MAX);
    jout_init(&j, &body);
    jout_object(&j, NULL);
    jout_text(&j, "project", project);
    jout_text(&j, "format", format);
    jout_text(&j, "file", text_base64(a, file));
    jout_text(&j, "signature", text_base64(a, signature));
    jout_end(&j);
    TRY(line_post(c->http, "/ca/v1/batches", &body, &answer, e));
    const char *id;
    if (json_get_text(answer, "batch", &id, e) != ERR_OK)
        return line_bad(SERVICE, e);
    *batch = arena_text(a, id);
    return ERR_OK;
}

/* ---- issuing ---- */

static void write_evidence(struct json_out *j, const struct ca_issue *r, struct arena *a)
{
    jout_list(j, "evidence");
    jout_object(j, NULL);
    jout_text(j, "kind", "regulator");
    jout_text(j, "batch", r->batch);
    jout_int(j, "row", r->row);
    jout_end(j);
    jout_object(j, NULL);
    jout_text(j, "kind", "maker");
    jout_text(j, "maker", r->maker);
    jout_text(j, "signature", text_base64(a, r->maker_signature));
    jout_end(j);
    jout_end(j);
}

static void write_issue(struct json_out *j, const struct ca_issue *r, struct arena *a)
{
    jout_object(j, NULL);
    jout_text(j, "request_id", r->request_id);
    jout_text(j, "order", r->order);
    jout_text(j, "revision", r->revision);
    jout_text(j, "profile", r->profile);
    jout_text(j, "ukey_serial", r->ukey);
    jout_text(j, "csr", text_base64(a, r->csr));
    jout_text(j, "not_before", time_rfc3339(a, r->not_before));
    jout_text(j, "not_after", time_rfc3339(a, r->not_after));
    write_evidence(j, r, a);
    jout_end(j);
}

static enum err read_issued(const json_t *answer, struct arena *a, struct ca_issued *out,
                            struct err_info *e)
{
    const char *serial;
    const json_t *link;
    size_t i;
    *out = (struct ca_issued){0};
    TRY(json_get_text(answer, "serial", &serial, e));
    out->serial = arena_text(a, serial);
    out->state = arena_text(a, json_opt_text(answer, "state", ""));
    TRY(json_get_base64(answer, "certificate", CERTIFICATE_MAX, a, &out->certificate, e));
    json_array_foreach (json_object_get(answer, "chain"), i, link) {
        struct bytes der;
        if (out->chain_n == CA_CHAIN_MAX || !json_is_string(link))
            return err_set(e, ERR_BAD_REQUEST, "chain", "link %zu", i);
        if (!text_from_base64(a, json_string_value(link), &der))
            return err_set(e, ERR_BAD_REQUEST, "chain", "link %zu", i);
        out->chain[out->chain_n++] = der;
    }
    return ERR_OK;
}

enum err ca_client_issue(struct ca_client *c, const struct ca_issue *r, struct arena *a,
                         struct ca_issued *out, struct err_info *e)
{
    struct json_out j;
    _auto_json answer = NULL;
    _auto_buf body;
    buf_init(&body, BODY_MAX);
    jout_init(&j, &body);
    write_issue(&j, r, a);
    TRY(line_post(c->http, "/ca/v1/certificates", &body, &answer, e));
    if (read_issued(answer, a, out, e) != ERR_OK)
        return line_bad(SERVICE, e);
    return ERR_OK;
}

enum err ca_client_made(struct ca_client *c, const char *request_id, struct arena *a,
                        struct ca_issued *out, struct err_info *e)
{
    _auto_json answer = NULL;
    TRY(line_get(c->http, arena_fmt(a, "/ca/v1/requests/%s", request_id), &answer, e));
    if (read_issued(answer, a, out, e) != ERR_OK)
        return line_bad(SERVICE, e);
    return ERR_OK;
}

/* ---- status ---- */

static int plain_hex(const char *s)
{
    size_t n = strspn(s, "0123456789abcdef");
    return n > 0 && n <= 40 && !s[n];
}

enum err ca_client_change(struct ca_client *c, const struct ca_status_change *in, int64_t *seq,
                          struct err_info *e)
{
    struct json_out j;
    _auto(arena) a = arena_new();
    _auto_json answer = NULL;
    _auto_buf body;
    buf_init(&body, BODY_MAX);
    if (!plain_hex(in->serial))
        return err_set(e, ERR_NOT_FOUND, "serial", "not a serial");
    jout_init(&j, &body);
    jout_object(&j, NULL);
    jout_text(&j, "actor", in->actor);
    if (in->second)
        jout_text(&j, "second_actor", in->second);
    if (in->reason)
        jout_text(&j, "reason", in->reason);
    jout_end(&j);
    TRY(line_post(c->http, arena_fmt(a, "/ca/v1/certificates/%s/%s", in->serial, in->change), &body,
                  &answer, e));
    if (json_get_int(answer, "seq", seq, e) != ERR_OK)
        return line_bad(SERVICE, e);
    return ERR_OK;
}

enum err ca_client_state(struct ca_client *c, const char *serial, struct arena *a,
                         const char **state, struct err_info *e)
{
    _auto_json answer = NULL;
    const char *text;
    if (!plain_hex(serial))
        return err_set(e, ERR_NOT_FOUND, "serial", "not a serial");
    TRY(line_get(c->http, arena_fmt(a, "/ca/v1/certificates/%s", serial), &answer, e));
    if (json_get_text(answer, "state", &text, e) != ERR_OK)
        return line_bad(SERVICE, e);
    *state = arena_text(a, text);
    return ERR_OK;
}

/* ---- anchors ---- */

enum err ca_client_anchor(struct ca_client *c, const char *heads, struct arena *a,
                          const char **ca_head, struct err_info *e)
{
    int64_t n;
    const char *hash;
    _auto_json answer = NULL;
    _auto_buf body;
    buf_init(&body, BODY_MAX);
    buf_text(&body, heads);
    TRY(line_post(c->http, "/ca/v1/anchors", &body, &answer, e));
    if (json_get_int(answer, "n", &n, e) != ERR_OK ||
        json_get_text(answer, "hash", &hash, e) != ERR_OK)
        return line_bad(SERVICE, e);
    *ca_head = arena_fmt(a, "{\"n\":\"%lld\",\"hash\":\"%s\"}", (long long)n, hash);
    return ERR_OK;
}

enum err ca_client_last_anchor(struct ca_client *c, struct arena *a, const char **heads,
                               struct err_info *e)
{
    _auto_json answer = NULL;
    TRY(line_get(c->http, "/ca/v1/anchors/last", &answer, e));
    const json_t *list = json_object_get(answer, "heads");
    *heads = "";
    if (json_array_size(list) == 0)
        return ERR_OK;
    char *text = json_dumps(list, JSON_COMPACT);
    *heads = arena_fmt(a, "{\"heads\":%s}", text);
    free(text);
    return ERR_OK;
}

enum err ca_client_health(struct ca_client *c, struct err_info *e)
{
    _auto_json answer = NULL;
    return line_get(c->http, "/ca/v1/health", &answer, e);
}
