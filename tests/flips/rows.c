/* Every flip of every row that has code, one a line: the flip as alter.c takes it, a tab, and what it does in words. */
#include "hall/flow/flow.h"

#include <stdio.h>

static void say(const struct flow_row *row, int at, const char *flip, int n, const char *words,
                const char *which)
{
    const char *machine = flow_machine_name(row->machine);
    printf("%s %d %s %d\t%s %s (row %d): %s%s\n", machine, at, flip, n, row->id,
           flow_event_name(row->event), at, words, which);
}

/* It moves nothing, and it leads to the machine's last state (or, where it does already, to the one before). */
static void targets(const struct flow_row *row, int at)
{
    int wrong = flow_state_count(row->machine) - 1;
    int stays = row->to != FLOW_SAME && row->from != 1U << row->to;
    if (row->refuse != ERR_OK)
        return; /* never reached */
    if (stays)
        say(row, at, "to", FLOW_SAME, "moves nothing", "");
    while (wrong == row->to || (row->to == FLOW_SAME && row->from >> wrong & 1))
        wrong--;
    say(row, at, "to", wrong, "leads to ", flow_state_name(row->machine, wrong));
}

static void lists(const struct flow_row *row, int at)
{
    for (int i = 0; i < FLOW_GUARDS_MAX && row->guard[i]; i++)
        say(row, at, "guard", i, "does not ask ", flow_guard_name((enum flow_guard)row->guard[i]));
    for (int i = 0; i < FLOW_ROW_EFFECTS_MAX && row->effect[i].effect; i++)
        say(row, at, "effect", i, "does not ",
            row->effect[i].effect == EFFECT_NOTIFY
                ? flow_notice_name((enum flow_notice)row->effect[i].arg)
                : flow_effect_name((enum flow_effect)row->effect[i].effect));
    for (int i = 0; i < FLOW_RAISES_MAX && row->raise[i]; i++)
        say(row, at, "raise", i, "is not followed by ",
            flow_event_name((enum flow_event)row->raise[i]));
}

static void sets(const struct flow_row *row, int at)
{
    for (int s = 0; s < flow_state_count(row->machine); s++)
        if (row->from >> s & 1 && row->from != 1U << s)
            say(row, at, "from", s, "not from ", flow_state_name(row->machine, s));
    for (int a = 0; a < ACTOR_COUNT; a++)
        if (row->actor >> a & 1 && row->actor != 1U << a)
            say(row, at, "actor", a, "not by ", flow_actor_name((enum flow_actor)a));
    say(row, at, "actors", 0, "by everybody", "");
}

int main(void)
{
    for (int m = 0; m < FLOW_MACHINES; m++) {
        int n;
        const struct flow_row *row = flow_rows((enum flow_machine)m, &n);
        for (int i = 0; i < n; i++) {
            if (!row[i].built)
                continue;
            say(&row[i], i, "row", 0, "is gone", "");
            targets(&row[i], i);
            lists(&row[i], i);
            sets(&row[i], i);
            if (row[i].count != COUNT_KEEP)
                say(&row[i], i, "count", 0, "does not count", "");
            if (row[i].refuse != ERR_OK)
                say(&row[i], i, "refuse", 0, "is no refusal", "");
        }
    }
    return 0;
}
