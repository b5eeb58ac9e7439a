/* Certificate revocation lists: numbers only grow, and a list is never older than the change it should tell.
 *
 * A list is read and signed beside the writer, so that a long one keeps nobody waiting; only its record is the writer's. It is
 * written into a file beside the one it replaces, recorded, and then given the name: so what is read was recorded. One list
 * is made at a time, hence its number is still the next one then. */
#include "ca/ca_priv.h"

#include "base/boundary.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct crl_work {
    struct ca *ca;
    const struct ca_issuer *issuer;
    struct ca_lists *lists;
    struct ca_list_of of;
    struct arena *arena;
    const char *name, *path;
    int64_t now, number, seq, next_update;
    int64_t last_at; /* thisUpdate of the list before; 0: there is none */
    int64_t base, base_seq, base_at, base_until; /* of a delta */
    int fresh;                                   /* the file there still holds */
    uint8_t end[600]; /* algorithm and signature: the last piece of the file */
    size_t end_n;
    uint64_t octets;
};

enum { CRL_LIFE_HOURS = 24 };

/* "issuing-p256", "issuing-p256.7", "issuing-p256.7.delta" */
static const char *name_of(const struct ca_issuer *issuer, int shard, int delta, struct arena *a)
{
    const char *kind = delta ? ".delta" : "";
    return shard ? arena_fmt(a, "%s.%d%s", issuer->code, shard, kind)
                 : arena_fmt(a, "%s%s", issuer->code, kind);
}

static const char *url_of(const struct crl_work *w, int delta)
{
    return arena_fmt(w->arena, "%s/crl/%s.crl", w->ca->options.status_url,
                     name_of(w->issuer, w->of.shard, delta, w->arena));
}

int ca_shard_of(const struct ca *ca, struct bytes serial)
{
    int shards = ca->options.crl_shards;
    if (shards <= 1 || serial.n < 2)
        return 0;
    return 1 + (serial.p[serial.n - 2] << 8 | serial.p[serial.n - 1]) % shards;
}

const char *ca_crl_url(const struct ca *ca, const struct ca_issuer *issuer, int shard,
                       struct arena *a)
{
    return shard
               ? arena_fmt(a, "%s/crl/%s.crl", ca->options.status_url, name_of(issuer, shard, 0, a))
               : issuer->crl_url;
}

/* ---- what to make ---- */

/* The number on the file that is there: after the database was restored from a copy it may be above all that the database
 * knows, also where the clock was put back. 0 where there is none that can be read. */
static int64_t number_on_file(const struct crl_work *w)
{
    struct err_info e;
    struct file_map m;
    struct crl_view v;
    int64_t number = 0;
    if (file_map(w->path, &m, &e) != ERR_OK)
        return 0;
    if (crl_head(m.all, &v, &e) == ERR_OK && v.number < INT64_MAX)
        number = (int64_t)v.number;
    file_unmap(&m);
    return number;
}

/* Above all before, and not below the millisecond of its making, so that after the database was restored from a copy no number is
 * given twice (RFC 5280 5.2.3). For the same reason the first list of a process is a new one. */
static enum err next_number(struct store_tx *tx, struct crl_work *w, struct err_info *e)
{
    const struct store_row *newest;
    TRY(store_one(tx, &Q_ca_crl_newest_number, PARAMS(P_INT(w->issuer->id)), w->arena, &newest, e));
    int64_t now = clock_machine(), number = row_int(newest, "number");
    if (!w->lists->made[w->of.shard][w->of.delta]) {
        int64_t there = number_on_file(w);
        number = there > number ? there : number;
    }
    w->number = number >= now ? number + 1 : now;
    return ERR_OK;
}

static enum err look_at_last(struct store_tx *tx, struct crl_work *w, struct err_info *e)
{
    const struct store_row *last;
    TRY(store_opt(tx, &Q_ca_crl_last, PARAMS(P_INT(w->issuer->id), P_INT(w->of.shard), P_INT(0)),
                  w->arena, &last, e));
    TRY(listed_refresh(&w->lists->listed, tx, w->issuer->id, e));
    w->seq = w->lists->listed.seq;
    /* nextUpdate leaves room for an outage: relying parties refuse everything once it has passed */
    w->next_update = w->now + (int64_t)CRL_LIFE_HOURS * TIME_HOUR;
    if (last) {
        w->last_at = row_int(last, "this_update");
        w->number = row_int(last, "number");
        int64_t age = w->now - w->last_at;
        w->fresh = w->lists->made[w->of.shard][0] && age >= 0 && age < w->ca->options.crl_period &&
                   row_int(last, "status_seq") >= w->lists->listed.shard_seq[w->of.shard] &&
                   access(w->path, R_OK) == 0;
    }
    return w->fresh ? ERR_OK : next_number(tx, w, e);
}

