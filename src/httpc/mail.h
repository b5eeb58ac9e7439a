/* Mail: one message with attachments, built here (RFC 5322, 2045-2047, 2231) and sent by libcurl (RFC 5321). */
#ifndef CERTHALL_HTTPC_MAIL_H
#define CERTHALL_HTTPC_MAIL_H

#include "base/err.h"
#include "base/mem.h"

struct mail_attachment {
    const char *name;         /* UTF-8 file name */
    const char *content_type; /* "application/pdf" */
    struct bytes data;
};

struct mail {
    const char *from_name;  /* UTF-8; may be "" */
    const char *from;       /* addr-spec */
    const char *to;         /* addr-spec */
    const char *subject;    /* UTF-8 */
    const char *text;       /* UTF-8, lines end with \n */
    const char *message_id; /* without <>; unique, e.g. "outbox-id@host" */
    int64_t date;           /* UTC ms */
    const struct mail_attachment *attachments;
    size_t attachments_n;
};

struct mail_server {
    const char *url;  /* smtp://host:port or smtps://host:port */
    const char *user; /* NULL: no login */
    const char *password;
    const char *ca_file; /* NULL: the system's */
    int starttls;        /* smtp:// must become TLS before anything is said */
    int timeout_ms;      /* 0: 30 s */
};

/* The message's bytes, CRLF lines. ERR_BAD_REQUEST{why} with field from, to, subject …: an address or header
 * with a line break or a control character, an address without @. */
NODISCARD enum err mail_build(struct arena *a, const struct mail *m, struct bytes *out,
                              struct err_info *e);
/* ERR_UNAVAILABLE: try again later; ERR_BAD_REQUEST field "to": the server refused this receiver for good (5xx). */
NODISCARD enum err httpc_smtp_send(const struct mail_server *s, const struct mail *m,
                                   struct err_info *e);

#endif
