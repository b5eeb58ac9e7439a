#include "agent/texts.h"

#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char *const texts[TEXT_COUNT][2] = {
#define TEXT(name, zh, en) [TEXT_##name] = {zh, en},
#include "agent/texts.def"
#undef TEXT
};

const char *text_of(enum text t, enum lang lang)
{
    return texts[t][lang == LANG_EN];
}

char *text_fill(struct arena *a, enum text t, enum lang lang, const char *one, const char *two)
{
    _auto_buf b;
    buf_init(&b, 4096);
    for (const char *p = text_of(t, lang); *p; p++) {
        if (p[0] == '%' && (p[1] == '1' || p[1] == '2')) {
            const char *value = p[1] == '1' ? one : two;
            buf_text(&b, value ? value : "");
            p++;
        } else {
            buf_byte(&b, (uint8_t)*p);
        }
    }
    return arena_text(a, buf_cstr(&b));
}

static size_t utf8_len(uint8_t first)
{
    return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* C0, DEL, C1, zero-width and bidirectional marks, which could turn a line round. */
static int is_formatting(const uint8_t *p, size_t n)
{
    if (n == 1)
        return p[0] < 0x20 || p[0] == 0x7f;
    if (n == 2)
        return p[0] == 0xc2 && p[1] < 0xa0;
    if (n != 3)
        return 0;
    uint32_t c = (uint32_t)(p[0] & 15) << 12 | (uint32_t)(p[1] & 63) << 6 | (p[2] & 63);
    return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

char *text_shown(struct arena *a, const char *value)
{
    enum { POINTS = 80 };
    _auto_buf b;
    buf_init(&b, 4 * POINTS + 4);
    if (!value || !text_is_utf8(value, strlen(value)))
        return arena_text(a, "");
    const uint8_t *p = (const uint8_t *)value;
    for (int i = 0; *p && i < POINTS; i++) {
        size_t n = utf8_len(*p);
        if (is_formatting(p, n))
            buf_byte(&b, ' ');
        else
            buf_put(&b, p, n);
        p += n;
    }
    return arena_text(a, buf_cstr(&b));
}

void text_calm(char *text)
{
    const uint8_t *p = (const uint8_t *)text;
    char *out = text;
    while (*p) {
        size_t n = utf8_len(*p);
        if (is_formatting(p, n))
            *out++ = ' ';
        else
            for (size_t i = 0; i < n; i++)
                *out++ = (char)p[i];
        p += n;
    }
    *out = 0;
}

char *text_serial(struct arena *a, const char *serial)
{
    _auto_buf b;
    buf_init(&b, 512);
    int points = 0;
    for (const char *s = text_shown(a, serial); *s; s++) {
        int begins = ((unsigned char)*s & 0xc0) != 0x80;
        if (begins && points && points % 4 == 0)
            buf_byte(&b, ' ');
        buf_byte(&b, (uint8_t)*s);
        points += begins;
    }
    return arena_text(a, buf_cstr(&b));
}

enum lang text_language(const char *configured)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    const char *say = configured;
    for (size_t i = 0; !say && i < sizeof names / sizeof *names; i++) {
        say = getenv(names[i]);
        if (say && !*say)
            say = NULL;
    }
    return say && !strncmp(say, "en", 2) ? LANG_EN : LANG_ZH;
}
