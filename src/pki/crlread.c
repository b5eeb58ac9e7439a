/* Lists beside their writing: reasons, a source over an array, and reading (for tools and tests). */
#include "pki/crl.h"
#include "pki/der.h"

#include <string.h>

static const struct {
    enum crl_reason reason;
    const char *text;
} reasons[] = {
    {CRL_UNSPECIFIED, "unspecified"},
    {CRL_KEY_COMPROMISE, "keyCompromise"},
    {CRL_CA_COMPROMISE, "cACompromise"},
    {CRL_AFFILIATION_CHANGED, "affiliationChanged"},
    {CRL_SUPERSEDED, "superseded"},
    {CRL_CESSATION, "cessationOfOperation"},
    {CRL_CERTIFICATE_HOLD, "certificateHold"},
    {CRL_REMOVE_FROM_CRL, "removeFromCRL"},
    {CRL_PRIVILEGE_WITHDRAWN, "privilegeWithdrawn"},
    {CRL_AA_COMPROMISE, "aACompromise"},
};
enum { REASONS = sizeof reasons / sizeof reasons[0] };

const char *crl_reason_text(enum crl_reason r)
{
    for (int i = 0; i < REASONS; i++)
        if (reasons[i].reason == r)
            return reasons[i].text;
    return NULL;
}

int crl_reason_from_text(const char *text, enum crl_reason *out)
{
    for (int i = 0; i < REASONS; i++)
        if (strcmp(reasons[i].text, text) == 0) {
            *out = reasons[i].reason;
            return 1;
        }
    return 0;
}

int crl_reason_is_final(enum crl_reason r)
{
    return crl_reason_text(r) && r != CRL_CERTIFICATE_HOLD && r != CRL_REMOVE_FROM_CRL;
}

static void array_rewind(void *self)
{
    ((struct crl_array *)self)->at = 0;
}

static int array_next(void *self, struct crl_entry *out)
{
    struct crl_array *l = self;
    if (l->at == l->n)
        return 0;
    *out = l->entry[l->at++];
    return 1;
}

struct crl_source crl_array_source(struct crl_array *list)
{
    return (struct crl_source){list, array_rewind, array_next};
}

/* Up to the entries: `entries` and `extensions` are empty cursors where there are none. */
static enum err open_list(struct bytes der, struct crl_view *v, struct der *entries,
                          struct der *extensions, struct err_info *e)
{
    struct der d = der_start(der), seq, tbs, list;
    int version;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    TRY(der_enter(&seq, DER_SEQUENCE, &tbs, e));
    TRY(der_small(&tbs, &version, e));
    if (version != 1)
        return der_refuse(e, "version %d of a list (RFC 5280 5.1.2.1)", version);
    TRY(der_take_whole(&tbs, DER_SEQUENCE, &(struct bytes){0}, e));
    TRY(der_take_whole(&tbs, DER_SEQUENCE, &v->issuer, e));
    TRY(der_time(&tbs, &v->this_update, e));
    TRY(der_time(&tbs, &v->next_update, e));
    *entries = *extensions = der_start((struct bytes){der.p, 0});
    if (der_next_is(&tbs, DER_SEQUENCE))
        TRY(der_enter(&tbs, DER_SEQUENCE, entries, e));
    if (der_next_is(&tbs, DER_EXPLICIT(0))) {
        TRY(der_enter(&tbs, DER_EXPLICIT(0), &list, e));
        TRY(der_enter(&list, DER_SEQUENCE, extensions, e));
    }
    return der_end(&tbs, e);
}

/* The value of an extension id-ce `arc` of a list of extensions; n 0 when absent. */
static enum err find_extension(struct der list, uint8_t arc, struct bytes *value,
                               struct err_info *e)
{
    const uint8_t want[3] = {0x55, 0x1d, arc};
    *value = (struct bytes){0};
    while (der_more(&list)) {
        struct der x;
        struct bytes oid;
        TRY(der_enter(&list, DER_SEQUENCE, &x, e));
        TRY(der_take(&x, DER_OID, &oid, e));
        if (der_next_is(&x, DER_BOOLEAN))
            TRY(der_take(&x, DER_BOOLEAN, &(struct bytes){0}, e));
        struct bytes v;
        TRY(der_take(&x, DER_OCTET_STRING, &v, e));
        if (der_same(oid, (struct bytes){want, 3}))
            *value = v;
    }
    return ERR_OK;
}

