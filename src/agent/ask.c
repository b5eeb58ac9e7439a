#include "agent/ask.h"

#include "agent/assuan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Longer than any PIN, so that one too long is seen as such. */
enum { TYPED = 256 };

struct pin_policy pin_policy_limit(int64_t min, int64_t max, int64_t kinds)
{
    struct pin_policy p = {TOKEN_PIN_MIN, TOKEN_PIN_MAX, 2};
    if (min > p.min)
        p.min = min > TOKEN_PIN_MAX ? TOKEN_PIN_MAX : (int)min;
    if (max < p.max)
        p.max = max < p.min ? p.min : (int)max;
    if (kinds > p.kinds)
        p.kinds = kinds > 4 ? 4 : (int)kinds;
    return p;
}

int pin_policy_ok(const struct pin_policy *p, const char *pin)
{
    int lower = 0, upper = 0, digit = 0, sign = 0;
    size_t n = strlen(pin);
    if (n < (size_t)p->min || n > (size_t)p->max)
        return 0;
    for (size_t i = 0; i < n; i++) {
        char c = pin[i];
        if (c < 0x21 || c > 0x7e)
            return 0;
        if (c >= 'a' && c <= 'z')
            lower = 1;
        else if (c >= 'A' && c <= 'Z')
            upper = 1;
        else if (c >= '0' && c <= '9')
            digit = 1;
        else
            sign = 1;
    }
    return lower + upper + digit + sign >= p->kinds;
}

/* ---- one dialogue ---- */

static void add_line(struct buf *b, char *line)
{
    buf_text(b, line);
    buf_byte(b, '\n');
}

/* Who asks, what for, which order, which key. */
static void head(const struct ask *q, struct arena *a, const char *serial, struct buf *b)
{
    add_line(b, text_fill(a, TEXT_FROM, q->lang, text_shown(a, q->server), text_shown(a, q->host)));
    add_line(b, text_fill(a, TEXT_WHAT, q->lang, text_of(q->what, q->lang), NULL));
    if (q->order)
        add_line(b, text_fill(a, TEXT_ORDER, q->lang, text_shown(a, q->order), NULL));
    if (q->institution)
        add_line(b, text_fill(a, TEXT_INSTITUTION, q->lang, text_shown(a, q->institution), NULL));
    if (q->person)
        add_line(b, text_fill(a, TEXT_PERSON, q->lang, text_shown(a, q->person), NULL));
    if (serial)
        add_line(b, text_fill(a, TEXT_KEY, q->lang, text_serial(a, serial), NULL));
}

static enum err options(struct assuan *s, struct err_info *e)
{
    char text[300];
    const char *tty = ttyname(STDIN_FILENO);
    const char *type = getenv("TERM");
    if (tty) {
        snprintf(text, sizeof text, "ttyname=%s", tty);
        TRY(assuan_try(s, "OPTION", text, e));
        snprintf(text, sizeof text, "ttytype=%s", type ? type : "vt100");
        TRY(assuan_try(s, "OPTION", text, e));
    }
    return assuan_try(s, "OPTION", "lc-ctype=C.UTF-8", e);
}

static enum err open_dialogue(const struct ask *q, const char *text, struct assuan **out,
                              struct err_info *e)
{
    _auto(assuan) s = NULL;
    if (!q->pinentry) {
        err_set(e, ERR_AGENT_PINENTRY, "pinentry", "not configured");
        err_arg(e, "why", "pinentry = … is missing");
        return ERR_AGENT_PINENTRY;
    }
    TRY(assuan_start(q->pinentry, &s, e));
    TRY(options(s, e));
    TRY(assuan_try(s, "SETTITLE", text_of(TEXT_TITLE, q->lang), e));
    TRY(assuan_send(s, "SETDESC", text, e));
    TRY(assuan_try(s, "SETOK", text_of(TEXT_OK, q->lang), e));
    TRY(assuan_try(s, "SETCANCEL", text_of(TEXT_CANCEL, q->lang), e));
    *out = steal(&s);
    return ERR_OK;
}

/* One entry; `error` NULL or what was wrong before. */
static enum err enter(const struct ask *q, const char *text, enum text prompt, const char *error,
                      char typed[TYPED], struct err_info *e)
{
    _auto(assuan) s = NULL;
    TRY(open_dialogue(q, text, &s, e));
    TRY(assuan_send(s, "SETPROMPT", text_of(prompt, q->lang), e));
    if (error)
        TRY(assuan_send(s, "SETERROR", error, e));
    return assuan_getpin(s, typed, TYPED, e);
}

/* ---- questions ---- */

