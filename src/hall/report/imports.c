#include "hall/report/report.h"

#include "hall/report/report_sql.h"
#include "store/store.h"

static struct report_import import_of(const struct store_row *r)
{
    return (struct report_import){.id = row_int(r, "id"),
                                  .at = row_int(r, "at"),
                                  .project = row_text(r, "project"),
                                  .batch = row_text(r, "batch"),
                                  .name = row_text(r, "name"),
                                  .by = row_text(r, "by_name"),
                                  .signer = row_text(r, "signer"),
                                  .ca_state = row_text(r, "ca_state"),
                                  .encoding = row_text(r, "encoding"),
                                  .added = (int)row_int(r, "added"),
                                  .corrected = (int)row_int(r, "corrected"),
                                  .withdrawn = (int)row_int(r, "withdrawn"),
                                  .overridden = (int)row_int(r, "overridden")};
}

enum err report_imports(struct hall_tx *tx, int64_t before, int limit,
                        const struct report_import **out, size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_report_imports, PARAMS(P_INT(before), P_INT(limit)), tx->arena, &rows,
                   e));
    struct report_import *list = arena_alloc(tx->arena, (rows.n + 1) * sizeof *list);
    for (size_t i = 0; i < rows.n; i++)
        list[i] = import_of(&rows.row[i]);
    *out = list;
    *n = rows.n;
    return ERR_OK;
}

enum err report_import_get(struct hall_tx *tx, int64_t id, struct report_import *out,
                           struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_report_import_get, PARAMS(P_INT(id)), tx->arena, &r, e));
    *out = import_of(r);
    return ERR_OK;
}

enum err report_import_of(struct hall_tx *tx, const char *project, const char *batch,
                          struct report_import *out, struct err_info *e)
{
    const struct store_row *r;
    TRY(store_opt(tx->db, &Q_report_import_of, PARAMS(P_TEXT(project), P_TEXT(batch)), tx->arena,
                  &r, e));
    *out = r ? import_of(r) : (struct report_import){0};
    return ERR_OK;
}

enum err report_import_rows(struct hall_tx *tx, int64_t batch, int64_t after, int limit,
                            const struct report_import_row **out, size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_report_import_rows, PARAMS(P_INT(batch), P_INT(after), P_INT(limit)),
                   tx->arena, &rows, e));
    struct report_import_row *list = arena_alloc(tx->arena, (rows.n + 1) * sizeof *list);
    for (size_t i = 0; i < rows.n; i++) {
        const struct store_row *r = &rows.row[i];
        list[i] = (struct report_import_row){.number = (int)row_int(r, "number"),
                                             .place = (int)row_int(r, "place"),
                                             .account = row_int(r, "account"),
                                             .order = row_int(r, "order_id"),
                                             .action = row_text(r, "action"),
                                             .institution_name = row_text(r, "institution_name"),
                                             .reporting_code = row_text(r, "reporting_code"),
                                             .user_name = row_text(r, "user_name"),
                                             .uscc = row_text(r, "uscc"),
                                             .override_reason = row_text(r, "override_reason")};
    }
    *out = list;
    *n = rows.n;
    return ERR_OK;
}
