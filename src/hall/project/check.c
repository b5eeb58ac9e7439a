/* Contradictions: what each key allows by itself, but not together. Every check stands for itself and runs
 * even where other keys were wrong, so that all mistakes are named at once. */
#include "hall/project/schema.h"

#include <string.h>

#define SAY(path, ...) reader_problem(r, reader_line(r, path), path, __VA_ARGS__)

static int has(uint32_t set, int i)
{
    return (int)(set >> i & 1);
}

/* ---- businesses ---- */

static void check_types(const struct profile_file *f, struct reader *r)
{
    const struct project *p = &f->p;
    if (!p->rules.types)
        SAY("types", "no business is on");
    for (int t = 0; t < TYPE_COUNT; t++) {
        const char *path = arena_fmt(r->arena, "types.%s", type_names[t]);
        int on = project_type_on(p, (enum flow_type)t);
        if (on && p->type[t].open_to && p->type[t].open_to < p->type[t].open_from)
            SAY(path, "closes before it opens");
        if (p->type[t].line && !on && !p->type[t].closed_text.in[0][0])
            SAY(path, "is closed, but does not say so: closed_text");
        if (on && !p->form[t].sections)
            SAY(path, "has no form: no item of forms[].types names it");
        if (!on && p->docs[t].line)
            SAY(arena_fmt(r->arena, "docs.%s", type_names[t]), "the business is not on");
        if (!on && p->review[t].line)
            SAY(arena_fmt(r->arena, "review.%s", type_names[t]), "the business is not on");
        if (!on && p->form[t].sections)
            SAY("forms", "there is a form for %s, which is not on", type_names[t]);
        if (p->review[t].n > FLOW_STAGES_MAX)
            SAY(arena_fmt(r->arena, "review.%s", type_names[t]), "more than %d stages",
                FLOW_STAGES_MAX);
    }
    if (has(p->rules.types, TYPE_ADD) && p->keys.per_user == 1)
        SAY("keys.per_user", "is 1, but the business ADD gives a second UKey");
}

static void need_section(const struct profile_file *f, struct reader *r, uint32_t types, int line,
                         const char *name)
{
    for (int t = 0; t < TYPE_COUNT; t++)
        if (!line && has(types, t) && has(f->p.rules.types, t)) {
            SAY(arena_fmt(r->arena, "types.%s", type_names[t]),
                "is on, but there is no section \"%s\"", name);
            return;
        }
}

static void check_sections(const struct profile_file *f, struct reader *r)
{
    const struct project *p = &f->p;
    need_section(f, r, 1U << TYPE_RENEW | 1U << TYPE_CHANGE, p->renew.line, "renew");
    need_section(f, r, 1U << TYPE_REISSUE_LOST | 1U << TYPE_REISSUE_DAMAGED, p->reissue.line,
                 "reissue");
    need_section(f, r, 1U << TYPE_UNLOCK, p->unlock.line, "unlock");
    for (int t = 0; t < TYPE_COUNT; t++)
        if (has(p->unlock.diagnosis_for, t) && !has(p->rules.types, t))
            SAY("unlock.diagnosis_for", "%s is not on", type_names[t]);
    if (p->unlock.free_times > 0 && !p->unlock.title.in[0][0])
        SAY("unlock.free_times", "the free rule has no title and text");
    if (p->warranty.line && !p->type[TYPE_REISSUE_DAMAGED].line)
        SAY("warranty", "there is no business REISSUE_DAMAGED");
    if (p->seal.line && p->seal.mode == SEAL_NONE && p->seal.kind_names)
        SAY("seal.kinds", "there are kinds of seals, but seal.mode is none");
    if (p->seal.line && p->seal.mode != SEAL_NONE && !p->seal.kind_names)
        SAY("seal.mode", "seals are made, but there are no kinds");
}

