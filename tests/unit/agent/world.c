#include "world.h"

#include "scratch.h"

#include "base/sys.h"
#include "base/text.h"
#include "token/soft.h"
#include "token/soft_priv.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- keys ---- */

struct token_pin world_pin(const char *text)
{
    struct token_pin p;
    struct err_info e;
    assert_ok(token_pin_set(&p, text, &e), &e);
    return p;
}

void world_place(struct world *w, const char *folder, struct token_place **p)
{
    assert_ok(token_soft_place(folder, p, &w->e), &w->e);
    token_soft_folder(*p)->memory_kib = 8;
    token_soft_folder(*p)->passes = 1;
}

void world_blank(struct world *w, const char *folder, const char *serial)
{
    assert_ok(token_soft_create_blank(folder, serial, &w->e), &w->e);
}

struct bytes world_certificate(struct world *w, struct bytes spki)
{
    const unsigned char *p = spki.p;
    unsigned char *der = NULL;
    EVP_PKEY *subject = d2i_PUBKEY(NULL, &p, (long)spki.n);
    EVP_PKEY *ca = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    assert_non_null(subject);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"x", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, subject);
    assert_true(X509_sign(x, ca, EVP_sha256()) > 0);
    int n = i2d_X509(x, &der);
    struct bytes out = arena_bytes(w->a, der, (size_t)n);
    OPENSSL_free(der);
    X509_free(x);
    EVP_PKEY_free(ca);
    EVP_PKEY_free(subject);
    return out;
}

void world_key(struct world *w, const char *folder, const char *serial, int certificate)
{
    struct token_place *p;
    struct token *t;
    struct bytes spki;
    struct token_pin admin = world_pin("ADMIN-one-1"), user = world_pin("right-pin-1");
    struct token_initialise how = {
        .label = "泉州海丝", .admin = &admin, .user = &user, .admin_tries = 10, .user_tries = 6};
    world_blank(w, folder, serial);
    world_place(w, folder, &p);
    assert_ok(token_open(p, serial, &t, &w->e), &w->e);
    assert_ok(token_initialise(t, &how, &w->e), &w->e);
    if (certificate) {
        assert_ok(token_login(t, &user, &w->e), &w->e);
        assert_ok(token_generate(t, "old", TOKEN_P256, &w->e), &w->e);
        assert_ok(token_public_key(t, "old", w->a, &spki, &w->e), &w->e);
        assert_ok(token_import_certificate(t, "old", world_certificate(w, spki), &w->e), &w->e);
    }
    token_free(t);
    token_place_free(p);
}

struct token_info world_info(struct world *w, const char *folder, const char *serial)
{
    struct token_place *p;
    struct token *t;
    struct token_info info;
    world_place(w, folder, &p);
    assert_ok(token_open(p, serial, &t, &w->e), &w->e);
    assert_ok(token_info(t, &info, &w->e), &w->e);
    token_free(t);
    token_place_free(p);
    return info;
}

enum err world_try_pin(struct world *w, const char *folder, const char *serial, const char *pin)
{
    struct token_place *p;
    struct token *t;
    struct token_pin user = world_pin(pin);
    world_place(w, folder, &p);
    assert_ok(token_open(p, serial, &t, &w->e), &w->e);
    enum err err = token_login(t, &user, &w->e);
    token_free(t);
    token_place_free(p);
    return err;
}

enum err world_try_admin(struct world *w, const char *folder, const char *serial, const char *admin)
{
    struct token_place *p;
    struct token *t;
    struct token_pin pin = world_pin(admin);
    world_place(w, folder, &p);
    assert_ok(token_open(p, serial, &t, &w->e), &w->e);
    enum err err = token_change_pin(t, TOKEN_ADMIN, &pin, &pin, &w->e);
    token_free(t);
    token_place_free(p);
    return err;
}

/* ---- dialogues ---- */

static void put_file(struct world *w, const char *path, const char *text)
{
    assert_ok(file_replace(path, (struct bytes){(const uint8_t *)text, strlen(text)}, 0600, &w->e),
              &w->e);
}

