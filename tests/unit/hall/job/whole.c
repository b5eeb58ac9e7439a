#include "whole.h"

#include "agentapi/agentapi.h"
#include "base/sys.h"
#include "base/text.h"
#include "hall/account/account.h"
#include "hall/intake/intake.h"
#include "hall/outbox/message.h"
#include "hall/project/project.h"
#include "pki/cert.h"
#include "pki/cms.h"
#include "pki/digest.h"
#include "pki/name.h"
#include "scratch.h"
#include "token/soft.h"
#include "token/soft_priv.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char LIST[] =
    "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email\n"
    "add,泉州海丝供应链管理有限公司,FJQZ20260718A1,shenruolin,91350100M000100Y43,沈若琳,13805961234,shen.ruolin@example.com\n";

static void put_file(struct whole *w, const char *path, const char *text)
{
    assert_ok(file_replace(path, (struct bytes){(const uint8_t *)text, strlen(text)}, 0600, &w->e),
              &w->e);
}

/* ---- sockets ---- */

static struct httpd *serve_unix(struct whole *w, const char *name, int tag)
{
    static const struct httpd_options options = {.workers = 2};
    struct httpd *s = httpd_new(&options);
    struct httpd_listen l = {.unix_path = arena_fmt(w->a, "%s/%s.sock", w->folder, name),
                             .tag = tag,
                             .owner = (uid_t)-1,
                             .group = (gid_t)-1};
    assert_ok(httpd_listen(s, &l, &w->e), &w->e);
    return s;
}

void whole_ca_back(struct whole *w)
{
    w->ca_server = serve_unix(w, "ca", CA_SOCKET_HALL);
    ca_api_mount(w->ca_server, &w->ca_api);
    assert_ok(httpd_start(w->ca_server, &w->e), &w->e);
}

void whole_ca_away(struct whole *w)
{
    httpd_free(w->ca_server);
    w->ca_server = NULL;
}

static void open_authority(struct whole *w)
{
    struct kmc_options kmc = {.data = arena_fmt(w->a, "%s/kmc", w->folder),
                              .database = arena_fmt(w->a, "sqlite:%s/kmc/kmc.db", w->folder),
                              .clock = w->f->clock,
                              .releases_per_hour = KMC_RELEASES_AN_HOUR};
    ca_fixture_open(&w->ca, PKI_P256);
    w->ca_api = (struct ca_api){.ca = w->ca.ca};
    w->ca_api.policy[CA_SOCKET_HALL] = (struct peer_policy){.uid = {getuid()}, .uids = 1};
    whole_ca_back(w);
    assert_ok(kmc_init(&kmc, &w->e), &w->e);
    assert_ok(kmc_open(&kmc, &w->kmc, &w->e), &w->e);
    w->kmc_api = (struct kmc_api){.kmc = w->kmc};
    w->kmc_api.policy[KMC_SOCKET_HALL] = (struct peer_policy){.uid = {getuid()}, .uids = 1};
    w->kmc_server = serve_unix(w, "kmc", KMC_SOCKET_HALL);
    kmc_api_mount(w->kmc_server, &w->kmc_api);
    assert_ok(httpd_start(w->kmc_server, &w->e), &w->e);
    w->h->ca = ca_client_new(arena_fmt(w->a, "%s/ca.sock", w->folder), "");
    w->h->kmc = kmc_client_new(arena_fmt(w->a, "%s/kmc.sock", w->folder), "");
}

static void serve_agents(struct whole *w)
{
    static const struct httpd_options options = {.workers = 2};
    w->hall_server = httpd_new(&options);
    struct httpd_listen l = {.host = "127.0.0.1", .owner = (uid_t)-1, .group = (gid_t)-1};
    assert_ok(httpd_listen(w->hall_server, &l, &w->e), &w->e);
    w->h->public_url = arena_fmt(w->a, "http://127.0.0.1:%d", httpd_port(w->hall_server, 0));
    agentapi_mount(w->hall_server, w->h);
    assert_ok(httpd_start(w->hall_server, &w->e), &w->e);
}

