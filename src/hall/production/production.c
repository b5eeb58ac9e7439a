#include "hall/production/production.h"

#include "hall/audit/audit.h"
#include "hall/event/event.h"
#include "hall/production/production_sql.h"
#include "store/store.h"

#include <string.h>

static const char *const states[] = {"queued", "made", "packed", "void"};

static enum production_state state_of(const char *text)
{
    int s = PRODUCTION_QUEUED;
    while (s < PRODUCTION_VOID && strcmp(states[s], text) != 0)
        s++;
    return (enum production_state)s;
}

static enum err tell(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    return event_put(tx, arena_fmt(tx->arena, "order:%lld", (long long)order), e);
}

static enum err audit(struct hall_tx *tx, const char *act, int64_t order, const char *value,
                      const char *reason, struct err_info *e)
{
    return audit_write(
        tx,
        &(struct audit_entry){.act = act,
                              .order = order,
                              .object = arena_fmt(tx->arena, "order:%lld", (long long)order),
                              .new_value = value,
                              .reason = reason},
        e);
}

/* ---- effects ---- */

enum err production_queue(struct hall_tx *tx, int64_t order, const char *project,
                          struct err_info *e)
{
    const char *serial;
    TRY(store_exec(tx->db, &Q_production_add, PARAMS(P_INT(order), P_TEXT(project), P_INT(tx->now)),
                   NULL, e));
    TRY(store_exec(tx->db, &Q_production_step_clear, PARAMS(P_INT(order)), NULL, e));
    enum err err = ukey_reserve(tx, project, order, &serial, e);
    if (err != ERR_UKEY_NONE_LEFT)
        TRY(err);
    return tell(tx, order, e);
}

enum err production_void(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    TRY(store_exec(tx->db, &Q_production_set_state, PARAMS(P_INT(order), P_TEXT("void")), NULL, e));
    TRY(ukey_unreserve(tx, order, e));
    return tell(tx, order, e);
}

enum err production_made(struct hall_tx *tx, int64_t order, const char *serial, struct err_info *e)
{
    TRY(store_exec_one(
        tx->db, &Q_production_set_made,
        PARAMS(P_INT(order), P_INT(tx->now), P_INT(tx->who.id), P_TEXT(tx->who.name)), e));
    TRY(audit(tx, "production.made", order, serial, NULL, e));
    return tell(tx, order, e);
}

static enum err checked(struct hall_tx *tx, int64_t order, const char *state, int passed,
                        const char *reason, struct err_info *e)
{
    return store_exec_one(tx->db, &Q_production_set_quality,
                          PARAMS(P_INT(order), P_TEXT(state), P_INT(tx->now), P_TEXT(tx->who.name),
                                 P_INT(passed), P_TEXT(reason)),
                          e);
}

enum err production_quality(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    TRY(checked(tx, order, "packed", 1, "", e));
    TRY(audit(tx, "production.quality", order, "passed", NULL, e));
    return tell(tx, order, e);
}

enum err production_scrapped(struct hall_tx *tx, int64_t order, const char *serial,
                             const char *reason, struct err_info *e)
{
    TRY(checked(tx, order, "queued", 0, reason, e));
    TRY(audit(tx, "production.scrapped", order, serial, reason, e));
    return tell(tx, order, e);
}

/* ---- reading ---- */

enum err production_of_order(struct hall_tx *tx, int64_t order, struct production *out, int *found,
                             struct err_info *e)
{
    const struct store_row *r;
    struct ukey k;
    int has_key;
    TRY(store_opt(tx->db, &Q_production_get, PARAMS(P_INT(order)), tx->arena, &r, e));
    *found = r != NULL;
    if (!r)
        return ERR_OK;
    TRY(ukey_of_order(tx, order, &k, &has_key, e));
    *out = (struct production){.order = order,
                               .version = row_int(r, "version"),
                               .project = row_text(r, "project"),
                               .state = state_of(row_text(r, "state")),
                               .serial = has_key ? k.serial : "",
                               .queued_at = row_int(r, "queued_at"),
                               .made_at = row_int(r, "made_at"),
                               .maker = row_int(r, "maker"),
                               .maker_name = row_text(r, "maker_name"),
                               .quality_at = row_int(r, "quality_at"),
                               .quality_who = row_text(r, "quality_who"),
                               .quality_reason = row_text(r, "quality_reason"),
                               .quality_passed = (int)row_int(r, "quality_passed"),
                               .waiting_for_ca = (int)row_int(r, "waits_for_ca")};
    return ERR_OK;
}

enum err production_numbers(struct hall_tx *tx, struct production_numbers *out, struct err_info *e)
{
    const struct store_row *r;
    int64_t today = time_from_china_day(time_china_day(tx->now));
    TRY(store_one(tx->db, &Q_production_numbers, PARAMS(P_INT(today)), tx->arena, &r, e));
    out->made_today = row_int(r, "made_n");
    out->waiting = row_int(r, "waiting_n");
    return ERR_OK;
}

/* ---- steps ---- */

const char *production_step_text(enum production_step s, enum lang lang)
{
    static const char *const text[PRODUCTION_STEPS][2] = {
        {"插入空白 UKey", "Blank UKey plugged in"},
        {"初始化", "Initialise"},
        {"在 UKey 内生成密钥", "Key pair made in the UKey"},
        {"制作人签名，签发证书", "Maker signs, certificate issued"},
        {"写入证书并读回", "Certificate written and read back"},
        {"签名验证", "Proof by signature"},
    };
    return text[s][lang];
}

enum err production_step_done(struct hall_tx *tx, int64_t order, enum production_step s,
                              const char *note, struct err_info *e)
{
    TRY(store_exec(tx->db, &Q_production_step_put,
                   PARAMS(P_INT(order), P_INT(s), P_INT(tx->now), P_TEXT(note)), NULL, e));
    return tell(tx, order, e);
}

enum err production_steps(struct hall_tx *tx, int64_t order,
                          struct production_mark out[PRODUCTION_STEPS], struct err_info *e)
{
    struct store_rows rows;
    memset(out, 0, PRODUCTION_STEPS * sizeof *out);
    TRY(store_many(tx->db, &Q_production_step_list, PARAMS(P_INT(order)), tx->arena, &rows, e));
    for (size_t i = 0; i < rows.n; i++) {
        int64_t s = row_int(&rows.row[i], "step");
        if (s >= 0 && s < PRODUCTION_STEPS)
            out[s] = (struct production_mark){row_int(&rows.row[i], "at"),
                                              row_text(&rows.row[i], "note")};
    }
    return ERR_OK;
}

enum err production_wait_for_ca(struct hall_tx *tx, int64_t order, int waits, struct err_info *e)
{
    int64_t changed;
    TRY(store_exec(tx->db, &Q_production_set_waits, PARAMS(P_INT(order), P_INT(waits)), &changed,
                   e));
    return changed ? tell(tx, order, e) : ERR_OK;
}
