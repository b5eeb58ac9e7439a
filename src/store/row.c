/* Values of a row by the name of their column. */
#include "store/store_priv.h"

#include <string.h>

static const struct store_value *value(const struct store_row *row, const char *column)
{
    const char *const *name = row->query->column;
    for (size_t i = 0; i < row->query->columns; i++)
        if (name[i][0] == column[0] && strcmp(name[i], column) == 0) /* a call less for most */
            return &row->value[i];
    store_die("%s has no column %s", row->query->name, column);
}

static const struct store_value *typed(const struct store_row *row, const char *column,
                                       enum store_type type)
{
    const struct store_value *v = value(row, column);
    if (v->type != type && v->type != STORE_NULL)
        store_die("column %s of %s has another type", column, row->query->name);
    return v;
}

int64_t row_int(const struct store_row *row, const char *column)
{
    const struct store_value *v = typed(row, column, STORE_INT);
    if (v->type == STORE_NULL)
        store_die("column %s of %s is NULL", column, row->query->name);
    return v->integer;
}

int64_t row_int_or(const struct store_row *row, const char *column, int64_t when_null)
{
    const struct store_value *v = typed(row, column, STORE_INT);
    return v->type == STORE_NULL ? when_null : v->integer;
}

const char *row_text(const struct store_row *row, const char *column)
{
    const struct store_value *v = typed(row, column, STORE_TEXT);
    return v->type == STORE_NULL ? NULL : v->text;
}

struct bytes row_blob(const struct store_row *row, const char *column)
{
    const struct store_value *v = typed(row, column, STORE_BLOB);
    return v->type == STORE_NULL ? (struct bytes){NULL, 0} : v->blob;
}

int row_is_null(const struct store_row *row, const char *column)
{
    return value(row, column)->type == STORE_NULL;
}
