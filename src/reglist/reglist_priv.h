/* Between the files of reglist: cells as they stand in the file, and the list of problems while it grows. */
#ifndef CERTHALL_REGLIST_PRIV_H
#define CERTHALL_REGLIST_PRIV_H

#include "reglist/reglist.h"

/* The columns in the order of conventions.md; also the order of problems within a row. */
enum column {
    COL_ACTION,
    COL_INSTITUTION_NAME,
    COL_REPORTING_CODE,
    COL_USER_NAME,
    COL_USCC,
    COL_HANDLER,
    COL_MOBILE,
    COL_EMAIL,
    COL_CODE,
    COLUMNS
};
const char *column_name(enum column c);
int column_find(const char *name, size_t n); /* ASCII case does not count; -1: none */

/* A row as read: a cell is NULL where the file has none for that column. */
struct raw_row {
    int place;
    const char *cell[COLUMNS];
};

struct reading {
    struct arena *a;
    struct raw_row *rows; /* malloc */
    size_t rows_n, rows_cap;
    struct reglist_problem *problems; /* malloc */
    size_t problems_n, problems_cap;
    struct reglist_problem spare; /* takes what is past READING_PROBLEMS_MAX */
    int have[COLUMNS];            /* the file has this column */
    int gb18030;                  /* 1: the file was in GB18030 */
    int too_many;                 /* more than REGLIST_ROWS_MAX rows */
    int too_wrong;                /* more than READING_PROBLEMS_MAX problems */
};
enum { READING_PROBLEMS_MAX = 100000 }; /* each cell of the largest list may have one */
void reading_clear(struct reading *r);
/* NULL when there are too many. */
struct raw_row *reading_row(struct reading *r, int place);
/* The problem may be completed by the caller until the next one is added. */
struct reglist_problem *reading_problem(struct reading *r, int number, int place,
                                        const char *column, enum reglist_reason reason);

void csv_read(struct reading *r, const char *text, size_t n);
void json_list_read(struct reading *r, const char *text, size_t n);

/* UTF-8 of the file, without a byte order mark. 0 where it is neither UTF-8 nor GB18030; *place is the row of the sheet. */
int encoding_read(struct arena *a, struct bytes file, struct bytes *utf8, int *gb18030, int *place);

/* Full-width ASCII and the ideographic space to half-width, trimmed. */
char *half_width(struct arena *a, const char *s);
char *upper(struct arena *a, const char *s);
/* 1 when every character may stand in a name: no control, format or bidirectional characters. */
int name_characters(const char *s);
/* At most 40 characters of a value, personal columns masked. */
const char *excerpt(struct arena *a, enum column c, const char *value);

NODISCARD enum err reglist_size(struct bytes file, struct err_info *e); /* ERR_TOO_LARGE */
/* The file's rows and cells as they stand, and what is wrong with its form. */
void reading_read(struct reading *r, struct bytes file, enum reglist_format format);
/* Check the rows and complete `out`. */
void check_rows(struct reading *r, struct reglist *out);
/* What is read becomes a list: the same whether it was read here or in a decoder child. ERR_TOO_LARGE. */
NODISCARD enum err reading_finish(struct reading *r, enum reglist_format format,
                                  struct reglist *out, struct err_info *e);

/* ---- a reading as bytes, on its way from a decoder child (message.c has the format) ---- */

enum { MESSAGE_MAX = 32 * 1024 * 1024 };
void message_put(struct buf *b, const struct reading *r);
/* Nothing of it is believed: numbers within their bounds, places rising, texts in UTF-8 without NUL, no octet more or less.
 * Texts are copied to the arena. ERR_FILE_BROKE; `r` is to be cleared in any case. */
NODISCARD enum err message_take(struct bytes m, struct reading *r, struct err_info *e);

#endif
