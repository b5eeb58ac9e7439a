/* Signing in changes something, so it needs a token as well: otherwise another site could sign a browser in as somebody
 * of its choice. The token follows from a cookie that only this origin can read back to us. */
#include "webapi/webapi.h"

#include "base/sys.h"
#include "base/text.h"
#include "hall/vault/vault.h"

#include <string.h>

enum { GUEST_BYTES = 32, GUEST_CHARS = 43, CSRF_BYTES = 16 };

static const char *csrf_of(struct arena *a, const struct vault *v, const char *guest)
{
    struct bytes all = vault_index(v, a, VAULT_CSRF, arena_fmt(a, "guest:%s", guest));
    return text_base64url(a, (struct bytes){all.p, CSRF_BYTES});
}

static int is_guest(const char *cookie)
{
    return cookie && strlen(cookie) == GUEST_CHARS;
}

const char *web_guest(struct httpd_request *r, struct httpd_reply *reply, const char *cookie)
{
    const char *guest = httpd_own_cookie(r, cookie);
    if (!is_guest(guest)) {
        uint8_t random[GUEST_BYTES];
        random_bytes(random, sizeof random);
        guest = text_base64url(r->arena, (struct bytes){random, sizeof random});
        httpd_reply_cookie(reply, cookie, guest, HTTPD_SESSION_COOKIE);
    }
    return guest;
}

const char *web_guest_csrf(struct httpd_request *r, struct httpd_reply *reply,
                           const struct vault *v, const char *cookie)
{
    return csrf_of(r->arena, v, web_guest(r, reply, cookie));
}

enum err web_guest_check(const struct httpd_request *r, const struct vault *v, const char *cookie,
                         struct err_info *e)
{
    const char *guest = httpd_own_cookie(r, cookie), *given = httpd_header(r, "X-CSRF");
    const char *right = is_guest(guest) ? csrf_of(r->arena, v, guest) : NULL;
    if (!right || !given || strlen(given) != strlen(right) ||
        !mem_equal(given, right, strlen(right)))
        return err_set(e, ERR_SESSION_CSRF, "X-CSRF", NULL);
    return ERR_OK;
}
