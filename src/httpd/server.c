#include "httpd/httpd_priv.h"

#include "base/sys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char page_policy[] =
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

static int or_default(int value, int fallback)
{
    return value ? value : fallback;
}

struct httpd *httpd_new(const struct httpd_options *options)
{
    struct httpd *s = mem_alloc(sizeof *s);
    s->set = *options;
    struct httpd_options *o = &s->set;
    o->workers = or_default(o->workers, 4);
    o->queue_max = or_default(o->queue_max, 256);
    o->queue_seconds = or_default(o->queue_seconds, 5);
    o->connections_max = or_default(o->connections_max, 8192);
    o->header_max = or_default(o->header_max, 16 * 1024);
    o->header_seconds = or_default(o->header_seconds, 20);
    o->body_seconds = or_default(o->body_seconds, 30);
    o->idle_seconds = or_default(o->idle_seconds, 60);
    o->heartbeat_seconds = or_default(o->heartbeat_seconds, 15);
    o->stream_buffer = or_default(o->stream_buffer, 64 * 1024);
    if (!o->bodies_max)
        o->bodies_max = 256u * 1024 * 1024;
    if (!o->replies_max)
        o->replies_max = 256u * 1024 * 1024;
    if (!o->reply_max)
        o->reply_max = 64u * 1024 * 1024;
    if (!o->csp)
        o->csp = page_policy;
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->spare_lock, NULL);
    pthread_mutex_init(&s->share_lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->tick, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return s;
}

void httpd_mount(struct httpd *s, const struct httpd_route *routes, size_t n, httpd_guard guard,
                 void *app)
{
    if (s->mounts == HTTPD_MOUNTS_MAX)
        abort(); /* a program error */
    s->mount[s->mounts++] = (struct httpd_mount_row){routes, n, guard, app};
}

void httpd_each_route(const struct httpd *s, void (*fn)(const struct httpd_route *, void *),
                      void *ctx)
{
    for (int m = 0; m < s->mounts; m++)
        for (size_t i = 0; i < s->mount[m].n; i++)
            fn(&s->mount[m].routes[i], ctx);
}

/* ---- sockets ---- */

static enum err listen_error(const struct httpd_listen *l, struct err_info *e)
{
    const char *why = strerror(errno);
    const char *where = l->unix_path ? l->unix_path : l->host;
    err_set(e, ERR_CONFIG, NULL, "listen on %s %d: %s", where, l->port, why);
    err_arg(e, "why", "listen on %s %d: %s", where, l->port, why);
    return ERR_CONFIG;
}

/* Nobody may reach the socket between bind and chmod: it is made under a name that only we can enter. */
static int open_unix(const struct httpd_listen *l)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (strlen(l->unix_path) + 5 > sizeof at.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    snprintf(at.sun_path, sizeof at.sun_path, "%s.new", l->unix_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    unlink(at.sun_path);
    int own = l->owner != (uid_t)-1 || l->group != (gid_t)-1;
    /* a socket refuses every connection until listen(), so the order bind, chmod, listen, rename is safe */
    if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
        (!own || chown(at.sun_path, l->owner, l->group) == 0) &&
        chmod(at.sun_path, l->mode ? l->mode : 0600) == 0 && listen(fd, 512) == 0 &&
        rename(at.sun_path, l->unix_path) == 0)
        return fd;
    int kept = errno;
    unlink(at.sun_path);
    close(fd);
    errno = kept;
    return -1;
}

static int port_of(int fd)
{
    struct sockaddr_storage at;
    socklen_t n = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &n))
        return 0;
    if (at.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)(void *)&at)->sin6_port);
    return ntohs(((struct sockaddr_in *)(void *)&at)->sin_port);
}

static int open_tcp(const struct httpd_listen *l)
{
    char port[16];
    snprintf(port, sizeof port, "%d", l->port);
    struct addrinfo want = {.ai_family = AF_UNSPEC,
                            .ai_socktype = SOCK_STREAM,
                            .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found;
    if (getaddrinfo(l->host, port, &want, &found)) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    /* What the kernel holds of an answer that is not read: without a bound of ours it grows to 4 MiB a connection, and is
     * filled before anybody can see that its reader is slow. */
    int one = 1, unsent = 256 * 1024;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
                    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &unsent, sizeof unsent) ||
                    bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, 1024))) {
        int kept = errno;
        close(fd);
        errno = kept;
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

enum err httpd_listen(struct httpd *s, const struct httpd_listen *l, struct err_info *e)
{
    if (s->listeners == HTTPD_LISTENERS_MAX || s->started)
        return err_set(e, ERR_INTERNAL, NULL, "too many listeners, or too late");
    int fd = l->unix_path ? open_unix(l) : open_tcp(l);
    if (fd < 0)
        return listen_error(l, e);
    struct httpd_listener *n = &s->listener[s->listeners++];
    *n = (struct httpd_listener){
        .server = s, .set = *l, .fd = fd, .port = l->unix_path ? 0 : port_of(fd)};
    struct stat st;
    if (l->unix_path) {
        n->set.unix_path = n->unix_path = mem_text(l->unix_path);
        n->inode = stat(l->unix_path, &st) == 0 ? st.st_ino : 0;
    }
    return ERR_OK;
}

int httpd_port(const struct httpd *s, int listener_index)
{
    return listener_index < s->listeners ? s->listener[listener_index].port : 0;
}

/* ---- start and stop ---- */

static enum err start_listener(struct httpd *s, struct httpd_listener *l, struct err_info *e)
{
    int loops = l->set.loops > 1 ? l->set.loops : 1;
    /* no MHD_USE_ERROR_LOG: it writes a line for each client that goes away, so anybody could fill the log */
    unsigned flags = MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    int connections = s->set.connections_max + HTTPD_OVER + loops;
    struct MHD_OptionItem more[] = {{MHD_OPTION_THREAD_POOL_SIZE, loops, NULL},
                                    {MHD_OPTION_END, 0, NULL},
                                    {MHD_OPTION_END, 0, NULL}};
    if (loops == 1)
        more[0].option = MHD_OPTION_END;
    l->mhd = MHD_start_daemon(
        flags, 0, NULL, NULL, httpd_on_access, l, MHD_OPTION_LISTEN_SOCKET, l->fd,
        MHD_OPTION_URI_LOG_CALLBACK, httpd_on_uri, l, MHD_OPTION_NOTIFY_COMPLETED,
        httpd_on_completed, l, MHD_OPTION_NOTIFY_CONNECTION, httpd_on_connection, l,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)connections, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)s->set.idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)s->set.header_max, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_THREAD_STACK_SIZE,
        (size_t)512 * 1024, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
    return l->mhd ? ERR_OK
                  : err_set(e, ERR_IO, NULL, "libmicrohttpd does not start: %s", strerror(errno));
}

