/* Decoders of base/text and base/time: hex, base64 in both alphabets, typed codes, numbers, dates, UTF-8. One text, all of them. */
#include "fuzz.h"

#include "base/text.h"
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_begin(void)
{
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    static const char *const seeds[] = {"00fF10",
                                        "MAMCAQA=",
                                        "MAMCAQ-_",
                                        "８ｋ２m-７Ｑ4t 9x3v6w1z",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "2026-11-20T15:04:11+08:00",
                                        "2026-02-29",
                                        "2024-02-29T23:59:60Z",
                                        "\xF0\x9F\x98\x80\xED\xA0\x80",
                                        "　 a　"};
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        fuzz_seed_text(s, seeds[i]);
}

static int same_text(const char *a, const char *b)
{
    return !strcmp(a, b);
}

static void octets(struct arena *a, const char *s)
{
    struct bytes b;
    if (text_from_hex(a, s, &b)) {
        MUST(b.n * 2 == strlen(s));
        MUST(strcasecmp(text_hex(a, b), s) == 0);
    }
    if (text_from_base64(a, s, &b)) /* one text for each value, and one value for each text */
        MUST(same_text(text_base64(a, b), s));
    if (text_from_base64url(a, s, &b))
        MUST(same_text(text_base64url(a, b), s));
}

static void numbers(struct arena *a, const char *s)
{
    int64_t v = -1, ms = -1;
    int32_t day = -1;
    char back[32];
    if (text_to_id(s, &v)) {
        MUST(v >= 0 && strlen(s) <= 19);
        snprintf(back, sizeof back, "%lld", (long long)v);
        const char *d = s + strspn(s, "0");
        MUST(same_text(back, *d ? d : "0"));
    }
    if (text_to_int(s, -1000, 1000, &v))
        MUST(v >= -1000 && v <= 1000 && v == strtoll(s, NULL, 10));
    if (time_parse_date(s, &day)) { /* the writer has years of four digits */
        MUST(same_text(time_date_text(a, day), s));
        MUST(time_weekday(day) >= 0 && time_weekday(day) <= 6);
    }
    if (time_parse_rfc3339(s, &ms)) {
        int64_t again;
        MUST(time_parse_rfc3339(time_rfc3339(a, ms), &again) &&
             again == ms - ((ms % 1000) + 1000) % 1000);
    }
}

static void texts(struct arena *a, const char *s, size_t n)
{
    const char *code = text_mend_code(a, s);
    if (code) {
        MUST(strspn(code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == strlen(code));
        MUST(same_text(text_mend_code(a, code), code)); /* mended is mended */
    }
    const char *trimmed = text_trim(a, s);
    MUST(strlen(trimmed) <= n && same_text(text_trim(a, trimmed), trimmed));
    if (n && text_is_utf8(s, n)) {
        MUST(text_chars(s) <= n && text_chars(s) * 4 >= n);
        MUST(!*trimmed || text_is_utf8(trimmed, strlen(trimmed)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _auto(arena) a = arena_new();
    struct bytes in = fuzz_copy(data, size);
    (void)text_is_utf8(in.p, in.n);
    size_t n = strnlen((const char *)in.p, in.n);
    char *s = malloc(n + 1);
    MUST(s);
    memcpy(s, in.p, n);
    s[n] = 0;
    octets(a, s);
    numbers(a, s);
    texts(a, s, n);
    free(s);
    free((void *)(uintptr_t)in.p);
    return 0;
}
