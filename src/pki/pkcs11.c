#include "pki/pkcs11.h"

#include "pki/der.h"

#include <p11-kit/pkcs11.h>

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_MAX = 64, LABEL_LEN = 32, ATTRIBUTE_MAX = 1024 };

struct pkcs11 {
    void *library;
    CK_FUNCTION_LIST *f;
};

struct pkcs11_key {
    struct pkcs11 *p;
    char token[LABEL_LEN + 1], label[128], pin[256];
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE object;
    struct pki_pub *pub;
    int dead; /* its PIN was refused: nothing tells it again */
};

/* ---- errors ---- */

__attribute__((format(printf, 2, 3))) static enum err hsm(struct err_info *e, const char *why, ...)
{
    char text[160];
    va_list ap;
    va_start(ap, why);
    vsnprintf(text, sizeof text, why, ap);
    va_end(ap);
    err_set(e, ERR_HSM, NULL, "%s", text);
    err_arg(e, "why", "%s", text);
    return ERR_HSM;
}

static enum err check(CK_RV rv, const char *what, struct err_info *e)
{
    if (rv == CKR_OK)
        return ERR_OK;
    if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED || rv == CKR_PIN_EXPIRED ||
        rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE) {
        err_set(e, ERR_HSM_PIN, NULL, "%s: CKR 0x%lx", what, (unsigned long)rv);
        return ERR_HSM_PIN;
    }
    return hsm(e, "%s: CKR 0x%lx", what, (unsigned long)rv);
}

static int is_lost(CK_RV rv)
{
    return rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED ||
           rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_DEVICE_REMOVED || rv == CKR_DEVICE_ERROR ||
           rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_KEY_HANDLE_INVALID ||
           rv == CKR_OBJECT_HANDLE_INVALID;
}

/* ---- the module ---- */

enum err pkcs11_open(const char *module, struct pkcs11 **out, struct err_info *e)
{
    _auto(pkcs11) p = mem_alloc(sizeof *p);
    CK_RV (*list)(CK_FUNCTION_LIST **);
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
    p->library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    if (!p->library)
        return hsm(e, "the module cannot be loaded: %s", dlerror());
    *(void **)&list = dlsym(p->library, "C_GetFunctionList");
    if (!list || list(&p->f) != CKR_OK || !p->f) {
        p->f = NULL;
        return hsm(e, "%s is no PKCS#11 module", module);
    }
    CK_RV rv = p->f->C_Initialize(&args);
    if (rv != CKR_OK) {
        p->f = NULL;
        return check(rv, "C_Initialize", e);
    }
    *out = steal(&p);
    return ERR_OK;
}

void pkcs11_free(struct pkcs11 *p)
{
    if (!p)
        return;
    if (p->f)
        p->f->C_Finalize(NULL);
    if (p->library)
        dlclose(p->library);
    free(p);
}

/* ---- token and session ---- */

/* Labels are filled with blanks (PKCS#11 3.2). */
static int label_is(const CK_UTF8CHAR *padded, const char *label)
{
    char text[LABEL_LEN + 1];
    size_t n = LABEL_LEN;
    memcpy(text, padded, LABEL_LEN);
    while (n > 0 && text[n - 1] == ' ')
        n--;
    text[n] = '\0';
    return strcmp(text, label) == 0;
}

static enum err find_slot(const struct pkcs11_key *k, CK_SLOT_ID *out, struct err_info *e)
{
    CK_SLOT_ID slot[SLOTS_MAX];
    CK_ULONG n = SLOTS_MAX, found = 0;
    TRY(check(k->p->f->C_GetSlotList(CK_TRUE, slot, &n), "C_GetSlotList", e));
    for (CK_ULONG i = 0; i < n; i++) {
        CK_TOKEN_INFO info;
        if (k->p->f->C_GetTokenInfo(slot[i], &info) != CKR_OK || !label_is(info.label, k->token))
            continue;
        *out = slot[i];
        found++;
    }
    if (found == 1)
        return ERR_OK;
    return found ? hsm(e, "%lu tokens are labelled %s", (unsigned long)found, k->token)
                 : hsm(e, "no token is labelled %s", k->token);
}

