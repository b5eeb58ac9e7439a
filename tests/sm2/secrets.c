/* Runs the module with every secret marked as undefined, for valgrind: a branch or an address that depends on one is reported.
 * What the module itself declares to be no secret any more (sm2_public) is defined again there. The linker puts __wrap_… in the
 * place of two functions; everything else is the library as it is shipped. */
#include "pki/sm2/inverse.h"
#include "pki/sm2/order.h"
#include "pki/sm2/sm2_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

void __wrap_random_bytes(void *p, size_t n);
void __real_random_bytes(void *p, size_t n);
uint64_t __wrap_sm2_public(uint64_t mask);

void __wrap_random_bytes(void *p, size_t n)
{
    __real_random_bytes(p, n);
    (void)VALGRIND_MAKE_MEM_UNDEFINED(p, n);
}

uint64_t __wrap_sm2_public(uint64_t mask)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(&mask, sizeof mask);
    return mask;
}

#define PUBLIC(thing) (void)VALGRIND_MAKE_MEM_DEFINED(&(thing), sizeof(thing))
#define SECRET(thing) (void)VALGRIND_MAKE_MEM_UNDEFINED(&(thing), sizeof(thing))

static void must(int ok, const char *what)
{
    if (ok)
        return;
    printf("%s\n", what);
    exit(2);
}

/* Everything that touches a secret; the results are looked at only where everybody may see them. */
static void all_operations(const struct sm2 *m)
{
    struct err_info e;
    struct sm2_key key, again;
    struct sm2_sealed sealed;
    uint8_t d[SM2_LEN], point[SM2_POINT_LEN], digest[SM2_LEN] = {1, 2, 3}, sig[SM2_SIG_LEN];
    uint8_t plain[100] = {4, 5, 6}, c2[100], opened[100];
    sm2_key_make(&key);
    must(sm2_key_point(m, &key, point, &e) == ERR_OK, "no point");
    sm2_key_octets(&key, d);
    must(sm2_key_init(&again, d, &e) == ERR_OK, "no key");
    PUBLIC(point);
    _auto(sm2_pub) pub = NULL;
    must(sm2_pub_new(m, point, &pub, &e) == ERR_OK, "no public key");
    must(sm2_sign(m, &again, digest, sig, &e) == ERR_OK, "no signature");
    PUBLIC(sig);
    must(sm2_verify(m, pub, digest, sig), "a wrong signature");
    SECRET(plain);
    must(sm2_encrypt(m, pub, (struct bytes){plain, sizeof plain}, &sealed, c2, &e) == ERR_OK,
         "not encrypted");
    PUBLIC(sealed);
    PUBLIC(c2);
    must(sm2_decrypt(m, &key, &sealed, (struct bytes){c2, sizeof c2}, opened, &e) == ERR_OK,
         "not decrypted");
    PUBLIC(opened);
    PUBLIC(plain);
    must(memcmp(opened, plain, sizeof plain) == 0, "decrypted to something else");
}

/* The verdicts that are rare: whatever they are, nothing before them may depend on a secret. */
static void refusals(const struct sm2 *m)
{
    struct err_info e;
    struct sm2_key key;
    struct sm2_sealed sealed = {.hash = {1}};
    uint8_t d[SM2_LEN], sig[SM2_SIG_LEN], digest[SM2_LEN] = {0}, c2[33] = {0}, opened[33];
    uint64_t zero[WORDS] = {0};
    memset(d, 0xff, sizeof d);
    SECRET(d);
    must(sm2_key_init(&key, d, &e) != ERR_OK, "a key out of range");
    sm2_key_make(&key);
    must(sm2_key_point(m, &key, sealed.point, &e) == ERR_OK, "no point");
    PUBLIC(sealed.point);
    must(sm2_decrypt(m, &key, &sealed, (struct bytes){c2, sizeof c2}, opened, &e) != ERR_OK,
         "decrypted what was not encrypted");
    SECRET(zero);
    must(sm2_sign_with(m, &key, digest, zero, sig) == SM2_ANOTHER, "signed with 0");
    key.inverse[0] ^= 1;
    must(sm2_sign(m, &key, digest, sig, &e) != ERR_OK, "signed wrongly");
}

/* What must be reported, or the rest says nothing. */
static void control(const char *what)
{
    static volatile uint8_t table[256], seen;
    uint8_t secret[SM2_LEN], modulus[SM2_LEN], out[SM2_LEN];
    uint64_t n[WORDS];
    __wrap_random_bytes(secret, sizeof secret);
    memcpy(n, order_n, sizeof n);
    words_to(modulus, n);
    secret[0] >>= 1;
    if (strcmp(what, "branch") == 0 && secret[3] & 1)
        seen = 1;
    if (strcmp(what, "index") == 0)
        seen = table[secret[5]];
    if (strcmp(what, "walk") == 0) /* the library's own code for public numbers */
        inverse_of_public(secret, modulus, out);
    if (strcmp(what, "declared") == 0 && __wrap_sm2_public(0))
        seen = 2;
}

static const struct sm2_curve *curve_named(const char *name)
{
    if (strcmp(name, "plain") == 0)
        return &sm2_curve_plain;
#ifdef __x86_64__
    if (strcmp(name, "fast") == 0)
        return &sm2_curve_fast;
#endif
    return NULL;
}

int main(int argc, char **argv)
{
    const struct sm2_curve *curve = argc > 1 ? curve_named(argv[1]) : NULL;
    if (!curve) {
        control(argc > 1 ? argv[1] : "");
        return 0;
    }
    struct sm2 *m = mem_alloc(sizeof *m);
    must(sm2_init(m, curve), "the self-test fails");
    all_operations(m);
    refusals(m);
    free(m);
    return 0;
}
