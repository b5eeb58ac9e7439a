#include "hall/form/form.h"

#include "base/json.h"
#include "base/text.h"
#include "hall/form/form_priv.h"
#include "hall/form/form_sql.h"
#include "hall/vault/vault.h"

#include <inttypes.h>
#include <string.h>

const char *form_state_text(enum form_state s)
{
    static const char *const text[] = {"empty", "partial", "done", "later"};
    return text[s];
}

static struct form_value *find(struct form *f, const char *name)
{
    for (size_t i = 0; i < f->values; i++)
        if (strcmp(f->value[i].name, name) == 0)
            return &f->value[i];
    return NULL;
}

static const struct form_value *find_const(const struct form *f, const char *name)
{
    for (size_t i = 0; i < f->values; i++)
        if (strcmp(f->value[i].name, name) == 0)
            return &f->value[i];
    return NULL;
}

const char *form_get(const struct form *f, const char *name)
{
    const struct form_value *v = find_const(f, name);
    return v ? v->value : "";
}

const char *form_original(const struct form *f, const char *name)
{
    const struct form_value *v = find_const(f, name);
    return v ? v->original : NULL;
}

/* Every field of the layout, empty. */
static enum err lay_out(struct form *f, int64_t order, const struct project *p, enum flow_type type,
                        struct err_info *e)
{
    const struct project_form *layout = project_form(p, type);
    *f = (struct form){.order = order, .type = type, .project = p};
    for (int s = 0; s < layout->sections; s++) {
        const struct project_section *sec = &layout->section[s];
        if (f->sections == FORM_SECTIONS_MAX)
            return err_set(e, ERR_CONFIG, NULL, "more than %d sections", FORM_SECTIONS_MAX);
        f->section[f->sections++] = (struct form_section){.id = sec->id};
        for (int q = 0; q < sec->questions; q++)
            for (int i = 0; i < sec->question[q].fields; i++) {
                if (f->values == FORM_FIELDS_MAX)
                    return err_set(e, ERR_CONFIG, NULL, "more than %d fields", FORM_FIELDS_MAX);
                f->value[f->values++] = (struct form_value){.name = sec->question[q].field[i].name,
                                                            .value = ""};
            }
    }
    return ERR_OK;
}

/* The values of one section stand together in the layout's order. */
static struct form_value *section_values(struct form *f, const char *section, size_t *n)
{
    size_t first = f->values, count = 0, len = strlen(section);
    for (size_t i = 0; i < f->values; i++)
        if (strncmp(f->value[i].name, section, len) == 0 && f->value[i].name[len] == '.') {
            first = count ? first : i;
            count++;
        }
    *n = count;
    return count ? &f->value[first] : NULL;
}

static struct form_section *section_of(struct form *f, const char *id)
{
    for (size_t i = 0; i < f->sections; i++)
        if (strcmp(f->section[i].id, id) == 0)
            return &f->section[i];
    return NULL;
}

/* A shown-only field says what the field it follows says now, such as the invoice's title. */
static void follow(struct form *f)
{
    const struct project_form *layout = project_form(f->project, f->type);
    for (size_t i = 0; i < f->values; i++) {
        const struct project_field *field = form_field(layout, f->value[i].name, NULL, NULL);
        if (field->kind == FIELD_FIXED && field->same_as)
            f->value[i].value = form_get(f, field->same_as);
    }
}

static const char *approved_uscc(const struct form *f, const char *value)
{
    for (size_t i = 0; i < f->values; i++)
        if (f->value[i].original && strcmp(f->value[i].original, value) == 0)
            return value;
    return "";
}

static void judge(struct arena *a, const struct form *f, const struct project_field *field,
                  enum lang lang, struct form_problems *out)
{
    struct form_problem found;
    /* what the regulator approved is his to judge */
    if (!form_is_editable(field) || !form_is_shown(f, field) || out->n == FORM_PROBLEMS_MAX)
        return;
    const char *value = form_mend(a, field, form_get(f, field->name));
    if (form_judge(a, field, value, approved_uscc(f, value), lang, &found) == ERR_OK)
        return;
    const struct project_section *section = NULL;
    form_field(project_form(f->project, f->type), field->name, &section, &found.question);
    found.section = section ? section->id : "";
    out->item[out->n++] = found;
}

