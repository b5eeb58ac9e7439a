/* What stands between a job and production: the facts of the four checks, and the quality check (F3). */
#include "hall/job/job_priv.h"

#include "base/text.h"
#include "hall/intake/intake.h"
#include "pki/digest.h"

#include <string.h>

enum { FRESH_MS = 30 * TIME_MINUTE };

/* G-11: who passed a review stage of this order does not make its UKey. */
static enum err has_reviewed(struct hall_tx *tx, int64_t order, int *yes, struct err_info *e)
{
    *yes = 0;
    if (tx->who.kind != BY_STAFF)
        return ERR_OK;
    return order_done_by(tx, order, EVENT_APP_PASS, tx->who.id, yes, e);
}

enum err job_production_facts(struct hall_tx *tx, int64_t order, struct production_facts *out,
                              struct err_info *e)
{
    struct order o;
    struct ukey k;
    struct intake_evidence said;
    int found;
    TRY(order_get(tx, order, &o, e));
    TRY(ukey_of_order(tx, order, &k, &found, e));
    *out = (struct production_facts){.approved = o.states.at[FLOW_APPLICATION] ==
                                                 FLOW_APPLICATION_IN_PRODUCTION,
                                     .settled = o.states.at[FLOW_PAYMENT] == FLOW_PAYMENT_PAID ||
                                                o.states.at[FLOW_PAYMENT] == FLOW_PAYMENT_NOT_DUE,
                                     .revision = o.revision,
                                     .serial = found ? k.serial : "",
                                     .serial_state = found ? k.state : FLOW_UKEY_NONE,
                                     .institution_name = "",
                                     .reporting_code = "",
                                     .user_name = ""};
    enum err err = intake_evidence(tx, o.account, &said, e);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    out->registration = err == ERR_OK;
    if (err == ERR_OK) {
        out->institution_name = said.institution_name;
        out->reporting_code = said.reporting_code;
        out->user_name = said.user_name;
    }
    return has_reviewed(tx, order, &out->reviewer_is_maker, e);
}

/* ---- quality check ---- */

static enum err not_proven(struct err_info *e, const char *why)
{
    return err_set(e, ERR_MAKE_PROOF, "job", "%s", why);
}

/* Does the key that an identify job read carry this order's certificate? */
static int key_has(const json_t *key, const char *serial, const char *certificate)
{
    const json_t *container;
    size_t i;
    if (strcmp(json_opt_text(key, "serial", ""), serial) != 0)
        return 0;
    json_array_foreach (json_object_get(key, "containers"), i, container)
        if (!strcmp(json_opt_text(container, "certificate", ""), certificate))
            return 1;
    return 0;
}

static const char *certificate_sum(struct hall_tx *tx, struct bytes der)
{
    uint8_t sum[DIGEST_LEN];
    digest_sha256(der, sum);
    return text_hex(tx->arena, (struct bytes){sum, sizeof sum});
}

static enum err check_read(struct hall_tx *tx, const struct job_quality *q, const char *serial,
                           struct bytes der, struct err_info *e)
{
    struct job_row row;
    const json_t *key;
    size_t i;
    enum err err = q->job ? job_load_of(tx, q->job, q->browser, &row, e) : ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND)
        return not_proven(e, "no job has read the UKey");
    TRY(err);
    if (row.j.kind != JOB_IDENTIFY || row.j.state != JOB_DONE || !*row.j.result ||
        tx->machine - row.j.made_at > FRESH_MS)
        return not_proven(e, "the job is no reading of today's key");
    _auto_json result = NULL;
    TRY(json_parse(row.j.result, strlen(row.j.result), &result, e));
    json_array_foreach (json_object_get(result, "keys"), i, key)
        if (key_has(key, serial, certificate_sum(tx, der)))
            return ERR_OK;
    return not_proven(e, "another key, or without the order's certificate");
}

static enum err check_passed(struct hall_tx *tx, const struct job_quality *q,
                             const struct production *p, struct err_info *e)
{
    struct production_mark mark[PRODUCTION_STEPS];
    struct certificate c;
    int found;
    TRY(production_label_matches(p, q->scanned, tx->arena, e));
    TRY(production_steps(tx, q->order, mark, e));
    TRY(certificate_of_order(tx, q->order, &c, &found, e));
    if (!mark[PRODUCTION_PROVE].at || !found || !c.der.n)
        return not_proven(e, "the key has not signed");
    return check_read(tx, q, p->serial, c.der, e);
}

enum err job_quality_check(struct hall_tx *tx, const struct job_quality *q, struct err_info *e)
{
    struct production p;
    struct order_input in = {0};
    struct order_change change;
    int found;
    TRY(production_of_order(tx, q->order, &p, &found, e));
    if (!found || p.state != PRODUCTION_MADE)
        return err_set(e, ERR_ORDER_STATE, NULL, "order %lld is not made", (long long)q->order);
    if (!q->passed)
        return job_scrap_in(tx, q->order, p.serial, q->reason, e);
    TRY(check_passed(tx, q, &p, e));
    struct order_making making = {.serial = p.serial};
    in.making = &making;
    order_hold(&in, GUARD_PROVEN);
    return order_apply(tx, q->order, EVENT_FUL_QUALITY, &in, &change, e);
}