static void check_intake(const struct profile_file *f, struct reader *r)
{
    const struct project *p = &f->p;
    int code = has(p->login.methods, LOGIN_CODE);
    if (code && p->intake.source != INTAKE_REGULATOR)
        SAY("login.methods", "code needs intake.source regulator: nobody else gives codes");
    if (!code && p->intake.source == INTAKE_REGULATOR)
        SAY("intake.source", "the regulator gives codes, but login.methods has no code");
    if (p->intake.code_valid_from_workday && p->intake.source != INTAKE_REGULATOR)
        SAY("intake.code_valid_from_workday", "there are no codes without intake.source regulator");
    if (has(p->login.methods, LOGIN_PARTNER) && p->intake.source != INTAKE_PARTNER)
        SAY("login.methods", "partner needs intake.source partner");
}

/* A word that is one of few, but not an enumeration: what it switches has no code yet. */
static void check_word(struct reader *r, const char *path, const char *word,
                       const char *const *known)
{
    const char *text = "";
    if (!word || name_index(known, word) >= 0)
        return;
    for (int i = 0; known[i]; i++)
        text = arena_fmt(r->arena, "%s%s%s", text, i ? ", " : "", known[i]);
    SAY(path, "\"%s\" is not known here; known: %s", word, text);
}

static void check_words(const struct profile_file *f, struct reader *r)
{
    static const char *const starts[] = {"signed", "shipped", "issued", NULL};
    static const char *const needs[] = {"diagnosis", "inspection", "none", NULL};
    static const char *const invoices[] = {"general", "special", NULL};
    check_word(r, "warranty.start", f->p.warranty.start, starts);
    check_word(r, "warranty.needs", f->p.warranty.needs, needs);
    check_word(r, "invoice.kind", f->p.invoice.kind, invoices);
}

static void check_dates(const struct profile_file *f, struct reader *r)
{
    static const char *const kinds[] = {"maintenance", "agreement", "hours", "general", NULL};
    for (int i = 0; i < f->p.about.notices; i++) {
        const struct project_notice *n = &f->p.about.notice[i];
        const char *path = arena_fmt(r->arena, "project.notices[%d]", i + 1);
        if (n->until && n->until < n->from)
            SAY(path, "ends before it begins");
        if (n->kind && name_index(kinds, n->kind) < 0)
            SAY(path, "kind \"%s\" is not known; known: maintenance, agreement, hours, general",
                n->kind);
    }
}

static int count_templates(const struct project *p, const char *kind, const char *version)
{
    int n = 0;
    for (int i = 0; i < p->template_n; i++)
        n += p->templates[i].kind && strcmp(p->templates[i].kind, kind) == 0 &&
             (!version ||
              (p->templates[i].version && strcmp(p->templates[i].version, version) == 0));
    return n;
}

static void check_templates(const struct profile_file *f, struct reader *r)
{
    static const char *const needed[] = {"agreement", "privacy", "accessibility", "help"};
    const struct project *p = &f->p;
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (!count_templates(p, needed[i], NULL))
            SAY("templates", "there is no %s", needed[i]);
    for (int i = 0; i < p->template_n; i++) {
        const struct project_template *t = &p->templates[i];
        if (t->kind && t->version && count_templates(p, t->kind, t->version) > 1)
            SAY(arena_fmt(r->arena, "templates[%d]", i + 1), "version %s of %s stands twice",
                t->version, t->kind);
    }
}

/* ---- money ---- */

static void check_pay(const struct profile_file *f, struct reader *r)
{
    const struct project *p = &f->p;
    if (!p->pay.line)
        return;
    if (p->pay.when == PAY_NEVER) {
        if (p->pay.methods)
            SAY("pay.methods", "nothing is paid: pay.when is none");
        if (p->invoice.mode != INVOICE_NEVER)
            SAY("invoice.mode", "there is nothing to invoice: pay.when is none");
        for (int i = 0; i < p->fees; i++)
            if (p->fee[i].amount_fen > 0)
                SAY(arena_fmt(r->arena, "fees[%d]", i + 1), "is not free, but pay.when is none");
        return;
    }
    if (!p->pay.methods)
        SAY("pay.methods", "there is no way to pay");
    if (!p->pay.price_freeze_days)
        SAY("pay", "has no \"price_freeze_days\"");
    if (!p->pay.page_minutes)
        SAY("pay", "has no \"page_minutes\"");
    if (p->pay.freeze_when_paid && !p->pay.frozen_note.in[0][0])
        SAY("pay.freeze_when_paid",
            "what can no longer be changed must be said before paying: frozen_note");
}

