/* Approvals and certificates as the console shows them (docs/openapi.yaml). */
#include "hall/approval/approval.h"

#include "hall/account/account.h"
#include "hall/staff/staff.h"
#include "hall/vault/vault.h"
#include "pki/pem.h"

#include <string.h>

static const char *in(enum lang lang, const char *zh, const char *en)
{
    return lang == LANG_EN ? en : zh;
}

static const char *title(enum lang lang, const char *kind)
{
    return strcmp(kind, "refund") ? in(lang, "吊销证书", "Revoke a certificate")
                                  : in(lang, "退款", "Refund");
}

static const char *what(enum lang lang, const char *kind)
{
    if (!strcmp(kind, "refund"))
        return in(lang, "同意后，款项退回原账户。",
                  "If you approve, the money goes back to where it came from.");
    return in(
        lang, "同意后证书立即吊销，不能恢复；不同意则解除冻结。",
        "If you approve, the certificate is revoked at once and for good; otherwise the hold is lifted.");
}

static const char *role_words(const char *role, enum lang lang)
{
    switch (staff_role_from_code(role)) {
    case STAFF_SUPPORT:
        return in(lang, "客服", "Support");
    case STAFF_REGULATOR:
        return in(lang, "监管方", "Regulator");
    case STAFF_PROJECT_ADMIN:
        return in(lang, "项目管理员", "Project administrator");
    case STAFF_FINANCE:
        return in(lang, "财务", "Finance");
    default:
        return "";
    }
}

static void person(struct json_out *j, const char *key, int64_t id, const char *name,
                   const char *role)
{
    jout_object(j, key);
    jout_id(j, "id", id);
    jout_text(j, "name", name);
    if (*role)
        jout_text(j, "role_text", role);
    jout_end(j);
}

/* Whose certificate it is, masked as everywhere before somebody asks with a reason, and why it should end. */
static enum err write_certificate_of(struct hall_tx *tx, const struct approval *p,
                                     struct json_out *j, struct err_info *e)
{
    struct certificate c;
    struct account a;
    if (strcmp(p->kind, "revoke") != 0)
        return ERR_OK;
    TRY(certificate_get(tx, p->object, &c, e));
    TRY(account_get(tx, c.account, &a, e));
    jout_text(j, "institution", c.institution);
    jout_text(j, "person", vault_mask_name(tx->arena, a.handler));
    jout_text(j, "reason_code", p->reason_code);
    return ERR_OK;
}

enum err approval_write(struct hall_tx *tx, const struct approval *p, struct json_out *j,
                        const char *key, struct err_info *e)
{
    static const char *const states[] = {"waiting", "approved", "rejected"};
    jout_object(j, key);
    jout_id(j, "id", p->id);
    jout_text(j, "kind", p->kind);
    jout_text(j, "title", title(tx->lang, p->kind));
    jout_text(j, "text", what(tx->lang, p->kind));
    jout_text(j, "reason", p->reason);
    jout_text(j, "object", p->object);
    TRY(write_certificate_of(tx, p, j, e));
    if (p->order)
        jout_id(j, "order", p->order);
    person(j, "asked_by", p->asked_by, p->asked_name, role_words(p->asked_role, tx->lang));
    jout_text(j, "asked_at", time_rfc3339(tx->arena, p->asked_at));
    jout_text(j, "state", states[p->state]);
    if (p->state != APPROVAL_WAITING) {
        person(j, "decided_by", p->decided_by, p->decided_name,
               role_words(p->decided_role, tx->lang));
        jout_text(j, "decided_at", time_rfc3339(tx->arena, p->decided_at));
    }
    jout_bool(j, "mine", tx->who.kind == BY_STAFF && tx->who.id == p->asked_by);
    jout_end(j);
    return ERR_OK;
}

/* What this person could do now. */
static void write_can(struct hall_tx *tx, const struct certificate *c, int waits,
                      struct json_out *j)
{
    unsigned role = tx->who.kind == BY_STAFF ? staff_role_from_code(tx->who.role) : 0;
    int live = c->state == FLOW_CERTIFICATE_ACTIVE || c->state == FLOW_CERTIFICATE_EXPIRING;
    int held = c->state == FLOW_CERTIFICATE_ON_HOLD;
    jout_list(j, "can");
    if (live && role == STAFF_SUPPORT)
        jout_text(j, NULL, "hold");
    if (held && !waits && role == STAFF_SUPPORT)
        jout_text(j, NULL, "release");
    if ((live || held) && !waits && (role == STAFF_SUPPORT || role == STAFF_REGULATOR))
        jout_text(j, NULL, "revoke");
    jout_end(j);
}

enum err approval_write_certificate(struct hall_tx *tx, const struct certificate *c,
                                    struct json_out *j, const char *key, struct err_info *e)
{
    struct approval p;
    int waits;
    TRY(approval_waiting(tx, "revoke", c->serial, &p, &waits, e));
    jout_object(j, key);
    certificate_write_members(c, tx, j);
    if (c->der.n)
        jout_text(j, "pem", pem_encode(tx->arena, "CERTIFICATE", c->der));

    if (waits)
        TRY(approval_write(tx, &p, j, "approval", e));
    write_can(tx, c, waits, j);
    TRY(certificate_write_history(tx, c->id, j, "history", e));
    jout_end(j);
    return ERR_OK;
}
