/* Keys in an HSM, held against SoftHSM 2: both kinds sign what everybody verifies; what is missing or wrong is told, a PIN
 * once; a lost session is opened anew once. */
#include "base/sys.h"
#include "pki/digest.h"
#include "pki/pkcs11.h"
#include "scratch.h"
#include "testing.h"

#include <p11-kit/pkcs11.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char MODULE[] = "/usr/lib/softhsm/libsofthsm2.so";
static const char PIN[] = "Kaifa2026", SO_PIN[] = "Zongguan2026";
static char folder[64];
static CK_FUNCTION_LIST
    *f; /* the same library: what the test does to it, the code under test feels */

#define TEXT(s) (CK_UTF8CHAR *)(uintptr_t)(s), strlen(s)

static void right(CK_RV rv)
{
    assert_int_equal(rv, CKR_OK);
}

static void make_key(CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type, const char *label)
{
    static const CK_BYTE curve[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    static const CK_BYTE exponent[] = {1, 0, 1};
    CK_BBOOL yes = CK_TRUE;
    CK_ULONG bits = 2048;
    int ec = type == CKM_EC_KEY_PAIR_GEN;
    CK_MECHANISM m = {type, NULL, 0};
    CK_OBJECT_HANDLE pub, key;
    CK_ATTRIBUTE public[] = {{CKA_TOKEN, &yes, sizeof yes},
                             {CKA_LABEL, TEXT(label)},
                             {CKA_VERIFY, &yes, sizeof yes},
                             {ec ? CKA_EC_PARAMS : CKA_MODULUS_BITS,
                              ec ? (void *)(uintptr_t)curve : (void *)&bits,
                              ec ? sizeof curve : sizeof bits},
                             {CKA_PUBLIC_EXPONENT, (void *)(uintptr_t)exponent, sizeof exponent}};
    CK_ATTRIBUTE private[] = {{CKA_TOKEN, &yes, sizeof yes},
                              {CKA_LABEL, TEXT(label)},
                              {CKA_PRIVATE, &yes, sizeof yes},
                              {CKA_SENSITIVE, &yes, sizeof yes},
                              {CKA_SIGN, &yes, sizeof yes}};
    right(f->C_GenerateKeyPair(session, &m, public, ec ? 4 : 5, private, 5, &pub, &key));
}

static void make_token(void)
{
    CK_UTF8CHAR label[32];
    CK_SLOT_ID slot[8];
    CK_ULONG n = 8;
    CK_SESSION_HANDLE session;
    memset(label, ' ', sizeof label);
    memcpy(label, "hall ca", 7);
    right(f->C_GetSlotList(CK_FALSE, slot, &n));
    right(f->C_InitToken(slot[0], TEXT(SO_PIN), label));
    right(f->C_OpenSession(slot[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
    right(f->C_Login(session, CKU_SO, TEXT(SO_PIN)));
    right(f->C_InitPIN(session, TEXT(PIN)));
    right(f->C_Logout(session));
    right(f->C_Login(session, CKU_USER, TEXT(PIN)));
    make_key(session, CKM_EC_KEY_PAIR_GEN, "issuing-p256");
    make_key(session, CKM_RSA_PKCS_KEY_PAIR_GEN, "issuing-rsa2048");
    make_key(session, CKM_EC_KEY_PAIR_GEN, "twice");
    make_key(session, CKM_EC_KEY_PAIR_GEN, "twice");
    right(f->C_CloseSession(session));
}

static int set_up(void **state)
{
    struct err_info e;
    char conf[128], text[128];
    CK_RV (*list)(CK_FUNCTION_LIST **);
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/certhall-hsm-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(conf, sizeof conf, "%s/softhsm2.conf", folder);
    snprintf(text, sizeof text, "directories.tokendir = %s\nobjectstore.backend = file\n", folder);
    assert_ok(file_replace(conf, (struct bytes){(const uint8_t *)text, strlen(text)}, 0600, &e),
              &e);
    setenv("SOFTHSM2_CONF", conf, 1);
    void *library = dlopen(MODULE, RTLD_NOW);
    assert_non_null(library);
    *(void **)&list = dlsym(library, "C_GetFunctionList");
    right(list(&f));
    right(f->C_Initialize(NULL));
    make_token();
    right(f->C_Finalize(NULL));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return scratch_remove(folder);
}

static const char *why(const struct err_info *e)
{
    return e->args ? e->arg[0].value : "";
}

static void signs_and_verifies(struct pkcs11_key *key)
{
    struct err_info e;
    _auto(arena) a = arena_new();
    for (int i = 0; i < 20; i++) {
        uint8_t digest[DIGEST_LEN], text[40];
        struct bytes msg = {text, sizeof text}, sig;
        random_bytes(text, sizeof text);
        digest_sha256(msg, digest);
        assert_ok(pkcs11_sign(key, digest, a, &sig, &e), &e);
        assert_ok(pki_verify(pkcs11_key_pub(key), msg, sig, &e), &e);
    }
}

static void both_kinds_of_key_sign(void **state)
{
    (void)state;
    struct err_info e;
    _auto(pkcs11) p = NULL;
    assert_ok(pkcs11_open(MODULE, &p, &e), &e);
    static const struct {
        const char *label;
        enum pki_alg alg;
    } rows[] = {{"issuing-p256", PKI_P256}, {"issuing-rsa2048", PKI_RSA2048}};
    for (int i = 0; i < 2; i++) {
        _auto(pkcs11_key) key = NULL;
        assert_ok(pkcs11_key_open(p, "hall ca", rows[i].label, PIN, &key, &e), &e);
        assert_int_equal(pki_pub_alg(pkcs11_key_pub(key)), rows[i].alg);
        signs_and_verifies(key);
    }
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    struct err_info e;
    struct pkcs11 *none = NULL;
    _auto(pkcs11) p = NULL;
    struct pkcs11_key *key = NULL;
    assert_err(ERR_HSM, pkcs11_open("/usr/lib/none.so", &none, &e));
    assert_non_null(strstr(why(&e), "/usr/lib/none.so"));
    assert_err(ERR_HSM, pkcs11_open("libm.so.6", &none, &e));
    assert_non_null(strstr(why(&e), "no PKCS#11 module"));
    assert_ok(pkcs11_open(MODULE, &p, &e), &e);
    assert_err(ERR_HSM, pkcs11_key_open(p, "hall", "issuing-p256", PIN, &key, &e));
    assert_non_null(strstr(why(&e), "no token is labelled hall"));
    assert_err(ERR_HSM, pkcs11_key_open(p, "hall ca", "issuing-sm2", PIN, &key, &e));
    assert_non_null(strstr(why(&e), "no private key labelled issuing-sm2"));
    assert_err(ERR_HSM, pkcs11_key_open(p, "hall ca", "twice", PIN, &key, &e));
    assert_non_null(strstr(why(&e), "more than one private key"));
    assert_err(ERR_HSM_PIN, pkcs11_key_open(p, "hall ca", "issuing-p256", "Kaifa2027", &key, &e));
}

static void close_all(void)
{
    CK_SLOT_ID slot[8];
    CK_ULONG n = 8;
    right(f->C_GetSlotList(CK_TRUE, slot, &n));
    for (CK_ULONG i = 0; i < n; i++)
        f->C_CloseAllSessions(slot[i]);
}

static void change_pin(const char *from, const char *to)
{
    CK_SLOT_ID slot[8];
    CK_ULONG n = 8;
    CK_SESSION_HANDLE session;
    right(f->C_GetSlotList(CK_TRUE, slot, &n));
    right(f->C_OpenSession(slot[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
    right(f->C_Login(session, CKU_USER, TEXT(from)));
    right(f->C_SetPIN(session, TEXT(from), TEXT(to)));
    right(f->C_CloseSession(session));
}

/* Sessions go when a device is plugged out or started anew. A PIN that is refused then is not told again, right or wrong. */
static void a_lost_session_is_opened_once_and_a_refused_pin_never_again(void **state)
{
    (void)state;
    struct err_info e;
    uint8_t digest[DIGEST_LEN] = {1};
    struct bytes sig;
    _auto(arena) a = arena_new();
    _auto(pkcs11) p = NULL;
    _auto(pkcs11_key) key = NULL;
    assert_ok(pkcs11_open(MODULE, &p, &e), &e);
    assert_ok(pkcs11_key_open(p, "hall ca", "issuing-p256", PIN, &key, &e), &e);
    close_all();
    signs_and_verifies(key);
    close_all();
    change_pin(PIN, "Kaifa2028");
    assert_err(ERR_HSM_PIN, pkcs11_sign(key, digest, a, &sig, &e));
    change_pin("Kaifa2028", PIN);
    assert_err(ERR_HSM_PIN, pkcs11_sign(key, digest, a, &sig, &e));
    pkcs11_key_free(steal(&key));
    assert_ok(pkcs11_key_open(p, "hall ca", "issuing-p256", PIN, &key, &e), &e);
    signs_and_verifies(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_kinds_of_key_sign),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(a_lost_session_is_opened_once_and_a_refused_pin_never_again),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