static void start_post(struct whole *w)
{
    struct outbox_kind kinds[16];
    assert_ok(sms_files_new(w->outbox, w->f->clock, &w->sms, &w->e), &w->e);
    w->settings = (struct message_settings){.smtp_url = "",
                                            .smtp_user = "",
                                            .smtp_password = "",
                                            .smtp_ca = "",
                                            .from = "hall@example.com",
                                            .from_name = "证书大厅",
                                            .folder = w->outbox,
                                            .sms = sms_files_provider(w->sms)};
    message_kinds(&w->settings, kinds);
    size_t n = MESSAGE_KINDS + order_outbox_kinds(kinds + MESSAGE_KINDS, 16 - MESSAGE_KINDS);
    assert_ok(outbox_start(w->h, kinds, n, 0, &w->post, &w->e), &w->e);
}

/* ---- the maker's own UKey, certified and entered at the ca ---- */

static struct bytes certify(struct whole *w, struct bytes spki, const char *name)
{
    struct bytes subject, tbs, der;
    struct name_part part[] = {{NAME_C, "CN"}, {NAME_CN, name}};
    int64_t now = clock_machine();
    _auto(pki_signer) s = NULL;
    _auto(pki_pub) key = NULL;
    assert_ok(pki_pub_load(spki, &key, &w->e), &w->e);
    assert_ok(pki_signer_from_key(w->ca.regulator_key, &s, &w->e), &w->e);
    assert_ok(name_encode(part, 2, w->a, &subject, &w->e), &w->e);
    struct cert_spec spec = {.serial = cert_serial_new(w->a),
                             .issuer = subject,
                             .subject = subject,
                             .not_before = now - TIME_DAY,
                             .not_after = now + 300LL * TIME_DAY,
                             .key = key,
                             .issuer_key = s->pub,
                             .key_usage = CERT_KU_DIGITAL_SIGNATURE};
    assert_ok(cert_tbs(&spec, w->a, &tbs, &w->e), &w->e);
    assert_ok(cert_sign(tbs, s, w->a, &der, &w->e), &w->e);
    return der;
}

static struct bytes staff_key(struct whole *w, const char *folder, const char *serial)
{
    struct bytes spki;
    struct token_pin admin, user;
    _auto(token_place) place = NULL;
    _auto(token) t = NULL;
    assert_ok(token_pin_set(&admin, "ADMIN-one-1", &w->e), &w->e);
    assert_ok(token_pin_set(&user, "maker-pin-1", &w->e), &w->e);
    assert_ok(token_soft_create_blank(folder, serial, &w->e), &w->e);
    assert_ok(token_soft_place(folder, &place, &w->e), &w->e);
    token_soft_folder(place)->memory_kib = 8;
    token_soft_folder(place)->passes = 1;
    assert_ok(token_open(place, serial, &t, &w->e), &w->e);
    struct token_initialise how = {
        .label = "staff", .admin = &admin, .user = &user, .admin_tries = 10, .user_tries = 6};
    assert_ok(token_initialise(t, &how, &w->e), &w->e);
    assert_ok(token_login(t, &user, &w->e), &w->e);
    assert_ok(token_generate(t, "staff", TOKEN_P256, &w->e), &w->e);
    assert_ok(token_public_key(t, "staff", w->a, &spki, &w->e), &w->e);
    struct bytes der = certify(w, spki, "许建民");
    assert_ok(token_import_certificate(t, "staff", der, &w->e), &w->e);
    return der;
}

static void enter_maker(struct whole *w)
{
    struct cert_view view;
    struct hall_tx tx;
    struct bytes der = staff_key(w, w->staff, MAKER);
    assert_ok(cert_view(der, w->a, &view, &w->e), &w->e);
    assert_ok(ca_staff_enter(w->ca.ca, "许建民", "maker", der, "罗静", &w->e), &w->e);
    hall_write(w->f, &hall_system, &tx);
    struct ukey_staff own = {w->xu.id, MAKER, view.serial};
    assert_ok(ukey_staff_put(&tx, &own, &w->e), &w->e);
    hall_done(w->f, &tx);
}

