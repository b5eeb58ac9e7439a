/* PEM (RFC 7468): labels, base64 in lines of 64. */
#include "pki/pem.h"

#include "base/text.h"
#include "pki/der.h"

#include <string.h>

char *pem_encode(struct arena *a, const char *label, struct bytes der)
{
    struct buf b;
    const char *text = text_base64(a, der);
    buf_init(&b, (size_t)-1 / 4);
    buf_fmt(&b, "-----BEGIN %s-----\n", label);
    for (size_t n = strlen(text); n > 0;) {
        size_t line = n < 64 ? n : 64;
        buf_put(&b, text, line);
        buf_byte(&b, '\n');
        text += line;
        n -= line;
    }
    buf_fmt(&b, "-----END %s-----\n", label);
    char *out = arena_text_n(a, (const char *)b.p, b.n);
    buf_clear(&b);
    return out;
}

static const char *find(const char *p, const char *end, const char *what)
{
    return memmem(p, (size_t)(end - p), what, strlen(what));
}

/* base64 between the lines, without white space. */
static int body(struct arena *a, const char *p, const char *end, struct bytes *der)
{
    char *text = arena_alloc(a, (size_t)(end - p) + 1);
    size_t n = 0;
    for (; p < end; p++)
        if (!strchr(" \t\r\n", *p) || *p == '\0')
            text[n++] = *p == '\0' ? '!' : *p;
    return text_from_base64(a, text, der);
}

enum err pem_decode(struct arena *a, struct bytes pem, const char *label, struct bytes *der,
                    struct err_info *e)
{
    return pem_decode_next(a, &pem, label, der, e);
}

enum err pem_decode_next(struct arena *a, struct bytes *pem, const char *label, struct bytes *der,
                         struct err_info *e)
{
    const char *end = (const char *)pem->p + pem->n;
    const char *begin = arena_fmt(a, "-----BEGIN %s", label ? label : "");
    const char *p = pem->n ? find((const char *)pem->p, end, begin) : NULL;
    while (p && label &&
           (end - p < (long)strlen(begin) + 5 || memcmp(p + strlen(begin), "-----", 5) != 0))
        p = find(p + 1, end, begin);
    const char *eol = p ? memchr(p, '\n', (size_t)(end - p)) : NULL;
    const char *stop = eol ? find(eol, end, "-----END ") : NULL;
    if (!stop || !body(a, eol, stop, der))
        return der_refuse(e, "no PEM block%s%s (RFC 7468)", label ? " " : "", label ? label : "");
    pem->n = (size_t)(end - stop) - 9;
    pem->p = (const uint8_t *)stop + 9;
    return ERR_OK;
}
