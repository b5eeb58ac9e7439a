/* What a person without the permission sees of a personal value. */
#include "hall/vault/vault.h"

#include "base/text.h"

#include <string.h>

/* Bytes of the first `chars` code points. */
static size_t head_bytes(const char *s, size_t chars)
{
    size_t n = 0;
    while (s[n] && chars > 0) {
        n++;
        while (((unsigned char)s[n] & 0xC0) == 0x80)
            n++;
        chars--;
    }
    return n;
}

static const char *stars(struct arena *a, size_t n)
{
    char *s = arena_alloc(a, n + 1);
    memset(s, '*', n);
    return s;
}

const char *vault_mask_mobile(struct arena *a, const char *mobile)
{
    size_t n = strlen(mobile);
    if (n < 8)
        return stars(a, n);
    return arena_fmt(a, "%.3s%s%s", mobile, stars(a, n - 7), mobile + n - 4);
}

const char *vault_mask_name(struct arena *a, const char *name)
{
    size_t chars = text_chars(name);
    if (chars < 2)
        return stars(a, chars);
    return arena_fmt(a, "%.*s%s", (int)head_bytes(name, 1), name, stars(a, chars - 1));
}

const char *vault_mask_email(struct arena *a, const char *email)
{
    const char *at = strrchr(email, '@');
    if (!at || at == email)
        return stars(a, text_chars(email));
    return arena_fmt(a, "%.*s***%s", (int)head_bytes(email, 1), email, at);
}

const char *vault_mask_account(struct arena *a, const char *account)
{
    size_t n = strlen(account);
    return n < 8 ? stars(a, n) : arena_fmt(a, "%s%s", stars(a, n - 4), account + n - 4);
}

const char *vault_mask_address(struct arena *a, const char *address)
{
    size_t chars = text_chars(address);
    size_t shown = chars >= 12 ? 6 : chars / 2;
    return chars ? arena_fmt(a, "%.*s****", (int)head_bytes(address, shown), address) : "";
}
