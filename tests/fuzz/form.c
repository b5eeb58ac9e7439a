/* What stands in a request beside its body: addresses and their escapes, queries and forms, cookies, languages.
 * The first octet says what follows; the rest is text with any octets but NUL (libmicrohttpd hands texts on). */
#include "fuzz.h"

#include "base/text.h"
#include "httpd/httpd_priv.h"

#include <stdlib.h>
#include <string.h>

void fuzz_begin(void)
{
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    static const char *const seeds[] = {
        "Fa=1&b=%E6%B5%B7&c=x+y&&d&=e&f=%0A",
        "R/api/v1/orders/%34711/close",
        "R/ocsp/MEMwQTA%2FMD0%3D",
        "R/api/v1/orders/4711/",
        "R/ocsp/a/b/c",
        "Csid=abc; __Host-sid=d=e;lang=en",
        "Len-GB;q=0.8, zh-CN, *;q=0.1",
        "Lzh_TW;q=1e-3,en;q=0",
    };
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        fuzz_seed_text(s, seeds[i]);
}

/* Decoded text: UTF-8, no control characters; breaks are for forms. */
static void clean(const char *s, int breaks)
{
    MUST(text_is_utf8(s, strlen(s)) || !*s);
    for (; *s; s++)
        MUST((unsigned char)*s >= 0x20 ? *s != 0x7f : breaks && strchr("\t\r\n", *s));
}

static void put_escaped(struct buf *b, const char *s)
{
    for (; *s; s++)
        buf_fmt(b, "%%%02X", (unsigned char)*s);
}

static void form(struct arena *a, struct bytes in)
{
    struct err_info e = {0};
    const struct httpd_pair *f = NULL, *again = NULL;
    enum err err = httpd_form_parse(a, (const char *)in.p, in.n, &f, &e);
    if (err != ERR_OK) {
        MUST(err == ERR_BAD_REQUEST);
        fuzz_refused(err, &e);
        return;
    }
    struct buf b;
    size_t n = 0;
    buf_init(&b, 1 << 20);
    for (; f[n].name; n++) {
        clean(f[n].name, 1);
        clean(f[n].value, 1);
        put_escaped(&b, f[n].name);
        buf_byte(&b, '=');
        put_escaped(&b, f[n].value);
        buf_byte(&b, '&');
    }
    MUST(n <= HTTPD_PAIRS_MAX && httpd_pair_get(f, "\x7f") == NULL);
    if (n < HTTPD_PAIRS_MAX) { /* written again it is read the same */
        MUST_OK(httpd_form_parse(a, buf_cstr(&b), b.n, &again, &e), &e);
        for (size_t i = 0; i <= n; i++)
            MUST(i == n ? !again[i].name
                        : !strcmp(again[i].name, f[i].name) && !strcmp(again[i].value, f[i].value));
    }
    buf_clear(&b);
}

static void route(struct arena *a, const char *path)
{
    static const char *const patterns[] = {"/api/v1/orders/:id/close", "/ocsp/*request",
                                           "/:a/:b/:c/:d/:e/:f", "/:a/:b/:c/:d/:e/:f/:g", "/"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct httpd_param param[HTTPD_PARAMS_MAX];
        int params = -1;
        if (httpd_route_match(a, patterns[i], path, param, &params) != HTTPD_MATCH)
            continue;
        MUST(params >= 0 && params <= HTTPD_PARAMS_MAX);
        for (int k = 0; k < params; k++) {
            clean(param[k].value, 0);
            MUST(param[k].name_n > 0 && (patterns[i][1] == 'o' || !strchr(param[k].value, '/')));
        }
    }
    const char *whole = httpd_decode(a, path, strlen(path), 0);
    if (whole)
        clean(whole, 0);
}

static void cookie(struct arena *a, const char *header)
{
    static const char *const names[] = {"sid", "__Host-sid", "lang", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *v = httpd_cookie_find(a, header, names[i]);
        MUST(!v || (strlen(v) <= strlen(header) && !strchr(v, ';')));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    _auto(arena) a = arena_new();
    struct bytes in = fuzz_copy(data + 1, size - 1);
    char *text = mem_alloc(size); /* one octet for the NUL: not one to spare */
    memcpy(text, in.p, in.n);
    switch (data[0]) {
    case 'F':
        form(a, in);
        break;
    case 'R':
        route(a, text);
        break;
    case 'C':
        cookie(a, text);
        break;
    default: {
        enum lang lang = httpd_lang_of(text, text, text);
        MUST(lang == LANG_ZH || lang == LANG_EN);
        MUST(httpd_lang_of(NULL, NULL, text) <= LANG_EN);
    }
    }
    free(text);
    free((void *)(uintptr_t)in.p);
    return 0;
}
