/* Queues of the work list (Queue of docs/openapi.yaml) and the kinds of tasks that stand in them. */
#ifndef CERTHALL_CONSOLE_QUEUE_H
#define CERTHALL_CONSOLE_QUEUE_H

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

#endif
