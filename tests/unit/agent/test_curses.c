/* The dialogue with a pinentry that is not ours: pinentry-curses on a pseudo terminal, with a person's keys. */
#include "testing.h"

#include "agent/ask.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define REAL_PINENTRY "/usr/bin/pinentry-curses"

static const struct ask question = {.pinentry = REAL_PINENTRY,
                                    .lang = LANG_EN,
                                    .server = "CertHall",
                                    .host = "certhall.example",
                                    .what = TEXT_JOB_LOGIN};

/* In the child, whose terminal the dialogue takes: 0 when the PIN came, 10 when the person stopped. */
static int person(const char *expected)
{
    struct token_pin pin;
    struct err_info e;
    setenv("TERM", "xterm", 1);
    signal(SIGPIPE, SIG_IGN);
    enum err err = ask_pin(&question, "FX2600071182", 5, 6, 1, &pin, &e);
    if (err == ERR_AGENT_CANCELLED)
        return 10;
    return err == ERR_OK && !strcmp(pin.text, expected) ? 0 : 1;
}

/* Everything the terminal shows until `what` stands there; 0 when it never does. */
static int shows(int fd, struct buf *screen, const char *what)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char part[1024];
    while (!strstr(buf_cstr(screen), what)) {
        if (poll(&p, 1, 10000) <= 0)
            return 0;
        ssize_t n = read(fd, part, sizeof part);
        if (n <= 0)
            return 0;
        for (ssize_t i = 0; i < n; i++)
            if (part[i])
                buf_byte(screen, (uint8_t)part[i]);
    }
    return 1;
}

/* Type `keys` once the dialogue asks; the child's status. The screen is left in `screen`. */
static int dialogue(const char *keys, const char *expected, struct buf *screen)
{
    struct winsize size = {.ws_row = 40, .ws_col = 120};
    int fd, status;
    pid_t pid = forkpty(&fd, NULL, NULL, &size);
    if (pid == 0)
        _exit(person(expected));
    assert_true(shows(fd, screen, "PIN:"));
    usleep(200000); /* it flushes what was typed before it was ready */
    assert_int_equal(write(fd, keys, strlen(keys)), strlen(keys));
    (void)shows(fd, screen, "\x01\x02"); /* never shown: up to the end, or 10 quiet seconds */
    kill(pid, SIGKILL);                  /* no matter if it has ended, as it should */
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(fd);
    assert_true(WIFEXITED(status)); /* it ended before it was killed */
    return WEXITSTATUS(status);
}

static void a_pin_typed_into_pinentry_curses_arrives_unseen(void **state)
{
    (void)state;
    struct buf screen;
    buf_init(&screen, 1 << 20);
    assert_int_equal(dialogue("right-pin-1\r", "right-pin-1", &screen), 0);
    assert_non_null(strstr(buf_cstr(&screen), "certhall.example"));
    assert_non_null(strstr(buf_cstr(&screen), "FX26 0007 1182"));
    assert_non_null(strstr(buf_cstr(&screen), "5 tries left"));
    assert_null(strstr(buf_cstr(&screen), "right-pin-1"));
    buf_clear(&screen);
}

static void the_cancel_button_stops_the_job(void **state)
{
    (void)state;
    struct buf screen;
    buf_init(&screen, 1 << 20);
    assert_int_equal(dialogue("\t\t\r", "", &screen), 10);
    buf_clear(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pin_typed_into_pinentry_curses_arrives_unseen),
        cmocka_unit_test(the_cancel_button_stops_the_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
