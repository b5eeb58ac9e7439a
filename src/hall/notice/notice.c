#include "hall/notice/notice.h"

#include "base/text.h"
#include "hall/audit/audit.h"
#include "hall/event/event.h"
#include "hall/notice/notice_sql.h"
#include "hall/project/project.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

enum { TITLE_MAX = 80, TEXT_MAX = 2000 };

static enum err check(const char *text, size_t min, size_t max, const char *field,
                      struct err_info *e)
{
    size_t n = text ? text_chars(text) : 0;
    if (n >= min && n <= max)
        return ERR_OK;
    err_set(e, ERR_NOTICE_TEXT, field, NULL);
    err_arg(e, "what", "%s", max == TITLE_MAX ? "标题 (title)" : "正文 (text)");
    err_arg(e, "max", "%zu", max);
    return ERR_NOTICE_TEXT;
}

static enum err tell(struct hall_tx *tx, const char *project, struct err_info *e)
{
    return event_put(tx, arena_fmt(tx->arena, "notices:%s", project), e);
}

enum err notice_add(struct hall_tx *tx, const struct notice_new *n, int64_t *id, struct err_info *e)
{
    const char *title_en = n->title_en ? n->title_en : "", *text_en = n->text_en ? n->text_en : "";
    TRY(check(n->title_zh, 1, TITLE_MAX, "title_zh", e));
    TRY(check(n->text_zh, 1, TEXT_MAX, "text_zh", e));
    TRY(check(title_en, 0, TITLE_MAX, "title_en", e));
    TRY(check(text_en, 0, TEXT_MAX, "text_en", e));
    *id = hall_new_id(tx->hall);
    TRY(store_exec(tx->db, &Q_notice_add,
                   PARAMS(P_INT(*id), P_TEXT(n->project), P_TEXT(n->title_zh), P_TEXT(n->text_zh),
                          P_TEXT(title_en), P_TEXT(text_en),
                          P_INT(n->from_at ? n->from_at : tx->now), P_INT(n->until_at),
                          P_INT(n->important)),
                   NULL, e));
    struct audit_entry x = {.act = "notice.add",
                            .object = arena_fmt(tx->arena, "notice:%lld", (long long)*id),
                            .new_value = n->title_zh};
    TRY(audit_write(tx, &x, e));
    return tell(tx, n->project, e);
}

enum err notice_withdraw(struct hall_tx *tx, int64_t id, struct err_info *e)
{
    const struct store_row *row;
    struct audit_entry x = {.act = "notice.withdraw",
                            .object = arena_fmt(tx->arena, "notice:%lld", (long long)id)};
    TRY(store_one(tx->db, &Q_notice_withdraw, PARAMS(P_INT(id)), tx->arena, &row, e));
    TRY(audit_write(tx, &x, e));
    return tell(tx, row_text(row, "project"), e);
}

static const char *in_language(const struct hall_tx *tx, const char *zh, const char *en)
{
    return tx->lang == LANG_EN && en && *en ? en : zh;
}

/* Those of the profile that are of today. */
static size_t of_profile(const struct hall_tx *tx, const struct project *p, struct notice *out)
{
    int32_t today = time_china_day(tx->now);
    size_t n = 0;
    for (int i = 0; i < p->about.notices; i++) {
        const struct project_notice *x = &p->about.notice[i];
        if (today < x->from || (x->until && today > x->until))
            continue;
        out[n++] =
            (struct notice){.title = in_language(tx, x->title.in[LANG_ZH], x->title.in[LANG_EN]),
                            .text = in_language(tx, x->body.in[LANG_ZH], x->body.in[LANG_EN]),
                            .from_at = time_from_china_day(x->from),
                            .until_at = x->until ? time_from_china_day(x->until + 1) : 0,
                            .important = x->kind && strcmp(x->kind, "maintenance") == 0};
    }
    return n;
}

static int important_then_newest(const void *x, const void *y)
{
    const struct notice *a = x, *b = y;
    if (a->important != b->important)
        return b->important - a->important;
    return a->from_at != b->from_at ? (a->from_at < b->from_at ? 1 : -1)
                                    : (a->id < b->id   ? 1
                                       : a->id > b->id ? -1
                                                       : 0);
}

enum err notice_list(struct hall_tx *tx, const char *project, const struct notice **out, size_t *n,
                     struct err_info *e)
{
    struct store_rows rows;
    const struct project *p = projects_find(tx->hall->projects, project);
    if (!p)
        return err_set(e, ERR_NOT_FOUND, "project", "no project %s", project);
    TRY(store_many(tx->db, &Q_notice_list, PARAMS(P_TEXT(project), P_INT(tx->now)), tx->arena,
                   &rows, e));
    struct notice *list = arena_alloc(tx->arena,
                                      (rows.n + (size_t)p->about.notices + 1) * sizeof *list);
    *n = of_profile(tx, p, list);
    for (size_t i = 0; i < rows.n; i++) {
        const struct store_row *r = &rows.row[i];
        list[(*n)++] = (struct notice){
            .id = row_int(r, "id"),
            .title = in_language(tx, row_text(r, "title_zh"), row_text(r, "title_en")),
            .text = in_language(tx, row_text(r, "text_zh"), row_text(r, "text_en")),
            .from_at = row_int(r, "from_at"),
            .until_at = row_int(r, "until_at"),
            .important = (int)row_int(r, "important")};
    }
    qsort(list, *n, sizeof *list, important_then_newest);
    *out = list;
    return ERR_OK;
}