static void check_section(struct arena *a, const struct form *f, const struct project_section *sec,
                          int question, enum lang lang, struct form_problems *out)
{
    for (int q = 0; q < sec->questions; q++)
        if (!question || question == q + 1)
            for (int i = 0; i < sec->question[q].fields; i++)
                judge(a, f, &sec->question[q].field[i], lang, out);
}

void form_check(struct arena *a, const struct form *f, enum lang lang, struct form_problems *out)
{
    const struct project_form *layout = project_form(f->project, f->type);
    out->n = 0;
    for (int s = 0; s < layout->sections; s++)
        check_section(a, f, &layout->section[s], 0, lang, out);
}

static int asks_anything(const struct form *f, const struct project_section *sec)
{
    for (int q = 0; q < sec->questions; q++)
        for (int i = 0; i < sec->question[q].fields; i++)
            if (sec->question[q].field[i].required && form_is_shown(f, &sec->question[q].field[i]))
                return 1;
    return 0;
}

static void judge_sections(struct arena *a, struct form *f)
{
    const struct project_form *layout = project_form(f->project, f->type);
    struct form_problems *found = arena_alloc(a, sizeof *found);
    for (int s = 0; s < layout->sections; s++) {
        struct form_section *sec = &f->section[s];
        found->n = 0;
        check_section(a, f, &layout->section[s], 0, LANG_ZH, found);
        if (found->n)
            sec->state = sec->rev ? FORM_PARTIAL : FORM_EMPTY;
        else
            sec->state = sec->rev || asks_anything(f, &layout->section[s]) ? FORM_DONE : FORM_LATER;
    }
}

enum err form_open(struct hall_tx *tx, int64_t order, const struct project *p, enum flow_type type,
                   const struct form_value *known, size_t n, struct err_info *e)
{
    const struct project_form *layout = project_form(p, type);
    struct form *f = arena_alloc(tx->arena, sizeof *f);
    TRY(lay_out(f, order, p, type, e));
    for (size_t i = 0; i < n; i++) {
        struct form_value *v = find(f, known[i].name);
        if (!v)
            continue;
        v->value = known[i].value;
        if (form_field(layout, v->name, NULL, NULL)->from_regulator)
            v->original = known[i].value;
    }
    for (size_t i = 0; i < f->values; i++) {
        const struct project_field *field = form_field(layout, f->value[i].name, NULL, NULL);
        if (field->same_as && !*f->value[i].value)
            f->value[i].value = form_get(f, field->same_as);
    }
    for (size_t s = 0; s < f->sections; s++) {
        size_t count;
        struct bytes typed, original;
        const struct form_value *values = section_values(f, f->section[s].id, &count);
        TRY(form_values_seal(tx, order, values, count, 0, &typed, e));
        TRY(form_values_seal(tx, order, values, count, 1, &original, e));
        TRY(store_exec(
            tx->db, &Q_form_section_add,
            PARAMS(P_INT(order), P_TEXT(f->section[s].id), P_BLOB(typed), P_BLOB(original)), NULL,
            e));
    }
    return ERR_OK;
}

enum err form_read(struct hall_tx *tx, int64_t order, const struct project *p, enum flow_type type,
                   struct form *out, struct err_info *e)
{
    struct store_rows rows;
    TRY(lay_out(out, order, p, type, e));
    TRY(store_many(tx->db, &Q_form_section_all, PARAMS(P_INT(order)), tx->arena, &rows, e));
    for (size_t i = 0; i < rows.n; i++) {
        size_t n;
        const struct store_row *r = &rows.row[i];
        struct form_section *sec = section_of(out, row_text(r, "section"));
        if (!sec) /* the profile of this order has no such section any more */
            continue;
        struct form_value *values = section_values(out, sec->id, &n);
        sec->rev = row_int(r, "rev");
        sec->saved_at = row_int(r, "saved_at");
        TRY(form_values_open(tx, order, row_blob(r, "typed"), 0, values, n, e));
        TRY(form_values_open(tx, order, row_blob(r, "original"), 1, values, n, e));
    }
    follow(out);
    judge_sections(tx->arena, out);
    return ERR_OK;
}

