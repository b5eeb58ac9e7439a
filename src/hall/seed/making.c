/* Production, UKey, certificate and parcel. */
#include "hall/seed/seed_priv.h"

#include "base/json.h"
#include "hall/seed/seed_sql.h"
#include "hall/vault/vault.h"
#include "pki/digest.h"
#include "store/store.h"

#include <inttypes.h>
#include <string.h>

static int64_t at_event(const struct seed_order *o, enum flow_event event)
{
    for (int i = 0; i < o->reached; i++)
        if (o->path->stage[i].step->event == event)
            return o->at[i];
    return 0;
}

static enum err write_production(struct seed_order *o, struct err_info *e)
{
    struct seed_run *r = o->run;
    int64_t made = at_event(o, EVENT_FUL_MAKE), checked = at_event(o, EVENT_FUL_QUALITY);
    return store_exec(
        r->tx->db, &Q_seed_production,
        PARAMS(P_INT(o->id), P_INT(1 + (made > 0) + (checked > 0)), P_TEXT(r->project->about.code),
               P_TEXT(checked ? "packed"
                      : made  ? "made"
                              : "queued"),
               P_INT(o->at[o->path->paid]), P_INT(made), P_INT(made ? r->who[SEED_MAKER].id : 0),
               P_TEXT(made ? r->who[SEED_MAKER].name : ""), P_INT(checked),
               P_TEXT(checked ? r->who[SEED_SHIPPING].name : ""), P_INT(checked > 0)),
        NULL, e);
}

static enum err write_ukey_line(struct seed_order *o, int64_t at, const char *row, int state,
                                int64_t order, const char *who, struct err_info *e)
{
    return store_exec(o->run->tx->db, &Q_seed_ukey_line,
                      PARAMS(P_INT(seed_id(o, at)), P_TEXT(o->serial), P_INT(at), P_TEXT(row),
                             P_TEXT(flow_state_name(FLOW_UKEY, state)), P_INT(order), P_TEXT(who)),
                      NULL, e);
}

static enum err write_ukey(struct seed_order *o, struct err_info *e)
{
    struct seed_run *r = o->run;
    const struct project *p = r->project;
    int64_t stocked = o->at[0] - 30 * (int64_t)TIME_DAY, sent = at_event(o, EVENT_FUL_HAND_OVER);
    int lines = 1;
    TRY(write_ukey_line(o, stocked, "T1", FLOW_UKEY_BLANK, 0, r->who[SEED_MAKER].name, e));
    for (int i = 0; i < o->reached; i++) {
        const struct seed_stage *s = &o->path->stage[i];
        enum seed_who who = s->step->who;
        if (!s->ukey_row)
            continue;
        lines++;
        TRY(write_ukey_line(o, o->at[i], s->ukey_row, s->states.at[FLOW_UKEY], o->id,
                            who == SEED_APPLICANT ? o->person->name : seed_who_text(r, who), e));
    }
    return store_exec(r->tx->db, &Q_seed_ukey,
                      PARAMS(P_TEXT(o->serial), P_TEXT(p->about.code),
                             P_TEXT(flow_state_name(FLOW_UKEY, o->states.at[FLOW_UKEY])),
                             P_INT(lines), P_INT(o->id), P_INT(sent ? o->person->account : 0),
                             P_INT(stocked), P_INT(sent), P_INT(at_event(o, EVENT_UKEY_FIRST_PIN)),
                             P_INT(p->pin.max_tries)),
                      NULL, e);
}

static enum err write_certificate_lines(struct seed_order *o, int64_t id, struct err_info *e)
{
    struct seed_run *r = o->run;
    for (int i = 0; i < o->reached; i++) {
        const struct seed_stage *s = &o->path->stage[i];
        const char *state = flow_state_name(FLOW_CERTIFICATE, s->states.at[FLOW_CERTIFICATE]);
        if (!s->certificate_row)
            continue;
        TRY(store_exec(r->tx->db, &Q_seed_certificate_line,
                       PARAMS(P_INT(seed_id(o, o->at[i])), P_INT(id), P_INT(o->at[i]),
                              P_TEXT(s->certificate_row), P_TEXT(state),
                              P_TEXT(r->who[s->step->who].name), P_TEXT("")),
                       NULL, e));
    }
    return ERR_OK;
}

