/* JSON bodies: what is taken, how members are read, and that what we write others read. */
#include "fuzz.h"

#include "base/json.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

void fuzz_begin(void)
{
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    static const char *const seeds[] = {
        "{\"text\":\"\\u6d77\\ud83d\\ude00\\n\\\"\",\"int\":-42,\"id\":\"4711\",\"bool\":true,\"base64\":\"MAMCAQA=\"}",
        "{\"text\":null,\"int\":1e3,\"id\":\"9223372036854775807\",\"bool\":0,\"base64\":\"MAMCAQB\"}",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "{\"a\":1,\"a\":2}",
        "{\"text\":\"a\\u0000b\"}",
        "[0.1,1E400,-0,123456789012345678901234567890]",
    };
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        fuzz_seed_text(s, seeds[i]);
}

static int depth_of(const json_t *v)
{
    int deepest = 0;
    size_t i;
    const char *key;
    json_t *member;
    if (json_is_array(v)) {
        json_array_foreach (v, i, member) {
            int d = depth_of(member);
            deepest = d > deepest ? d : deepest;
        }
    } else if (json_is_object(v)) {
        json_object_foreach ((json_t *)(uintptr_t)v, key, member) {
            int d = depth_of(member);
            deepest = d > deepest ? d : deepest;
        }
    } else {
        return 0;
    }
    return deepest + 1;
}

static void told(enum err err, const char *field, const struct err_info *e)
{
    if (err == ERR_OK)
        return;
    MUST(err == ERR_BAD_REQUEST && !strcmp(e->field, field));
    fuzz_refused(err, e);
}

static void members(const json_t *v, struct arena *a)
{
    const char *text = "untouched";
    int64_t number = -7, id = -7;
    int yes = -7;
    struct bytes octets = {0};
    struct err_info e = {0};
    enum err err = json_get_text(v, "text", &text, &e);
    told(err, "text", &e);
    if (err == ERR_OK)
        MUST(text_is_utf8(text, strlen(text)) || !*text);
    told(json_get_int(v, "int", &number, &e), "int", &e);
    err = json_get_id(v, "id", &id, &e);
    told(err, "id", &e);
    MUST(err != ERR_OK || id >= 0);
    err = json_get_bool(v, "bool", &yes, &e);
    told(err, "bool", &e);
    MUST(err != ERR_OK || yes == 0 || yes == 1);
    err = json_get_base64(v, "base64", 64, a, &octets, &e);
    told(err, "base64", &e);
    MUST(err != ERR_OK ||
         (octets.n <= 64 && !strcmp(text_base64(a, octets), json_opt_text(v, "base64", ""))));
}

/* Our writer's text of any value, read again, is that value. */
static void put(struct json_out *j, const char *key, const json_t *v, int depth)
{
    size_t i;
    const char *name;
    json_t *member;
    if (json_is_object(v) && depth < JSON_DEPTH_MAX - 1) {
        jout_object(j, key);
        json_object_foreach ((json_t *)(uintptr_t)v, name, member)
            put(j, name, member, depth + 1);
        jout_end(j);
    } else if (json_is_array(v) && depth < JSON_DEPTH_MAX - 1) {
        jout_list(j, key);
        json_array_foreach (v, i, member)
            put(j, NULL, member, depth + 1);
        jout_end(j);
    } else if (json_is_string(v)) {
        jout_text(j, key, json_string_value(v));
    } else if (json_is_integer(v)) {
        jout_int(j, key, json_integer_value(v));
    } else if (json_is_boolean(v)) {
        jout_bool(j, key, json_is_true(v));
    } else {
        jout_null(j, key);
    }
}

static void write_again(const json_t *v)
{
    struct json_out j;
    struct err_info e = {0};
    _auto_buf first, second;
    _auto_json back = NULL;
    buf_init(&first, 1 << 20);
    buf_init(&second, 1 << 20);
    jout_init(&j, &first);
    put(&j, NULL, v, 0);
    MUST_OK(json_parse(first.p, first.n, &back, &e), &e);
    jout_init(&j, &second);
    put(&j, NULL, back, 0);
    MUST(first.n == second.n && memcmp(first.p, second.p, first.n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _auto(arena) a = arena_new();
    _auto_json v = NULL;
    struct err_info e = {0};
    struct bytes in = fuzz_copy(data, size);
    enum err err = json_parse(in.p, in.n, &v, &e);
    if (err != ERR_OK) {
        MUST(err == ERR_BAD_REQUEST && !v);
        fuzz_refused(err, &e);
    } else {
        MUST(v && depth_of(v) <= 32);
        members(v, a);
        if (json_is_object(v) || json_is_array(v))
            write_again(v);
    }
    free((void *)(uintptr_t)in.p);
    return 0;
}