static enum err find_object(const struct pkcs11_key *k, CK_OBJECT_CLASS class,
                            CK_OBJECT_HANDLE *out, struct err_info *e)
{
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class},
                             {CKA_LABEL, (void *)(uintptr_t)k->label, strlen(k->label)}};
    CK_OBJECT_HANDLE found[2];
    CK_ULONG n = 0;
    CK_FUNCTION_LIST *f = k->p->f;
    TRY(check(f->C_FindObjectsInit(k->session, wanted, 2), "C_FindObjectsInit", e));
    CK_RV rv = f->C_FindObjects(k->session, found, 2, &n);
    f->C_FindObjectsFinal(k->session);
    TRY(check(rv, "C_FindObjects", e));
    if (n != 1)
        return hsm(e, "the token %s has %s %s key labelled %s", k->token,
                   n ? "more than one" : "no", class == CKO_PRIVATE_KEY ? "private" : "public",
                   k->label);
    *out = found[0];
    return ERR_OK;
}

/* The PIN is told once for each call; a token that refuses it is not asked again. */
static enum err begin_session(struct pkcs11_key *k, struct err_info *e)
{
    CK_SLOT_ID slot;
    CK_FUNCTION_LIST *f = k->p->f;
    if (k->dead) {
        err_set(e, ERR_HSM_PIN, NULL, "the PIN was refused before");
        return ERR_HSM_PIN;
    }
    TRY(find_slot(k, &slot, e));
    TRY(check(f->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &k->session), "C_OpenSession",
              e));
    CK_RV rv = f->C_Login(k->session, CKU_USER, (CK_UTF8CHAR *)k->pin, strlen(k->pin));
    if (rv == CKR_USER_ALREADY_LOGGED_IN)
        rv = CKR_OK;
    enum err in = check(rv, "C_Login", e);
    k->dead = in == ERR_HSM_PIN;
    if (k->dead)
        mem_wipe(k->pin, sizeof k->pin);
    TRY(in);
    return find_object(k, CKO_PRIVATE_KEY, &k->object, e);
}

/* ---- the public key ---- */

static enum err attribute(const struct pkcs11_key *k, CK_OBJECT_HANDLE object,
                          CK_ATTRIBUTE_TYPE type, uint8_t *value, struct bytes *out,
                          struct err_info *e)
{
    CK_ATTRIBUTE a = {type, value, ATTRIBUTE_MAX};
    TRY(check(k->p->f->C_GetAttributeValue(k->session, object, &a, 1), "C_GetAttributeValue", e));
    if (a.ulValueLen > ATTRIBUTE_MAX)
        return hsm(e, "an attribute of the public key is too long");
    *out = (struct bytes){value, a.ulValueLen};
    return ERR_OK;
}

static enum err ec_pub(struct pkcs11_key *k, CK_OBJECT_HANDLE object, struct err_info *e)
{
    static const uint8_t p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    uint8_t params[ATTRIBUTE_MAX], point[ATTRIBUTE_MAX];
    struct bytes curve, wrapped, octets;
    TRY(attribute(k, object, CKA_EC_PARAMS, params, &curve, e));
    if (!der_same(curve, (struct bytes){p256, sizeof p256}))
        return hsm(e, "the key %s is on another curve than P-256", k->label);
    TRY(attribute(k, object, CKA_EC_POINT, point, &wrapped, e));
    struct der d = der_start(wrapped);
    TRY(der_take(&d, DER_OCTET_STRING, &octets, e));
    return pki_pub_from_point(PKI_P256, octets, &k->pub, e);
}

