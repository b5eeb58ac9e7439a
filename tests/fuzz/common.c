#include "fuzz.h"

#include "base/sys.h"
#include "base/text.h"
#include "pki/pki_priv.h"

#include <ftw.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fuzz_wrong(const char *property, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, property);
    abort();
}

void fuzz_failed(const char *call, const struct err_info *e, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s: %s %s %s\n", file, line, call, err_code_text(e->code), e->field,
            e->detail);
    abort();
}

void fuzz_refused(enum err code, const struct err_info *e)
{
    MUST(code > ERR_OK && code < ERR_COUNT);
    MUST(e->code == code);
    MUST(memchr(e->field, 0, sizeof e->field) && memchr(e->detail, 0, sizeof e->detail));
    for (int lang = LANG_ZH; lang <= LANG_EN; lang++) {
        char message[512];
        err_message(e, (enum lang)lang, message, sizeof message);
        MUST(message[0] && text_is_utf8(message, strlen(message)));
    }
}

int fuzz_within(struct bytes part, struct bytes whole)
{
    return part.n == 0 || (part.p >= whole.p && part.n <= whole.n &&
                           (size_t)(part.p - whole.p) <= whole.n - part.n);
}

struct bytes fuzz_copy(const uint8_t *data, size_t size)
{
    uint8_t *p = malloc(size ? size : 1);
    if (!p)
        abort();
    if (size)
        memcpy(p, data, size);
    return (struct bytes){p, size};
}

/* In the place of log_line (ld's --wrap): a line for each refusal would hide what is found. Its texts are made all the same. */
void __wrap_log_line(enum log_level level, const char *event, const char *fmt, ...);
void __wrap_log_line(enum log_level level, const char *event, const char *fmt, ...)
{
    char detail[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    MUST(level <= LOG_LEVEL_ERROR && *event);
}

/* ---- a folder ---- */

static char folder[96];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void remove_folder(void)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_folder(void)
{
    if (!folder[0]) {
        const char *under = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        snprintf(folder, sizeof folder, "%s/certhall-fuzz-XXXXXX", under);
        if (!mkdtemp(folder))
            abort();
        atexit(remove_folder);
    }
    return folder;
}

/* ---- a key ---- */

struct pki_key *fuzz_key(int n)
{
    uint8_t scalar[32] = {0}, point[65];
    struct err_info e;
    struct pki_key *key;
    scalar[0] = 0x40;
    scalar[31] = (uint8_t)n;
    EC_GROUP *g = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    BIGNUM *d = BN_bin2bn(scalar, sizeof scalar, NULL);
    EC_POINT *p = EC_POINT_new(g);
    MUST(EC_POINT_mul(g, p, d, NULL, NULL, NULL) == 1);
    MUST(EC_POINT_point2oct(g, p, POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, NULL) ==
         sizeof point);
    MUST_OK(pki_key_from_scalar(PKI_P256, scalar, (struct bytes){point, sizeof point}, &key, &e),
            &e);
    EC_POINT_free(p);
    BN_free(d);
    EC_GROUP_free(g);
    return key;
}
