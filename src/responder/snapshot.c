/* The snapshot: what is known, written after each round of changes, so that a start does not need the ca.
 *
 * One file, `snapshot`, numbers with the lowest octet first:
 *
 *   "CERTHALL-SNAP-1\n" · octets of the head (8) · rows (8)
 *   head: JSON {seq, known_at, head: {serial, state, issuer, changed_at, not_after} (change `seq`),
 *     issuers: [{id, code, root, shards, deltas, offer, certificate, responder_certificate}]}
 *   rows of 40 octets: length of the serial, state, reason, issuer (1 each) · serial (20) · changed_at (8) · not_after (8)
 *   SHA-256 of all before
 *
 * Rows stand in the order of the table that wrote them, so that a table of the same size takes them one after the other.
 * A file that is cut or changed is not used. While nothing changes, `known.json` beside it, {seq, known_at}, says each
 * minute that the ca was heard; it counts for the snapshot of the same number only. */
#include "responder/responder_priv.h"

#include "base/boundary.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "pki/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char MAGIC[16] = "CERTHALL-SNAP-1\n";
enum { HEAD_AT = 32, ROW = 40, HEAD_MAX = 1 << 20 };
static const uint64_t ROWS_MAX = 100000000;

static char *snapshot_path(const struct responder *r, struct arena *a)
{
    return arena_fmt(a, "%s/snapshot", r->options.data);
}

static char *known_path(const struct responder *r, struct arena *a)
{
    return arena_fmt(a, "%s/known.json", r->options.data);
}

static void put_issuers(struct json_out *j, const struct responder *r, struct arena *a)
{
    jout_list(j, "issuers");
    for (size_t i = 0; i < r->issuers; i++) {
        const struct issuer *s = &r->issuer[i];
        jout_object(j, NULL);
        jout_int(j, "id", s->id);
        jout_text(j, "code", s->code);
        jout_bool(j, "root", s->root);
        jout_int(j, "shards", s->shards);
        jout_bool(j, "deltas", s->deltas);
        jout_bool(j, "offer", s->offer);
        jout_text(j, "certificate", text_base64(a, s->certificate));
        jout_text(j, "responder_certificate", text_base64(a, s->responder_certificate));
        jout_end(j);
    }
    jout_end(j);
}

static void put_number(uint8_t out[8], uint64_t v)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t get_number(const uint8_t in[8])
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | in[i];
    return v;
}

static void put_rows(const struct responder *r, struct buf *b)
{
    for (size_t i = 0; i < r->table.size; i++) {
        const struct known *k = &r->table.slot[i];
        uint8_t row[ROW] = {k->serial_n, k->state, k->reason, k->issuer};
        if (!k->serial_n)
            continue;
        memcpy(row + 4, k->serial, sizeof k->serial);
        put_number(row + 24, (uint64_t)k->changed_at);
        put_number(row + 32, (uint64_t)k->not_after);
        buf_put(b, row, sizeof row);
    }
}

static void put_log_head(struct json_out *j, const struct log_head *h, struct arena *a)
{
    jout_object(j, "head");
    jout_text(j, "serial", text_hex(a, (struct bytes){h->serial, h->serial_n}));
    jout_int(j, "state", h->state);
    jout_int(j, "issuer", h->issuer);
    jout_int(j, "changed_at", h->changed_at);
    jout_int(j, "not_after", h->not_after);
    jout_end(j);
}

static void put_head(const struct responder *r, int64_t known_at, struct arena *a, struct buf *b)
{
    struct json_out j;
    jout_init(&j, b);
    jout_object(&j, NULL);
    jout_int(&j, "seq", r->seq);
    jout_int(&j, "known_at", known_at);
    if (r->head.serial_n)
        put_log_head(&j, &r->head, a);
    put_issuers(&j, r, a);
    jout_end(&j);
}

enum err snapshot_save(struct responder *r, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_buf head, b;
    uint8_t numbers[HEAD_AT - sizeof MAGIC], sum[DIGEST_LEN];
    int64_t known_at = atomic_load(&r->known_at);
    buf_init(&head, HEAD_MAX);
    pthread_rwlock_rdlock(&r->lock);
    put_head(r, known_at, a, &head);
    put_number(numbers, head.n);
    put_number(numbers + 8, r->table.used);
    buf_init(&b, HEAD_AT + head.n + r->table.used * ROW + sizeof sum);
    buf_put(&b, MAGIC, sizeof MAGIC);
    buf_put(&b, numbers, sizeof numbers);
    buf_put(&b, head.p, head.n);
    put_rows(r, &b);
    pthread_rwlock_unlock(&r->lock);
    digest_sha256((struct bytes){b.p, b.n}, sum);
    buf_put(&b, sum, sizeof sum);
    if (head.full || b.full)
        return err_set(e, ERR_INTERNAL, NULL, "the snapshot is larger than expected");
    TRY(file_replace(snapshot_path(r, a), (struct bytes){b.p, b.n}, 0600, e));
    r->unsaved = 0;
    boundary(BOUNDARY_RESPONDER_SAVED);
    r->known_saved_at = known_at;
    return ERR_OK;
}

