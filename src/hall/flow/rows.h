/* Abbreviations for the tables of rows, included by the rows_*.c files only. Each row is one line of
 * requirements.md §10; where one line there needs several rows here, they share its id. */
#include "hall/flow/flow_priv.h"

#define BY(a) (1U << ACTOR_##a)
#define FOR(t) (1U << TYPE_##t)
#define ON(...)                                                                                    \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define DO(x)                                                                                      \
    {                                                                                              \
        EFFECT_##x, 0                                                                              \
    }
#define TELL(n)                                                                                    \
    {                                                                                              \
        EFFECT_NOTIFY, NOTICE_##n                                                                  \
    }
#define IF(g) GUARD_##g
#define THEN(e) EVENT_##e
#define ROWS(machine, rows)                                                                        \
    const struct flow_row *flow_##machine##_rows(int *n)                                           \
    {                                                                                              \
        *n = (int)(sizeof rows / sizeof rows[0]);                                                  \
        return rows;                                                                               \
    }
