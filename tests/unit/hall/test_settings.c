/* hall.conf and the secrets file. */
#include "base/sys.h"
#include "hall/hosts.h"
#include "hall/project/project.h"
#include "hall/settings.h"
#include "testing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char data[64];
    struct arena *arena;
    struct err_info e;
};

static int setup(void **state)
{
    struct place *p = mem_alloc(sizeof *p);
    snprintf(p->data, sizeof p->data, "/tmp/certhall-settings.XXXXXX");
    assert_non_null(mkdtemp(p->data));
    p->arena = arena_new();
    assert_ok(folder_make(arena_fmt(p->arena, "%s/hall", p->data), 0700, &p->e), &p->e);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    unlink(arena_fmt(p->arena, "%s/hall/hall.conf", p->data));
    unlink(arena_fmt(p->arena, "%s/hall/secrets", p->data));
    rmdir(arena_fmt(p->arena, "%s/hall", p->data));
    assert_int_equal(rmdir(p->data), 0);
    arena_free(p->arena);
    free(p);
    return 0;
}

static enum err read_conf(struct place *p, const char *text, struct hall_settings *s)
{
    struct bytes b = {(const uint8_t *)text, strlen(text)};
    assert_ok(file_replace(arena_fmt(p->arena, "%s/hall/hall.conf", p->data), b, 0600, &p->e),
              &p->e);
    err_clear(&p->e);
    return hall_settings_read(p->arena, p->data, s, &p->e);
}

static void settings_have_plain_defaults(void **state)
{
    struct place *p = *state;
    struct hall_settings s;
    assert_ok(read_conf(p, "public_url = https://hall.example\n", &s), &p->e);
    assert_string_equal(s.database, arena_fmt(p->arena, "sqlite:%s/hall/hall.db", p->data));
    assert_int_equal(s.port, 8080);
    assert_string_equal(s.server_id, "hall");
    assert_null(s.demo_clock);
    assert_string_equal(s.outbox_folder, arena_fmt(p->arena, "%s/hall/outbox", p->data));
    assert_false(s.demo);
    assert_int_equal(s.workers, 2);
    assert_ok(
        read_conf(p, "public_url = http://127.0.0.1:9080\noutbox_threads = 3\ndemo = yes\n", &s),
        &p->e);
    assert_string_equal(s.demo_clock, arena_fmt(p->arena, "%s/demo/clock", p->data));
    assert_true(s.demo);
    assert_string_equal(s.outbox_folder, arena_fmt(p->arena, "%s/demo/outbox", p->data));
    assert_int_equal(s.workers, 3);
}

static void wrong_settings_are_named(void **state)
{
    static const char *const bad[][2] = {
        {"", "public_url"},
        {"public_url = hall.example\n", "public_url"},
        {"public_url = http://hall.example/\n", "public_url"},
        {"public_url = http://h\noutbox_threads = 9\n", "outbox_threads"},
        {"public_url = http://h\nserver_id = Hall 1\n", "server_id"},
        {"public_url = http://h\nport = many\n", "port"}};
    struct place *p = *state;
    struct hall_settings s;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_err(ERR_CONFIG, read_conf(p, bad[i][0], &s));
        assert_string_equal(p->e.field, bad[i][1]);
    }
}

static int key_number(const struct hall_secrets *s)
{
    struct vault_keys k;
    hall_secrets_vault_keys(s, &k);
    return (int)k.current;
}

