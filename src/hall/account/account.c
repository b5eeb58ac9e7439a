#include "hall/account/account_priv.h"

#include "base/sys.h"
#include "base/text.h"
#include "hall/account/account_sql.h"
#include "hall/audit/audit.h"
#include "hall/calendar/calendar.h"
#include "hall/vault/vault.h"
#include "store/store.h"

#include <string.h>

static const char *const STATES[] = {"LOADED", "USABLE", "IN_USE", "WITHDRAWN"};
enum { CODE_BYTES = 10 }; /* 80 bits: 16 characters of base32 */

const char *account_state_text(enum account_state s)
{
    return STATES[s];
}

enum account_state account_state_at(const char *stored, int32_t usable_from, int32_t today)
{
    enum account_state s = ACCOUNT_LOADED;
    while (s < ACCOUNT_WITHDRAWN && strcmp(STATES[s], stored) != 0)
        s++;
    return s == ACCOUNT_LOADED && today >= usable_from ? ACCOUNT_USABLE : s;
}

struct bytes account_code_index(const struct hall *h, struct arena *a, const char *project,
                                const char *code)
{
    return vault_index(h->vault, a, VAULT_CODE, arena_fmt(a, "%s/%s", project, code));
}

static const char *new_code(struct arena *a)
{
    uint8_t random[CODE_BYTES];
    random_bytes(random, sizeof random);
    const char *code = text_base32(a, (struct bytes){random, sizeof random});
    mem_wipe(random, sizeof random);
    return code;
}

struct sealed_person {
    struct bytes handler, mobile, email, mobile_index, email_index;
};

static enum err seal_person(struct hall_tx *tx, int64_t id, const char *handler, const char *mobile,
                            const char *email, struct sealed_person *out, struct err_info *e)
{
    const struct vault *v = tx->hall->vault;
    TRY(vault_seal_text(v, tx->arena, VAULT_HANDLER, id, handler, &out->handler, e));
    TRY(vault_seal_text(v, tx->arena, VAULT_MOBILE, id, mobile, &out->mobile, e));
    TRY(vault_seal_text(v, tx->arena, VAULT_EMAIL, id, email, &out->email, e));
    out->mobile_index = vault_index(v, tx->arena, VAULT_MOBILE, mobile);
    out->email_index = vault_index(v, tx->arena, VAULT_EMAIL, email);
    return ERR_OK;
}

/* What the unique constraints would say, said with our own words before they are hit. *again is the account of a user
 * who was withdrawn and is approved anew, 0 otherwise. */
static enum err is_free(struct hall_tx *tx, const struct account_new *n, const char *code,
                        int64_t *again, struct err_info *e)
{
    const struct store_row *row;
    struct account known;
    int taken;
    *again = 0;
    TRY(account_code_taken(tx, n->project, code, &taken, e));
    TRY(store_opt(tx->db, &Q_account_by_key,
                  PARAMS(P_TEXT(n->project), P_TEXT(n->reporting_code), P_TEXT(n->user_name)),
                  tx->arena, &row, e));
    if (row) {
        *again = row_int(row, "id");
        TRY(account_get(tx, *again, &known, e));
        if (known.state != ACCOUNT_WITHDRAWN)
            return err_set(e, ERR_ACCOUNT_EXISTS, "user_name", NULL);
    }
    return taken ? err_set(e, ERR_ACCOUNT_CODE_TAKEN, "code", NULL) : ERR_OK;
}

static enum err audit_of(struct hall_tx *tx, const char *act, int64_t id, const char *new_value,
                         struct err_info *e)
{
    struct audit_entry x = {.act = act,
                            .object = arena_fmt(tx->arena, "account:%lld", (long long)id),
                            .new_value = new_value};
    return audit_write(tx, &x, e);
}

enum err account_load(struct hall_tx *tx, const struct account_new *n, int64_t *id,
                      const char **code, struct err_info *e)
{
    struct sealed_person p;
    int64_t again;
    int provisional = 0;
    *code = n->code && *n->code ? n->code : new_code(tx->arena);
    TRY(is_free(tx, n, *code, &again, e));
    *id = again ? again : hall_new_id(tx->hall);
    /* G-03: the day of receipt does not count; the second working day after it is usable */
    int32_t from = calendar_add_workdays(tx->hall->calendar, time_china_day(tx->now),
                                         n->from_workday, &provisional);
    struct bytes index = account_code_index(tx->hall, tx->arena, n->project, *code);
    TRY(seal_person(tx, *id, n->handler, n->mobile, n->email, &p, e));
    struct store_params row = PARAMS(P_INT(*id), P_TEXT(n->project), P_TEXT(n->reporting_code),
                                     P_TEXT(n->user_name), P_INT(n->institution), P_BLOB(index),
                                     P_INT(from), P_INT(provisional), P_BLOB(p.handler),
                                     P_BLOB(p.mobile), P_BLOB(p.email), P_BLOB(p.mobile_index),
                                     P_BLOB(p.email_index), P_INT(tx->now));
    TRY(store_exec_one(tx->db, again ? &Q_account_anew : &Q_account_add, row, e));
    return audit_of(tx, again ? "account.load_again" : "account.load", *id,
                    arena_fmt(tx->arena, "%s/%s", n->reporting_code, n->user_name), e);
}

enum err account_code_taken(struct hall_tx *tx, const char *project, const char *code, int *taken,
                            struct err_info *e)
{
    const struct store_row *row;
    struct bytes index = account_code_index(tx->hall, tx->arena, project, code);
    TRY(store_opt(tx->db, &Q_account_by_code, PARAMS(P_BLOB(index)), tx->arena, &row, e));
    *taken = row != NULL;
    return ERR_OK;
}

