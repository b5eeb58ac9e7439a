/* What a hall process is told at its start: hall.conf, and its secrets in one 0400 file (design §1). */
#ifndef CERTHALL_HALL_SETTINGS_H
#define CERTHALL_HALL_SETTINGS_H

#include "base/err.h"
#include "base/mem.h"
#include "base/sys.h"
#include "hall/vault/vault.h"

/* hall.conf. Texts are borrowed from the arena. */
struct hall_settings {
    const char *folder;     /* <data>/hall */
    const char *data;       /* <data> */
    const char *database;   /* `database`: a store URL; default sqlite:<folder>/hall.db */
    const char *public_url; /* `public_url`, no slash at the end; required */
    const char
        *server_id;       /* `server_id`, 1 to 32 of a-z 0-9 -; "hall": its name in agents' lists */
    const char *profiles; /* `profiles`: folder; "" : the installed one */
    const char *smtp_url; /* `smtp_url`; "" : mail is written as files */
    const char *smtp_user; /* `smtp_user`; its password is the secret "smtp.password" */
    const char *smtp_ca;   /* `smtp_ca`: certificates that vouch for the server; "": the system's */
    int smtp_plain;        /* `smtp_plain` = yes: mail may go unencrypted */
    const char *mail;      /* `mail`; "file", or "" */
    const char *mail_from; /* `mail_from`; no-reply@localhost */
    const char *mail_from_name; /* `mail_from_name`; 证书大厅 */
    const char *sms;            /* `sms`; "file", or "" */
    int64_t port;               /* `port`; 8080 */
    int64_t connections; /* `connections`, 100 to 100000; 12288: how many are served at once */
    int64_t workers;     /* `outbox_threads`, 1 to 8; 2 */
    int demo; /* `demo = yes`, on http://127.0.0.1 only: stand-ins and the moved clock are allowed */
    const char *demo_clock;    /* `clock`, or <data>/demo/clock in a demo; NULL: machine time */
    const char *outbox_folder; /* <data>/demo/outbox in a demo, else <folder>/outbox */
    const struct conf *conf;   /* everything else, for the concept that owns it */
};
/* `data` is absolute. ERR_CONFIG{why} with file and line or setting. */
NODISCARD enum err hall_settings_read(struct arena *a, const char *data, struct hall_settings *out,
                                      struct err_info *e);

/* May SMS be counted as sent? A demo writes them as files for its people to read; elsewhere only who says `sms = file`
 * has somebody who passes them on. ERR_CONFIG{why}. */
NODISCARD enum err hall_settings_sms(const struct hall_settings *s, struct err_info *e);

/* May mail be counted as sent? With `smtp_url` (smtp:// or smtps://) a server takes it. Without, a demo writes files for its
 * people to read; elsewhere only who says `mail = file` has somebody who passes them on. ERR_CONFIG{why}. */
NODISCARD enum err hall_settings_mail(const struct hall_settings *s, struct err_info *e);

/* <data>/hall/secrets, mode 0400: field keys, index key, and named secrets of concepts ("smtp.password" …). */
struct hall_secrets;
/* ERR_CONFIG when others may read it, or a key is not 64 hex digits. */
NODISCARD enum err hall_secrets_read(const char *path, struct hall_secrets **out,
                                     struct err_info *e);
void hall_secrets_free(struct hall_secrets *s); /* wipes */
DEFINE_AUTO(hall_secrets)
void hall_secrets_vault_keys(const struct hall_secrets *s,
                             struct vault_keys *out); /* to be wiped */
/* A named secret, or NULL. Borrowed from `s`. */
const char *hall_secret(const struct hall_secrets *s, const char *name);

/* New random keys (certhall init). ERR_CONFLICT when the file is there. */
NODISCARD enum err hall_secrets_make(const char *path, struct err_info *e);
/* Add or replace a named secret: a line of printable text; names are letters, digits, dot, underscore. */
NODISCARD enum err hall_secrets_set(const char *path, const char *name, const char *value,
                                    struct err_info *e);
/* A new field key becomes the current one (certhall keys rotate); *id is its number. ERR_CONFLICT when VAULT_KEYS_MAX
 * are there. */
NODISCARD enum err hall_secrets_rotate(const char *path, uint32_t *id, struct err_info *e);

#endif
