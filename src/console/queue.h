/* Queues of the work list (Queue of docs/openapi.yaml) and the kinds of tasks that stand in them. */
#ifndef CERTHALL_CONSOLE_QUEUE_H
#define CERTHALL_CONSOLE_QUEUE_H

#include "base/mem.h"

enum console_queue {
    QUEUE_NAME_CHANGE,
    QUEUE_REVIEW,
    QUEUE_PRODUCE,
    QUEUE_QUALITY,
    QUEUE_SHIP,
    QUEUE_PAYMENT,
    QUEUE_INVOICE,
    QUEUE_REVOKE_PROPOSAL,
    QUEUE_APPROVAL,
    QUEUE_SUPPORT, /* and whatever else needs a person */
    QUEUE_COUNT
};
const char *console_queue_name(enum console_queue q);  /* "name_change" */
int console_queue_from_name(const char *name);         /* -1: unknown */
enum console_queue console_queue_of(const char *kind); /* of a task */

/* Whether one of `roles` (set of enum staff_role) does tasks of this kind on the list of `role`: their own, and quality
 * checks, which shipping may do as well as the maker (F3). */
int console_queue_open_to(unsigned roles, const char *role, const char *kind);
/* The roles whose lists these are: to be told when they change. */
unsigned console_queue_watched(unsigned roles);
/* On whose lists the tasks for `roles` stand, NULL-terminated, for report_work_filter. */
const char *const *console_queue_lists(struct arena *a, unsigned roles);

#endif
