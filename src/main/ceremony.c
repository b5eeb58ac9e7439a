/* certhall ca ceremony: leads people through making, or rolling over, the keys of the authority (GM/T 0034 10.3). */
#include "main/ceremony.h"
#include "main/ceremony_priv.h"
#include "main/terminal.h"
#include "main/users.h"
#include "main/verb.h"

#include "base/text.h"
#include "ca/hsm.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

void ceremony_step(struct ceremony *c, const char *zh, const char *en)
{
    if (c->steps < CEREMONY_STEPS)
        c->step[c->steps++] = (struct ceremony_step){clock_machine(), zh, en};
    printf("%s  %s\n", zh, en);
}

static enum err config(struct err_info *e, const char *why)
{
    err_set(e, ERR_CONFIG, NULL, NULL);
    err_arg(e, "why", "%s", why);
    return ERR_CONFIG;
}

/* ---- before ---- */

/* It would not know of a new issuer, and a list that it makes might cross ours. */
static enum err ca_does_not_run(const struct place *p, struct err_info *e)
{
    struct bytes text;
    int64_t pid;
    if (file_read(p->arena, place_ready(p, "ca"), 64, &text, e) != ERR_OK ||
        !text_to_id(text_trim(p->arena, (const char *)text.p), &pid) || kill((pid_t)pid, 0) != 0)
        return ERR_OK;
    return config(e, "the ca is running: stop it first (the hall keeps what it has for it)");
}

static const struct {
    const char *word;
    enum ca_ceremony_kind kind;
} kinds[] = {
    {"create", CA_CEREMONY_CREATE}, {"renew", CA_CEREMONY_RENEW}, {"list", CA_CEREMONY_LIST}};

static int kind_of(const char *word, enum ca_ceremony_kind *out)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].word, word)) {
            *out = kinds[i].kind;
            return 1;
        }
    return 0;
}

/* ---- the ceremony ---- */

static enum err make(struct ceremony *c, struct err_info *e)
{
    TRY(ca_ceremony_make(c->ca, e));
    const struct ca_ceremony_key *root = ca_ceremony_root(c->ca),
                                 *issuing = ca_ceremony_issuing(c->ca);
    if (c->spec.kind == CA_CEREMONY_CREATE)
        ceremony_step(c, "已生成根密钥和根证书，检查通过",
                      "root key and certificate made and linted");
    if (issuing)
        ceremony_step(c, "已生成签发密钥和签发证书，检查通过",
                      "issuing CA's key and certificate made and linted");
    ceremony_step(c, "已签根的吊销列表", "root's list signed");
    if (c->spec.kind == CA_CEREMONY_CREATE)
        TRY(ceremony_hand_out(c, root, c->people.root, e));
    return issuing ? ceremony_hand_out(c, issuing, c->people.issuing, e) : ERR_OK;
}

static void print(struct bytes text)
{
    printf("\n");
    fwrite(text.p, 1, text.n, stdout);
    printf("\n");
    fflush(stdout);
}

static enum err hold(struct ceremony *c, struct err_info *e)
{
    struct bytes transcript;
    ceremony_step(c, "仪式开始", "the ceremony begins");
    if (c->spec.kind != CA_CEREMONY_CREATE) {
        TRY(ceremony_gather(c, e));
        ceremony_step(c, "已打开根密钥", "the root's key is open");
    }
    TRY(make(c, e));
    TRY(ceremony_transcript(c, &transcript, e)); /* to be read before it counts */
    print(transcript);
    TRY(ceremony_confirm(c, e));
    ceremony_step(c, "操作人和见证人已确认", "operator and witness confirmed");
    TRY(ceremony_transcript(c, &transcript, e));
    TRY(ca_ceremony_commit(c->ca, transcript, e));
    printf("已完成 Done: %s/%s\n", c->spec.out, CA_CEREMONY_TRANSCRIPT);
    return ERR_OK;
}

