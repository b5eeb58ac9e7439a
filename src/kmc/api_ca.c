/* The ca's socket: pairs for its certificates. */
#include "kmc/api_priv.h"

#include "base/text.h"

#include <string.h>

/* Of a member of keys[i]: its name with the item's in front. */
static enum err in_item(enum err code, size_t i, struct err_info *e)
{
    char field[sizeof e->field];
    snprintf(field, sizeof field, "keys[%zu].%.60s", i, e->field);
    memcpy(e->field, field, sizeof field);
    return code;
}

static enum err get_time(const json_t *in, const char *key, int64_t *out, struct err_info *e)
{
    const char *text;
    TRY(json_get_text(in, key, &text, e));
    if (time_parse_rfc3339(text, out))
        return ERR_OK;
    err_set(e, ERR_BAD_REQUEST, key, NULL);
    err_arg(e, "why", "%s: must be a time as in RFC 3339", key);
    return ERR_BAD_REQUEST;
}

static enum err read_item(const json_t *in, enum escrow_act act, struct arena *a,
                          struct escrow_item *out, struct err_info *e)
{
    const char *algorithm;
    TRY(json_get_text(in, "request_id", &out->request_id, e));
    TRY(json_get_text(in, "enc_serial", &out->enc_serial, e));
    TRY(json_get_text(in, "user", &out->user, e));
    TRY(json_get_base64(in, "sign_key", PKI_SPKI_MAX, a, &out->sign_key, e));
    if (act == ESCROW_RECOVER)
        return ERR_OK;
    TRY(json_get_text(in, "algorithm", &algorithm, e));
    if (!pki_alg_from_text(algorithm, &out->algorithm))
        out->algorithm = PKI_P256; /* which has no pairs either: refused with what is allowed */
    TRY(get_time(in, "not_before", &out->not_before, e));
    return get_time(in, "not_after", &out->not_after, e);
}

static enum err read_items(const json_t *list, struct escrow_request *r, struct arena *a,
                           struct err_info *e)
{
    r->n = json_is_array(list) ? json_array_size(list) : 0;
    if (r->n == 0 || r->n > ESCROW_LIST_MAX) {
        err_set(e, ERR_BAD_REQUEST, "keys", "%zu items", r->n);
        err_arg(e, "why", "keys: must be a list of 1 to %d", ESCROW_LIST_MAX);
        return ERR_BAD_REQUEST;
    }
    struct escrow_item *item = arena_alloc(a, r->n * sizeof *item);
    r->item = item;
    for (size_t i = 0; i < r->n; i++) {
        enum err read = read_item(json_array_get(list, i), r->act, a, &item[i], e);
        if (read != ERR_OK)
            return in_item(read, i, e);
    }
    return ERR_OK;
}

static void put_base64(struct json_out *j, const char *key, struct bytes b, struct arena *a)
{
    if (b.n)
        jout_text(j, key, text_base64(a, b));
}

void kmc_api_put_pair(struct json_out *j, const struct escrow_pair *p, struct arena *a)
{
    jout_object(j, NULL);
    if (p->request_id)
        jout_text(j, "request_id", p->request_id);
    jout_text(j, "enc_serial", p->enc_serial);
    if (p->error)
        jout_text(j, "error", p->error);
    put_base64(j, "spki", p->spki, a);
    put_base64(j, "envelope", p->envelope, a);
    put_base64(j, "blob", p->blob, a);
    jout_end(j);
}

static void put_answer(struct httpd_reply *reply, const struct kmc_keys_answer *v, struct arena *a)
{
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_int(&j, "at", v->answer.at);
    jout_list(&j, "keys");
    for (size_t i = 0; i < v->answer.n; i++)
        kmc_api_put_pair(&j, &v->answer.pair[i], a);
    jout_end(&j);
    put_base64(&j, "signature", v->signature, a);
    jout_end(&j);
}

static enum err answer(struct httpd_request *r, struct httpd_reply *reply,
                       const struct kmc_api *api, enum escrow_act act, struct err_info *e)
{
    const json_t *in;
    struct escrow_request request = {.act = act};
    struct bytes signature;
    struct kmc_keys_answer out;
    TRY(httpd_json(r, &in, e));
    TRY(json_get_text(in, "ca", &request.ca, e));
    TRY(json_get_int(in, "at", &request.at, e));
    TRY(json_get_base64(in, "signature", KMC_SIGNATURE_MAX, r->arena, &signature, e));
    TRY(read_items(json_object_get(in, "keys"), &request, r->arena, e));
    TRY(kmc_keys(api->kmc, &request, signature, r->arena, &out, e));
    put_answer(reply, &out, r->arena);
    return ERR_OK;
}

enum err kmc_api_keys(struct httpd_request *r, struct httpd_reply *reply, void *app,
                      struct err_info *e)
{
    return answer(r, reply, app, ESCROW_GIVE, e);
}

enum err kmc_api_recoveries(struct httpd_request *r, struct httpd_reply *reply, void *app,
                            struct err_info *e)
{
    return answer(r, reply, app, ESCROW_RECOVER, e);
}
