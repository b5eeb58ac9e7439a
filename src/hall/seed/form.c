/* The form as it was filled in, by the project's layout: what the regulator gave, what begins with another field's value,
 * and for the rest something of the field's kind. */
#include "hall/seed/seed_priv.h"

#include "base/json.h"
#include "hall/seed/seed_sql.h"
#include "hall/vault/vault.h"
#include "store/store.h"

#include <string.h>

enum { TEXT_MAX = 16384 };

static const char *known(const struct seed_order *o, const char *name)
{
    const struct seed_person *p = o->person;
    const struct {
        const char *name, *value;
    } values[] = {
        {"application.institution_name", p->of.name},
        {"application.reporting_code", p->of.reporting_code},
        {"application.user_name", p->name},
        {"application.uscc", p->of.uscc},
        {"application.handler", p->name},
        {"application.mobile", p->mobile},
        {"application.email", p->email},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (strcmp(values[i].name, name) == 0)
            return values[i].value;
    return NULL;
}

static const char *typed(const struct seed_order *o, const struct project_field *f)
{
    switch (f->kind) {
    case FIELD_MOBILE:
    case FIELD_PHONE:
        return o->person->mobile;
    case FIELD_EMAIL:
        return o->person->email;
    case FIELD_POSTCODE:
        return "362000";
    case FIELD_USCC:
        return o->person->of.uscc;
    case FIELD_CHOICE:
        return f->options ? f->option[0].value : "";
    case FIELD_FIXED:
    case FIELD_BANK_ACCOUNT:
        return "";
    default:
        return o->person->of.address;
    }
}

/* A draft has what it began with. */
static const char *value_of(const struct seed_order *o, const struct project_field *f)
{
    const char *value = known(o, f->name);
    if (!value && f->same_as)
        value = known(o, f->same_as);
    if (!value && o->path->submit >= 0 && o->path->submit < o->reached)
        value = typed(o, f);
    return value ? value : "";
}

static void write_values(const struct seed_order *o, const struct project_section *s, int originals,
                         struct json_out *j)
{
    for (int q = 0; q < s->questions; q++)
        for (int i = 0; i < s->question[q].fields; i++) {
            const struct project_field *f = &s->question[q].field[i];
            const char *value = value_of(o, f);
            if (originals ? f->from_regulator : *value != '\0')
                jout_text(j, f->name, value);
        }
}

/* The values of one section, or of all; sealed as the form does it. */
static enum err seal(const struct seed_order *o, const struct project_section *s, int sections,
                     int originals, struct bytes *out, struct err_info *e)
{
    struct hall_tx *tx = o->run->tx;
    struct json_out j;
    _auto_buf b;
    buf_init(&b, TEXT_MAX);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    for (int i = 0; i < sections; i++)
        write_values(o, &s[i], originals, &j);
    jout_end(&j);
    return vault_seal(tx->hall->vault, tx->arena, VAULT_FORM, o->id, (struct bytes){b.p, b.n}, out,
                      e);
}

enum err seed_write_form(struct seed_order *o, struct err_info *e)
{
    const struct project_form *layout = project_form(o->run->project, TYPE_NEW);
    struct store_tx *db = o->run->tx->db;
    int submitted = o->path->submit >= 0 && o->path->submit < o->reached;
    struct bytes values, originals;
    for (int i = 0; i < layout->sections; i++) {
        TRY(seal(o, &layout->section[i], 1, 0, &values, e));
        TRY(seal(o, &layout->section[i], 1, 1, &originals, e));
        TRY(store_exec(db, &Q_seed_form_section,
                       PARAMS(P_INT(o->id), P_TEXT(layout->section[i].id), P_INT(submitted),
                              P_INT(submitted ? o->at[o->path->submit] : 0), P_BLOB(values),
                              P_BLOB(originals)),
                       NULL, e));
    }
    if (!submitted)
        return ERR_OK;
    TRY(seal(o, layout->section, layout->sections, 0, &values, e));
    return store_exec(db, &Q_seed_form_revision,
                      PARAMS(P_INT(o->id), P_INT(o->at[o->path->submit]), P_BLOB(values)), NULL, e);
}
