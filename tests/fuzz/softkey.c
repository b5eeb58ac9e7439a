/* The file of a soft UKey. Behind the digest nothing of a random file is reached, so the digest at the end is made right, unless the
 * input begins with a space. */
#include "fuzz.h"

#include "pki/digest.h"
#include "token/soft_image.h"
#include "token/token_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_begin(void)
{
}

static void seed(struct fuzz_seeds *s, const struct soft_image *im)
{
    _auto(arena) a = arena_new();
    struct bytes file;
    struct err_info e;
    MUST_OK(soft_image_write(a, im, &file, &e), &e);
    fuzz_seed(s, (struct bytes){file.p, file.n - DIGEST_LEN});
    fuzz_seed_text(s, " CERTHALL-UKEY-1\n");
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    struct soft_image im = {.generation = 1};
    static const struct bytes some = {(const uint8_t *)"0123456789", 10};
    snprintf(im.serial, sizeof im.serial, "FX2600071182");
    seed(s, &im);
    im.ready = 1;
    im.user_left = im.user_max = 6;
    im.admin_left = im.admin_max = 10;
    im.user.memory_kib = im.admin.memory_kib = 64;
    im.user.passes = im.admin.passes = 1;
    im.user.sealed = im.admin.sealed = some;
    snprintf(im.label, sizeof im.label, "泉州");
    seed(s, &im);
    for (im.keys = 0; im.keys < 3; im.keys++) {
        struct soft_key *k = &im.key[im.keys];
        snprintf(k->name, sizeof k->name, "order-%zu", im.keys);
        k->alg = (enum token_alg)(TOKEN_P256 + (int)im.keys);
        k->spki = k->sealed = k->certificate = some;
    }
    snprintf(im.object[0].name, sizeof im.object[0].name, "note");
    im.object[0].content = some;
    im.objects = 1;
    seed(s, &im);
}

static void check(struct arena *a, struct soft_image *im, struct bytes in)
{
    struct err_info e;
    struct bytes again;
    MUST(memchr(im->serial, 0, sizeof im->serial) && token_serial_ok(im->serial));
    MUST(memchr(im->label, 0, sizeof im->label) && im->keys <= SOFT_KEYS_MAX &&
         im->objects <= SOFT_OBJECTS_MAX);
    MUST(im->user_left <= im->user_max && im->admin_left <= im->admin_max);
    for (size_t i = 0; i < im->keys; i++)
        MUST(soft_image_key(im, im->key[i].name) != NULL);
    MUST(soft_image_object(im, "none of that name ") == NULL);
    /* written again it is the same file: there is one for each image */
    MUST_OK(soft_image_write(a, im, &again, &e), &e);
    MUST(again.n == in.n && !memcmp(again.p, in.p, in.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _auto(arena) a = arena_new();
    struct err_info e = {0};
    struct soft_image im;
    int raw = size && data[0] == ' ';
    uint8_t *file = mem_alloc(size + DIGEST_LEN);
    size_t n = raw ? size - 1 : size;
    if (size)
        memcpy(file, data + raw, n);
    if (!raw) {
        digest_sha256((struct bytes){file, n}, file + n);
        n += DIGEST_LEN;
    }
    struct bytes in = fuzz_copy(file, n);
    memset(&im, 0xa5, sizeof im);
    enum err err = soft_image_read(a, in, &im, &e);
    if (err == ERR_OK) {
        check(a, &im, in);
    } else {
        MUST(err == ERR_TOKEN_DAMAGED);
        fuzz_refused(err, &e);
    }
    free((void *)(uintptr_t)in.p);
    free(file);
    return 0;
}