enum err account_get(struct hall_tx *tx, int64_t id, struct account *out, struct err_info *e)
{
    const struct store_row *r;
    const struct vault *v = tx->hall->vault;
    TRY(store_one(tx->db, &Q_account_get, PARAMS(P_INT(id)), tx->arena, &r, e));
    *out = (struct account){.id = id,
                            .institution = row_int(r, "institution"),
                            .version = row_int(r, "version"),
                            .project = row_text(r, "project"),
                            .reporting_code = row_text(r, "reporting_code"),
                            .user_name = row_text(r, "user_name"),
                            .usable_from = (int32_t)row_int(r, "usable_from"),
                            .usable_provisional = (int)row_int(r, "usable_provisional"),
                            .loaded_at = row_int(r, "loaded_at")};
    out->state = account_state_at(row_text(r, "state"), out->usable_from, time_china_day(tx->now));
    TRY(vault_open_text(v, tx->arena, VAULT_HANDLER, id, row_blob(r, "handler"), &out->handler, e));
    TRY(vault_open_text(v, tx->arena, VAULT_MOBILE, id, row_blob(r, "mobile"), &out->mobile, e));
    return vault_open_text(v, tx->arena, VAULT_EMAIL, id, row_blob(r, "email"), &out->email, e);
}

enum err account_find(struct hall_tx *tx, const char *project, const char *reporting_code,
                      const char *user_name, struct account *out, struct err_info *e)
{
    const struct store_row *row;
    TRY(store_one(tx->db, &Q_account_by_key,
                  PARAMS(P_TEXT(project), P_TEXT(reporting_code), P_TEXT(user_name)), tx->arena,
                  &row, e));
    return account_get(tx, row_int(row, "id"), out, e);
}

static enum err get_all(struct hall_tx *tx, const struct store_rows *rows,
                        const struct account **out, size_t *n, struct err_info *e)
{
    struct account *list = arena_alloc(tx->arena, (rows->n + 1) * sizeof *list);
    for (size_t i = 0; i < rows->n; i++)
        TRY(account_get(tx, row_int(&rows->row[i], "id"), &list[i], e));
    *out = list;
    *n = rows->n;
    return ERR_OK;
}

enum err account_of_institution(struct hall_tx *tx, int64_t institution, const struct account **out,
                                size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_account_of_institution, PARAMS(P_INT(institution)), tx->arena, &rows,
                   e));
    return get_all(tx, &rows, out, n, e);
}

enum err account_search(struct hall_tx *tx, const char *value, const struct account **out,
                        size_t *n, struct err_info *e)
{
    struct store_rows rows;
    const struct vault *v = tx->hall->vault;
    TRY(store_many(tx->db, &Q_account_of_mobile,
                   PARAMS(P_BLOB(vault_index(v, tx->arena, VAULT_MOBILE, value)),
                          P_BLOB(vault_index(v, tx->arena, VAULT_EMAIL, value))),
                   tx->arena, &rows, e));
    return get_all(tx, &rows, out, n, e);
}

enum err account_correct(struct hall_tx *tx, int64_t id, const struct account_change *c,
                         struct err_info *e)
{
    struct account now;
    struct sealed_person p;
    TRY(account_get(tx, id, &now, e));
    TRY(seal_person(tx, id, c->handler, c->mobile, c->email, &p, e));
    TRY(store_exec_one(tx->db, &Q_account_correct,
                       PARAMS(P_INT(id), P_INT(now.version), P_INT(c->institution),
                              P_BLOB(p.handler), P_BLOB(p.mobile), P_BLOB(p.email),
                              P_BLOB(p.mobile_index), P_BLOB(p.email_index)),
                       e));
    struct audit_entry x = {
        .act = "account.correct",
        .object = arena_fmt(tx->arena, "account:%lld", (long long)id),
        .old_value = arena_fmt(tx->arena, "%s %s %s", now.handler, now.mobile, now.email),
        .new_value = arena_fmt(tx->arena, "%s %s %s", c->handler, c->mobile, c->email)};
    return audit_write(tx, &x, e);
}

enum err account_erase(struct hall_tx *tx, int64_t id, struct err_info *e)
{
    struct account now;
    struct sealed_person p;
    TRY(account_get(tx, id, &now, e));
    TRY(seal_person(tx, id, "", "", "", &p, e));
    TRY(store_exec_one(tx->db, &Q_account_erase,
                       PARAMS(P_INT(id), P_INT(now.version), P_BLOB(p.handler), P_BLOB(p.mobile),
                              P_BLOB(p.email), P_BLOB(p.mobile_index), P_BLOB(p.email_index)),
                       e));
    return audit_of(tx, "account.erase", id, NULL, e);
}

enum err account_withdraw(struct hall_tx *tx, int64_t id, struct err_info *e)
{
    struct account now;
    TRY(account_get(tx, id, &now, e));
    if (now.state == ACCOUNT_WITHDRAWN)
        return ERR_OK;
    TRY(store_exec_one(tx->db, &Q_account_state,
                       PARAMS(P_INT(id), P_INT(now.version), P_TEXT(STATES[ACCOUNT_WITHDRAWN])),
                       e));
    return audit_of(tx, "account.withdraw", id, NULL, e);
}

enum err account_usable_due(struct hall_tx *tx, int *n, struct err_info *e)
{
    int64_t changed;
    TRY(store_exec(tx->db, &Q_account_usable, PARAMS(P_INT(time_china_day(tx->now))), &changed, e));
    *n = (int)changed;
    return ERR_OK;
}
