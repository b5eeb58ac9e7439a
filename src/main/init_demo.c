/* The demo's outside world, as far as it is files: the regulator's key and list, UKeys, people, the agent's settings. */
#include "main/init.h"

#include "base/text.h"
#include "ca/ca.h"
#include "main/people.h"
#include "pki/cms.h"
#include "pki/csr.h"
#include "pki/pem.h"
#include "reglist/reglist.h"
#include "token/soft.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEMO_STARTS_BACK_DAYS = 60, BLANK_UKEYS = 12, REGULATOR_YEARS = 5, STAFF_DAYS = 3 * 365 };

static const char PROJECT[] = "aml-reporting";
static const char MAKER_UKEY[] = "ST2600000001";

static char *demo_path(const struct init_options *o, const char *name)
{
    return arena_fmt(o->place.arena, "%s/demo/%s", o->place.data, name);
}

static struct bytes as_bytes(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* A story starts in the past and is moved up to now, at nine in the morning in China (design §3). */
enum err init_demo_clock(const struct init_options *o, struct err_info *e)
{
    int32_t day = time_china_day(clock_machine()) - DEMO_STARTS_BACK_DAYS;
    TRY(folder_make(demo_path(o, "outbox"), 0755, e));
    return clock_demo_set(demo_path(o, "clock"), time_from_china_day(day) + 9LL * TIME_HOUR, e);
}

/* ---- the regulator ---- */

static enum err certify_regulator(const struct pki_signer *s, int64_t now, struct arena *a,
                                  struct bytes *der, struct err_info *e)
{
    struct name_part part[] = {
        {NAME_C, "CN"}, {NAME_O, "反洗钱中心（演示）"}, {NAME_CN, "名单签名"}};
    struct bytes subject, tbs;
    TRY(name_encode(part, 3, a, &subject, e));
    struct cert_spec spec = {.serial = cert_serial_new(a),
                             .issuer = subject,
                             .subject = subject,
                             .not_before = now - TIME_DAY,
                             .not_after = now + REGULATOR_YEARS * 365LL * TIME_DAY,
                             .key = s->pub,
                             .issuer_key = s->pub,
                             .key_usage = CERT_KU_DIGITAL_SIGNATURE | CERT_KU_NON_REPUDIATION};
    TRY(cert_tbs(&spec, a, &tbs, e));
    return cert_sign(tbs, s, a, der, e);
}

static const char LIST[] =
    "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email,code\r\n"
    "add,泉州海丝供应链管理有限公司,F3505030000117,沈若琳,91350503MA2Y7K4H0@,沈若琳,13805952716,shen.ruolin@haisi.example,\r\n"
    "add,厦门鹭岛融资担保有限公司,F3502030000224,陈思远,91350203MA31CX7T8@,陈思远,13600960718,chen.siyuan@ludao.example,\r\n"
    "add,福州榕投基础设施建设有限公司,F3501020000331,林国辉,91350102MA8RTL204@,林国辉,13959112046,lin.guohui@rongtou.example,\r\n";

/* The check digits are computed, so that the list is right by the rule itself and not by a copy of its result. */
static char *list_text(struct arena *a)
{
    char *text = arena_text(a, LIST);
    for (char *at = strchr(text, '@'); at; at = strchr(at + 1, '@'))
        if (at[1] == ',')
            *at = reglist_uscc_check_digit(at - 17);
    return text;
}

static enum err make_regulator(const struct init_options *o, struct ca *ca, int64_t now,
                               struct err_info *e)
{
    struct arena *a = o->place.arena;
    _auto(pki_key) key = NULL;
    _auto(pki_signer) signer = NULL;
    struct bytes pem, der, p7s, list = as_bytes(list_text(a));
    char *folder = demo_path(o, "regulator");
    TRY(folder_make(folder, 0700, e));
    TRY(pki_key_new(PKI_P256, &key, e));
    TRY(pki_signer_from_key(key, &signer, e));
    TRY(certify_regulator(signer, now, a, &der, e));
    TRY(pki_key_save(key, NULL, a, &pem, e));
    TRY(file_replace(arena_fmt(a, "%s/regulator.key", folder), pem, 0600, e));
    TRY(file_replace(arena_fmt(a, "%s/regulator.crt", folder),
                     as_bytes(pem_encode(a, "CERTIFICATE", der)), 0644, e));
    TRY(cms_sign_detached(list, der, key, now, a, &p7s, e));
    TRY(file_replace(arena_fmt(a, "%s/list.csv", folder), list, 0644, e));
    TRY(file_replace(arena_fmt(a, "%s/list.csv.p7s", folder), p7s, 0644, e));
    return ca_regulator_enter(ca, PROJECT, der, "方正", e);
}

/* ---- UKeys ---- */

/* In a demo the parcel is the key file that the hall moves from the bench's folder to the user's. */
static enum err make_ukey_folder(const struct init_options *o, const char *name, struct err_info *e)
{
    char *folder = demo_path(o, arena_fmt(o->place.arena, "ukeys/%s", name));
    const struct group *hall = o->separate ? getgrnam("certhall-hall") : NULL;
    TRY(init_empty(folder, e)); /* an init that was interrupted: their PINs are forgotten */
    TRY(folder_make(folder, 0755, e));
    if (chmod(folder, hall ? 0770 : 0700) || (hall && chown(folder, (uid_t)-1, hall->gr_gid)))
        return err_set(e, ERR_IO, NULL, "%s: cannot set its mode", folder);
    return ERR_OK;
}

static enum err make_blanks(const struct init_options *o, struct err_info *e)
{
    for (int i = 0; i < BLANK_UKEYS; i++)
        TRY(token_soft_create_blank(demo_path(o, "ukeys/bench"),
                                    arena_fmt(o->place.arena, "FX26%08d", 71182 + i), e));
    return ERR_OK;
}

/* A signer over the maker's UKey, for its CSR. */
struct ukey_signer {
    struct pki_signer signer;
    struct token *token;
};

static enum err sign_with_ukey(const struct pki_signer *s, struct bytes msg, struct arena *a,
                               struct bytes *sig, struct err_info *e)
{
    return token_sign(((const struct ukey_signer *)s)->token, "staff", msg, a, sig, e);
}

/* What soft UKeys cannot (RSA-3072) is refused by the UKey. */
static enum token_alg ukey_algorithm(const struct init_options *o)
{
    static const enum token_alg algs[] = {
        [PKI_P256] = TOKEN_P256, [PKI_SM2] = TOKEN_SM2, [PKI_RSA2048] = TOKEN_RSA2048};
    return o->alg[0] <= PKI_RSA2048 ? algs[o->alg[0]] : 0;
}

static enum err certify_maker(const struct init_options *o, struct ca *ca, struct token *t,
                              const char *name, struct err_info *e)
{
    struct arena *a = o->place.arena;
    struct bytes spki, subject, csr;
    _auto(pki_pub) pub = NULL;
    struct ca_answer answer;
    struct name_part part[] = {{NAME_CN, MAKER_UKEY}};
    TRY(token_generate(t, "staff", ukey_algorithm(o), e));
    TRY(token_public_key(t, "staff", a, &spki, e));
    TRY(pki_pub_load(spki, &pub, e));
    struct ukey_signer signer = {.signer = {.pub = pub, .sign = sign_with_ukey}, .token = t};
    TRY(name_encode(part, 1, a, &subject, e));
    TRY(csr_build(subject, &signer.signer, a, &csr, e));
    struct ca_staff_in in = {.name = name,
                             .role = "maker",
                             .organisation = o->organisation,
                             .ukey = MAKER_UKEY,
                             .by = "罗静",
                             .csr = csr,
                             .days = STAFF_DAYS};
    TRY(ca_staff_certify(ca, &in, a, &answer, e));
    return token_import_certificate(t, "staff", answer.certificate, e);
}

static enum err make_maker(const struct init_options *o, struct ca *ca, struct people *people,
                           struct err_info *e)
{
    _auto(token_place) place = NULL;
    _auto(token) t = NULL;
    _auto_pin admin, user;
    struct person *maker = people_find(people, "maker");
    char *folder = demo_path(o, "ukeys/staff");
    token_pin_random(&admin); /* forgotten: this key is made anew when its PIN is lost */
    TRY(token_pin_set(&user, maker->ukey_pin, e));
    TRY(token_soft_create_blank(folder, MAKER_UKEY, e));
    TRY(token_soft_place(folder, &place, e));
    TRY(token_open(place, MAKER_UKEY, &t, e));
    struct token_initialise how = {
        .label = maker->name, .admin = &admin, .user = &user, .admin_tries = 6, .user_tries = 6};
    TRY(token_initialise(t, &how, e));
    TRY(token_login(t, &user, e));
    return certify_maker(o, ca, t, maker->name, e);
}

/* ---- the agent ---- */

static enum err write_agent_conf(const struct init_options *o, struct err_info *e)
{
    struct arena *a = o->place.arena;
    const char *ukeys = demo_path(o, "ukeys");
    return file_replace(
        demo_path(o, "agent.conf"),
        as_bytes(arena_fmt(
            a,
            "# the demo's agent: certhall-agent --config <this file> open certhall:…\n"
            "pinentry = /usr/bin/pinentry\nbrowser = /usr/bin/xdg-open\n"
            "server.hall.name = 证书大厅（演示）\nserver.hall.url = %s\n"
            "server.hall.demo = yes\nserver.hall.keys = %s/user\nserver.hall.bench = yes\n"
            "server.hall.bench_keys = %s/bench\nserver.hall.maker_keys = %s/staff\n",
            o->public_url, ukeys, ukeys, ukeys)),
        0600, e);
}

enum err init_demo(const struct init_options *o, const struct clock *clock, struct people *people,
                   struct err_info *e)
{
    struct ca_options options = {.data = place_folder(&o->place, "ca"),
                                 .database = init_database(o, "ca"),
                                 .status_url = o->status_url,
                                 .clock = clock};
    _auto(ca) ca = NULL;
    TRY(ca_open(&options, &ca, e));
    TRY(make_regulator(o, ca, clock_business(clock), e));
    TRY(make_ukey_folder(o, "bench", e));
    TRY(make_ukey_folder(o, "user", e));
    TRY(make_ukey_folder(o, "staff", e));
    TRY(make_blanks(o, e));
    TRY(make_maker(o, ca, people, e));
    return write_agent_conf(o, e);
}
