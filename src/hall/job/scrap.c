/* A UKey that died while it was made: scrapped, with its certificate revoked, so that another can be made (F2, T15, K11). */
#include "hall/job/job_priv.h"

#include "base/sys.h"

#include <string.h>

struct answered {
    int64_t order;
    const char *serial;
    const struct certificate *issued;
};

static enum err answered_in(struct hall_tx *tx, void *arg, struct err_info *e)
{
    const struct answered *got = arg;
    return job_ca_answered(tx, got->order, got->serial, got->issued, e);
}

/* What the ca made of a request whose answer was lost must be known: a certificate that nobody knows of stays valid. */
static enum err settle_request(const struct hall *h, const struct actor *who, int64_t order,
                               const char *serial, struct arena *a, struct err_info *e)
{
    struct certificate c = {0};
    int state;
    {
        _auto_hall_tx tx;
        TRY(hall_begin(h, 0, who, a, &tx, e));
        TRY(certificate_state(&tx, order, &state, e));
    }
    if (state != FLOW_CERTIFICATE_REQUESTED)
        return ERR_OK;
    enum err err = certificate_fetch(h, order, who, a, &c, e);
    if (job_ca_away(err))
        return err;
    struct answered got = {order, serial, err == ERR_OK ? &c : NULL};
    return hall_change(h, who, a, answered_in, &got, e);
}

/* The page names the UKey it showed: pressed twice, the next one is not scrapped too. */
static enum err is_of_order(struct hall_tx *tx, int64_t order, const char *serial,
                            struct err_info *e)
{
    struct ukey k;
    int found;
    TRY(ukey_of_order(tx, order, &k, &found, e));
    if (found && !strcmp(k.serial, serial))
        return ERR_OK;
    err_set(e, ERR_JOB_UKEY, "serial", "%.40s is not the order's", serial);
    err_arg(e, "serial", "%s", ukey_serial_text(tx->arena, serial));
    return ERR_JOB_UKEY;
}

enum err job_scrap_in(struct hall_tx *tx, int64_t order, const char *serial, const char *reason,
                      struct err_info *e)
{
    struct order_making making = {.serial = serial, .reason = "superseded"};
    struct order_input in = {.reason = reason, .making = &making};
    struct order_change change;
    if (!reason || strlen(reason) < 2)
        return err_set(e, ERR_REVIEW_REASON, "reason", NULL);
    order_hold(&in, GUARD_REASONS_GIVEN);
    TRY(job_take_over(tx, order, e));
    return order_apply(tx, order, EVENT_FUL_SCRAP, &in, &change, e);
}

static enum err scrap_in(struct hall_tx *tx, void *arg, struct err_info *e)
{
    const struct job_scrap *s = arg;
    TRY(is_of_order(tx, s->order, s->serial, e));
    return job_scrap_in(tx, s->order, s->serial, s->reason, e);
}

enum err job_scrap(const struct hall *h, const struct actor *who, const struct job_scrap *s,
                   struct arena *a, struct err_info *e)
{
    struct err_info later;
    const char *serial = ukey_serial_mend(a, s->serial);
    struct job_scrap mended = {s->order, serial, s->reason};
    if (!serial)
        return job_bad(e, "serial", "no serial of a UKey");
    {
        _auto_hall_tx tx;
        TRY(hall_begin(h, 0, who, a, &tx, e));
        TRY(is_of_order(&tx, s->order, serial, e));
    }
    TRY(settle_request(h, who, s->order, serial, a, e));
    TRY(hall_change(h, who, a, scrap_in, &mended, e));
    if (certificate_push(h, s->order, &later) != ERR_OK) /* the outbox does it */
        log_line(LOG_LEVEL_WARN, "job.scrap", "order %lld: the ca has not revoked yet: %s",
                 (long long)s->order, later.detail);
    return ERR_OK;
}
