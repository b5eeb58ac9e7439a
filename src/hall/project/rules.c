/* What the machines are told: forms and clocks joined, parameters handed to flow. */
#include "hall/project/schema.h"

#include <stdio.h>
#include <string.h>

/* ---- forms ---- */

static const char *const register_names[] = {
    "institution_name", "reporting_code", "user_name", "uscc", "handler", "mobile", "email", NULL};

static const struct project_field *find_field(const struct form_entry *form, const char *name)
{
    for (int s = 0; s < form->sections; s++)
        for (int q = 0; q < form->section[s].questions; q++)
            for (int i = 0; i < form->section[s].question[q].fields; i++)
                if (form->section[s].question[q].field[i].name &&
                    strcmp(form->section[s].question[q].field[i].name, name) == 0)
                    return &form->section[s].question[q].field[i];
    return NULL;
}

static void check_field(struct reader *r, const struct project_field *f, const char *path)
{
    int line = reader_line(r, path);
    int given = f->from_regulator || f->same_as || f->kind == FIELD_FIXED;
    if (!given && f->edit == EDIT_NEVER)
        reader_problem(
            r, line, path,
            "is asked of the applicant, but edit is never: frozen before it can be filled");
    if (f->edit == EDIT_WITH_VERIFICATION)
        reader_problem(r, line, path, "edit with_verification has no code yet");
    if (f->kind == FIELD_CHOICE && f->options < 2)
        reader_problem(r, line, path, "is a choice with fewer than two options");
    if (f->kind != FIELD_CHOICE && f->options)
        reader_problem(r, line, path, "has options, but is no choice");
    if (f->max_length && f->min_length > f->max_length)
        reader_problem(r, line, path, "min_length is more than max_length");
    if ((f->shown_if != NULL) != (f->shown_value != NULL))
        reader_problem(r, line, path, "shown_if and shown_value go together");
}

static void name_field(struct profile_file *f, struct reader *r, const struct project_section *sec,
                       struct project_field *field, const char *path)
{
    check_field(r, field, path);
    if (field->from_regulator && f->p.intake.source == INTAKE_NONE)
        reader_problem(r, reader_line(r, path), path,
                       "comes from the regulator, but intake.source is none");
    if (field->from_regulator && field->name && name_index(register_names, field->name) < 0)
        reader_problem(r, reader_line(r, path), path, "\"%s\" is not in the regulator's list",
                       field->name);
    if (field->name && sec->id)
        field->name = arena_fmt(r->arena, "%s.%s", sec->id, field->name);
}

static void join_question(struct profile_file *f, struct reader *r, const struct form_entry *form,
                          const struct project_section *sec, int q, const char *at)
{
    for (int i = 0; i < sec->question[q].fields; i++) {
        /* the reader made these arrays; only it still writes to them */
        struct project_field *field = (struct project_field *)&sec->question[q].field[i];
        const char *path = arena_fmt(r->arena, "%s.questions[%d].fields[%d]", at, q + 1, i + 1);
        name_field(f, r, sec, field, path);
        if (field->name && find_field(form, field->name) != field)
            reader_problem(r, reader_line(r, path), path, "\"%s\" stands twice in the form",
                           field->name);
    }
}

static void check_references(struct reader *r, const struct form_entry *form, const char *at)
{
    for (int s = 0; s < form->sections; s++)
        for (int q = 0; q < form->section[s].questions; q++)
            for (int i = 0; i < form->section[s].question[q].fields; i++) {
                const struct project_field *field = &form->section[s].question[q].field[i];
                const char *path = arena_fmt(r->arena, "%s.sections[%d].questions[%d].fields[%d]",
                                             at, s + 1, q + 1, i + 1);
                if (field->same_as && !find_field(form, field->same_as))
                    reader_problem(r, reader_line(r, path), path,
                                   "same_as: there is no field \"%s\"", field->same_as);
                if (field->shown_if && !find_field(form, field->shown_if))
                    reader_problem(r, reader_line(r, path), path,
                                   "shown_if: there is no field \"%s\"", field->shown_if);
            }
}

static void join_form(struct profile_file *f, struct reader *r, int at)
{
    const struct form_entry *form = &f->form[at];
    const char *path = arena_fmt(r->arena, "forms[%d]", at + 1);
    for (int s = 0; s < form->sections; s++) {
        const char *sub = arena_fmt(r->arena, "%s.sections[%d]", path, s + 1);
        for (int i = 0; i < s; i++)
            if (form->section[i].id && form->section[s].id &&
                strcmp(form->section[i].id, form->section[s].id) == 0)
                reader_problem(r, reader_line(r, sub), sub, "section \"%s\" stands twice",
                               form->section[s].id);
        for (int q = 0; q < form->section[s].questions; q++)
            join_question(f, r, form, &form->section[s], q, sub);
    }
    check_references(r, form, path);
    for (int t = 0; t < TYPE_COUNT; t++) {
        if (!(form->types >> t & 1))
            continue;
        if (f->p.form[t].sections)
            reader_problem(r, form->line, path, "%s has a form already", type_names[t]);
        f->p.form[t] = (struct project_form){form->section, form->sections};
    }
}

void profile_forms(struct profile_file *f, struct reader *r)
{
    for (int i = 0; i < f->forms; i++)
        join_form(f, r, i);
}

/* ---- rules ---- */

static void copy_name(char out[FLOW_NAME_MAX], const char *name)
{
    snprintf(out, FLOW_NAME_MAX, "%s", name ? name : "");
}

