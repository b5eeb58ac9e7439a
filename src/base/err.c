#include "base/err.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct err_row {
    int status;
    const char *code;
    const char *text[2];
};

static const struct err_row rows[ERR_COUNT] = {
    [ERR_OK] = {200, "ok", {"", ""}},
#define ERR_CODE(name, status, code, zh, en) [ERR_##name] = {status, code, {zh, en}},
#include "base/err.def"
#undef ERR_CODE
};

/* UTF-8 that was cut at `size`, without the begun character at its end. */
static void end_at_character(char *text, size_t size)
{
    size_t n = strlen(text), begun = n;
    if (n + 1 < size)
        return;
    while (begun > 0 && n - begun < 3 && ((unsigned char)text[begun - 1] & 0xC0) == 0x80)
        begun--;
    unsigned char lead = begun > 0 ? (unsigned char)text[begun - 1] : 0;
    size_t octets = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 0;
    if (octets > n - begun + 1)
        text[begun - 1] = '\0';
}

/* What a stranger sent may stand in it; what is told in JSON and in the log is UTF-8 all the same (RFC 8259 8.1). */
static void make_text(char *text, size_t size)
{
    end_at_character(text, size);
    text_mend_utf8(text);
}

enum err err_set(struct err_info *e, enum err code, const char *field, const char *detail, ...)
{
    err_clear(e);
    e->code = code;
    if (field) {
        snprintf(e->field, sizeof e->field, "%s", field);
        make_text(e->field, sizeof e->field);
    }
    if (detail) {
        va_list ap;
        va_start(ap, detail);
        vsnprintf(e->detail, sizeof e->detail, detail, ap);
        va_end(ap);
        make_text(e->detail, sizeof e->detail);
    }
    return code;
}

void err_arg(struct err_info *e, const char *name, const char *fmt, ...)
{
    if (e->args == ERR_ARGS_MAX)
        return;
    struct err_arg *a = &e->arg[e->args++];
    snprintf(a->name, sizeof a->name, "%s", name);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(a->value, sizeof a->value, fmt, ap);
    va_end(ap);
    make_text(a->value, sizeof a->value);
}

void err_clear(struct err_info *e)
{
    e->code = ERR_OK;
    e->field[0] = e->detail[0] = '\0';
    e->args = 0;
}

int err_http_status(enum err code)
{
    return rows[code].status;
}

const char *err_code_text(enum err code)
{
    return rows[code].code;
}

enum err err_from_code_text(const char *code)
{
    for (int i = 1; i < ERR_COUNT; i++)
        if (strcmp(rows[i].code, code) == 0)
            return (enum err)i;
    return ERR_OK;
}

static const char *arg_value(const struct err_info *e, const char *name, size_t len)
{
    for (int i = 0; i < e->args; i++)
        if (strlen(e->arg[i].name) == len && memcmp(e->arg[i].name, name, len) == 0)
            return e->arg[i].value;
    return NULL;
}

void err_message(const struct err_info *e, enum lang lang, char *out, size_t size)
{
    size_t n = 0;
    const char *t = rows[e->code].text[lang];
    while (*t && n + 1 < size) {
        const char *end = *t == '{' ? strchr(t, '}') : NULL;
        const char *value = end ? arg_value(e, t + 1, (size_t)(end - t - 1)) : NULL;
        if (!value) {
            out[n++] = *t++;
            continue;
        }
        while (*value && n + 1 < size)
            out[n++] = *value++;
        t = end + 1;
    }
    out[n] = '\0';
    end_at_character(out, size);
}
