/* The tables as text, for golden files and for people who want to read them. */
#include "hall/flow/flow_priv.h"

enum { SWITCHES = 33 };
static const char *const switch_names[SWITCHES] = {
    "review",        "pay",
    "transfer",      "fix_edit",
    "fix_close",     "edit_pending",
    "refund_ask",    "revive",
    "invoice",       "invoice_auto",
    "invoice_batch", "invoice_request",
    "title_free",    "invoice_correct",
    "paper",         "via_org",
    "direct",        "activate",
    "bind",          "resend",
    "inactive",      "freeze",
    "expiry",        "code",
    "makes",         "in_place",
    "unlock",        "damage",
    "replace",       "change",
    "retire",        "return",
    "materials",
};

const char *flow_switch_name(int bit)
{
    return switch_names[bit];
}

static void print_set(struct buf *out, const char *label, uint64_t set, int n,
                      const char *(*name)(int))
{
    if (!set)
        return;
    buf_fmt(out, " %s", label);
    for (int i = 0; i < n; i++)
        if (set >> i & 1)
            buf_fmt(out, " %s", name(i));
}

static const char *actor(int i)
{
    return flow_actor_name((enum flow_actor)i);
}

static const char *type(int i)
{
    return flow_type_name((enum flow_type)i);
}

static void print_effects(const struct flow_row *row, struct buf *out)
{
    for (int i = 0; i < FLOW_ROW_EFFECTS_MAX && row->effect[i].effect; i++) {
        enum flow_effect fx = (enum flow_effect)row->effect[i].effect;
        buf_fmt(out, "%s %s", i ? "" : " do", flow_effect_name(fx));
        if (fx == EFFECT_NOTIFY)
            buf_fmt(out, ":%s", flow_notice_name((enum flow_notice)row->effect[i].arg));
    }
    for (int i = 0; i < FLOW_RAISES_MAX && row->raise[i]; i++)
        buf_fmt(out, "%s %s", i ? "" : " then", flow_event_name((enum flow_event)row->raise[i]));
}

static void print_row(const struct flow_rules *r, const struct flow_row *row, int state,
                      struct buf *out)
{
    static const char *const counts[] = {"", " +1", " =0", " =1", " =profile"};
    int to = row->to == FLOW_SAME ? state : row->to;
    buf_fmt(out, "    %-3s %-5s%s %s -> %s%s", flow_row_on(r, row) ? "on" : "off", row->id,
            row->built ? "" : " (no code)", flow_event_name(row->event),
            flow_state_name(row->machine, to), counts[row->count]);
    if (row->refuse != ERR_OK)
        buf_fmt(out, " refused %s", err_code_text(row->refuse));
    print_set(out, "by", row->actor, ACTOR_COUNT, actor);
    print_set(out, "for", row->types, TYPE_COUNT, type);
    print_set(out, "needs", row->needs, SWITCHES, flow_switch_name);
    for (int i = 0; i < FLOW_GUARDS_MAX && row->guard[i]; i++)
        buf_fmt(out, "%s %s", i ? "" : " if", flow_guard_name((enum flow_guard)row->guard[i]));
    print_effects(row, out);
    buf_byte(out, '\n');
}

static int print_cell(const struct flow_rules *r, enum flow_machine m, int state,
                      enum flow_event ev, struct buf *out)
{
    int n, found = 0;
    const struct flow_row *rows = flow_rows(m, &n);
    for (int i = 0; i < n; i++)
        if (rows[i].event == ev && rows[i].from >> state & 1) {
            print_row(r, &rows[i], state, out);
            found = 1;
        }
    return found;
}

void flow_print(const struct flow_rules *r, enum flow_machine m, struct buf *out)
{
    buf_fmt(
        out,
        "%s: for each state the rows of each event in the order they are tried, then the events it refuses\n",
        flow_machine_name(m));
    for (int s = 0; s < flow_state_count(m); s++) {
        buf_fmt(out, "\n%s  %s, %s\n", flow_state_name(m, s),
                flow_is_rest(m, s)      ? "rest"
                : flow_is_passing(m, s) ? "passing"
                                        : "open",
                flow_owner_name(flow_owner(r, m, s)));
        uint8_t refused[EVENT_COUNT] = {0};
        for (int ev = 1; ev < EVENT_COUNT; ev++)
            if (flow_event_machine((enum flow_event)ev) == m &&
                !flow_is_signal((enum flow_event)ev))
                refused[ev] = (uint8_t)!print_cell(r, m, s, (enum flow_event)ev, out);
        buf_text(out, "    refused");
        for (int ev = 1; ev < EVENT_COUNT; ev++)
            if (refused[ev])
                buf_fmt(out, " %s", flow_event_name((enum flow_event)ev));
        buf_byte(out, '\n');
    }
}