enum err snapshot_touch(struct responder *r, struct err_info *e)
{
    int64_t known_at = atomic_load(&r->known_at), since = known_at - r->known_saved_at;
    if (since >= 0 && since < TIME_MINUTE)
        return ERR_OK;
    _auto(arena) a = arena_new();
    _auto_buf b;
    struct json_out j;
    buf_init(&b, 256);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_int(&j, "seq", r->seq);
    jout_int(&j, "known_at", known_at);
    jout_end(&j);
    TRY(file_replace(known_path(r, a), (struct bytes){b.p, b.n}, 0600, e));
    r->known_saved_at = known_at;
    return ERR_OK;
}

/* A certificate of another key than the one that lies here now would make answers that nobody accepts. */
static enum err load_own(struct responder *r, struct issuer *s, struct bytes own, struct arena *a,
                         struct err_info *e)
{
    struct cert_view view;
    _auto(pki_pub) key = NULL;
    TRY(cert_view(own, a, &view, e));
    TRY(cert_key(own, &key, e));
    if (!s->signer || !pki_pub_equal(key, s->signer->pub)) {
        log_line(LOG_LEVEL_WARN, "responder.key",
                 "%s: the certificate in the snapshot is of another key", s->code);
        return ERR_OK;
    }
    s->responder_certificate = arena_bytes(r->arena, own.p, own.n);
    s->responder_from = view.not_before;
    s->responder_until = view.not_after;
    return ERR_OK;
}

static enum err load_issuer(struct responder *r, const json_t *item, struct arena *a,
                            struct err_info *e)
{
    struct issuer *s = &r->issuer[r->issuers];
    struct cert_view view;
    struct bytes der, own;
    _auto(pki_pub) key = NULL;
    if (r->issuers == ISSUERS_MAX)
        return err_set(e, ERR_CONFIG, NULL, "snapshot: too many issuers");
    TRY(json_get_int(item, "id", &s->id, e));
    TRY(json_get_bool(item, "root", &s->root, e));
    TRY(json_get_base64(item, "certificate", CERT_MAX, a, &der, e));
    TRY(json_get_base64(item, "responder_certificate", CERT_MAX, a, &own, e));
    snprintf(s->code, sizeof s->code, "%s", json_opt_text(item, "code", ""));
    int64_t shards = json_opt_int(item, "shards", 0);
    s->shards = shards < 0 || shards > LIST_SHARDS_MAX ? 0 : (int)shards;
    s->deltas = json_is_true(json_object_get(item, "deltas"));
    s->offer = json_is_true(json_object_get(item, "offer"));
    TRY(cert_key(der, &key, e));
    TRY(cert_view(der, a, &view, e));
    TRY(ocsp_issuer_init(&s->hashes, view.subject, key, e));
    if (!s->root)
        TRY(responder_key(r, pki_pub_alg(key), &s->signer, e));
    s->certificate = arena_bytes(r->arena, der.p, der.n);
    s->until = view.not_after;
    r->issuers++;
    return own.n ? load_own(r, s, own, a, e) : ERR_OK;
}

static enum err load_row(struct responder *r, const uint8_t row[ROW], struct err_info *e)
{
    if (row[0] == 0 || row[0] > CERT_SERIAL_MAX || row[1] > KNOWN_REVOKED || row[3] >= r->issuers)
        return err_set(e, ERR_CONFIG, NULL, "snapshot: a certificate that cannot be");
    struct known *k = table_put(&r->table, (struct bytes){row + 4, row[0]});
    k->state = row[1];
    k->reason = row[2];
    k->issuer = row[3];
    k->changed_at = (int64_t)get_number(row + 24);
    k->not_after = (int64_t)get_number(row + 32);
    return ERR_OK;
}

