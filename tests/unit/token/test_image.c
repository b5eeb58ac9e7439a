/* Images of soft UKeys: torn, altered and impossible ones. */
#include "testing.h"

#include "pki/digest.h"
#include "token/soft.h"
#include "token/soft_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct soft_image full(struct arena *a)
{
    struct soft_image im = {.generation = 7,
                            .user_left = 2,
                            .admin_left = 3,
                            .ready = 1,
                            .user_max = 6,
                            .admin_max = 10};
    snprintf(im.serial, sizeof im.serial, "FX2600071182");
    snprintf(im.label, sizeof im.label, "泉州");
    im.user.memory_kib = im.admin.memory_kib = 64;
    im.user.passes = im.admin.passes = 1;
    im.user.sealed = im.admin.sealed = arena_bytes(a, "sealed", 6);
    snprintf(im.key[0].name, sizeof im.key[0].name, "order-1");
    im.key[0].alg = TOKEN_P256;
    im.key[0].spki = arena_bytes(a, "spki", 4);
    im.key[0].sealed = arena_bytes(a, "private", 7);
    im.keys = 1;
    snprintf(im.object[0].name, sizeof im.object[0].name, "note");
    im.object[0].content = arena_bytes(a, "x", 1);
    im.objects = 1;
    return im;
}

static struct bytes file_of(struct arena *a, const struct soft_image *im)
{
    struct bytes file;
    struct err_info e;
    assert_ok(soft_image_write(a, im, &file, &e), &e);
    return file;
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct soft_image im = full(a), back;
    struct err_info e;
    assert_ok(soft_image_read(a, file_of(a, &im), &back, &e), &e);
    assert_int_equal(back.generation, 7);
    assert_int_equal(back.user_left, 2);
    assert_string_equal(back.label, "泉州");
    assert_string_equal(back.key[0].name, "order-1");
    assert_memory_equal(back.key[0].sealed.p, "private", 7);
    assert_memory_equal(back.object[0].content.p, "x", 1);
}

static void every_torn_file_is_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct soft_image im = full(a), back;
    struct bytes file = file_of(a, &im);
    struct err_info e;
    for (size_t n = 0; n < file.n; n++)
        assert_err(ERR_TOKEN_DAMAGED, soft_image_read(a, (struct bytes){file.p, n}, &back, &e));
}

static void every_flipped_octet_is_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct soft_image im = full(a), back;
    struct bytes file = file_of(a, &im);
    uint8_t *copy = arena_alloc(a, file.n);
    struct err_info e;
    for (size_t i = 0; i < file.n; i++) {
        memcpy(copy, file.p, file.n);
        copy[i] ^= 0x20;
        assert_err(ERR_TOKEN_DAMAGED, soft_image_read(a, (struct bytes){copy, file.n}, &back, &e));
    }
}

/* With the digest made right again, so that the rules behind it speak. */
static void nothing_impossible_gets_past_a_right_digest(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct soft_image im = full(a), back;
    struct bytes file = file_of(a, &im);
    struct err_info e;
    for (size_t i = 16; i < file.n - DIGEST_LEN; i++) {
        for (int v = 0; v < 256; v += 51) {
            uint8_t *copy = arena_alloc(a, file.n);
            memcpy(copy, file.p, file.n);
            copy[i] = (uint8_t)v;
            digest_sha256((struct bytes){copy, file.n - DIGEST_LEN}, copy + file.n - DIGEST_LEN);
            enum err err = soft_image_read(a, (struct bytes){copy, file.n}, &back, &e);
            assert_true(err == ERR_OK || err == ERR_TOKEN_DAMAGED);
            if (err == ERR_OK) {
                assert_true(back.user_left <= back.user_max && back.user_max <= TOKEN_TRIES_MAX);
                assert_true(back.keys <= SOFT_KEYS_MAX && back.user.memory_kib <= 1 << 20);
            }
        }
        arena_reset(a);
        im = full(a);
        file = file_of(a, &im);
    }
}

static void a_counter_over_its_maximum_is_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct soft_image im = full(a), back;
    struct err_info e;
    im.user_left = im.user_max + 1;
    assert_err(ERR_TOKEN_DAMAGED, soft_image_read(a, file_of(a, &im), &back, &e));
    im = full(a);
    im.user.memory_kib = 2 << 20;
    assert_err(ERR_TOKEN_DAMAGED, soft_image_read(a, file_of(a, &im), &back, &e));
    im = full(a);
    snprintf(im.serial, sizeof im.serial, "../x");
    assert_err(ERR_TOKEN_DAMAGED, soft_image_read(a, file_of(a, &im), &back, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(every_torn_file_is_refused),
        cmocka_unit_test(every_flipped_octet_is_refused),
        cmocka_unit_test(nothing_impossible_gets_past_a_right_digest),
        cmocka_unit_test(a_counter_over_its_maximum_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