void world_answers(struct world *w, const char *lines)
{
    put_file(w, arena_fmt(w->a, "%s/answers", w->folder), lines);
}

const char *world_dialogues(struct world *w)
{
    struct bytes log;
    enum err err = file_read(w->a, arena_fmt(w->a, "%s/log", w->folder), 1 << 20, &log, &w->e);
    return err == ERR_OK ? (const char *)log.p : "";
}

/* ---- the whole ---- */

const char *world_origin(struct world *w)
{
    return arena_fmt(w->a, "http://127.0.0.1:%d", w->port);
}

static void write_conf(struct world *w)
{
    char *browser = arena_fmt(w->a, "%s/browser", w->folder);
    put_file(w, browser,
             arena_fmt(w->a, "#!/bin/sh\nprintf '%%s\\n' \"$1\" > '%s/opened'\n", w->folder));
    assert_int_equal(chmod(browser, 0700), 0);
    put_file(w, w->conf_path,
             arena_fmt(w->a,
                       "pinentry = " PINENTRY "\nbrowser = %s\nlanguage = zh\n"
                       "server.demo.name = 证书大厅\nserver.demo.url = %s\nserver.demo.demo = yes\n"
                       "server.demo.keys = %s\nserver.demo.bench = yes\n"
                       "server.demo.bench_keys = %s\nserver.demo.maker_keys = %s\n",
                       browser, world_origin(w), w->keys, w->bench, w->staff));
    assert_ok(agent_conf_read(w->a, w->conf_path, &w->conf, &w->e), &w->e);
}

void world_serve(struct world *w);

int world_setup(void **state)
{
    struct world *w = mem_alloc(sizeof *w);
    signal(SIGPIPE, SIG_IGN);
    w->a = arena_new();
    snprintf(w->folder, sizeof w->folder, "/tmp/certhall-agent-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->keys, sizeof w->keys, "%s/keys", w->folder);
    snprintf(w->bench, sizeof w->bench, "%s/bench", w->folder);
    snprintf(w->staff, sizeof w->staff, "%s/staff", w->folder);
    snprintf(w->conf_path, sizeof w->conf_path, "%s/agent.conf", w->folder);
    assert_int_equal(mkdir(w->keys, 0700) | mkdir(w->bench, 0700) | mkdir(w->staff, 0700), 0);
    setenv("CERTHALL_TEST_PINENTRY", w->folder, 1);
    buf_init(&w->current_step, 65536);
    buf_init(&w->traffic, 1 << 20);
    buf_init(&w->note, 65536);
    snprintf(
        w->challenge, sizeof w->challenge, "%s",
        text_base64(w->a, (struct bytes){(const uint8_t *)"0123456789abcdef0123456789abcdef", 32}));
    w->serial = SERIAL;
    w->revision = "1";
    world_answers(w, "");
    world_serve(w);
    write_conf(w);
    *state = w;
    return 0;
}

int world_teardown(void **state)
{
    struct world *w = *state;
    httpd_free(w->server);
    pki_pub_free(w->agent_key);
    pki_pub_free(w->seal_key);
    buf_clear(&w->current_step);
    buf_clear(&w->traffic);
    buf_clear(&w->note);
    int failed = scratch_remove(w->folder);
    arena_free(w->a);
    free(w);
    return failed;
}

enum err world_try(struct world *w, struct job_report *r)
{
    struct job_options o = {.conf = &w->conf,
                            .server = agent_conf_server(&w->conf, NULL),
                            .lang = LANG_ZH,
                            .ticket = TICKET,
                            .no_browser = !w->browser,
                            .key_ms = w->key_ms ? w->key_ms : 5000,
                            .patience_ms = 5000,
                            .claim_ms = 10};
    w->outcome[0] = w->code[0] = 0;
    w->key_user_left = -1;
    return job_run(w->a, &o, r, &w->e);
}

struct job_report world_run(struct world *w)
{
    struct job_report r;
    assert_ok(world_try(w, &r), &w->e);
    return r;
}