/* May this field get this value? A field that may not be changed may be sent back as it is (S0-21). */
static enum err accept(struct hall_tx *tx, const struct form_save *s, struct form *f,
                       const struct form_value *typed, struct err_info *e)
{
    const struct project_section *sec = NULL;
    const struct project_field *field = form_field(project_form(s->project, s->type), typed->name,
                                                   &sec, NULL);
    struct form_value *v = find(f, typed->name);
    if (!field || !v || strcmp(sec->id, s->section) != 0) {
        err_set(e, ERR_BAD_REQUEST, typed->name, "no such field in section %s", s->section);
        err_arg(e, "why", "%s", typed->name);
        return ERR_BAD_REQUEST;
    }
    if (text_chars(typed->value) > FORM_VALUE_MAX) {
        err_set(e, ERR_FIELD_TOO_LONG, typed->name, NULL);
        err_arg(e, "label", "%s", field->label.in[tx->lang]);
        err_arg(e, "max", "%d", FORM_VALUE_MAX);
        err_arg(e, "count", "%zu", text_chars(typed->value));
        return ERR_FIELD_TOO_LONG;
    }
    if (!form_is_editable(field))
        return strcmp(v->value, typed->value) == 0
                   ? ERR_OK
                   : err_set(e, ERR_FIELD_READ_ONLY, typed->name, "not editable");
    v->value = typed->value;
    return ERR_OK;
}

/* With `final` what was typed is made plain; the page shows what became of it. */
static void mend_section(struct hall_tx *tx, const struct form_save *s, struct form *f,
                         struct form_saved *out)
{
    const struct project_form *layout = project_form(s->project, s->type);
    struct form_value *mended = arena_alloc(tx->arena, sizeof *mended * FORM_FIELDS_MAX);
    size_t n;
    struct form_value *values = section_values(f, s->section, &n);
    for (size_t i = 0; i < n; i++) {
        int question;
        const struct project_field *field = form_field(layout, values[i].name, NULL, &question);
        if (!form_is_editable(field) || (s->question && s->question != question))
            continue;
        const char *plain = form_mend(tx->arena, field, values[i].value);
        if (strcmp(plain, values[i].value) == 0)
            continue;
        values[i].value = plain;
        mended[out->mended_n++] = values[i];
    }
    out->mended = mended;
}

static enum err store_section(struct hall_tx *tx, const struct form_save *s, struct form *f,
                              struct err_info *e)
{
    size_t n;
    struct bytes typed;
    const struct form_value *values = section_values(f, s->section, &n);
    TRY(form_values_seal(tx, s->order, values, n, 0, &typed, e));
    enum err done = store_exec_one(
        tx->db, &Q_form_section_save,
        PARAMS(P_INT(s->order), P_TEXT(s->section), P_INT(s->rev), P_INT(tx->now), P_BLOB(typed)),
        e);
    return done == ERR_CONFLICT
               ? err_set(e, ERR_FORM_CONFLICT, s->section, "saved since revision %" PRId64, s->rev)
               : done;
}

