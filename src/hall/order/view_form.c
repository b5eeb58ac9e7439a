/* The form with its questions, the task list of a draft, and "check your answers". */
#include "hall/order/view_priv.h"

#include "hall/form/form_view.h"

#include <inttypes.h>
#include <string.h>

static const char *state_text(enum form_state s, enum lang lang)
{
    static const char *const zh[] = {"未填写", "填了一半", "已完成", "以后再填"};
    static const char *const en[] = {"Not begun", "Partly filled in", "Done", "Later"};
    return lang == LANG_EN ? en[s] : zh[s];
}

const char *order_section_state_text(enum form_state s, enum lang lang)
{
    return state_text(s, lang);
}

/* ---- Form ---- */

static void text_if(struct json_out *j, const char *key, const char *value)
{
    if (value && *value)
        jout_text(j, key, value);
}

static const char *kind_text(const struct project_field *f)
{
    static const char *const text[FIELD_KINDS] = {
        [FIELD_TEXT] = "text",     [FIELD_LONGTEXT] = "longtext",
        [FIELD_MOBILE] = "mobile", [FIELD_PHONE] = "phone",
        [FIELD_EMAIL] = "email",   [FIELD_POSTCODE] = "postcode",
        [FIELD_USCC] = "uscc",     [FIELD_BANK_ACCOUNT] = "bank_account",
        [FIELD_CHOICE] = "choice", [FIELD_REGION] = "region",
        [FIELD_FIXED] = "fixed",
    };
    return form_is_editable(f) ? text[f->kind] : "fixed";
}

static void write_options(const struct project_field *f, enum lang lang, struct json_out *j)
{
    if (!f->options)
        return;
    jout_list(j, "options");
    for (int i = 0; i < f->options; i++) {
        jout_object(j, NULL);
        jout_text(j, "value", f->option[i].value);
        jout_text(j, "label", f->option[i].label.in[lang]);
        text_if(j, "note", f->option[i].note.in[lang]);
        jout_end(j);
    }
    jout_end(j);
}

void order_write_problem(const struct form_problem *p, enum lang lang, struct json_out *j,
                         const char *key)
{
    char message[600];
    err_message(&p->info, lang, message, sizeof message);
    jout_object(j, key);
    jout_text(j, "code", err_code_text(p->info.code));
    jout_text(j, "field", p->info.field);
    jout_text(j, "message", message);
    jout_text(j, "section", p->section);
    jout_int(j, "question", p->question);
    if (p->fix_value) {
        jout_object(j, "fix");
        jout_text(j, "label", order_word(lang, "改成这样", "Change it to this"));
        jout_text(j, "value", p->fix_value);
        if (p->fix_position)
            jout_int(j, "position", p->fix_position);
        jout_end(j);
    }
    jout_end(j);
}

static const struct form_problem *problem_of(const struct form_problems *all, const char *field)
{
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->item[i].info.field, field) == 0)
            return &all->item[i];
    return NULL;
}

static void write_field(const struct form *f, const struct project_field *field, enum lang lang,
                        const struct form_problem *problem, struct json_out *j)
{
    const char *original = form_original(f, field->name);
    int editable = form_is_editable(field);
    jout_object(j, NULL);
    jout_text(j, "name", field->name);
    jout_text(j, "kind", kind_text(field));
    jout_text(j, "label", field->label.in[lang]);
    text_if(j, "hint", field->hint.in[lang]);
    jout_text(j, "value", form_get(f, field->name));
    if (editable)
        text_if(j, "original", original);
    jout_bool(j, "required", editable && field->required);
    if (field->max_length)
        jout_int(j, "max_length", field->max_length);
    if (field->groups_n) {
        jout_list(j, "groups");
        for (int i = 0; i < field->groups_n; i++)
            jout_int(j, NULL, field->groups[i]);
        jout_end(j);
    }
    write_options(field, lang, j);
    if (field->shown_if) {
        jout_object(j, "shown_if");
        jout_text(j, "field", field->shown_if);
        jout_text(j, "value", field->shown_value);
        jout_end(j);
    }
    text_if(j, "changed_note", field->changed_note.in[lang]);
    if (!editable)
        text_if(j, "fixed_text", field->fixed_text.in[lang]);
    text_if(j, "autocomplete", field->autocomplete);
    if (problem)
        order_write_problem(problem, lang, j, "error");
    jout_end(j);
}

