/* What the tests of this folder share: short ways to octets, and the key of GB/T 32918's examples. */
#ifndef CERTHALL_TESTS_PKI_VECTORS_H
#define CERTHALL_TESTS_PKI_VECTORS_H

#include "testing.h"

#include "base/text.h"
#include "pki/pki_priv.h"

#include <string.h>

static inline struct bytes octets(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static inline struct bytes hex(struct arena *a, const char *s)
{
    struct bytes b = {0};
    assert_true(text_from_hex(a, s, &b));
    return b;
}

#define assert_bytes(want, got)                                                                    \
    do {                                                                                           \
        struct bytes want_ = (want), got_ = (got);                                                 \
        assert_int_equal(want_.n, got_.n);                                                         \
        if (want_.n)                                                                               \
            assert_memory_equal(want_.p, got_.p, want_.n);                                         \
    } while (0)

/* GM/T 0003.5 (GB/T 32918.5) annex A */
#define SM2_D "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
#define SM2_X "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
#define SM2_Y "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
#define SM2_SPKI_HEAD "3059301306072a8648ce3d020106082a811ccf5501822d034200"

#endif
