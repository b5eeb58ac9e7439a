/* The bench: making a UKey (10.5 T2, T3; F2), resuming, refusing keys in use, wiping (T15). */
#include "world.h"

#include "base/text.h"
#include "pki/cert.h"
#include "pki/csr.h"
#include "pki/digest.h"
#include "pki/evidence.h"

#include <string.h>
#include <unistd.h>

static char *sum_of(struct world *w, struct bytes b)
{
    uint8_t sum[32];
    digest_sha256(b, sum);
    return text_hex(w->a, (struct bytes){sum, 32});
}

/* As the ca checks it: the request proves its key, the maker's UKey signed this request for this order. */
static int maker_is_right(struct world *w, const json_t *data)
{
    struct bytes message;
    struct err_info e;
    _auto(pki_pub) maker = NULL;
    uint8_t sum[32];
    digest_sha256(w->csr, sum);
    const struct evidence_make made = {.order = ORDER,
                                       .revision = "1",
                                       .csr_sum = sum,
                                       .ukey = SERIAL,
                                       .institution = "泉州海丝供应链管理有限公司",
                                       .reporting_code = "F3505030000117",
                                       .user = "沈若琳"};
    return evidence_make_bytes(&made, w->a, &message, &e) == ERR_OK &&
           cert_key(world_bytes(w, data, "certificate"), &maker, &e) == ERR_OK &&
           pki_verify(maker, message, world_bytes(w, data, "signature"), &e) == ERR_OK;
}

static int csr_is_right(struct world *w, const json_t *data)
{
    struct csr csr;
    struct err_info e;
    _auto(pki_pub) key = NULL;
    w->csr = world_bytes(w, data, "csr");
    w->public_key = world_bytes(w, data, "public_key");
    return csr_parse(w->csr, &csr, &e) == ERR_OK && csr_verify(&csr, &key, &e) == ERR_OK &&
           csr.spki.n == w->public_key.n && !memcmp(csr.spki.p, w->public_key.p, csr.spki.n);
}

/* Same request, same public key: the same certificate, as the ca does it. */
static struct bytes issue(struct world *w)
{
    struct err_info e;
    _auto(pki_pub) now = NULL;
    _auto(pki_pub) before = NULL;
    if (w->certificate.n && cert_key(w->certificate, &before, &e) == ERR_OK &&
        pki_pub_load(w->public_key, &now, &e) == ERR_OK && pki_pub_equal(now, before))
        return w->certificate;
    w->certificate = world_certificate(w, w->public_key);
    return w->certificate;
}

static const char *play_produce(struct world *w, const char *answered, const json_t *data,
                                struct json_out *out)
{
    if (!*answered)
        return "key";
    buf_fmt(&w->note, "%s ", answered);
    if (!strcmp(answered, "key")) {
        if (json_is_object(json_object_get(data, "journal")))
            buf_fmt(&w->note, "(%s) ", json_opt_text(json_object_get(data, "journal"), "step", ""));
        world_seal(w, out, "admin", 1, "ADMIN-PIN-000001");
        jout_text(out, "label", "泉州海丝");
        jout_int(out, "user_tries", 6);
        jout_int(out, "admin_tries", 10);
        return "initialise";
    }
    if (!strcmp(answered, "initialise")) {
        jout_text(out, "alg", w->alg ? w->alg : "p256");
        return "csr";
    }
    if (!strcmp(answered, "csr")) {
        buf_text(&w->note, csr_is_right(w, data) ? "" : "WRONG ");
        jout_text(out, "ukey", MAKER);
        jout_text(out, "institution", "泉州海丝供应链管理有限公司");
        jout_text(out, "reporting_code", "F3505030000117");
        jout_text(out, "user", "沈若琳");
        return "maker";
    }
    if (!strcmp(answered, "maker")) {
        buf_text(&w->note, maker_is_right(w, data) ? "" : "WRONG ");
        jout_text(out, "certificate", text_base64(w->a, issue(w)));
        return "write";
    }
    if (!strcmp(answered, "write")) {
        if (strcmp(json_opt_text(data, "certificate", ""), sum_of(w, w->certificate)) != 0)
            buf_text(&w->note, "WRONG ");
        jout_text(out, "challenge", w->challenge);
        return "prove";
    }
    if (world_check(w, data, w->certificate, "produce", ORDER, sum_of(w, w->certificate)) != ERR_OK)
        buf_text(&w->note, "WRONG ");
    return "done";
}

#define ALL "key initialise csr maker write prove "

static void ready(struct world *w)
{
    w->kind = "produce";
    w->next = play_produce;
    world_blank(w, w->bench, SERIAL);
    world_key(w, w->staff, MAKER, 1);
    world_answers(w, "always " MAKER " right-pin-1\n");
}

static void a_blank_key_gets_pair_certificate_and_proof(void **state)
{
    struct world *w = *state;
    ready(w);
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_string_equal(buf_cstr(&w->note), ALL);
    struct token_info info = world_info(w, w->bench, SERIAL);
    assert_int_equal(info.certificates, 1);
    assert_int_equal(info.user_max, 6);
    assert_int_equal(info.admin_max, 10);
    assert_string_equal(info.label, "泉州海丝");
    /* C-24: no PIN that anybody knows; the admin PIN is the kmc's and never went out in clear */
    assert_int_equal(info.first_pin, 1);
    assert_err(ERR_OK, world_try_admin(w, w->bench, SERIAL, "ADMIN-PIN-000001"));
    assert_null(memmem(w->traffic.p, w->traffic.n, "ADMIN-PIN", 9));
}

