#include "pki/escrow.h"

#include "pki/digest.h"
#include "pki/pki_priv.h"

#include <inttypes.h>
#include <string.h>

static void put_value(struct buf *b, struct bytes v)
{
    for (int i = 3; i >= 0; i--)
        buf_byte(b, (uint8_t)(v.n >> 8 * i));
    if (v.n)
        buf_put(b, v.p, v.n);
}

static void put_text(struct buf *b, const char *s)
{
    put_value(b, (struct bytes){(const uint8_t *)s, s ? strlen(s) : 0});
}

static void put_number(struct buf *b, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    put_text(b, text);
}

static void put_domain(struct buf *b, const char *domain)
{
    buf_put(b, domain, strlen(domain) + 1);
}

static enum err finish(struct buf *b, struct arena *a, struct bytes *out, struct err_info *e)
{
    if (b->full)
        return pki_why(e, ERR_BAD_REQUEST, "more than %d octets to sign", ESCROW_BYTES_MAX);
    *out = arena_bytes(a, b->p, b->n);
    return ERR_OK;
}

/* ---- the request ---- */

static enum err refuse(size_t i, const char *member, const char *why, struct err_info *e)
{
    char field[64];
    snprintf(field, sizeof field, "keys[%zu].%s", i, member);
    err_set(e, ERR_BAD_REQUEST, field, "%s", why);
    err_arg(e, "why", "%s: %s", field, why);
    return ERR_BAD_REQUEST;
}

static int is_text(const char *s)
{
    return s && *s && strlen(s) <= ESCROW_TEXT_MAX;
}

/* As cert_view writes it. */
static int is_serial(const char *s)
{
    size_t n = s ? strlen(s) : 0;
    return n > 0 && n <= ESCROW_SERIAL_MAX && n % 2 == 0 && strspn(s, "0123456789abcdef") == n;
}

static int has_pairs(enum pki_alg alg)
{
    return alg == PKI_SM2 || alg == PKI_RSA2048 || alg == PKI_RSA3072;
}

static enum err check_item(enum escrow_act act, const struct escrow_item *v, size_t i,
                           struct err_info *e)
{
    static const char text[] = "must have 1 to 256 octets";
    if (!is_text(v->request_id))
        return refuse(i, "request_id", text, e);
    if (!is_serial(v->enc_serial))
        return refuse(i, "enc_serial",
                      "must be 1 to 20 octets in lower-case hexadecimal, without separators", e);
    if (!is_text(v->user))
        return refuse(i, "user", text, e);
    if (act == ESCROW_GIVE && !has_pairs(v->algorithm))
        return refuse(i, "algorithm", "must be SM2, RSA-2048 or RSA-3072", e);
    if (act == ESCROW_GIVE && v->not_after / 1000 <= v->not_before / 1000)
        return refuse(i, "not_after", "must be later than not_before", e);
    if (v->sign_key.n == 0 || v->sign_key.n > PKI_SPKI_MAX)
        return refuse(i, "sign_key", "must be a SubjectPublicKeyInfo", e);
    return ERR_OK;
}

enum err escrow_request_bytes(const struct escrow_request *r, struct arena *a, struct bytes *out,
                              struct err_info *e)
{
    _auto_buf b;
    int gives = r->act == ESCROW_GIVE;
    buf_init(&b, ESCROW_BYTES_MAX);
    if (!is_text(r->ca))
        return pki_why(e, ERR_BAD_REQUEST, "ca: must have 1 to %d octets", ESCROW_TEXT_MAX);
    if (r->n == 0 || r->n > ESCROW_LIST_MAX)
        return pki_why(e, ERR_BAD_REQUEST, "keys: %zu; 1 to %d are taken", r->n, ESCROW_LIST_MAX);
    put_domain(&b, "CERTHALL-KEY-REQUEST-v1");
    put_text(&b, gives ? "give" : "recover");
    put_text(&b, r->ca);
    put_number(&b, r->at);
    put_number(&b, (int64_t)r->n);
    for (size_t i = 0; i < r->n; i++) {
        const struct escrow_item *v = &r->item[i];
        TRY(check_item(r->act, v, i, e));
        put_text(&b, v->request_id);
        put_text(&b, v->enc_serial);
        put_text(&b, gives ? pki_alg_text(v->algorithm) : "");
        put_value(&b, v->sign_key);
        put_number(&b, gives ? v->not_before / 1000 : 0);
        put_number(&b, gives ? v->not_after / 1000 : 0);
        put_text(&b, v->user);
    }
    return finish(&b, a, out, e);
}

/* ---- the answer ---- */

enum err escrow_answer_bytes(struct bytes request, const struct escrow_answer *v, struct arena *a,
                             struct bytes *out, struct err_info *e)
{
    _auto_buf b;
    uint8_t sm3[DIGEST_LEN];
    buf_init(&b, ESCROW_BYTES_MAX);
    digest_sm3(request, sm3);
    put_domain(&b, "CERTHALL-KEY-ANSWER-v1");
    put_value(&b, (struct bytes){sm3, sizeof sm3});
    put_number(&b, v->at);
    put_number(&b, (int64_t)v->n);
    for (size_t i = 0; i < v->n; i++) {
        const struct escrow_pair *p = &v->pair[i];
        put_text(&b, p->request_id);
        put_text(&b, p->enc_serial);
        put_text(&b, p->error);
        put_value(&b, p->spki);
        put_value(&b, p->envelope);
        put_value(&b, p->blob);
    }
    return finish(&b, a, out, e);
}

/* ---- custodians ---- */

static enum err need(int ok, const char *field, const char *why, struct err_info *e)
{
    if (ok)
        return ERR_OK;
    err_set(e, ERR_BAD_REQUEST, field, "%s", why);
    err_arg(e, "why", "%s: %s", field, why);
    return ERR_BAD_REQUEST;
}

enum err escrow_judicial_bytes(const struct escrow_judicial *r, struct arena *a, struct bytes *out,
                               struct err_info *e)
{
    static const char text[] = "must have 1 to 256 octets";
    _auto_buf b;
    buf_init(&b, ESCROW_BYTES_MAX);
    TRY(need(is_text(r->ca), "ca", text, e));
    TRY(need(is_serial(r->enc_serial), "enc_serial",
             "must be 1 to 20 octets in lower-case hexadecimal, without separators", e));
    TRY(need(is_text(r->document), "document", text, e));
    TRY(need(is_text(r->reason), "reason", text, e));
    put_domain(&b, "CERTHALL-JUDICIAL-v1");
    put_text(&b, r->ca);
    put_text(&b, r->enc_serial);
    put_text(&b, r->document);
    put_text(&b, r->reason);
    put_value(&b, r->seal_key);
    return finish(&b, a, out, e);
}

enum err escrow_custodian_bytes(const char *act, const char *name, struct bytes certificate,
                                struct arena *a, struct bytes *out, struct err_info *e)
{
    _auto_buf b;
    buf_init(&b, ESCROW_BYTES_MAX);
    put_domain(&b, "CERTHALL-CUSTODIAN-v1");
    put_text(&b, act);
    put_text(&b, name);
    put_value(&b, certificate);
    return finish(&b, a, out, e);
}
