#include "sim/bank_priv.h"

#include "base/sys.h"
#include "base/text.h"
#include "base/time.h"

#include <string.h>
#include <strings.h>

int bank_is_id(const char *s)
{
    size_t n = strlen(s);
    return n >= 1 && n <= 32 &&
           strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

int bank_is_amount(const char *s)
{
    int64_t fen;
    return *s != '0' && text_to_int(s, 1, 100000000000, &fen); /* one way to write each number */
}

int bank_is_url(const char *s)
{
    int known = strncmp(s, "http://", 7) == 0 || strncmp(s, "https://", 8) == 0;
    if (!known || strlen(s) > 512 || strchr(s, '#'))
        return 0;
    for (; *s; s++)
        if (*s <= 0x20 || *s >= 0x7f || strchr("\"'<>\\`", *s))
            return 0;
    return 1;
}

int bank_is_subject(const char *s)
{
    size_t n = text_chars(s);
    return n >= 1 && n <= 128 && strlen(s) < 400 && !strpbrk(s, "\r\n\t");
}

int bank_is_time(const char *s)
{
    int64_t ms;
    return time_parse_rfc3339(s, &ms);
}

/* Every parameter known and once, every required one there and well formed. */
static enum bank_code check_shape(const struct bank_param *want, size_t n,
                                  const struct httpd_pair *params)
{
    for (const struct httpd_pair *p = params; p->name; p++) {
        int known = strcmp(p->name, "sign") == 0;
        for (size_t i = 0; i < n && !known; i++)
            known = strcmp(want[i].name, p->name) == 0;
        if (!known || httpd_pair_get(p + 1, p->name))
            return BANK_PARAM_UNKNOWN;
    }
    if (!httpd_pair_get(params, "sign"))
        return BANK_PARAM_MISSING;
    for (size_t i = 0; i < n; i++) {
        const char *value = httpd_pair_get(params, want[i].name);
        if (!value && !want[i].optional)
            return BANK_PARAM_MISSING;
        if (value && !want[i].valid(value))
            return BANK_PARAM_INVALID;
    }
    return BANK_OK;
}

/* merchants.json: [{"id": "certhall", "name": "…", "public_key": "-----BEGIN PUBLIC KEY-----…"}]. Read at each
 * request, so that a merchant can be added while the bank runs. */
static enum err find_merchant(struct bank *b, struct arena *a, const char *id, const char **name,
                              struct sim_key **key, struct err_info *e)
{
    struct bytes file;
    _auto_json all = NULL;
    TRY(file_read(a, arena_fmt(a, "%s/merchants.json", b->folder), 1 << 20, &file, e));
    TRY(json_parse(file.p, file.n, &all, e));
    size_t i;
    json_t *m;
    json_array_foreach (all, i, m) {
        if (strcmp(json_opt_text(m, "id", ""), id) != 0)
            continue;
        *name = arena_text(a, json_opt_text(m, "name", id));
        return sim_key_public(json_opt_text(m, "public_key", ""), key, e);
    }
    return err_set(e, ERR_NOT_FOUND, NULL, "no merchant %s", id);
}

enum bank_code bank_check(struct bank *b, const struct bank_param *want, size_t n,
                          const struct httpd_pair *params, int64_t now, struct arena *a,
                          const char **merchant_name)
{
    enum bank_code code = check_shape(want, n, params);
    if (code != BANK_OK)
        return code;
    struct err_info e;
    _auto(sim_key) key = NULL;
    enum err found = find_merchant(b, a, httpd_pair_get(params, "merchant"), merchant_name, &key,
                                   &e);
    if (found != ERR_OK) {
        log_line(LOG_LEVEL_WARN, "merchant", "%s", e.detail);
        return found == ERR_NOT_FOUND ? BANK_MERCHANT_UNKNOWN : BANK_BROKEN;
    }
    if (!sim_verify(key, sim_sign_text(a, params), httpd_pair_get(params, "sign")))
        return BANK_SIGN_WRONG;
    int64_t at = 0;
    if (!time_parse_rfc3339(httpd_pair_get(params, "time"), &at) ||
        at > now + BANK_TIME_WINDOW_MS || at < now - BANK_TIME_WINDOW_MS)
        return BANK_TIME_WRONG;
    return BANK_OK;
}
