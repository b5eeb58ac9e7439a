/* The list of servers: addresses, links, and whose file it is (design §6). */
#include "testing.h"

#include "agent/conf.h"
#include "agent/texts.h"
#include "base/sys.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder;

static int make_folder(void **state)
{
    (void)state;
    folder = strdup("/tmp/certhall-conf-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "%s/agent.conf", folder);
    unlink(path);
    int failed = rmdir(folder);
    free(folder);
    return failed;
}

static void only_whole_origins_are_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        int real, demo;
    } rows[] = {
        {"https://certhall.example", 1, 0},
        {"https://certhall.example:8443", 1, 0},
        {"http://certhall.example", 0, 0},
        {"http://127.0.0.1:8080", 0, 1},
        {"https://127.0.0.1", 1, 1},
        {"http://[::1]:8080", 0, 1},
        {"http://localhost:8080", 0, 0},
        {"http://127.0.0.2:8080", 0, 0},
        {"http://127.0.0.1.attacker.example", 0, 0},
        {"http://127.0.0.1@attacker.example", 0, 0},
        {"http://[::1].attacker.example", 0, 0},
        {"http://0177.0.0.1", 0, 0},
        {"https://certhall.example/", 0, 0},
        {"https://certhall.example/path", 0, 0},
        {"https://user@certhall.example", 0, 0},
        {"https://certhall.example?x", 0, 0},
        {"https://certhall.example:0", 0, 0},
        {"https://certhall.example:99999", 0, 0},
        {"https://", 0, 0},
        {"ftp://certhall.example", 0, 0},
        {"", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *host;
        if (agent_origin_ok(rows[i].url, 0, &host) != rows[i].real ||
            agent_origin_ok(rows[i].url, 1, &host) != rows[i].demo)
            fail_msg("%s", rows[i].url);
    }
}

static void a_link_names_a_server_and_never_an_address(void **state)
{
    (void)state;
    struct agent_link l;
    struct err_info e;
    assert_ok(agent_link_parse("certhall:hall-1/0123456789ABCDEFGHJKMN", &l, &e), &e);
    assert_string_equal(l.server, "hall-1");
    assert_string_equal(l.ticket, "0123456789ABCDEFGHJKMN");
    static const char *const bad[] = {"certhall:hall",
                                      "certhall:/0123456789ABCDEFGHJKMN",
                                      "certhall://evil.example/0123456789ABCDEFGHJKMN",
                                      "certhall:evil.example/0123456789ABCDEFGHJKMN",
                                      "certhall:hall/0123456789ABCDEFGHJKMN/x",
                                      "certhall:hall/../../etc/passwd0000",
                                      "certhall:hall/short",
                                      "certhall:hall/0123456789ABCDEFGHJKMN --config=x",
                                      "CERTHALL:hall/0123456789ABCDEFGHJKMN",
                                      "http:hall/0123456789ABCDEFGHJKMN",
                                      "--config=/tmp/x",
                                      ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (agent_link_parse(bad[i], &l, &e) != ERR_AGENT_LINK)
            fail_msg("%s", bad[i]);
}

static enum err read_text(struct arena *a, const char *text, mode_t mode, struct agent_conf *c)
{
    struct err_info e;
    char *path = arena_fmt(a, "%s/agent.conf", folder);
    assert_ok(file_replace(path, (struct bytes){(const uint8_t *)text, strlen(text)}, mode, &e),
              &e);
    assert_int_equal(chmod(path, mode), 0);
    return agent_conf_read(a, path, c, &e);
}

#define DEMO                                                                                       \
    "server.demo.url = http://127.0.0.1:8080\nserver.demo.demo = yes\nserver.demo.keys = /srv/keys\n"

static void a_file_given_by_path_is_for_demos_on_this_machine(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct agent_conf c;
    assert_err(ERR_OK, read_text(a, DEMO "server.demo.bench = yes\npinentry = /usr/bin/pinentry\n",
                                 0600, &c));
    assert_int_equal(c.servers, 1);
    assert_string_equal(c.server[0].host, "127.0.0.1:8080");
    assert_string_equal(c.server[0].bench_keys, "/srv/keys");
    assert_string_equal(c.server[0].name, "demo");
    assert_err(ERR_CONFIG, read_text(a, "server.x.url = https://certhall.example\n", 0600, &c));
    assert_err(ERR_CONFIG,
               read_text(a, DEMO "server.x.url = https://certhall.example\n", 0600, &c));
    assert_err(ERR_CONFIG,
               read_text(a, "server.x.url = http://192.0.2.1\nserver.x.demo = yes\n", 0600, &c));
}

static void a_file_that_others_can_write_is_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct agent_conf c;
    assert_err(ERR_OK, read_text(a, DEMO, 0644, &c));
    assert_err(ERR_CONFIG, read_text(a, DEMO, 0664, &c));
    assert_err(ERR_CONFIG, read_text(a, DEMO, 0646, &c));
}

static void an_unknown_or_impossible_setting_is_named(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct agent_conf c;
    assert_err(ERR_CONFIG, read_text(a, DEMO "server.demo.port = 1\n", 0600, &c));
    assert_err(ERR_CONFIG, read_text(a, DEMO "colour = red\n", 0600, &c));
    assert_err(ERR_CONFIG, read_text(a, DEMO "pinentry = pinentry\n", 0600, &c));
    assert_err(ERR_CONFIG, read_text(a, DEMO "server.demo.bench = true\n", 0600, &c));
    assert_err(ERR_CONFIG, read_text(a, DEMO "server.EVIL/.url = x\n", 0600, &c));
    assert_err(ERR_CONFIG, read_text(a, "pinentry = /usr/bin/pinentry\n", 0600, &c));
}

static void a_value_from_outside_cannot_turn_a_line_of_the_window(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    assert_string_equal(text_shown(a, "单位\n要做的事：登录"), "单位 要做的事：登录");
    assert_string_equal(text_shown(a, "a\xe2\x80\xae"
                                      "b\xe2\x80\x8b"
                                      "c\x7f"),
                        "a b c ");
    assert_string_equal(text_shown(a, "\xff"), "");
    assert_string_equal(text_shown(a, NULL), "");
    char longer[400];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(strlen(text_shown(a, longer)), 80);
    assert_string_equal(text_serial(a, "FX2600071182"), "FX26 0007 1182");
    assert_string_equal(text_serial(a, "a\n\x1b[2J做的事：登录"), "a  [ 2J做的 事：登录");
    char message[] = "服务说：\x1b[1m\n\xe2\x80\xae好";
    text_calm(message);
    assert_string_equal(message, "服务说： [1m  好");
    assert_string_equal(text_fill(a, TEXT_TRIES, LANG_EN, "5", "6"),
                        "5 tries left; after 6 wrong ones the UKey locks.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_whole_origins_are_addresses),
        cmocka_unit_test(a_link_names_a_server_and_never_an_address),
        cmocka_unit_test(a_file_given_by_path_is_for_demos_on_this_machine),
        cmocka_unit_test(a_file_that_others_can_write_is_refused),
        cmocka_unit_test(an_unknown_or_impossible_setting_is_named),
        cmocka_unit_test(a_value_from_outside_cannot_turn_a_line_of_the_window),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
