/* One row of flow's tables with one rule taken away or changed, as CERTHALL_FLIP says: "MACHINE ROW WHAT [N]", where ROW is
 * the row's place in its table and WHAT one of
 *   row        the row is never taken         to N      it leads to state N, -1: it moves nothing
 *   guard N    its Nth guard is not asked     effect N  its Nth effect does not happen
 *   raise N    its Nth event does not follow  from N    it is not taken from state N
 *   actor N    actor N may not                actors    everybody may
 *   count      no stage or leg is counted     refuse    the known refusal is no longer one
 * Linked in between flow and its tables by the build option `flips` only. */
#include "hall/flow/flow_priv.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 64 };

static struct {
    pthread_once_t once;
    int machine;
    struct flow_row row[ROWS_MAX];
} altered = {.once = PTHREAD_ONCE_INIT, .machine = -1};

static void take_out(void *list, size_t size, int n, int at)
{
    char *p = list;
    memmove(p + size * (size_t)at, p + size * (size_t)(at + 1), size * (size_t)(n - at - 1));
    memset(p + size * (size_t)(n - 1), 0, size);
}

static void alter(struct flow_row *row, const char *what, int n)
{
    if (strcmp(what, "row") == 0)
        row->from = 0;
    else if (strcmp(what, "to") == 0)
        row->to = n;
    else if (strcmp(what, "guard") == 0)
        take_out(row->guard, sizeof row->guard[0], FLOW_GUARDS_MAX, n);
    else if (strcmp(what, "effect") == 0)
        take_out(row->effect, sizeof row->effect[0], FLOW_ROW_EFFECTS_MAX, n);
    else if (strcmp(what, "raise") == 0)
        take_out(row->raise, sizeof row->raise[0], FLOW_RAISES_MAX, n);
    else if (strcmp(what, "from") == 0)
        row->from &= ~(1U << n);
    else if (strcmp(what, "actor") == 0)
        row->actor &= ~(1U << n);
    else if (strcmp(what, "actors") == 0)
        row->actor = (1U << ACTOR_COUNT) - 1;
    else if (strcmp(what, "count") == 0)
        row->count = COUNT_KEEP;
    else if (strcmp(what, "refuse") == 0)
        row->refuse = ERR_OK;
    else
        abort();
}

#define MACHINES(X)                                                                                \
    X(code, FLOW_CODE)                                                                             \
    X(application, FLOW_APPLICATION)                                                               \
    X(payment, FLOW_PAYMENT)                                                                       \
    X(invoice, FLOW_INVOICE)                                                                       \
    X(paper, FLOW_PAPER)                                                                           \
    X(fulfilment, FLOW_FULFILMENT)                                                                 \
    X(ukey, FLOW_UKEY)                                                                             \
    X(certificate, FLOW_CERTIFICATE)

#define REAL(name, m)                                                                              \
    const struct flow_row *__real_flow_##name##_rows(int *n);                                      \
    const struct flow_row *__wrap_flow_##name##_rows(int *n);
MACHINES(REAL)

static const struct flow_row *real_rows(int m, int *n)
{
    switch (m) {
#define CASE(name, machine)                                                                        \
    case machine:                                                                                  \
        return __real_flow_##name##_rows(n);
        MACHINES(CASE)
    default:
        abort();
    }
}

static void read_flip(void)
{
    char machine[32], what[16];
    int at, arg = 0, n;
    const char *flip = getenv("CERTHALL_FLIP");
    if (!flip)
        return;
    if (sscanf(flip, "%31s %d %15s %d", machine, &at, what, &arg) < 3)
        abort();
    for (int m = 0; m < FLOW_MACHINES; m++)
        if (strcmp(flow_machine_name((enum flow_machine)m), machine) == 0)
            altered.machine = m;
    if (altered.machine < 0)
        abort();
    const struct flow_row *rows = real_rows(altered.machine, &n);
    if (n > ROWS_MAX || at < 0 || at >= n)
        abort();
    memcpy(altered.row, rows, sizeof *rows * (size_t)n);
    alter(&altered.row[at], what, arg);
}

static const struct flow_row *rows_of(int m, int *n)
{
    pthread_once(&altered.once, read_flip);
    const struct flow_row *rows = real_rows(m, n);
    return m == altered.machine ? altered.row : rows;
}

#define WRAP(name, m)                                                                              \
    const struct flow_row *__wrap_flow_##name##_rows(int *n)                                       \
    {                                                                                              \
        return rows_of(m, n);                                                                      \
    }
MACHINES(WRAP)
