#include "agent/verbs.h"

#include "base/boundary.h"
#include "base/text.h"
#include "token/soft.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put_buf(struct buf *b)
{
    fwrite(b->p, 1, b->n, stdout);
    putchar('\n');
}

/* ---- open, code ---- */

struct talk {
    int on;
};

static void say(void *self, const char *line)
{
    const struct talk *t = self;
    if (t->on)
        fprintf(stderr, "%s\n", line);
}

static void report_json(const struct cli *c, const struct job_report *r)
{
    static const char *const outcomes[] = {"done", "cancelled", "failed"};
    struct json_out j;
    char message[512];
    _auto_buf b;
    buf_init(&b, 65536);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_text(&j, "job", r->id);
    jout_text(&j, "kind", r->kind);
    jout_text(&j, "outcome", outcomes[r->outcome]);
    jout_text(&j, "finish", r->finish);
    jout_text(&j, "code", r->code);
    if (r->outcome != JOB_DONE) {
        err_message(&r->why, c->lang, message, sizeof message);
        jout_object(&j, "error");
        jout_text(&j, "code", err_code_text(r->why.code));
        jout_text(&j, "message", message);
        jout_end(&j);
    }
    jout_end(&j);
    put_buf(&b);
}

static int report(const struct cli *c, const struct job_report *r)
{
    if (c->json)
        report_json(c, r);
    else if (r->outcome == JOB_DONE)
        puts(text_of(TEXT_DONE, c->lang));
    else if (r->outcome == JOB_CANCELLED)
        puts(text_of(TEXT_CANCELLED, c->lang));
    if (!c->json && c->no_browser && r->finish)
        puts(r->finish);
    return r->outcome == JOB_DONE ? 0 : 1;
}

/* A link comes from a browser: nobody sees its standard error, so what went wrong stands in a window too. */
static int fail_seen(const struct cli *c, const struct agent_conf *conf, const char *what,
                     const struct err_info *e)
{
    struct err_info ignore = {0};
    int status = cli_fail(c, what, e);
    if (!c->json && !isatty(STDERR_FILENO) &&
        ask_show_error(conf->pinentry, c->lang, e, &ignore) != ERR_OK)
        cli_fail(c, "window", &ignore);
    return status;
}

static int run_job(const struct cli *c, struct arena *a, const char *server, const char *ticket,
                   const char *code)
{
    struct agent_conf conf;
    struct job_report r;
    struct err_info e = {0};
    struct cli mine = *c;
    if (agent_conf_read(a, c->config, &conf, &e) != ERR_OK)
        return cli_fail(c, "configuration", &e);
    mine.lang = text_language(conf.language);
    struct talk talk = {!c->json && isatty(STDERR_FILENO)};
    struct job_options o = {.conf = &conf,
                            .server = agent_conf_server(&conf, server),
                            .lang = mine.lang,
                            .ticket = ticket,
                            .code = code,
                            .no_browser = c->no_browser,
                            .say = say,
                            .say_self = &talk};
    if (!o.server) {
        err_set(&e, ERR_AGENT_LINK, "server", "no server %s in %s", server, conf.path);
        return fail_seen(&mine, &conf, "server", &e);
    }
    if (o.server->demo)
        boundary_arm(dirname(arena_text(a, conf.path)));
    if (job_run(a, &o, &r, &e) != ERR_OK)
        return fail_seen(&mine, &conf, o.server->id, &e);
    if (r.outcome == JOB_FAILED)
        (void)fail_seen(&mine, &conf, r.kind ? r.kind : "job", &r.why);
    return report(&mine, &r);
}

int verb_open(const struct cli *c)
{
    struct agent_link link;
    struct err_info e = {0};
    _auto(arena) a = arena_new();
    if (c->words != 2)
        return cli_usage("open takes one link");
    if (agent_link_parse(c->word[1], &link, &e) != ERR_OK)
        return cli_fail(c, "open", &e);
    return run_job(c, a, link.server, link.ticket, NULL);
}

int verb_code(const struct cli *c)
{
    enum { CODE_LEN = 8 };
    _auto(arena) a = arena_new();
    if (c->words < 2)
        return cli_usage("code takes the job code of the page");
    /* It may be typed in groups: 7QF4 2KXM. */
    char *typed = arena_text(a, c->word[1]);
    for (int i = 2; i < c->words; i++)
        typed = arena_fmt(a, "%s%s", typed, c->word[i]);
    char *code = text_mend_code(a, typed);
    if (!code || strlen(code) != CODE_LEN)
        return cli_usage("a job code has 8 letters and digits");
    return run_job(c, a, c->server, NULL, code);
}

/* ---- key ---- */

