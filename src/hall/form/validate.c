/* The rules of single fields: mending what was typed, and what is wrong with it. Pure. */
#include "hall/form/form_priv.h"

#include "base/text.h"
#include "reglist/reglist.h"

#include <stdio.h>
#include <string.h>

#define DIGITS "0123456789"

enum { DEFAULT_MAX = 200, PHONE_EXTENSION_MAX = 6 };

/* Full-width letters, digits and signs (U+FF01 … U+FF5E) and the ideographic space to their ASCII forms. */
static char *half_width(struct arena *a, const char *s)
{
    char *out = arena_alloc(a, strlen(s) + 1), *o = out;
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        unsigned wide = p[0] == 0xEF && (p[1] == 0xBC || p[1] == 0xBD)
                            ? 0xF000U | (unsigned)(p[1] & 0x3F) << 6 | (unsigned)(p[2] & 0x3F)
                            : 0;
        int space = p[0] == 0xE3 && p[1] == 0x80 && p[2] == 0x80;
        if (wide >= 0xFF01 && wide <= 0xFF5E)
            *o++ = (char)(wide - 0xFEE0);
        else if (space)
            *o++ = ' ';
        else {
            *o++ = (char)*p++;
            continue;
        }
        p += 3;
    }
    return text_trim(a, out);
}

static char *without(struct arena *a, const char *s, const char *drop)
{
    char *out = arena_alloc(a, strlen(s) + 1), *o = out;
    for (; *s; s++)
        if (!strchr(drop, *s))
            *o++ = *s;
    return out;
}

const char *form_mend(struct arena *a, const struct project_field *f, const char *typed)
{
    char *mended;
    switch (f->kind) {
    case FIELD_MOBILE:
        mended = reglist_mobile(a, typed);
        return mended ? mended : half_width(a, typed);
    case FIELD_PHONE:
        mended = reglist_mobile(a, typed);
        return mended ? mended : without(a, half_width(a, typed), " ");
    case FIELD_EMAIL:
        return half_width(a, typed);
    case FIELD_POSTCODE:
    case FIELD_BANK_ACCOUNT:
        return without(a, half_width(a, typed), " -");
    case FIELD_USCC:
        reglist_uscc(a, without(a, half_width(a, typed), " -"), &mended);
        return mended;
    case FIELD_CHOICE:
    case FIELD_FIXED:
        return typed;
    default:
        return text_trim(a, typed);
    }
}

static enum err problem(struct form_problem *out, const struct project_field *f, enum err code)
{
    return err_set(&out->info, code, f->name, NULL);
}

static unsigned next_code_point(const unsigned char **p)
{
    unsigned c = **p;
    int more = c < 0x80 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
    c = more == 0 ? c : c & (0x3FU >> more);
    (*p)++;
    while (more-- > 0)
        c = c << 6 | (*(*p)++ & 0x3FU);
    return c;
}

/* Control, format and bidirectional characters, which nobody sees and no label can print. */
static int is_refused(unsigned c, int lines)
{
    static const unsigned refused[][2] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x200B, 0x200F},
        {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFF},
    };
    if (lines && c == '\n')
        return 0;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (c >= refused[i][0] && c <= refused[i][1])
            return 1;
    return 0;
}

static enum err judge_characters(const struct project_field *f, const char *value,
                                 struct form_problem *out)
{
    int position = 0;
    for (const unsigned char *p = (const unsigned char *)value; *p;) {
        unsigned c = next_code_point(&p);
        position++;
        if (!is_refused(c, f->kind == FIELD_LONGTEXT))
            continue;
        problem(out, f, ERR_FIELD_CHARACTER);
        err_arg(&out->info, "position", "%d", position);
        err_arg(&out->info, "character", "U+%04X", c);
        out->fix_position = position;
        return ERR_FIELD_CHARACTER;
    }
    return ERR_OK;
}

static enum err judge_length(const struct project_field *f, const char *value, const char *label,
                             struct form_problem *out)
{
    size_t n = text_chars(value), max = f->max_length ? (size_t)f->max_length : DEFAULT_MAX;
    if (n > max) {
        problem(out, f, ERR_FIELD_TOO_LONG);
        err_arg(&out->info, "label", "%s", label);
        err_arg(&out->info, "max", "%zu", max);
        err_arg(&out->info, "count", "%zu", n);
        return ERR_FIELD_TOO_LONG;
    }
    if (n < (size_t)f->min_length) {
        problem(out, f, ERR_FIELD_TOO_SHORT);
        err_arg(&out->info, "label", "%s", label);
        err_arg(&out->info, "min", "%d", f->min_length);
        return ERR_FIELD_TOO_SHORT;
    }
    return ERR_OK;
}

