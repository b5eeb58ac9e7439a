#include "peer/peer.h"

#include "base/sys.h"
#include "base/text.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

enum err peer_key_read(const char *key_file, char key[PEER_KEY_LEN + 1], struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct bytes file;
    key[0] = '\0';
    enum err found = file_read(a, key_file, 4096, &file, e);
    if (found == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(found);
    const char *text = text_trim(a, (const char *)file.p);
    struct bytes raw;
    if (strlen(text) != PEER_KEY_LEN || !text_from_hex(a, text, &raw))
        return err_set(e, ERR_CONFIG, NULL, "%s: not a key of %d hex digits", key_file,
                       PEER_KEY_LEN);
    memcpy(key, text, PEER_KEY_LEN + 1);
    return ERR_OK;
}

enum err peer_key_make(const char *key_file, struct err_info *e)
{
    _auto(arena) a = arena_new();
    uint8_t raw[PEER_KEY_LEN / 2];
    if (access(key_file, F_OK) == 0)
        return ERR_OK;
    random_bytes(raw, sizeof raw);
    char *line = arena_fmt(a, "%s\n", text_hex(a, (struct bytes){raw, sizeof raw}));
    mem_wipe(raw, sizeof raw);
    return file_replace(key_file, (struct bytes){(const uint8_t *)line, strlen(line)}, 0600, e);
}

enum err peer_policy_read(const char *users, const char *key_file, struct peer_policy *out,
                          struct err_info *e)
{
    _auto(arena) a = arena_new();
    char *rest = arena_text(a, users), *name;
    *out = (struct peer_policy){0};
    while ((name = strsep(&rest, " ")) != NULL) {
        if (*name == '\0')
            continue;
        const struct passwd *user = getpwnam(name);
        if (!user || out->uids == PEER_USERS_MAX) {
            err_set(e, ERR_CONFIG, NULL, "system user %s: unknown, or too many", name);
            err_arg(e, "why", "system user %s does not exist", name);
            return ERR_CONFIG;
        }
        out->uid[out->uids++] = user->pw_uid;
    }
    if (out->uids > 0)
        return ERR_OK;
    TRY(peer_key_read(key_file, out->key, e));
    if (out->key[0] == '\0')
        return err_set(e, ERR_CONFIG, NULL, "%s is missing, and no system users are named",
                       key_file);
    return ERR_OK;
}

enum err peer_check(const struct peer_policy *p, struct httpd_request *r, struct err_info *e)
{
    const struct httpd_peer *peer = httpd_peer(r);
    for (size_t i = 0; i < p->uids; i++)
        if (peer->is_unix && peer->uid == p->uid[i])
            return ERR_OK;
    if (p->uids > 0 && peer->is_unix && peer->uid == 0)
        return ERR_OK;
    const char *shown = httpd_header(r, "X-Peer-Key");
    if (p->uids == 0 && shown && strlen(shown) == PEER_KEY_LEN &&
        mem_equal(shown, p->key, PEER_KEY_LEN))
        return ERR_OK;
    err_set(e, ERR_FORBIDDEN, NULL, "peer uid %ld is none of this socket's", (long)peer->uid);
    err_arg(e, "who", "-");
    return ERR_FORBIDDEN;
}
