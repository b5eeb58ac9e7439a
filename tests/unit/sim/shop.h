/* A merchant of the simulated bank: a folder with its registration, a key, and signed requests. */
#ifndef CERTHALL_TEST_SIM_SHOP_H
#define CERTHALL_TEST_SIM_SHOP_H

#include "testing.h"

#include "base/sys.h"
#include "base/text.h"
#include "base/time.h"
#include "sim/bank.h"
#include "sim/sign.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SHOP_PARAMS_MAX = 16 };

struct shop {
    char folder[64];
    struct sim_key *key;
};

__attribute__((unused)) static void shop_open(struct shop *s)
{
    struct err_info e;
    struct bytes pem;
    _auto(arena) a = arena_new();
    snprintf(s->folder, sizeof s->folder, "/tmp/certhall-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    assert_ok(sim_key_open(s->folder, "shop", &s->key, &e), &e);
    assert_ok(file_read(a, arena_fmt(a, "%s/shop-pub.pem", s->folder), 8192, &pem, &e), &e);
    _auto_buf b;
    struct json_out j;
    buf_init(&b, 16384);
    jout_init(&j, &b);
    jout_list(&j, NULL);
    jout_object(&j, NULL);
    jout_text(&j, "id", "certhall");
    jout_text(&j, "name", "证书服务中心");
    jout_text(&j, "public_key", (const char *)pem.p);
    jout_end(&j);
    jout_end(&j);
    assert_ok(file_replace(arena_fmt(a, "%s/merchants.json", s->folder), (struct bytes){b.p, b.n},
                           0600, &e),
              &e);
}

__attribute__((unused)) static void shop_close(struct shop *s)
{
    static const char *const files[] = {"shop-key.pem", "shop-pub.pem",   "bank-key.pem",
                                        "bank-pub.pem", "merchants.json", "bank.jsonl"};
    char path[120];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", s->folder, files[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(s->folder), 0);
    sim_key_free(s->key);
}

/* Change one parameter, or add it. */
__attribute__((unused)) static void with(struct httpd_pair *p, const char *name, const char *value)
{
    while (p->name && strcmp(p->name, name) != 0)
        p++;
    if (!p->name)
        p[1] = (struct httpd_pair){NULL, NULL};
    *p = (struct httpd_pair){name, value};
}

/* Add the time and the signature. */
__attribute__((unused)) static void shop_sign(const struct shop *s, struct arena *a,
                                              struct httpd_pair *p, int64_t at)
{
    struct err_info e;
    const char *sign;
    with(p, "time", time_rfc3339(a, at));
    assert_ok(sim_sign(s->key, a, sim_sign_text(a, p), &sign, &e), &e);
    with(p, "sign", sign);
}

#define assert_bank(code, call) assert_string_equal(bank_code_name(code), bank_code_name(call))

#endif
