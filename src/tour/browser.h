/* What a browser does for a person: one cookie jar, one token against forged requests, JSON there and back. */
#ifndef CERTHALL_TOUR_BROWSER_H
#define CERTHALL_TOUR_BROWSER_H

#include "base/json.h"
#include "httpc/httpc.h"

struct browser {
    struct httpc *client;
    const char *side; /* "portal" or "console": whose session it is */
    char cookies[2048];
    char csrf[256];
    struct arena *arena; /* everything read lives here */
    int status;          /* of the last answer */
    struct bytes body;
};

/* Begin a session at `base` ("http://127.0.0.1:8080"); gets the first cookie and the token. */
NODISCARD enum err browser_open(struct browser *b, const char *base, const char *side,
                                struct arena *a, struct err_info *e);
void browser_close(struct browser *b);

/* `path` behind /api/v1/<side>. *out is borrowed until browser_close. A refusal is the hall's own error code. */
NODISCARD enum err browser_get(struct browser *b, const char *path, const json_t **out,
                               struct err_info *e);
/* Takes over `body`. */
NODISCARD enum err browser_send(struct browser *b, const char *method, const char *path,
                                json_t *body, const json_t **out, struct err_info *e);
/* A file, as it is; its content stands in b->body. */
NODISCARD enum err browser_download(struct browser *b, const char *path, struct err_info *e);
/* multipart/form-data with two files (RFC 7578). */
struct browser_upload {
    const char *field, *name;
    struct bytes content;
};
NODISCARD enum err browser_upload(struct browser *b, const char *path, const char *project,
                                  const struct browser_upload *file, size_t n, const json_t **out,
                                  struct err_info *e);
/* The token for changes again: it is another one after signing in. */
NODISCARD enum err browser_refresh(struct browser *b, struct err_info *e);

/* "a.b.2.c" of a JSON value; NULL where there is none. */
const json_t *at(const json_t *value, const char *path);
const char *text_at(const json_t *value, const char *path); /* "" where there is none */

#endif