static int same_or_any(const char *row, const char *other)
{
    return !row || (other && strcmp(row, other) == 0);
}

static int covers(const struct project_fee_row *a, const struct project_fee_row *b)
{
    return (b->types & ~a->types) == 0 && same_or_any(a->cause, b->cause) &&
           same_or_any(a->kind, b->kind) && same_or_any(a->application, b->application) &&
           same_or_any(a->medium, b->medium) && (!a->years || a->years == b->years);
}

static int has_fee(const struct project *p, int type, const char *kind, int years)
{
    for (int i = 0; i < p->fees; i++) {
        const struct project_fee_row *row = &p->fee[i];
        if (has(row->types, type) && same_or_any(row->kind, kind) &&
            (!row->years || row->years == years))
            return 1;
    }
    return 0;
}

static void check_holes(const struct profile_file *f, struct reader *r)
{
    const struct project *p = &f->p;
    int years = p->cert.years_max ? p->cert.years_max : 1;
    for (int t = 0; t < TYPE_COUNT; t++) {
        if (!has(p->rules.types, t) || t == TYPE_RESEND)
            continue;
        for (int k = 0; k < p->cert.kind_names; k++)
            for (int y = 1; y <= years; y++)
                if (!has_fee(p, t, p->cert.kinds[k], y))
                    SAY("fees", "hole: no fee for %s, kind %s, %d year%s", type_names[t],
                        p->cert.kinds[k], y, y > 1 ? "s" : "");
    }
}

static void check_fees(const struct profile_file *f, struct reader *r)
{
    const struct project *p = &f->p;
    if (!p->pay.line || p->pay.when == PAY_NEVER)
        return;
    check_holes(f, r);
    for (int j = 0; j < p->fees; j++)
        for (int i = 0; i < j; i++) {
            const char *path = arena_fmt(r->arena, "fees[%d]", j + 1);
            if (p->fee[i].id && p->fee[j].id && strcmp(p->fee[i].id, p->fee[j].id) == 0)
                SAY(path, "id \"%s\" stands twice", p->fee[j].id);
            else if (covers(&p->fee[i], &p->fee[j])) {
                SAY(path, "is never used: fees[%d] takes every case before it", i + 1);
                break;
            }
        }
}

/* C-06: what the setting says of the title, and what the form lets the applicant do with it. */
static void check_title(const struct project *p, const struct project_field *f, struct reader *r)
{
    if (!f->name || strcmp(f->name, "invoice.title") != 0)
        return;
    if (!p->invoice.title_free && f->edit != EDIT_NEVER)
        SAY("invoice.title",
            "is locked, but the form lets the title be typed: its edit is not never");
    if (p->invoice.title_free && f->edit == EDIT_NEVER)
        SAY("invoice.title", "is free, but the form fixes the title");
}

static void check_titles(const struct project *p, struct reader *r)
{
    for (int t = 0; t < TYPE_COUNT; t++)
        for (int s = 0; s < p->form[t].sections; s++)
            for (int q = 0; q < p->form[t].section[s].questions; q++)
                for (int i = 0; i < p->form[t].section[s].question[q].fields; i++)
                    if (has(p->rules.types, t))
                        check_title(p, &p->form[t].section[s].question[q].field[i], r);
}

