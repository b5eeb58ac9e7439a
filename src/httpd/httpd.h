/* HTTP server: routes are tables, a handler sees a request that has been read whole (design §1, §2, §9; style 8).
 *
 * libmicrohttpd reads and writes on a few epoll loops. A request that is complete is parked and handed to a
 * bounded pool of workers; when their queue is full the answer is 503 with Retry-After at once. Routes marked
 * HTTPD_INLINE are answered in the loop instead: they must never wait for anything.
 * TLS is nginx's work (design §1).
 *
 * Threads: everything that takes a `struct httpd_request` or `struct httpd_reply` belongs to the thread that runs
 * the handler, but for httpd_resume. httpd_* on the server itself belong to the thread that made it. */
#ifndef CERTHALL_HTTPD_HTTPD_H
#define CERTHALL_HTTPD_HTTPD_H

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

#include <sys/types.h>

struct httpd;
struct httpd_conn;

struct httpd_peer {
    char address
        [64]; /* "127.0.0.1", "2001:db8::1"; "unix" for a UNIX socket whose peer is no proxy */
    int is_unix;
    uid_t uid; /* SO_PEERCRED; only when is_unix */
    gid_t gid;
    pid_t pid;
};

/* A file or field of multipart/form-data (RFC 7578). Borrowed from the request. */
struct httpd_part {
    const char *name;
    const char *filename;     /* NULL for a plain field; last path component, UTF-8 */
    const char *content_type; /* as the client says; "text/plain" when absent */
    struct bytes data;        /* a NUL stands behind that of a plain field */
};

struct httpd_request {
    struct arena *arena; /* lives until the answer has been sent */
    const char *method;  /* "GET" also for HEAD */
    const char *path;    /* decoded, without the query; of a HTTPD_PLAIN route as it was sent */
    struct bytes body;
    enum lang lang; /* ?lang=, cookie `lang`, Accept-Language, else zh */
    int listener;   /* the `tag` of the listener it came in by */
    int permission; /* of the route */
    void *session;  /* what the guard attached; lives in the arena or longer */
    const struct httpd_route *route;
    struct httpd_conn *conn; /* the server's own */
};

struct httpd_reply {
    int status; /* 200 at the start */
    const char
        *content_type; /* borrowed: literal or arena; NULL: application/json when there is a body */
    struct buf body;
    struct httpd_conn *conn; /* the server's own */
};

/* On anything but ERR_OK the reply is thrown away and the server writes the JSON error of conventions.md:
 * {code, field, message, ref} in the request's language, and `errors[]` when httpd_problem was called. */
typedef enum err (*httpd_handler)(struct httpd_request *, struct httpd_reply *, void *app,
                                  struct err_info *);

/* Runs before each handler of the mounted table, in the same thread: who is it, may he (permission), is the
 * request forged (CSRF). May set session. */
typedef enum err (*httpd_guard)(struct httpd_request *, void *app, struct err_info *);

enum {
    HTTPD_INLINE = 1, /* answered in the event loop: no waiting, no database */
    HTTPD_UPLOAD = 2, /* multipart/form-data is accepted */
    HTTPD_PLAIN =
        4, /* for machines (OCSP, CRL): no security headers, and no language is looked for */
    HTTPD_QUIET = 8, /* errors below 500 are not logged */
    HTTPD_HEAVY =
        16, /* may take the processor for 20 ms or more, or sleeps: a quarter of the workers at most */
    HTTPD_SIGN_IN =
        32, /* the same of people who are not known yet: another quarter, so that they stop nobody who is */
};

/* `path`: literal segments, ":name" for one segment, "*name" at the end for the rest with its slashes.
 * The first row that fits decides. A GET row answers HEAD too. max_body 0: no body is accepted (413). */
struct httpd_route {
    const char *method;
    const char *path;
    httpd_handler run;
    int permission;
    size_t max_body;
    unsigned flags;
};

/* ---- the server ---- */

struct httpd_options {
    int workers;       /* threads that run handlers; 0: 4 */
    int queue_max;     /* requests waiting for a worker; 0: 256 */
    int queue_seconds; /* who waited longer is refused when his turn comes; 0: 5 */
    int connections_max; /* for each listener, fewer where not so many files may be open; beyond: 503; 0: 8192 */
    int header_max;     /* bytes of request line and headers together; 0: 16 KiB */
    int header_seconds; /* from connecting until the headers are whole; 0: 20 */
    int body_seconds; /* from then until the body is whole, and 1 s more for each 8 KiB of it that came, but no longer than
                       * this without any of it; then 408; 0: 30 */
    int idle_seconds; /* kept-alive connection without a request; 0: 60 */
    /* Bytes of all bodies in memory together; beyond: 503; 0: 256 MiB. Routes that take more than 64 KiB have three
     * quarters of it, an address that is counted (per_address_max) one. */
    size_t bodies_max;
    size_t
        replies_max; /* bytes of all answers in memory: beyond, no request is begun, 503; 0: 256 MiB */
    size_t reply_max;      /* bytes of one answer's body; 0: 64 MiB */
    int heartbeat_seconds; /* of live event streams; 0: 15 */
    int stream_buffer; /* bytes waiting for a slow reader before its stream is closed; 0: 64 KiB */
    int https;         /* the public address is https: cookies are Secure, HSTS is sent */
    const char *csp;   /* Content-Security-Policy of pages; NULL: own files only, nothing inline */
    /* Host headers accepted over TCP, NULL-terminated: "name" with any port, "name:port" with that one or none; others
     * are 421 (RFC 9110 7.4). NULL: any. */
    const char *const *hosts;
};

