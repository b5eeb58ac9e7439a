/* What others ask of a project. Pure. */
#include "hall/project/project.h"

#include "base/time.h"

#include <string.h>

const struct project_form *project_form(const struct project *p, enum flow_type type)
{
    return &p->form[type];
}

int project_type_on(const struct project *p, enum flow_type type)
{
    return p->type[type].line && !p->type[type].off;
}

int project_type_open(const struct project *p, enum flow_type type, int32_t china_day)
{
    const struct project_type *t = &p->type[type];
    return project_type_on(p, type) && (!t->open_from || china_day >= t->open_from) &&
           (!t->open_to || china_day <= t->open_to);
}

int32_t project_code_usable(const struct project *p, const struct calendar *c, int32_t obtained,
                            int *provisional)
{
    return calendar_add_workdays(c, obtained, p->intake.code_valid_from_workday, provisional);
}

int64_t project_clock_due(const struct project *p, const struct calendar *c, int i, int64_t from,
                          int *provisional)
{
    const struct flow_clock *k = &p->rules.clock[i];
    int32_t day = time_china_day(from);
    if (provisional)
        *provisional = 0;
    if (k->unit == UNIT_HOURS)
        return from + (int64_t)k->length * TIME_HOUR;
    if (k->unit == UNIT_DAYS)
        return calendar_day_end(day + k->length);
    return calendar_day_end(calendar_add_workdays(c, day, k->length, provisional));
}

int project_clock(const struct project *p, const char *name)
{
    for (int i = 0; i < p->rules.clocks; i++)
        if (strcmp(p->rules.clock[i].name, name) == 0)
            return i;
    return -1;
}

/* The batch day of a month, or its last day where it is shorter. */
static int32_t batch_in(const struct project *p, int year, int month)
{
    int32_t first = time_day_from_parts(year, month, 1);
    int32_t next = month == 12 ? time_day_from_parts(year + 1, 1, 1)
                               : time_day_from_parts(year, month + 1, 1);
    int32_t day = first + p->invoice.batch_day - 1;
    return day < next ? day : next - 1;
}

int32_t project_batch_day(const struct project *p, int32_t china_day)
{
    int year, month, mday;
    time_day_parts(china_day, &year, &month, &mday);
    int32_t day = batch_in(p, year, month);
    if (day >= china_day)
        return day;
    return month == 12 ? batch_in(p, year + 1, 1) : batch_in(p, year, month + 1);
}

const struct project_template *project_long_text(const struct project *p, enum project_long_text t,
                                                 const char *version, int32_t china_day)
{
    static const char *const kinds[] = {"agreement", "privacy", "accessibility", "help"};
    const struct project_template *best = NULL;
    for (int i = 0; i < p->template_n; i++) {
        const struct project_template *x = &p->templates[i];
        if (strcmp(x->kind, kinds[t]) != 0)
            continue;
        if (version && strcmp(x->version, version) == 0)
            return x;
        if (!version && x->effective <= china_day && (!best || x->effective >= best->effective))
            best = x;
    }
    return best;
}

/* ---- fees ---- */

static void fill_fee(struct project_fee *out, const char *rule, int64_t fen,
                     struct project_text title, struct project_text text)
{
    *out = (struct project_fee){.rule = rule, .amount_fen = fen, .title = title, .text = text};
}

static const struct project_text no_text = {{"", ""}};

/* Free rules come before the table: S0-40, S0-49, G-01. */
static int free_rule(const struct project *p, const struct project_fee_case *c,
                     struct project_fee *out)
{
    const struct project_warranty *w = &p->warranty;
    if (p->pay.when == PAY_NEVER || c->type == TYPE_RESEND) {
        fill_fee(out, "free", 0, no_text, no_text);
        return 1;
    }
    if (c->type == TYPE_REISSUE_DAMAGED && w->line && c->days_since_receipt >= 0 &&
        c->days_since_receipt <= w->days && (!w->times || c->used_free < w->times)) {
        fill_fee(out, "warranty", 0, w->title, w->text);
        return 1;
    }
    if (c->type == TYPE_UNLOCK && c->used_free < p->unlock.free_times) {
        fill_fee(out, "free_unlock", 0, p->unlock.title, p->unlock.text);
        return 1;
    }
    return 0;
}

int project_fee_of(const struct project *p, const struct project_fee_case *c,
                   struct project_fee *out)
{
    if (free_rule(p, c, out))
        return 1;
    for (int i = 0; i < p->fees; i++)
        if (p->fee[i].types >> c->type & 1)
            return project_fee_rule(p, p->fee[i].id, out);
    return 0;
}

int project_fee_rule(const struct project *p, const char *rule, struct project_fee *out)
{
    if (strcmp(rule, "free") == 0)
        fill_fee(out, "free", 0, no_text, no_text);
    else if (strcmp(rule, "warranty") == 0 && p->warranty.line)
        fill_fee(out, "warranty", 0, p->warranty.title, p->warranty.text);
    else if (strcmp(rule, "free_unlock") == 0 && p->unlock.line)
        fill_fee(out, "free_unlock", 0, p->unlock.title, p->unlock.text);
    else {
        for (int i = 0; i < p->fees; i++) {
            const struct project_fee_row *f = &p->fee[i];
            if (strcmp(f->id, rule) == 0) {
                fill_fee(out, f->id, f->amount_fen, f->title, f->text);
                return 1;
            }
        }
        return 0;
    }
    return 1;
}

/* ---- texts ---- */

static const char *value_of(const struct project_value *value, int values, const char *name,
                            size_t n)
{
    for (int i = 0; i < values; i++)
        if (strlen(value[i].name) == n && memcmp(value[i].name, name, n) == 0)
            return value[i].value ? value[i].value : "";
    return "";
}

const char *project_fill(struct arena *a, const char *text, const struct project_value *value,
                         int values)
{
    _auto_buf out;
    buf_init(&out, 1 << 16);
    while (*text) {
        const char *open = strchr(text, '{'), *close = open ? strchr(open, '}') : NULL;
        if (!close) {
            buf_text(&out, text);
            break;
        }
        buf_put(&out, text, (size_t)(open - text));
        buf_text(&out, value_of(value, values, open + 1, (size_t)(close - open - 1)));
        text = close + 1;
    }
    return arena_text(a, buf_cstr(&out));
}
