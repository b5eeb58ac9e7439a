#include "hall/catalogue.h"

#include "hall/audit/audit_sql.h"
#include "hall/event/event_sql.h"
#include "hall/hall_sql.h"
#include "hall/task/task_sql.h"

/* Only ever add at the end: a database in use has run the migrations in this order. */
static const struct store_module *const MODULES[] = {
    &hall_sql,
    &audit_sql,
    &event_sql,
    &task_sql,
};
const struct store_catalogue hall_catalogue = STORE_CATALOGUE(MODULES);