static void check_invoice(const struct profile_file *f, struct reader *r)
{
    const struct project_invoice *v = &f->p.invoice;
    if (!v->line || v->mode == INVOICE_NEVER)
        return;
    if (v->mode == INVOICE_BATCH && !v->batch_day)
        SAY("invoice.mode", "batch needs batch_day");
    if (v->mode != INVOICE_BATCH && v->batch_day)
        SAY("invoice.batch_day", "is for mode batch only");
    if (v->mode == INVOICE_AUTO && !v->sla_hours)
        SAY("invoice.mode", "auto needs sla_hours");
    if (!v->item.in[0][0])
        SAY("invoice", "has no \"item\"");
    if (!v->kind)
        SAY("invoice", "has no \"kind\"");
    check_titles(&f->p, r);
}

/* ---- paper, making, sending ---- */

static int most_stages(const struct project *p, uint32_t types)
{
    int most = 0;
    for (int t = 0; t < TYPE_COUNT; t++)
        if ((!types || has(types, t)) && p->review[t].n > most)
            most = p->review[t].n;
    return most;
}

static void check_gate(const struct project *p, const struct project_paper *set, const char *path,
                       struct reader *r)
{
    if (set->gate == GATE_STAGE &&
        (!set->gate_stage || set->gate_stage > most_stages(p, set->types)))
        SAY(path, "its gate is a review stage that does not exist");
    if (set->gate == GATE_ACTIVATION && !p->activate.required)
        SAY(path, "its gate is activation, but activate.required is false");
    if (set->gate == GATE_MAILING && !p->deliver.via_org)
        SAY(path, "its gate is mailing, but deliver.via_org is false");
    if (set->gate == GATE_REVOCATION && !has(p->rules.types, TYPE_REVOKE))
        SAY(path, "its gate is revocation, but REVOKE is not on");
}

static void check_paper(const struct profile_file *f, struct reader *r)
{
    const struct project *p = &f->p;
    for (int i = 0; i < p->papers; i++) {
        const char *path = arena_fmt(r->arena, "paper[%d]", i + 1);
        check_gate(p, &p->paper[i], path, r);
        if (p->paper[i].gate != GATE_NONE && !p->paper[i].item_names)
            SAY(path, "has a gate, but no paper to open it");
        if (!p->paper[i].legs)
            SAY(path, "goes nowhere: its route is empty");
    }
    for (int t = 0; t < TYPE_COUNT; t++) {
        for (int i = 0; i < p->docs[t].n; i++)
            if (p->docs[t].item[i].paper_copies && !p->papers)
                SAY(arena_fmt(r->arena, "docs.%s.list[%d]", type_names[t], i + 1),
                    "asks for copies on paper, but there is no paper set");
        for (int i = 0; i < p->review[t].n; i++)
            if (p->review[t].item[i].clock_starts &&
                strcmp(p->review[t].item[i].clock_starts, "paper_received") == 0 && !p->papers)
                SAY(arena_fmt(r->arena, "review.%s.stages[%d]", type_names[t], i + 1),
                    "its clock starts with paper, but there is no paper set");
    }
}

static void check_docs(const struct profile_file *f, struct reader *r)
{
    for (int t = 0; t < TYPE_COUNT; t++)
        for (int i = 0; i < f->p.docs[t].n; i++) {
            const struct project_doc *d = &f->p.docs[t].item[i];
            const char *path = arena_fmt(r->arena, "docs.%s.list[%d]", type_names[t], i + 1);
            if (d->max_px && d->min_px > d->max_px)
                SAY(path, "min_px is more than max_px");
            for (int k = 0; k < i; k++)
                if (d->kind && f->p.docs[t].item[k].kind &&
                    strcmp(d->kind, f->p.docs[t].item[k].kind) == 0)
                    SAY(path, "document \"%s\" stands twice", d->kind);
        }
}

