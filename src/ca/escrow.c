#include "ca/escrow.h"

#include "base/sys.h"
#include "base/text.h"
#include "base/time.h"
#include "httpc/httpc.h"
#include "pki/envelope.h"
#include "pki/pem.h"
#include "pki/signer.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_FILE_MAX = 4096, BODY_MAX = 256 << 10, SIGNATURE_MAX = 512 };

struct ca_escrow {
    struct httpc *http;
    struct pki_signer *signer;
    struct pki_pub *kmc;
    char *name;
};

static char *request_path(const char *data, struct arena *a)
{
    return arena_fmt(a, "%s/keys/kmc-request.pem", data);
}

static char *kmc_path(const char *data, struct arena *a)
{
    return arena_fmt(a, "%s/kmc.pub", data);
}

/* ---- making and opening ---- */

static enum err make_request_key(const char *data, struct arena *a, struct pki_key **key,
                                 struct err_info *e)
{
    struct bytes pem;
    if (file_read(a, request_path(data, a), KEY_FILE_MAX, &pem, e) == ERR_OK)
        return pki_key_load(pem, NULL, key, e);
    if (e->code != ERR_NOT_FOUND)
        return e->code;
    TRY(folder_make(arena_fmt(a, "%s/keys", data), 0700, e));
    TRY(pki_key_new(PKI_SM2, key, e));
    TRY(pki_key_save(*key, NULL, a, &pem, e));
    return file_replace(request_path(data, a), pem, 0600, e);
}

enum err ca_escrow_init(const char *data, struct bytes kmc_key, struct arena *a,
                        struct bytes *request_key, struct err_info *e)
{
    _auto(pki_key) key = NULL;
    TRY(make_request_key(data, a, &key, e));
    struct bytes spki = pki_pub_spki(pki_key_pub(key));
    *request_key = arena_bytes(a, spki.p, spki.n);
    const char *pem = pem_encode(a, "PUBLIC KEY", kmc_key);
    return file_replace(kmc_path(data, a), (struct bytes){(const uint8_t *)pem, strlen(pem)}, 0600,
                        e);
}

static enum err missing(const char *path, struct err_info *e)
{
    err_set(e, ERR_CONFIG, NULL, "%s", path);
    err_arg(e, "why", "%s cannot be read; it belongs to the line to the kmc (docs/operate.md)",
            path);
    return ERR_CONFIG;
}

static enum err load(struct ca_escrow *c, const char *data, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(pki_key) key = NULL;
    struct bytes pem, der;
    if (file_read(a, request_path(data, a), KEY_FILE_MAX, &pem, e) != ERR_OK)
        return missing(request_path(data, a), e);
    TRY(pki_key_load(pem, NULL, &key, e));
    TRY(pki_signer_from_key(key, &c->signer, e));
    if (file_read(a, kmc_path(data, a), KEY_FILE_MAX, &pem, e) != ERR_OK)
        return missing(kmc_path(data, a), e);
    TRY(pem_decode(a, pem, "PUBLIC KEY", &der, e));
    TRY(pki_pub_load(der, &c->kmc, e));
    pki_pub_prepare(c->kmc);
    return ERR_OK;
}

enum err ca_escrow_open(const struct ca_escrow_options *o, struct ca_escrow **out,
                        struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(ca_escrow) c = mem_alloc(sizeof *c);
    TRY(load(c, o->data, e));
    c->name = mem_text(o->name ? o->name : CA_ESCROW_NAME);
    c->http = httpc_new(&(struct httpc_options){
        .service = "kmc",
        .base = "http://kmc",
        .unix_path = o->socket,
        .header = o->peer_key && *o->peer_key ? arena_fmt(a, "X-Peer-Key: %s", o->peer_key) : NULL,
        .timeout_ms = o->timeout_ms});
    *out = steal(&c);
    return ERR_OK;
}

void ca_escrow_free(struct ca_escrow *c)
{
    if (!c)
        return;
    httpc_free(c->http);
    pki_signer_free(c->signer);
    pki_pub_free(c->kmc);
    free(c->name);
    free(c);
}

/* ---- asking ---- */