static void write_question(const struct form *f, const struct project_question *q, int n,
                           enum lang lang, const struct form_problems *problems, struct json_out *j)
{
    jout_object(j, NULL);
    jout_int(j, "n", n);
    jout_text(j, "title", q->title.in[lang]);
    text_if(j, "hint", q->hint.in[lang]);
    jout_list(j, "fields");
    for (int i = 0; i < q->fields; i++)
        write_field(f, &q->field[i], lang, problem_of(problems, q->field[i].name), j);
    jout_end(j);
    if (q->asides) {
        jout_list(j, "aside");
        for (int i = 0; i < q->asides; i++) {
            jout_object(j, NULL);
            jout_text(j, "title", q->aside[i].title.in[lang]);
            jout_text(j, "text", q->aside[i].text.in[lang]);
            jout_end(j);
        }
        jout_end(j);
    }
    jout_end(j);
}

static const char *prefilled(const struct form *f, const struct project_field *field)
{
    const char *original = form_original(f, field->name);
    if (original)
        return original;
    return field->same_as ? form_get(f, field->same_as) : "";
}

/* Whether somebody has begun to answer it; what was prefilled is no answer. */
static int is_begun(const struct form *f, const struct project_question *q)
{
    for (int i = 0; i < q->fields; i++)
        if (form_is_editable(&q->field[i]) &&
            strcmp(form_get(f, q->field[i].name), prefilled(f, &q->field[i])) != 0)
            return 1;
    return 0;
}

static void write_section(struct hall_tx *tx, const struct form *f, int s,
                          const struct form_problems *problems, struct json_out *j, const char *key)
{
    static const struct form_problems none;
    const struct project_section *sec = &project_form(f->project, f->type)->section[s];
    const struct form_section *state = &f->section[s];
    jout_object(j, key);
    jout_text(j, "id", sec->id);
    jout_text(j, "title", sec->title.in[tx->lang]);
    jout_int(j, "rev", state->rev);
    if (state->saved_at)
        jout_text(j, "saved_at", time_rfc3339(tx->arena, state->saved_at));
    jout_text(j, "state", form_state_text(state->state));
    jout_text(j, "state_text", state_text(state->state, tx->lang));
    jout_list(j, "questions");
    for (int q = 0; q < sec->questions; q++) /* a fresh question opens without errors */
        write_question(f, &sec->question[q], q + 1, tx->lang,
                       is_begun(f, &sec->question[q]) ? problems : &none, j);
    jout_end(j);
    jout_end(j);
}

const char *view_read_only_text(const struct order *o, enum lang lang)
{
    if (o->states.at[FLOW_APPLICATION] == FLOW_APPLICATION_DRAFT)
        return "";
    if (o->states.at[FLOW_PAYMENT] == FLOW_PAYMENT_PAID)
        return order_word(lang, "已经付款，不能再修改。", "Paid; nothing can be changed any more.");
    return order_word(
        lang, "已经提交，不能再修改；没付款前可以取消后重新办理。",
        "Submitted; nothing can be changed any more. Before paying you may cancel and start again.");
}

static enum err read_form(struct hall_tx *tx, const struct order *o, struct form **out,
                          struct err_info *e)
{
    *out = arena_alloc(tx->arena, sizeof **out);
    return order_read_form(tx, o, o->states.at[FLOW_APPLICATION], *out, e);
}

enum err order_write_form(struct hall_tx *tx, const struct order *o, struct json_out *j,
                          const char *key, struct err_info *e)
{
    struct form *f;
    struct form_problems *problems = arena_alloc(tx->arena, sizeof *problems);
    const char *read_only = view_read_only_text(o, tx->lang);
    TRY(read_form(tx, o, &f, e));
    form_check(tx->arena, f, tx->lang, problems);
    jout_object(j, key);
    jout_text(j, "order", arena_fmt(tx->arena, "%019" PRId64, o->id));
    jout_text(j, "title", order_title(o, tx->lang));
    jout_bool(j, "read_only", *read_only);
    text_if(j, "read_only_text", read_only);
    jout_list(j, "sections");
    for (size_t s = 0; s < f->sections; s++)
        write_section(tx, f, (int)s, problems, j, NULL);
    jout_end(j);
    jout_end(j);
    return ERR_OK;
}

