#include "console/queue.h"

#include "base/text.h"
#include "hall/staff/staff.h"

#include <string.h>

static const char *const NAMES[QUEUE_COUNT] = {
    "name_change", "review",  "produce",         "quality",  "ship",
    "payment",     "invoice", "revoke_proposal", "approval", "support"};

const char *console_queue_name(enum console_queue q)
{
    return NAMES[q];
}

int console_queue_from_name(const char *name)
{
    for (int i = 0; i < QUEUE_COUNT; i++)
        if (strcmp(NAMES[i], name) == 0)
            return i;
    return -1;
}

enum console_queue console_queue_of(const char *kind)
{
    int q = console_queue_from_name(kind);
    return q < 0 ? QUEUE_SUPPORT : (enum console_queue)q;
}

/* Who helps with the tasks of another role: the same people whom the flow lets do it (rows_fulfilment.c, F3), and who runs
 * the project with what could not be sent. */
static const struct help {
    unsigned helps;
    enum staff_role role;
    const char *kind;
} HELP[] = {{STAFF_SHIPPING, STAFF_MAKER, "quality"},
            {STAFF_PROJECT_ADMIN, STAFF_SUPPORT, "outbox_dead"}};
enum { HELPS = sizeof HELP / sizeof *HELP };

int console_queue_open_to(unsigned roles, const char *role, const char *kind)
{
    unsigned of = staff_role_from_code(role);
    if (of & roles)
        return 1;
    for (int i = 0; i < HELPS; i++)
        if ((HELP[i].helps & roles) && HELP[i].role == of && !strcmp(HELP[i].kind, kind))
            return 1;
    return 0;
}

unsigned console_queue_watched(unsigned roles)
{
    unsigned all = roles;
    for (int i = 0; i < HELPS; i++)
        if (HELP[i].helps & roles)
            all |= HELP[i].role;
    return all;
}

const char *const *console_queue_lists(struct arena *a, unsigned roles)
{
    const char **list = arena_alloc(a, (STAFF_ROLES + HELPS + 1) * sizeof *list);
    size_t n = 0;
    for (unsigned bit = 1; bit < 1u << STAFF_ROLES; bit <<= 1)
        if (roles & bit)
            list[n++] = staff_role_code((enum staff_role)bit);
    for (int i = 0; i < HELPS; i++)
        if ((HELP[i].helps & roles) && !(HELP[i].role & roles))
            list[n++] = arena_fmt(a, "%s/%s", staff_role_code(HELP[i].role), HELP[i].kind);
    return list;
}