long httpd_files_needed(int listeners, int connections)
{
    return HTTPD_OTHER_FILES + (long)listeners * (HTTPD_OVER + connections) +
           connections / HTTPD_FILES_PART + 1;
}

/* Each connection is a descriptor, and so is each file that is sent; fewer connections than wished for are better than
 * none taken at all. */
static void settle_files(struct httpd *s)
{
    struct rlimit files;
    int wished = s->set.connections_max;
    rlim_t fixed = HTTPD_OTHER_FILES + (rlim_t)s->listeners * HTTPD_OVER;
    rlim_t each = (rlim_t)(s->listeners > 0 ? s->listeners : 1);
    rlim_t need = (rlim_t)httpd_files_needed(s->listeners, wished);
    if (getrlimit(RLIMIT_NOFILE, &files))
        return;
    if (files.rlim_cur < need) {
        files.rlim_cur = need < files.rlim_max ? need : files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
        getrlimit(RLIMIT_NOFILE, &files);
    }
    if (files.rlim_cur >= need)
        return;
    rlim_t left = files.rlim_cur > fixed ? files.rlim_cur - fixed : 0;
    s->set.connections_max = (int)(left * HTTPD_FILES_PART / (each * HTTPD_FILES_PART + 1));
    log_line(LOG_LEVEL_WARN, "http.files",
             "%llu files may be open at once: %d connections are served, not %d; raise the limit "
             "(LimitNOFILE, ulimit -n)",
             (unsigned long long)files.rlim_cur, s->set.connections_max, wished);
}

enum err httpd_start(struct httpd *s, struct err_info *e)
{
    settle_files(s);
    for (int i = 0; i < s->listeners; i++) /* whatever is wished, nobody gets more than a quarter */
        if (s->listener[i].set.per_address_max > s->set.connections_max / 4)
            s->listener[i].set.per_address_max = s->set.connections_max / 4;
    s->pool = httpd_pool_new(s->set.workers, s->set.queue_max, s->set.queue_seconds * 1000);
    if (!s->pool || !httpd_streams_start(s))
        return err_set(e, ERR_IO, NULL, "no thread: %s", strerror(errno));
    if (!httpd_watch_start(s)) {
        httpd_pool_end(s->pool);
        return err_set(e, ERR_IO, NULL, "no thread: %s", strerror(errno));
    }
    s->started = 1;
    for (int i = 0; i < s->listeners; i++)
        TRY(start_listener(s, &s->listener[i], e));
    return ERR_OK;
}

/* Answers that are ready still have to be written; a client that does not read them is not waited for. */
static void wait_for_answers(struct httpd *s)
{
    enum { WAIT_MS = 5000, STEP_MS = 5 };
    for (int waited = 0; atomic_load(&s->active) > 0 && waited < WAIT_MS; waited += STEP_MS)
        nanosleep(&(struct timespec){0, STEP_MS * 1000000L}, NULL);
}

void httpd_stop(struct httpd *s)
{
    if (!s->started)
        return;
    s->started = 0;
    atomic_store(&s->stopping, 1);
    for (int i = 0; i < s->listeners; i++)
        if (s->listener[i].mhd)
            MHD_quiesce_daemon(s->listener[i].mhd);
    httpd_streams_close(s);
    httpd_pool_end(s->pool);
    httpd_streams_close(s); /* those that the last requests opened */
    wait_for_answers(s);
    httpd_watch_end(s);
    for (int i = 0; i < s->listeners; i++) {
        if (s->listener[i].mhd)
            MHD_stop_daemon(s->listener[i].mhd);
        s->listener[i].mhd = NULL;
    }
    httpd_streams_end(s);
}

/* Only our own: the next process may already listen at the same path. */
static void remove_socket(struct httpd_listener *l)
{
    struct stat st;
    if (l->unix_path && stat(l->unix_path, &st) == 0 && st.st_ino == l->inode)
        unlink(l->unix_path);
    free(l->unix_path);
}

void httpd_free(struct httpd *s)
{
    if (!s)
        return;
    httpd_stop(s);
    for (int i = 0; i < s->listeners; i++) {
        close(s->listener[i].fd);
        remove_socket(&s->listener[i]);
    }
    for (int i = 0; i < s->file_mounts; i++)
        httpd_files_free(s->files[i]);
    httpd_pool_free(s->pool);
    while (s->spares > 0)
        arena_free(s->spare[--s->spares]);
    pthread_mutex_destroy(&s->spare_lock);
    pthread_mutex_destroy(&s->share_lock);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->tick);
    free(s);
}