static enum err ask_existing(const struct ask *q, const char *serial, enum text prompt, int left,
                             int max, int wrong, struct token_pin *out, struct err_info *e)
{
    char typed[TYPED], message[200];
    char number[2][12];
    _auto_buf b;
    _auto(arena) a = arena_new();
    struct err_info why = {.code = ERR_TOKEN_PIN_WRONG};
    buf_init(&b, 4096);
    head(q, a, serial, &b);
    snprintf(number[0], sizeof number[0], "%d", left);
    snprintf(number[1], sizeof number[1], "%d", max);
    buf_text(&b, text_fill(a, TEXT_TRIES, q->lang, number[0], number[1]));
    err_arg(&why, "left", "%d", left);
    for (;;) {
        err_message(&why, q->lang, message, sizeof message);
        enum err err = enter(q, buf_cstr(&b), prompt, wrong ? message : NULL, typed, e);
        if (err == ERR_OK)
            err = token_pin_set(out, typed, e);
        mem_wipe(typed, sizeof typed);
        if (err != ERR_TOKEN_PIN_LENGTH)
            return err;
        why = *e; /* it cannot be the PIN: ask again, no try is lost */
        wrong = 1;
    }
}

enum err ask_pin(const struct ask *q, const char *serial, int left, int max, int wrong,
                 struct token_pin *out, struct err_info *e)
{
    return ask_existing(q, serial, TEXT_PIN, left, max, wrong, out, e);
}

enum err ask_old_pin(const struct ask *q, const char *serial, int left, int max, int wrong,
                     struct token_pin *out, struct err_info *e)
{
    return ask_existing(q, serial, TEXT_OLD_PIN, left, max, wrong, out, e);
}

/* Both entries once. *error is what to show before the next try, or NULL when the PIN is set. */
static enum err enter_twice(const struct ask *q, const char *text, const struct pin_policy *p,
                            const char *weak, const char **error, struct token_pin *out,
                            struct err_info *e)
{
    char first[TYPED], second[TYPED] = "";
    enum err err = enter(q, text, TEXT_NEW_PIN, *error, first, e);
    int good = err == ERR_OK && pin_policy_ok(p, first);
    if (good)
        err = enter(q, text, TEXT_REPEAT_PIN, NULL, second, e);
    int same = good && err == ERR_OK && !strcmp(first, second);
    if (same)
        err = token_pin_set(out, first, e);
    mem_wipe(first, sizeof first);
    mem_wipe(second, sizeof second);
    if (err == ERR_TOKEN_PIN_LENGTH)
        err = ERR_OK;
    *error = same ? NULL : good ? text_of(TEXT_PIN_DIFFERS, q->lang) : weak;
    return err;
}

enum err ask_new_pin(const struct ask *q, const char *serial, const struct pin_policy *p,
                     struct token_pin *out, struct err_info *e)
{
    char length[16], kinds[4];
    const char *error = NULL;
    _auto_buf b;
    _auto(arena) a = arena_new();
    snprintf(length, sizeof length, "%d–%d", p->min, p->max);
    snprintf(kinds, sizeof kinds, "%d", p->kinds);
    buf_init(&b, 4096);
    head(q, a, serial, &b);
    buf_text(&b, text_fill(a, TEXT_NEW_PIN_RULE, q->lang, length, kinds));
    const char *weak = text_fill(a, TEXT_PIN_WEAK, q->lang, length, kinds);
    do
        TRY(enter_twice(q, buf_cstr(&b), p, weak, &error, out, e));
    while (error);
    return ERR_OK;
}

enum err ask_use_key(const struct ask *q, const char *serial, const char *label, int *yes,
                     struct err_info *e)
{
    _auto_buf b;
    _auto(arena) a = arena_new();
    _auto(assuan) s = NULL;
    buf_init(&b, 4096);
    head(q, a, serial, &b);
    add_line(&b, text_shown(a, label));
    buf_text(&b, text_of(TEXT_CHOOSE, q->lang));
    TRY(open_dialogue(q, buf_cstr(&b), &s, e));
    TRY(assuan_try(s, "SETOK", text_of(TEXT_USE_THIS, q->lang), e));
    TRY(assuan_try(s, "SETCANCEL", text_of(TEXT_USE_OTHER, q->lang), e));
    enum err err = assuan_send(s, "CONFIRM", "", e);
    *yes = err == ERR_OK;
    return err == ERR_AGENT_CANCELLED ? ERR_OK : err;
}

enum err ask_show_code(const struct ask *q, const char *code, struct err_info *e)
{
    _auto_buf b;
    _auto(arena) a = arena_new();
    _auto(assuan) s = NULL;
    buf_init(&b, 4096);
    head(q, a, NULL, &b);
    buf_text(&b, text_fill(a, TEXT_CODE, q->lang, text_shown(a, code), NULL));
    TRY(open_dialogue(q, buf_cstr(&b), &s, e));
    enum err err = assuan_send(s, "MESSAGE", "", e);
    return err == ERR_AGENT_CANCELLED ? ERR_OK : err;
}

enum err ask_show_error(const char *pinentry, enum lang lang, const struct err_info *what,
                        struct err_info *e)
{
    char message[512];
    const struct ask q = {.pinentry = pinentry, .lang = lang};
    _auto(assuan) s = NULL;
    err_message(what, lang, message, sizeof message);
    text_calm(message);
    TRY(open_dialogue(&q, message, &s, e));
    enum err err = assuan_send(s, "MESSAGE", "", e);
    return err == ERR_AGENT_CANCELLED ? ERR_OK : err;
}
