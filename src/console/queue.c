#include "console/queue.h"

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