static enum err list_folder(const struct cli *c, const char *folder, struct json_out *j,
                            struct err_info *e)
{
    static const char *const states[] = {"blank", "ready", "damaged"};
    struct token_info *list;
    size_t n;
    _auto(arena) a = arena_new();
    _auto(token_place) p = NULL;
    TRY(token_soft_place(folder, &p, e));
    TRY(token_list(p, a, &list, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (c->json) {
            TRY(key_write(p, &list[i], j, NULL, e));
            continue;
        }
        printf("%-40s %-8s %s", text_serial(a, list[i].serial), states[list[i].state],
               text_shown(a, list[i].label));
        if (list[i].state == TOKEN_STATE_READY)
            printf("  PIN %d/%d  admin %d/%d  certificates %d", list[i].user_left, list[i].user_max,
                   list[i].admin_left, list[i].admin_max, list[i].certificates);
        putchar('\n');
    }
    return ERR_OK;
}

static int key_folders(const struct cli *c, struct arena *a, const char *folder[3])
{
    struct agent_conf conf;
    struct err_info e = {0};
    memset(folder, 0, 3 * sizeof *folder);
    folder[0] = c->folder;
    if (c->folder)
        return 0;
    if (agent_conf_read(a, c->config, &conf, &e) != ERR_OK)
        return cli_fail(c, "configuration", &e);
    const struct agent_server *s = agent_conf_server(&conf, c->server);
    if (!s)
        return cli_usage("no such server in the configuration");
    const char *all[3] = {s->keys, s->bench ? s->bench_keys : NULL,
                          s->bench ? s->maker_keys : NULL};
    size_t n = 0;
    for (size_t i = 0; i < 3; i++) {
        int again = 0;
        for (size_t k = 0; all[i] && k < n; k++)
            again |= !strcmp(folder[k], all[i]);
        if (all[i] && !again)
            folder[n++] = all[i];
    }
    return 0;
}

static int key_list(const struct cli *c)
{
    const char *folder[3];
    struct json_out j;
    struct err_info e = {0};
    _auto(arena) a = arena_new();
    _auto_buf b;
    buf_init(&b, 1 << 20);
    int status = key_folders(c, a, folder);
    if (status)
        return status;
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_list(&j, "keys");
    for (size_t i = 0; i < 3; i++)
        if (folder[i] && list_folder(c, folder[i], &j, &e) != ERR_OK)
            return cli_fail(c, folder[i], &e);
    jout_end(&j);
    jout_end(&j);
    if (c->json)
        put_buf(&b);
    return 0;
}

static int key_create_blank(const struct cli *c)
{
    struct err_info e = {0};
    if (!c->folder || c->words < 3)
        return cli_usage("key create-blank --folder DIR SERIAL …");
    for (int i = 2; i < c->words; i++)
        if (token_soft_create_blank(c->folder, c->word[i], &e) != ERR_OK)
            return cli_fail(c, c->word[i], &e);
    return 0;
}

int verb_key(const struct cli *c)
{
    if (c->words >= 2 && !strcmp(c->word[1], "list"))
        return c->words == 2 ? key_list(c) : cli_usage("key list takes no argument");
    if (c->words >= 2 && !strcmp(c->word[1], "create-blank"))
        return key_create_blank(c);
    if (c->words >= 2 && !strcmp(c->word[1], "staff"))
        return staff_key(c);
    if (c->words >= 2 && !strcmp(c->word[1], "import"))
        return staff_import(c);
    return cli_usage("key list, key create-blank, key staff, or key import");
}

/* ---- doctor ---- */

struct doctor {
    const struct cli *c;
    struct json_out *j;
    int bad;
};

static void finding(struct doctor *d, const char *name, int ok, const char *detail)
{
    d->bad |= !ok;
    if (!d->c->json) {
        printf("%-4s %-10s %s\n", ok ? "ok" : "BAD", name, detail ? detail : "");
        return;
    }
    jout_object(d->j, NULL);
    jout_text(d->j, "name", name);
    jout_bool(d->j, "ok", ok);
    jout_text(d->j, "detail", detail ? detail : "");
    jout_end(d->j);
}

static void check_folder(struct doctor *d, const char *name, const char *folder)
{
    struct err_info e = {0};
    struct token_info *list;
    size_t n;
    _auto(arena) a = arena_new();
    _auto(token_place) p = NULL;
    if (!folder)
        return;
    int ok = token_soft_place(folder, &p, &e) == ERR_OK &&
             token_list(p, a, &list, &n, &e) == ERR_OK;
    finding(d, name, ok, ok ? folder : e.detail);
    for (size_t i = 0; ok && i < n; i++)
        if (list[i].state == TOKEN_STATE_DAMAGED)
            finding(d, "key", 0, arena_fmt(a, "%s is damaged", list[i].serial));
}

static void check_all(struct doctor *d, struct arena *a)
{
    struct agent_conf conf;
    struct err_info e = {0};
    if (agent_conf_read(a, d->c->config, &conf, &e) != ERR_OK) {
        finding(d, "config", 0, e.detail);
        return;
    }
    finding(d, "config", 1, conf.path);
    finding(d, "pinentry", conf.pinentry && !access(conf.pinentry, X_OK),
            conf.pinentry ? conf.pinentry : "pinentry = … is missing");
    finding(d, "browser", conf.browser && !access(conf.browser, X_OK),
            conf.browser ? conf.browser : "browser = … is missing");
    for (size_t i = 0; i < conf.servers; i++) {
        const struct agent_server *s = &conf.server[i];
        finding(d, "server", 1, arena_fmt(a, "%s %s", s->id, s->origin));
        check_folder(d, "keys", s->keys);
        if (s->bench) {
            check_folder(d, "bench_keys", s->bench_keys);
            check_folder(d, "maker_keys", s->maker_keys);
        }
    }
}

int verb_doctor(const struct cli *c)
{
    struct json_out j;
    _auto(arena) a = arena_new();
    _auto_buf b;
    buf_init(&b, 1 << 20);
    if (c->words != 1)
        return cli_usage("doctor takes no argument");
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_list(&j, "checks");
    struct doctor d = {.c = c, .j = &j};
    check_all(&d, a);
    jout_end(&j);
    jout_bool(&j, "ok", !d.bad);
    jout_end(&j);
    if (c->json)
        put_buf(&b);
    return d.bad;
}