/* ---- making it ---- */

struct list_file {
    struct file_side side;
    struct crl_work *work;
};

static enum err sink_expect(void *self, size_t most, struct err_info *e)
{
    return file_side_expect(&((struct list_file *)self)->side, most, e);
}

static enum err sink_put(void *self, struct bytes piece, struct err_info *e)
{
    struct list_file *f = self;
    f->work->end_n = piece.n <= sizeof f->work->end ? piece.n : 0;
    memcpy(f->work->end, piece.p, f->work->end_n);
    return file_side_put(&f->side, piece, e);
}

static enum err sink_view(void *self, struct bytes *all, struct err_info *e)
{
    return file_side_view(&((struct list_file *)self)->side, all, e);
}

static enum err sink_patch(void *self, size_t at, struct bytes piece, struct err_info *e)
{
    return file_side_patch(&((struct list_file *)self)->side, at, piece, e);
}

static enum err record_crl(struct store_tx *tx, void *arg, struct err_info *e)
{
    const struct crl_work *w = arg;
    struct bytes end = {w->end, w->end_n};
    TRY(store_exec(tx, &Q_ca_crl_add,
                   PARAMS(P_INT(w->issuer->id), P_INT(w->of.shard), P_INT(w->base),
                          P_INT(w->base_seq), P_INT(w->base_at), P_INT(w->base_until),
                          P_INT(w->number), P_INT(w->seq), P_INT(w->now), P_INT(w->next_update),
                          P_INT((int64_t)w->octets), P_BLOB(end)),
                   NULL, e));
    TRY(store_exec(
        tx, &Q_ca_crl_prune,
        PARAMS(P_INT(w->issuer->id), P_INT(w->of.shard), P_INT(w->base != 0), P_INT(CA_LISTS_KEPT)),
        NULL, e));
    return ca_audit(tx, w->now, "ca", "crl",
                    arena_fmt(w->arena, "%s %lld", w->name, (long long)w->number), e);
}

static enum err write_file(struct crl_work *w, const struct listed *of, struct list_file *file,
                           struct err_info *e)
{
    struct listed_reading reading = {
        .listed = of, .shard = (unsigned)w->of.shard, .last_at = w->of.delta ? 0 : w->last_at};
    struct crl_source source = listed_source(&reading);
    const struct crl_sink sink = {file, sink_expect, sink_put, sink_view, sink_patch};
    int deltas = w->ca->options.delta_base_period > 0;
    struct crl_spec spec = {.issuer = w->issuer->subject,
                            .issuer_key = w->issuer->signer->pub,
                            .this_update = w->now,
                            .next_update = w->next_update,
                            .number = (uint64_t)w->number,
                            .shard_url = w->of.shard ? url_of(w, 0) : NULL,
                            .delta_base = (uint64_t)w->base,
                            .delta_base_until = w->base_until,
                            .delta_url = deltas && !w->of.delta ? url_of(w, 1) : NULL};
    TRY(file_side_open(w->path, &file->side, e));
    TRY(crl_write_to(&spec, &source, w->issuer->signer, &sink, e));
    w->octets = file->side.n;
    boundary(BOUNDARY_CA_LIST_SIGNED);
    TRY(file_side_sync(&file->side, 0600, e));
    TRY(store_group_run(w->ca->group, record_crl, w, e));
    boundary(BOUNDARY_CA_LIST_RECORDED);
    return file_side_keep(&file->side, e);
}

static enum err write_list(struct crl_work *w, const struct listed *of, struct err_info *e)
{
    struct list_file file = {.side = {.fd = -1}, .work = w};
    enum err written = write_file(w, of, &file, e);
    file_side_clear(&file.side);
    TRY(written);
    w->lists->made[w->of.shard][w->of.delta] = 1;
    return ERR_OK;
}

static enum err make_complete(struct crl_work *w, struct err_info *e)
{
    {
        _auto(store_tx) tx = NULL;
        TRY(store_begin(w->ca->store, STORE_READ, &tx, e));
        TRY(look_at_last(tx, w, e));
    }
    return w->fresh ? ERR_OK : write_list(w, &w->lists->listed, e);
}

