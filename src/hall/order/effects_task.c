/* Tasks: on whose list an order stands (invariant 4). What they are called is what the work list asks for. */
#include "hall/order/order_priv.h"
#include "hall/task/task.h"

#include <inttypes.h>
#include <string.h>

const char *order_task_kind(enum flow_machine m, int state)
{
    if (m == FLOW_APPLICATION)
        return state == FLOW_APPLICATION_REVIEW ? "review" : "support";
    if (m == FLOW_PAYMENT)
        return "payment";
    if (m == FLOW_INVOICE)
        return "invoice";
    if (m == FLOW_PAPER)
        return "paper";
    switch (state) {
    case FLOW_FULFILMENT_QUEUED:
        return "produce";
    case FLOW_FULFILMENT_MADE:
        return "quality";
    case FLOW_FULFILMENT_PACKED:
        return "ship";
    default:
        return "counter";
    }
}

/* The clock that measures this state, as the order page shows it. */
static enum err due_of(struct order_run *run, struct task_new *t, struct err_info *e)
{
    struct flow_now lane[FLOW_LANES_MAX];
    const struct task_clock *all;
    size_t clocks;
    int n = flow_now(&run->facts, &run->o.states, lane, FLOW_LANES_MAX);
    TRY(task_clock_list(run->tx, run->o.id, &all, &clocks, e));
    for (int i = 0; i < n; i++) {
        if (lane[i].machine != run->what->machine || lane[i].clock < 0)
            continue;
        const char *name = run->facts.rules->clock[lane[i].clock].name;
        for (size_t c = 0; c < clocks; c++)
            if (strcmp(all[c].name, name) == 0 && !all[c].stopped_at) {
                t->due_at = all[c].due_at;
                t->provisional = all[c].provisional;
            }
    }
    return ERR_OK;
}

enum err order_fx_task_open(struct order_run *run, struct err_info *e)
{
    const struct flow_do *what = run->what;
    struct task_new t = {
        .kind = order_task_kind(what->machine, what->arg),
        .project = run->o.project,
        .order = run->o.id,
        .subject = what->machine == FLOW_PAPER ? run->facts.rules->paper[what->set].name : "",
        .role = flow_owner_name(flow_owner(run->facts.rules, what->machine, what->arg)),
        .note = "",
    };
    TRY(due_of(run, &t, e));
    return task_open(run->tx, &t, NULL, e);
}

enum err order_fx_task_close(struct order_run *run, struct err_info *e)
{
    return task_close(run->tx, run->o.id, order_task_kind(run->what->machine, run->what->arg), e);
}

static enum err for_support(struct order_run *run, const char *kind, struct err_info *e)
{
    struct task_new t = {
        .kind = kind,
        .project = run->o.project,
        .order = run->o.id,
        .subject = run->what->row,
        .role = "support",
        .note = "",
    };
    return task_open(run->tx, &t, NULL, e);
}

enum err order_fx_support_task(struct order_run *run, struct err_info *e)
{
    return for_support(run, "support", e);
}

enum err order_fx_revoke_proposal(struct order_run *run, struct err_info *e)
{
    return for_support(run, "revoke_proposal", e);
}
