/* For pages that show a form: what may be changed, and what is asked for. */
#ifndef CERTHALL_HALL_FORM_VIEW_H
#define CERTHALL_HALL_FORM_VIEW_H

#include "hall/form/form.h"
#include "hall/project/layout.h"

int form_is_editable(const struct project_field *field);
/* 1 when the field is asked for: what it hangs on holds. */
int form_is_shown(const struct form *f, const struct project_field *field);
const struct project_field *form_find_field(const struct project_form *layout, const char *name);

#endif
