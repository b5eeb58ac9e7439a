#include "sim/sign.h"

#include "base/sys.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BITS = 2048, KEY_BITS_MAX = 4096, PEM_MAX = 16 * 1024 };

struct sim_key {
    EVP_PKEY *pkey;
};

void sim_key_free(struct sim_key *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->pkey);
    free(k);
}

static struct sim_key *key_of(EVP_PKEY *pkey)
{
    struct sim_key *k = mem_alloc(sizeof *k);
    k->pkey = pkey;
    return k;
}

static struct bytes bio_bytes(struct arena *a, BIO *bio)
{
    char *p;
    long n = BIO_get_mem_data(bio, &p);
    return arena_bytes(a, p, (size_t)n);
}

static enum err make_pair(struct arena *a, const char *path, struct err_info *e)
{
    EVP_PKEY *pkey = EVP_RSA_gen(KEY_BITS);
    if (!pkey)
        return err_set(e, ERR_CRYPTO, NULL, "no RSA key could be made");
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL);
    struct bytes pem = bio_bytes(a, bio);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return file_replace(path, pem, 0600, e);
}

static enum err read_pair(struct arena *a, struct bytes pem, const char *path,
                          const char *public_path, struct sim_key **out, struct err_info *e)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    if (!pkey) {
        err_set(e, ERR_CONFIG, NULL, "%s holds no private key", path);
        err_arg(e, "why", "%s holds no private key", path);
        return ERR_CONFIG;
    }
    *out = key_of(pkey);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, pkey);
    struct bytes public = bio_bytes(a, bio);
    BIO_free(bio);
    enum err code = file_replace(public_path, public, 0644, e);
    if (code != ERR_OK) {
        sim_key_free(*out);
        *out = NULL;
    }
    return code;
}

enum err sim_key_open(const char *folder, const char *name, struct sim_key **out,
                      struct err_info *e)
{
    _auto(arena) a = arena_new();
    const char *path = arena_fmt(a, "%s/%s-key.pem", folder, name);
    struct bytes pem;
    enum err code = file_read(a, path, PEM_MAX, &pem, e);
    if (code == ERR_NOT_FOUND)
        code = make_pair(a, path, e);
    TRY(code);
    TRY(file_read(a, path, PEM_MAX, &pem, e));
    return read_pair(a, pem, path, arena_fmt(a, "%s/%s-pub.pem", folder, name), out, e);
}

enum err sim_key_public(const char *pem, struct sim_key **out, struct err_info *e)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    int bits = pkey && EVP_PKEY_is_a(pkey, "RSA") ? EVP_PKEY_get_bits(pkey) : 0;
    if (bits < KEY_BITS || bits > KEY_BITS_MAX) {
        EVP_PKEY_free(pkey);
        err_set(e, ERR_CONFIG, "public_key", "no RSA public key of 2048 to 4096 bits");
        err_arg(e, "why", "no RSA public key of 2048 to 4096 bits in PEM");
        return ERR_CONFIG;
    }
    *out = key_of(pkey);
    return ERR_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct httpd_pair *)a)->name, ((const struct httpd_pair *)b)->name);
}

const char *sim_sign_text(struct arena *a, const struct httpd_pair *params)
{
    size_t n = 0;
    while (params[n].name)
        n++;
    struct httpd_pair *sorted = arena_alloc(a, (n + 1) * sizeof *sorted);
    memcpy(sorted, params, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_names);
    _auto_buf b;
    buf_init(&b, 64 * 1024);
    for (size_t i = 0; i < n; i++)
        if (strcmp(sorted[i].name, "sign") != 0)
            buf_fmt(&b, "%s%s=%s", b.n ? "&" : "", sorted[i].name, sorted[i].value);
    return arena_text(a, buf_cstr(&b));
}

enum err sim_sign(const struct sim_key *k, struct arena *a, const char *text, const char **base64,
                  struct err_info *e)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t sig[KEY_BITS_MAX / 8];
    size_t n = sizeof sig;
    int ok = EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, k->pkey) == 1 &&
             EVP_DigestSign(ctx, sig, &n, (const uint8_t *)text, strlen(text)) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ok)
        return err_set(e, ERR_CRYPTO, NULL, "RSA signing failed");
    *base64 = text_base64(a, (struct bytes){sig, n});
    return ERR_OK;
}

int sim_verify(const struct sim_key *k, const char *text, const char *base64)
{
    _auto(arena) a = arena_new();
    struct bytes sig;
    if (!text_from_base64(a, base64, &sig))
        return 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, k->pkey) == 1 &&
             EVP_DigestVerify(ctx, sig.p, sig.n, (const uint8_t *)text, strlen(text)) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}
