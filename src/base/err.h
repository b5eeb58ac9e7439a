/* Errors: one code for each thing that can go wrong, and what is known of the occasion.
 *
 * Every function that can fail returns `enum err` and takes `struct err_info *e` last. Codes, their HTTP
 * status and their texts in both languages stand in one table, err.def. A caller that does not want the
 * detail still passes one: it is small and lives on the stack. */
#ifndef CERTHALL_BASE_ERR_H
#define CERTHALL_BASE_ERR_H

#include <stddef.h>

enum err {
    ERR_OK = 0,
#define ERR_CODE(name, status, code, zh, en) ERR_##name,
#include "base/err.def"
#undef ERR_CODE
    ERR_COUNT
};

enum lang { LANG_ZH, LANG_EN };

enum { ERR_ARGS_MAX = 4 };

struct err_arg {
    char name[24];   /* placeholder in the text, without braces */
    char value[160]; /* already formatted for a person; cut at a character where longer */
};

struct err_info {
    enum err code;
    char field[96];   /* which field, JSON path or option; "" when none */
    char detail[320]; /* for the log only: never shown to an outsider */
    struct err_arg arg[ERR_ARGS_MAX];
    int args;
};

#define NODISCARD __attribute__((warn_unused_result))

/* The only macro that hides control flow: hand an error on. */
#define TRY(expr)                                                                                  \
    do {                                                                                           \
        enum err try_err_ = (expr);                                                                \
        if (try_err_ != ERR_OK)                                                                    \
            return try_err_;                                                                       \
    } while (0)

/* Fill `e` and return `code`. `field` may be NULL; `detail` is a printf format for the log, may be NULL. Field, detail and
 * values are UTF-8 whatever they were made from: an octet of no character becomes '?'. */
enum err err_set(struct err_info *e, enum err code, const char *field, const char *detail, ...)
    __attribute__((format(printf, 4, 5)));

/* Add a value for a placeholder {name} of the text. More than ERR_ARGS_MAX are dropped. For texts of errors only:
 * what is longer than a value is cut at a character's end. */
void err_arg(struct err_info *e, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

void err_clear(struct err_info *e);

int err_http_status(enum err code);
const char *err_code_text(enum err code);      /* "order.frozen" */
enum err err_from_code_text(const char *code); /* ERR_OK where unknown */

/* The public sentence in the reader's language with its placeholders filled; always NUL-terminated, and cut at a
 * character's end where `out` is too small. */
void err_message(const struct err_info *e, enum lang lang, char *out, size_t size);

#endif