static void check_delivery(const struct profile_file *f, struct reader *r)
{
    const struct project *p = &f->p;
    if (p->deliver.line && has(p->deliver.ways, 0) && !p->deliver.courier_names)
        SAY("deliver.ways", "courier needs a list of couriers");
    if (p->deliver.via_org && !has(p->deliver.ways, 1))
        SAY("deliver.via_org", "an organisation on the way needs the way pickup");
    if (p->activate.bind && !p->activate.callback)
        SAY("activate.bind", "needs a callback");
    if (p->activate.bind && !p->activate.required)
        SAY("activate.bind", "comes after activation, but activate.required is false");
    if (p->activate.inactive_first && !p->activate.required)
        SAY("activate.inactive_first",
            "nothing would make the certificate valid: activate.required is false");
    if (p->pin.min_len > p->pin.max_len)
        SAY("pin.min_len", "is more than pin.max_len");
    if (p->order.max_returns && !most_stages(p, 0))
        SAY("order.max_returns", "there is no review that could return anything");
    if (p->order.confirm_upload && !p->rules.materials)
        SAY("order.confirm_upload", "there is nothing to upload");
}

/* ---- certificate ---- */

/* What each kind of UKey can hold (design §6): bit 0 single, bit 1 dual. */
static const uint8_t driver_can[3][4] = {
    [DRIVER_SOFT] = {[ALGORITHM_SM2] = 3,
                     [ALGORITHM_P256] = 1,
                     [ALGORITHM_RSA2048] = 3,
                     [ALGORITHM_RSA3072] = 0},
    [DRIVER_SKF] = {[ALGORITHM_SM2] = 3,
                    [ALGORITHM_P256] = 0,
                    [ALGORITHM_RSA2048] = 3,
                    [ALGORITHM_RSA3072] = 3},
    [DRIVER_PKCS11] = {[ALGORITHM_SM2] = 0,
                       [ALGORITHM_P256] = 1,
                       [ALGORITHM_RSA2048] = 3,
                       [ALGORITHM_RSA3072] = 3},
};

static void check_algorithm(const struct project_cert *c, struct reader *r)
{
    static const char *const drivers[] = {"soft", "skf", "pkcs11"};
    uint32_t bad = 0;
    int want = c->dual_keys ? 2 : 1;
    for (int d = 0; d < 3; d++)
        if (has(c->drivers, d) && !(driver_can[d][c->algorithm] & want))
            bad |= 1U << d;
    if (bad && bad == c->drivers) {
        SAY("cert.algorithm", "%s%s can be done by none of cert.drivers",
            project_algorithm_name(c->algorithm), c->dual_keys ? " with dual keys" : "");
        return;
    }
    for (int d = 0; d < 3; d++)
        if (has(bad, d))
            SAY("cert.drivers", "%s cannot do %s%s", drivers[d],
                project_algorithm_name(c->algorithm), c->dual_keys ? " with dual keys" : "");
}

static int is_register_field(const struct project *p, const char *name, size_t n)
{
    for (int t = 0; t < TYPE_COUNT; t++)
        for (int s = 0; s < p->form[t].sections; s++)
            for (int q = 0; q < p->form[t].section[s].questions; q++)
                for (int i = 0; i < p->form[t].section[s].question[q].fields; i++) {
                    const struct project_field *f = &p->form[t].section[s].question[q].field[i];
                    const char *dot = f->name ? strchr(f->name, '.') : NULL;
                    if (dot && strlen(dot + 1) == n && memcmp(dot + 1, name, n) == 0)
                        return 1;
                }
    return 0;
}

static void check_subject(const struct project *p, struct reader *r)
{
    static const char *const parts[] = {"C", "O", "OU", "CN", "ST", "L", "SERIALNUMBER", NULL};
    const char *s = p->cert.subject;
    int common = 0;
    while (s && *s) {
        size_t n = strcspn(s, "=");
        const char *part = arena_text_n(r->arena, s, n);
        if (s[n] != '=' || name_index(parts, part) < 0) {
            SAY("cert.subject", "\"%s\" is not a part of a name that is known here", part);
            return;
        }
        common |= strcmp(part, "CN") == 0;
        s += n + 1;
        if (*s == '{') {
            n = strcspn(s, "}");
            if (!is_register_field(p, s + 1, n - 1))
                SAY("cert.subject", "there is no field \"%s\"",
                    arena_text_n(r->arena, s + 1, n - 1));
        }
        s += strcspn(s, ",");
        s += strspn(s, ", ");
    }
    if (p->cert.subject && !common)
        SAY("cert.subject", "has no CN");
}

