/* SM2 signatures, encrypted keys and points as they come from outside; OpenSSL, behind the same calls, must say the same. The first
 * octet says which it is. */
#include "fuzz.h"

#include "base/text.h"
#include "pki/der.h"
#include "pki/pki_priv.h"
#include "pki/signer.h"
#include "pki/sm2form.h"

#include <stdlib.h>
#include <string.h>

/* GB/T 32918.5 annex A */
#define D "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
#define POINT                                                                                      \
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"                           \
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"

static struct pki_key *ours, *theirs;
static const struct bytes message = {(const uint8_t *)"message", 7};
static struct arena *made;

static struct bytes hex(const char *text)
{
    struct bytes b = {0};
    MUST(text_from_hex(made, text, &b));
    return b;
}

void fuzz_begin(void)
{
    struct err_info e;
    made = arena_new();
    MUST_OK(pki_key_from_scalar(PKI_SM2, hex(D).p, hex(POINT), &ours, &e), &e);
    MUST_OK(pki_key_from_scalar(PKI_SM2, hex(D).p, hex(POINT), &theirs, &e), &e);
    MUST_OK(pki_key_use_library(theirs, &e), &e);
}

static void seed(struct fuzz_seeds *s, char kind, struct bytes input)
{
    struct buf b;
    buf_init(&b, input.n + 1);
    buf_byte(&b, (uint8_t)kind);
    buf_put(&b, input.p, input.n);
    fuzz_seed(s, (struct bytes){b.p, b.n});
    buf_clear(&b);
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    struct err_info e;
    struct bytes sig, cipher;
    _auto(pki_signer) signer = NULL;
    MUST_OK(pki_signer_from_key(ours, &signer, &e), &e);
    MUST_OK(pki_sign(signer, message, made, &sig, &e), &e);
    MUST_OK(pki_sm2_encrypt(pki_key_pub(ours), message, made, &cipher, &e), &e);
    seed(s, 's', sig);
    seed(s, 'c', cipher);
    seed(s, 'p', hex(POINT));
    seed(s, 'p', pki_pub_point(signer->pub));
}

/* What is read and written again is read as the same; the verdict is OpenSSL's. */
static void try_signature(struct bytes in, struct arena *a)
{
    uint8_t sig[SM2_SIG_LEN], again[SM2_SIG_LEN];
    struct err_info e = {0};
    struct bytes der;
    memset(sig, 0xa5, sizeof sig);
    enum err err = pki_verify(pki_key_pub(ours), message, in, &e);
    if (err != ERR_OK)
        fuzz_refused(err, &e);
    MUST(err == pki_verify(pki_key_pub(theirs), message, in, &e));
    err = sm2_sig_read(in, sig, &e);
    if (err != ERR_OK) {
        fuzz_refused(err, &e);
        return;
    }
    MUST_OK(sm2_sig_write(sig, a, &der, &e), &e);
    MUST_OK(sm2_sig_read(der, again, &e), &e);
    MUST(memcmp(sig, again, sizeof sig) == 0);
}

static void try_cipher(struct bytes in, struct arena *a)
{
    struct err_info e = {0};
    struct bytes one = {0}, other = {0};
    enum err err = pki_sm2_decrypt(ours, in, a, &one, &e);
    if (err != ERR_OK)
        fuzz_refused(err, &e);
    enum err library = pki_sm2_decrypt(theirs, in, a, &other, &e);
    MUST((err == ERR_OK) == (library == ERR_OK));
    if (err == ERR_OK)
        MUST(der_same(one, other));
}

static void try_point(struct bytes in)
{
    struct err_info e = {0};
    _auto(pki_pub) pub = NULL;
    enum err err = pki_pub_from_point(PKI_SM2, in, &pub, &e);
    MUST((err == ERR_OK) == (pub != NULL));
    if (err != ERR_OK)
        fuzz_refused(err, &e);
    else /* OpenSSL holds it against the curve too */
        MUST_OK(pki_pub_use_library(pub, &e), &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _auto(arena) a = arena_new();
    if (size == 0)
        return 0;
    struct bytes in = fuzz_copy(data + 1, size - 1);
    if (data[0] == 's')
        try_signature(in, a);
    else if (data[0] == 'c')
        try_cipher(in, a);
    else
        try_point(in);
    free((void *)(uintptr_t)in.p);
    return 0;
}