static enum err read_entry(struct der *entries, struct crl_entry *x, struct err_info *e)
{
    struct der seq, exts;
    struct bytes value;
    TRY(der_enter(entries, DER_SEQUENCE, &seq, e));
    TRY(der_uint(&seq, &x->serial, e));
    TRY(der_time(&seq, &x->revoked_at, e));
    x->reason = CRL_UNSPECIFIED;
    x->invalid_since = 0;
    if (!der_more(&seq))
        return ERR_OK;
    TRY(der_enter(&seq, DER_SEQUENCE, &exts, e));
    TRY(find_extension(exts, 0x15, &value, e));
    if (value.n) {
        struct der d = der_start(value);
        struct bytes c;
        TRY(der_take(&d, DER_ENUMERATED, &c, e));
        if (c.n != 1 || !crl_reason_text((enum crl_reason)c.p[0]))
            return der_refuse(e, "no such reason (RFC 5280 5.3.1)");
        x->reason = (enum crl_reason)c.p[0];
    }
    TRY(find_extension(exts, 0x18, &value, e));
    if (value.n) {
        struct der d = der_start(value);
        TRY(der_time(&d, &x->invalid_since, e));
    }
    return der_end(&seq, e);
}

/* The number in an extension; 0 when it is absent. */
static enum err read_number(struct der exts, uint8_t arc, uint64_t *out, struct err_info *e)
{
    struct bytes value, number;
    *out = 0;
    TRY(find_extension(exts, arc, &value, e));
    if (!value.n)
        return ERR_OK;
    struct der d = der_start(value);
    TRY(der_uint(&d, &number, e));
    for (size_t i = 0; i < number.n; i++)
        *out = *out << 8 | number.p[i];
    return ERR_OK;
}

/* issuingDistributionPoint (RFC 5280 5.2.5) as far as crl_write makes it: one address. */
static enum err read_shard(struct der exts, struct bytes *url, struct err_info *e)
{
    struct bytes value;
    struct der seq, point, full;
    *url = (struct bytes){0};
    TRY(find_extension(exts, 0x1c, &value, e));
    if (!value.n)
        return ERR_OK;
    struct der d = der_start(value);
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_enter(&seq, DER_EXPLICIT(0), &point, e));
    TRY(der_enter(&point, DER_EXPLICIT(0), &full, e));
    return der_take(&full, DER_CONTEXT(6), url, e);
}

static enum err read_head(struct bytes der, struct crl_view *v, struct der *entries,
                          struct err_info *e)
{
    struct der exts;
    TRY(open_list(der, v, entries, &exts, e));
    v->entries = 0;
    TRY(read_number(exts, 0x14, &v->number, e));
    TRY(read_number(exts, 0x1b, &v->base, e));
    return read_shard(exts, &v->shard, e);
}

enum err crl_head(struct bytes der, struct crl_view *v, struct err_info *e)
{
    struct der entries;
    return read_head(der, v, &entries, e);
}

enum err crl_view(struct bytes der, struct crl_view *v, struct err_info *e)
{
    struct der entries;
    TRY(read_head(der, v, &entries, e));
    while (der_more(&entries)) {
        struct crl_entry x;
        TRY(read_entry(&entries, &x, e));
        v->entries++;
    }
    return ERR_OK;
}

enum err crl_each(struct bytes der, crl_each_fn *each, void *arg, struct err_info *e)
{
    struct crl_view v;
    struct der entries;
    TRY(read_head(der, &v, &entries, e));
    while (der_more(&entries)) {
        struct crl_entry x;
        TRY(read_entry(&entries, &x, e));
        TRY(each(&x, arg, e));
    }
    return ERR_OK;
}

enum err crl_find(struct bytes der, struct bytes serial, int *found, struct crl_entry *out,
                  struct err_info *e)
{
    struct crl_view v;
    struct der entries, exts;
    TRY(open_list(der, &v, &entries, &exts, e));
    while (serial.n > 1 && serial.p[0] == 0) {
        serial.p++;
        serial.n--;
    }
    *found = 0;
    while (der_more(&entries) && !*found) {
        TRY(read_entry(&entries, out, e));
        *found = der_same(out->serial, serial);
    }
    return ERR_OK;
}
