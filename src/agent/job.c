#include "agent/job.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "token/soft.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KEY_MS = 10 * 60 * 1000, CLAIM_MS = 20 * 1000, CLAIM_STEP_MS = 2000, BODY_MAX = 128 * 1024 };

enum err job_refuse(struct err_info *e, const char *why)
{
    err_set(e, ERR_AGENT_REFUSED, NULL, "%s", why);
    err_arg(e, "why", "%s", why);
    return ERR_AGENT_REFUSED;
}

void job_say_line(struct job *j, const char *line)
{
    if (j->o->say)
        j->o->say(j->o->say_self, line);
}

enum err job_place(struct job *j, enum job_where where, struct token_place **out,
                   struct err_info *e)
{
    const struct agent_server *s = j->o->server;
    const char *folder = where == JOB_USER    ? s->keys
                         : where == JOB_BENCH ? s->bench_keys
                                              : s->maker_keys;
    if (where != JOB_USER && !s->bench)
        return job_refuse(e, "bench = yes is not configured");
    if (!folder) {
        err_set(e, ERR_CONFIG, "keys", "no folder of keys for %s", s->id);
        err_arg(e, "why", "server.%s.keys = …", s->id);
        return ERR_CONFIG;
    }
    if (!j->place[where])
        TRY(token_soft_place(folder, &j->place[where], e));
    *out = j->place[where];
    return ERR_OK;
}

/* ---- requests ---- */

static enum err cancelled_there(const json_t *next, struct err_info *e)
{
    const char *step = json_opt_text(next, "step", "");
    if (!strcmp(step, "cancelled"))
        return err_set(e, ERR_AGENT_CANCELLED, NULL, "given up in the page");
    return ERR_OK;
}

enum err job_progress(struct job *j, const char *state, const char *serial, struct err_info *e)
{
    struct json_out out;
    _auto_json next = NULL;
    _auto_buf body;
    buf_init(&body, BODY_MAX);
    jout_init(&out, &body);
    jout_object(&out, NULL);
    jout_text(&out, "step", j->step);
    jout_object(&out, "progress");
    jout_text(&out, "state", state);
    if (serial)
        jout_text(&out, "serial", serial);
    jout_end(&out);
    jout_end(&out);
    TRY(wire_step(j->wire, &body, &next, e));
    return cancelled_there(next, e);
}

static enum err begin(struct job *j, const json_t *job, struct err_info *e)
{
    const char *id, *kind;
    TRY(json_get_text(job, "job", &id, e));
    TRY(json_get_text(job, "kind", &kind, e));
    snprintf(j->id, sizeof j->id, "%s", id);
    const json_t *about = json_object_get(job, "about");
    j->order = arena_text(j->arena, json_opt_text(about, "order", ""));
    j->revision = arena_text(j->arena, json_opt_text(about, "revision", ""));
    j->serial = arena_text(j->arena, json_opt_text(about, "serial", ""));
    j->institution = arena_text(j->arena, json_opt_text(about, "institution", ""));
    j->kind = kind_find(kind);
    if (!j->kind)
        return job_refuse(e, "unknown kind of job");
    if (j->kind->bench && !j->o->server->bench)
        return job_refuse(e, "bench = yes is not configured");
    if ((j->kind->needs_serial && !*j->serial) || (j->kind->needs_order && !*j->order))
        return job_refuse(e, "the job does not name its order and UKey");
    j->ask = (struct ask){.pinentry = j->o->conf->pinentry,
                          .lang = j->o->lang,
                          .server = j->o->server->name,
                          .host = j->o->server->host,
                          .what = j->kind->what,
                          .order = *j->order ? j->order : NULL,
                          .institution = *j->institution ? j->institution : NULL};
    return ERR_OK;
}

static const struct step *find_step(const struct kind *k, const char *name)
{
    for (size_t i = 0; i < k->steps; i++)
        if (!strcmp(k->step[i].name, name))
            return &k->step[i];
    return NULL;
}

