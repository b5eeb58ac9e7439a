/* A project's profile: YAML and all its checks. What begins with '@' changes the shipped profile line by line, so that what lies
 * behind the checks is reached: "@12=text" puts a line in the place of line 12, "@12+text" before it, "@12-" takes it away; one change
 * a line, lines counted in the shipped file. Anything else is a whole profile. */
#include "fuzz.h"

#include "base/sys.h"
#include "base/text.h"
#include "hall/project/project.h"

#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 4096 };

static struct {
    struct arena *a;
    char *line[LINES_MAX];
    int lines;
} w;

void fuzz_begin(void)
{
    struct bytes file;
    struct err_info e;
    w.a = arena_new();
    MUST_OK(file_read(w.a, PROFILES_DIR "/aml-reporting/profile.yaml", 1 << 20, &file, &e), &e);
    char *rest = arena_text(w.a, (const char *)file.p);
    while (w.lines < LINES_MAX && (w.line[w.lines] = strsep(&rest, "\n")))
        w.lines++;
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    fuzz_seed_text(s, "");
    fuzz_seed_text(s, "@1=");
    fuzz_seed_text(
        s, "project: x\nlabel: {zh: a, en: b}\n\"\\x41\": &a [1, *a, !!int 2]\n--- |\n x\n");
    /* the lines of the shipped profile in their own places, some at a time: what changed ones begin from */
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < w.lines; i++) {
        if (*w.line[i] && *w.line[i] != '#')
            buf_fmt(&b, "%s@%d=%s", b.n ? "\n" : "", i + 1, w.line[i]);
        if (b.n > 300 || i == w.lines - 1)
            fuzz_seed(s, (struct bytes){b.p, b.n});
        b.n = b.n > 300 ? 0 : b.n;
    }
    buf_clear(&b);
}

static int is_change(const char *s, int *at, char *what, const char **text)
{
    char *end;
    if (*s != '@')
        return 0;
    long n = strtol(s + 1, &end, 10);
    if (end == s + 1 || n < 1 || n > w.lines || !*end || !strchr("=+-", *end))
        return 0;
    *at = (int)n - 1;
    *what = *end;
    *text = end + 1;
    return 1;
}

/* The shipped profile with the changes of the input. */
static void changed(struct arena *a, const char *input, struct buf *out)
{
    const char **instead = arena_alloc(a, (size_t)w.lines * sizeof *instead),
               **before = arena_alloc(a, (size_t)w.lines * sizeof *before);
    char *rest = arena_text(a, input), *line;
    while ((line = strsep(&rest, "\n"))) {
        int at;
        char what;
        const char *text;
        if (!is_change(line, &at, &what, &text))
            continue;
        if (what == '+')
            before[at] = text;
        else
            instead[at] = what == '-' ? "" : text;
    }
    for (int i = 0; i < w.lines; i++) {
        if (before[i])
            buf_fmt(out, "%s\n", before[i]);
        buf_fmt(out, "%s\n", instead[i] ? instead[i] : w.line[i]);
    }
}

static void check_report(const struct project_report *r)
{
    struct buf b;
    MUST(r->problems > 0);
    for (int i = 0; i < r->problems; i++) {
        const struct project_problem *p = &r->problem[i];
        MUST(p->line >= 0 && p->path && p->reason && *p->reason);
        MUST(i == 0 || p->line >= r->problem[i - 1].line);
    }
    buf_init(&b, 1 << 20);
    project_report_text(r, &b);
    MUST(b.n > 0);
    buf_clear(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _auto(arena) a = arena_new();
    struct err_info e = {0};
    struct project *p = NULL;
    struct project_report r = {.arena = a};
    struct buf b;
    buf_init(&b, 1 << 20);
    struct bytes in;
    if (size && data[0] == '@') {
        changed(a, arena_text_n(a, (const char *)data, size), &b);
        in = fuzz_copy(b.p, b.n);
    } else {
        in = fuzz_copy(data, size);
    }
    enum err err = project_from_text("aml-reporting", in, &p, &r, &e);
    if (err == ERR_OK) {
        MUST(p && p->version > 0 && p->text_n == in.n && p->about.line >= 0);
        for (int t = 0; t < TYPE_COUNT; t++)
            (void)project_type_open(p, (enum flow_type)t, 20500);
        (void)project_batch_day(p, 20500);
    } else {
        MUST(!p);
        fuzz_refused(err, &e);
        check_report(&r);
    }
    project_free(p);
    free((void *)(uintptr_t)in.p);
    buf_clear(&b);
    return 0;
}