/* ---- the order ---- */

static void import(struct whole *w)
{
    struct hall_tx tx;
    struct intake_report r;
    struct account acc;
    char batch[65];
    struct bytes p7s, file = {(const uint8_t *)LIST, strlen(LIST)};
    static const struct actor zhou = {BY_STAFF, 9, "周启明", "regulator", "127.0.0.1"};
    hall_write(w->f, &hall_system, &tx);
    assert_ok(intake_set_regulator(&tx, P, w->ca.regulator, &w->e), &w->e);
    hall_done(w->f, &tx);
    assert_ok(cms_sign_detached(file, w->ca.regulator, w->ca.regulator_key, clock_machine(), w->a,
                                &p7s, &w->e),
              &w->e);
    struct intake_file in = {.project = P, .name = "list.csv", .content = file, .signature = p7s};
    assert_ok(intake_read(w->h, w->a, &in, &w->e), &w->e);
    hall_write(w->f, &zhou, &tx);
    assert_ok(intake_import(&tx, &in, &r, &w->e), &w->e);
    assert_ok(account_find(&tx, P, "FJQZ20260718A1", "shenruolin", &acc, &w->e), &w->e);
    hall_done(w->f, &tx);
    assert_ok(ca_fixture_take(&w->ca, LIST, batch, &w->e), &w->e);
    w->o.account = acc.id;
    w->o.institution = acc.institution;
    w->o.shen = (struct actor){BY_APPLICANT, acc.id, "沈若琳", "", "127.0.0.1"};
}

static void pay(struct whole *w)
{
    static const enum flow_actor bank = ACTOR_EXTERNAL;
    struct order_money money = {"net_bank", "T1", 30000, clock_business(w->f->clock)};
    struct order_input in = {.as = &bank, .money = &money};
    order_hold(&in, GUARD_SIGNATURE_OK);
    assert_ok(order_event(&w->o, w->order, EVENT_PAY_SUCCESS, &hall_system, &in), &w->o.e);
}

static void stock(struct whole *w)
{
    static const char *const serial[] = {SERIAL};
    struct hall_tx tx;
    struct ukey_stock in = {
        .project = P, .prefix = "FX", .model = "soft", .batch = "1", .serial = serial, .n = 1};
    assert_ok(token_soft_create_blank(w->bench, SERIAL, &w->e), &w->e);
    hall_write(w->f, &w->xu, &tx);
    assert_ok(ukey_stock_in(&tx, &in, &w->e), &w->e);
    hall_done(w->f, &tx);
}

/* ---- set up, take down ---- */

