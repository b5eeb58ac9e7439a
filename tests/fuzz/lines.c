#include "lines.h"

#include "base/sys.h"
#include "base/text.h"
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void give(struct fuzz_seeds *s, const char *kind, int number, struct bytes input)
{
    char name[32];
    snprintf(name, sizeof name, "%s-%d", kind, number);
    s->take(s->self, name, input);
}

void fuzz_seed(struct fuzz_seeds *s, struct bytes input)
{
    give(s, "seed", ++s->count, input);
}

void fuzz_seed_text(struct fuzz_seeds *s, const char *input)
{
    fuzz_seed(s, (struct bytes){(const uint8_t *)input, strlen(input)});
}

static int escaped(struct arena *a, const char **s, uint8_t *out)
{
    static const char letters[] = "nrt0\\", values[] = "\n\r\t\0\\";
    struct bytes octet;
    const char *letter = **s ? strchr(letters, **s) : NULL;
    if (letter) {
        *out = (uint8_t)values[letter - letters];
        (*s)++;
        return 1;
    }
    if (**s != 'x' || strlen(*s) < 3 || !text_from_hex(a, arena_text_n(a, *s + 1, 2), &octet))
        return 0;
    *out = octet.p[0];
    *s += 3;
    return 1;
}

static int from_text(struct arena *a, const char *s, struct bytes *out)
{
    uint8_t *p = arena_alloc(a, strlen(s) + 1);
    size_t n = 0;
    while (*s) {
        if (*s != '\\') {
            p[n++] = (uint8_t)*s++;
        } else {
            s++;
            if (!escaped(a, &s, &p[n++]))
                return 0;
        }
    }
    *out = (struct bytes){p, n};
    return 1;
}

static int read_line(struct arena *a, const char *line, struct bytes *out)
{
    if (!strncmp(line, "text:", 5))
        return from_text(a, line + 5, out);
    if (!strncmp(line, "hex:", 4))
        return text_from_hex(a, line + 4, out);
    if (!strncmp(line, "base64:", 7))
        return text_from_base64(a, line + 7, out);
    return 0;
}

void fuzz_lines(const char *path, struct fuzz_seeds *to)
{
    _auto(arena) a = arena_new();
    struct bytes file, input;
    struct err_info e;
    enum err found = file_read(a, path, 4 << 20, &file, &e);
    if (found == ERR_NOT_FOUND)
        return;
    MUST_OK(found, &e);
    char *rest = arena_text_n(a, (const char *)file.p, file.n), *line;
    for (int number = 1; (line = strsep(&rest, "\n")); number++) {
        if (!*line || *line == '#')
            continue;
        if (!read_line(a, line, &input)) {
            fprintf(stderr, "%s:%d: not text:, hex: or base64:, or a broken escape\n", path,
                    number);
            exit(2);
        }
        give(to, "line", number, input);
    }
}