/* One step, begun again after the key was pulled and plugged in; every step does nothing twice. */
static enum err run_step(struct job *j, const struct step *s, const json_t *data, struct buf *body,
                         struct err_info *e)
{
    struct json_out out;
    for (;;) {
        body->n = 0;
        jout_init(&out, body);
        jout_object(&out, NULL);
        jout_text(&out, "step", s->name);
        jout_object(&out, "data");
        enum err err = s->run(j, data, &out, e);
        jout_end(&out);
        jout_end(&out);
        if (err != ERR_TOKEN_REMOVED || !j->token)
            return err;
        /* Pulled in the middle: j->token names which one to wait for. */
        job_say_line(j, text_fill(j->arena, TEXT_PULLED, j->o->lang,
                                  text_serial(j->arena, j->token_serial), NULL));
        TRY(job_progress(j, "pulled", j->token_serial, e));
        char serial[TOKEN_SERIAL_MAX + 1];
        snprintf(serial, sizeof serial, "%s", j->token_serial);
        token_free(j->token);
        j->token = NULL;
        j->logged_in = 0;
        TRY(job_token(j, j->kind->where, serial, e));
    }
}

static enum err run_steps(struct job *j, json_t *first, struct err_info *e)
{
    _auto_buf body;
    _auto_json next = json_incref(first);
    buf_init(&body, BODY_MAX);
    for (;;) {
        const char *name;
        json_t *answer = NULL;
        TRY(json_get_text(next, "step", &name, e));
        TRY(cancelled_there(next, e));
        if (!strcmp(name, "done")) {
            j->step = "done";
            return ERR_OK;
        }
        const struct step *s = find_step(j->kind, name);
        if (!s)
            return job_refuse(e, "unknown step");
        j->step = s->name;
        TRY(run_step(j, s, json_object_get(next, "data"), &body, e));
        boundary(BOUNDARY_AGENT_STEP_DONE);
        TRY(wire_step(j->wire, &body, &answer, e));
        boundary(BOUNDARY_AGENT_STEP_TOLD);
        json_decref(next);
        next = answer;
    }
}

/* ---- the end ---- */

static const char *const outcomes[] = {"done", "cancelled", "failed"};

static void result_body(struct job *j, const struct job_report *r, struct buf *body)
{
    struct json_out out;
    struct token_info info;
    struct err_info ignore;
    jout_init(&out, body);
    jout_object(&out, NULL);
    jout_text(&out, "outcome", outcomes[r->outcome]);
    jout_text(&out, "step", j->step ? j->step : "");
    if (r->outcome == JOB_FAILED)
        jout_text(&out, "code", err_code_text(r->why.code));
    if (j->plugged)
        jout_int(&out, "count", j->plugged);
    if (r->outcome != JOB_DONE && j->token && token_info(j->token, &info, &ignore) == ERR_OK) {
        jout_list(&out, "keys");
        if (key_write(j->place[j->kind->where], &info, &out, NULL, &ignore) != ERR_OK)
            log_line(LOG_LEVEL_WARN, "agent.key", "%s", ignore.detail);
        jout_end(&out);
    }
    jout_end(&out);
}

static void pause_ms(int ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

/* The browser program gets the address as its only argument; the agent does not wait for it. */
static enum err start_browser(const char *program, const char *address, struct err_info *e)
{
    pid_t pid = fork();
    if (pid == 0) {
        /* Twice, so that nobody has to collect it. */
        char *argv[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)address, NULL};
        if (fork() == 0) {
            signal(SIGPIPE, SIG_DFL);
            execv(program, argv);
            _exit(127);
        }
        _exit(0);
    }
    if (pid < 0)
        return err_set(e, ERR_IO, "browser", "fork");
    waitpid(pid, NULL, 0);
    return ERR_OK;
}

