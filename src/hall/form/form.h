/* What an applicant fills in: sections of an order, saved as they are typed (A2), checked by the project's rules,
 * and kept as a numbered revision when the order is confirmed (A3a).
 *
 * A field is named "<section>.<field>", unique in the order: "mailing.postcode". What the fields are, who may change them
 * and which words stand beside them is the project's form layout (project.h); the engine knows the rules by their
 * kind only. Values are sealed in their rows, a section as one JSON object. Drafts are rows: they outlive sessions and
 * processes. Fields that come from the regulator keep what he approved as `original`. */
#ifndef CERTHALL_HALL_FORM_H
#define CERTHALL_HALL_FORM_H

#include "hall/flow/flow.h"
#include "hall/hall.h"

struct project;

enum {
    FORM_VALUE_MAX = 2000,
    FORM_FIELDS_MAX = 64,
    FORM_SECTIONS_MAX = 12,
    FORM_PROBLEMS_MAX = 64
};

/* EMPTY nothing typed yet, PARTIAL something is missing or wrong, DONE every field valid. LATER: nothing in it is
 * required and nothing was typed. */
enum form_state { FORM_EMPTY, FORM_PARTIAL, FORM_DONE, FORM_LATER };
const char *form_state_text(enum form_state s); /* "empty", "partial", "done", "later" */

struct form_value {
    const char *name;     /* "mailing.postcode" */
    const char *value;    /* as stored; "" where nothing was typed */
    const char *original; /* what the regulator approved; NULL where it did not come from him */
};

struct form_problem {
    struct err_info info; /* code, field, arguments: err_message makes the sentence */
    const char *section;
    int question;
    const char *fix_value; /* a repair the program knows; NULL: none */
    int fix_position;      /* 1-based place of the wrong character; 0: not known */
};
struct form_problems {
    struct form_problem item[FORM_PROBLEMS_MAX];
    size_t n;
};

struct form_section {
    const char *id;   /* "application", "mailing", "invoice" */
    int64_t rev;      /* counts saves; 0: never saved */
    int64_t saved_at; /* business time; 0: never */
    enum form_state state;
};

/* All of an order's form as it stands now. */
struct form {
    int64_t order;
    enum flow_type type;
    const struct project *project;
    struct form_section section[FORM_SECTIONS_MAX]; /* in the layout's order */
    size_t sections;
    struct form_value value[FORM_FIELDS_MAX]; /* every field of the layout */
    size_t values;
};

/* Begin a form with what is known; names that the layout does not have are dropped. `known[].original` is not looked
 * at: a field whose source is the regulator gets its value as original. */
NODISCARD enum err form_open(struct hall_tx *tx, int64_t order, const struct project *p,
                             enum flow_type type, const struct form_value *known, size_t n,
                             struct err_info *e);
NODISCARD enum err form_read(struct hall_tx *tx, int64_t order, const struct project *p,
                             enum flow_type type, struct form *out, struct err_info *e);
/* The value of a field; "" where there is none. */
const char *form_get(const struct form *f, const char *name);
const char *form_original(const struct form *f, const char *name); /* NULL: none */

struct form_save {
    int64_t order;
    const struct project *project;
    enum flow_type type;
    const char *section;
    int64_t rev;  /* the revision the page last saw */
    int final;    /* 0: while typing, problems are not errors */
    int question; /* with final: only this one is checked; 0: all of the section */
    const struct form_value *typed; /* name and value; fields not named keep what they have */
    size_t n;
};
struct form_saved {
    struct form_section section;
    const struct form_value *mended; /* what was made plain: full width, spaces */
    size_t mended_n;
    struct form_problems problems; /* with `final` only */
};
/* Stores first and judges then: with problems the values are stored as well and the answer is ERR_OK with problems, so that
 * the caller commits and then refuses. ERR_FORM_CONFLICT: another tab has saved since (read the form to see what is
 * stored); ERR_FIELD_READ_ONLY (S0-21); ERR_NOT_FOUND: no such section; ERR_FIELD_TOO_LONG. */
NODISCARD enum err form_save(struct hall_tx *tx, const struct form_save *s, struct form_saved *out,
                             struct err_info *e);

/* Every problem of the whole form; none: it can be confirmed. Pure: texts in `lang` go into the arena. */
void form_check(struct arena *a, const struct form *f, enum lang lang, struct form_problems *out);

/* Confirm: the values of now become revision `n` for good (A3a). */
NODISCARD enum err form_confirm(struct hall_tx *tx, const struct form *f, int64_t n,
                                struct err_info *e);
NODISCARD enum err form_revision(struct hall_tx *tx, int64_t order, int64_t n,
                                 const struct project *p, enum flow_type type, struct form *out,
                                 struct err_info *e);
/* The regulator corrected the registration (C5): originals and, where the applicant had not changed them, values. */
NODISCARD enum err form_correct(struct hall_tx *tx, int64_t order, const struct project *p,
                                enum flow_type type, const struct form_value *known, size_t n,
                                struct err_info *e);
/* Retention: the values go. */
NODISCARD enum err form_erase(struct hall_tx *tx, int64_t order, struct err_info *e);

#endif
