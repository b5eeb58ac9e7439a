/* Hold, release, revoke: an event of the order, then the ca at once. */
#include "hall/approval/approval_priv.h"

#include "base/sys.h"
#include "hall/order/order.h"
#include "hall/staff/staff.h"

#include <string.h>

static enum err refuse(struct err_info *e, const char *who)
{
    err_set(e, ERR_FORBIDDEN, NULL, NULL);
    err_arg(e, "who", "%s", who);
    return ERR_FORBIDDEN;
}

static enum err must_be(const struct hall_tx *tx, unsigned roles, struct err_info *e)
{
    if (tx->who.kind == BY_STAFF && (staff_role_from_code(tx->who.role) & roles))
        return ERR_OK;
    return refuse(e, tx->lang == LANG_EN ? "support" : "客服");
}

/* Whoever may ask has been checked; to the tables it is support's act. */
static enum err apply(struct hall_tx *tx, int64_t order, enum flow_event event, const char *code,
                      const char *reason, struct err_info *e)
{
    static const enum flow_actor support = ACTOR_SUPPORT;
    struct order_making making = {.reason = code};
    struct order_input in = {.as = &support, .making = code ? &making : NULL, .reason = reason};
    return order_apply(tx, order, event, &in, NULL, e);
}

/* After the commit: at the ca now, or by the outbox when it is away. Then as it stands. */
static enum err push_and_read(const struct hall *h, const struct actor *who, const char *serial,
                              struct arena *a, struct certificate *out, struct err_info *e)
{
    struct err_info why;
    {
        _auto_hall_tx tx;
        TRY(hall_begin(h, 0, who, a, &tx, e));
        TRY(certificate_get(&tx, serial, out, e));
    }
    if (certificate_push(h, out->order, &why) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "certificate.push", "%s: %s %s", out->serial,
                 err_code_text(why.code), why.detail);
    _auto_hall_tx tx;
    TRY(hall_begin(h, 0, who, a, &tx, e));
    return certificate_get(&tx, serial, out, e);
}

struct change {
    const char *serial;
    enum flow_event event;
    const char *reason;
    struct certificate *out;
};

/* While a revocation waits the hold is not one person's to lift: the second one decides. */
static enum err nothing_waits(struct hall_tx *tx, const char *serial, struct err_info *e)
{
    struct approval p;
    int waits;
    TRY(approval_waiting(tx, "revoke", serial, &p, &waits, e));
    return waits ? err_set(e, ERR_REVIEW_FOUR_EYES, NULL, "a revocation waits") : ERR_OK;
}

static enum err change_in(struct hall_tx *tx, void *arg, struct err_info *e)
{
    const struct change *c = arg;
    TRY(must_be(tx, STAFF_SUPPORT, e));
    TRY(certificate_get(tx, c->serial, c->out, e));
    TRY(certificate_claim(tx, c->out, e));
    if (c->event == EVENT_CERT_RELEASE)
        TRY(nothing_waits(tx, c->out->serial, e));
    return apply(tx, c->out->order, c->event, NULL, c->reason, e);
}

static enum err change(const struct hall *h, const struct actor *who, const char *serial,
                       enum flow_event event, const char *reason, struct arena *a,
                       struct certificate *out, struct err_info *e)
{
    struct change c = {serial, event, reason, out};
    TRY(hall_change(h, who, a, change_in, &c, e));
    return push_and_read(h, who, serial, a, out, e);
}

enum err approval_hold(const struct hall *h, const struct actor *who, const char *serial,
                       const char *reason, struct arena *a, struct certificate *out,
                       struct err_info *e)
{
    return change(h, who, serial, EVENT_CERT_HOLD, reason, a, out, e);
}

enum err approval_release(const struct hall *h, const struct actor *who, const char *serial,
                          const char *reason, struct arena *a, struct certificate *out,
                          struct err_info *e)
{
    return change(h, who, serial, EVENT_CERT_RELEASE, reason, a, out, e);
}

/* ---- two persons ---- */

