/* Many clients at once, in one thread: each sends one request after the other over a connection of its own, and looks at
 * every answer. The plan (JSON, from tests/load/loading.py) holds for each client whole requests with what their answers must
 * say; the rounds come on standard input, one line each, and each is answered by one line of JSON.
 *
 *   round CLIENTS SECONDS patient|pushing
 *
 * A patient client waits as Retry-After says before it asks again; a pushing one does not. A round also tells what processor
 * time there was in it: what the server took, what this program took, and what nobody took. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MAX = 256 * 1024, EVENTS = 256, WARM_MS = 300, DRAIN_MS = 20000, SAID_MAX = 400 };
enum { BUCKETS = 4000 }; /* of latency, one for each half millisecond */
/* In a request: where the draft's revision and the client's own count stand, filled with blanks or digits of this width. */
static const char REV_MARK[] = "@@@@@@@@@@", COUNT_MARK[] = "########";

struct wanted {
    char *text; /* sent as it is, but for the two marks */
    size_t n;
    size_t rev_at, count_at; /* offsets; 0: none */
    char *must;              /* what a right answer holds */
    int shows_draft;         /* and the count that was saved last */
};

enum doing { RESTING, CONNECTING, SENDING, READING };

struct client {
    struct sockaddr_in from;
    struct wanted *wanted;
    size_t wanted_n, at;
    int fd;
    enum doing doing;
    int64_t rest_until, asked_at;
    size_t sent, got;
    int64_t rev;
    unsigned count, saved; /* last tried, last acknowledged */
    char *answer;
};

/* Seconds of processor time since the start of the machine, or of the process. */
struct spent {
    double server, client, idle;
};

struct round {
    int64_t begins, ends;
    struct spent spent;
    int patient, closing;
    uint64_t good, busy, wrong, broken, connects, refused;
    uint64_t bucket[BUCKETS];
    char said[SAID_MAX];
};

