/* Notices of the profile and those added (S0-61, S0-60). */
#include "hall/notice/notice.h"
#include "hall_fixture.h"

#include <string.h>

static int64_t add(struct hall_fixture *f, const char *title, int important, int64_t from,
                   int64_t until)
{
    struct hall_tx tx = {0};
    struct notice_new n = {.project = "aml-reporting",
                           .title_zh = title,
                           .text_zh = "正文",
                           .title_en = "Upgrade",
                           .text_en = "",
                           .from_at = from,
                           .until_at = until,
                           .kind = important ? "maintenance" : "general"};
    int64_t id;
    hall_write(f, &hall_system, &tx);
    assert_ok(notice_add(&tx, &n, &id, &f->e), &f->e);
    hall_done(f, &tx);
    return id;
}

static size_t list(struct hall_fixture *f, int64_t now, enum lang lang, const struct notice **out)
{
    struct hall_tx tx = {0};
    size_t n;
    hall_read(f, &tx);
    tx.now = now;
    tx.lang = lang;
    assert_ok(notice_list(&tx, "aml-reporting", out, &n, &f->e), &f->e);
    hall_end(&tx);
    return n;
}

static int64_t day(int year, int month, int mday)
{
    return time_from_china_day(time_day_from_parts(year, month, mday));
}

static void notices_show_in_their_time_important_first(void **state)
{
    struct hall_fixture *f = *state;
    const struct notice *out;
    hall_at(f, "2025-03-03T10:00:00+08:00");
    size_t shipped = list(f, day(2026, 9, 25), LANG_ZH, &out);
    assert_int_equal(shipped, 2); /* the profile's own, one of them for the holiday only */
    assert_int_equal(list(f, day(2026, 10, 9), LANG_ZH, &out), 1);
    assert_int_equal(out[0].id, 0);
    int64_t plain = add(f, "系统升级", 0, day(2026, 9, 24), day(2026, 9, 26));
    int64_t important = add(f, "停机维护", 1, day(2026, 9, 1), 0);
    assert_int_equal(list(f, day(2026, 9, 25), LANG_ZH, &out), shipped + 2);
    assert_int_equal(out[0].id, important);
    assert_string_equal(out[0].title, "停机维护");
    assert_int_equal(list(f, day(2026, 9, 26), LANG_ZH, &out), shipped + 1); /* its time is over */
    assert_int_equal(list(f, day(2026, 9, 25), LANG_EN, &out), shipped + 2);
    assert_string_equal(out[0].title, "Upgrade");
    assert_string_equal(out[0].text, "正文"); /* no English: the Chinese */
    struct hall_tx tx = {0};
    hall_write(f, &hall_system, &tx);
    assert_ok(notice_withdraw(&tx, plain, &f->e), &f->e);
    assert_err(ERR_NOT_FOUND, notice_withdraw(&tx, plain, &f->e));
    hall_done(f, &tx);
    assert_int_equal(list(f, day(2026, 9, 25), LANG_ZH, &out), shipped + 1);
}

static void a_notice_has_title_and_text_within_limits(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    char longer[4002 + 1];
    struct notice_new n = {.project = "aml-reporting", .title_zh = "", .text_zh = "正文"};
    int64_t id;
    memset(longer, 'a', 4002);
    longer[4002] = 0;
    hall_write(f, &hall_system, &tx);
    assert_err(ERR_NOTICE_TEXT, notice_add(&tx, &n, &id, &f->e));
    assert_string_equal(f->e.field, "title_zh");
    n.title_zh = "标题";
    n.text_zh = longer;
    assert_err(ERR_NOTICE_TEXT, notice_add(&tx, &n, &id, &f->e));
    n.text_zh = longer + 2;
    n.title_en = longer;
    assert_err(ERR_NOTICE_TEXT, notice_add(&tx, &n, &id, &f->e));
    n.title_en = NULL;
    n.kind = "gossip";
    assert_err(ERR_BAD_REQUEST, notice_add(&tx, &n, &id, &f->e));
    n.kind = NULL;
    assert_ok(notice_add(&tx, &n, &id, &f->e), &f->e);
    hall_end(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(notices_show_in_their_time_important_first),
        HALL_TEST(a_notice_has_title_and_text_within_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
