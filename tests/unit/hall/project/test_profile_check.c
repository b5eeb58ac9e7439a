/* Broken profiles are refused with line and reason, all mistakes at once (tests/profiles). */
#include "testing.h"

#include "base/sys.h"
#include "hall/project/schema.h"

#include <dirent.h>
#include <string.h>

struct broken {
    const char *text, *says;
    int line;
};

static const char *whole(struct arena *a, const char *path)
{
    struct bytes b;
    struct err_info e = {0};
    assert_ok(file_read(a, path, 1 << 20, &b, &e), &e);
    return (const char *)b.p;
}

static const char *shipped(struct arena *a)
{
    return whole(a, PROFILES_DIR "/aml-reporting/profile.yaml");
}

static const char *after(struct arena *a, const char *text, const char *key)
{
    const char *s = strstr(text, key);
    assert_non_null(s);
    s += strlen(key);
    return arena_text_n(a, s, strcspn(s, "\n"));
}

static const char *replace(struct arena *a, const char *text, const char *old, const char *with)
{
    const char *at = strstr(text, old);
    if (!at || strstr(at + 1, old))
        fail_msg("must occur once: %s", old);
    return arena_fmt(a, "%.*s%s%s", (int)(at - text), text, with, at + strlen(old));
}

static int line_with(const char *text, const char *what)
{
    const char *at = strstr(text, what);
    int line = 1;
    if (!at || strstr(at + 1, what))
        fail_msg("must stand on one line: %s", what);
    for (const char *s = text; s < at; s++)
        line += *s == '\n';
    return line;
}

static void read_broken(struct arena *a, const char *path, struct broken *out)
{
    const char *file = whole(a, path), *text = shipped(a);
    for (const char *edit = strstr(file, "\n---\n"); edit;) {
        const char *old = edit + 5, *middle = strstr(old, "\n===\n");
        assert_non_null(middle);
        const char *with = middle + 5, *next = strstr(with, "\n---\n");
        size_t n = next ? (size_t)(next - with) : strlen(with) - 1;
        text = replace(a, text, arena_text_n(a, old, (size_t)(middle - old)),
                       arena_text_n(a, with, n));
        edit = next;
    }
    out->text = text;
    out->says = after(a, file, "says: ");
    out->line = line_with(text, after(a, file, "\nat: "));
}

static int is_said(const struct project_report *r, int line, const char *says)
{
    for (int i = 0; i < r->problems; i++)
        if (r->problem[i].line == line && strstr(r->problem[i].reason, says))
            return 1;
    return 0;
}

static void refuse(const char *name)
{
    _auto(arena) a = arena_new();
    struct broken b;
    struct project *p = NULL;
    struct project_report report = {.arena = a};
    struct err_info e = {0};
    read_broken(a, arena_fmt(a, "%s/%s", BROKEN_DIR, name), &b);
    struct bytes yaml = {(const uint8_t *)b.text, strlen(b.text)};
    assert_err(ERR_PROFILE, project_from_text("aml-reporting", yaml, &p, &report, &e));
    assert_null(p);
    if (!is_said(&report, b.line, b.says)) {
        for (int i = 0; i < report.problems; i++)
            print_error("%d: %s: %s\n", report.problem[i].line, report.problem[i].path,
                        report.problem[i].reason);
        fail_msg("%s: not said: %d: %s", name, b.line, b.says);
    }
}

static void test_every_broken_profile_is_refused(void **state)
{
    (void)state;
    int n = 0;
    DIR *d = opendir(BROKEN_DIR);
    assert_non_null(d);
    for (struct dirent *f; (f = readdir(d));)
        if (strstr(f->d_name, ".broken")) {
            refuse(f->d_name);
            n++;
        }
    closedir(d);
    assert_true(n >= 10);
}