struct load {
    struct sockaddr_in to;
    struct client *client;
    size_t clients;
    int epoll;
    long server; /* its process */
    struct round r;
};

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static _Noreturn void end(const char *what)
{
    fprintf(stderr, "load_client: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void *memory(size_t n)
{
    void *p = calloc(1, n);
    if (!p)
        end("memory");
    return p;
}

/* ---- the plan ---- */

static size_t offset_of(const char *text, const char *mark)
{
    const char *at = strstr(text, mark);
    return at ? (size_t)(at - text) : 0;
}

static void read_wanted(const json_t *j, struct wanted *w)
{
    w->text = strdup(json_string_value(json_object_get(j, "text")));
    w->must = strdup(json_string_value(json_object_get(j, "must")));
    w->n = strlen(w->text);
    w->rev_at = offset_of(w->text, REV_MARK);
    w->count_at = offset_of(w->text, COUNT_MARK);
    w->shows_draft = json_is_true(json_object_get(j, "draft"));
}

static void read_client(const json_t *j, struct client *c)
{
    const json_t *list = json_object_get(j, "requests");
    c->wanted_n = json_array_size(list);
    c->wanted = memory(c->wanted_n * sizeof *c->wanted);
    for (size_t i = 0; i < c->wanted_n; i++)
        read_wanted(json_array_get(list, i), &c->wanted[i]);
    c->at = (size_t)json_integer_value(json_object_get(j, "begin")) % c->wanted_n;
    c->rev = json_integer_value(json_object_get(j, "rev"));
    c->from.sin_family = AF_INET;
    inet_pton(AF_INET, json_string_value(json_object_get(j, "from")), &c->from.sin_addr);
    c->fd = -1;
    c->answer = memory(ANSWER_MAX);
}

static void read_plan(const char *path, struct load *l)
{
    json_error_t error;
    json_t *plan = json_load_file(path, 0, &error);
    if (!plan) {
        fprintf(stderr, "load_client: %s: %s\n", path, error.text);
        exit(2);
    }
    const json_t *list = json_object_get(plan, "clients");
    l->to.sin_family = AF_INET;
    l->to.sin_port = htons((uint16_t)json_integer_value(json_object_get(plan, "port")));
    l->to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->server = (long)json_integer_value(json_object_get(plan, "pid"));
    l->clients = json_array_size(list);
    l->client = memory(l->clients * sizeof *l->client);
    for (size_t i = 0; i < l->clients; i++)
        read_client(json_array_get(list, i), &l->client[i]);
    json_decref(plan);
}

/* ---- one client ---- */

static int counted(const struct round *r, int64_t at)
{
    return at >= r->begins && at < r->ends;
}

static void watch(struct load *l, struct client *c, uint32_t events, int how)
{
    struct epoll_event e = {.events = events, .data.ptr = c};
    if (epoll_ctl(l->epoll, how, c->fd, &e))
        end("epoll_ctl");
}

static void hang_up(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static void rest(struct client *c, int64_t us)
{
    c->doing = RESTING;
    c->rest_until = now_us() + us;
}

static void say(struct round *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct round *r, const char *fmt, ...)
{
    va_list ap;
    if (r->said[0])
        return;
    va_start(ap, fmt);
    vsnprintf(r->said, sizeof r->said, fmt, ap);
    va_end(ap);
}

static void broken(struct load *l, struct client *c, const char *how)
{
    l->r.broken++;
    say(&l->r, "%s after %zu bytes of the answer to %.60s", how, c->got, c->wanted[c->at].text);
    hang_up(c);
    rest(c, 50000);
}

static void put_number(char *at, size_t width, unsigned long long number)
{
    char text[24];
    snprintf(text, sizeof text, "%*llu", (int)width, number);
    memcpy(at, text, width);
}

static void fill_in(struct client *c, struct wanted *w)
{
    if (w->rev_at)
        put_number(w->text + w->rev_at, sizeof REV_MARK - 1, (unsigned long long)c->rev);
    if (w->count_at) {
        c->count++;
        put_number(w->text + w->count_at, sizeof COUNT_MARK - 1, 10000000ULL + c->count);
    }
}

static void send_some(struct load *l, struct client *c)
{
    const struct wanted *w = &c->wanted[c->at];
    while (c->sent < w->n) {
        ssize_t n = send(c->fd, w->text + c->sent, w->n - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            return broken(l, c, strerror(errno));
        c->sent += (size_t)n;
    }
    if (c->doing == SENDING)
        watch(l, c, EPOLLIN, EPOLL_CTL_MOD);
    c->doing = READING;
}

static void ask(struct load *l, struct client *c)
{
    c->sent = c->got = 0;
    c->asked_at = now_us();
    fill_in(c, &c->wanted[c->at]);
    send_some(l, c);
}

static void dial(struct load *l, struct client *c)
{
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        end("socket");
    /* the port is chosen at connect, so that there are as many for each of our addresses */
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(c->fd, (struct sockaddr *)&c->from, sizeof c->from))
        end("bind");
    l->r.connects++;
    if (connect(c->fd, (struct sockaddr *)&l->to, sizeof l->to) && errno != EINPROGRESS)
        return broken(l, c, strerror(errno));
    c->doing = CONNECTING;
    watch(l, c, EPOLLOUT, EPOLL_CTL_ADD);
}

static void go_on(struct load *l, struct client *c)
{
    if (l->r.closing) {
        hang_up(c);
        c->doing = RESTING;
    } else if (c->fd < 0) {
        dial(l, c);
    } else {
        c->doing = READING;
        ask(l, c);
    }
}

/* ---- answers ---- */

static const char *header(const char *head, const char *name)
{
    size_t n = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':')
            return line + 2 + n + 1 + strspn(line + 2 + n + 1, " ");
    return NULL;
}

static int is_right(struct client *c, const struct wanted *w, const char *body)
{
    char count[sizeof COUNT_MARK];
    if (!strstr(body, w->must))
        return 0;
    if (!w->shows_draft || !c->saved)
        return 1;
    put_number(count, sizeof COUNT_MARK - 1, 10000000ULL + c->saved);
    count[sizeof COUNT_MARK - 1] = '\0';
    return strstr(body, count) != NULL;
}

static void take_good(struct load *l, struct client *c, const char *body, int64_t at)
{
    const struct wanted *w = &c->wanted[c->at];
    const char *rev = w->rev_at ? strstr(body, "\"rev\":") : NULL;
    if (!is_right(c, w, body)) {
        l->r.wrong++;
        say(&l->r, "200 without %.40s (saved %u) to %.80s: %.160s", w->must, c->saved, w->text,
            body);
    } else if (counted(&l->r, at)) {
        int64_t slot = (at - c->asked_at) / 500;
        l->r.good++;
        l->r.bucket[slot < BUCKETS ? slot : BUCKETS - 1]++;
    }
    if (rev)
        c->rev = strtoll(rev + 6, NULL, 10);
    if (w->count_at)
        c->saved = c->count;
    c->at = (c->at + 1) % c->wanted_n;
}

/* Seconds to wait; 0 where the refusal is not as it must be. */
static int64_t take_busy(struct load *l, struct client *c, const char *head, const char *body,
                         int64_t at)
{
    const char *after = header(head, "Retry-After");
    int64_t seconds = after ? strtoll(after, NULL, 10) : 0;
    if (seconds < 1 || !strstr(body, "\"code\":\"service.busy\"")) {
        l->r.wrong++;
        say(&l->r, "503 that does not say when to come again, to %.80s: %.200s",
            c->wanted[c->at].text, head);
    } else if (counted(&l->r, at)) {
        l->r.busy++;
    }
    return seconds;
}

static void take_answer(struct load *l, struct client *c, char *body, size_t length)
{
    int64_t at = now_us(), seconds = 0;
    int status = (int)strtol(c->answer + 9, NULL, 10);
    char kept = body[length];
    body[-1] = body[length] = '\0'; /* the head ends in front of its last byte */
    const char *connection = header(c->answer, "Connection");
    int last = connection && strncasecmp(connection, "close", 5) == 0;
    if (status == 200) {
        take_good(l, c, body, at);
    } else if (status == 503) {
        seconds = take_busy(l, c, c->answer, body, at);
    } else {
        l->r.wrong++;
        say(&l->r, "%d to %.80s: %.200s", status, c->wanted[c->at].text, body);
        c->at = (c->at + 1) % c->wanted_n;
    }
    body[length] = kept;
    if (last)
        hang_up(c);
    if (seconds && l->r.patient && !l->r.closing)
        rest(c,
             seconds * 1000000 + (int64_t)((uintptr_t)c / 64 % 512) * 1000); /* not all at once */
    else
        go_on(l, c);
}

static void read_some(struct load *l, struct client *c)
{
    ssize_t n = recv(c->fd, c->answer + c->got, ANSWER_MAX - 1 - c->got, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        return broken(l, c, n ? strerror(errno) : "closed");
    c->got += (size_t)n;
    c->answer[c->got] = '\0';
    char *body = strstr(c->answer, "\r\n\r\n");
    if (!body)
        return;
    body += 4;
    const char *length = header(c->answer, "Content-Length");
    size_t want = length ? strtoul(length, NULL, 10) : 0;
    if (c->got - (size_t)(body - c->answer) >= want)
        take_answer(l, c, body, want);
}

static void happen(struct load *l, struct client *c, uint32_t events)
{
    if (c->fd < 0)
        return;
    if (c->doing == CONNECTING) {
        int why = 0;
        socklen_t n = sizeof why;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &why, &n);
        if (why)
            return broken(l, c, strerror(why));
        c->doing = SENDING;
        return ask(l, c);
    }
    if (c->doing == SENDING && events & EPOLLOUT)
        return send_some(l, c);
    if (c->doing == READING)
        read_some(l, c);
    else if (events & (EPOLLHUP | EPOLLERR | EPOLLIN)) /* closed while it rests: it dials again */
        hang_up(c);
}

/* ---- a round ---- */

static int wake_rested(struct load *l, size_t n)
{
    int64_t now = now_us();
    int under_way = 0;
    for (size_t i = 0; i < n; i++) {
        struct client *c = &l->client[i];
        if (c->doing == RESTING && !l->r.closing && c->rest_until <= now)
            go_on(l, c);
        else if (c->doing == RESTING && l->r.closing)
            hang_up(c);
        under_way += c->doing != RESTING;
    }
    return under_way;
}

static void turn(struct load *l, int wait_ms)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(l->epoll, events, EVENTS, wait_ms);
    for (int i = 0; i < n; i++)
        happen(l, events[i].data.ptr, events[i].events);
}

static double percentile(const struct round *r, double part)
{
    uint64_t all = 0, below = 0;
    size_t i = 0;
    for (size_t k = 0; k < BUCKETS; k++)
        all += r->bucket[k];
    for (; i < BUCKETS && (double)(below + r->bucket[i]) < part * (double)all; i++)
        below += r->bucket[i];
    return (double)(i + 1) / 2;
}

static double own_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void read_line(const char *path, char *out, size_t size)
{
    FILE *f = fopen(path, "r");
    *out = '\0';
    if (f && !fgets(out, (int)size, f))
        *out = '\0';
    if (f)
        fclose(f);
}

/* proc(5): /proc/stat `cpu user nice system idle iowait …`, /proc/PID/stat: utime and stime are the 12th and 13th field
 * behind the name in parentheses. */
static struct spent spent_now(const struct load *l)
{
    char path[64], line[2048];
    unsigned long long idle = 0, waiting = 0, user = 0, system = 0;
    double tick = (double)sysconf(_SC_CLK_TCK);
    read_line("/proc/stat", line, sizeof line);
    if (sscanf(line, "cpu %*u %*u %*u %llu %llu", &idle, &waiting) != 2)
        end("/proc/stat");
    snprintf(path, sizeof path, "/proc/%ld/stat", l->server);
    read_line(path, line, sizeof line);
    const char *name = strrchr(line, ')');
    if (!name || sscanf(name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
                        &system) != 2)
        end(path);
    return (struct spent){(double)(user + system) / tick, own_seconds(),
                          (double)(idle + waiting) / tick};
}

static void report(const struct load *l, size_t n, double seconds)
{
    const struct round *r = &l->r;
    json_t *j = json_pack(
        "{s:I,s:f,s:I,s:I,s:I,s:I,s:I,s:f,s:f,s:f,s:f,s:f,s:s}", "clients", (json_int_t)n,
        "seconds", seconds, "good", (json_int_t)r->good, "busy", (json_int_t)r->busy, "wrong",
        (json_int_t)r->wrong, "broken", (json_int_t)r->broken, "connects", (json_int_t)r->connects,
        "p50_ms", percentile(r, 0.5), "p99_ms", percentile(r, 0.99), "server_cpu", r->spent.server,
        "client_cpu", r->spent.client, "idle", r->spent.idle, "said", r->said);
    if (!j)
        end("report");
    json_dumpf(j, stdout, JSON_COMPACT);
    json_decref(j);
    putchar('\n');
    fflush(stdout);
}

static void turn_until(struct load *l, size_t n, int64_t until)
{
    int64_t looked = 0;
    for (int64_t now = now_us(); now < until; now = now_us()) {
        if (now - looked >= 2000) {
            wake_rested(l, n);
            looked = now;
        }
        turn(l, 2);
    }
}

static void run_round(struct load *l, size_t n, double seconds, int patient)
{
    int64_t start = now_us();
    l->r = (struct round){.begins = start + WARM_MS * 1000, .patient = patient};
    l->r.ends = l->r.begins + (int64_t)(seconds * 1e6);
    for (size_t i = 0; i < n; i++) /* they come over the first half of the warming up */
        l->client[i].rest_until = start + (int64_t)i * WARM_MS * 500 / (int64_t)n;
    turn_until(l, n, l->r.begins);
    struct spent before = spent_now(l);
    turn_until(l, n, l->r.ends);
    struct spent after = spent_now(l);
    l->r.spent = (struct spent){after.server - before.server, after.client - before.client,
                                after.idle - before.idle};
    l->r.closing = 1;
    int64_t until = now_us() + DRAIN_MS * 1000;
    while (wake_rested(l, n) && now_us() < until)
        turn(l, 20);
    for (size_t i = 0; i < n; i++)
        if (l->client[i].doing != RESTING)
            broken(l, &l->client[i], "no answer within 20 s");
    report(l, n, seconds);
}

int main(int argc, char **argv)
{
    struct load l = {0};
    char line[200], manner[20];
    size_t n;
    double seconds;
    if (argc != 2) {
        fprintf(stderr, "usage: load_client PLAN\n");
        return 2;
    }
    read_plan(argv[1], &l);
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l.epoll < 0)
        end("epoll");
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "round %zu %lf %19s", &n, &seconds, manner) != 3 || n < 1 ||
            n > l.clients) {
            fprintf(stderr, "load_client: not a round: %s", line);
            return 2;
        }
        run_round(&l, n, seconds, strcmp(manner, "patient") == 0);
    }
    return 0;
}
