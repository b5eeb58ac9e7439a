/* Certificates as the hall knows them: terms, what may sign in, lists, and how they are shown (requirements §10.5). */
#include "hall/certificate/certificate.h"
#include "hall_fixture.h"

#include "base/text.h"

#include <string.h>

static int64_t at(const char *text)
{
    int64_t ms;
    assert_true(time_parse_rfc3339(text, &ms));
    return ms;
}

static struct certificate one(void)
{
    return (struct certificate){.serial = "0a1b",
                                .state = FLOW_CERTIFICATE_ACTIVE,
                                .not_before = at("2025-11-20T00:00:00+08:00"),
                                .not_after = at("2026-11-20T00:00:00+08:00")};
}

static void a_term_has_a_beginning_a_near_end_and_an_end(void **state)
{
    (void)state;
    struct certificate c = one();
    assert_int_equal(certificate_age(&c, c.not_before - 1, 30), CERTIFICATE_NOT_YET);
    assert_int_equal(certificate_age(&c, c.not_before, 30), CERTIFICATE_IN_TERM);
    assert_int_equal(certificate_age(&c, at("2026-10-20T23:59:59+08:00"), 30), CERTIFICATE_IN_TERM);
    assert_int_equal(certificate_age(&c, at("2026-10-21T00:00:00+08:00"), 30), CERTIFICATE_ENDING);
    assert_int_equal(certificate_age(&c, c.not_after, 30), CERTIFICATE_ENDING);
    assert_int_equal(certificate_age(&c, c.not_after + 1, 30), CERTIFICATE_ENDED);
    assert_int_equal(certificate_days_left(&c, at("2026-11-19T23:00:00+08:00")), 1);
    assert_int_equal(certificate_days_left(&c, at("2026-11-10T12:00:00+08:00")), 10);
    assert_int_equal(certificate_days_left(&c, c.not_after + 1), 0);
}

/* Only one that is in force signs somebody in; whether or not a timer has been round. */
static void only_a_certificate_in_force_is_usable(void **state)
{
    (void)state;
    struct err_info e;
    struct certificate c = one();
    int64_t mid = at("2026-03-01T00:00:00+08:00");
    assert_ok(certificate_usable(&c, mid, LANG_ZH, &e), &e);
    assert_err(ERR_CERT_ENDED, certificate_usable(&c, c.not_after + 1, LANG_ZH, &e));
    assert_err(ERR_CERT_STATE, certificate_usable(&c, c.not_before - 1, LANG_ZH, &e));
    static const int refused[] = {
        FLOW_CERTIFICATE_NONE,    FLOW_CERTIFICATE_REQUESTED, FLOW_CERTIFICATE_ISSUED_INACTIVE,
        FLOW_CERTIFICATE_EXPIRED, FLOW_CERTIFICATE_ON_HOLD,   FLOW_CERTIFICATE_SUPERSEDED,
        FLOW_CERTIFICATE_REVOKED, FLOW_CERTIFICATE_ARCHIVED};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        c.state = refused[i];
        assert_err(ERR_CERT_STATE, certificate_usable(&c, mid, LANG_ZH, &e));
    }
    c.state = FLOW_CERTIFICATE_EXPIRING;
    assert_ok(certificate_usable(&c, mid, LANG_ZH, &e), &e);
}

/* Rows as the ca would have filled them. */
static void fill(struct hall_fixture *f)
{
    static const struct {
        int64_t order;
        const char *institution, *ukey, *state, *serial, *until;
    } row[] = {
        {2001, "泉州海丝供应链管理有限公司", "FX2600071182", "ACTIVE", "0a11",
         "2027-01-01T00:00:00+08:00"},
        {2002, "厦门鹭岛融资担保有限公司", "FX2600071183", "ON_HOLD", "0b22",
         "2027-01-01T00:00:00+08:00"},
        {2003, "福州榕投_基础设施", "FX2600071184", "REVOKED", "0c33", "2027-01-01T00:00:00+08:00"},
        {2004, "泉州旧公司", "FX2600071185", "ACTIVE", "0d44", "2024-01-01T00:00:00+08:00"},
    };
    const char *empty = f->store.postgres ? "''" : "X''";
    for (size_t i = 0; i < 4; i++)
        hall_tamper(
            f,
            arena_fmt(
                f->arena,
                "INSERT INTO certificate (id, version, order_id, attempt, account_id, project, institution, ukey, "
                "state, request_id, revision, profile, csr, key_hash, ask_from, ask_until, batch, batch_row, "
                "maker, maker_signature, serial, der, fingerprint, subject, issuer, algorithm, not_before, "
                "not_after, requested_at, issued_at, changed_at, reason, wish, wish_no, wish_done, wish_actor, "
                "wish_second) VALUES (%d, 1, %lld, 1, 7, 'aml-reporting', '%s', '%s', '%s', 'r%d', '1', 'p', %s, "
                "%s, 0, 0, '', 0, '', %s, '%s', %s, %s, 'CN=x', 'CN=ca', 'P-256', 0, %lld, 1, 1, 1, '', '', 0, "
                "0, '', '')",
                (int)i + 1, (long long)row[i].order, row[i].institution, row[i].ukey, row[i].state,
                (int)i, empty, empty, empty, row[i].serial, empty, empty,
                (long long)at(row[i].until)));
}