static void check_cert(const struct profile_file *f, struct reader *r)
{
    const struct project *p = &f->p;
    if (!p->cert.line)
        return;
    check_algorithm(&p->cert, r);
    check_subject(p, r);
    if (has(p->cert.evidence, EVIDENCE_OF_REGULATOR) && p->intake.source != INTAKE_REGULATOR)
        SAY("cert.evidence", "regulator needs intake.source regulator");
    if (has(p->cert.evidence, EVIDENCE_OF_REVIEWER) && !most_stages(p, 0))
        SAY("cert.evidence", "reviewer needs a review stage");
    if (has(p->cert.evidence, EVIDENCE_OF_HOLDER) && !has(p->rules.types, TYPE_RENEW))
        SAY("cert.evidence", "holder needs the business RENEW");
}

/* ---- machines ---- */

/* Can this happen under these rules at all? */
static int happens(const struct flow_rules *rules, enum flow_event ev, int timer)
{
    int n;
    if (ev == EVENT_PAY_PAID)
        return !timer && rules->pay_when != PAY_NEVER;
    if (ev == EVENT_STAGE_ENTERED)
        ev = EVENT_APP_PASS;
    const struct flow_row *row = flow_rows(flow_event_machine(ev), &n);
    for (int i = 0; i < n; i++)
        if (row[i].event == ev && flow_row_on(rules, &row[i]) &&
            (!timer || has(row[i].actor, ACTOR_TIMER)))
            return 1;
    return 0;
}

static void check_clocks(const struct profile_file *f, struct reader *r)
{
    const struct flow_rules *rules = &f->p.rules;
    int delivery = 0, pay = 0;
    for (int i = 0; i < rules->clocks; i++) {
        const struct flow_clock *c = &rules->clock[i];
        const char *path = arena_fmt(r->arena, "clocks[%d]", i + 1);
        if (c->starts != EVENT_NONE && !happens(rules, c->starts, 0))
            SAY(path, "never starts: %s does not happen in this project",
                flow_event_name(c->starts));
        if (c->stops != EVENT_NONE && !happens(rules, c->stops, 0))
            SAY(path, "never stops: %s does not happen in this project", flow_event_name(c->stops));
        if (c->fires != EVENT_NONE && !happens(rules, c->fires, 1))
            SAY(path, "fires %s, which no timer may do in this project", flow_event_name(c->fires));
        delivery |= c->fires == EVENT_FUL_SIGNED;
        pay |= c->fires == EVENT_APP_PAY_TIMEOUT;
    }
    /* Invariant 4: no order may be stuck where nobody has it. */
    if (happens(rules, EVENT_FUL_SIGNED, 1) && !delivery)
        SAY("clocks",
            "no clock fires ful.signed: a parcel that nobody signs for would stay SHIPPED for ever");
    if (happens(rules, EVENT_APP_PAY_TIMEOUT, 1) && !pay)
        SAY("clocks",
            "no clock fires app.pay_timeout: an order never paid would stay AWAIT_PAY for ever");
}

