/* JSON out, straight into a buffer; JSON in through jansson.
 *
 * Writing keeps no tree: commas and nesting are tracked, text is escaped (RFC 8259 7). Ids are strings in
 * every JSON (design §3), so there is json_id and no way to write a 63-bit number by accident. */
#ifndef CERTHALL_BASE_JSON_H
#define CERTHALL_BASE_JSON_H

#include "base/err.h"
#include "base/mem.h"

#include <jansson.h>

enum { JSON_DEPTH_MAX = 24 };

struct json_out {
    struct buf *buf;
    int depth;
    char open[JSON_DEPTH_MAX]; /* '{' or '[' */
    char some[JSON_DEPTH_MAX]; /* a member was written at this depth */
};

void jout_init(struct json_out *j, struct buf *buf);
/* `key` is NULL inside a list and at the top. */
void jout_object(struct json_out *j, const char *key);
void jout_list(struct json_out *j, const char *key);
void jout_end(struct json_out *j); /* closes the innermost object or list */
void jout_text(struct json_out *j, const char *key, const char *value); /* NULL writes null */
void jout_int(struct json_out *j, const char *key,
              int64_t value); /* counts and fen; |value| < 2^53 */
void jout_id(struct json_out *j, const char *key, int64_t value); /* as a string */
void jout_bool(struct json_out *j, const char *key, int value);
void jout_null(struct json_out *j, const char *key);
void jout_raw(struct json_out *j, const char *key, const char *json); /* already valid JSON */

/* An object that fails to free leaks; this frees it at the end of the block. */
static inline void json_decref_cleanup(json_t **p)
{
    json_decref(*p);
}
#define _auto_json __attribute__((cleanup(json_decref_cleanup))) json_t *

/* Parse one JSON value of at most `n` bytes, nested at most 32 deep; duplicate keys and trailing bytes are refused.
 * ERR_BAD_REQUEST with line and reason. The caller owns *out. */
NODISCARD enum err json_parse(const void *p, size_t n, json_t **out, struct err_info *e);

/* Members of an object. Required ones: absent or of another type is ERR_BAD_REQUEST naming the field.
 * Texts are borrowed from `obj`. `_opt` gives the fallback when the member is absent or null. */
NODISCARD enum err json_get_text(const json_t *obj, const char *key, const char **out,
                                 struct err_info *e);
NODISCARD enum err json_get_int(const json_t *obj, const char *key, int64_t *out,
                                struct err_info *e);
NODISCARD enum err json_get_id(const json_t *obj, const char *key, int64_t *out,
                               struct err_info *e);
NODISCARD enum err json_get_bool(const json_t *obj, const char *key, int *out, struct err_info *e);
/* base64 (RFC 4648 4) member, decoded into the arena; longer than `max` bytes is refused. */
NODISCARD enum err json_get_base64(const json_t *obj, const char *key, size_t max, struct arena *a,
                                   struct bytes *out, struct err_info *e);
const char *json_opt_text(const json_t *obj, const char *key, const char *fallback);
int64_t json_opt_int(const json_t *obj, const char *key, int64_t fallback);

#endif