static void put_item(struct json_out *j, enum escrow_act act, const struct escrow_item *v,
                     struct arena *a)
{
    jout_object(j, NULL);
    jout_text(j, "request_id", v->request_id);
    jout_text(j, "enc_serial", v->enc_serial);
    jout_text(j, "user", v->user);
    jout_text(j, "sign_key", text_base64(a, v->sign_key));
    if (act == ESCROW_GIVE) {
        jout_text(j, "algorithm", pki_alg_text(v->algorithm));
        jout_text(j, "not_before", time_rfc3339(a, v->not_before));
        jout_text(j, "not_after", time_rfc3339(a, v->not_after));
    }
    jout_end(j);
}

static void put_request(struct buf *body, const struct escrow_request *r, struct bytes signature,
                        struct arena *a)
{
    struct json_out j;
    jout_init(&j, body);
    jout_object(&j, NULL);
    jout_text(&j, "ca", r->ca);
    jout_int(&j, "at", r->at);
    jout_list(&j, "keys");
    for (size_t i = 0; i < r->n; i++)
        put_item(&j, r->act, &r->item[i], a);
    jout_end(&j);
    jout_text(&j, "signature", text_base64(a, signature));
    jout_end(&j);
}

static enum err no_answer(struct err_info *e, const char *why)
{
    err_set(e, ERR_UNAVAILABLE, NULL, "the kmc's answer: %s", why);
    err_arg(e, "service", "kmc");
    return ERR_UNAVAILABLE;
}

static enum err opt_base64(const json_t *in, const char *key, struct arena *a, struct bytes *out,
                           struct err_info *e)
{
    *out = (struct bytes){0};
    return json_object_get(in, key) ? json_get_base64(in, key, ENVELOPE_MAX, a, out, e) : ERR_OK;
}

/* Everything copied: the JSON does not live as long. */
static enum err read_pair(const json_t *in, const struct escrow_item *v, struct arena *a,
                          struct escrow_pair *out, struct err_info *e)
{
    const char *request_id, *serial, *error = json_opt_text(in, "error", NULL);
    TRY(json_get_text(in, "request_id", &request_id, e));
    TRY(json_get_text(in, "enc_serial", &serial, e));
    if (strcmp(request_id, v->request_id) != 0 || strcmp(serial, v->enc_serial) != 0)
        return no_answer(e, "for something else");
    *out = (struct escrow_pair){.request_id = v->request_id,
                                .enc_serial = v->enc_serial,
                                .error = error ? arena_text(a, error) : NULL};
    TRY(opt_base64(in, "spki", a, &out->spki, e));
    TRY(opt_base64(in, "envelope", a, &out->envelope, e));
    TRY(opt_base64(in, "blob", a, &out->blob, e));
    return error || (out->spki.n && out->envelope.n) ? ERR_OK : no_answer(e, "without a pair");
}

static enum err read_answer(const struct ca_escrow *c, const json_t *in,
                            const struct escrow_request *r, struct bytes asked, struct arena *a,
                            struct escrow_pair *out, struct err_info *e)
{
    struct escrow_answer v = {.pair = out, .n = r->n};
    const json_t *keys = json_object_get(in, "keys");
    struct bytes signature, octets;
    if (json_array_size(keys) != r->n)
        return no_answer(e, "of another length");
    TRY(json_get_int(in, "at", &v.at, e));
    TRY(json_get_base64(in, "signature", SIGNATURE_MAX, a, &signature, e));
    for (size_t i = 0; i < r->n; i++)
        TRY(read_pair(json_array_get(keys, i), &r->item[i], a, &out[i], e));
    TRY(escrow_answer_bytes(asked, &v, a, &octets, e));
    return pki_verify(c->kmc, octets, signature, e);
}

enum err ca_escrow_ask(struct ca_escrow *c, enum escrow_act act, const struct escrow_item *item,
                       size_t n, struct arena *a, struct escrow_pair *out, struct err_info *e)
{
    struct escrow_request r = {act, c->name, clock_machine(), item, n};
    struct bytes asked, signature;
    _auto_json answer = NULL;
    _auto_buf body;
    buf_init(&body, BODY_MAX);
    TRY(escrow_request_bytes(&r, a, &asked, e));
    TRY(pki_sign(c->signer, asked, a, &signature, e));
    put_request(&body, &r, signature, a);
    TRY(httpc_json(c->http, "POST", act == ESCROW_RECOVER ? "/kmc/v1/recoveries" : "/kmc/v1/keys",
                   &body, &answer, e));
    return read_answer(c, answer, &r, asked, a, out, e);
}