static void folders(struct whole *w)
{
    snprintf(w->folder, sizeof w->folder, "/tmp/certhall-whole-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->keys, sizeof w->keys, "%s/keys", w->folder);
    snprintf(w->bench, sizeof w->bench, "%s/bench", w->folder);
    snprintf(w->staff, sizeof w->staff, "%s/staff", w->folder);
    snprintf(w->outbox, sizeof w->outbox, "%s/outbox", w->folder);
    snprintf(w->conf_path, sizeof w->conf_path, "%s/agent.conf", w->folder);
    assert_int_equal(mkdir(w->keys, 0700) | mkdir(w->bench, 0700) | mkdir(w->staff, 0700) |
                         mkdir(w->outbox, 0700),
                     0);
    setenv("CERTHALL_TEST_PINENTRY", w->folder, 1);
    setenv("PATH", "/usr/bin:/bin",
           1); /* the scripted pinentry is started often: no wrappers before python */
    put_file(w, arena_fmt(w->a, "%s/answers", w->folder), "");
}

static void agent_settings(struct whole *w)
{
    put_file(
        w, w->conf_path,
        arena_fmt(
            w->a,
            "pinentry = " PINENTRY
            "\nlanguage = zh\nserver.bench-7.name = 证书大厅\nserver.bench-7.url = %s\nserver.bench-7.demo = yes\n"
            "server.bench-7.keys = %s\nserver.bench-7.bench = yes\nserver.bench-7.bench_keys = %s\nserver.bench-7.maker_keys = %s\n",
            w->h->public_url, w->keys, w->bench, w->staff));
}

int whole_setup(void **state)
{
    struct whole *w = mem_alloc(sizeof *w);
    void *inner;
    signal(SIGPIPE, SIG_IGN);
    hall_setup(&inner);
    w->f = inner;
    w->h = &w->f->hall;
    w->a = w->f->arena;
    w->xu = (struct actor){BY_STAFF, 31, "许建民", "maker", "127.0.0.1"};
    w->he = (struct actor){BY_STAFF, 34, "何嘉敏", "shipping", "127.0.0.1"};
    w->chen = (struct actor){BY_STAFF, 35, "陈立言", "support", "127.0.0.1"};
    w->liang = (struct actor){BY_STAFF, 36, "梁佩珊", "support", "127.0.0.1"};
    folders(w);
    w->o.f = w->f;
    w->o.h = w->h;
    w->o.projects = projects_new();
    assert_ok(projects_load(w->o.projects, PROFILES_DIR, &w->e), &w->e);
    w->h->projects = w->o.projects;
    hall_decoders(w->f);
    w->h->intake_hooks = &order_intake_hooks;
    open_authority(w);
    serve_agents(w);
    start_post(w);
    agent_settings(w);
    import(w);
    hall_tamper(
        w->f,
        "UPDATE account SET usable_from = 0"); /* days later, without moving the clock of the ca */
    stock(w);
    enter_maker(w);
    w->order = order_submitted(&w->o, NULL).id;
    pay(w);
    *state = w;
    return 0;
}

int whole_teardown(void **state)
{
    struct whole *w = *state;
    void *inner = w->f;
    httpd_free(w->hall_server);
    httpd_free(w->ca_server);
    httpd_free(w->kmc_server);
    outbox_free(w->post);
    sms_files_free(w->sms);
    ca_client_free(w->h->ca);
    kmc_client_free(w->h->kmc);
    kmc_free(w->kmc);
    ca_fixture_close(&w->ca);
    projects_free(w->o.projects);
    scratch_remove(w->folder);
    hall_teardown(&inner);
    free(w);
    return 0;
}

/* ---- what agent_run.c needs ---- */

const char *whole_conf_path(struct whole *w)
{
    return w->conf_path;
}

const char *whole_answers_path(struct whole *w)
{
    return arena_fmt(w->a, "%s/answers", w->folder);
}

struct arena *whole_arena(struct whole *w)
{
    return w->a;
}

/* ---- jobs ---- */

enum err whole_make(struct whole *w, const struct actor *who, const struct job_new *n,
                    struct job *out)
{
    struct hall_tx tx;
    hall_write(w->f, who, &tx);
    enum err err = job_make(&tx, n, out, &w->e);
    if (err == ERR_OK)
        hall_done(w->f, &tx);
    hall_end(&tx);
    return err;
}

struct job whole_produce(struct whole *w)
{
    struct job job;
    struct job_new n = {
        .kind = JOB_PRODUCE, .browser = BENCH_BROWSER, .project = P, .order = w->order};
    assert_ok(whole_make(w, &w->xu, &n, &job), &w->e);
    return job;
}

struct job whole_job(struct whole *w, int64_t id, const char *browser)
{
    struct hall_tx tx;
    struct job job;
    hall_read(w->f, &tx);
    assert_ok(job_get(&tx, id, browser, &job, &w->e), &w->e);
    hall_end(&tx);
    return job;
}

const char *whole_token(struct whole *w, const struct agent_run *r)
{
    assert_non_null(r->finish);
    const char *mark = strchr(r->finish, '#');
    assert_non_null(mark);
    assert_true(mark[1] && mark[2] == '.'); /* #p.<token>, #c.<token> */
    return arena_text(w->a, mark + 3);
}

enum err whole_finish(struct whole *w, const struct actor *who, const char *browser,
                      const char *token, struct job_finished *out)
{
    return job_finish(w->h, who, browser, token, w->a, out, &w->e);
}

void whole_made(struct whole *w)
{
    struct job_finished done;
    struct job job = whole_produce(w);
    struct agent_run r = agent_run(w, job.ticket, "pin maker-pin-1\n");
    assert_true(r.done);
    assert_ok(whole_finish(w, &w->xu, BENCH_BROWSER, whole_token(w, &r), &done), &w->e);
}

void whole_sent(struct whole *w)
{
    struct order_parcel parcel = {"EMS", "EM123456789CN"};
    struct order_input in = {.parcel = &parcel}, quality = {0};
    whole_made(w);
    order_hold(&quality, GUARD_PROVEN);
    assert_ok(order_event(&w->o, w->order, EVENT_FUL_QUALITY, &w->he, &quality), &w->o.e);
    assert_ok(order_event(&w->o, w->order, EVENT_FUL_HAND_OVER, &w->he, &in), &w->o.e);
    const char *from = arena_fmt(w->a, "%s/" SERIAL ".ukey", w->bench),
               *to = arena_fmt(w->a, "%s/" SERIAL ".ukey", w->keys);
    assert_int_equal(rename(from, to), 0);
}

/* The shipping notice goes out by SMS as well: the code stands behind "code=". */
const char *whole_sms_code(struct whole *w)
{
    int done;
    struct dirent *d;
    const char *code = NULL;
    assert_ok(outbox_run(w->post, &done, &w->e), &w->e);
    DIR *dir = opendir(w->outbox);
    assert_non_null(dir);
    while (!code && (d = readdir(dir))) {
        struct bytes text;
        if (d->d_name[0] == '.')
            continue;
        assert_ok(
            file_read(w->a, arena_fmt(w->a, "%s/%s", w->outbox, d->d_name), 65536, &text, &w->e),
            &w->e);
        const char *at = strstr((const char *)text.p, "code=");
        code = at ? arena_text_n(w->a, at + 5, 6) : NULL;
    }
    closedir(dir);
    assert_non_null(code);
    return code;
}

void whole_activated(struct whole *w)
{
    struct hall_tx tx;
    struct job_sms sms;
    struct job job;
    struct job_finished done;
    whole_sent(w);
    hall_write(w->f, &w->o.shen, &tx);
    assert_ok(job_sms_send(&tx, USER_BROWSER, SERIAL, "code={code} {minutes}", &sms, &w->e), &w->e);
    hall_done(w->f, &tx);
    assert_ok(job_sms_verify(w->h, &w->o.shen, USER_BROWSER, sms.id, whole_sms_code(w), w->a, &sms,
                             &w->e),
              &w->e);
    struct job_new n = {.kind = JOB_ACTIVATE,
                        .browser = USER_BROWSER,
                        .project = P,
                        .serial = SERIAL,
                        .sms = sms.id};
    assert_ok(whole_make(w, &w->o.shen, &n, &job), &w->e);
    struct agent_run r = agent_run(w, job.ticket, "pin Right-pin-1\npin Right-pin-1\n");
    assert_true(r.done);
    assert_ok(whole_finish(w, &w->o.shen, USER_BROWSER, whole_token(w, &r), &done), &w->e);
}

/* ---- an agent played by hand ---- */

struct hand hand_new(struct whole *w)
{
    struct hand h = {.w = w, .time = clock_machine() - 1000};
    assert_ok(pki_key_new(PKI_P256, &h.key, &w->e), &w->e);
    assert_ok(pki_key_new(PKI_P256, &h.seal, &w->e), &w->e);
    return h;
}

void hand_free(struct hand *h)
{
    pki_key_free(h->key);
    pki_key_free(h->seal);
    json_decref(h->last);
}

static void keep_answer(struct hand *h, struct buf *b)
{
    json_decref(h->last);
    h->last = NULL;
    assert_ok(json_parse(b->p, b->n, &h->last, &h->w->e), &h->w->e);
}

enum err hand_fetch(struct hand *h, const char *ticket, const char *code)
{
    struct json_out j;
    _auto_buf b;
    struct job_fetch f = {.ticket = ticket,
                          .code = code,
                          .agent_key = pki_pub_point(pki_key_pub(h->key)),
                          .seal_key = pki_pub_point(pki_key_pub(h->seal)),
                          .version = "hand",
                          .address = "127.0.0.1"};
    buf_init(&b, 65536);
    jout_init(&j, &b);
    TRY(job_agent_fetch(h->w->h, &f, h->w->a, &j, &h->w->e));
    keep_answer(h, &b);
    assert_ok(json_get_id(h->last, "job", &h->id, &h->w->e), &h->w->e);
    return ERR_OK;
}

enum err hand_raw(struct hand *h, const struct pki_key *key, const char *call, int64_t time,
                  const char *signed_body, const char *sent_body)
{
    struct whole *w = h->w;
    uint8_t sum[DIGEST_LEN];
    struct bytes sig;
    struct json_out j;
    _auto_json in = NULL;
    _auto_buf b;
    _auto(pki_signer) s = NULL;
    struct job_signed r = {
        .id = h->id,
        .method = "POST",
        .path = arena_fmt(w->a, "/api/v1/agent/jobs/%lld/%s", (long long)h->id, call),
        .time = arena_fmt(w->a, "%lld", (long long)time),
        .body = {(const uint8_t *)sent_body, strlen(sent_body)}};
    digest_sha256((struct bytes){(const uint8_t *)signed_body, strlen(signed_body)}, sum);
    char *text = arena_fmt(w->a, "POST\n%s\n%s\n%s", r.path, r.time,
                           text_hex(w->a, (struct bytes){sum, sizeof sum}));
    assert_ok(pki_signer_from_key(key, &s, &w->e), &w->e);
    assert_ok(pki_sign(s, (struct bytes){(const uint8_t *)text, strlen(text)}, w->a, &sig, &w->e),
              &w->e);
    r.signature = text_base64(w->a, sig);
    assert_ok(json_parse(r.body.p, r.body.n, &in, &w->e), &w->e);
    r.in = in;
    buf_init(&b, 65536);
    jout_init(&j, &b);
    TRY(strcmp(call, "step") ? job_agent_result(w->h, &r, w->a, &j, &w->e)
                             : job_agent_step(w->h, &r, w->a, &j, &w->e));
    keep_answer(h, &b);
    return ERR_OK;
}

enum err hand_call(struct hand *h, const char *call, const char *body)
{
    int64_t now = clock_machine();
    h->time = now > h->time ? now : h->time + 1;
    return hand_raw(h, h->key, call, h->time, body, body);
}

const char *hand_step(struct hand *h)
{
    return json_opt_text(h->last, "step", "");
}

/* ---- states ---- */

int whole_ukey(struct whole *w)
{
    struct hall_tx tx;
    struct ukey k;
    hall_read(w->f, &tx);
    assert_ok(ukey_get(&tx, SERIAL, &k, &w->e), &w->e);
    hall_end(&tx);
    return k.state;
}

int whole_certificate(struct whole *w, struct certificate *out)
{
    struct hall_tx tx;
    int found;
    hall_read(w->f, &tx);
    assert_ok(certificate_of_order(&tx, w->order, out, &found, &w->e), &w->e);
    hall_end(&tx);
    return found ? out->state : FLOW_CERTIFICATE_NONE;
}

struct order whole_order(struct whole *w)
{
    return order_now_of(&w->o, w->order);
}