static int finish_ok(const char *token)
{
    size_t n = strspn(token, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.");
    return n >= 16 && n <= 128 && !token[n];
}

enum err job_open_finish(struct job *j, const char *token, char **address, struct err_info *e)
{
    if (!finish_ok(token))
        return job_refuse(e, "finish token");
    *address = arena_fmt(j->arena, "%s/agent/finish#%s", j->o->server->origin, token);
    if (j->o->no_browser || !j->o->conf->browser)
        return ERR_OK;
    return start_browser(j->o->conf->browser, *address, e);
}

/* Give the page a moment to take the effect; a person in another browser is then shown the code. */
static enum err wait_for_claim(struct job *j, const struct buf *body, const char *code,
                               struct err_info *e)
{
    int left = j->o->claim_ms ? j->o->claim_ms : CLAIM_MS;
    for (; left > 0; left -= CLAIM_STEP_MS) {
        _auto_json answer = NULL;
        pause_ms(left < CLAIM_STEP_MS ? left : CLAIM_STEP_MS);
        /* The result is already there: a refusal now means that the job is closed. */
        if (wire_result(j->wire, body, &answer, e) != ERR_OK)
            return ERR_OK;
        const json_t *claimed = json_object_get(answer, "claimed");
        if (!json_is_false(claimed))
            return ERR_OK;
    }
    return ask_show_code(&j->ask, code, e);
}

static enum err end(struct job *j, struct job_report *r, struct err_info *e)
{
    _auto_buf body;
    _auto_json answer = NULL;
    char *address;
    buf_init(&body, BODY_MAX);
    result_body(j, r, &body);
    TRY(wire_result(j->wire, &body, &answer, e));
    boundary(BOUNDARY_AGENT_RESULT_TOLD);
    const char *finish = json_opt_text(answer, "finish", NULL);
    const char *code = json_opt_text(answer, "code", NULL);
    if (r->outcome != JOB_DONE || !finish)
        return ERR_OK;
    if (code) {
        r->code = text_shown(j->arena, code);
        job_say_line(j, text_fill(j->arena, TEXT_CODE, j->o->lang, r->code, NULL));
    }
    TRY(job_open_finish(j, finish, &address, e));
    boundary(BOUNDARY_AGENT_OPENED);
    r->finish = address;
    int open = json_is_false(json_object_get(answer, "claimed"));
    if (r->code && open && !j->o->no_browser)
        return wait_for_claim(j, &body, r->code, e);
    return ERR_OK;
}

/* ---- the whole ---- */

static void clear(struct job *j)
{
    token_free(j->token);
    for (int i = 0; i < JOB_PLACES; i++)
        token_place_free(j->place[i]);
    token_pin_wipe(&j->pin);
    wire_free(j->wire);
}

static enum err run(struct job *j, struct job_report *out, struct err_info *e)
{
    _auto_json job = NULL;
    TRY(wire_new(&(struct wire_options){.origin = j->o->server->origin,
                                        .name = j->o->server->name,
                                        .ca_file = j->o->server->ca_file,
                                        .patience_ms = j->o->patience_ms},
                 &j->wire, e));
    TRY(wire_fetch(j->wire, j->o->ticket, j->o->code, &job, e));
    boundary(BOUNDARY_AGENT_FETCHED);
    enum err err = begin(j, job, e);
    snprintf(out->id, sizeof out->id, "%s", j->id);
    out->kind = j->kind ? j->kind->name : NULL;
    if (err == ERR_OK)
        job_say_line(j, text_fill(j->arena, TEXT_WHAT, j->o->lang,
                                  text_of(j->kind->what, j->o->lang), NULL));
    if (err == ERR_OK)
        err = run_steps(j, job, e);
    out->outcome = err == ERR_OK                ? JOB_DONE
                   : err == ERR_AGENT_CANCELLED ? JOB_CANCELLED
                                                : JOB_FAILED;
    if (err != ERR_OK)
        out->why = *e;
    err = end(j, out, e);
    /* What went wrong in the job says more than that the server could not be told. */
    return out->outcome == JOB_DONE ? err : ERR_OK;
}

enum err job_run(struct arena *a, const struct job_options *o, struct job_report *out,
                 struct err_info *e)
{
    struct job j = {.o = o, .arena = arena_new()};
    memset(out, 0, sizeof *out);
    enum err err = run(&j, out, e);
    if (out->finish)
        out->finish = arena_text(a, out->finish);
    if (out->code)
        out->code = arena_text(a, out->code);
    clear(&j);
    arena_free(j.arena);
    return err;
}
