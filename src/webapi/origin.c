#include "webapi/webapi.h"

#include <string.h>
#include <strings.h>

/* "https://hall.example:8443" from the Host "hall.example:8443", or "hall.example". */
static int is_of_host(const char *origin, size_t scheme, const char *host)
{
    const char *authority = origin + scheme;
    size_t n = strlen(host);
    if (n == 0 || strncasecmp(authority, host, n) != 0)
        return 0;
    int has_port = *host == '[' ? strstr(host, "]:") != NULL : strchr(host, ':') != NULL;
    return authority[n] == '\0' || (!has_port && authority[n] == ':');
}

/* Of a hall behind https no page is ours that came over plain http: anybody on the line can have written it. */
static int is_ours(const char *origin, const char *public_url, const char *host)
{
    static const char secure[] = "https://", plain[] = "http://";
    if (strcasecmp(origin, public_url) == 0)
        return 1;
    if (!host)
        return 0;
    if (strncasecmp(origin, secure, sizeof secure - 1) == 0)
        return is_of_host(origin, sizeof secure - 1, host);
    int https = strncasecmp(public_url, secure, sizeof secure - 1) == 0;
    return !https && strncasecmp(origin, plain, sizeof plain - 1) == 0 &&
           is_of_host(origin, sizeof plain - 1, host);
}

enum err web_origin_check(const struct httpd_request *r, const char *public_url, struct err_info *e)
{
    const char *site = httpd_header(r, "Sec-Fetch-Site"), *origin = httpd_header(r, "Origin");
    if (strcmp(r->method, "GET") == 0)
        return ERR_OK;
    if (site && strcasecmp(site, "cross-site") == 0)
        return err_set(e, ERR_SESSION_CSRF, "Sec-Fetch-Site", "%s", site);
    if (origin && !is_ours(origin, public_url, httpd_header(r, "Host")))
        return err_set(e, ERR_SESSION_CSRF, "Origin", "%.100s", origin);
    return ERR_OK;
}