/* ---- deltas ---- */

/* What the newest delta was held against, as long as it is young and valid, else the list before the newest. 0 in w->base: there is
 * none that could serve. */
static enum err choose_base(struct store_tx *tx, struct crl_work *w, const struct store_row *delta,
                            struct err_info *e)
{
    const struct store_row *before;
    int64_t young = w->now - w->ca->options.delta_base_period;
    w->base = 0;
    if (delta && row_int(delta, "base_at") > young && row_int(delta, "base_until") > w->now &&
        row_int(delta, "base_at") <= w->now && row_int(delta, "base") < w->number) {
        w->base = row_int(delta, "base");
        w->base_seq = row_int(delta, "base_seq");
        w->base_at = row_int(delta, "base_at");
        w->base_until = row_int(delta, "base_until");
        return ERR_OK;
    }
    TRY(store_opt(tx, &Q_ca_crl_before,
                  PARAMS(P_INT(w->issuer->id), P_INT(w->of.shard), P_INT(w->number)), w->arena,
                  &before, e));
    if (!before || row_int(before, "next_update") <= w->now ||
        row_int(before, "this_update") <= young)
        return ERR_OK;
    w->base = row_int(before, "number");
    w->base_seq = row_int(before, "status_seq");
    w->base_at = row_int(before, "this_update");
    w->base_until = row_int(before, "next_update");
    return ERR_OK;
}

/* A delta tells what the newest complete list tells, at the same time and with its number (RFC 5280 5.2.3). */
static enum err look_at_delta(struct store_tx *tx, struct crl_work *w, struct listed *changed,
                              struct err_info *e)
{
    const struct store_row *complete, *delta;
    struct store_params of = PARAMS(P_INT(w->issuer->id), P_INT(w->of.shard), P_INT(0));
    TRY(store_one(tx, &Q_ca_crl_last, of, w->arena, &complete, e));
    TRY(store_opt(tx, &Q_ca_crl_last, PARAMS(P_INT(w->issuer->id), P_INT(w->of.shard), P_INT(1)),
                  w->arena, &delta, e));
    w->number = row_int(complete, "number");
    w->now = row_int(complete, "this_update");
    w->next_update = row_int(complete, "next_update");
    w->seq = row_int(complete, "status_seq");
    w->fresh = delta && w->lists->made[w->of.shard][1] && row_int(delta, "number") == w->number &&
               access(w->path, R_OK) == 0;
    if (w->fresh)
        return ERR_OK;
    TRY(choose_base(tx, w, delta, e));
    return w->base ? listed_since(changed, tx, w->issuer->id, w->base_seq, e) : ERR_OK;
}

static enum err write_delta(struct crl_work *w, struct err_info *e)
{
    struct listed changed = {0};
    enum err result;
    {
        _auto(store_tx) tx = NULL;
        TRY(store_begin(w->ca->store, STORE_READ, &tx, e));
        result = look_at_delta(tx, w, &changed, e);
    }
    if (result == ERR_OK && !w->fresh && w->base)
        result = write_list(w, &changed, e);
    listed_clear(&changed);
    return result;
}

static struct crl_work complete_of(const struct crl_work *w)
{
    struct crl_work c = {.ca = w->ca,
                         .issuer = w->issuer,
                         .lists = w->lists,
                         .arena = w->arena,
                         .of = {w->of.issuer, w->of.shard, 0},
                         .now = w->now};
    c.name = name_of(w->issuer, w->of.shard, 0, w->arena);
    c.path = arena_fmt(w->arena, "%s/lists/%s.crl", w->ca->options.data, c.name);
    return c;
}

/* The complete list first. Where no list before it could be the base, it is made once more and then has one. */
static enum err make_delta(struct crl_work *w, struct err_info *e)
{
    for (int turn = 0; turn < 2; turn++) {
        struct crl_work complete = complete_of(w);
        if (turn > 0)
            w->lists->made[w->of.shard][0] = 0;
        TRY(make_complete(&complete, e));
        TRY(write_delta(w, e));
        if (w->fresh || w->base)
            return ERR_OK;
        w->now = clock_business(w->ca->options.clock);
    }
    err_set(e, ERR_UNAVAILABLE, NULL, "%s: no list that a delta could be held against", w->name);
    err_arg(e, "service", "CA");
    return ERR_UNAVAILABLE;
}