enum httpd_listen_flag {
    HTTPD_PROXY = 1, /* the peer is our nginx: X-Real-IP tells the client's address */
};

struct httpd_listen {
    const char *host;      /* TCP: numeric address; NULL for a UNIX socket */
    int port;              /* 0: any free one, see httpd_port */
    const char *unix_path; /* UNIX socket; an old one at that path is replaced */
    mode_t mode;           /* of the UNIX socket; 0: 0600 */
    uid_t owner;           /* (uid_t)-1: unchanged */
    gid_t group;           /* (gid_t)-1: unchanged */
    int loops;             /* epoll threads; 0: 1 */
    int per_address_max; /* connections of one address, with HTTPD_PROXY requests of one; beyond: 503; 0: no limit */
    int tag; /* handed to requests as `listener` */
    unsigned flags;
};

/* Strings and tables in the options are borrowed until httpd_free. */
struct httpd *httpd_new(const struct httpd_options *options);
/* `routes` are borrowed until httpd_free; `guard` may be NULL. */
void httpd_mount(struct httpd *s, const struct httpd_route *routes, size_t n, httpd_guard guard,
                 void *app);

struct httpd_files {
    const char *prefix; /* "/" or "/console": where the folder appears */
    const char *folder;
    const char *
        fallback; /* file served for any page address without a dot in its last segment; NULL: 404 */
    const char *immutable; /* addresses below this are cached for a year ("/assets/"); NULL: none */
    const char *const
        *not_under; /* NULL-terminated: no fallback below these ("/api/"); may be NULL */
};
/* Serve a folder. It is read once, here: only files found now are ever served, whatever a path says.
 * Links and names that begin with a dot are left out. ERR_IO, ERR_CONFIG (more than 20,000 files). */
NODISCARD enum err httpd_mount_files(struct httpd *s, const struct httpd_files *files,
                                     struct err_info *e);

/* Add a listening socket, open at once but served from httpd_start on. ERR_CONFIG, ERR_IO. */
NODISCARD enum err httpd_listen(struct httpd *s, const struct httpd_listen *l, struct err_info *e);
int httpd_port(const struct httpd *s,
               int listener_index); /* of the nth httpd_listen; 0 for a UNIX socket */
/* Makes all threads; afterwards the process may filter its system calls. */
NODISCARD enum err httpd_start(struct httpd *s, struct err_info *e);
/* Open files (RLIMIT_NOFILE) that a process needs for so many connections at each of its listeners. httpd_start raises its
 * own limit so far; where it may not, fewer connections are served, and the log says so. */
long httpd_files_needed(int listeners, int connections);
/* No new connections, running requests are finished, streams are closed, threads end. */
void httpd_stop(struct httpd *s);
void httpd_free(struct httpd *s); /* stops first */
DEFINE_AUTO(httpd)

/* Every route of every table, for the check against docs/openapi.yaml. */
void httpd_each_route(const struct httpd *s, void (*fn)(const struct httpd_route *, void *),
                      void *ctx);

/* ---- an answer that comes later ---- */

/* For a handler that would only sleep until others are done: it returns ERR_OK at once and its worker serves others. When
 * httpd_resume was called, once and from any thread, `finish` runs in a worker as a handler does, with `arg` in the place of
 * the app's. The handler leaves the request and its arena alone from the moment when others may use them. Until it is resumed
 * the request counts among those that wait for a worker, and httpd_stop waits for it. A handler that returns an error is
 * answered at once, and must not be resumed. Not for HTTPD_INLINE routes. */
void httpd_suspend(struct httpd_request *r, httpd_handler finish, void *arg);
void httpd_resume(struct httpd_request *r);

/* ---- the request ---- */

const char *httpd_param(const struct httpd_request *r,
                        const char *name); /* of the path; "" when there is none */
const char *httpd_query(const struct httpd_request *r,
                        const char *name); /* NULL when absent; first of several */
const char *httpd_header(const struct httpd_request *r, const char *name);
const char *httpd_cookie(const struct httpd_request *r, const char *name);
/* A cookie that httpd_reply_cookie set: behind https "__Host-<name>" and no other, which neither a subdomain nor a page
 * over plain http can have put there (RFC 6265bis 4.1.3.2). */
const char *httpd_own_cookie(const struct httpd_request *r, const char *name);
const struct httpd_peer *httpd_peer(struct httpd_request *r);
const char *httpd_ref(
    struct httpd_request *r); /* what a person quotes to the hotline: 10 base32 characters */

