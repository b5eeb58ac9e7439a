/* The administrator's socket: whom the kmc believes, what it has, judicial recovery, and its chains. */
#include "kmc/api_priv.h"

#include "base/text.h"
#include "pki/cert.h"
#include "pki/pem.h"

#include <string.h>

static void put_done(struct httpd_reply *reply)
{
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "state", "done");
    jout_end(&j);
}

static enum err put_walk(struct httpd_reply *reply, int64_t links, int64_t bad)
{
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_int(&j, "links", links);
    jout_int(&j, "first_bad", bad);
    jout_end(&j);
    return ERR_OK;
}

static struct bytes as_bytes(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* ---- chains ---- */

enum err kmc_api_audit(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    (void)r;
    const struct kmc_api *api = app;
    int64_t links, bad;
    TRY(kmc_audit_verify(api->kmc, &links, &bad, e));
    return put_walk(reply, links, bad);
}

enum err kmc_api_judicial_audit(struct httpd_request *r, struct httpd_reply *reply, void *app,
                                struct err_info *e)
{
    (void)r;
    const struct kmc_api *api = app;
    int64_t links, bad;
    TRY(kmc_judicial_verify(api->kmc, &links, &bad, e));
    return put_walk(reply, links, bad);
}

/* ---- whom the kmc believes ---- */

enum err kmc_api_enter_ca(struct httpd_request *r, struct httpd_reply *reply, void *app,
                          struct err_info *e)
{
    const struct kmc_api *api = app;
    const json_t *in;
    const char *name, *pem, *by;
    struct bytes spki;
    TRY(httpd_json(r, &in, e));
    TRY(json_get_text(in, "name", &name, e));
    TRY(json_get_text(in, "public_key", &pem, e));
    TRY(json_get_text(in, "by", &by, e));
    TRY(pem_decode(r->arena, as_bytes(pem), "PUBLIC KEY", &spki, e));
    TRY(kmc_ca_enter(api->kmc, name, spki, by, e));
    put_done(reply);
    return ERR_OK;
}

/* "signatures": [{custodian, signature} twice]; *out is NULL where it is left out. */
static enum err get_signatures(const json_t *in, struct arena *a, const struct kmc_signed **out,
                               struct err_info *e)
{
    const json_t *list = json_object_get(in, "signatures");
    struct kmc_signed *two = arena_alloc(a, KMC_CUSTODIANS * sizeof *two);
    *out = NULL;
    if (!list)
        return ERR_OK;
    if (json_array_size(list) != KMC_CUSTODIANS) {
        err_set(e, ERR_BAD_REQUEST, "signatures", NULL);
        err_arg(e, "why", "signatures: must be a list of two");
        return ERR_BAD_REQUEST;
    }
    for (size_t i = 0; i < KMC_CUSTODIANS; i++) {
        const json_t *one = json_array_get(list, i);
        TRY(json_get_text(one, "custodian", &two[i].custodian, e));
        TRY(json_get_base64(one, "signature", KMC_SIGNATURE_MAX, a, &two[i].signature, e));
    }
    *out = two;
    return ERR_OK;
}

enum err kmc_api_enter_custodian(struct httpd_request *r, struct httpd_reply *reply, void *app,
                                 struct err_info *e)
{
    const struct kmc_api *api = app;
    const json_t *in;
    const char *name, *pem, *by;
    struct bytes der;
    const struct kmc_signed *two;
    TRY(httpd_json(r, &in, e));
    TRY(json_get_text(in, "name", &name, e));
    TRY(json_get_text(in, "certificate", &pem, e));
    TRY(json_get_text(in, "by", &by, e));
    TRY(get_signatures(in, r->arena, &two, e));
    TRY(cert_decode(as_bytes(pem), r->arena, &der, e));
    TRY(kmc_custodian_enter(api->kmc, name, der, by, two, e));
    put_done(reply);
    return ERR_OK;
}

enum err kmc_api_end_custodian(struct httpd_request *r, struct httpd_reply *reply, void *app,
                               struct err_info *e)
{
    const struct kmc_api *api = app;
    const json_t *in;
    const char *by;
    const struct kmc_signed *two;
    TRY(httpd_json(r, &in, e));
    TRY(json_get_text(in, "by", &by, e));
    TRY(get_signatures(in, r->arena, &two, e));
    TRY(kmc_custodian_end(api->kmc, httpd_param(r, "serial"), by, two, e));
    put_done(reply);
    return ERR_OK;
}

/* ---- judicial recovery ---- */

enum err kmc_api_judicial(struct httpd_request *r, struct httpd_reply *reply, void *app,
                          struct err_info *e)
{
    const struct kmc_api *api = app;
    const json_t *in;
    struct escrow_judicial request = {0};
    const struct kmc_signed *two;
    struct escrow_pair pair;
    TRY(httpd_json(r, &in, e));
    TRY(json_get_text(in, "ca", &request.ca, e));
    TRY(json_get_text(in, "enc_serial", &request.enc_serial, e));
    TRY(json_get_text(in, "document", &request.document, e));
    TRY(json_get_text(in, "reason", &request.reason, e));
    TRY(json_get_base64(in, "seal_key", PKI_SPKI_MAX, r->arena, &request.seal_key, e));
    TRY(get_signatures(in, r->arena, &two, e));
    TRY(kmc_judicial(api->kmc, &request, two, r->arena, &pair, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    kmc_api_put_pair(&j, &pair, r->arena);
    return ERR_OK;
}

/* ---- what there is ---- */

static void put_entry(struct json_out *j, const struct kmc_entry *v, struct arena *a)
{
    jout_object(j, NULL);
    jout_text(j, "name", v->name);
    if (v->serial)
        jout_text(j, "serial", v->serial);
    if (v->spki.n)
        jout_text(j, "key", text_base64(a, v->spki));
    jout_text(j, "entered_by", v->entered_by);
    jout_text(j, "entered_at", time_rfc3339(a, v->entered_at));
    if (v->ended_at) {
        jout_text(j, "ended_by", v->ended_by);
        jout_text(j, "ended_at", time_rfc3339(a, v->ended_at));
    }
    jout_end(j);
}

static void put_entries(struct json_out *j, const char *key, const struct kmc_entries *v,
                        struct arena *a)
{
    jout_list(j, key);
    for (size_t i = 0; i < v->n; i++)
        put_entry(j, &v->entry[i], a);
    jout_end(j);
}

enum err kmc_api_trust(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    const struct kmc_api *api = app;
    struct kmc_entries cas, custodians;
    struct kmc_pool_sum sum[KMC_POOLS];
    TRY(kmc_trust_list(api->kmc, r->arena, &cas, &custodians, e));
    TRY(kmc_pool_sums(api->kmc, sum, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "answer_key",
              pem_encode(r->arena, "PUBLIC KEY", pki_pub_spki(kmc_answer_key(api->kmc))));
    put_entries(&j, "cas", &cas, r->arena);
    put_entries(&j, "custodians", &custodians, r->arena);
    jout_list(&j, "pools");
    for (int i = 0; i < KMC_POOLS; i++) {
        jout_object(&j, NULL);
        jout_text(&j, "algorithm", pki_alg_text(sum[i].alg));
        jout_int(&j, "wanted", sum[i].wanted);
        jout_int(&j, "ready", sum[i].ready);
        jout_int(&j, "given", sum[i].given);
        jout_end(&j);
    }
    jout_end(&j);
    jout_end(&j);
    return ERR_OK;
}
