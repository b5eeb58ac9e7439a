/* Couriers and their numbers, and the demo's courier. */
#include "hall/delivery/delivery.h"

#include "base/boundary.h"
#include "base/sys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Patterns only where a courier's numbers begin with letters of its own (EMS: UPU S10); figures alone may be anybody's. */
// clang-format off
static const struct delivery_courier known[] = {
    {"sf",    "顺丰速运", "SF Express",   "https://www.sf-express.com/", "^SF[0-9]{10,15}$"},
    {"ems",   "EMS",      "EMS",          "https://www.ems.com.cn/",     "^E[A-Z][0-9]{9}CN$"},
    {"jd",    "京东快递", "JD Logistics", "https://www.jdl.com/",        "^JD[A-Z0-9]{8,18}$"},
    {"zto",   "中通快递", "ZTO Express",  "https://www.zto.com/",        ""},
    {"yto",   "圆通速递", "YTO Express",  "https://www.yto.net.cn/",     "^YT[0-9]{12,15}$"},
    {"sto",   "申通快递", "STO Express",  "https://www.sto.cn/",         ""},
    {"yunda", "韵达快递", "Yunda Express", "https://www.yundaex.com/",    ""},
};
// clang-format on

struct delivery_courier delivery_courier_of(const char *named)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].id, named) == 0 || strcmp(known[i].name, named) == 0)
            return known[i];
    return (struct delivery_courier){named, named, named, "", ""};
}

const char *delivery_courier_text(struct delivery_courier c, enum lang lang)
{
    return lang == LANG_EN ? c.name_en : c.name;
}

void delivery_write_couriers(struct json_out *j, const char *key, const char *const *names, int n,
                             enum lang lang)
{
    jout_list(j, key);
    for (int i = 0; i < n; i++) {
        struct delivery_courier c = delivery_courier_of(names[i]);
        jout_object(j, NULL);
        jout_text(j, "id", c.id);
        jout_text(j, "name", delivery_courier_text(c, lang));
        if (*c.pattern)
            jout_text(j, "pattern", c.pattern);
        jout_end(j);
    }
    jout_end(j);
}

/* One octet or a full-width form (U+FF01 … U+FF5E, U+3000) as its ASCII character; 0 for anything else. */
static char plain(const unsigned char **s)
{
    const unsigned char *p = *s;
    if (*p < 0x80) {
        *s += 1;
        return (char)*p;
    }
    if (p[0] == 0xE3 && p[1] == 0x80 && p[2] == 0x80) {
        *s += 3;
        return ' ';
    }
    if (p[0] == 0xEF && (p[1] == 0xBC || p[1] == 0xBD) && (p[2] & 0xC0) == 0x80) {
        int code = ((p[1] & 0x3F) << 6 | (p[2] & 0x3F)) + 0x20 - 0xF00;
        *s += 3;
        return code > 0x20 && code < 0x7F ? (char)code : 0;
    }
    return 0;
}

enum err delivery_mend_number(struct arena *a, const char *typed, const char **out,
                              struct err_info *e)
{
    char *number = arena_alloc(a, DELIVERY_NUMBER_MAX + 1);
    const unsigned char *s = (const unsigned char *)typed;
    int n = 0, digits = 0;
    while (*s) {
        char c = plain(&s);
        if (c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n')
            continue;
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (n == DELIVERY_NUMBER_MAX || !((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
            return err_set(e, ERR_SHIP_NUMBER, "number", "no courier's number");
        digits += c <= '9';
        number[n++] = c;
    }
    if (n < DELIVERY_NUMBER_MIN || digits == 0)
        return err_set(e, ERR_SHIP_NUMBER, "number", "%d characters, %d digits", n, digits);
    *out = number;
    return ERR_OK;
}

const char *delivery_number_text(struct arena *a, const char *number)
{
    size_t n = strlen(number), w = 0;
    char *out = arena_alloc(a, n + n / 4 + 1);
    for (size_t i = 0; i < n; i++) {
        if (i && i % 4 == 0)
            out[w++] = ' ';
        out[w++] = number[i];
    }
    return out;
}

/* ---- the demo's courier ---- */

static int is_plain_name(const char *s)
{
    return *s && strspn(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(s);
}

static enum err carry(const struct hall *h, const struct outbox_row *row, struct arena *a,
                      const char **answer, void *arg, struct err_info *e)
{
    const char *demo = arg, *serial;
    _auto_json body = NULL;
    TRY(json_parse(row->body, strlen(row->body), &body, e));
    TRY(json_get_text(body, "serial", &serial, e));
    if (!h->demo || !is_plain_name(serial))
        return err_set(e, ERR_INTERNAL, NULL, "the demo's courier was asked for “%s”", serial);
    char *from = arena_fmt(a, "%s/ukeys/bench/%s.ukey", demo, serial);
    char *folder = arena_fmt(a, "%s/ukeys/user", demo);
    char *to = arena_fmt(a, "%s/%s.ukey", folder, serial);
    TRY(folder_make(folder, 0700, e));
    *answer = "{}";
    if (rename(from, to) != 0 && access(to, F_OK) != 0) /* there already: carried before */
        return err_set(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, NULL, "%s: %s", from,
                       strerror(errno));
    boundary(BOUNDARY_HALL_CARRIED);
    return ERR_OK;
}

struct outbox_kind delivery_demo_kind(const char *demo)
{
    return (struct outbox_kind){.kind = "demo.courier",
                                .deliver = carry,
                                .arg = (void *)(uintptr_t)demo,
                                .give_up_ms = TIME_HOUR};
}