/* SubjectPublicKeyInfo of RFC 3279 2.3.1. */
static enum err rsa_pub(struct pkcs11_key *k, CK_OBJECT_HANDLE object, struct err_info *e)
{
    static const uint8_t alg[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                  0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    _auto(arena) a = arena_new();
    uint8_t modulus[ATTRIBUTE_MAX], exponent[ATTRIBUTE_MAX];
    struct bytes n, x, key, spki;
    struct buf b;
    TRY(attribute(k, object, CKA_MODULUS, modulus, &n, e));
    TRY(attribute(k, object, CKA_PUBLIC_EXPONENT, exponent, &x, e));
    buf_init(&b, 2 * ATTRIBUTE_MAX + 64);
    size_t mark = der_open(&b, DER_SEQUENCE);
    der_put_uint(&b, n);
    der_put_uint(&b, x);
    der_close(&b, mark);
    TRY(der_finish(&b, a, &key, e));
    buf_init(&b, 2 * ATTRIBUTE_MAX + 64);
    mark = der_open(&b, DER_SEQUENCE);
    der_put_raw(&b, (struct bytes){alg, sizeof alg});
    der_put_bits(&b, key, 0);
    der_close(&b, mark);
    TRY(der_finish(&b, a, &spki, e));
    return pki_pub_load(spki, &k->pub, e);
}

static enum err read_pub(struct pkcs11_key *k, struct err_info *e)
{
    CK_OBJECT_HANDLE object;
    CK_KEY_TYPE type = 0;
    CK_ATTRIBUTE a = {CKA_KEY_TYPE, &type, sizeof type};
    TRY(find_object(k, CKO_PUBLIC_KEY, &object, e));
    TRY(check(k->p->f->C_GetAttributeValue(k->session, object, &a, 1), "C_GetAttributeValue", e));
    if (type == CKK_EC)
        return ec_pub(k, object, e);
    if (type == CKK_RSA)
        return rsa_pub(k, object, e);
    return hsm(e, "the key %s is neither P-256 nor RSA", k->label);
}

/* ---- keys ---- */

static enum err keep(char *to, size_t size, const char *from, const char *what, struct err_info *e)
{
    if (!*from || strlen(from) >= size)
        return hsm(e, "%s must have 1 to %zu octets", what, size - 1);
    memcpy(to, from, strlen(from) + 1);
    return ERR_OK;
}

enum err pkcs11_key_open(struct pkcs11 *p, const char *token, const char *label, const char *pin,
                         struct pkcs11_key **out, struct err_info *e)
{
    _auto(pkcs11_key) k = mem_alloc(sizeof *k);
    k->p = p;
    TRY(keep(k->token, sizeof k->token, token, "a token's label", e));
    TRY(keep(k->label, sizeof k->label, label, "a key's label", e));
    TRY(keep(k->pin, sizeof k->pin, pin, "a PIN", e));
    TRY(begin_session(k, e));
    TRY(read_pub(k, e));
    *out = steal(&k);
    return ERR_OK;
}

void pkcs11_key_free(struct pkcs11_key *k)
{
    if (!k)
        return;
    if (k->session)
        k->p->f->C_CloseSession(k->session);
    pki_pub_free(k->pub);
    mem_wipe(k, sizeof *k);
    free(k);
}

const struct pki_pub *pkcs11_key_pub(const struct pkcs11_key *k)
{
    return k->pub;
}

/* ---- signing ---- */

static CK_RV sign_once(const struct pkcs11_key *k, CK_MECHANISM_TYPE mechanism, struct bytes in,
                       uint8_t *out, CK_ULONG *n)
{
    CK_MECHANISM m = {mechanism, NULL, 0};
    CK_RV rv = k->p->f->C_SignInit(k->session, &m, k->object);
    return rv != CKR_OK ? rv
                        : k->p->f->C_Sign(k->session, (CK_BYTE *)(uintptr_t)in.p, in.n, out, n);
}

static enum err sign(struct pkcs11_key *k, CK_MECHANISM_TYPE mechanism, struct bytes in,
                     uint8_t *out, CK_ULONG *n, struct err_info *e)
{
    CK_ULONG room = *n;
    CK_RV rv = sign_once(k, mechanism, in, out, n);
    if (!is_lost(rv))
        return check(rv, "C_Sign", e);
    k->p->f->C_CloseSession(k->session);
    k->session = 0;
    TRY(begin_session(k, e));
    *n = room;
    return check(sign_once(k, mechanism, in, out, n), "C_Sign", e);
}

/* r and s side by side become SEQUENCE{r, s}. */
static enum err ecdsa_der(const uint8_t *raw, size_t n, struct arena *a, struct bytes *sig,
                          struct err_info *e)
{
    struct buf b;
    if (n != 64)
        return hsm(e, "the token's signature has %zu octets, not 64", n);
    buf_init(&b, 128);
    size_t mark = der_open(&b, DER_SEQUENCE);
    der_put_uint(&b, (struct bytes){raw, 32});
    der_put_uint(&b, (struct bytes){raw + 32, 32});
    der_close(&b, mark);
    return der_finish(&b, a, sig, e);
}

enum err pkcs11_sign(struct pkcs11_key *k, const uint8_t digest[PKI_DIGEST_LEN], struct arena *a,
                     struct bytes *sig, struct err_info *e)
{
    static const uint8_t info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                   0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    uint8_t in[sizeof info + PKI_DIGEST_LEN], out[ATTRIBUTE_MAX];
    CK_ULONG n = sizeof out;
    if (pki_pub_alg(k->pub) == PKI_P256) {
        TRY(sign(k, CKM_ECDSA, (struct bytes){digest, PKI_DIGEST_LEN}, out, &n, e));
        return ecdsa_der(out, n, a, sig, e);
    }
    memcpy(in, info, sizeof info);
    memcpy(in + sizeof info, digest, PKI_DIGEST_LEN);
    TRY(sign(k, CKM_RSA_PKCS, (struct bytes){in, sizeof in}, out, &n, e));
    *sig = arena_bytes(a, out, n);
    return ERR_OK;
}