static void makes_a_pair_of(struct world *w, const char *alg, enum pki_alg made)
{
    _auto(pki_pub) pub = NULL;
    w->alg = alg;
    ready(w);
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_string_equal(buf_cstr(&w->note), ALL);
    assert_ok(pki_pub_load(w->public_key, &pub, &w->e), &w->e);
    assert_int_equal(pki_pub_alg(pub), made);
}

static void an_sm2_pair_is_made_where_the_project_says_so(void **state)
{
    makes_a_pair_of(*state, "sm2", PKI_SM2);
}

static void an_rsa_pair_is_made_where_the_project_says_so(void **state)
{
    makes_a_pair_of(*state, "rsa2048", PKI_RSA2048);
}

static void an_algorithm_that_no_ukey_has_is_refused(void **state)
{
    struct world *w = *state;
    w->alg = "rsa3072";
    ready(w);
    assert_int_equal(world_run(w).outcome, JOB_FAILED);
    assert_int_equal(world_info(w, w->bench, SERIAL).containers, 0);
}

static void the_maker_sees_order_institution_and_the_key_that_signs(void **state)
{
    struct world *w = *state;
    ready(w);
    (void)world_run(w);
    const char *log = world_dialogues(w);
    assert_non_null(strstr(log, "业务单：" ORDER));
    assert_non_null(strstr(log, "单位：泉州海丝供应链管理有限公司"));
    assert_non_null(strstr(log, "用户：沈若琳"));
    assert_non_null(strstr(log, "UKey：ST26 0000 0003"));
}

/* G-20: a new agent for the same order goes on where the last one stopped: nothing is made twice. */
static void a_second_agent_finds_the_journal_and_keeps_the_pair(void **state)
{
    struct world *w = *state;
    struct bytes first;
    ready(w);
    world_answers(w, "cancel\n"); /* the maker stops at his PIN */
    assert_int_equal(world_run(w).outcome, JOB_CANCELLED);
    first = w->public_key;
    w->note.n = 0;
    world_answers(w, "always " MAKER " right-pin-1\n");
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_string_equal(buf_cstr(&w->note), "key (keyed) initialise csr maker write prove ");
    assert_int_equal(first.n, w->public_key.n);
    assert_memory_equal(first.p, w->public_key.p, first.n);
    /* and once more over the finished key: the same certificate, still one container */
    struct bytes certificate = w->certificate;
    w->note.n = 0;
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_string_equal(buf_cstr(&w->note), "key (proven) initialise csr maker write prove ");
    assert_ptr_equal(certificate.p, w->certificate.p);
    assert_int_equal(world_info(w, w->bench, SERIAL).containers, 1);
}

static void pull_and_plug(struct world *w, const char *state)
{
    char *file = arena_fmt(w->a, "%s/%s.ukey", w->bench, SERIAL);
    char *away = arena_fmt(w->a, "%s/away", w->folder);
    if (!strcmp(state, "asking_pin") && !w->flag) {
        w->flag = 1;
        rename(file, away);
    } else if (!strcmp(state, "pulled") || !strcmp(state, "waiting_key")) {
        rename(away, file);
    }
}

/* G-20 */
static void a_pulled_key_is_waited_for_and_goes_on(void **state)
{
    struct world *w = *state;
    ready(w);
    w->on_progress = pull_and_plug;
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_int_equal(w->flag, 1);
    assert_string_equal(buf_cstr(&w->note), ALL);
}

static void a_key_in_use_is_not_made_anew(void **state)
{
    struct world *w = *state;
    ready(w);
    unlink(arena_fmt(w->a, "%s/%s.ukey", w->bench, SERIAL));
    world_key(w, w->bench, SERIAL, 1);
    assert_int_equal(world_run(w).outcome, JOB_FAILED);
    assert_string_equal(w->code, "agent.key_in_use");
    assert_err(ERR_OK, world_try_pin(w, w->bench, SERIAL, "right-pin-1"));
}

static void a_makers_key_that_is_the_one_being_made_is_refused(void **state)
{
    struct world *w = *state;
    ready(w);
    w->conf.server[0].maker_keys = w->bench;
    assert_int_equal(world_run(w).outcome, JOB_FAILED);
    assert_string_equal(w->code, "token.no_key");
}

/* ---- wipe ---- */

static const char *play_wipe(struct world *w, const char *answered, const json_t *data,
                             struct json_out *out)
{
    if (!*answered) {
        jout_bool(out, "returned", w->flag);
        return "wipe";
    }
    buf_text(&w->note, json_opt_text(json_object_get(data, "key"), "state", ""));
    return "done";
}

static void only_a_returned_key_is_wiped(void **state)
{
    struct world *w = *state;
    w->kind = "wipe";
    w->next = play_wipe;
    world_key(w, w->bench, SERIAL, 1);
    assert_int_equal(world_run(w).outcome, JOB_FAILED);
    assert_string_equal(w->code, "agent.key_in_use");
    assert_int_equal(world_info(w, w->bench, SERIAL).certificates, 1);
    w->flag = 1;
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_string_equal(buf_cstr(&w->note), "blank");
    assert_int_equal(world_info(w, w->bench, SERIAL).state, TOKEN_STATE_BLANK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD(a_blank_key_gets_pair_certificate_and_proof),
        WORLD(an_sm2_pair_is_made_where_the_project_says_so),
        WORLD(an_rsa_pair_is_made_where_the_project_says_so),
        WORLD(an_algorithm_that_no_ukey_has_is_refused),
        WORLD(the_maker_sees_order_institution_and_the_key_that_signs),
        WORLD(a_second_agent_finds_the_journal_and_keeps_the_pair),
        WORLD(a_pulled_key_is_waited_for_and_goes_on),
        WORLD(a_key_in_use_is_not_made_anew),
        WORLD(a_makers_key_that_is_the_one_being_made_is_refused),
        WORLD(only_a_returned_key_is_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
