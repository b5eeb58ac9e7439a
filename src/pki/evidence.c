#include "pki/evidence.h"

#include "base/text.h"
#include "pki/digest.h"
#include "pki/pki_priv.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 256, FIELDS_MAX = 1 << 20 };

struct evidence_field evidence_text(const char *name, const char *value)
{
    return (struct evidence_field){name, {(const uint8_t *)value, strlen(value)}};
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct evidence_field *const *)a)->name,
                  (*(const struct evidence_field *const *)b)->name);
}

static void put_counted(struct buf *b, const void *p, size_t n)
{
    for (int i = 3; i >= 0; i--)
        buf_byte(b, (uint8_t)(n >> 8 * i));
    buf_put(b, p, n);
}

enum err evidence_fields(const struct evidence_field *field, size_t n, struct arena *a,
                         struct bytes *out, struct err_info *e)
{
    const struct evidence_field *sorted[EVIDENCE_FIELDS_MAX];
    if (n > EVIDENCE_FIELDS_MAX)
        return pki_why(e, ERR_BAD_REQUEST, "more than %d fields to sign", EVIDENCE_FIELDS_MAX);
    for (size_t i = 0; i < n; i++)
        sorted[i] = &field[i];
    if (n)
        qsort(sorted, n, sizeof sorted[0], by_name);
    _auto_buf b;
    buf_init(&b, FIELDS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (i && strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            return pki_why(e, ERR_BAD_REQUEST, "field %.60s twice", sorted[i]->name);
        put_counted(&b, sorted[i]->name, strlen(sorted[i]->name));
        put_counted(&b, sorted[i]->value.p, sorted[i]->value.n);
    }
    if (b.full)
        return pki_why(e, ERR_BAD_REQUEST, "more than %d octets to sign", FIELDS_MAX);
    *out = arena_bytes(a, b.p, b.n);
    return ERR_OK;
}

/* The parts, an octet 00 behind each, and SM3 of the fields. */
static enum err assemble(const char *const *part, size_t parts, const struct evidence_field *field,
                         size_t n, struct arena *a, struct bytes *out, struct err_info *e)
{
    struct bytes fields;
    uint8_t sm3[DIGEST_LEN];
    TRY(evidence_fields(field, n, a, &fields, e));
    digest_sm3(fields, sm3);
    _auto_buf b;
    buf_init(&b, 4 * (TEXT_MAX + 1) + sizeof sm3);
    for (size_t i = 0; i < parts; i++) {
        size_t len = strlen(part[i]);
        if (len == 0 || len > TEXT_MAX)
            return pki_why(e, ERR_BAD_REQUEST, "a part to sign of %zu octets", len);
        buf_put(&b, part[i], len + 1);
    }
    buf_put(&b, sm3, sizeof sm3);
    *out = arena_bytes(a, b.p, b.n);
    return ERR_OK;
}

enum err evidence_bytes(const char *kind, const char *order, const char *revision,
                        const struct evidence_field *field, size_t n, struct arena *a,
                        struct bytes *out, struct err_info *e)
{
    static const char *const kinds[] = {"regulator", "reviewer", "maker", "holder", "activation"};
    const char *const part[] = {"CERTHALL-EVIDENCE-v1", kind, order, revision};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kind, kinds[i]) == 0)
            return assemble(part, 4, field, n, a, out, e);
    return pki_why(e, ERR_BAD_REQUEST, "evidence of kind %.40s", kind);
}

enum err evidence_make_bytes(const struct evidence_make *m, struct arena *a, struct bytes *out,
                             struct err_info *e)
{
    const struct evidence_field field[] = {
        evidence_text("csr", text_hex(a, (struct bytes){m->csr_sum, DIGEST_LEN})),
        evidence_text("institution", m->institution),
        evidence_text("reporting_code", m->reporting_code), evidence_text("ukey", m->ukey),
        evidence_text("user", m->user)};
    return evidence_bytes("maker", m->order, m->revision, field, sizeof field / sizeof *field, a,
                          out, e);
}

enum err evidence_review_bytes(const struct evidence_review *r, struct arena *a, struct bytes *out,
                               struct err_info *e)
{
    const struct evidence_field field[] = {
        evidence_text("days", arena_fmt(a, "%lld", (long long)r->days)),
        evidence_text("dns", r->dns),
        evidence_text("id_number", r->id_number),
        evidence_text("institution", r->institution),
        evidence_text("profile", r->profile),
        evidence_text("reporting_code", r->reporting_code),
        evidence_text("ukey", r->ukey),
        evidence_text("uscc", r->uscc),
        evidence_text("user", r->user)};
    return evidence_bytes("reviewer", r->order, r->revision, field, sizeof field / sizeof *field, a,
                          out, e);
}

enum err evidence_renew_bytes(const struct evidence_renew *r, struct arena *a, struct bytes *out,
                              struct err_info *e)
{
    const struct evidence_field field[] = {
        evidence_text("certificate", r->certificate),
        evidence_text("csr", text_hex(a, (struct bytes){r->csr_sum, DIGEST_LEN})),
        evidence_text("profile", r->profile), evidence_text("ukey", r->ukey)};
    return evidence_bytes("holder", r->order, r->revision, field, sizeof field / sizeof *field, a,
                          out, e);
}

enum err evidence_activate_bytes(const struct evidence_activate *r, struct arena *a,
                                 struct bytes *out, struct err_info *e)
{
    const struct evidence_field field[] = {
        evidence_text("certificate", r->certificate),
        evidence_text("held_since", arena_fmt(a, "%lld", (long long)r->held_since)),
        evidence_text("ukey", r->ukey)};
    return evidence_bytes("activation", r->order, r->revision, field, sizeof field / sizeof *field,
                          a, out, e);
}

enum err evidence_agent_bytes(const char *op, const char *origin, const char *job,
                              const struct evidence_field *field, size_t n, struct arena *a,
                              struct bytes *out, struct err_info *e)
{
    size_t len = strlen(op);
    if (len == 0 || len > 32 ||
        strspn(op, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") != len)
        return pki_why(e, ERR_BAD_REQUEST, "an operation of another spelling");
    /* "EVIDENCE" would give octets that mean something else to the ca. */
    if (strcmp(op, "EVIDENCE") == 0)
        return pki_why(e, ERR_BAD_REQUEST, "EVIDENCE is no operation of the agent");
    const char *const part[] = {arena_fmt(a, "CERTHALL-%s-v1", op), origin, job};
    return assemble(part, 3, field, n, a, out, e);
}
