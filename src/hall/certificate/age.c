/* How long a certificate is good, and whether its key may be believed today. Pure. */
#include "hall/certificate/certificate.h"

enum certificate_age certificate_age(const struct certificate *c, int64_t now, int before_days)
{
    if (now < c->not_before)
        return CERTIFICATE_NOT_YET;
    if (now > c->not_after)
        return CERTIFICATE_ENDED;
    return now >= c->not_after - (int64_t)before_days * TIME_DAY ? CERTIFICATE_ENDING
                                                                 : CERTIFICATE_IN_TERM;
}

int certificate_days_left(const struct certificate *c, int64_t now)
{
    int left = time_china_day(c->not_after) - time_china_day(now);
    return left > 0 && now <= c->not_after ? left : 0;
}

enum err certificate_usable(const struct certificate *c, int64_t now, enum lang lang,
                            struct err_info *e)
{
    int live = c->state == FLOW_CERTIFICATE_ACTIVE || c->state == FLOW_CERTIFICATE_EXPIRING;
    if (live && certificate_age(c, now, 0) == CERTIFICATE_ENDED) {
        int y, m, d;
        time_day_parts(time_china_day(c->not_after), &y, &m, &d);
        err_set(e, ERR_CERT_ENDED, "certificate", "%s", c->serial);
        err_arg(e, "date", "%04d-%02d-%02d", y, m, d);
        return ERR_CERT_ENDED;
    }
    if (live && now >= c->not_before)
        return ERR_OK;
    err_set(e, ERR_CERT_STATE, "certificate", "%s is in state %d", c->serial, c->state);
    err_arg(e, "state", "%s", flow_state_text(FLOW_CERTIFICATE, c->state, lang));
    return ERR_CERT_STATE;
}
