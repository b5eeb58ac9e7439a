#include "tour/tour.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTBOX_WAIT_MS = 10 * TIME_SECOND, POLL_US = 50 * 1000 };

enum err tour_read_json(struct tour *t, const char *path, json_t **out, struct err_info *e)
{
    struct bytes file;
    TRY(file_read(t->arena, path, 1 << 20, &file, e));
    return json_parse(file.p, file.n, out, e);
}

static int has_role(const json_t *person, const char *role)
{
    const json_t *item;
    size_t i;
    json_array_foreach (json_object_get(person, "roles"), i, item)
        if (strcmp(json_string_value(item), role) == 0)
            return 1;
    return 0;
}

enum err tour_sign_in_as(struct tour *t, const char *role, int nth, struct err_info *e)
{
    const json_t *people, *person, *session;
    size_t i;
    TRY(browser_get(&t->staff, "/demo/people", &people, e));
    json_array_foreach ((json_t *)(uintptr_t)at(people, "items"), i, person) {
        if (!has_role(person, role) || nth-- > 0)
            continue;
        TRY(browser_send(&t->staff, "POST", "/demo/session",
                         json_pack("{s:s}", "person", text_at(person, "id")), &session, e));
        return browser_refresh(&t->staff, e);
    }
    return tour_fail(e, "the demo has nobody with the role %s", role);
}

static void end_in_child(char *const argv[], int out)
{
    dup2(out, STDOUT_FILENO);
    execv(argv[0], argv);
    _exit(127);
}

enum err tour_start(char *const argv[], struct tour_program *out, struct err_info *e)
{
    int pipe_fd[2];
    if (pipe2(pipe_fd, O_CLOEXEC) != 0)
        return tour_fail(e, "pipe: %s", strerror(errno));
    *out = (struct tour_program){.name = argv[0], .verb = argv[1], .pid = fork()};
    if (out->pid == 0)
        end_in_child(argv, pipe_fd[1]);
    close(pipe_fd[1]);
    out->out = pipe_fd[0];
    if (out->pid > 0)
        return ERR_OK;
    close(pipe_fd[0]);
    return tour_fail(e, "fork: %s", strerror(errno));
}

int tour_runs(const struct tour_program *p)
{
    siginfo_t how = {0};
    return waitid(P_PID, (id_t)p->pid, &how, WEXITED | WNOHANG | WNOWAIT) == 0 && how.si_pid == 0;
}

enum err tour_end(struct tour *t, const struct tour_program *p, const char **out,
                  struct err_info *e)
{
    int status;
    _auto_buf b;
    buf_init(&b, 4 << 20);
    char chunk[4096];
    ssize_t n;
    while ((n = read(p->out, chunk, sizeof chunk)) > 0)
        buf_put(&b, chunk, (size_t)n);
    close(p->out);
    if (waitpid(p->pid, &status, 0) != p->pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return tour_fail(e, "%s %s did not end well: %s", p->name, p->verb ? p->verb : "",
                         buf_cstr(&b));
    if (out)
        *out = arena_text(t->arena, buf_cstr(&b));
    return ERR_OK;
}

enum err tour_run(struct tour *t, char *const argv[], const char **out, struct err_info *e)
{
    struct tour_program p;
    TRY(tour_start(argv, &p, e));
    return tour_end(t, &p, out, e);
}

enum err tour_clock(struct tour *t, const char *when, struct err_info *e)
{
    char *const argv[] = {arena_fmt(t->arena, "%s/certhall", t->programs),
                          arena_text(t->arena, "demo"),
                          arena_text(t->arena, "clock"),
                          arena_text(t->arena, "--data"),
                          arena_text(t->arena, t->data),
                          arena_text(t->arena, "--at"),
                          arena_text(t->arena, when),
                          NULL};
    return tour_run(t, argv, NULL, e);
}

static const char *find_text(const json_t *list, const char *to, const char *needle)
{
    const json_t *item;
    size_t i;
    json_array_foreach ((json_t *)(uintptr_t)list, i, item)
        if (strcmp(text_at(item, "to"), to) == 0 && strstr(text_at(item, "text"), needle))
            return text_at(item, "text");
    return NULL;
}

enum err tour_outbox(struct tour *t, const char *channel, const char *to, const char *needle,
                     const char **text, struct err_info *e)
{
    int64_t until = clock_monotonic() + OUTBOX_WAIT_MS;
    while (clock_monotonic() < until) {
        const json_t *list;
        TRY(browser_get(&t->staff,
                        arena_fmt(t->arena, "/demo/outbox?channel=%s&limit=200", channel), &list,
                        e));
        *text = find_text(at(list, "items"), to, needle);
        if (*text)
            return ERR_OK;
        usleep(POLL_US);
    }
    return tour_fail(e, "no %s to %s with “%s” in the outbox", channel, to, needle);
}

enum err tour_wait(struct browser *b, const char *url, const char *path, const char *value,
                   int seconds, const json_t **out, struct err_info *e)
{
    int64_t until = clock_monotonic() + (int64_t)seconds * TIME_SECOND;
    do {
        TRY(browser_get(b, url, out, e));
        if (strcmp(text_at(*out, path), value) == 0)
            return ERR_OK;
        usleep(POLL_US);
    } while (clock_monotonic() < until);
    return tour_fail(e, "%s: %s is “%s”, not “%s”, after %d s", url, path, text_at(*out, path),
                     value, seconds);
}
