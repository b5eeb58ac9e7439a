#include "hall/notice/notice.h"

#include "base/text.h"
#include "hall/audit/audit.h"
#include "hall/event/event.h"
#include "hall/notice/notice_sql.h"
#include "hall/project/project.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

enum { TITLE_ZH_MAX = 120, TITLE_EN_MAX = 200, TEXT_MAX = 4000 };

static const char *const KINDS[] = {"general", "maintenance", "agreement", "hours"};
enum { GENERAL, MAINTENANCE, KIND_COUNT = sizeof KINDS / sizeof *KINDS };

static int kind_of(const char *kind)
{
    for (int i = 0; kind && i < KIND_COUNT; i++)
        if (strcmp(KINDS[i], kind) == 0)
            return i;
    return kind ? -1 : GENERAL;
}

static enum err check(const char *text, size_t min, size_t max, const char *field,
                      struct err_info *e)
{
    size_t n = text_chars(text);
    if (n >= min && n <= max)
        return ERR_OK;
    err_set(e, ERR_NOTICE_TEXT, field, NULL);
    err_arg(e, "what", "%s", max == TEXT_MAX ? "正文 (text)" : "标题 (title)");
    err_arg(e, "max", "%zu", max);
    return ERR_NOTICE_TEXT;
}

static enum err bad(const char *field, struct err_info *e)
{
    err_set(e, ERR_BAD_REQUEST, field, NULL);
    err_arg(e, "why", "%s", field);
    return ERR_BAD_REQUEST;
}

/* Absent texts are empty ones. */
static enum err make_plain(struct notice_new *n, struct err_info *e)
{
    const char **text[] = {&n->title_zh, &n->title_en, &n->text_zh, &n->text_en};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        if (!*text[i])
            *text[i] = "";
    TRY(check(n->title_zh, 1, TITLE_ZH_MAX, "title_zh", e));
    TRY(check(n->text_zh, 0, TEXT_MAX, "body_zh", e));
    TRY(check(n->title_en, 0, TITLE_EN_MAX, "title_en", e));
    TRY(check(n->text_en, 0, TEXT_MAX, "body_en", e));
    if (kind_of(n->kind) < 0)
        return bad("kind", e);
    return n->until_at && n->until_at <= n->from_at ? bad("until", e) : ERR_OK;
}

static enum err tell(struct hall_tx *tx, const char *project, struct err_info *e)
{
    return event_put(tx, arena_fmt(tx->arena, "notices:%s", project), e);
}

static enum err note(struct hall_tx *tx, const char *act, int64_t id, const char *title,
                     struct err_info *e)
{
    struct audit_entry x = {.act = act,
                            .object = arena_fmt(tx->arena, "notice:%lld", (long long)id),
                            .new_value = title};
    return audit_write(tx, &x, e);
}

enum err notice_add(struct hall_tx *tx, const struct notice_new *given, int64_t *id,
                    struct err_info *e)
{
    struct notice_new n = *given;
    n.from_at = n.from_at ? n.from_at : tx->now;
    TRY(make_plain(&n, e));
    if (!projects_find(tx->hall->projects, n.project))
        return err_set(e, ERR_NOT_FOUND, "project", "no project %s", n.project);
    int kind = kind_of(n.kind);
    *id = hall_new_id(tx->hall);
    TRY(store_exec(tx->db, &Q_notice_add,
                   PARAMS(P_INT(*id), P_TEXT(n.project), P_TEXT(n.title_zh), P_TEXT(n.text_zh),
                          P_TEXT(n.title_en), P_TEXT(n.text_en), P_INT(n.from_at),
                          P_INT(n.until_at), P_INT(kind == MAINTENANCE), P_TEXT(KINDS[kind])),
                   NULL, e));
    TRY(note(tx, "notice.add", *id, n.title_zh, e));
    return tell(tx, n.project, e);
}

enum err notice_change(struct hall_tx *tx, int64_t id, const struct notice_new *given,
                       struct err_info *e)
{
    const struct store_row *row;
    struct notice_new n = *given;
    n.from_at = n.from_at ? n.from_at : tx->now;
    TRY(make_plain(&n, e));
    int kind = kind_of(n.kind);
    TRY(store_one(tx->db, &Q_notice_change,
                  PARAMS(P_INT(id), P_TEXT(n.title_zh), P_TEXT(n.text_zh), P_TEXT(n.title_en),
                         P_TEXT(n.text_en), P_INT(n.from_at), P_INT(n.until_at),
                         P_INT(kind == MAINTENANCE), P_TEXT(KINDS[kind])),
                  tx->arena, &row, e));
    TRY(note(tx, "notice.change", id, n.title_zh, e));
    return tell(tx, row_text(row, "project"), e);
}

enum err notice_withdraw(struct hall_tx *tx, int64_t id, struct err_info *e)
{
    const struct store_row *row;
    TRY(store_one(tx->db, &Q_notice_withdraw, PARAMS(P_INT(id)), tx->arena, &row, e));
    TRY(note(tx, "notice.withdraw", id, NULL, e));
    return tell(tx, row_text(row, "project"), e);
}

static const char *in_language(const struct hall_tx *tx, const char *zh, const char *en)
{
    return tx->lang == LANG_EN && en && *en ? en : zh;
}

static void finish(const struct hall_tx *tx, struct notice *x)
{
    x->title = in_language(tx, x->title_zh, x->title_en);
    x->text = in_language(tx, x->text_zh, x->text_en);
    x->important = strcmp(x->kind, KINDS[MAINTENANCE]) == 0;
}

