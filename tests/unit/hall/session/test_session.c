/* Sessions: the token is nowhere, timeouts run on machine time, a change needs its CSRF token. */
#include "hall/session/session.h"
#include "hall_fixture.h"

#include <string.h>

static const char *open_session(struct hall_fixture *f, enum session_kind kind, int64_t who,
                                struct session *s)
{
    struct hall_tx tx = {0};
    const char *token;
    hall_write(f, &hall_system, &tx);
    assert_ok(session_open(&tx, kind, who, "aml-reporting", "code", &token, s, &f->e), &f->e);
    hall_done(f, &tx);
    return token;
}

static enum err find(struct hall_fixture *f, enum session_kind kind, const char *token,
                     struct session *s)
{
    struct hall_tx tx = {0};
    hall_read(f, &tx);
    enum err result = session_find(&tx, kind, token, s, &f->e);
    hall_end(&tx);
    return result;
}

static void a_token_opens_its_own_kind_of_session_only(void **state)
{
    struct hall_fixture *f = *state;
    struct session s, found;
    const char *token = open_session(f, SESSION_APPLICANT, 42, &s);
    assert_int_equal(strlen(token), 43);
    assert_int_equal(find(f, SESSION_APPLICANT, token, &found), ERR_OK);
    assert_int_equal(found.who, 42);
    assert_string_equal(found.project, "aml-reporting");
    assert_string_equal(found.csrf, s.csrf);
    assert_err(ERR_UNAUTHENTICATED, find(f, SESSION_STAFF, token, &found));
    assert_err(ERR_UNAUTHENTICATED, find(f, SESSION_APPLICANT, "", &found));
    assert_err(ERR_UNAUTHENTICATED, find(f, SESSION_APPLICANT, NULL, &found));
    char other[44];
    snprintf(other, sizeof other, "%s", token);
    other[0] = other[0] == 'A' ? 'B' : 'A';
    assert_err(ERR_UNAUTHENTICATED, find(f, SESSION_APPLICANT, other, &found));
}

static void idle_and_old_sessions_end(void **state)
{
    struct hall_fixture *f = *state;
    struct session s;
    const char *staff = open_session(f, SESSION_STAFF, 1, &s),
               *user = open_session(f, SESSION_APPLICANT, 1, &s);
    hall_tamper(f, "UPDATE session SET seen_at = seen_at - 1800001"); /* 30 minutes */
    assert_err(ERR_UNAUTHENTICATED, find(f, SESSION_STAFF, staff, &s));
    assert_int_equal(find(f, SESSION_APPLICANT, user, &s), ERR_OK);
    hall_tamper(f, "UPDATE session SET ends_at = ends_at - 43200001"); /* 12 hours */
    assert_err(ERR_UNAUTHENTICATED, find(f, SESSION_APPLICANT, user, &s));
}

static void use_is_noted_once_a_minute(void **state)
{
    struct hall_fixture *f = *state;
    struct session s;
    struct hall_tx tx = {0};
    const char *token = open_session(f, SESSION_STAFF, 1, &s);
    assert_false(session_wants_note(&s, clock_machine()));
    hall_tamper(f, "UPDATE session SET seen_at = seen_at - 1700000");
    assert_int_equal(find(f, SESSION_STAFF, token, &s), ERR_OK);
    assert_true(session_wants_note(&s, clock_machine()));
    hall_write(f, &hall_system, &tx);
    assert_ok(session_find(&tx, SESSION_STAFF, token, &s, &f->e), &f->e);
    hall_done(f, &tx);
    hall_tamper(f, "UPDATE session SET seen_at = seen_at - 1700000");
    assert_int_equal(find(f, SESSION_STAFF, token, &s), ERR_OK);
}

static void closing_ends_one_or_all_of_a_person(void **state)
{
    struct hall_fixture *f = *state;
    struct session one, two, other;
    struct hall_tx tx = {0};
    const char *a = open_session(f, SESSION_APPLICANT, 1, &one),
               *b = open_session(f, SESSION_APPLICANT, 1, &two);
    const char *c = open_session(f, SESSION_STAFF, 1, &other);
    hall_write(f, &hall_system, &tx);
    assert_ok(session_close(&tx, one.id, &f->e), &f->e);
    hall_done(f, &tx);
    assert_err(ERR_UNAUTHENTICATED, find(f, SESSION_APPLICANT, a, &one));
    assert_int_equal(find(f, SESSION_APPLICANT, b, &two), ERR_OK);
    hall_write(f, &hall_system, &tx);
    assert_ok(session_close_all(&tx, SESSION_APPLICANT, 1, &f->e), &f->e);
    assert_ok(session_prune(&tx, &f->e), &f->e);
    hall_done(f, &tx);
    assert_err(ERR_UNAUTHENTICATED, find(f, SESSION_APPLICANT, b, &two));
    assert_int_equal(find(f, SESSION_STAFF, c, &other),
                     ERR_OK); /* the same number, another person */
}

static void a_change_needs_the_token_of_its_own_session(void **state)
{
    struct hall_fixture *f = *state;
    struct session a, b;
    open_session(f, SESSION_APPLICANT, 1, &a);
    open_session(f, SESSION_APPLICANT, 1, &b);
    assert_int_equal(session_check_csrf(&a, a.csrf, &f->e), ERR_OK);
    assert_err(ERR_SESSION_CSRF, session_check_csrf(&a, b.csrf, &f->e));
    assert_err(ERR_SESSION_CSRF, session_check_csrf(&a, "", &f->e));
    assert_err(ERR_SESSION_CSRF, session_check_csrf(&a, NULL, &f->e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(a_token_opens_its_own_kind_of_session_only),
        HALL_TEST(idle_and_old_sessions_end),
        HALL_TEST(use_is_noted_once_a_minute),
        HALL_TEST(closing_ends_one_or_all_of_a_person),
        HALL_TEST(a_change_needs_the_token_of_its_own_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
