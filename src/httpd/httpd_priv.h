/* What the files of httpd share. One `httpd_conn` lives as long as one request; one `httpd_link` as long as
 * one connection. A conn is touched by its event loop, or, while MHD has it suspended, by one worker; what httpd_resume
 * needs of it (its route, and what stands under the pool's lock) by whoever resumes it. */
#ifndef CERTHALL_HTTPD_PRIV_H
#define CERTHALL_HTTPD_PRIV_H

#include "httpd/httpd.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    HTTPD_PARAMS_MAX = 6,
    HTTPD_PROBLEMS_MAX = 100,
    HTTPD_PAIRS_MAX = 200,
    HTTPD_PARTS_MAX = 64
};
/* Answered 503 while the limit of connections is reached; of those that say nothing there are no more than these. */
enum { HTTPD_OVER = 64, HTTPD_OVER_SECONDS = 5 };
/* Descriptors that are no connection's and no answer's: listeners, loops, databases, log. */
enum { HTTPD_OTHER_FILES = 256 };
/* So many files may be sent at once: a part of the connections; a quarter of these to one address. */
enum { HTTPD_FILES_PART = 8 };
enum { HTTPD_SHARE_BUCKETS = 1024 };
enum { HTTPD_LISTENERS_MAX = 8, HTTPD_MOUNTS_MAX = 16, HTTPD_SPARES_MAX = 16 };
/* A body that will be refused is still read up to here, so that the client sees the answer, not a reset. */
enum { HTTPD_DRAIN_MAX = 64 * 1024 * 1024 };
/* Bytes of a body that give its sender one more second: a slow line (64 kbit/s) may upload, a trickle is cut off. */
enum { HTTPD_BODY_RATE = 8 * 1024 };

struct httpd_mount_row {
    const struct httpd_route *routes;
    size_t n;
    httpd_guard guard;
    void *app;
};

struct httpd_listener {
    struct httpd *server;
    struct httpd_listen set;
    char *unix_path;
    ino_t inode; /* of the socket file */
    int fd;
    int port;
    atomic_int connections;
    int waiting; /* requests for a worker; under the pool's lock */
    struct MHD_Daemon *mhd;
};

struct httpd_share_key {
    uint64_t bits; /* the address, or its first half */
    int six;
};

/* What one client address has. */
struct httpd_share {
    struct httpd_share *next;
    struct httpd_share_key key;
    int held;             /* connections, or behind a proxy requests; under share_lock */
    int waiting;          /* for a worker; under the pool's lock */
    atomic_size_t bodies; /* bytes of its bodies in memory */
    atomic_int sending;   /* files */
};

/* One connection, for its deadline: past it the watch thread shuts the socket down. */
struct httpd_link {
    struct httpd_link *prev, *next;
    int fd;
    int over;                  /* came when there were too many: its request is refused */
    struct httpd_share *share; /* of the peer; NULL: not counted, or behind a proxy */
    int moved;                 /* its socket and its place in the counts are a stream's now */
    _Atomic int64_t deadline;  /* monotonic ms; 0: none */
    atomic_int late;           /* what is said past it: an enum lang + 1; 0: nothing */
};

struct httpd_pool;
struct httpd_file_mount;

struct httpd {
    struct httpd_options set;
    struct httpd_listener listener[HTTPD_LISTENERS_MAX];
    int listeners;
    struct httpd_mount_row mount[HTTPD_MOUNTS_MAX];
    int mounts;
    struct httpd_file_mount *files[HTTPD_MOUNTS_MAX];
    int file_mounts;
    struct httpd_pool *pool;
    int started;
    atomic_int stopping;
    atomic_int active;     /* requests between their first and their last byte */
    atomic_size_t bodies;  /* bytes of all bodies in memory */
    atomic_size_t replies; /* bytes of all answers in memory */
    atomic_int sending;    /* files */
    atomic_int busy;       /* requests refused since the log told of them */
    pthread_mutex_t share_lock;
    struct httpd_share *share[HTTPD_SHARE_BUCKETS];
    pthread_mutex_t spare_lock;
    struct arena
        *spare[HTTPD_SPARES_MAX]; /* empty, of finished requests: the next ones take them */
    int spares;
    pthread_mutex_t lock; /* of the two lists and `watch_end` */
    pthread_cond_t tick;
    struct httpd_link *links;
    struct httpd_stream *streams;
    int stream_epoll, stream_end, nowhere; /* stream.c */
    pthread_t stream_thread;
    int watch_end;
    pthread_t watch;
};