static void join_clock(struct profile_file *f, struct reader *r, int at, struct project_text *label)
{
    const struct clock_entry *c = &f->clock[at];
    const char *path = arena_fmt(r->arena, "clocks[%d]", at + 1);
    struct flow_clock *out = &f->p.rules.clock[at];
    if ((c->workdays > 0) + (c->days > 0) + (c->hours > 0) != 1)
        reader_problem(r, c->line, path, "needs exactly one of workdays, days and hours");
    for (int i = 0; i < at; i++)
        if (c->name && f->clock[i].name && strcmp(c->name, f->clock[i].name) == 0)
            reader_problem(r, c->line, path, "clock \"%s\" stands twice", c->name);
    copy_name(out->name, c->name);
    out->types = c->types;
    out->starts = (enum flow_event)c->starts;
    out->starts_stage = c->starts_stage;
    out->stops = (enum flow_event)c->stops;
    out->stops_stage = c->stops_stage;
    out->pauses = c->pauses;
    out->length = c->workdays ? c->workdays : c->days ? c->days : c->hours;
    out->unit = c->workdays ? UNIT_WORKDAYS : c->days ? UNIT_DAYS : UNIT_HOURS;
    out->owner = (enum flow_owner)c->owner;
    out->fires = (enum flow_event)c->fires;
    *label = c->label;
}

static void join_clocks(struct profile_file *f, struct reader *r)
{
    struct project_text *label = arena_alloc(r->arena, sizeof *label * (FLOW_CLOCKS_MAX + 1));
    f->p.clock_label = label;
    if (f->clocks > FLOW_CLOCKS_MAX)
        reader_problem(r, reader_line(r, "clocks"), "clocks", "more than %d clocks",
                       FLOW_CLOCKS_MAX);
    f->p.rules.clocks = f->clocks > FLOW_CLOCKS_MAX ? FLOW_CLOCKS_MAX : f->clocks;
    for (int i = 0; i < f->p.rules.clocks; i++)
        join_clock(f, r, i, &label[i]);
}

static void join_papers(struct profile_file *f, struct reader *r)
{
    if (f->p.papers > FLOW_PAPERS_MAX)
        reader_problem(r, reader_line(r, "paper"), "paper", "more than %d paper sets",
                       FLOW_PAPERS_MAX);
    f->p.rules.papers = f->p.papers > FLOW_PAPERS_MAX ? FLOW_PAPERS_MAX : f->p.papers;
    for (int i = 0; i < f->p.rules.papers; i++) {
        const struct project_paper *p = &f->p.paper[i];
        struct flow_paper_set *out = &f->p.rules.paper[i];
        copy_name(out->name, p->name);
        out->types = p->types;
        out->opens = (enum flow_event)p->opens_at;
        out->gate = (enum flow_gate)p->gate;
        out->gate_stage = p->gate_stage;
        out->legs = p->legs;
    }
}

static void join_off(struct profile_file *f, struct reader *r)
{
    for (int i = 0; i < f->offs; i++) {
        int known = 0, n;
        for (int m = 0; m < FLOW_MACHINES; m++) {
            const struct flow_row *row = flow_rows((enum flow_machine)m, &n);
            for (int k = 0; k < n; k++)
                known |= strcmp(row[k].id, f->off[i]) == 0;
        }
        if (!known)
            reader_problem(r, reader_line(r, "off"), "off", "there is no row \"%s\"", f->off[i]);
        else if (f->p.rules.offs < FLOW_OFF_MAX)
            snprintf(f->p.rules.off[f->p.rules.offs++], sizeof f->p.rules.off[0], "%s", f->off[i]);
        else
            reader_problem(r, reader_line(r, "off"), "off", "more than %d rows", FLOW_OFF_MAX);
    }
}

static void join_types(struct profile_file *f)
{
    struct flow_rules *rules = &f->p.rules;
    for (int t = 0; t < TYPE_COUNT; t++) {
        if (project_type_on(&f->p, (enum flow_type)t))
            rules->types |= 1U << t;
        f->p.type[t].materials_needed = f->p.docs[t].n > 0;
        if (f->p.docs[t].n)
            rules->materials |= 1U << t;
        rules->stages[t] = (uint8_t)f->p.review[t].n;
    }
}

void profile_rules(struct profile_file *f, struct reader *r)
{
    const struct project *p = &f->p;
    struct flow_rules *rules = &f->p.rules;
    join_types(f);
    rules->pay_when = (enum flow_pay_when)p->pay.when;
    rules->pay_transfer = (int)(p->pay.methods >> PAY_TRANSFER & 1);
    rules->freeze_when_paid = p->pay.freeze_when_paid;
    rules->refund_on_request = p->pay.refund == REFUND_BEFORE_PRODUCTION &&
                               !p->pay.freeze_when_paid;
    rules->fix = (enum flow_fix)p->order.fix;
    rules->edit_pending = p->order.edit_pending;
    rules->resubmit_from_start = p->order.resubmit_from_start;
    rules->revive = p->order.revive;
    rules->invoice = (enum flow_invoice_mode)p->invoice.mode;
    rules->title_free = p->invoice.title_free;
    rules->invoice_correct = p->invoice.correct;
    rules->via_org = p->deliver.via_org;
    rules->resend = p->deliver.resend;
    rules->activate = p->activate.required;
    rules->bind = p->activate.bind;
    rules->inactive_first = p->activate.inactive_first;
    rules->renew_medium = (enum flow_medium)p->renew.medium;
    rules->freeze_online = p->revoke.freeze_online;
    rules->revoke_key_return = p->revoke.key_return;
    rules->code_intake = p->intake.source == INTAKE_REGULATOR;
    rules->expiry = p->cert.expiry;
    rules->ukey_return = p->production.returns;
    join_clocks(f, r);
    join_papers(f, r);
    join_off(f, r);
}