/* The later of the two times; without `known.json` that of the snapshot. */
static int64_t load_known(const struct responder *r, int64_t known_at, struct arena *a)
{
    struct bytes file;
    _auto_json doc = NULL;
    struct err_info e;
    if (file_read(a, known_path(r, a), 4096, &file, &e) != ERR_OK ||
        json_parse(file.p, file.n, &doc, &e) != ERR_OK || json_opt_int(doc, "seq", -1) != r->seq)
        return known_at;
    int64_t later = json_opt_int(doc, "known_at", 0);
    return later > known_at ? later : known_at;
}

/* Without it, or where it cannot be, the log is read anew: nothing is lost by that. */
static void load_log_head(struct responder *r, const json_t *item, struct arena *a)
{
    struct bytes serial;
    int64_t state = json_opt_int(item, "state", -1), issuer = json_opt_int(item, "issuer", -1);
    if (!text_from_hex(a, json_opt_text(item, "serial", ""), &serial) || serial.n == 0 ||
        serial.n > CERT_SERIAL_MAX || state < 0 || state > KNOWN_REVOKED || issuer < 0 ||
        issuer >= (int64_t)r->issuers)
        return;
    r->head = (struct log_head){.serial_n = (uint8_t)serial.n,
                                .state = (uint8_t)state,
                                .issuer = (uint8_t)issuer,
                                .changed_at = json_opt_int(item, "changed_at", 0),
                                .not_after = json_opt_int(item, "not_after", 0)};
    memcpy(r->head.serial, serial.p, serial.n);
}

static enum err load_head(struct responder *r, struct bytes text, struct arena *a,
                          struct err_info *e)
{
    _auto_json doc = NULL;
    const json_t *item;
    size_t i;
    TRY(json_parse(text.p, text.n, &doc, e));
    json_array_foreach (json_object_get(doc, "issuers"), i, item)
        TRY(load_issuer(r, item, a, e));
    TRY(json_get_int(doc, "seq", &r->seq, e));
    load_log_head(r, json_object_get(doc, "head"), a);
    r->known_saved_at = load_known(r, json_opt_int(doc, "known_at", 0), a);
    atomic_store(&r->known_at, r->known_saved_at);
    return ERR_OK;
}

/* What is wrong with the file; NULL: nothing. */
static const char *fault_of(struct bytes file)
{
    uint8_t sum[DIGEST_LEN];
    if (file.n < HEAD_AT + sizeof sum || memcmp(file.p, MAGIC, sizeof MAGIC) != 0)
        return "no snapshot";
    uint64_t head = get_number(file.p + sizeof MAGIC), rows = get_number(file.p + HEAD_AT - 8);
    if (head > HEAD_MAX || rows > ROWS_MAX || file.n != HEAD_AT + head + rows * ROW + sizeof sum)
        return "cut";
    digest_sha256((struct bytes){file.p, file.n - sizeof sum}, sum);
    return memcmp(sum, file.p + file.n - sizeof sum, sizeof sum) == 0 ? NULL : "changed";
}

/* The ca knows it all: without a snapshot that can be believed, the log is read from its start. */
static enum err load_file(struct responder *r, const char *path, struct bytes file,
                          struct err_info *e)
{
    _auto(arena) a = arena_new();
    const char *fault = fault_of(file);
    if (fault) {
        log_line(LOG_LEVEL_ERROR, "responder.snapshot", "%s is %s: it is not used", path, fault);
        return ERR_OK;
    }
    uint64_t head = get_number(file.p + sizeof MAGIC), rows = get_number(file.p + HEAD_AT - 8);
    TRY(load_head(r, (struct bytes){file.p + HEAD_AT, head}, a, e));
    table_expect(&r->table, rows);
    const uint8_t *row = file.p + HEAD_AT + head;
    for (uint64_t i = 0; i < rows; i++, row += ROW)
        TRY(load_row(r, row, e));
    return ERR_OK;
}

enum err snapshot_load(struct responder *r, struct err_info *e)
{
    _auto(arena) a = arena_new();
    const char *path = snapshot_path(r, a);
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return ERR_OK;
    if (fd < 0 || fstat(fd, &st) != 0) {
        enum err failed = err_set(e, ERR_IO, NULL, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return failed;
    }
    if (st.st_size == 0) { /* nothing to map */
        close(fd);
        return load_file(r, path, (struct bytes){(const uint8_t *)"", 0}, e);
    }
    size_t n = (size_t)st.st_size;
    void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        return err_set(e, ERR_IO, NULL, "%s: %s", path, strerror(errno));
    enum err done = load_file(r, path, (struct bytes){p, n}, e);
    munmap(p, n);
    return done;
}
