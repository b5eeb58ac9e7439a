#include "hall/institution/institution_priv.h"

#include "hall/audit/audit.h"
#include "hall/institution/institution_sql.h"
#include "store/store.h"

#include <string.h>

struct institution institution_of(const struct store_row *r)
{
    return (struct institution){.id = row_int(r, "id"),
                                .version = row_int(r, "version"),
                                .uscc = row_text(r, "uscc"),
                                .name = row_text(r, "name"),
                                .created_at = row_int(r, "created_at")};
}

static enum err add_name(struct hall_tx *tx, int64_t id, const char *old_name, const char *name,
                         const char *source, struct err_info *e)
{
    TRY(store_exec(tx->db, &Q_institution_name_add,
                   PARAMS(P_INT(hall_new_id(tx->hall)), P_INT(id), P_TEXT(name), P_TEXT(source),
                          P_INT(tx->now)),
                   NULL, e));
    TRY(store_exec(tx->db, &Q_institution_part_add, PARAMS(P_INT(id), P_TEXT(name)), NULL, e));
    struct audit_entry x = {.act = old_name ? "institution.rename" : "institution.add",
                            .object = arena_fmt(tx->arena, "institution:%lld", (long long)id),
                            .old_value = old_name,
                            .new_value = name,
                            .reason = source};
    return audit_write(tx, &x, e);
}

enum err institution_put(struct hall_tx *tx, const char *uscc, const char *name, const char *source,
                         int64_t *id, struct err_info *e)
{
    struct institution now;
    int64_t made;
    *id = hall_new_id(tx->hall);
    TRY(store_exec(tx->db, &Q_institution_add,
                   PARAMS(P_INT(*id), P_TEXT(uscc), P_TEXT(name), P_INT(tx->now)), &made, e));
    if (made)
        return add_name(tx, *id, NULL, name, source, e);
    TRY(institution_find(tx, uscc, &now, e));
    *id = now.id;
    if (strcmp(now.name, name) == 0)
        return ERR_OK;
    TRY(store_exec_one(tx->db, &Q_institution_rename,
                       PARAMS(P_INT(now.id), P_INT(now.version), P_TEXT(name)), e));
    return add_name(tx, now.id, now.name, name, source, e);
}

enum err institution_get(struct hall_tx *tx, int64_t id, struct institution *out,
                         struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_institution_get, PARAMS(P_INT(id)), tx->arena, &r, e));
    *out = institution_of(r);
    return ERR_OK;
}

enum err institution_find(struct hall_tx *tx, const char *uscc, struct institution *out,
                          struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_institution_by_uscc, PARAMS(P_TEXT(uscc)), tx->arena, &r, e));
    *out = institution_of(r);
    return ERR_OK;
}

enum err institution_names(struct hall_tx *tx, int64_t id, const struct institution_name **out,
                           size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_institution_name_list, PARAMS(P_INT(id)), tx->arena, &rows, e));
    struct institution_name *list = arena_alloc(tx->arena, (rows.n + 1) * sizeof *list);
    for (size_t i = 0; i < rows.n; i++)
        list[i] = (struct institution_name){.name = row_text(&rows.row[i], "name"),
                                            .source = row_text(&rows.row[i], "source"),
                                            .from_at = row_int(&rows.row[i], "from_at")};
    *out = list;
    *n = rows.n;
    return ERR_OK;
}