enum err form_save(struct hall_tx *tx, const struct form_save *s, struct form_saved *out,
                   struct err_info *e)
{
    struct form *f = arena_alloc(tx->arena, sizeof *f);
    *out = (struct form_saved){0};
    TRY(form_read(tx, s->order, s->project, s->type, f, e));
    struct form_section *sec = section_of(f, s->section);
    if (!sec)
        return err_set(e, ERR_NOT_FOUND, "section", "no section %s", s->section);
    if (sec->rev != s->rev)
        return err_set(e, ERR_FORM_CONFLICT, s->section, "revision %" PRId64 ", page saw %" PRId64,
                       sec->rev, s->rev);
    for (size_t i = 0; i < s->n; i++)
        TRY(accept(tx, s, f, &s->typed[i], e));
    if (s->final)
        mend_section(tx, s, f, out);
    TRY(store_section(tx, s, f, e));
    sec->rev++;
    sec->saved_at = tx->now;
    follow(f);
    judge_sections(tx->arena, f);
    out->section = *sec;
    if (!s->final)
        return ERR_OK;
    const struct project_form *layout = project_form(s->project, s->type);
    check_section(tx->arena, f, &layout->section[sec - f->section], s->question, tx->lang,
                  &out->problems);
    return ERR_OK;
}

enum err form_confirm(struct hall_tx *tx, const struct form *f, int64_t n, struct err_info *e)
{
    const struct project_form *layout = project_form(f->project, f->type);
    struct form *plain = arena_alloc(tx->arena, sizeof *plain);
    struct bytes content;
    *plain = *f;
    for (size_t i = 0; i < plain->values; i++) {
        const struct project_field *field = form_field(layout, plain->value[i].name, NULL, NULL);
        plain->value[i].value = form_is_shown(f, field)
                                    ? form_mend(tx->arena, field, plain->value[i].value)
                                    : "";
    }
    TRY(form_values_seal(tx, f->order, plain->value, plain->values, 0, &content, e));
    return store_exec(tx->db, &Q_form_revision_add,
                      PARAMS(P_INT(f->order), P_INT(n), P_INT(tx->now), P_BLOB(content)), NULL, e);
}

enum err form_revision(struct hall_tx *tx, int64_t order, int64_t n, const struct project *p,
                       enum flow_type type, struct form *out, struct err_info *e)
{
    const struct store_row *r;
    TRY(form_read(tx, order, p, type, out, e));
    TRY(store_one(tx->db, &Q_form_revision_get, PARAMS(P_INT(order), P_INT(n)), tx->arena, &r, e));
    for (size_t i = 0; i < out->values; i++)
        out->value[i].value = "";
    TRY(form_values_open(tx, order, row_blob(r, "content"), 0, out->value, out->values, e));
    judge_sections(tx->arena, out);
    return ERR_OK;
}

enum err form_correct(struct hall_tx *tx, int64_t order, const struct project *p,
                      enum flow_type type, const struct form_value *known, size_t n,
                      struct err_info *e)
{
    const struct project_form *layout = project_form(p, type);
    struct form *f = arena_alloc(tx->arena, sizeof *f);
    TRY(form_read(tx, order, p, type, f, e));
    for (size_t i = 0; i < n; i++) {
        struct form_value *v = find(f, known[i].name);
        if (!v || !form_field(layout, v->name, NULL, NULL)->from_regulator)
            continue;
        int untouched = v->original && strcmp(v->original, v->value) == 0;
        v->original = known[i].value;
        if (untouched || !form_is_editable(form_field(layout, v->name, NULL, NULL)))
            v->value = known[i].value;
    }
    for (size_t s = 0; s < f->sections; s++) {
        size_t count;
        struct bytes typed, original;
        const struct form_value *values = section_values(f, f->section[s].id, &count);
        TRY(form_values_seal(tx, order, values, count, 0, &typed, e));
        TRY(form_values_seal(tx, order, values, count, 1, &original, e));
        TRY(store_exec(
            tx->db, &Q_form_section_correct,
            PARAMS(P_INT(order), P_TEXT(f->section[s].id), P_BLOB(typed), P_BLOB(original)), NULL,
            e));
    }
    return ERR_OK;
}

enum err form_erase(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    TRY(store_exec(tx->db, &Q_form_section_erase, PARAMS(P_INT(order)), NULL, e));
    return store_exec(tx->db, &Q_form_revision_erase, PARAMS(P_INT(order)), NULL, e);
}