static int known_reason(const char *code)
{
    static const char *const codes[] = {"key_compromise", "affiliation_changed", "superseded",
                                        "cessation", "privilege_withdrawn"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (!strcmp(codes[i], code))
            return 1;
    return 0;
}

static int can_be_revoked(int state)
{
    return state == FLOW_CERTIFICATE_ACTIVE || state == FLOW_CERTIFICATE_EXPIRING ||
           state == FLOW_CERTIFICATE_ON_HOLD || state == FLOW_CERTIFICATE_ISSUED_INACTIVE;
}

static enum err ask(struct hall_tx *tx, const struct certificate *c, const char *code,
                    const char *reason, struct approval *out, struct err_info *e)
{
    int found;
    int held = c->state == FLOW_CERTIFICATE_ACTIVE || c->state == FLOW_CERTIFICATE_EXPIRING;
    struct approval_new n = {.kind = "revoke",
                             .object = c->serial,
                             .order = c->order,
                             .reason_code = code,
                             .reason = reason,
                             .held = held};
    TRY(approval_waiting(tx, "revoke", c->serial, out, &found, e));
    if (found)
        return ERR_OK;
    if (!can_be_revoked(c->state))
        return err_set(e, ERR_ORDER_STATE, NULL, "certificate in state %d", c->state);
    if (held)
        TRY(apply(tx, c->order, EVENT_CERT_HOLD, NULL, reason, e));
    return approval_add(tx, &n, out, e);
}

struct asking {
    const char *serial, *code, *reason;
    struct certificate c;
    struct approval *out;
};

static enum err ask_in(struct hall_tx *tx, void *arg, struct err_info *e)
{
    struct asking *q = arg;
    TRY(must_be(tx, STAFF_SUPPORT | STAFF_REGULATOR, e));
    TRY(certificate_get(tx, q->serial, &q->c, e));
    TRY(certificate_claim(tx, &q->c, e));
    return ask(tx, &q->c, q->code, q->reason, q->out, e);
}

enum err approval_ask_revoke(const struct hall *h, const struct actor *who, const char *serial,
                             const char *reason_code, const char *reason, struct arena *a,
                             struct approval *out, struct err_info *e)
{
    struct asking q = {.serial = serial, .code = reason_code, .reason = reason, .out = out};
    if (!known_reason(reason_code)) {
        err_set(e, ERR_BAD_REQUEST, "reason_code", NULL);
        err_arg(e, "why", "reason_code");
        return ERR_BAD_REQUEST;
    }
    TRY(hall_change(h, who, a, ask_in, &q, e));
    return push_and_read(h, who, q.c.serial, a, &q.c, e);
}

static enum err decide_revoke(struct hall_tx *tx, const struct approval *p, int approve,
                              struct err_info *e)
{
    int held;
    struct certificate c;
    TRY(certificate_get(tx, p->object, &c, e));
    if (approve) {
        TRY(certificate_second(tx, p->order, p->asked_name, e));
        return apply(tx, p->order, EVENT_CERT_REVOKE, p->reason_code, p->reason, e);
    }
    TRY(approval_held(tx, p->id, &held, e));
    if (!held || c.state != FLOW_CERTIFICATE_ON_HOLD)
        return ERR_OK;
    return apply(tx, p->order, EVENT_CERT_RELEASE, NULL, p->note, e);
}

struct decision {
    int64_t id;
    int approve;
    const char *note;
    struct approval *out;
};

static int is_revoke(const struct approval *p)
{
    return !strcmp(p->kind, "revoke");
}

static enum err decide_in(struct hall_tx *tx, void *arg, struct err_info *e)
{
    const struct decision *d = arg;
    TRY(approval_get(tx, d->id, d->out, e));
    TRY(must_be(tx, approval_roles(d->out->kind), e));
    TRY(approval_settle(tx, d->out, d->approve, d->note, e));
    if (is_revoke(d->out))
        return decide_revoke(tx, d->out, d->approve, e);
    return d->approve ? approval_refund(tx, d->out, e) : ERR_OK;
}

enum err approval_decide(const struct hall *h, const struct actor *who, int64_t id, int approve,
                         const char *note, struct arena *a, struct approval *out,
                         struct err_info *e)
{
    struct certificate c;
    struct decision d = {id, approve, note ? note : "", out};
    TRY(hall_change(h, who, a, decide_in, &d, e));
    return is_revoke(out) ? push_and_read(h, who, out->object, a, &c, e) : ERR_OK;
}