/* The key that most likely switched a row on, so that the report points somewhere useful. */
static const char *key_of_row(const struct flow_row *row)
{
    switch (row->id[0]) {
    case 'P':
        return strcmp(row->id, "P6") == 0 ? "pay.methods" : "pay";
    case 'I':
        return "invoice.mode";
    case 'D':
        return "paper";
    case 'F':
        return strcmp(row->id, "F11") == 0 || strcmp(row->id, "F13") == 0 ? "activate.required"
               : strncmp(row->id, "F12", 3) == 0                          ? "activate.bind"
                                                                          : "deliver";
    case 'T':
    case 'K':
        return "types";
    case 'A':
        return strcmp(row->id, "A15") == 0   ? "order.fix"
               : strcmp(row->id, "A27") == 0 ? "order.revive"
               : strcmp(row->id, "A10") == 0 ? "order.edit_until"
                                             : "types";
    default:
        return "types";
    }
}

/* The business without which the row would be off. */
static const char *switching_type(const struct profile_file *f, struct reader *r,
                                  const struct flow_row *row)
{
    for (int t = 0; t < TYPE_COUNT; t++) {
        struct flow_rules less = f->p.rules;
        less.types &= ~(1U << t);
        if (has(f->p.rules.types, t) && !flow_row_on(&less, row))
            return arena_fmt(r->arena, "types.%s", type_names[t]);
    }
    return "types";
}

static const char *first_type(const struct profile_file *f, struct reader *r,
                              const struct flow_row *row)
{
    for (int t = 0; row->types && t < TYPE_COUNT; t++)
        if (has(row->types & f->p.rules.types, t))
            return arena_fmt(r->arena, "types.%s", type_names[t]);
    for (int t = 0; row->id[0] == 'A' && t < TYPE_COUNT; t++)
        if (f->p.review[t].n)
            return arena_fmt(r->arena, "review.%s", type_names[t]);
    return strcmp(key_of_row(row), "types") == 0 ? switching_type(f, r, row) : key_of_row(row);
}

static void check_code(const struct profile_file *f, struct reader *r)
{
    const struct flow_row *row[64];
    int n = flow_rows_without_code(&f->p.rules, row, 64);
    for (int i = 0; i < n && i < 64; i++)
        SAY(first_type(f, r, row[i]), "switches on row %s (%s), which has no code yet", row[i]->id,
            flow_event_name(row[i]->event));
}

/* Settings that can be written and that nothing acts on yet are refused like rows without code: a profile
 * must never promise what does not happen. */
static void check_settings_without_code(const struct profile_file *f, struct reader *r)
{
    const struct project *p = &f->p;
    const struct {
        int on;
        const char *path, *what;
    } rows[] = {
        {p->intake.push_api, "intake.push_api", "true"},
        {p->intake.source == INTAKE_PARTNER, "intake.source", "partner"},
        {has(p->login.methods, LOGIN_MOBILE), "login.methods", "mobile"},
        {has(p->login.methods, LOGIN_ACCOUNT), "login.methods", "account"},
        {has(p->login.methods, LOGIN_PARTNER), "login.methods", "partner"},
        {p->rules.materials != 0, "docs", "uploads"},
        {has(p->pay.methods, PAY_ALIPAY), "pay.methods", "alipay"},
        {has(p->pay.methods, PAY_WECHAT), "pay.methods", "wechat"},
        {has(p->deliver.ways, 2), "deliver.ways", "counter"},
        {p->seal.mode != SEAL_NONE, "seal.mode", "making seals"},
        {p->pin.initial != PIN_USER_SET, "pin.initial", "a first PIN not set by the user"},
        {has(p->revoke.ways, 1) || has(p->revoke.ways, 2), "revoke.ways", "other ways than online"},
        {p->keys.add_reason, "keys.add_reason", "true"},
        {p->cert.dual_keys, "cert.dual_keys", "true"},
        {has(p->cert.drivers, DRIVER_SKF), "cert.drivers", "skf"},
        {has(p->cert.drivers, DRIVER_PKCS11), "cert.drivers", "pkcs11"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].on)
            SAY(rows[i].path, "%s has no code yet", rows[i].what);
}

/* ---- notices ---- */

