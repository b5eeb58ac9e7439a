/* Check your answers: everything, the fee with its rule, what happens after (openapi Check). */
#include "hall/order/view_priv.h"

#include "hall/form/form_view.h"

#include <inttypes.h>
#include <string.h>

static const char *shown_value(const struct project_field *field, const char *value, enum lang lang)
{
    if (!*value)
        return order_word(lang, "没有填写", "Not given");
    for (int i = 0; i < field->options; i++)
        if (strcmp(field->option[i].value, value) == 0)
            return field->option[i].label.in[lang];
    return value;
}

static void write_line(const struct view *v, const struct form *f,
                       const struct project_section *sec, int q, const struct project_field *field,
                       struct json_out *j)
{
    enum lang lang = v->tx->lang;
    const char *value = form_get(f, field->name), *original = form_original(f, field->name);
    int changed = original && strcmp(original, value) != 0;
    jout_object(j, NULL);
    jout_text(j, "label", field->label.in[lang]);
    jout_text(j, "value", shown_value(field, value, lang));
    if (changed)
        jout_text(j, "note",
                  order_say(v->tx->arena, lang, "核准的是：{}", "Approved: {}", original));
    if (changed)
        jout_text(j, "tone", "warn");
    if (form_is_editable(field) && !*view_read_only_text(v->o, lang)) {
        jout_object(j, "edit");
        jout_text(j, "section", sec->id);
        jout_int(j, "question", q + 1);
        jout_end(j);
    } else if (!form_is_editable(field))
        jout_text(j, "fixed_text",
                  *field->fixed_text.in[lang]
                      ? field->fixed_text.in[lang]
                      : order_word(lang, "不能在这里改", "Cannot be changed here"));
    jout_end(j);
}

static void write_groups(const struct view *v, const struct form *f, struct json_out *j)
{
    const struct project_form *layout = project_form(v->o->rules_of, v->o->type);
    jout_list(j, "groups");
    for (int s = 0; s < layout->sections; s++) {
        const struct project_section *sec = &layout->section[s];
        jout_object(j, NULL);
        jout_text(j, "title", sec->title.in[v->tx->lang]);
        jout_list(j, "lines");
        for (int q = 0; q < sec->questions; q++)
            for (int i = 0; i < sec->question[q].fields; i++)
                if (form_is_shown(f, &sec->question[q].field[i]))
                    write_line(v, f, sec, q, &sec->question[q].field[i], j);
        jout_end(j);
        jout_end(j);
    }
    jout_end(j);
}

static void write_agreement(const struct view *v, struct json_out *j)
{
    int32_t today = time_china_day(v->tx->now);
    enum lang lang = v->tx->lang;
    const struct project_template *t = project_long_text(v->o->rules_of, TEXT_AGREEMENT, NULL,
                                                         today);
    jout_object(j, "agreement");
    jout_text(j, "version", t ? t->version : "");
    jout_text(j, "title", t ? t->title.in[lang] : "");
    if (t)
        jout_text(j, "date", time_date_text(v->tx->arena, t->effective));
    jout_end(j);
    jout_text(j, "consent",
              order_word(lang, "我已阅读并同意，并确认以上内容真实：",
                         "I have read and accept, and confirm that the above is true:"));
}

static void write_notes(const struct view *v, const struct form *f, struct json_out *j)
{
    const struct project_form *layout = project_form(v->o->rules_of, v->o->type);
    enum lang lang = v->tx->lang;
    const char *frozen = v->o->rules_of->pay.frozen_note.in[lang];
    if (*frozen)
        jout_text(j, "note", frozen); /* S0-25: said before */
    jout_list(j, "notes");
    for (size_t i = 0; i < f->values; i++) {
        const struct form_value *value = &f->value[i];
        const struct project_field *field = form_find_field(layout, value->name);
        if (value->original && strcmp(value->original, value->value) != 0 &&
            *field->changed_note.in[lang])
            jout_text(j, NULL, field->changed_note.in[lang]);
    }
    jout_end(j);
}

enum err order_write_check(struct hall_tx *tx, const struct order *o, struct json_out *j,
                           const char *key, struct err_info *e)
{
    struct view v;
    struct form *f = arena_alloc(tx->arena, sizeof *f);
    struct form_problems *problems = arena_alloc(tx->arena, sizeof *problems);
    const char *read_only = view_read_only_text(o, tx->lang);
    TRY(view_load(tx, o, &v, e));
    TRY(order_read_form(tx, o, o->states.at[FLOW_APPLICATION], f, e));
    form_check(tx->arena, f, tx->lang, problems);
    jout_object(j, key);
    jout_text(j, "order", arena_fmt(tx->arena, "%019" PRId64, o->id));
    jout_text(j, "title", order_title(o, tx->lang));
    jout_int(j, "revision", o->version);
    jout_bool(j, "read_only", *read_only);
    if (*read_only)
        jout_text(j, "read_only_text", read_only);
    write_groups(&v, f, j);
    TRY(order_write_fee(tx, o, j, "fee", e));
    write_agreement(&v, j);
    write_notes(&v, f, j);
    view_write_ahead(&v, j, "ahead", 0);
    jout_bool(j, "ready", problems->n == 0);
    jout_list(j, "missing");
    for (size_t i = 0; i < problems->n; i++)
        order_write_problem(&problems->item[i], tx->lang, j, NULL);
    jout_end(j);
    jout_end(j);
    return ERR_OK;
}
