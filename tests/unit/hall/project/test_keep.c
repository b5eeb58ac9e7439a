/* Versions of profiles survive the file: orders go on under the one they started with. */
#include "hall_fixture.h"

#include "hall/project/keep.h"

#include <string.h>

static struct projects *shipped(struct hall_fixture *f)
{
    struct projects *ps = projects_new();
    assert_ok(projects_load(ps, PROFILES_DIR, &f->e), &f->e);
    return ps;
}

static void test_a_version_outlives_its_file(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    _auto(projects) before = shipped(f);
    const struct project *old = projects_find(before, "aml-reporting");
    hall_write(f, &auditor_fang, &tx);
    assert_ok(projects_keep(&tx, before, &f->e), &f->e);
    assert_ok(projects_keep(&tx, before, &f->e), &f->e); /* again changes nothing */
    hall_done(f, &tx);

    /* the file changes, the process starts anew */
    _auto(projects) after = projects_new();
    hall_read(f, &tx);
    assert_ok(projects_restore(&tx, after, &f->e), &f->e);
    hall_end(&tx);
    const char *text = arena_fmt(f->arena, "%s# changed\n", old->text);
    struct project_report report = {.arena = f->arena};
    struct project *changed;
    assert_ok(project_from_text("aml-reporting",
                                (struct bytes){(const uint8_t *)text, strlen(text)}, &changed,
                                &report, &f->e),
              &f->e);
    projects_add(after, changed);
    assert_int_equal(projects_find(after, "aml-reporting")->version, changed->version);
    const struct project *kept = projects_version(after, "aml-reporting", old->version);
    assert_non_null(kept);
    assert_string_equal(kept->text, old->text);
    assert_int_equal(projects_count(after), 1);
}

static void test_an_unchanged_file_is_the_kept_version(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    _auto(projects) ps = shipped(f);
    int64_t version = projects_find(ps, "aml-reporting")->version;
    hall_write(f, &auditor_fang, &tx);
    assert_ok(projects_keep(&tx, ps, &f->e), &f->e);
    assert_ok(projects_restore(&tx, ps, &f->e), &f->e);
    hall_done(f, &tx);
    assert_int_equal(projects_count(ps), 1);
    assert_int_equal(projects_find(ps, "aml-reporting")->version, version);
}

int main(void)
{
    const struct CMUnitTest tests[] = {HALL_TEST(test_a_version_outlives_its_file),
                                       HALL_TEST(test_an_unchanged_file_is_the_kept_version)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
