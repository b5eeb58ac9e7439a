/* The child: loads the module with the first key, keeps keys open, signs. Its one caller is the ca. */
#include "ca/hsm_priv.h"

#include "pki/pkcs11.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct side {
    const char *module;
    struct pkcs11 *p;
    struct pkcs11_key *key[HSM_KEYS_MAX];
    size_t keys;
};

void hsm_put(struct buf *b, struct bytes part)
{
    buf_byte(b, (uint8_t)(part.n >> 8));
    buf_byte(b, (uint8_t)part.n);
    buf_put(b, part.p, part.n);
}

int hsm_take(struct bytes *message, struct bytes *part)
{
    size_t n = message->n < 2 ? 0 : (size_t)message->p[0] << 8 | message->p[1];
    if (message->n < 2 || message->n - 2 < n)
        return 0;
    *part = (struct bytes){message->p + 2, n};
    message->p += 2 + n;
    message->n -= 2 + n;
    return 1;
}

static enum err malformed(struct err_info *e)
{
    return err_set(e, ERR_INTERNAL, NULL, "a request that the HSM's child does not know");
}

static const char *text_of(struct arena *a, struct bytes part)
{
    return arena_text_n(a, (const char *)part.p, part.n);
}

static enum err open_key(struct side *s, struct bytes m, struct arena *a, struct buf *out,
                         struct err_info *e)
{
    struct bytes token, label, pin;
    if (!hsm_take(&m, &token) || !hsm_take(&m, &label) || !hsm_take(&m, &pin) || m.n > 0 ||
        s->keys == HSM_KEYS_MAX)
        return malformed(e);
    if (!s->p)
        TRY(pkcs11_open(s->module, &s->p, e));
    struct pkcs11_key **key = &s->key[s->keys];
    TRY(pkcs11_key_open(s->p, text_of(a, token), text_of(a, label), text_of(a, pin), key, e));
    buf_byte(out, (uint8_t)s->keys++);
    struct bytes spki = pki_pub_spki(pkcs11_key_pub(*key));
    buf_put(out, spki.p, spki.n);
    return ERR_OK;
}

static enum err sign(struct side *s, struct bytes m, struct arena *a, struct buf *out,
                     struct err_info *e)
{
    struct bytes sig;
    if (m.n != 1 + PKI_DIGEST_LEN || m.p[0] >= s->keys)
        return malformed(e);
    TRY(pkcs11_sign(s->key[m.p[0]], m.p + 1, a, &sig, e));
    buf_put(out, sig.p, sig.n);
    return ERR_OK;
}

static const char *why_of(const struct err_info *e)
{
    for (int i = 0; i < e->args; i++)
        if (strcmp(e->arg[i].name, "why") == 0)
            return e->arg[i].value;
    return e->detail;
}

static void answer(struct side *s, struct bytes message, struct buf *out)
{
    _auto(arena) a = arena_new();
    struct err_info e = {0};
    enum hsm_kind kind = message.p[0];
    struct bytes rest = {message.p + 1, message.n - 1};
    buf_byte(out, 0);
    buf_byte(out, 0);
    enum err done = kind == HSM_OPEN   ? open_key(s, rest, a, out, &e)
                    : kind == HSM_SIGN ? sign(s, rest, a, out, &e)
                                       : malformed(&e);
    if (done != ERR_OK) {
        out->n = 2;
        buf_text(out, why_of(&e));
    }
    out->p[0] = (uint8_t)(done >> 8);
    out->p[1] = (uint8_t)done;
}

void hsm_child(int line, const char *module)
{
    struct side s = {.module = module};
    uint8_t message[HSM_MESSAGE_MAX];
    ssize_t n;
    while ((n = recv(line, message, sizeof message, 0)) > 0) {
        _auto_buf out;
        buf_init(&out, HSM_MESSAGE_MAX);
        alarm(CA_HSM_SECONDS); /* a library that hangs is ended by it */
        answer(&s, (struct bytes){message, (size_t)n}, &out);
        alarm(0);
        mem_wipe(message, sizeof message);
        if (send(line, out.p, out.n, MSG_NOSIGNAL) != (ssize_t)out.n)
            break;
    }
    _exit(0);
}
