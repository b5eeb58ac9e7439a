#include "main/terminal.h"

#include "pki/shares.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int terminal_is_there(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* Octet by octet, so that nothing secret stays behind in a library's buffer. */
static int read_line(char *out, size_t size)
{
    size_t n = 0;
    char c;
    ssize_t got;
    while ((got = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n')
        if (n + 1 < size)
            out[n++] = c;
    out[n] = '\0';
    return got == 1 || n > 0;
}

int terminal_line(const char *prompt, char *out, size_t size)
{
    fputs(prompt, stdout);
    fflush(stdout);
    return read_line(out, size);
}

static int characters(const char *s)
{
    int n = 0;
    for (; *s; s++)
        n += isalnum((unsigned char)*s) != 0;
    return n;
}

int terminal_share(const char *prompt, char *out, size_t size)
{
    char line[TERMINAL_LINE];
    size_t n = 0;
    *out = '\0';
    for (int more = 1; more && characters(out) < SHARES_GROUPS * 5; prompt = "") {
        if (!terminal_line(prompt, line, sizeof line) && !*out)
            return 0;
        more = *line != '\0';
        n += (size_t)snprintf(out + n, size - n, "%s ", line);
        if (n >= size)
            more = 0;
    }
    mem_wipe(line, sizeof line);
    return 1;
}

char *terminal_without_remarks(struct arena *a, const char *text)
{
    char *out = arena_alloc(a, strlen(text) + 1), *at = out;
    while (*text) {
        size_t n = strcspn(text, "\n");
        n += text[n] == '\n';
        if (*text != '#') {
            memcpy(at, text, n);
            at += n;
        }
        text += n;
    }
    return out;
}

void terminal_clear(void)
{
    if (!terminal_is_there())
        return;
    fputs("\033[3J\033[H\033[2J", stdout);
    fflush(stdout);
}
