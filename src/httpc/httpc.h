/* HTTP client and mail sender on libcurl.
 *
 * No redirects are followed, certificates are verified, answers have a maximum size. A client keeps its
 * connections and may be used from many threads at once. */
#ifndef CERTHALL_HTTPC_HTTPC_H
#define CERTHALL_HTTPC_HTTPC_H

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

struct httpc_options {
    const char *service;   /* what a person calls the other side: {service} of ERR_UNAVAILABLE */
    const char *base;      /* "http://ca" or "https://bank.example": put before paths; may be "" */
    const char *unix_path; /* connect to this UNIX socket whatever the address says; NULL: no */
    const char *ca_file;   /* PEM; NULL: the system's */
    const char *header;    /* "Name: value" sent with each request; NULL or "": none */
    int connect_ms;        /* 0: 3 s */
    int timeout_ms;        /* whole exchange; 0: 15 s */
    size_t answer_max;     /* 0: 8 MiB */
};

struct httpc;
struct httpc *httpc_new(const struct httpc_options *o); /* copies the options */
void httpc_free(struct httpc *c);
DEFINE_AUTO(httpc)

struct httpc_request {
    const char *method;       /* NULL: GET, or POST when there is a body */
    const char *path;         /* behind `base` */
    const char *content_type; /* of the body */
    struct bytes body;
    const char *const *headers; /* "Name: value", NULL-terminated; may be NULL; no line breaks */
    int timeout_ms;             /* 0: the client's */
};

struct httpc_answer {
    int status;
    const char *content_type; /* "" when absent */
    const char *location;     /* "" when absent */
    const char *cookies;      /* name=value of every Set-Cookie joined by "; " */
    struct bytes body;        /* NUL behind it */
};

/* Any status is an answer. ERR_UNAVAILABLE{service} when there is none (nobody there, timeout, bad TLS),
 * ERR_TOO_LARGE when it is longer than answer_max. The answer lives in the arena. */
NODISCARD enum err httpc_send(struct httpc *c, struct arena *a, const struct httpc_request *r,
                              struct httpc_answer *out, struct err_info *e);

/* JSON there and back; `body` NULL is a GET. A status of 2xx gives the parsed answer (owned; NULL when the body is
 * empty). An error of our own shape becomes its `enum err` with field and args; any other refusal is
 * ERR_UNAVAILABLE with status in the detail. */
NODISCARD enum err httpc_json(struct httpc *c, const char *method, const char *path,
                              const struct buf *body, json_t **out, struct err_info *e);
/* Turn an answer that is not 2xx into its error, as httpc_json does. Never ERR_OK. */
NODISCARD enum err httpc_error(const struct httpc *c, const struct httpc_answer *answer,
                               struct err_info *e);

/* `name=value` pairs, percent-encoded and joined by & (application/x-www-form-urlencoded, WHATWG URL 5.2). */
void httpc_form_add(struct buf *b, const char *name, const char *value);

#endif