struct httpd_param {
    const char *name; /* in the pattern, up to '/' or its end */
    size_t name_n;
    const char *value;
};

struct httpd_reply_field {
    struct httpd_reply_field *next;
    const char *name, *value;
};

struct httpd_conn {
    struct httpd *server;
    struct httpd_listener *listener;
    struct httpd_link *link;
    struct MHD_Connection *mhd;
    struct httpd_request request;
    struct httpd_reply reply;
    const struct httpd_mount_row *mount;
    char *uri, *raw_path, *raw_query; /* query "" when there is none */
    const char *authority;            /* of an address in absolute form; NULL: none */
    struct httpd_param param[HTTPD_PARAMS_MAX];
    int params;
    int begun, waiting, ready, too_long;
    int last;                  /* the connection ends with this answer */
    int no_end;                /* where its body ends is not known */
    int old_version;           /* HTTP/1.0 */
    int64_t queued_at;         /* httpd_now, when it began to wait for a worker */
    struct httpd_share *share; /* of the client that the proxy names; NULL: the link's */
    int64_t body_until;        /* monotonic ms: when a body of no length must be whole */
    const char *head_method;   /* the method as sent */
    const char *allow;         /* for 405 */
    enum err early;            /* decided from the headers; answered when the body has been read */
    struct err_info early_info;
    struct buf in; /* the body */
    uint64_t received;
    size_t counted; /* of server->bodies */
    size_t replied; /* of server->replies */
    int file_counted;
    json_t *json;
    const struct httpd_pair *query, *form;
    const struct httpd_part *parts;
    struct err_info *problem;
    int problems;
    char ref[16];
    struct httpd_peer peer;
    int peer_known;
    struct httpd_reply_field *fields;
    int bad_field;
    struct bytes borrowed;
    void (*done)(void *);
    void *done_arg;
    int fd; /* -1: none */
    uint64_t fd_size;
    struct httpd_stream *stream;
    struct MHD_Response *response;
    struct httpd_prepared *prepared; /* held; in the place of all the rest of the reply */
    int status;
    httpd_handler finish; /* set: the answer comes later */
    void *finish_arg;
    int parked, resumed; /* its handler is through; it was told to go on: under the pool's lock */
    struct httpd_conn *next; /* in the pool's queue */
};

int64_t httpd_now(void); /* monotonic ms, coarse */

/* route.c: pure */
enum httpd_match { HTTPD_NO_MATCH, HTTPD_MATCH };
/* Does the raw path fit the pattern? Values are decoded into the arena. */
enum httpd_match httpd_route_match(struct arena *a, const char *pattern, const char *raw_path,
                                   struct httpd_param *param, int *params);
/* Percent-decoding (RFC 3986 2.1) of n bytes; NULL when an escape is broken or the result has a control
 * character or is not UTF-8. `plus`: '+' is a space (forms). */
char *httpd_decode(struct arena *a, const char *s, size_t n, int plus);

/* form.c: pure */
NODISCARD enum err httpd_form_parse(struct arena *a, const char *s, size_t n,
                                    const struct httpd_pair **out, struct err_info *e);
const char *httpd_cookie_prefix(const struct httpd_conn *c); /* "__Host-" behind https, else "" */
const char *httpd_cookie_find(struct arena *a, const char *header, const char *name);
enum lang httpd_lang_of(const char *query, const char *cookie, const char *accept_language);

/* multipart.c: pure */
NODISCARD enum err httpd_multipart_parse(struct arena *a, const char *content_type,
                                         struct bytes body, const struct httpd_part **out,
                                         struct err_info *e);

