/* The hall's secrets: one settings file that only its own user may read.
 *
 *     field.current = 2
 *     field.1 = <64 hex digits>
 *     field.2 = <64 hex digits>
 *     index = <64 hex digits>
 *     secret.smtp.password = …
 */
#include "hall/settings.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRETS_FILE_MAX = 64 * 1024, NAME_LEN_MAX = 64 };

struct hall_secrets {
    struct arena *arena; /* wipes what it held */
    struct conf *conf;
    struct vault_keys keys;
};

static enum err bad(struct err_info *e, const char *path, const char *key, const char *why)
{
    err_set(e, ERR_CONFIG, key, "%s: %s: %s", path, key, why);
    err_arg(e, "why", "%s: %s: %s", path, key, why);
    return ERR_CONFIG;
}

static enum err check_mode(const char *path, struct err_info *e)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return bad(e, path, "", strerror(errno));
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077))
        return bad(e, path, "mode", "others may read it; chmod 0400");
    if (st.st_uid != geteuid() && geteuid() != 0)
        return bad(e, path, "owner", "it belongs to another user");
    return ERR_OK;
}

static enum err key_of(struct hall_secrets *s, const char *path, const char *name,
                       uint8_t out[VAULT_KEY_LEN], struct err_info *e)
{
    struct bytes key;
    const char *hex = conf_get(s->conf, name, "");
    if (!text_from_hex(s->arena, hex, &key) || key.n != VAULT_KEY_LEN)
        return bad(e, path, name, "not a key of 64 hex digits");
    memcpy(out, key.p, VAULT_KEY_LEN);
    return ERR_OK;
}

static enum err keys_of(struct hall_secrets *s, const char *path, struct err_info *e)
{
    int64_t current;
    struct vault_keys *k = &s->keys;
    if (!text_to_int(conf_get(s->conf, "field.current", ""), 1, UINT32_MAX, &current))
        return bad(e, path, "field.current", "not a key's number");
    k->current = (uint32_t)current;
    for (size_t i = 0; conf_key_at(s->conf, i); i++) {
        const char *name = conf_key_at(s->conf, i);
        int64_t id;
        if (strncmp(name, "field.", 6) != 0 || !text_to_int(name + 6, 1, UINT32_MAX, &id))
            continue;
        if (k->fields == VAULT_KEYS_MAX)
            return bad(e, path, name, "more field keys than can be held");
        k->field[k->fields].id = (uint32_t)id;
        TRY(key_of(s, path, name, k->field[k->fields++].key, e));
    }
    return key_of(s, path, "index", k->index, e);
}

enum err hall_secrets_read(const char *path, struct hall_secrets **out, struct err_info *e)
{
    _auto(hall_secrets) s = mem_alloc(sizeof *s);
    s->arena = arena_new();
    TRY(check_mode(path, e));
    TRY(conf_read(s->arena, path, &s->conf, e));
    TRY(keys_of(s, path, e));
    *out = steal(&s);
    return ERR_OK;
}

void hall_secrets_free(struct hall_secrets *s)
{
    if (!s)
        return;
    arena_free(s->arena);
    mem_wipe(s, sizeof *s);
    free(s);
}

void hall_secrets_vault_keys(const struct hall_secrets *s, struct vault_keys *out)
{
    *out = s->keys;
}

const char *hall_secret(const struct hall_secrets *s, const char *name)
{
    char key[NAME_LEN_MAX + 8];
    int n = snprintf(key, sizeof key, "secret.%s", name);
    return n > 0 && (size_t)n < sizeof key ? conf_get(s->conf, key, NULL) : NULL;
}

static const char *new_key(struct arena *a)
{
    uint8_t key[VAULT_KEY_LEN];
    random_bytes(key, sizeof key);
    const char *hex = text_hex(a, (struct bytes){key, sizeof key});
    mem_wipe(key, sizeof key);
    return hex;
}

static enum err write_lines(const char *path, struct buf *b, struct err_info *e)
{
    if (b->full)
        return err_set(e, ERR_TOO_LARGE, NULL, "%s over %d octets", path, SECRETS_FILE_MAX);
    enum err done = file_replace(path, (struct bytes){b->p, b->n}, 0400, e);
    mem_wipe(b->p, b->n);
    return done;
}

enum err hall_secrets_make(const char *path, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_buf b;
    buf_init(&b, SECRETS_FILE_MAX);
    if (access(path, F_OK) == 0)
        return err_set(e, ERR_CONFLICT, NULL, "%s is there already", path);
    buf_fmt(
        &b,
        "# secrets of the hall; only its own user may read them\nfield.current = 1\nfield.1 = %s\n",
        new_key(a));
    buf_fmt(&b, "index = %s\n", new_key(a));
    return write_lines(path, &b, e);
}

/* All lines of the file but `leave_out`, as they stand. */
static void copy_lines(const struct hall_secrets *s, const char *leave_out, struct buf *b)
{
    for (size_t i = 0; conf_key_at(s->conf, i); i++) {
        const char *key = conf_key_at(s->conf, i);
        if (strcmp(key, leave_out) != 0)
            buf_fmt(b, "%s = %s\n", key, conf_get(s->conf, key, ""));
    }
}

enum err hall_secrets_set(const char *path, const char *name, const char *value, struct err_info *e)
{
    _auto(hall_secrets) s = NULL;
    _auto_buf b;
    buf_init(&b, SECRETS_FILE_MAX);
    size_t n = strlen(name);
    if (n == 0 || n > NAME_LEN_MAX || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._") != n)
        return bad(e, path, name, "not a name of a secret");
    for (const char *p = value; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            return bad(e, path, name, "a secret is one line of printable text");
    if (!*value || *value == ' ' || value[strlen(value) - 1] == ' ')
        return bad(e, path, name, "a secret neither is empty nor begins or ends with a space");
    TRY(hall_secrets_read(path, &s, e));
    const char *key = arena_fmt(s->arena, "secret.%s", name);
    copy_lines(s, key, &b);
    buf_fmt(&b, "%s = %s\n", key, value);
    return write_lines(path, &b, e);
}

enum err hall_secrets_rotate(const char *path, uint32_t *id, struct err_info *e)
{
    _auto(hall_secrets) s = NULL;
    _auto_buf b;
    buf_init(&b, SECRETS_FILE_MAX);
    TRY(hall_secrets_read(path, &s, e));
    if (s->keys.fields == VAULT_KEYS_MAX)
        return err_set(e, ERR_CONFLICT, NULL, "%d field keys are there", VAULT_KEYS_MAX);
    *id = 0;
    for (int i = 0; i < s->keys.fields; i++)
        if (s->keys.field[i].id > *id)
            *id = s->keys.field[i].id;
    ++*id;
    buf_fmt(&b, "field.current = %u\n", *id);
    copy_lines(s, "field.current", &b);
    buf_fmt(&b, "field.%u = %s\n", *id, new_key(s->arena));
    return write_lines(path, &b, e);
}