static void secrets_are_made_once_kept_and_rotated(void **state)
{
    struct place *p = *state;
    const char *path = arena_fmt(p->arena, "%s/hall/secrets", p->data);
    _auto(hall_secrets) one = NULL;
    _auto(hall_secrets) two = NULL;
    struct stat st;
    uint32_t id;
    assert_ok(hall_secrets_make(path, &p->e), &p->e);
    assert_err(ERR_CONFLICT, hall_secrets_make(path, &p->e));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0400);
    assert_ok(hall_secrets_set(path, "smtp.password", "p = #1", &p->e), &p->e);
    assert_ok(hall_secrets_read(path, &one, &p->e), &p->e);
    assert_string_equal(hall_secret(one, "smtp.password"), "p = #1");
    assert_null(hall_secret(one, "bank.key"));
    assert_int_equal(key_number(one), 1);
    assert_ok(hall_secrets_rotate(path, &id, &p->e), &p->e);
    assert_int_equal(id, 2);
    assert_ok(hall_secrets_set(path, "smtp.password", "new", &p->e), &p->e);
    assert_ok(hall_secrets_read(path, &two, &p->e), &p->e);
    struct vault_keys x, y, *a = &x, *b = &y;
    hall_secrets_vault_keys(one, a);
    hall_secrets_vault_keys(two, b);
    assert_int_equal(b->current, 2);
    assert_int_equal(b->fields, 2);
    assert_memory_equal(a->index, b->index, VAULT_KEY_LEN);
    for (int i = 0; i < b->fields; i++)
        assert_int_equal(memcmp(b->field[i].key, a->field[0].key, VAULT_KEY_LEN) == 0,
                         b->field[i].id == 1);
    assert_string_equal(hall_secret(two, "smtp.password"), "new");
}

static void a_secrets_file_that_others_may_read_is_refused(void **state)
{
    struct place *p = *state;
    const char *path = arena_fmt(p->arena, "%s/hall/secrets", p->data);
    struct hall_secrets *s = NULL;
    assert_ok(hall_secrets_make(path, &p->e), &p->e);
    assert_int_equal(chmod(path, 0440), 0);
    assert_err(ERR_CONFIG, hall_secrets_read(path, &s, &p->e));
    assert_int_equal(chmod(path, 0600), 0);
    assert_err(ERR_CONFIG, hall_secrets_set(path, "smtp.password", "two\nlines", &p->e));
    assert_err(ERR_CONFIG, hall_secrets_set(path, "Smtp Password", "x", &p->e));
    struct bytes broken = {(const uint8_t *)"field.current = 1\nfield.1 = 00\nindex = 00\n", 41};
    assert_ok(file_replace(path, broken, 0400, &p->e), &p->e);
    assert_err(ERR_CONFIG, hall_secrets_read(path, &s, &p->e));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
/* Outside a demo a code that nobody passes on is not sent. */
static void sms_are_files_only_where_somebody_says_so(void **state)
{
    struct place *p = *state;
    struct hall_settings s;
    assert_ok(read_conf(p, "public_url = https://hall.example\n", &s), &p->e);
    assert_err(ERR_CONFIG, hall_settings_sms(&s, &p->e));
    assert_non_null(strstr(p->e.detail, "sms = file"));
    assert_ok(read_conf(p, "public_url = https://hall.example\nsms = pigeon\n", &s), &p->e);
    assert_err(ERR_CONFIG, hall_settings_sms(&s, &p->e));
    assert_ok(read_conf(p, "public_url = https://hall.example\nsms = file\n", &s), &p->e);
    assert_ok(hall_settings_sms(&s, &p->e), &p->e);
    assert_ok(read_conf(p, "public_url = http://127.0.0.1:8080\ndemo = yes\n", &s), &p->e);
    assert_ok(hall_settings_sms(&s, &p->e), &p->e);
}

/* Outside a demo no mail is silently put into a folder. */
static void mail_goes_to_a_server_or_to_files_by_somebodys_word(void **state)
{
    static const struct {
        const char *conf, *says; /* "" : allowed */
    } cases[] = {
        {"", "mail = file"},
        {"mail = file\n", ""},
        {"mail = pigeon\n", "only `file`"},
        {"smtp_url = smtp://mail.example:25\n", ""},
        {"smtp_url = smtps://mail.example\nsmtp_plain = no\n", ""},
        {"smtp_url = mail.example:25\n", "smtps://"},
        {"smtp_url = smtp://mail.example:25\nmail = file\n", "which of them"},
    };
    struct place *p = *state;
    struct hall_settings s;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *conf = arena_fmt(p->arena, "public_url = https://hall.example\n%s",
                                     cases[i].conf);
        assert_ok(read_conf(p, conf, &s), &p->e);
        enum err done = hall_settings_mail(&s, &p->e);
        assert_int_equal(done, *cases[i].says ? ERR_CONFIG : ERR_OK);
        assert_true(done == ERR_OK || strstr(p->e.detail, cases[i].says));
    }
    assert_err(ERR_CONFIG, read_conf(p, "public_url = http://h\nsmtp_plain = maybe\n", &s));
    assert_ok(read_conf(p, "public_url = http://127.0.0.1:8080\ndemo = yes\n", &s), &p->e);
    assert_ok(hall_settings_mail(&s, &p->e), &p->e);
}