static size_t listed(struct hall_fixture *f, const char *q, enum certificate_view view,
                     const struct certificate **out)
{
    struct hall_tx tx;
    size_t n;
    struct certificate_filter filter = {.q = q, .view = view, .limit = 50};
    hall_read(f, &tx);
    assert_ok(certificate_list(&tx, &filter, out, &n, &f->e), &f->e);
    hall_end(&tx);
    return n;
}

static void certificates_are_found_by_what_a_person_knows(void **state)
{
    struct hall_fixture *f = *state;
    const struct certificate *c;
    hall_at(f, "2026-09-01T10:00:00+08:00");
    fill(f);
    assert_int_equal(listed(f, NULL, CERTIFICATE_ALL, &c), 4);
    assert_string_equal(c[0].serial, "0d44"); /* newest first */
    assert_int_equal(listed(f, "海丝", CERTIFICATE_ALL, &c), 1);
    assert_int_equal(listed(f, "泉州", CERTIFICATE_ALL, &c), 2);
    assert_int_equal(listed(f, "0B:22", CERTIFICATE_ALL, &c), 1);
    assert_int_equal(listed(f, "fx26 0007 1184", CERTIFICATE_ALL, &c), 1);
    assert_int_equal(listed(f, "2003", CERTIFICATE_ALL, &c), 1);
    assert_int_equal(listed(f, "_", CERTIFICATE_ALL, &c), 1); /* stands for itself */
    assert_int_equal(listed(f, "%", CERTIFICATE_ALL, &c), 0);
    assert_int_equal(listed(f, NULL, CERTIFICATE_VIEW_ACTIVE, &c), 1);
    assert_int_equal(listed(f, NULL, CERTIFICATE_VIEW_HOLD, &c), 1);
    assert_int_equal(listed(f, NULL, CERTIFICATE_VIEW_REVOKED, &c), 1);
    assert_int_equal(listed(f, NULL, CERTIFICATE_VIEW_EXPIRED, &c),
                     1); /* by its term, before any timer */
    assert_string_equal(c[0].serial, "0d44");
}

static void one_past_its_end_is_shown_as_expired(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    struct certificate c;
    struct json_out j;
    _auto_buf b;
    hall_at(f, "2026-09-01T10:00:00+08:00");
    fill(f);
    buf_init(&b, 8192);
    jout_init(&j, &b);
    hall_read(f, &tx);
    assert_ok(certificate_get(&tx, "0D:44", &c, &f->e), &f->e);
    jout_object(&j, NULL);
    certificate_write_members(&c, &tx, &j);
    jout_end(&j);
    hall_end(&tx);
    assert_non_null(strstr(buf_cstr(&b), "\"state\":\"EXPIRED\""));
    assert_non_null(strstr(buf_cstr(&b), "\"tone\":\"err\""));
    assert_non_null(strstr(buf_cstr(&b), "\"key_serial_text\":\"FX26 0007 1185\""));
}

/* The newest wish counts; before anything was issued there is nothing to hold. */
static void a_wish_wants_a_certificate(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    struct certificate c;
    int found;
    fill(f);
    hall_tamper(f, "UPDATE certificate SET serial = NULL WHERE order_id = 2002");
    hall_write(f, &hall_system, &tx);
    assert_err(ERR_ORDER_STATE, certificate_hold(&tx, 2002, "x", &f->e));
    hall_end(&tx);
    hall_write(f, &hall_system, &tx);
    assert_ok(certificate_hold(&tx, 2001, "x", &f->e), &f->e);
    assert_ok(certificate_of_order(&tx, 2001, &c, &found, &f->e), &f->e);
    assert_false(c.at_ca);
    hall_done(f, &tx);
    assert_err(ERR_UNAVAILABLE,
               certificate_push(&f->hall, 2001, &f->e)); /* no ca is configured here */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(a_term_has_a_beginning_a_near_end_and_an_end),
        HALL_TEST(only_a_certificate_in_force_is_usable),
        HALL_TEST(certificates_are_found_by_what_a_person_knows),
        HALL_TEST(one_past_its_end_is_shown_as_expired),
        HALL_TEST(a_wish_wants_a_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