/* ---- who asks ---- */

static struct ca_lists *lists_of(struct ca *ca, const struct ca_issuer *issuer)
{
    struct ca_lists **l = &ca->lists[issuer - ca->issuer];
    if (!*l)
        *l = mem_alloc(sizeof **l);
    return *l;
}

enum err ca_listed_of(struct ca *ca, const struct ca_issuer *issuer, struct store_tx *tx,
                      struct listed **out, struct err_info *e)
{
    *out = &lists_of(ca, issuer)->listed;
    return listed_refresh(*out, tx, issuer->id, e);
}

static enum err begin_work(struct ca *ca, const struct ca_list_of *of, struct crl_work *w,
                           struct err_info *e)
{
    for (size_t i = 0; i < ca->issuers; i++) {
        if (ca->issuer[i].id != of->issuer)
            continue;
        w->issuer = &ca->issuer[i];
        w->lists = lists_of(ca, w->issuer);
    }
    if (w->issuer && w->issuer->locked)
        return ca_locked(w->issuer, e);
    if (!w->issuer || (!w->issuer->signer && !w->issuer->root))
        return err_set(e, ERR_NOT_FOUND, "issuer", "no issuer %lld with a key here",
                       (long long)of->issuer);
    if (of->shard < 0 || of->shard > w->issuer->shards)
        return err_set(e, ERR_NOT_FOUND, "shard", "%s has %d shards", w->issuer->code,
                       w->issuer->shards);
    if (of->delta && ca->options.delta_base_period <= 0)
        return err_set(e, ERR_NOT_FOUND, "delta", "no deltas are made here");
    w->name = name_of(w->issuer, of->shard, of->delta, w->arena);
    w->path = arena_fmt(w->arena, "%s/%s/%s.crl", ca->options.data,
                        w->issuer->signer ? "lists" : "keys", w->name);
    return ERR_OK;
}

/* The list of a root whose key is kept away was made in a ceremony, and stands there or does not. */
static enum err find_kept(struct crl_work *w, struct err_info *e)
{
    w->number = w->of.delta ? 0 : number_on_file(w);
    if (w->number > 0)
        return ERR_OK;
    return err_set(e, ERR_NOT_FOUND, "issuer", "%s: no list of %s", w->path, w->issuer->code);
}

static enum err open_file(const struct crl_work *w, struct ca_list *out, struct err_info *e)
{
    struct stat st;
    int fd = open(w->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        enum err failed = err_set(e, ERR_IO, NULL, "%s: %s", w->path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return failed;
    }
    *out = (struct ca_list){fd, (uint64_t)st.st_size, w->number};
    return ERR_OK;
}

enum err ca_list_open(struct ca *ca, const struct ca_list_of *of, struct ca_list *out,
                      struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct crl_work w = {.ca = ca, .of = *of, .arena = a, .now = clock_business(ca->options.clock)};
    pthread_mutex_lock(&ca->crl_lock);
    enum err result = begin_work(ca, of, &w, e);
    if (result == ERR_OK && !w.issuer->signer)
        result = find_kept(&w, e);
    else if (result == ERR_OK)
        result = of->delta ? make_delta(&w, e) : make_complete(&w, e);
    if (result == ERR_OK)
        result = open_file(&w, out, e);
    pthread_mutex_unlock(&ca->crl_lock);
    return result;
}

enum err ca_crl(struct ca *ca, int64_t issuer_id, struct arena *a, struct bytes *der,
                struct err_info *e)
{
    struct ca_list l;
    TRY(ca_list_open(ca, &(struct ca_list_of){.issuer = issuer_id}, &l, e));
    uint8_t *p = arena_alloc(a, l.size);
    for (uint64_t at = 0; at < l.size;) {
        ssize_t n = pread(l.fd, p + at, l.size - at, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            close(l.fd);
            return err_set(e, ERR_IO, NULL, "a list that cannot be read");
        }
        at += (uint64_t)n;
    }
    close(l.fd);
    *der = (struct bytes){p, l.size};
    return ERR_OK;
}

void ca_lists_clear(struct ca *ca)
{
    for (size_t i = 0; i < CA_ISSUERS_MAX; i++)
        if (ca->lists[i]) {
            listed_clear(&ca->lists[i]->listed);
            free(ca->lists[i]);
        }
}
