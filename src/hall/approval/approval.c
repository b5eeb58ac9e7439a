#include "hall/approval/approval.h"

#include "hall/approval/approval_priv.h"
#include "hall/approval/approval_sql.h"
#include "hall/audit/audit.h"
#include "hall/staff/staff.h"
#include "hall/task/task.h"
#include "store/store.h"

#include <string.h>

static const char *const states[] = {"waiting", "approved", "rejected"};

static void approval_from(const struct store_row *r, struct approval *out)
{
    int s = 0;
    while (s < APPROVAL_REJECTED && strcmp(states[s], row_text(r, "state")) != 0)
        s++;
    *out = (struct approval){.id = row_int(r, "id"),
                             .version = row_int(r, "version"),
                             .kind = row_text(r, "kind"),
                             .object = row_text(r, "object"),
                             .order = row_int(r, "order_id"),
                             .reason_code = row_text(r, "reason_code"),
                             .reason = row_text(r, "reason"),
                             .asked_by = row_int(r, "asked_by"),
                             .asked_at = row_int(r, "asked_at"),
                             .asked_name = row_text(r, "asked_name"),
                             .asked_role = row_text(r, "asked_role"),
                             .state = (enum approval_state)s,
                             .decided_by = row_int(r, "decided_by"),
                             .decided_at = row_int(r, "decided_at"),
                             .decided_name = row_text(r, "decided_name"),
                             .decided_role = row_text(r, "decided_role"),
                             .note = row_text(r, "note")};
}

unsigned approval_roles(const char *kind)
{
    return strcmp(kind, "refund") == 0 ? STAFF_FINANCE | STAFF_PROJECT_ADMIN
                                       : STAFF_SUPPORT | STAFF_REGULATOR | STAFF_PROJECT_ADMIN;
}

enum err approval_get(struct hall_tx *tx, int64_t id, struct approval *out, struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_approval_get, PARAMS(P_INT(id)), tx->arena, &r, e));
    approval_from(r, out);
    return ERR_OK;
}

enum err approval_held(struct hall_tx *tx, int64_t id, int *held, struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_approval_get, PARAMS(P_INT(id)), tx->arena, &r, e));
    *held = (int)row_int(r, "held");
    return ERR_OK;
}

static const char *waiting_key(struct arena *a, const char *kind, const char *object)
{
    return arena_fmt(a, "%s/%s", kind, object);
}

enum err approval_waiting(struct hall_tx *tx, const char *kind, const char *object,
                          struct approval *out, int *found, struct err_info *e)
{
    const struct store_row *r;
    TRY(store_opt(tx->db, &Q_approval_waiting, PARAMS(P_TEXT(waiting_key(tx->arena, kind, object))),
                  tx->arena, &r, e));
    *found = r != NULL;
    if (r)
        approval_from(r, out);
    return ERR_OK;
}

static enum err audit(struct hall_tx *tx, const char *act, const struct approval *p,
                      const char *value, const char *reason, struct err_info *e)
{
    return audit_write(
        tx,
        &(struct audit_entry){.act = act,
                              .order = p->order,
                              .object = arena_fmt(tx->arena, "approval:%lld", (long long)p->id),
                              .new_value = value,
                              .reason = *reason ? reason : NULL},
        e);
}

enum err approval_add(struct hall_tx *tx, const struct approval_new *n, struct approval *out,
                      struct err_info *e)
{
    int64_t id = hall_new_id(tx->hall);
    TRY(store_exec(tx->db, &Q_approval_add,
                   PARAMS(P_INT(id), P_TEXT(n->kind), P_TEXT(n->object), P_INT(n->order),
                          P_TEXT(n->reason_code), P_TEXT(n->reason), P_INT(n->held),
                          P_INT(tx->who.id), P_INT(tx->now), P_TEXT(tx->who.name),
                          P_TEXT(tx->who.role), P_TEXT(waiting_key(tx->arena, n->kind, n->object))),
                   NULL, e));
    TRY(approval_get(tx, id, out, e));
    struct task_new task = {.kind = "approval",
                            .project = "",
                            .order = n->order,
                            .subject = arena_fmt(tx->arena, "approval:%lld", (long long)id),
                            .role = strcmp(n->kind, "refund") ? "support" : "finance",
                            .note = ""};
    TRY(task_open(tx, &task, NULL, e));
    return audit(tx, "approval.ask", out, arena_fmt(tx->arena, "%s %s", n->kind, n->object),
                 n->reason, e);
}

enum err approval_ask(struct hall_tx *tx, const char *kind, const char *object, int64_t order,
                      const char *reason, struct approval *out, struct err_info *e)
{
    int found;
    struct approval_new n = {
        .kind = kind, .object = object, .order = order, .reason_code = "", .reason = reason};
    TRY(approval_waiting(tx, kind, object, out, &found, e));
    return found ? ERR_OK : approval_add(tx, &n, out, e);
}

/* Another approval of the same order may wait beside this one: its task stays. */
static enum err close_task(struct hall_tx *tx, const struct approval *p, struct err_info *e)
{
    const struct task *task;
    size_t n;
    const char *subject = arena_fmt(tx->arena, "approval:%lld", (long long)p->id);
    struct task_filter f = {.kind = "approval", .order = p->order, .limit = 200};
    TRY(task_list(tx, &f, &task, &n, e));
    for (size_t i = 0; i < n; i++)
        if (!strcmp(task[i].subject, subject))
            TRY(task_close_id(tx, task[i].id, e));
    return ERR_OK;
}

enum err approval_settle(struct hall_tx *tx, struct approval *p, int approve, const char *note,
                         struct err_info *e)
{
    int64_t changed;
    if (p->asked_by == tx->who.id)
        return err_set(e, ERR_REVIEW_FOUR_EYES, NULL, "approval %lld", (long long)p->id);
    TRY(store_exec(tx->db, &Q_approval_decide,
                   PARAMS(P_INT(p->id), P_INT(p->version), P_TEXT(states[approve ? 1 : 2]),
                          P_INT(tx->who.id), P_INT(tx->now), P_TEXT(tx->who.name),
                          P_TEXT(tx->who.role), P_TEXT(note)),
                   &changed, e));
    if (!changed)
        return err_set(e, ERR_CONFLICT, NULL, "approval %lld was decided", (long long)p->id);
    TRY(close_task(tx, p, e));
    TRY(audit(tx, "approval.decide", p, states[approve ? 1 : 2], note, e));
    return approval_get(tx, p->id, p, e);
}
