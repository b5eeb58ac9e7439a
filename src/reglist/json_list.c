/* The list as JSON: an array of objects whose members are the columns, all of them texts. */
#include "reglist/reglist_priv.h"

#include "base/json.h"

#include <string.h>

static void member(struct reading *r, struct raw_row *row, const char *key, const json_t *value)
{
    int at = column_find(key, strlen(key));
    if (at < 0) {
        reading_problem(r, (int)r->rows_n, row->place, arena_text(r->a, key),
                        REGLIST_COLUMN_UNKNOWN);
        return;
    }
    r->have[at] = 1;
    if (json_is_string(value))
        row->cell[at] = arena_text(r->a, json_string_value(value));
    else if (!json_is_null(value))
        reading_problem(r, (int)r->rows_n, row->place, column_name((enum column)at),
                        REGLIST_SYNTAX);
}

void json_list_read(struct reading *r, const char *text, size_t n)
{
    struct err_info e = {0};
    _auto_json list = NULL;
    if (json_parse(text, n, &list, &e) != ERR_OK || !json_is_array(list)) {
        struct reglist_problem *p = reading_problem(r, 0, 0, "", REGLIST_SYNTAX);
        p->value = arena_text(r->a, e.args > 0 ? e.arg[0].value : "[");
        return;
    }
    size_t i;
    json_t *element;
    json_array_foreach (list, i, element) {
        struct raw_row *row = reading_row(r, (int)i + 1);
        if (!row)
            return;
        if (!json_is_object(element)) {
            reading_problem(r, (int)r->rows_n, row->place, "", REGLIST_SYNTAX);
            continue;
        }
        const char *key;
        json_t *value;
        json_object_foreach (element, key, value)
            member(r, row, key, value);
    }
    /* a member may be left out of any object; what is required is asked row by row */
    for (int c = 0; c < COLUMNS; c++)
        r->have[c] = 1;
}
