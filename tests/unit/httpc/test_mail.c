/* A message as Python's e-mail package reads it, and as an SMTP server gets it. */
#include "testing.h"

#include "base/json.h"
#include "httpc/mail.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct reader {
    const char *script, *python;
};

static const struct mail sample = {
    .from_name = "证书大厅 \"一网通\"",
    .from = "hall@example.com",
    .to = "shen@example.com",
    .subject =
        "您的数字证书已寄出，请查收：泉州海丝供应链管理有限公司的申请单（单号 2026112012345678901）",
    .text = "沈若琳：\n\n.您好。\n",
    .message_id = "77.1@hall.example.com",
    .date = 1795147451000,
};

/* Owned by the caller. */
static json_t *read_by_python(const struct reader *r, struct bytes message)
{
    int in[2], out[2];
    assert_int_equal(pipe(in) | pipe(out), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        execl(r->python, r->python, r->script, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    assert_int_equal(write(in[1], message.p, message.n), (ssize_t)message.n);
    close(in[1]);
    char text[16384];
    ssize_t n, all = 0;
    while ((n = read(out[0], text + all, sizeof text - (size_t)all)) > 0)
        all += n;
    close(out[0]);
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    struct err_info e;
    json_t *o = NULL;
    assert_ok(json_parse(text, (size_t)all, &o, &e), &e);
    return o;
}

static void a_message_reads_as_it_was_meant(void **state)
{
    const struct reader *r = *state;
    struct err_info e;
    struct bytes message;
    _auto(arena) a = arena_new();
    const struct mail_attachment files[] = {
        {"发票 1.pdf", "application/pdf", {(const uint8_t *)"%PDF\r\n\0x", 8}}};
    struct mail m = sample;
    m.attachments = files;
    m.attachments_n = 1;
    assert_ok(mail_build(a, &m, &message, &e), &e);
    _auto_json o = read_by_python(r, message);
    assert_string_equal(json_opt_text(o, "subject", ""), sample.subject);
    assert_string_equal(json_opt_text(o, "to", ""), "shen@example.com");
    assert_non_null(strstr(json_opt_text(o, "from", ""), "证书大厅"));
    assert_non_null(strstr(json_opt_text(o, "from", ""), "<hall@example.com>"));
    assert_string_equal(json_opt_text(o, "date", ""), "Fri, 20 Nov 2026 12:04:11 +0800");
    assert_string_equal(json_opt_text(o, "text", ""), sample.text);
    assert_int_equal(json_array_size(json_object_get(o, "defects")), 0);
    const json_t *file = json_array_get(json_object_get(o, "files"), 0);
    assert_string_equal(json_string_value(json_array_get(file, 0)), "发票 1.pdf");
    assert_string_equal(json_string_value(json_array_get(file, 2)), "255044460d0a0078");
}

static void lines_stay_within_what_mail_servers_take(void **state)
{
    (void)state;
    struct err_info e;
    struct bytes message;
    _auto(arena) a = arena_new();
    assert_ok(mail_build(a, &sample, &message, &e), &e);
    /* RFC 5322 2.1.1, RFC 2047 2 */
    size_t line = 0;
    for (size_t i = 0; i < message.n; i++) {
        line = message.p[i] == '\n' ? 0 : line + 1;
        assert_true(line <= 78 + 1);
        assert_true(message.p[i] < 0x80);
    }
}

static void a_line_break_in_an_address_or_subject_is_refused(void **state)
{
    (void)state;
    struct err_info e;
    struct bytes message;
    _auto(arena) a = arena_new();
    struct mail m = sample;
    m.to = "a@example.com\r\nBcc: b@example.com";
    assert_err(ERR_BAD_REQUEST, mail_build(a, &m, &message, &e));
    assert_string_equal(e.field, "to");
    m.to = "a@example.com>,<b@example.com";
    assert_err(ERR_BAD_REQUEST, mail_build(a, &m, &message, &e));
    m = sample;
    m.subject = "a\nBcc: b@example.com";
    assert_err(ERR_BAD_REQUEST, mail_build(a, &m, &message, &e));
    assert_string_equal(e.field, "subject");
    m = sample;
    m.to = "nobody";
    assert_err(ERR_BAD_REQUEST, mail_build(a, &m, &message, &e));
}

/* One SMTP conversation (RFC 5321), answered from a script. */
struct smtp {
    int fd, refuse;
    pthread_t thread;
    char got[16384];
    char url[64];
};

static void *converse(void *arg)
{
    struct smtp *s = arg;
    int c = accept(s->fd, NULL, NULL), data = 0;
    FILE *f = fdopen(c, "r+");
    setvbuf(f, NULL, _IONBF, 0);
    fputs("220 test\r\n", f);
    char line[2048];
    size_t n = 0;
    while (fgets(line, sizeof line, f)) {
        n += (size_t)snprintf(s->got + n, sizeof s->got - n, "%s", line);
        if (data) {
            data = strcmp(line, ".\r\n") != 0;
            if (!data)
                fputs("250 taken\r\n", f);
        } else if (strncmp(line, "RCPT", 4) == 0 && s->refuse) {
            fprintf(f, "%d no\r\n", s->refuse);
        } else if (strncmp(line, "DATA", 4) == 0) {
            data = 1;
            fputs("354 go on\r\n", f);
        } else if (strncmp(line, "QUIT", 4) == 0) {
            fputs("221 bye\r\n", f);
            break;
        } else {
            fputs("250 fine\r\n", f);
        }
    }
    fclose(f);
    return NULL;
}

static void smtp_start(struct smtp *s, int refuse)
{
    memset(s, 0, sizeof *s);
    s->refuse = refuse;
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof at;
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, n) | listen(s->fd, 1), 0);
    getsockname(s->fd, (struct sockaddr *)&at, &n);
    snprintf(s->url, sizeof s->url, "smtp://127.0.0.1:%d", ntohs(at.sin_port));
    assert_int_equal(pthread_create(&s->thread, NULL, converse, s), 0);
}

