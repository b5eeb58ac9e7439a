/* What live pages follow: rows (id, topic) written in the change's own transaction, and a hub in every hall
 * process that polls them and tells its listeners. A row says only that something changed, never what.
 *
 * Topics: "order:<id>", "tasks:<role>", "outbox", "clock", "notices:<project>", "job:<id>", "session:<id>" (it has ended). */
#ifndef CERTHALL_HALL_EVENT_H
#define CERTHALL_HALL_EVENT_H

#include "hall/hall.h"

enum { EVENT_TOPIC_MAX = 64 };

/* The hub of this process hears of it as soon as the transaction is committed; others within half a second. */
NODISCARD enum err event_put(struct hall_tx *tx, const char *topic, struct err_info *e);

/* Runs on the hub's thread, once for each listener and round even if several rows came: be quick, do not block. */
typedef void event_fn(void *arg, const char *topic);

struct event_hub;
/* Starts the polling thread. The hall outlives the hub. */
NODISCARD enum err event_hub_start(const struct hall *h, struct event_hub **out,
                                   struct err_info *e);
void event_hub_free(struct event_hub *hub); /* stops the thread; NULL is fine */
DEFINE_AUTO(event_hub)
/* The number that ends it again. Any thread. */
int64_t event_listen(struct event_hub *hub, const char *topic, event_fn *fn, void *arg);
/* Afterwards `fn` is neither running nor called again. Neither this nor event_listen from within `fn`. */
void event_unlisten(struct event_hub *hub, int64_t listener);
void event_wake(struct event_hub *hub); /* poll now */

#endif
