/* Sealed octets: HPKE to a key (the admin PIN on its way to the agent), AEAD, and the vault's values in the database.
 * The first octet says which: 'H', 'A', 'V'. Nothing that was not sealed may open; what was sealed opens to what it was. */
#include "fuzz.h"

#include "hall/vault/vault.h"
#include "pki/aead.h"
#include "pki/der.h"
#include "pki/hpke.h"

#include <stdlib.h>
#include <string.h>

static const struct bytes context = {(const uint8_t *)"person.mobile:4711", 18},
                          plain = {(const uint8_t *)"13805952716", 11};

static struct {
    struct arena *a;
    struct pki_key *key;
    struct aead_key aead;
    struct vault *vault;
    struct bytes hpke, sealed, value;
} w;

void fuzz_begin(void)
{
    struct err_info e;
    struct vault_keys keys = {.current = 7, .fields = 2};
    w.a = arena_new();
    w.key = fuzz_key(5);
    w.aead.id = 9;
    memset(w.aead.key, 3, sizeof w.aead.key);
    keys.field[0].id = 6;
    keys.field[1].id = 7;
    memset(keys.field[0].key, 6, VAULT_KEY_LEN);
    memset(keys.field[1].key, 7, VAULT_KEY_LEN);
    MUST_OK(vault_new(&keys, &w.vault, &e), &e);
    MUST_OK(hpke_seal(pki_key_pub(w.key), context, (struct bytes){0}, plain, w.a, &w.hpke, &e), &e);
    MUST_OK(aead_seal(&w.aead, context, plain, w.a, &w.sealed, &e), &e);
    MUST_OK(vault_seal(w.vault, w.a, VAULT_MOBILE, 4711, plain, &w.value, &e), &e);
}

static void seed(struct fuzz_seeds *s, char what, struct bytes rest)
{
    struct buf b;
    buf_init(&b, 65536);
    buf_byte(&b, (uint8_t)what);
    buf_put(&b, rest.p, rest.n);
    fuzz_seed(s, (struct bytes){b.p, b.n});
    buf_clear(&b);
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    seed(s, 'H', w.hpke);
    seed(s, 'A', w.sealed);
    seed(s, 'V', w.value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    _auto(arena) a = arena_new();
    struct err_info e = {0};
    struct bytes in = fuzz_copy(data + 1, size - 1), out = {0}, sealed = w.hpke;
    const char *text = NULL;
    enum err err;
    uint32_t id;
    if (data[0] == 'H') {
        err = hpke_open(w.key, context, (struct bytes){0}, in, a, &out, &e);
    } else if (data[0] == 'A') {
        sealed = w.sealed;
        MUST(aead_key_id(in, &id) == (in.n >= AEAD_OVERHEAD && in.p[0] == 1));
        err = aead_open(&w.aead, context, in, a, &out, &e);
    } else {
        sealed = w.value;
        (void)vault_is_old(w.vault, in);
        MUST(vault_open_text(w.vault, a, VAULT_MOBILE, 4712, in, &text, &e) != ERR_OK || in.n == 0);
        err = vault_open(w.vault, a, VAULT_MOBILE, 4711, in, &out, &e);
        if (in.n == 0 && err == ERR_OK) { /* an absent value */
            MUST(out.n == 0);
            free((void *)(uintptr_t)in.p);
            return 0;
        }
    }
    if (err == ERR_OK) {
        MUST(der_same(out, plain)); /* the target's own seal, of this process or another */
    } else {
        MUST(err == ERR_CRYPTO || err == ERR_KEY_UNSUPPORTED || err == ERR_DER_MALFORMED);
        fuzz_refused(err, &e);
        MUST(!der_same(in, sealed));
    }
    free((void *)(uintptr_t)in.p);
    return 0;
}