/* Octets that only a key or the ca can make are none: neither request nor certificate. */
static enum err write_certificate(struct seed_order *o, struct err_info *e)
{
    struct seed_run *r = o->run;
    struct arena *a = r->tx->arena;
    const struct project *p = r->project;
    uint8_t sum[DIGEST_LEN];
    int64_t asked = at_event(o, EVENT_CERT_REQUEST), made = at_event(o, EVENT_CERT_ISSUE);
    int64_t revoked = at_event(o, EVENT_CERT_REVOKE), id = seed_id(o, asked);
    int64_t until = asked + p->cert.validity_days * (int64_t)TIME_DAY;
    digest_sha256((struct bytes){(const uint8_t *)o->certificate, strlen(o->certificate)}, sum);
    struct bytes hash = {sum, sizeof sum};
    const char *subject = arena_fmt(a, "CN=%s,OU=%s,O=%s,C=CN", o->person->name,
                                    o->person->of.reporting_code, o->person->of.name);
    const struct store_value v[] = {
        P_INT(id),
        P_INT(3),
        P_INT(o->id),
        P_INT(o->person->account),
        P_TEXT(p->about.code),
        P_TEXT(o->person->of.name),
        P_TEXT(o->serial),
        P_TEXT(flow_state_name(FLOW_CERTIFICATE, o->states.at[FLOW_CERTIFICATE])),
        P_TEXT(arena_fmt(a, "%" PRId64 "-sign", o->id)),
        P_TEXT(r->profile),
        P_BLOB(hash),
        P_INT(asked),
        P_INT(until),
        P_TEXT(r->batch_hash),
        P_INT(o->person->batch_row),
        made ? P_TEXT(o->certificate) : P_NULL,
        P_BLOB(((struct bytes){(const uint8_t *)"", 0})),
        P_TEXT(made ? subject : ""),
        P_TEXT(made ? "CN=Demo without authority,O=CertHall,C=CN" : ""),
        P_TEXT(made ? project_algorithm_name(p->cert.algorithm) : ""),
        P_INT(made ? asked : 0),
        P_INT(made ? until : 0),
        P_INT(asked),
        P_INT(made),
        P_INT(revoked),
        P_TEXT(revoked ? "cessation" : "")};
    TRY(store_exec(r->tx->db, &Q_seed_certificate, (struct store_params){v, sizeof v / sizeof *v},
                   NULL, e));
    return write_certificate_lines(o, id, e);
}

static const char *to_json(struct seed_order *o)
{
    const struct seed_person *p = o->person;
    _auto_buf b;
    struct json_out j;
    buf_init(&b, 4096);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_text(&j, "name", p->name);
    jout_text(&j, "phone", p->mobile);
    jout_text(&j, "address", p->of.address);
    jout_text(&j, "postcode", "362000");
    jout_end(&j);
    return arena_text(o->run->tx->arena, buf_cstr(&b));
}

static enum err write_parcel(struct seed_order *o, struct err_info *e)
{
    struct seed_run *r = o->run;
    struct bytes to;
    int64_t sent = at_event(o, EVENT_FUL_HAND_OVER), id = seed_id(o, sent);
    TRY(vault_seal_text(r->hall->vault, r->tx->arena, VAULT_ADDRESS, id, to_json(o), &to, e));
    return store_exec(r->tx->db, &Q_seed_delivery,
                      PARAMS(P_INT(id), P_INT(o->id), P_TEXT(o->courier), P_TEXT(o->parcel),
                             P_TEXT(o->serial), P_BLOB(to), P_INT(sent),
                             P_INT(r->who[SEED_SHIPPING].id), P_TEXT(r->who[SEED_SHIPPING].name),
                             P_INT(at_event(o, EVENT_FUL_SIGNED))),
                      NULL, e);
}

enum err seed_write_making(struct seed_order *o, struct err_info *e)
{
    if (o->path->paid < 0 || o->reached <= o->path->paid)
        return ERR_OK;
    TRY(write_production(o, e));
    if (at_event(o, EVENT_UKEY_INITIALISE))
        TRY(write_ukey(o, e));
    if (at_event(o, EVENT_CERT_REQUEST))
        TRY(write_certificate(o, e));
    return at_event(o, EVENT_FUL_HAND_OVER) ? write_parcel(o, e) : ERR_OK;
}
