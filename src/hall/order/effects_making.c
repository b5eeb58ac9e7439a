/* Adapters to production, ukey and certificate. */
#include "hall/certificate/certificate.h"
#include "hall/order/order_priv.h"
#include "hall/production/production.h"
#include "hall/ukey/ukey.h"

#include <string.h>

/* The UKey that the event is about: the one named, otherwise the order's. */
static enum err serial_of(struct order_run *run, const char **out, struct err_info *e)
{
    struct ukey k;
    int found;
    *out = run->in->making ? run->in->making->serial : NULL;
    if (*out)
        return ERR_OK;
    TRY(ukey_of_order(run->tx, run->o.id, &k, &found, e));
    *out = found ? k.serial : NULL;
    return found ? ERR_OK
                 : err_set(e, ERR_NOT_FOUND, NULL, "%s: the order has no UKey",
                           flow_event_name(run->event));
}

enum err order_load_making(struct order_run *run, struct err_info *e)
{
    int ukey, certificate;
    const char *named = run->in->making ? run->in->making->serial : NULL;
    TRY(ukey_state(run->tx, run->o.id, &ukey, e));
    TRY(certificate_state(run->tx, run->o.id, &certificate, e));
    if (named) {
        struct ukey k;
        TRY(ukey_get(run->tx, named, &k, e));
        ukey = k.state;
    }
    run->o.states.at[FLOW_UKEY] = (uint8_t)ukey;
    run->o.states.at[FLOW_CERTIFICATE] = (uint8_t)certificate;
    return ERR_OK;
}

/* K2 where the ca refuses has no effect of its own: the state goes back all the same. */
enum err order_keep_certificate(struct order_run *run, struct err_info *e)
{
    int now = run->o.states.at[FLOW_CERTIFICATE], kept;
    if (now == run->before.at[FLOW_CERTIFICATE])
        return ERR_OK;
    /* while it waits to be made, the order goes on and gets another */
    if (now == FLOW_CERTIFICATE_REVOKED &&
        run->o.states.at[FLOW_FULFILMENT] != FLOW_FULFILMENT_QUEUED)
        run->holds_limit = 0;
    TRY(certificate_state(run->tx, run->o.id, &kept, e));
    return kept == now ? ERR_OK : certificate_record(run->tx, run->o.id, now, "K2", e);
}

enum err order_fx_reserve_ukey(struct order_run *run, struct err_info *e)
{
    return production_queue(run->tx, run->o.id, run->o.project, e);
}

enum err order_fx_release_ukey(struct order_run *run, struct err_info *e)
{
    TRY(certificate_stop(run->tx, run->o.id, run->what->row, e));
    return production_void(run->tx, run->o.id, e);
}

enum err order_fx_record_making(struct order_run *run, struct err_info *e)
{
    const char *serial;
    TRY(serial_of(run, &serial, e));
    return production_made(run->tx, run->o.id, serial, e);
}

enum err order_fx_record_quality(struct order_run *run, struct err_info *e)
{
    return production_quality(run->tx, run->o.id, e);
}

enum err order_fx_record_scrap(struct order_run *run, struct err_info *e)
{
    const char *serial;
    TRY(serial_of(run, &serial, e));
    return production_scrapped(run->tx, run->o.id, serial, run->in->reason, e);
}

enum err order_fx_ukey_record(struct order_run *run, struct err_info *e)
{
    const char *serial;
    TRY(serial_of(run, &serial, e));
    return ukey_record(run->tx, serial, run->o.id, run->what->row, run->o.states.at[FLOW_UKEY], e);
}

enum err order_fx_ukey_owner(struct order_run *run, struct err_info *e)
{
    const char *serial;
    TRY(serial_of(run, &serial, e));
    return ukey_owner(run->tx, serial, run->o.account, e);
}

enum err order_fx_ca_issue(struct order_run *run, struct err_info *e)
{
    const char *serial;
    TRY(serial_of(run, &serial, e));
    return certificate_request(run->tx, run->o.id, serial, e);
}

enum err order_fx_cert_record(struct order_run *run, struct err_info *e)
{
    return certificate_record(run->tx, run->o.id, run->o.states.at[FLOW_CERTIFICATE],
                              run->what->row, e);
}

static const char *reason_of(const struct order_run *run)
{
    if (run->in->making && run->in->making->reason)
        return run->in->making->reason;
    return run->in->reason ? run->in->reason : "";
}

enum err order_fx_ca_hold(struct order_run *run, struct err_info *e)
{
    return certificate_hold(run->tx, run->o.id, reason_of(run), e);
}

enum err order_fx_ca_release(struct order_run *run, struct err_info *e)
{
    return certificate_release(run->tx, run->o.id, reason_of(run), e);
}

/* A31 revokes without a person who chose a code: what was granted is withdrawn (RFC 5280 5.3.1). */
enum err order_fx_ca_revoke(struct order_run *run, struct err_info *e)
{
    int chosen = run->in->making && run->in->making->reason;
    const char *reason = chosen ? run->in->making->reason : "privilege_withdrawn";
    return certificate_revoke(run->tx, run->o.id, reason, e);
}

/* A project whose regulator gives codes has no business system that wants to be told. */
enum err order_fx_tell_partner(struct order_run *run, struct err_info *e)
{
    if (!run->o.rules_of->activate.callback)
        return ERR_OK;
    err_set(e, ERR_ORDER_EFFECT, NULL, "telling a partner has no code");
    err_arg(e, "effect", "%s", flow_effect_name(run->what->effect));
    return ERR_ORDER_EFFECT;
}
