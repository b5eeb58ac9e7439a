/* A member of staff's own UKey, before there is any job: its PIN, its key, its certificate. */
#include "agent/verbs.h"

#include "base/sys.h"
#include "pki/cert.h"
#include "pki/csr.h"
#include "pki/name.h"
#include "pki/pem.h"
#include "token/soft.h"

#include <string.h>

#define STAFF_CONTAINER "staff" /* where the bench's jobs look for the maker's key */
enum { STAFF_TRIES = 6, FILE_MAX = 16 << 10 };

struct staff_work {
    const struct cli *cli;
    struct arena *arena;
    const char *serial;
    struct ask ask;
    struct token_place *place;
    struct token *token;
};

static void work_close(struct staff_work *w)
{
    token_free(w->token);
    token_place_free(w->place);
    arena_free(w->arena);
}

static enum err work_open(struct staff_work *w, const struct cli *c, enum text what,
                          struct err_info *e)
{
    struct agent_conf conf;
    *w = (struct staff_work){.cli = c, .arena = arena_new(), .serial = c->word[2]};
    TRY(agent_conf_read(w->arena, c->config, &conf, e));
    const struct agent_server *s = agent_conf_server(&conf, c->server);
    if (!s || !s->bench || !s->maker_keys) {
        err_set(e, ERR_CONFIG, "maker_keys", NULL);
        err_arg(e, "why", "%s: this is no bench (bench = yes and maker_keys = … of the server)",
                conf.path);
        return ERR_CONFIG;
    }
    w->ask = (struct ask){.pinentry = conf.pinentry,
                          .lang = text_language(conf.language),
                          .server = s->name,
                          .host = s->host,
                          .what = what};
    TRY(token_soft_place(s->maker_keys, &w->place, e));
    return token_open(w->place, w->serial, &w->token, e);
}

/* ---- the key ---- */

struct token_signer {
    struct pki_signer signer;
    struct token *token;
};

static enum err sign_with_token(const struct pki_signer *s, struct bytes message, struct arena *a,
                                struct bytes *signature, struct err_info *e)
{
    return token_sign(((const struct token_signer *)s)->token, STAFF_CONTAINER, message, a,
                      signature, e);
}

static enum err request(struct staff_work *w, struct bytes *csr, struct err_info *e)
{
    struct bytes spki, subject;
    _auto(pki_pub) pub = NULL;
    struct name_part part[] = {{NAME_CN, w->serial}};
    TRY(token_public_key(w->token, STAFF_CONTAINER, w->arena, &spki, e));
    TRY(pki_pub_load(spki, &pub, e));
    TRY(name_encode(part, 1, w->arena, &subject, e));
    struct token_signer s = {{.pub = pub, .sign = sign_with_token}, w->token};
    return csr_build(subject, &s.signer, w->arena, csr, e);
}

/* The admin PIN is random and forgotten: a UKey whose PIN is lost is made anew, and the old certificate ended at the ca. */
static enum err make_key(struct staff_work *w, enum token_alg alg, struct bytes *csr,
                         struct err_info *e)
{
    struct token_info info;
    struct pin_policy policy = pin_policy_limit(0, TOKEN_PIN_MAX, 0);
    _auto_pin admin, user;
    token_pin_random(&admin);
    TRY(token_info(w->token, &info, e));
    if (info.state != TOKEN_STATE_BLANK) {
        err_set(e, ERR_TOKEN_EXISTS, "serial", "%s is not blank", w->serial);
        err_arg(e, "what", "%s",
                w->ask.lang == LANG_EN ? "A key on this UKey" : "这支 UKey 里的密钥");
        return ERR_TOKEN_EXISTS;
    }
    TRY(ask_new_pin(&w->ask, w->serial, &policy, &user, e));
    struct token_initialise how = {.label = "staff",
                                   .admin = &admin,
                                   .user = &user,
                                   .admin_tries = STAFF_TRIES,
                                   .user_tries = STAFF_TRIES};
    TRY(token_initialise(w->token, &how, e));
    TRY(token_login(w->token, &user, e));
    TRY(token_generate(w->token, STAFF_CONTAINER, alg, e));
    return request(w, csr, e);
}

/* 0: none of those that the agent knows. */
static enum token_alg algorithm_of(const char *name)
{
    static const struct {
        const char *name;
        enum token_alg alg;
    } all[] = {{"P-256", TOKEN_P256}, {"SM2", TOKEN_SM2}, {"RSA-2048", TOKEN_RSA2048}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!strcmp(all[i].name, name))
            return all[i].alg;
    return 0;
}

int staff_key(const struct cli *c)
{
    struct staff_work w __attribute__((cleanup(work_close))) = {0};
    struct err_info e = {0};
    struct bytes csr;
    enum token_alg alg = algorithm_of(c->algorithm ? c->algorithm : "P-256");
    if (c->words != 3)
        return cli_usage("key staff takes the serial of a blank UKey");
    if (!alg)
        return cli_usage("--algorithm is P-256, SM2 or RSA-2048");
    if (work_open(&w, c, TEXT_STAFF_KEY, &e) != ERR_OK || make_key(&w, alg, &csr, &e) != ERR_OK)
        return cli_fail(c, c->word[2], &e);
    fputs(pem_encode(w.arena, "CERTIFICATE REQUEST", csr), stdout);
    return 0;
}

/* ---- its certificate ---- */

static enum err import(struct staff_work *w, const char *file, struct err_info *e)
{
    struct bytes text, der;
    struct token_info info;
    TRY(file_read(w->arena, file, FILE_MAX, &text, e));
    TRY(cert_decode(text, w->arena, &der, e));
    TRY(token_certificate_fits(w->token, STAFF_CONTAINER, der, e));
    for (int wrong = 0;; wrong = 1) {
        _auto_pin pin = {""};
        TRY(token_info(w->token, &info, e));
        TRY(ask_pin(&w->ask, w->serial, info.user_left, info.user_max, wrong, &pin, e));
        enum err err = token_login(w->token, &pin, e);
        if (err == ERR_OK)
            break;
        if (err != ERR_TOKEN_PIN_WRONG)
            return err;
    }
    return token_import_certificate(w->token, STAFF_CONTAINER, der, e);
}

int staff_import(const struct cli *c)
{
    struct staff_work w __attribute__((cleanup(work_close))) = {0};
    struct err_info e = {0};
    if (c->words != 4)
        return cli_usage("key import takes a serial and a certificate file");
    if (work_open(&w, c, TEXT_STAFF_CERTIFICATE, &e) != ERR_OK ||
        import(&w, c->word[3], &e) != ERR_OK)
        return cli_fail(c, c->word[2], &e);
    puts(text_of(TEXT_DONE, w.ask.lang));
    return 0;
}
