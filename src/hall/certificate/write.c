/* Certificates and UKeys as docs/openapi.yaml shows them. */
#include "hall/certificate/certificate.h"

#include <string.h>

/* Past its end a certificate is shown as expired, whether or not a timer has been round. */
static int shown_state(const struct certificate *c, int64_t now)
{
    int live = c->state == FLOW_CERTIFICATE_ACTIVE || c->state == FLOW_CERTIFICATE_EXPIRING;
    return live && now > c->not_after ? FLOW_CERTIFICATE_EXPIRED : c->state;
}

const char *certificate_tone(int state)
{
    switch (state) {
    case FLOW_CERTIFICATE_ACTIVE:
        return "ok";
    case FLOW_CERTIFICATE_REQUESTED:
    case FLOW_CERTIFICATE_ISSUED_INACTIVE:
        return "info";
    case FLOW_CERTIFICATE_EXPIRING:
    case FLOW_CERTIFICATE_ON_HOLD:
        return "warn";
    case FLOW_CERTIFICATE_REVOKED:
    case FLOW_CERTIFICATE_EXPIRED:
    case FLOW_CERTIFICATE_EXPIRED_LATE:
        return "err";
    default:
        return "plain";
    }
}

static const char *key_tone(int state)
{
    switch (state) {
    case FLOW_UKEY_ACTIVE:
        return "ok";
    case FLOW_UKEY_ISSUED:
    case FLOW_UKEY_PERSONALISED:
    case FLOW_UKEY_INITIALISED:
        return "info";
    case FLOW_UKEY_LOCKED:
    case FLOW_UKEY_SUSPENDED:
    case FLOW_UKEY_UNDER_DIAGNOSIS:
        return "warn";
    case FLOW_UKEY_DEAD:
    case FLOW_UKEY_LOST:
    case FLOW_UKEY_DEFECTIVE:
    case FLOW_UKEY_DAMAGED:
    case FLOW_UKEY_LOST_IN_TRANSIT:
        return "err";
    default:
        return "plain";
    }
}

/* "{n}" of a state's words: days to the end. */
static const char *state_words(struct hall_tx *tx, const struct certificate *c, int state)
{
    const char *text = flow_state_text(FLOW_CERTIFICATE, state, tx->lang);
    const char *hole = strstr(text, "{n}");
    if (!hole)
        return text;
    return arena_fmt(tx->arena, "%.*s%d%s", (int)(hole - text), text,
                     certificate_days_left(c, tx->now), hole + strlen("{n}"));
}

/* What is said of a UKey then, instead of its own state. */
static const char *const REVOKED[] = {"证书已吊销", "Certificate revoked"};

static void members(const struct certificate *c, struct hall_tx *tx, struct json_out *j)
{
    int state = shown_state(c, tx->now);
    jout_text(j, "serial", c->serial);
    jout_text(j, "subject", c->subject);
    jout_text(j, "issuer", c->issuer);
    jout_text(j, "algorithm", c->algorithm);
    jout_text(j, "not_before", time_rfc3339(tx->arena, c->not_before));
    jout_text(j, "not_after", time_rfc3339(tx->arena, c->not_after));
    jout_text(j, "state", flow_state_name(FLOW_CERTIFICATE, state));
    jout_text(j, "text", state_words(tx, c, state));
    jout_text(j, "tone", certificate_tone(state));
}

void certificate_write_members(const struct certificate *c, struct hall_tx *tx, struct json_out *j)
{
    members(c, tx, j);
    jout_text(j, "institution", c->institution);
    jout_id(j, "order", c->order);
    jout_text(j, "key_serial", c->ukey);
    jout_text(j, "key_serial_text", ukey_serial_text(tx->arena, c->ukey));
}

enum err certificate_revoked_on(struct hall_tx *tx, const struct ukey *k, int *yes,
                                struct err_info *e)
{
    struct certificate c;
    int found;
    TRY(certificate_of_ukey(tx, k->serial, &c, &found, e));
    *yes = found && c.state == FLOW_CERTIFICATE_REVOKED &&
           (k->state == FLOW_UKEY_ISSUED || k->state == FLOW_UKEY_ACTIVE);
    return ERR_OK;
}

enum err certificate_write_key_members(struct hall_tx *tx, const struct ukey *k, struct json_out *j,
                                       struct err_info *e)
{
    struct certificate c;
    int found, revoked;
    TRY(certificate_of_ukey(tx, k->serial, &c, &found, e));
    TRY(certificate_revoked_on(tx, k, &revoked, e));
    jout_text(j, "serial", k->serial);
    jout_text(j, "serial_text", ukey_serial_text(tx->arena, k->serial));
    jout_text(j, "state", flow_state_name(FLOW_UKEY, k->state));
    jout_text(j, "text",
              revoked ? REVOKED[tx->lang] : flow_state_text(FLOW_UKEY, k->state, tx->lang));
    jout_text(j, "tone", revoked ? "err" : key_tone(k->state));
    if (k->order)
        jout_id(j, "order", k->order);
    jout_bool(j, "pin_set", k->first_pin_at != 0);
    if (found && *c.serial) {
        jout_object(j, "certificate");
        members(&c, tx, j);
        jout_end(j);
    }
    return ERR_OK;
}

/* ---- histories ---- */

static void line(struct hall_tx *tx, struct json_out *j, int64_t at, const char *text,
                 const char *who, const char *detail)
{
    jout_object(j, NULL);
    jout_text(j, "at", time_rfc3339(tx->arena, at));
    jout_text(j, "text", text);
    jout_text(j, "who", who);
    if (*detail)
        jout_text(j, "detail", detail);
    jout_end(j);
}

enum err certificate_write_key_history(struct hall_tx *tx, const char *serial, struct json_out *j,
                                       const char *key, struct err_info *e)
{
    const struct ukey_line *all;
    size_t n;
    TRY(ukey_history(tx, serial, &all, &n, e));
    jout_list(j, key);
    for (size_t i = 0; i < n; i++)
        line(tx, j, all[i].at, flow_state_text(FLOW_UKEY, all[i].state, tx->lang), all[i].who, "");
    jout_end(j);
    return ERR_OK;
}

enum err certificate_write_history(struct hall_tx *tx, int64_t id, struct json_out *j,
                                   const char *key, struct err_info *e)
{
    const struct certificate_line *all;
    size_t n;
    TRY(certificate_history(tx, id, &all, &n, e));
    jout_list(j, key);
    for (size_t i = 0; i < n; i++)
        line(tx, j, all[i].at, flow_state_text(FLOW_CERTIFICATE, all[i].state, tx->lang),
             all[i].who, all[i].reason);
    jout_end(j);
    return ERR_OK;
}