/* Those of the profile that are of today, or all. */
static size_t of_profile(const struct hall_tx *tx, const struct project *p, int all,
                         struct notice *out)
{
    int32_t today = time_china_day(tx->now);
    size_t n = 0;
    for (int i = 0; i < p->about.notices; i++) {
        const struct project_notice *x = &p->about.notice[i];
        if (!all && (today < x->from || (x->until && today > x->until)))
            continue;
        out[n] = (struct notice){.place = i + 1,
                                 .project = p->about.code,
                                 .kind = x->kind ? x->kind : KINDS[GENERAL],
                                 .title_zh = x->title.in[LANG_ZH],
                                 .title_en = x->title.in[LANG_EN],
                                 .text_zh = x->body.in[LANG_ZH],
                                 .text_en = x->body.in[LANG_EN],
                                 .from_at = time_from_china_day(x->from),
                                 .until_at = x->until ? time_from_china_day(x->until + 1) : 0};
        finish(tx, &out[n++]);
    }
    return n;
}

static struct notice notice_of(const struct hall_tx *tx, const struct store_row *r)
{
    struct notice x = {.id = row_int(r, "id"),
                       .project = row_text(r, "project"),
                       .kind = row_text(r, "kind"),
                       .title_zh = row_text(r, "title_zh"),
                       .title_en = row_text(r, "title_en"),
                       .text_zh = row_text(r, "text_zh"),
                       .text_en = row_text(r, "text_en"),
                       .from_at = row_int(r, "from_at"),
                       .until_at = row_int(r, "until_at")};
    finish(tx, &x);
    return x;
}

enum err notice_get(struct hall_tx *tx, int64_t id, struct notice *out, struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_notice_get, PARAMS(P_INT(id)), tx->arena, &r, e));
    *out = notice_of(tx, r);
    return ERR_OK;
}

static int newest(const void *x, const void *y)
{
    const struct notice *a = x, *b = y;
    return a->from_at != b->from_at ? (a->from_at < b->from_at ? 1 : -1)
                                    : (a->id < b->id   ? 1
                                       : a->id > b->id ? -1
                                                       : 0);
}

static int important_then_newest(const void *x, const void *y)
{
    const struct notice *a = x, *b = y;
    return a->important != b->important ? b->important - a->important : newest(x, y);
}

static enum err list(struct hall_tx *tx, const char *project, int all, const struct notice **out,
                     size_t *n, struct err_info *e)
{
    struct store_rows rows;
    const struct project *p = projects_find(tx->hall->projects, project);
    if (!p)
        return err_set(e, ERR_NOT_FOUND, "project", "no project %s", project);
    TRY(store_many(
        tx->db, &Q_notice_list,
        PARAMS(P_TEXT(project), P_INT(all ? INT64_MAX : tx->now), P_INT(all ? 0 : tx->now)),
        tx->arena, &rows, e));
    struct notice *found = arena_alloc(tx->arena,
                                       (rows.n + (size_t)p->about.notices + 1) * sizeof *found);
    *n = of_profile(tx, p, all, found);
    for (size_t i = 0; i < rows.n; i++)
        found[(*n)++] = notice_of(tx, &rows.row[i]);
    qsort(found, *n, sizeof *found, all ? newest : important_then_newest);
    *out = found;
    return ERR_OK;
}

enum err notice_list(struct hall_tx *tx, const char *project, const struct notice **out, size_t *n,
                     struct err_info *e)
{
    return list(tx, project, 0, out, n, e);
}

enum err notice_list_all(struct hall_tx *tx, const char *project, const struct notice **out,
                         size_t *n, struct err_info *e)
{
    return list(tx, project, 1, out, n, e);
}

/* ---- JSON ---- */

static const char *kind_text(const char *kind, enum lang lang)
{
    static const char *const words[KIND_COUNT][2] = {
        {"通知", "Notice"}, {"维护", "Maintenance"}, {"协议", "Agreement"}, {"办理时间", "Hours"}};
    int k = kind_of(kind);
    return words[k < 0 ? GENERAL : k][lang];
}

static void write_edit(struct hall_tx *tx, const struct notice *x, struct json_out *j)
{
    jout_object(j, "edit");
    jout_text(j, "project", x->project);
    jout_text(j, "kind", x->kind);
    jout_text(j, "title_zh", x->title_zh);
    jout_text(j, "title_en", x->title_en);
    jout_text(j, "body_zh", x->text_zh);
    jout_text(j, "body_en", x->text_en);
    jout_text(j, "from", time_rfc3339(tx->arena, x->from_at));
    if (x->until_at)
        jout_text(j, "until", time_rfc3339(tx->arena, x->until_at));
    jout_end(j);
}

void notice_write(struct hall_tx *tx, const struct notice *x, int edit, struct json_out *j,
                  const char *key)
{
    jout_object(j, key);
    jout_text(j, "id",
              x->id ? arena_fmt(tx->arena, "%lld", (long long)x->id)
                    : arena_fmt(tx->arena, "profile-%d", x->place));
    jout_text(j, "kind", x->kind);
    jout_text(j, "kind_text", kind_text(x->kind, tx->lang));
    jout_text(j, "tone", x->important ? "warn" : "info");
    jout_text(j, "title", x->title);
    if (*x->text)
        jout_text(j, "body", x->text);
    jout_text(j, "published_at", time_rfc3339(tx->arena, x->from_at));
    if (x->until_at)
        jout_text(j, "until", time_rfc3339(tx->arena, x->until_at));
    if (edit && x->id)
        write_edit(tx, x, j);
    jout_end(j);
}