/* request.c */
/* Of the other side, as text; "" where it has none. */
void httpd_tcp_address(struct MHD_Connection *mhd, char *out, size_t size);
void httpd_find_lang(struct httpd_conn *c);
enum err httpd_bad(struct err_info *e, const char *field,
                   const char *why); /* ERR_BAD_REQUEST{why} */

/* reply.c */
void httpd_reply_reset(struct httpd_conn *c);
void httpd_reply_error(struct httpd_conn *c,
                       const struct err_info *e); /* fills the reply with the JSON error */
struct MHD_Response *httpd_prepared_response(const struct httpd_prepared *p);
void httpd_respond(struct httpd_conn *c); /* makes c->response and c->status from the reply */
void httpd_put_fields(const struct httpd_conn *c, struct buf *b); /* of the reply, as lines */

/* files.c */
/* Count the file of the reply; 0 when there are too many at once. */
int httpd_files_room(struct httpd_conn *c);
int httpd_files_serve(struct httpd_conn *c); /* 1 when the reply was filled */
void httpd_files_free(struct httpd_file_mount *m);

/* stream.c */
int httpd_streams_start(struct httpd *s); /* 0 with errno */
/* The stream takes the connection over: MHD is to close what it has of it. 0: it cannot be. */
int httpd_stream_begin(struct httpd_conn *c);
void httpd_stream_gone(struct httpd_stream *st);
void httpd_streams_beat(struct httpd *s, int64_t now);
void httpd_streams_close(struct httpd *s);
void httpd_streams_end(struct httpd *s); /* when MHD has ended */

/* pool.c */
struct httpd_pool *httpd_pool_new(int workers, int queue_max, int64_t wait_ms);
/* Suspend and queue; 0 when the queue is full or the pool has ended (then nothing was done). */
int httpd_pool_submit(struct httpd_pool *p, struct httpd_conn *c);
/* Suspend, to be refused at the watch's next turn; 0 when the pool has ended. */
int httpd_pool_put_off(struct httpd_pool *p, struct httpd_conn *c);
void httpd_pool_tell_refused(struct httpd_pool *p);
void httpd_pool_resume(struct httpd_pool *p, struct httpd_conn *c);
void httpd_pool_end(struct httpd_pool *p); /* finishes what is queued */
void httpd_pool_free(struct httpd_pool *p);

/* share.c */
/* One more connection or request of that address; *held: how many it has now. */
struct httpd_share *httpd_share_take(struct httpd *s, const char *address, int *held);
void httpd_share_give(struct httpd *s, struct httpd_share *share);
struct httpd_share *httpd_share_of(const struct httpd_conn *c); /* NULL: not counted */

/* exchange.c */
void httpd_run(struct httpd_conn *c); /* guard, handler, response: in a worker or in the loop */
void httpd_run_rest(struct httpd_conn *c);    /* what was suspended: `finish`, response */
void httpd_refuse_busy(struct httpd_conn *c); /* decide for 503, answered later */
void httpd_run_refused(struct httpd_conn *c); /* 503: instead of httpd_run */
void *httpd_on_uri(void *listener, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result httpd_on_access(void *listener, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *n, void **state);
void httpd_on_completed(void *listener, struct MHD_Connection *mhd, void **state,
                        enum MHD_RequestTerminationCode why);
void httpd_on_connection(void *listener, struct MHD_Connection *mhd, void **socket_state,
                         enum MHD_ConnectionNotificationCode what);

/* watch.c */
int httpd_watch_start(struct httpd *s);
void httpd_watch_end(struct httpd *s);
struct httpd_link *httpd_link_new(struct httpd *s, int fd);
void httpd_link_free(struct httpd *s, struct httpd_link *link);
void httpd_link_deadline(struct httpd_link *link, int64_t seconds); /* from now; 0: none */
/* A body is awaited until that moment (httpd_now); past it the answer is 408 in that language. */
void httpd_link_receive(struct httpd_link *link, int64_t until, enum lang lang);

#endif