/* What is filled in, and by whom: a placeholder that nobody fills would leave a hole in a sentence. */
static const char *const *placeholders_of(int notice)
{
    /* intake/take.c */
    static const char *const of_code[] = {"code",    "institution", "user", "handler", "date",
                                          "project", "hotline",     "url",  NULL};
    /* account/sign_in.c */
    static const char *const of_sms_code[] = {"code", "minutes", NULL};
    /* order/effects_notify.c; the invoice's number first, for its own notice only */
    static const char *const of_order[] = {
        "invoice", "order",  "business", "institution", "user",    "handler", "amount", "date",
        "courier", "parcel", "serial",   "reason",      "project", "hotline", "url",    NULL};
    switch (notice) {
    case NOTICE_CODE:
        return of_code;
    case NOTICE_SMS_CODE:
        return of_sms_code;
    default:
        return notice == NOTICE_INVOICE ? of_order : of_order + 1;
    }
}

static const char *listed(struct arena *a, const char *const *names)
{
    const char *text = "";
    for (; *names; names++)
        text = arena_fmt(a, "%s {%s}", text, *names);
    return text;
}

static void check_placeholders(struct reader *r, const char *path, int notice,
                               const struct project_text *t)
{
    const char *const *known = placeholders_of(notice);
    for (int lang = 0; lang < 2; lang++)
        for (const char *s = strchr(t->in[lang], '{'); s; s = strchr(s + 1, '{')) {
            size_t n = strcspn(s, "}");
            const char *name = arena_text_n(r->arena, s + 1, s[n] ? n - 1 : n);
            if (!s[n] || name_index(known, name) < 0)
                SAY(path, "placeholder {%s} is not known here; known:%s", name,
                    listed(r->arena, known));
        }
}

static void check_texts(const struct profile_file *f, struct reader *r, int i)
{
    const struct project_notify *n = &f->p.notify[i];
    const char *path = arena_fmt(r->arena, "notify.%s", flow_notice_name((enum flow_notice)i));
    if (!n->line)
        return;
    if (has(n->channels, CHANNEL_SMS) && !n->sms.in[0][0])
        SAY(path, "goes by sms, but has no text for it");
    if (has(n->channels, CHANNEL_MAIL) && (!n->subject.in[0][0] || !n->mail.in[0][0]))
        SAY(path, "goes by mail, but has no subject or no text");
    check_placeholders(r, path, i, &n->sms);
    check_placeholders(r, path, i, &n->subject);
    check_placeholders(r, path, i, &n->mail);
}

static void check_notify(const struct profile_file *f, struct reader *r)
{
    uint8_t missing[NOTICE_COUNT] = {0};
    for (int i = 1; i < NOTICE_COUNT; i++)
        check_texts(f, r, i);
    for (int m = 0; m < FLOW_MACHINES; m++) {
        int n;
        const struct flow_row *row = flow_rows((enum flow_machine)m, &n);
        for (int k = 0; k < n; k++)
            for (int x = 0; x < FLOW_ROW_EFFECTS_MAX && row[k].effect[x].effect; x++) {
                int notice = row[k].effect[x].arg;
                if (row[k].effect[x].effect != EFFECT_NOTIFY || !flow_row_on(&f->p.rules, &row[k]))
                    continue;
                if (f->p.notify[notice].line || missing[notice]++)
                    continue;
                SAY("notify", "has no \"%s\", which row %s sends",
                    flow_notice_name((enum flow_notice)notice), row[k].id);
            }
    }
}

void profile_check(const struct profile_file *f, struct reader *r)
{
    check_types(f, r);
    check_sections(f, r);
    check_intake(f, r);
    check_words(f, r);
    check_dates(f, r);
    check_templates(f, r);
    check_pay(f, r);
    check_fees(f, r);
    check_invoice(f, r);
    check_paper(f, r);
    check_docs(f, r);
    check_delivery(f, r);
    check_cert(f, r);
    check_clocks(f, r);
    check_code(f, r);
    check_settings_without_code(f, r);
    check_notify(f, r);
}