enum err order_write_section(struct hall_tx *tx, const struct order *o, const char *section,
                             struct json_out *j, const char *key, struct err_info *e)
{
    struct form *f;
    struct form_problems *problems = arena_alloc(tx->arena, sizeof *problems);
    TRY(read_form(tx, o, &f, e));
    form_check(tx->arena, f, tx->lang, problems);
    for (size_t s = 0; s < f->sections; s++)
        if (strcmp(f->section[s].id, section) == 0)
            write_section(tx, f, (int)s, problems, j, key);
    return ERR_OK;
}

/* ---- task list ---- */

static void write_task(struct json_out *j, const char *id, const char *title, const char *note,
                       const char *state, const char *state_words, int required)
{
    jout_object(j, NULL);
    jout_text(j, "id", id);
    jout_text(j, "title", title);
    text_if(j, "note", note);
    jout_text(j, "state", state);
    jout_text(j, "state_text", state_words);
    jout_bool(j, "required", required);
    jout_end(j);
}

static void write_check_task(const struct view *v, struct json_out *j)
{
    enum lang lang = v->tx->lang;
    const char *title = order_word(lang, "核对全部内容，同意协议并提交",
                                   "Check everything, accept the agreement, submit");
    if (v->missing)
        write_task(
            j, "check", title,
            order_word(lang, "上面各项完成后可以核对", "Opens when everything above is done"),
            "blocked", order_word(lang, "还不能做", "Not yet"), 0);
    else
        write_task(j, "check", title, "", "empty", order_word(lang, "可以做了", "Ready"), 0);
}

static void write_suggested(const struct view *v, struct json_out *j)
{
    const struct project_form *layout = project_form(v->o->rules_of, v->o->type);
    enum lang lang = v->tx->lang;
    const char *task = "check", *text = order_word(lang, "核对并提交", "Check and submit");
    for (size_t s = 0; s < v->form->sections; s++) {
        enum form_state state = v->form->section[s].state;
        if (state != FORM_EMPTY && state != FORM_PARTIAL)
            continue;
        task = v->form->section[s].id;
        text = layout->section[s].title.in[lang];
        break;
    }
    jout_object(j, "suggested");
    jout_text(j, "task", task);
    jout_text(j, "text", text);
    jout_end(j);
}

void view_write_tasks(const struct view *v, struct json_out *j, const char *key)
{
    const struct project_form *layout = project_form(v->o->rules_of, v->o->type);
    enum lang lang = v->tx->lang;
    int64_t saved = 0;
    for (size_t s = 0; s < v->form->sections; s++)
        if (v->form->section[s].saved_at > saved)
            saved = v->form->section[s].saved_at;
    jout_object(j, key);
    jout_text(
        j, "title",
        v->missing
            ? order_say(v->tx->arena, lang, "还差 {} 项就能提交", "{} to do before you can submit",
                        arena_fmt(v->tx->arena, "%d", v->missing))
            : order_word(lang, "都填好了，核对后就能提交", "All filled in; check and submit"));
    jout_int(j, "missing", v->missing);
    jout_int(j, "total", v->total);
    jout_int(j, "done", v->total - v->missing);
    if (saved)
        jout_text(j, "saved_at", time_rfc3339(v->tx->arena, saved));
    write_suggested(v, j);
    jout_list(j, "groups");
    jout_object(j, NULL);
    jout_text(j, "title", order_word(lang, "填写信息", "Fill in"));
    jout_list(j, "tasks");
    for (size_t s = 0; s < v->form->sections; s++) {
        enum form_state state = v->form->section[s].state;
        write_task(j, v->form->section[s].id, layout->section[s].title.in[lang],
                   layout->section[s].note.in[lang], form_state_text(state),
                   state_text(state, lang), state != FORM_LATER);
    }
    jout_end(j);
    jout_end(j);
    jout_object(j, NULL);
    jout_text(j, "title", order_word(lang, "核对并提交", "Check and submit"));
    jout_list(j, "tasks");
    write_check_task(v, j);
    jout_end(j);
    jout_end(j);
    jout_end(j);
    jout_end(j);
}