static void smtp_end(struct smtp *s)
{
    pthread_join(s->thread, NULL);
    close(s->fd);
}

static void a_message_is_handed_to_the_server(void **state)
{
    const struct reader *r = *state;
    struct err_info e;
    struct smtp s;
    smtp_start(&s, 0);
    struct mail_server server = {.url = s.url};
    assert_ok(httpc_smtp_send(&server, &sample, &e), &e);
    smtp_end(&s);
    assert_non_null(strstr(s.got, "MAIL FROM:<hall@example.com>"));
    assert_non_null(strstr(s.got, "RCPT TO:<shen@example.com>"));
    const char *message = strstr(s.got, "From: ");
    assert_non_null(message);
    _auto_json o = read_by_python(r, (struct bytes){(const uint8_t *)message, strlen(message)});
    assert_string_equal(json_opt_text(o, "subject", ""), sample.subject);
}

static void a_receiver_refused_for_good_is_told_apart_from_a_server_that_is_away(void **state)
{
    (void)state;
    struct err_info e;
    struct smtp s;
    struct mail_server server = {.url = s.url};
    smtp_start(&s, 550);
    assert_err(ERR_BAD_REQUEST, httpc_smtp_send(&server, &sample, &e));
    assert_string_equal(e.field, "to");
    smtp_end(&s);
    smtp_start(&s, 451);
    assert_err(ERR_UNAVAILABLE, httpc_smtp_send(&server, &sample, &e));
    smtp_end(&s);
    assert_err(ERR_UNAVAILABLE, httpc_smtp_send(&server, &sample, &e));
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    struct reader reader = {argv[1], argv[2]};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_message_reads_as_it_was_meant, &reader),
        cmocka_unit_test(lines_stay_within_what_mail_servers_take),
        cmocka_unit_test(a_line_break_in_an_address_or_subject_is_refused),
        cmocka_unit_test_prestate(a_message_is_handed_to_the_server, &reader),
        cmocka_unit_test(a_receiver_refused_for_good_is_told_apart_from_a_server_that_is_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
