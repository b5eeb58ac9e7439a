/* certhall ca keys, certhall ca unlock: speak to the ca's administrator socket, so they are run on the ca's own host. */
#include "main/ca_keys.h"
#include "main/terminal.h"
#include "main/verb.h"

#include "ca/keys.h"
#include "httpc/httpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- passphrases ---- */

static enum err config(struct err_info *e, const char *why)
{
    err_set(e, ERR_CONFIG, NULL, NULL);
    err_arg(e, "why", "%s", why);
    return ERR_CONFIG;
}

enum err ca_keys_passphrases(const struct place *p, const struct conf *c, struct arena *a,
                             const struct conf **out, struct err_info *e)
{
    static const char credential[] = "credential:";
    const char *named = conf_get(c, "passphrases", ""), *folder = getenv("CREDENTIALS_DIRECTORY");
    *out = NULL;
    if (!*named)
        return ERR_OK;
    if (strncmp(named, credential, sizeof credential - 1) != 0)
        return ca_passphrases_read(a, named, out, e);
    if (!folder)
        return config(e, arena_fmt(p->arena,
                                   "ca.conf: passphrases = %s, but systemd gave no credentials "
                                   "(LoadCredentialEncrypted= of the ca's unit)",
                                   named));
    return ca_passphrases_read(
        a, arena_fmt(p->arena, "%s/%s", folder, named + sizeof credential - 1), out, e);
}

/* ---- the ca's socket ---- */

static enum err call(const struct place *p, const char *method, const char *path,
                     const struct buf *body, json_t **answer, struct err_info *e)
{
    const char *header;
    TRY(place_peer_header(p, &header, e));
    _auto(httpc) c = httpc_new(&(struct httpc_options){.service = "ca",
                                                       .base = "http://ca",
                                                       .unix_path = place_socket(p, "ca", "admin"),
                                                       .header = header});
    enum err done = httpc_json(c, method, path, body, answer, e);
    if (done != ERR_UNAVAILABLE)
        return done;
    return config(e, arena_fmt(p->arena, "the ca does not answer at %s; start it first",
                               place_socket(p, "ca", "admin")));
}

static void print_given(const json_t *key)
{
    const json_t *given = json_object_get(key, "given"), *number;
    size_t i;
    if (json_array_size(given) == 0)
        return;
    printf("\tgiven");
    json_array_foreach ((json_t *)(uintptr_t)given, i, number)
        printf(" %lld", (long long)json_integer_value(number));
}

static void print_key(const json_t *key)
{
    printf("%s\t%s\t%s", json_opt_text(key, "code", ""), json_opt_text(key, "algorithm", ""),
           json_opt_text(key, "state", ""));
    if (json_object_get(key, "split"))
        printf("\tsplit %s, %lld of %lld", json_opt_text(key, "split", ""),
               (long long)json_opt_int(key, "threshold", 0),
               (long long)json_opt_int(key, "count", 0));
    else if (!strcmp(json_opt_text(key, "state", ""), "ready"))
        printf("\t%s",
               json_is_true(json_object_get(key, "encrypted")) ? "encrypted" : "NOT ENCRYPTED");
    print_given(key);
    printf("\n");
}

static enum err list(const struct place *p, struct err_info *e)
{
    _auto_json answer = NULL;
    const json_t *key;
    size_t i;
    TRY(call(p, "GET", "/ca/v1/keys", NULL, &answer, e));
    json_array_foreach (json_object_get(answer, "keys"), i, key)
        print_key(key);
    return ERR_OK;
}

/* ---- unlock ---- */

/* The code that was named, or the one key that is locked. */
static enum err choose(const struct place *p, const char **code, int *locked, struct err_info *e)
{
    _auto_json answer = NULL;
    const json_t *key;
    size_t i, n = 0;
    const char *found = NULL;
    TRY(call(p, "GET", "/ca/v1/keys", NULL, &answer, e));
    *locked = 0;
    json_array_foreach (json_object_get(answer, "keys"), i, key) {
        const char *one = json_opt_text(key, "code", "");
        if (strcmp(json_opt_text(key, "state", ""), "locked") != 0 ||
            (*code && strcmp(*code, one) != 0))
            continue;
        found = arena_text(p->arena, one);
        n++;
    }
    if (n > 1)
        return config(e, "more than one key is locked: say which (certhall ca keys)");
    *locked = n == 1;
    *code = found ? found : *code;
    return ERR_OK;
}

/* *ready: that was the last that was needed. */
static enum err give(const struct place *p, const char *code, const char *share, int *ready,
                     struct err_info *e)
{
    _auto_json answer = NULL;
    _auto_buf body;
    struct json_out j;
    buf_init(&body, 1024);
    jout_init(&j, &body);
    jout_object(&j, NULL);
    jout_text(&j, "share", share);
    jout_end(&j);
    enum err done = call(p, "POST", arena_fmt(p->arena, "/ca/v1/keys/%s/shares", code), &body,
                         &answer, e);
    mem_wipe(body.p, body.n);
    TRY(done);
    *ready = !strcmp(json_opt_text(answer, "state", ""), "ready");
    print_key(answer);
    return ERR_OK;
}

/* Each file a share, as the ceremony wrote it; lines that begin with # are for people. */
static enum err give_file(const struct place *p, const char *code, const char *path, int *ready,
                          struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct bytes text;
    TRY(file_read(a, path, 4096, &text, e));
    return give(p, code, terminal_without_remarks(a, (const char *)text.p), ready, e);
}

static enum err ask_shares(const struct place *p, const char *code, struct err_info *e)
{
    char share[1024];
    for (int ready = 0; !ready;) {
        if (!terminal_share("Share of the next custodian (Ctrl-D ends):\n", share, sizeof share))
            return config(e, "not all shares were given; those given wait for the others");
        terminal_clear();
        enum err done = give(p, code, share, &ready, e);
        mem_wipe(share, sizeof share);
        if (done == ERR_SHARE)
            report("ca unlock", e);
        else
            TRY(done);
    }
    return ERR_OK;
}

static enum err unlock(const struct place *p, char **rest, struct err_info *e)
{
    const char *code = rest[0];
    int locked, ready = 0;
    TRY(choose(p, &code, &locked, e));
    if (!locked) {
        printf("%s is not locked\n", code ? code : "no key");
        return ERR_OK;
    }
    if (!rest[0] || !rest[1])
        return ask_shares(p, code, e);
    for (size_t i = 1; rest[i] && !ready; i++)
        TRY(give_file(p, code, rest[i], &ready, e));
    return ready ? ERR_OK : config(e, "more shares are needed; those given wait for the others");
}

/* ---- command line ---- */

int ca_keys_run(int argc, char **argv)
{
    _auto(arena) a = arena_new();
    const char *data = NULL, *run_folder = NULL;
    const struct option_row rows[] = {{"data", &data, NULL}, {"run", &run_folder, NULL}};
    int unlocks = !strcmp(argv[0], "unlock");
    struct place p;
    struct err_info e;
    char **rest;
    if (!options_take(argc, argv, rows, 2, &rest))
        return EXIT_USAGE;
    if (!unlocks && *rest)
        return report_usage("ca keys", "unexpected %s", *rest);
    if (place_find(&p, data, run_folder, a, &e) != ERR_OK ||
        (unlocks ? unlock(&p, rest, &e) : list(&p, &e)) != ERR_OK)
        return report(unlocks ? "ca unlock" : "ca keys", &e);
    return EXIT_DONE;
}