/* A path parameter, or a query value with its default, as a number within limits. ERR_BAD_REQUEST, or
 * ERR_NOT_FOUND for a path parameter that is no id. */
NODISCARD enum err httpd_param_id(const struct httpd_request *r, const char *name, int64_t *out,
                                  struct err_info *e);
NODISCARD enum err httpd_query_int(const struct httpd_request *r, const char *name, int64_t min,
                                   int64_t max, int64_t fallback, int64_t *out, struct err_info *e);

/* The body as a JSON object, parsed at the first call. Borrowed. ERR_MEDIA_TYPE unless application/json. */
NODISCARD enum err httpd_json(struct httpd_request *r, const json_t **out, struct err_info *e);

/* A name and its value; lists end with name == NULL. */
struct httpd_pair {
    const char *name, *value;
};
/* application/x-www-form-urlencoded body. Borrowed. */
NODISCARD enum err httpd_form(struct httpd_request *r, const struct httpd_pair **out,
                              struct err_info *e);
const struct httpd_pair *httpd_query_all(const struct httpd_request *r);
const char *httpd_pair_get(const struct httpd_pair *pairs, const char *name); /* NULL when absent */
/* multipart/form-data body; the list ends with name == NULL. Borrowed. Needs HTTPD_UPLOAD. */
NODISCARD enum err httpd_multipart(struct httpd_request *r, const struct httpd_part **out,
                                   struct err_info *e);
/* One part by name; ERR_BAD_REQUEST naming the field when it is absent. */
NODISCARD enum err httpd_part(struct httpd_request *r, const char *name,
                              const struct httpd_part **out, struct err_info *e);

/* One more problem of this request, so that all are told at once; the handler then returns any error code
 * (usually the first problem's). */
void httpd_problem(struct httpd_request *r, const struct err_info *problem);
int httpd_problems(const struct httpd_request *r);

/* ---- the reply ---- */

/* Begin a JSON body: `httpd_reply_json(reply, &j); jout_object(&j, NULL); …` */
void httpd_reply_json(struct httpd_reply *r, struct json_out *j);
/* A control character in name or value makes the whole reply a 500: nothing of it is sent. */
void httpd_reply_header(struct httpd_reply *r, const char *name, const char *value);
void httpd_reply_redirect(struct httpd_reply *r, const char *location); /* 303 */
/* Body without a copy: valid until `done(arg)` is called, once, in any thread; `done` may be NULL for what
 * lives in the arena or for ever. */
void httpd_reply_borrow(struct httpd_reply *r, struct bytes body, void (*done)(void *), void *arg);
/* An answer of 200 laid out once and sent many times, to many at once: for what is asked for a hundred thousand times a second. Body
 * is taken over: from mem_alloc, freed at last. Held by who made it and by each reply under way; gone with the last. */
struct httpd_prepared;
struct httpd_prepared *httpd_prepare(const char *content_type, void *body, size_t n,
                                     const struct httpd_pair *fields);
void httpd_prepared_hold(struct httpd_prepared *p);
void httpd_prepared_drop(struct httpd_prepared *p); /* NULL is fine */
/* The reply takes over one hold. For HTTPD_PLAIN routes. */
void httpd_reply_prepared(struct httpd_reply *r, struct httpd_prepared *p);
/* Body from an open file, which is then owned and closed by the server. */
void httpd_reply_file(struct httpd_reply *r, int fd, uint64_t size);
/* Content-Disposition for a download (RFC 6266, UTF-8 name). */
void httpd_reply_download(struct httpd_reply *r, const char *filename);

enum { HTTPD_SESSION_COOKIE = 0 };
/* HttpOnly, SameSite=Lax, Path=/; behind https Secure and with "__Host-" before its name. max_age in seconds; HTTPD_SESSION_COOKIE: until the
 * browser is closed; negative: delete. */
void httpd_reply_cookie(struct httpd_reply *r, const char *name, const char *value,
                        int64_t max_age);

/* ---- live events (server-sent events, HTML 9.2) ---- */

struct httpd_stream;
/* Turn the reply into an event stream. Called in a handler, which returns ERR_OK at once. The caller gets one
 * reference and gives it back with httpd_stream_free; sending may begin at once, from any thread.
 * `on_close` (may be NULL) is called once, from the event loop, when the client is gone or the server stops;
 * no lock of the stream is held then. An idle stream holds no thread. */
struct httpd_stream *httpd_stream_open(struct httpd_request *r, struct httpd_reply *reply,
                                       void (*on_close)(struct httpd_stream *, void *), void *arg);
/* 1 when queued; 0 when the stream is closed, or was closed now because its reader is too slow.
 * `event` and `id` may be NULL; line breaks in `data` become lines of one event. */
int httpd_stream_send(struct httpd_stream *st, const char *event, const char *id, const char *data);
void httpd_stream_close(struct httpd_stream *st); /* what is queued is still sent */
void httpd_stream_free(struct httpd_stream *st);
DEFINE_AUTO(httpd_stream)

#endif
