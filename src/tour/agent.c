/* The real agent, with a scripted pinentry (Assuan) and a browser that only writes down where it was sent. */
#include "tour/tour.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_US = 20 * 1000, SLOW_BROWSER_MS = 3 * TIME_SECOND };

static struct bytes as_bytes(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* Answers each GETPIN with the next line of the file `pins`; says no more when there is none. */
static const char PINENTRY[] =
    "#!/bin/bash\n"
    "pins=%s/pins\n"
    "echo 'OK ready'\n"
    "while IFS= read -r line; do\n"
    "    case $line in\n"
    "    GETPIN*)\n"
    "        pin=$(head -n 1 \"$pins\")\n"
    "        sed -i 1d \"$pins\"\n"
    "        [ -n \"$pin\" ] && printf 'D %%s\\nOK\\n' \"$pin\" || echo 'ERR 83886179 cancelled' ;;\n"
    "    BYE*) echo OK; exit 0 ;;\n"
    "    *) echo OK ;;\n"
    "    esac\n"
    "done\n";
static const char BROWSER[] = "#!/bin/bash\nprintf '%%s\\n' \"$1\" >>%s/opened\n";

static enum err write_program(struct tour *t, const char *name, const char *format,
                              struct err_info *e)
{
    _auto_buf b;
    buf_init(&b, 8192);
    const char *slot = strstr(format,
                              "%s/"); /* the only place that is filled in; %% is a percent sign */
    for (const char *s = format; *s; s++) {
        if (s == slot) {
            buf_text(&b, t->work);
            s++;
        } else {
            buf_byte(&b, (uint8_t)*s);
            s += s[0] == '%' && s[1] == '%';
        }
    }
    char *path = arena_fmt(t->arena, "%s/%s", t->work, name);
    return file_replace(path, (struct bytes){b.p, b.n}, 0700, e);
}

/* The demo's own settings with this run's pinentry and browser. */
static enum err write_settings(struct tour *t, struct err_info *e)
{
    struct bytes file;
    char *path = arena_fmt(t->arena, "%s/agent.conf", t->work);
    TRY(write_program(t, "pinentry", PINENTRY, e));
    TRY(write_program(t, "browser", BROWSER, e));
    TRY(file_read(t->arena, arena_fmt(t->arena, "%s/demo/agent.conf", t->data), 64 << 10, &file,
                  e));
    _auto_buf b;
    buf_init(&b, 128 << 10);
    char *rest = arena_text(t->arena, (const char *)file.p), *line;
    while ((line = strsep(&rest, "\n")) != NULL)
        if (strncmp(line, "pinentry", 8) != 0 && strncmp(line, "browser", 7) != 0)
            buf_fmt(&b, "%s\n", line);
    buf_fmt(&b, "pinentry = %s/pinentry\nbrowser = %s/browser\n", t->work, t->work);
    return file_replace(path, (struct bytes){b.p, b.n}, 0600, e);
}

static enum err write_pins(struct tour *t, const char *const *pins, struct err_info *e)
{
    _auto_buf b;
    buf_init(&b, 4096);
    for (; pins && *pins; pins++)
        buf_fmt(&b, "%s\n", *pins);
    TRY(file_replace(arena_fmt(t->arena, "%s/opened", t->work), as_bytes(""), 0600, e));
    return file_replace(arena_fmt(t->arena, "%s/pins", t->work), (struct bytes){b.p, b.n}, 0600, e);
}

/* The agent opens the finish page in "the default browser" and waits a while for it; the browser that it started may be
 * slower than the agent's own end. */
static enum err opened_page(struct tour *t, const struct tour_program *agent, const char **out,
                            struct err_info *e)
{
    struct bytes opened;
    int64_t until = 0;
    do {
        if (!until && !tour_runs(agent))
            until = clock_monotonic() + SLOW_BROWSER_MS;
        TRY(file_read(t->arena, arena_fmt(t->arena, "%s/opened", t->work), 64 << 10, &opened, e));
        if (opened.n > 0 && opened.p[opened.n - 1] == '\n')
            break;
        usleep(LOOK_US);
    } while (!until || clock_monotonic() < until);
    *out = strrchr((const char *)opened.p, '#');
    return ERR_OK;
}

/* Its token is posted by the browser that began. */
static enum err finish(struct tour *t, struct browser *b, const struct tour_program *agent,
                       const json_t **out, struct err_info *e)
{
    const char *hash;
    TRY(opened_page(t, agent, &hash, e));
    if (!hash || hash[1] != b->side[0] || hash[2] != '.') /* "#p.<token>": the portal's */
        return tour_fail(e, "the agent opened no finish page of the %s", b->side);
    char *token = arena_text_n(t->arena, hash + 3, strcspn(hash + 3, "\n"));
    return browser_send(b, "POST", "/jobs/finish", json_pack("{s:s}", "token", token), out, e);
}

enum err tour_agent_job(struct tour *t, struct browser *b, json_t *job, const char *const *pins,
                        const json_t **out, struct err_info *e)
{
    const json_t *made;
    struct tour_program agent;
    struct err_info why;
    TRY(write_settings(t, e));
    TRY(write_pins(t, pins, e));
    TRY(browser_send(b, "POST", "/jobs", job, &made, e));
    char *const argv[] = {
        arena_fmt(t->arena, "%s/certhall-agent", t->programs), arena_text(t->arena, "--config"),
        arena_fmt(t->arena, "%s/agent.conf", t->work),         arena_text(t->arena, "open"),
        arena_text(t->arena, text_at(made, "link")),           NULL};
    TRY(tour_start(argv, &agent, e));
    enum err finished = finish(t, b, &agent, out, &why);
    TRY(tour_end(t, &agent, NULL,
                 e)); /* where it failed it says more than a page that is missing */
    if (finished != ERR_OK) {
        *e = why;
        return finished;
    }
    if (strcmp(text_at(*out, "job.state"), "done") != 0)
        return tour_fail(e, "the job %s is %s: %s", text_at(*out, "job.kind"),
                         text_at(*out, "job.state"), text_at(*out, "job.text"));
    return ERR_OK;
}
