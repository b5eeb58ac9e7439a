/* Values in their rows: one sealed JSON object a section. And finding fields in a layout. */
#include "hall/form/form_priv.h"

#include "base/json.h"
#include "hall/vault/vault.h"

#include <string.h>

enum { OBJECT_MAX = 1024 * 1024 };

enum err form_values_seal(struct hall_tx *tx, int64_t order, const struct form_value *values,
                          size_t n, int originals, struct bytes *out, struct err_info *e)
{
    _auto_buf b;
    struct json_out j;
    buf_init(&b, OBJECT_MAX);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    for (size_t i = 0; i < n; i++) {
        const char *v = originals ? values[i].original : values[i].value;
        if (v && (originals || *v))
            jout_text(&j, values[i].name, v);
    }
    jout_end(&j);
    if (b.full)
        return err_set(e, ERR_TOO_LARGE, NULL, "form section over %d octets", OBJECT_MAX);
    enum err done = vault_seal(tx->hall->vault, tx->arena, VAULT_FORM, order,
                               (struct bytes){b.p, b.n}, out, e);
    mem_wipe(b.p, b.n);
    return done;
}

enum err form_values_open(struct hall_tx *tx, int64_t order, struct bytes sealed, int originals,
                          struct form_value *values, size_t n, struct err_info *e)
{
    struct bytes plain;
    _auto_json object = NULL;
    TRY(vault_open(tx->hall->vault, tx->arena, VAULT_FORM, order, sealed, &plain, e));
    TRY(json_parse(plain.p, plain.n, &object, e));
    for (size_t i = 0; i < n; i++) {
        const char *v = json_opt_text(object, values[i].name, NULL);
        if (!v)
            continue;
        if (originals)
            values[i].original = arena_text(tx->arena, v);
        else
            values[i].value = arena_text(tx->arena, v);
    }
    return ERR_OK;
}

const struct project_field *form_field(const struct project_form *layout, const char *name,
                                       const struct project_section **section, int *question)
{
    for (int s = 0; s < layout->sections; s++) {
        const struct project_section *sec = &layout->section[s];
        for (int q = 0; q < sec->questions; q++)
            for (int i = 0; i < sec->question[q].fields; i++) {
                const struct project_field *f = &sec->question[q].field[i];
                if (strcmp(f->name, name) != 0)
                    continue;
                if (section)
                    *section = sec;
                if (question)
                    *question = q + 1;
                return f;
            }
    }
    return NULL;
}

int form_is_shown(const struct form *f, const struct project_field *field)
{
    return !field->shown_if || strcmp(form_get(f, field->shown_if), field->shown_value) == 0;
}

int form_is_editable(const struct project_field *field)
{
    return field->kind != FIELD_FIXED && field->edit != EDIT_NEVER;
}

const struct project_field *form_find_field(const struct project_form *layout, const char *name)
{
    return form_field(layout, name, NULL, NULL);
}
