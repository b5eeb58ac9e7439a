#include "agent/assuan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_MAX_OCTETS = 1000,     /* Assuan manual, "Server responses" */
    ANSWER_MS = 10 * 60 * 1000, /* a person looks for his glasses */
    GREETING_MS = 15 * 1000,
    BYE_MS = 1000,
};

/* libgpg-error: source 5 (pinentry) or none, code 99 cancelled, 114 not confirmed, 62 timeout */
enum { CODE_MASK = 0xffff, CODE_CANCELED = 99, CODE_NOT_CONFIRMED = 114, CODE_TIMEOUT = 62 };

struct assuan {
    pid_t pid;
    int in, out; /* our ends: we write to `in`, read from `out` */
    char have[LINE_MAX_OCTETS + 2];
    size_t n; /* octets in `have` */
};

static enum err failed(struct err_info *e, const char *why)
{
    err_set(e, ERR_AGENT_PINENTRY, NULL, "%s", why);
    err_arg(e, "why", "%s", why);
    return ERR_AGENT_PINENTRY;
}

/* ---- lines ---- */

static enum err put_line(struct assuan *s, const char *line, struct err_info *e)
{
    size_t n = strlen(line);
    while (n) {
        ssize_t done = write(s->in, line, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return failed(e, strerror(errno));
        line += done;
        n -= (size_t)done;
    }
    return ERR_OK;
}

static enum err fill(struct assuan *s, int timeout_ms, struct err_info *e)
{
    struct pollfd p = {.fd = s->out, .events = POLLIN};
    int rc;
    while ((rc = poll(&p, 1, timeout_ms)) < 0 && errno == EINTR)
        ;
    if (rc == 0)
        return err_set(e, ERR_AGENT_CANCELLED, NULL, "no answer in time");
    ssize_t got = rc < 0 ? -1 : read(s->out, s->have + s->n, sizeof s->have - 1 - s->n);
    if (got < 0)
        return failed(e, strerror(errno));
    if (got == 0)
        return failed(e, "it ended");
    s->n += (size_t)got;
    return ERR_OK;
}

/* One line without its end, into `line` (LINE_MAX_OCTETS + 1 octets); its trace in the buffer is wiped. */
static enum err get_line(struct assuan *s, char *line, int timeout_ms, struct err_info *e)
{
    char *end;
    while (!(end = memchr(s->have, '\n', s->n))) {
        if (s->n > LINE_MAX_OCTETS)
            return failed(e, "line too long");
        TRY(fill(s, timeout_ms, e));
    }
    size_t n = (size_t)(end - s->have);
    if (n > LINE_MAX_OCTETS)
        return failed(e, "line too long");
    memcpy(line, s->have, n);
    line[n] = 0;
    s->n -= n + 1;
    memmove(s->have, end + 1, s->n);
    mem_wipe(s->have + s->n, sizeof s->have - s->n);
    return ERR_OK;
}

static int starts(const char *line, const char *word)
{
    size_t n = strlen(word);
    return !strncmp(line, word, n) && (line[n] == 0 || line[n] == ' ');
}

static enum err refused(const char *line, struct err_info *e)
{
    long code = strtol(line + 4, NULL, 10) & CODE_MASK;
    if (code == CODE_CANCELED || code == CODE_NOT_CONFIRMED || code == CODE_TIMEOUT)
        return err_set(e, ERR_AGENT_CANCELLED, NULL, "%s", line);
    return failed(e, line);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* Add the data of a D line; 0 when it does not fit. */
static int add_data(const char *p, char *out, size_t size, size_t *n)
{
    for (; *p; p++) {
        int high = *p == '%' ? hex_digit(p[1]) : -1;
        int low = high >= 0 ? hex_digit(p[2]) : -1;
        char c = *p;
        if (low >= 0) {
            c = (char)(high * 16 + low);
            p += 2;
        }
        if (*n + 1 >= size)
            return 0;
        out[(*n)++] = c;
        out[*n] = 0;
    }
    return 1;
}

/* Read up to OK or ERR; D lines go to `out` if there is one. *fits is 0 when they were too long. */
static enum err get_answer(struct assuan *s, char *out, size_t size, int *fits, struct err_info *e)
{
    char line[LINE_MAX_OCTETS + 1];
    size_t n = 0;
    enum err err;
    *fits = 1;
    for (;;) {
        err = get_line(s, line, ANSWER_MS, e);
        if (err != ERR_OK || starts(line, "OK"))
            break;
        if (starts(line, "ERR")) {
            err = refused(line, e);
            break;
        }
        if (out && starts(line, "D") && line[1])
            *fits &= add_data(line + 2, out, size, &n);
        else if (starts(line, "INQUIRE"))
            err = put_line(s, "CAN\n", e);
    }
    mem_wipe(line, sizeof line);
    return err;
}

static enum err put_command(struct assuan *s, const char *command, const char *text,
                            struct err_info *e)
{
    char line[LINE_MAX_OCTETS + 2];
    size_t n = (size_t)snprintf(line, sizeof line, "%s%s", command, *text ? " " : "");
    for (; *text && n < LINE_MAX_OCTETS - 4; text++) {
        if (*text == '%' || *text == '\n' || *text == '\r')
            n += (size_t)snprintf(line + n, 4, "%%%02X", (unsigned)(unsigned char)*text);
        else
            line[n++] = *text;
    }
    if (*text)
        return failed(e, "text too long");
    line[n++] = '\n';
    line[n] = 0;
    return put_line(s, line, e);
}

enum err assuan_send(struct assuan *s, const char *command, const char *text, struct err_info *e)
{
    int fits;
    TRY(put_command(s, command, text, e));
    return get_answer(s, NULL, 0, &fits, e);
}

enum err assuan_try(struct assuan *s, const char *command, const char *text, struct err_info *e)
{
    char line[LINE_MAX_OCTETS + 1];
    TRY(put_command(s, command, text, e));
    do
        TRY(get_line(s, line, GREETING_MS, e));
    while (!starts(line, "OK") && !starts(line, "ERR"));
    return ERR_OK;
}

enum err assuan_getpin(struct assuan *s, char *out, size_t size, struct err_info *e)
{
    int fits;
    out[0] = 0;
    TRY(put_command(s, "GETPIN", "", e));
    enum err err = get_answer(s, out, size, &fits, e);
    if (err == ERR_OK && !fits) {
        err_set(e, ERR_TOKEN_PIN_LENGTH, "pin", NULL);
        err_arg(e, "min", "%d", TOKEN_PIN_MIN);
        err_arg(e, "max", "%d", TOKEN_PIN_MAX);
        err = ERR_TOKEN_PIN_LENGTH;
    }
    if (err != ERR_OK)
        mem_wipe(out, size);
    return err;
}

/* ---- the program ---- */

static void run(const char *program, int in, int out)
{
    char *argv[] = {(char *)(uintptr_t)program, NULL};
    if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
        _exit(127);
    signal(SIGPIPE, SIG_DFL);
    execv(program, argv);
    _exit(127);
}

static enum err greet(struct assuan *s, struct err_info *e)
{
    char line[LINE_MAX_OCTETS + 1];
    TRY(get_line(s, line, GREETING_MS, e));
    return starts(line, "OK") ? ERR_OK : failed(e, line);
}

enum err assuan_start(const char *program, struct assuan **out, struct err_info *e)
{
    int to[2], from[2];
    *out = NULL;
    if (access(program, X_OK))
        return failed(e, strerror(errno));
    if (pipe2(to, O_CLOEXEC))
        return failed(e, strerror(errno));
    if (pipe2(from, O_CLOEXEC)) {
        close(to[0]);
        close(to[1]);
        return failed(e, strerror(errno));
    }
    pid_t pid = fork();
    if (pid == 0)
        run(program, to[0], from[1]);
    close(to[0]);
    close(from[1]);
    _auto(assuan) s = mem_alloc(sizeof *s);
    s->pid = pid;
    s->in = to[1];
    s->out = from[0];
    if (pid < 0)
        return failed(e, strerror(errno));
    TRY(greet(s, e));
    *out = steal(&s);
    return ERR_OK;
}

void assuan_free(struct assuan *s)
{
    if (!s)
        return;
    struct err_info e;
    char line[LINE_MAX_OCTETS + 1];
    if (s->pid > 0 && put_line(s, "BYE\n", &e) == ERR_OK)
        (void)!get_line(s, line, BYE_MS, &e); /* its "OK closing connection" */
    close(s->in);
    close(s->out);
    /* End of input ends it; a dialogue that still hangs on the screen is ended. */
    for (int i = 0; s->pid > 0 && waitpid(s->pid, NULL, WNOHANG) == 0; i++) {
        if (i == 50)
            kill(s->pid, SIGTERM);
        struct timespec pause = {0, 10 * 1000 * 1000};
        nanosleep(&pause, NULL);
        if (i == 150)
            kill(s->pid, SIGKILL);
    }
    mem_wipe(s, sizeof *s);
    free(s);
}