/* With one click anybody is anybody there: no folder makes a demo, and no public address can be one. */
static void only_its_own_word_on_this_machine_makes_a_demo(void **state)
{
    struct place *p = *state;
    struct hall_settings s;
    assert_ok(folder_make(arena_fmt(p->arena, "%s/demo", p->data), 0700, &p->e), &p->e);
    assert_ok(read_conf(p, "public_url = http://127.0.0.1:8080\n", &s), &p->e);
    rmdir(arena_fmt(p->arena, "%s/demo", p->data));
    assert_false(s.demo);
    assert_err(ERR_CONFIG, read_conf(p, "public_url = https://hall.example\ndemo = yes\n", &s));
    assert_err(ERR_CONFIG, read_conf(p, "public_url = http://127.0.0.1:8080\ndemo = 1\n", &s));
}

/* "a b c", for one comparison. */
static const char *hosts(struct place *p, const char *conf, const struct projects *projects)
{
    struct hall_settings s;
    const char *all = "";
    assert_ok(read_conf(p, conf, &s), &p->e);
    for (const char *const *h = hall_hosts(p->arena, &s, projects); *h; h++)
        all = arena_fmt(p->arena, "%s%s%s", all, *all ? " " : "", *h);
    return all;
}

/* S0-16: both addresses of a project serve. */
static void the_hall_is_asked_by_its_own_names_only(void **state)
{
    struct place *p = *state;
    _auto(projects) none = projects_new();
    _auto(projects) shipped = projects_new();
    assert_string_equal(hosts(p, "public_url = https://hall.example:8443\nport = 81\n", none),
                        "127.0.0.1:81 localhost:81 [::1]:81 hall.example");
    assert_string_equal(hosts(p, "public_url = http://127.0.0.1:8080\n", none),
                        "127.0.0.1:8080 localhost:8080 [::1]:8080");
    assert_string_equal(hosts(p, "public_url = http://127.0.0.1:9000\n", none),
                        "127.0.0.1:8080 localhost:8080 [::1]:8080 127.0.0.1:9000");
    assert_string_equal(
        hosts(p, "public_url = http://[2001:db8::1]:80\nhosts = a.example, b.example\n", none),
        "127.0.0.1:8080 localhost:8080 [::1]:8080 [2001:db8::1] a.example b.example");
    assert_ok(projects_load(shipped, PROFILES_DIR, &p->e), &p->e);
    assert_non_null(strstr(hosts(p, "public_url = https://hall.example\n", shipped),
                           " fanxiqian.casupport.cn fanxiqian.cfca.com.cn"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(mail_goes_to_a_server_or_to_files_by_somebodys_word),
        cmocka_unit_test_setup_teardown(sms_are_files_only_where_somebody_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(the_hall_is_asked_by_its_own_names_only, setup, teardown),
        T(only_its_own_word_on_this_machine_makes_a_demo),
        T(settings_have_plain_defaults),
        T(wrong_settings_are_named),
        T(secrets_are_made_once_kept_and_rotated),
        T(a_secrets_file_that_others_may_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
