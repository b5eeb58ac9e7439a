/* Staff: roles that exclude each other, passwords, the demo's stand-ins. */
#include "hall/limit/limit.h"
#include "hall/session/session.h"
#include "hall/staff/staff.h"
#include "hall_fixture.h"

#include <stdio.h>
#include <string.h>

#define PASSWORD "a long enough password"

static enum err add(struct hall_fixture *f, const struct actor *by, const char *login,
                    unsigned roles, const char *password, int64_t *id)
{
    struct hall_tx tx = {0};
    struct staff_new n = {.login = login, .name = "许建民", .roles = roles, .password = password};
    hall_write(f, by, &tx);
    enum err result = staff_add(&tx, &n, id, &f->e);
    if (result == ERR_OK)
        hall_done(f, &tx);
    hall_end(&tx);
    return result;
}

static void roles_that_watch_each_other_are_different_people(void **state)
{
    struct err_info e = {0};
    (void)state;
    assert_int_equal(staff_roles_check(STAFF_MAKER | STAFF_SHIPPING, &e), ERR_OK);
    assert_int_equal(staff_roles_check(STAFF_AUDITOR, &e), ERR_OK);
    assert_err(ERR_STAFF_ROLES, staff_roles_check(STAFF_AUDITOR | STAFF_SUPPORT, &e));
    assert_err(ERR_STAFF_ROLES, staff_roles_check(STAFF_SUPER_ADMIN | STAFF_BUSINESS_ADMIN, &e));
    assert_err(ERR_STAFF_ROLES, staff_roles_check(STAFF_REGULATOR | STAFF_MAKER, &e));
    assert_err(ERR_STAFF_ROLES, staff_roles_check(0, &e));
    assert_err(ERR_STAFF_ROLES, staff_roles_check(1u << STAFF_ROLES, &e));
    for (unsigned i = 0; i < STAFF_ROLES; i++)
        assert_int_equal(staff_role_from_code(staff_role_code((enum staff_role)(1u << i))),
                         1u << i);
    assert_int_equal(staff_role_from_code("nobody"), 0);
}

static void the_auditor_is_made_at_installation_only(void **state)
{
    struct hall_fixture *f = *state;
    struct actor admin = {BY_STAFF, 1, "吴远", "super_admin", "127.0.0.1"};
    int64_t id;
    assert_err(ERR_STAFF_ROLES, add(f, &admin, "fang", STAFF_AUDITOR, PASSWORD, &id));
    assert_int_equal(add(f, &hall_system, "fang", STAFF_AUDITOR, PASSWORD, &id), ERR_OK);
}

static void names_are_unique_and_passwords_long(void **state)
{
    struct hall_fixture *f = *state;
    int64_t id;
    assert_int_equal(add(f, &hall_system, "xu", STAFF_MAKER, PASSWORD, &id), ERR_OK);
    assert_err(ERR_STAFF_EXISTS, add(f, &hall_system, "xu", STAFF_MAKER, PASSWORD, &id));
    assert_err(ERR_STAFF_LOGIN, add(f, &hall_system, "Xu Jianmin", STAFF_MAKER, PASSWORD, &id));
    assert_err(ERR_STAFF_LOGIN, add(f, &hall_system, "x", STAFF_MAKER, PASSWORD, &id));
    assert_err(ERR_STAFF_PASSWORD, add(f, &hall_system, "he", STAFF_MAKER, "too short", &id));
    assert_err(ERR_STAFF_PASSWORD,
               add(f, &hall_system, "he.jiamin.at.desk", STAFF_MAKER, "he.jiamin.at.desk", &id));
}