static enum err run_one(struct ceremony *c, const char *answers, struct err_info *e)
{
    struct conf *conf, *file = NULL;
    _auto(clock) clock = NULL;
    _auto(ca_hsm) hsm = NULL;
    struct ca_options o = {.data = place_folder(&c->place, "ca")};
    int settled;
    TRY(place_conf(&c->place, "ca", &conf, e));
    TRY(place_clock(conf, &clock, e));
    TRY(place_need(&c->place, "ca", conf, "database", &o.database, e));
    TRY(place_need(&c->place, "ca", conf, "status_url", &o.status_url, e));
    o.clock = clock;
    if (c->spec.token)
        TRY(ca_hsm_start(conf_get(conf, "pkcs11_module", ""), &hsm, e));
    o.hsm = hsm;
    TRY(ca_does_not_run(&c->place, e));
    if (answers)
        TRY(conf_read(c->arena, answers, &file, e));
    c->answers = file;
    TRY(ceremony_ask(c, e));
    TRY(ca_ceremony_begin(&o, &c->spec, &c->ca, &settled, e));
    if (settled) {
        printf(
            "上次的仪式已经生效，现已补齐 An earlier ceremony had taken effect; %s is whole now\n",
            c->spec.out);
        return ERR_OK;
    }
    enum err done = hold(c, e);
    ca_ceremony_free(c->ca);
    return done;
}

/* ---- command line ---- */

/* What is wrong with the words and options; NULL: nothing. */
static const char *wrong(const struct ceremony *c, char **rest, const char *answers)
{
    int creates = c->spec.kind == CA_CEREMONY_CREATE, list = c->spec.kind == CA_CEREMONY_LIST;
    if (rest[1])
        return "one word, and options";
    if (!c->spec.out)
        return "--out DIR is missing: a folder to be made";
    if (!creates && !c->spec.root_folder)
        return "--root DIR is missing: where the root's encrypted key is";
    if (answers && !c->spec.shares && !list)
        return "with --answers the shares go to files: --shares-to DIR";
    if (!answers && !terminal_is_there())
        return "people are asked at a terminal, or --answers FILE says it";
    if ((c->spec.token || c->spec.key) && (!c->spec.token || !c->spec.key || list))
        return "--hsm-token and --hsm-key go together, for create and renew";
    if (c->spec.revoke && !list)
        return "--revoke is for list";
    return NULL;
}

static int hold_one(struct ceremony *c, const char *data, const char *run_folder,
                    const char *answers)
{
    struct err_info e;
    if (place_find(&c->place, data, run_folder, c->arena, &e) != ERR_OK ||
        users_not_root("ca ceremony", place_folder(&c->place, "ca"), &e) != ERR_OK)
        return report("ca ceremony", &e);
    process_keep_secrets();
    return run_one(c, answers, &e) == ERR_OK ? EXIT_DONE : report("ca ceremony", &e);
}

static int verify(struct arena *a, char **rest, const char *root)
{
    struct err_info e;
    if (!rest[1] || rest[2])
        return report_usage("ca ceremony", "verify wants one FILE");
    return ceremony_verify(a, rest[1], root, &e) == ERR_OK ? EXIT_DONE
                                                           : report("ca ceremony verify", &e);
}

int ceremony_run(int argc, char **argv)
{
    _auto(arena) a = arena_new();
    const char *data = NULL, *run_folder = NULL, *answers = NULL, *algorithm = "P-256";
    struct ceremony c = {.arena = a};
    const struct option_row rows[] = {{"data", &data, NULL},
                                      {"run", &run_folder, NULL},
                                      {"answers", &answers, NULL},
                                      {"algorithm", &algorithm, NULL},
                                      {"out", &c.spec.out, NULL},
                                      {"root", &c.spec.root_folder, NULL},
                                      {"shares-to", &c.spec.shares, NULL},
                                      {"credential", &c.spec.credential, NULL},
                                      {"hsm-token", &c.spec.token, NULL},
                                      {"hsm-key", &c.spec.key, NULL},
                                      {"revoke", &c.spec.revoke, NULL}};
    char **rest;
    if (!options_take(argc, argv, rows, sizeof rows / sizeof *rows, &rest))
        return EXIT_USAGE;
    if (rest[0] && !strcmp(rest[0], "verify"))
        return verify(a, rest, c.spec.root_folder);
    if (!rest[0] || !kind_of(rest[0], &c.spec.kind))
        return report_usage("ca ceremony", "expected: create, renew, list or verify");
    if (!pki_alg_from_text(algorithm, &c.spec.alg))
        return report_usage("ca ceremony",
                            "--algorithm: %s is none of P-256, SM2, RSA-2048, RSA-3072", algorithm);
    const char *why = wrong(&c, rest, answers);
    return why ? report_usage("ca ceremony", "%s", why) : hold_one(&c, data, run_folder, answers);
}