/* design §4: all of them at once. */
static void test_all_mistakes_are_named_at_once(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    const char *text = shipped(a);
    struct project *p = NULL;
    struct project_report report = {.arena = a};
    struct err_info e = {0};
    _auto_buf out;
    buf_init(&out, 1 << 16);
    text = replace(a, text, "postcode: \"100054\"", "postcode: \"10005\"");
    text = replace(a, text, "  max_tries: 6", "  max_tries: 60");
    text = replace(a, text, "  batch_day: 25\n", "");
    text = replace(a, text, "source: regulator", "source: nobody");
    text = replace(a, text, "retention:\n  years: 5\n", "");
    struct bytes yaml = {(const uint8_t *)text, strlen(text)};
    assert_err(ERR_PROFILE, project_from_text("aml-reporting", yaml, &p, &report, &e));
    assert_true(is_said(&report, line_with(text, "postcode: \"10005\""), "is not a postcode"));
    assert_true(is_said(&report, line_with(text, "max_tries: 60"), "60 is not within 1 to 15"));
    assert_true(is_said(&report, line_with(text, "mode: batch"), "batch needs batch_day"));
    assert_true(
        is_said(&report, line_with(text, "source: nobody"), "\"nobody\" is not known here"));
    assert_true(
        is_said(&report, line_with(text, "project:\n  code"), "the profile has no \"retention\""));
    for (int i = 1; i < report.problems; i++)
        assert_true(report.problem[i - 1].line <= report.problem[i].line);
    project_report_text(&report, &out);
    assert_non_null(
        strstr(buf_cstr(&out), ": project.postal[1].postcode: \"10005\" is not a postcode"));
    assert_string_equal(e.arg[0].name, "why");
}

/* Whatever is put into the file, the answer is a report, never a crash. */
static void test_cut_and_changed_files_are_refused_or_read(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    const char *text = shipped(a);
    size_t n = strlen(text);
    uint64_t seed = 20261120;
    for (int i = 0; i < 300; i++) {
        _auto(arena) scratch = arena_new();
        struct project_report report = {.arena = scratch};
        struct project *p = NULL;
        struct err_info e = {0};
        char *copy = arena_text_n(scratch, text, n);
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        size_t at = (size_t)(seed >> 33) % n;
        if (i % 2)
            copy[at] = "\t:{}[]'\"#&*!|>%@`~\0\xff"[(seed >> 20) % 20];
        struct bytes yaml = {(const uint8_t *)copy, i % 2 ? n : at};
        if (project_from_text("aml-reporting", yaml, &p, &report, &e) == ERR_OK)
            project_free(p);
        else
            assert_true(report.problems > 0);
    }
}

/* Aliases let a short file stand for millions of values. */
static void test_a_file_that_unfolds_without_end_is_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct project *p = NULL;
    struct project_report report = {.arena = a};
    struct err_info e = {0};
    _auto_buf b;
    buf_init(&b, 1 << 20);
    static const char *const levels[] = {"forms", "sections", "questions", "fields", "options"};
    for (int level = 4; level >= 0; level--) {
        buf_fmt(&b, "%s: &%s [", levels[level], levels[level]);
        for (int i = 0; i < 400; i++)
            buf_fmt(&b, level == 4 ? "{value: x}, " : "{%s: *%s}, ", levels[level + (level < 4)],
                    levels[level + (level < 4)]);
        buf_text(&b, "]\n");
    }
    assert_false(b.full);
    struct bytes yaml = {b.p, b.n};
    assert_err(ERR_PROFILE, project_from_text("aml-reporting", yaml, &p, &report, &e));
    int said = 0;
    for (int i = 0; i < report.problems; i++)
        said |= strstr(report.problem[i].reason, "one value too many") != NULL;
    assert_true(said);
}

static int walk(struct arena *a, const char *doc, const struct shape *s, const char *path)
{
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        const struct key *k = &s->keys[i];
        const char *sub = arena_fmt(a, "%s%s%s", path, *path ? "." : "", k->name);
        int group = k->kind == KEY_MAP || k->kind == KEY_KEYED || (k->kind == KEY_LIST && !*path);
        const char *row = arena_fmt(a, group ? "## `%s`" : "| `%s` |", sub);
        if (!strstr(doc, row))
            fail_msg("docs/profile.md does not explain %s", sub);
        n++;
        if (k->shape)
            n += walk(a, doc, k->shape,
                      arena_fmt(a, "%s%s", sub,
                                k->kind == KEY_LIST    ? "[]"
                                : k->kind == KEY_KEYED ? ".*"
                                                       : ""));
    }
    return n;
}

static void test_every_key_is_explained(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    assert_true(walk(a, whole(a, PROFILES_DIR "/../docs/profile.md"), &profile_shape, "") > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_broken_profile_is_refused),
        cmocka_unit_test(test_all_mistakes_are_named_at_once),
        cmocka_unit_test(test_a_file_that_unfolds_without_end_is_refused),
        cmocka_unit_test(test_every_key_is_explained),
        cmocka_unit_test(test_cut_and_changed_files_are_refused_or_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