static void what_everybody_would_try_is_no_password(void **state)
{
    static const struct {
        const char *password;
        int guessable;
    } rows[] = {
        {"Password2026!", 1},
        {"P@ssw0rd1234", 1},
        {"qwertyuiop123", 1},
        {"1qaz2wsx3edc", 1},
        {"123456789012", 1},
        {"aaaaaaaaaaaaaaa", 1},
        {"abcabcabcabc", 1},
        {"hall2026hall2026", 1},
        {"Admin-Admin-2026", 1},
        {"iloveyou12345", 1},
        {"woaini5201314", 1},
        {"xu.jianmin-2026", 1}, /* the login */
        {"Welcome!Welcome", 1},
        {"correct-horse-battery", 0},
        {"vier Igel im Regen", 0},
        {"four different words", 0},
        {"7hQ-mR2x-9TzK", 0},
        {"密码也可以是一句中文的话", 0},
        {"password of my grandmother", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (staff_password_guessable("xu.jianmin", rows[i].password) != rows[i].guessable)
            fail_msg("%s", rows[i].password);
}

static enum err sign_in(struct hall_fixture *f, const char *login, const char *password,
                        const char *address)
{
    int64_t id = 0;
    err_clear(&f->e);
    enum err result = staff_sign_in(&f->hall, login, password, address, f->arena, &id, &f->e);
    assert_int_equal(result == ERR_OK, id != 0);
    return result;
}

static void passwords_of_64_to_128_characters_are_taken_whole(void **state)
{
    struct hall_fixture *f = *state;
    char words[200];
    int64_t id;
    for (size_t i = 0; i < 128; i++)
        words[i] = (char)(i % 7 == 6 ? ' ' : 'a' + (int)(i * i % 23));
    words[128] = '\0';
    assert_ok(add(f, &hall_system, "long", STAFF_MAKER, words, &id), &f->e);
    assert_int_equal(sign_in(f, "long", words, "10.0.0.1"), ERR_OK);
    words[127] = '\0';
    assert_err(ERR_STAFF_WRONG, sign_in(f, "long", words, "10.0.0.1"));
    memcpy(words + 127, "xy", 3);
    assert_err(ERR_STAFF_PASSWORD, add(f, &hall_system, "longer", STAFF_MAKER, words, &id));
}

static void a_password_signs_in_and_wrong_ones_are_limited(void **state)
{
    struct hall_fixture *f = *state;
    int64_t id;
    assert_int_equal(add(f, &hall_system, "xu", STAFF_MAKER, PASSWORD, &id), ERR_OK);
    assert_int_equal(sign_in(f, "xu", PASSWORD, "10.0.0.1"), ERR_OK);
    assert_err(ERR_STAFF_WRONG, sign_in(f, "nobody", PASSWORD, "10.0.0.1"));
    for (int i = 0; i < 5; i++)
        assert_err(ERR_STAFF_WRONG, sign_in(f, "xu", "wrong password", "10.0.0.1"));
    assert_err(ERR_LIMITED, sign_in(f, "xu", PASSWORD, "10.0.0.1"));
    assert_int_equal(sign_in(f, "xu", PASSWORD, "10.0.0.2"), ERR_OK);
}

/* G-40: what is answered tells no names apart, and each try counts. */
static void an_empty_password_is_a_wrong_try_for_every_name(void **state)
{
    struct hall_fixture *f = *state;
    int64_t id;
    assert_int_equal(add(f, &hall_system, "xu", STAFF_MAKER, PASSWORD, &id), ERR_OK);
    for (int i = 0; i < LIMIT_PER_CODE; i++) {
        assert_err(ERR_STAFF_WRONG, sign_in(f, "xu", "", "10.0.0.1"));
        assert_err(ERR_STAFF_WRONG, sign_in(f, "nobody", "", "10.0.0.1"));
    }
    assert_err(ERR_LIMITED, sign_in(f, "xu", "", "10.0.0.1"));
    assert_err(ERR_LIMITED, sign_in(f, "nobody", "", "10.0.0.1"));
}

/* G-40: fifty wrong ones, and the address waits, whatever it types then and for whom. */
static void an_address_that_is_stopped_is_told_so_for_every_name(void **state)
{
    struct hall_fixture *f = *state;
    char login[16];
    int64_t id;
    assert_int_equal(add(f, &hall_system, "xu", STAFF_MAKER, PASSWORD, &id), ERR_OK);
    for (int i = 0; i < LIMIT_PER_ADDRESS; i++) {
        snprintf(login, sizeof login, "nobody%d", i);
        assert_err(ERR_STAFF_WRONG, sign_in(f, login, "", "10.0.0.1"));
    }
    assert_err(ERR_LIMITED, sign_in(f, "xu", PASSWORD, "10.0.0.1"));
    assert_int_equal(sign_in(f, "xu", PASSWORD, "10.0.0.2"), ERR_OK);
}

static void fill(struct staff_gate *g, struct err_info *e)
{
    for (int i = 0; i < STAFF_CHECKS; i++)
        assert_ok(staff_gate_enter(g, e), e);
}

/* Who asks is nobody yet: a flood must not have all workers and cores. What could not be checked is no wrong try. */
static void only_a_few_passwords_are_checked_at_once(void **state)
{
    struct hall_fixture *f = *state;
    _auto(staff_gate) gate = staff_gate_new();
    int64_t id;
    assert_int_equal(add(f, &hall_system, "xu", STAFF_MAKER, PASSWORD, &id), ERR_OK);
    f->hall.staff_gate = gate;
    fill(gate, &f->e);
    for (int i = 0; i < 2; i++) {
        assert_err(ERR_BUSY, sign_in(f, i ? "xu" : "nobody", "wrong password", "10.0.0.1"));
        assert_string_equal(f->e.arg[0].name, "seconds");
    }
    staff_gate_leave(gate);
    for (int i = 0; i < LIMIT_PER_CODE;
         i++) /* the five are all left, and each leaves the gate again */
        assert_err(ERR_STAFF_WRONG, sign_in(f, "xu", "wrong password", "10.0.0.1"));
    assert_int_equal(sign_in(f, "xu", PASSWORD, "10.0.0.2"), ERR_OK);
    f->hall.staff_gate = NULL;
}

/* G-40: the limits come first. A new address has one try past a limited name, or its owner could be locked out. */
static void who_is_stopped_anyway_costs_no_hash(void **state)
{
    struct hall_fixture *f = *state;
    _auto(staff_gate) gate = staff_gate_new();
    int64_t id;
    assert_int_equal(add(f, &hall_system, "xu", STAFF_MAKER, PASSWORD, &id), ERR_OK);
    for (int i = 0; i < LIMIT_PER_CODE; i++)
        assert_err(ERR_STAFF_WRONG, sign_in(f, "xu", "wrong password", "10.0.0.1"));
    assert_err(ERR_LIMITED, sign_in(f, "xu", "wrong password", "10.0.0.2")); /* its one try */
    f->hall.staff_gate = gate;
    fill(gate, &f->e); /* whoever came as far as the hash would be told to come again */
    assert_err(ERR_LIMITED, sign_in(f, "xu", PASSWORD, "10.0.0.1"));
    assert_err(ERR_LIMITED, sign_in(f, "xu", PASSWORD, "10.0.0.2"));
    assert_err(ERR_BUSY, sign_in(f, "xu", PASSWORD, "10.0.0.3"));
    staff_gate_leave(gate);
    assert_int_equal(sign_in(f, "xu", PASSWORD, "10.0.0.3"), ERR_OK);
    f->hall.staff_gate = NULL;
}

static void a_new_password_and_disabling_end_the_sessions(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    struct session s;
    const char *token;
    int64_t id;
    assert_int_equal(add(f, &hall_system, "xu", STAFF_MAKER, PASSWORD, &id), ERR_OK);
    hall_write(f, &hall_system, &tx);
    assert_ok(session_open(&tx, SESSION_STAFF, id, "", "password", &token, &s, &f->e), &f->e);
    assert_ok(staff_set_password(&tx, id, "another long password", &f->e), &f->e);
    assert_err(ERR_UNAUTHENTICATED, session_find(&tx, SESSION_STAFF, token, &s, &f->e));
    hall_done(f, &tx);
    assert_err(ERR_STAFF_WRONG, sign_in(f, "xu", PASSWORD, "10.0.0.1"));
    assert_int_equal(sign_in(f, "xu", "another long password", "10.0.0.1"), ERR_OK);
    hall_write(f, &hall_system, &tx);
    assert_ok(staff_disable(&tx, id, &f->e), &f->e);
    hall_done(f, &tx);
    assert_err(ERR_STAFF_WRONG, sign_in(f, "xu", "another long password", "10.0.0.1"));
}

static void stand_ins_exist_in_a_demo_only(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    int64_t id;
    assert_int_equal(add(f, &hall_system, "xu", STAFF_MAKER, PASSWORD, &id), ERR_OK);
    hall_write(f, &hall_system, &tx);
    assert_err(ERR_NOT_FOUND, staff_stand_in(&tx, id, &f->e));
    hall_end(&tx);
    f->hall.demo = 1;
    hall_write(f, &hall_system, &tx);
    assert_ok(staff_stand_in(&tx, id, &f->e), &f->e);
    hall_done(f, &tx);
}

static void nobody_acts_in_a_role_he_does_not_have(void **state)
{
    struct hall_fixture *f = *state;
    struct staff s = {.id = 3, .name = "许建民", .roles = STAFF_MAKER};
    struct actor who;
    assert_int_equal(staff_actor(&s, STAFF_MAKER, "10.0.0.1", &who, &f->e), ERR_OK);
    assert_string_equal(who.role, "maker");
    assert_err(ERR_FORBIDDEN, staff_actor(&s, STAFF_AUDITOR, "10.0.0.1", &who, &f->e));
    s.disabled = 1;
    assert_err(ERR_FORBIDDEN, staff_actor(&s, STAFF_MAKER, "10.0.0.1", &who, &f->e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(roles_that_watch_each_other_are_different_people),
        HALL_TEST(the_auditor_is_made_at_installation_only),
        HALL_TEST(names_are_unique_and_passwords_long),
        HALL_TEST(what_everybody_would_try_is_no_password),
        HALL_TEST(passwords_of_64_to_128_characters_are_taken_whole),
        HALL_TEST(a_password_signs_in_and_wrong_ones_are_limited),
        HALL_TEST(an_empty_password_is_a_wrong_try_for_every_name),
        HALL_TEST(an_address_that_is_stopped_is_told_so_for_every_name),
        HALL_TEST(only_a_few_passwords_are_checked_at_once),
        HALL_TEST(who_is_stopped_anyway_costs_no_hash),
        HALL_TEST(a_new_password_and_disabling_end_the_sessions),
        HALL_TEST(stand_ins_exist_in_a_demo_only),
        HALL_TEST(nobody_acts_in_a_role_he_does_not_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
