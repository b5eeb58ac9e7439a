/* Between the files of this folder: the rules of single fields, and values in their rows. */
#ifndef CERTHALL_HALL_FORM_PRIV_H
#define CERTHALL_HALL_FORM_PRIV_H

#include "hall/form/form.h"
#include "hall/form/form_view.h"
#include "hall/project/layout.h"
#include "store/store.h"

/* ---- validate.c: pure ---- */

/* What a person typed, made plain as far as the kind allows; `typed` itself where nothing is to be mended. */
const char *form_mend(struct arena *a, const struct project_field *f, const char *typed);
/* What is wrong with a mended value: ERR_OK or the code, with the problem filled. `uscc` is the credit code that the
 * regulator approved: his check digit is not doubted (facts: real codes fail it too). */
enum err form_judge(struct arena *a, const struct project_field *f, const char *value,
                    const char *uscc, enum lang lang, struct form_problem *out);

/* ---- values.c ---- */

NODISCARD enum err form_values_seal(struct hall_tx *tx, int64_t order,
                                    const struct form_value *values, size_t n, int originals,
                                    struct bytes *out, struct err_info *e);
/* Sets value (or original) of those in `values` that the sealed object names. */
NODISCARD enum err form_values_open(struct hall_tx *tx, int64_t order, struct bytes sealed,
                                    int originals, struct form_value *values, size_t n,
                                    struct err_info *e);

/* The field of a name; NULL: none. *section and *question (may be NULL) say where it stands. */
const struct project_field *form_field(const struct project_form *layout, const char *name,
                                       const struct project_section **section, int *question);

#endif
