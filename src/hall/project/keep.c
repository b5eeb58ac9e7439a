/* Versions of profiles in the database: an order keeps the one it started with. */
#include "hall/project/keep.h"

#include "base/sys.h"
#include "hall/project/project_sql.h"
#include "store/store.h"

#include <string.h>

enum err projects_restore(struct hall_tx *tx, struct projects *ps, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_project_profile_all, NO_PARAMS, tx->arena, &rows, e));
    for (size_t i = 0; i < rows.n; i++) {
        struct project_report report = {.arena = tx->arena};
        struct project *p;
        const char *code = row_text(&rows.row[i], "code"),
                   *text = row_text(&rows.row[i], "profile");
        TRY(project_from_text(code, (struct bytes){(const uint8_t *)text, strlen(text)}, &p,
                              &report, e));
        projects_add(ps, p);
    }
    return ERR_OK;
}

enum err projects_keep(struct hall_tx *tx, const struct projects *ps, struct err_info *e)
{
    for (int i = 0; i < projects_count(ps); i++) {
        const struct project *p = projects_at(ps, i);
        TRY(store_exec(
            tx->db, &Q_project_profile_keep,
            PARAMS(P_TEXT(p->about.code), P_INT(p->version), P_TEXT(p->text), P_INT(tx->now)), NULL,
            e));
    }
    return ERR_OK;
}
