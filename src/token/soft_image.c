#include "token/soft_image.h"

#include "pki/digest.h"
#include "token/token_priv.h"

#include <string.h>

static const char magic[] = "CERTHALL-UKEY-1\n";
enum { MAGIC_LEN = sizeof magic - 1 };

/* Bounds that a forged image may not leave: the KDF must not eat the machine. */
enum { MEMORY_MIN_KIB = 8, MEMORY_MAX_KIB = 1 << 20, PASSES_MAX = 16 };

/* ---- writing ---- */

static void put_number(struct buf *b, uint64_t v, int octets)
{
    for (int i = octets - 1; i >= 0; i--)
        buf_byte(b, (uint8_t)(v >> (8 * i)));
}

static void put_bytes(struct buf *b, struct bytes v)
{
    put_number(b, v.n, 4);
    buf_put(b, v.p, v.n);
}

static void put_text(struct buf *b, const char *s)
{
    put_bytes(b, (struct bytes){(const uint8_t *)s, strlen(s)});
}

static void put_wrap(struct buf *b, const struct soft_wrap *w)
{
    buf_put(b, w->salt, sizeof w->salt);
    put_number(b, w->memory_kib, 4);
    put_number(b, w->passes, 4);
    put_bytes(b, w->sealed);
}

static void put_content(struct buf *b, const struct soft_image *im)
{
    put_text(b, im->serial);
    put_number(b, (uint64_t)im->ready, 1);
    if (!im->ready)
        return;
    put_text(b, im->label);
    buf_put(b, im->birth, sizeof im->birth);
    put_number(b, (uint64_t)im->user_max, 1);
    put_number(b, (uint64_t)im->admin_max, 1);
    put_number(b, (uint64_t)im->first_pin, 1);
    put_wrap(b, &im->user);
    put_wrap(b, &im->admin);
    put_number(b, im->keys, 1);
    for (size_t i = 0; i < im->keys; i++) {
        put_text(b, im->key[i].name);
        put_number(b, im->key[i].alg, 1);
        put_bytes(b, im->key[i].spki);
        put_bytes(b, im->key[i].sealed);
        put_bytes(b, im->key[i].certificate);
    }
    put_number(b, im->objects, 1);
    for (size_t i = 0; i < im->objects; i++) {
        put_text(b, im->object[i].name);
        put_bytes(b, im->object[i].content);
    }
}

struct bytes soft_image_content(struct arena *a, const struct soft_image *im)
{
    _auto_buf b;
    buf_init(&b, SOFT_IMAGE_MAX);
    put_content(&b, im);
    return arena_bytes(a, b.p, b.n);
}

enum err soft_image_write(struct arena *a, const struct soft_image *im, struct bytes *file,
                          struct err_info *e)
{
    uint8_t sum[DIGEST_LEN];
    _auto_buf b;
    buf_init(&b, SOFT_IMAGE_MAX);
    buf_text(&b, magic);
    put_number(&b, im->generation, 8);
    put_number(&b, (uint64_t)im->user_left, 1);
    put_number(&b, (uint64_t)im->admin_left, 1);
    put_content(&b, im);
    buf_put(&b, im->mac, sizeof im->mac);
    digest_sha256((struct bytes){b.p, b.n}, sum);
    buf_put(&b, sum, sizeof sum);
    if (b.full)
        return err_set(e, ERR_TOKEN_FULL, NULL, "image over %d octets", SOFT_IMAGE_MAX);
    *file = arena_bytes(a, b.p, b.n);
    return ERR_OK;
}

/* ---- reading ---- */

/* What is left of the input; `bad` keeps the first rule that was broken, and from then on zeros come. */
struct cursor {
    struct arena *a;
    struct bytes left;
    const char *bad;
};

static const uint8_t *take(struct cursor *c, size_t n)
{
    static const uint8_t zeros[64];
    if (c->bad || c->left.n < n) {
        if (!c->bad)
            c->bad = "too short";
        return n <= sizeof zeros ? zeros : NULL;
    }
    const uint8_t *p = c->left.p;
    c->left.p += n;
    c->left.n -= n;
    return p;
}

static uint64_t take_number(struct cursor *c, int octets)
{
    const uint8_t *p = take(c, (size_t)octets);
    uint64_t v = 0;
    for (int i = 0; i < octets; i++)
        v = v << 8 | p[i];
    return v;
}

static int take_small(struct cursor *c, int min, int max, const char *what)
{
    int v = (int)take_number(c, 1);
    if (!c->bad && (v < min || v > max))
        c->bad = what;
    return c->bad ? min : v;
}

static struct bytes take_bytes(struct cursor *c, size_t max, const char *what)
{
    size_t n = (size_t)take_number(c, 4);
    if (!c->bad && n > max)
        c->bad = what;
    const uint8_t *p = c->bad ? NULL : take(c, n);
    return c->bad ? (struct bytes){0} : arena_bytes(c->a, p, n);
}