/* Letters that GB 32100 leaves out, and what they are mistaken for. */
static enum err judge_uscc(struct arena *a, const struct project_field *f, const char *value,
                           const char *approved, struct form_problem *out)
{
    static const char letters[] = "IOSVZ", digits[] = "105U2";
    enum uscc_verdict v = reglist_uscc(a, value, NULL);
    if (v == USCC_OK || (v == USCC_CHECK && strcmp(value, approved) == 0))
        return ERR_OK;
    size_t at = strcspn(value, letters);
    if (strlen(value) == 18 && value[at]) {
        char guess = digits[strchr(letters, value[at]) - letters];
        char *fixed = arena_text(a, value);
        fixed[at] = guess;
        problem(out, f, ERR_FIELD_USCC_LETTER);
        err_arg(&out->info, "position", "%zu", at + 1);
        err_arg(&out->info, "letter", "%c", value[at]);
        err_arg(&out->info, "guess", "%c", guess);
        out->fix_value = fixed;
        out->fix_position = (int)at + 1;
        return ERR_FIELD_USCC_LETTER;
    }
    return problem(out, f, v == USCC_CHECK ? ERR_FIELD_USCC_CHECK : ERR_FIELD_USCC);
}

static int all_digits(const char *s, size_t min, size_t max)
{
    size_t n = strlen(s);
    return n >= min && n <= max && strspn(s, DIGITS) == n;
}

/* A mobile number, or area code, number and, if there is one, extension: 0591-87006618-802. */
static int is_phone(struct arena *a, const char *s)
{
    if (reglist_mobile(a, s))
        return 1;
    if (s[0] != '0' || strspn(s, DIGITS "-") != strlen(s))
        return 0;
    size_t area = strcspn(s, "-");
    if (!s[area])
        return area >= 10 && area <= 12;
    const char *number = s + area + 1;
    size_t n = strcspn(number, "-");
    if (area < 3 || area > 4 || n < 7 || n > 8)
        return 0;
    return !number[n] || all_digits(number + n + 1, 1, PHONE_EXTENSION_MAX);
}

static int is_option(const struct project_field *f, const char *value)
{
    for (int i = 0; i < f->options; i++)
        if (strcmp(f->option[i].value, value) == 0)
            return 1;
    return 0;
}

static enum err judge_kind(struct arena *a, const struct project_field *f, const char *value,
                           const char *uscc, struct form_problem *out)
{
    switch (f->kind) {
    case FIELD_MOBILE:
        return reglist_mobile(a, value) ? ERR_OK : problem(out, f, ERR_FIELD_MOBILE);
    case FIELD_PHONE:
        return is_phone(a, value) ? ERR_OK : problem(out, f, ERR_FIELD_PHONE);
    case FIELD_EMAIL:
        return reglist_email(a, value) ? ERR_OK : problem(out, f, ERR_FIELD_EMAIL);
    case FIELD_POSTCODE: /* S0-65: a mainland postcode has six digits */
        return all_digits(value, 6, 6) ? ERR_OK : problem(out, f, ERR_FIELD_POSTCODE);
    case FIELD_BANK_ACCOUNT:
        return all_digits(value, 8, 32) ? ERR_OK : problem(out, f, ERR_FIELD_BANK);
    case FIELD_USCC:
        return judge_uscc(a, f, value, uscc, out);
    case FIELD_CHOICE:
        return is_option(f, value) ? ERR_OK : problem(out, f, ERR_FIELD_CHOICE);
    default:
        return ERR_OK;
    }
}

enum err form_judge(struct arena *a, const struct project_field *f, const char *value,
                    const char *uscc, enum lang lang, struct form_problem *out)
{
    const char *label = f->label.in[lang];
    *out = (struct form_problem){0};
    if (f->kind == FIELD_FIXED)
        return ERR_OK;
    if (!*value && !f->required)
        return ERR_OK;
    if (!*value) {
        problem(out, f, ERR_FIELD_REQUIRED);
        err_arg(&out->info, "label", "%s", label);
        return ERR_FIELD_REQUIRED;
    }
    TRY(judge_kind(a, f, value, uscc, out));
    TRY(judge_characters(f, value, out));
    return judge_length(f, value, label, out);
}
