#include "main/verb.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct option_row *find(const struct option_row *rows, size_t n, const char *name,
                                     size_t len)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
            return &rows[i];
    return NULL;
}

/* One argument that begins with "--"; *i moves on when its value is the next one. 0: wrong usage. */
static int take_one(int argc, char **argv, int *i, const struct option_row *rows, size_t n)
{
    const char *arg = argv[*i] + 2, *equal = strchr(arg, '=');
    size_t len = equal ? (size_t)(equal - arg) : strlen(arg);
    const struct option_row *row = find(rows, n, arg, len);
    if (!row) {
        report_usage(argv[0], "unknown option --%.*s", (int)len, arg);
        return 0;
    }
    if (row->flag) {
        *row->flag = 1;
        return 1;
    }
    if (equal) {
        *row->value = equal + 1;
        return 1;
    }
    if (*i + 1 == argc) {
        report_usage(argv[0], "--%s wants a value", row->name);
        return 0;
    }
    *row->value = argv[++*i];
    return 1;
}

int options_take(int argc, char **argv, const struct option_row *rows, size_t n, char ***rest)
{
    int left = 1;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0)
            argv[left++] = argv[i];
        else if (!take_one(argc, argv, &i, rows, n))
            return 0;
    }
    argv[left] = NULL;
    *rest = argv + 1;
    return 1;
}

/* What the pages say of these is for somebody at a browser; here the detail names the file and the system's own reason. */
static int is_of_the_system(const struct err_info *e)
{
    return e->detail[0] && (e->code == ERR_NOT_FOUND || e->code == ERR_IO);
}

int report(const char *verb, const struct err_info *e)
{
    char text[512];
    if (is_of_the_system(e)) {
        fprintf(stderr, "certhall %s: %s\n", verb, e->detail);
        return EXIT_FAILED;
    }
    err_message(e, LANG_EN, text, sizeof text);
    fprintf(stderr, "certhall %s: %s%s%s%s%s\n", verb, text, e->field[0] ? " field: " : "",
            e->field, e->detail[0] ? " detail: " : "", e->detail);
    return EXIT_FAILED;
}

int report_usage(const char *verb, const char *fmt, ...)
{
    va_list ap;
    fprintf(stderr, "certhall %s: ", verb);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, " (see certhall %s --help)\n", verb);
    return EXIT_USAGE;
}