static void take_text(struct cursor *c, char *out, size_t max, const char *what)
{
    struct bytes b = take_bytes(c, max, what);
    if (memchr(b.n ? b.p : (const uint8_t *)"", 0, b.n))
        c->bad = what;
    else if (b.n)
        memcpy(out, b.p, b.n);
    out[c->bad ? 0 : b.n] = 0;
}

static void take_wrap(struct cursor *c, struct soft_wrap *w)
{
    memcpy(w->salt, take(c, sizeof w->salt), sizeof w->salt);
    w->memory_kib = (uint32_t)take_number(c, 4);
    w->passes = (uint32_t)take_number(c, 4);
    if (!c->bad && (w->memory_kib < MEMORY_MIN_KIB || w->memory_kib > MEMORY_MAX_KIB ||
                    w->passes < 1 || w->passes > PASSES_MAX))
        c->bad = "cost of the PIN";
    w->sealed = take_bytes(c, 128, "wrapped secret");
}

static void take_keys(struct cursor *c, struct soft_image *im)
{
    im->keys = (size_t)take_small(c, 0, SOFT_KEYS_MAX, "number of keys");
    for (size_t i = 0; i < im->keys && !c->bad; i++) {
        struct soft_key *k = &im->key[i];
        take_text(c, k->name, TOKEN_NAME_MAX, "container");
        k->alg = (enum token_alg)take_small(c, TOKEN_P256, TOKEN_RSA2048, "algorithm");
        k->spki = take_bytes(c, 1024, "public key");
        k->sealed = take_bytes(c, 4096, "private key");
        k->certificate = take_bytes(c, TOKEN_CERT_MAX, "certificate");
        if (!c->bad && !token_name_ok(k->name, TOKEN_NAME_MAX))
            c->bad = "container";
    }
}

static void take_objects(struct cursor *c, struct soft_image *im)
{
    im->objects = (size_t)take_small(c, 0, SOFT_OBJECTS_MAX, "number of objects");
    for (size_t i = 0; i < im->objects && !c->bad; i++) {
        struct soft_object *o = &im->object[i];
        take_text(c, o->name, TOKEN_OBJECT_NAME_MAX, "object");
        o->content = take_bytes(c, TOKEN_OBJECT_MAX, "object");
        if (!c->bad && !token_name_ok(o->name, TOKEN_OBJECT_NAME_MAX))
            c->bad = "object";
    }
}

static void take_content(struct cursor *c, struct soft_image *im)
{
    take_text(c, im->serial, TOKEN_SERIAL_MAX, "serial");
    if (!c->bad && !token_serial_ok(im->serial))
        c->bad = "serial";
    im->ready = take_small(c, 0, 1, "state");
    if (!im->ready)
        return;
    take_text(c, im->label, TOKEN_LABEL_MAX, "label");
    memcpy(im->birth, take(c, sizeof im->birth), sizeof im->birth);
    im->user_max = take_small(c, 1, TOKEN_TRIES_MAX, "tries");
    im->admin_max = take_small(c, 1, TOKEN_TRIES_MAX, "tries");
    im->first_pin = take_small(c, 0, 1, "first PIN");
    take_wrap(c, &im->user);
    take_wrap(c, &im->admin);
    take_keys(c, im);
    take_objects(c, im);
}

static enum err damaged(struct err_info *e, const char *rule)
{
    return err_set(e, ERR_TOKEN_DAMAGED, NULL, "image: %s", rule);
}

enum err soft_image_read(struct arena *a, struct bytes file, struct soft_image *out,
                         struct err_info *e)
{
    uint8_t sum[DIGEST_LEN];
    memset(out, 0, sizeof *out);
    if (file.n < MAGIC_LEN + DIGEST_LEN || memcmp(file.p, magic, MAGIC_LEN) != 0)
        return damaged(e, "not a soft UKey");
    size_t body = file.n - DIGEST_LEN;
    digest_sha256((struct bytes){file.p, body}, sum);
    if (memcmp(sum, file.p + body, sizeof sum) != 0)
        return damaged(e, "digest");
    struct cursor c = {a, {file.p + MAGIC_LEN, body - MAGIC_LEN}, NULL};
    out->generation = take_number(&c, 8);
    out->user_left = take_small(&c, 0, TOKEN_TRIES_MAX, "counter");
    out->admin_left = take_small(&c, 0, TOKEN_TRIES_MAX, "counter");
    take_content(&c, out);
    memcpy(out->mac, take(&c, sizeof out->mac), sizeof out->mac);
    if (!c.bad && c.left.n)
        c.bad = "trailing octets";
    if (!c.bad && (out->user_left > out->user_max || out->admin_left > out->admin_max))
        c.bad = "counter over its maximum";
    return c.bad ? damaged(e, c.bad) : ERR_OK;
}

struct soft_key *soft_image_key(struct soft_image *im, const char *name)
{
    for (size_t i = 0; i < im->keys; i++)
        if (!strcmp(im->key[i].name, name))
            return &im->key[i];
    return NULL;
}

struct soft_object *soft_image_object(struct soft_image *im, const char *name)
{
    for (size_t i = 0; i < im->objects; i++)
        if (!strcmp(im->object[i].name, name))
            return &im->object[i];
    return NULL;
}
