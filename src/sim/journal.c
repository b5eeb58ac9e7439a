/* bank.jsonl: one JSON object a line, each the whole state of one payment or refund after a change; the last
 * one counts. */
#include "sim/bank_priv.h"

#include "base/boundary.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { JOURNAL_MAX = 256 * 1024 * 1024 };

static enum err append(struct bank *b, struct buf *line, struct err_info *e)
{
    buf_byte(line, '\n');
    off_t before = lseek(b->journal, 0, SEEK_END);
    const uint8_t *p = line->p;
    for (size_t left = line->n; left > 0;) {
        ssize_t n = write(b->journal, p, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            err_set(e, ERR_IO, NULL, "write bank.jsonl: %s", strerror(errno));
            if (ftruncate(b->journal, before)) /* half a line must not stand before the next */
                log_line(LOG_LEVEL_ERROR, "bank", "bank.jsonl ends in half a line");
            return ERR_IO;
        }
        p += n;
        left -= (size_t)n;
    }
    boundary(BOUNDARY_BANK_WRITTEN);
    if (fdatasync(b->journal))
        return err_set(e, ERR_IO, NULL, "sync bank.jsonl: %s", strerror(errno));
    boundary(BOUNDARY_BANK_BOOKED);
    return ERR_OK;
}

enum err journal_payment(struct bank *b, const struct payment *p, struct err_info *e)
{
    _auto_buf line;
    struct json_out j;
    buf_init(&line, 16 * 1024);
    jout_init(&j, &line);
    jout_object(&j, NULL);
    jout_text(&j, "what", "payment");
    jout_text(&j, "merchant", p->merchant);
    jout_text(&j, "order", p->order);
    jout_text(&j, "trade_no", p->trade_no);
    jout_text(&j, "subject", p->subject);
    jout_text(&j, "return_url", p->return_url);
    jout_text(&j, "notify_url", p->notify_url);
    jout_int(&j, "amount_fen", p->amount_fen);
    jout_int(&j, "at", p->at);
    jout_int(&j, "decided_at", p->decided_at);
    jout_int(&j, "status", p->status);
    jout_int(&j, "fault", (int64_t)p->fault);
    jout_int(&j, "attempts", p->attempts);
    jout_int(&j, "calls_left", p->calls_left);
    jout_int(&j, "next_at", p->next_at);
    jout_end(&j);
    return append(b, &line, e);
}

enum err journal_refund(struct bank *b, const struct refund *r, struct err_info *e)
{
    _auto_buf line;
    struct json_out j;
    buf_init(&line, 4096);
    jout_init(&j, &line);
    jout_object(&j, NULL);
    jout_text(&j, "what", "refund");
    jout_text(&j, "merchant", r->merchant);
    jout_text(&j, "order", r->order);
    jout_text(&j, "refund_no", r->refund_no);
    jout_text(&j, "trade_no", r->trade_no);
    jout_int(&j, "amount_fen", r->amount_fen);
    jout_int(&j, "at", r->at);
    jout_bool(&j, "done", r->done);
    jout_end(&j);
    return append(b, &line, e);
}

static enum err take_text(const json_t *o, const char *key, char *out, size_t size,
                          struct err_info *e)
{
    const char *s;
    TRY(json_get_text(o, key, &s, e));
    snprintf(out, size, "%s", s);
    return ERR_OK;
}

static enum err take_small(const json_t *o, const char *key, int *out, struct err_info *e)
{
    int64_t n;
    TRY(json_get_int(o, key, &n, e));
    *out = (int)n;
    return ERR_OK;
}

static enum err read_payment(struct bank *b, const json_t *o, struct err_info *e)
{
    struct payment p = {0};
    int fault;
    TRY(take_text(o, "merchant", p.merchant, sizeof p.merchant, e));
    TRY(take_text(o, "order", p.order, sizeof p.order, e));
    TRY(take_text(o, "trade_no", p.trade_no, sizeof p.trade_no, e));
    TRY(take_text(o, "subject", p.subject, sizeof p.subject, e));
    TRY(take_text(o, "return_url", p.return_url, sizeof p.return_url, e));
    TRY(take_text(o, "notify_url", p.notify_url, sizeof p.notify_url, e));
    TRY(json_get_int(o, "amount_fen", &p.amount_fen, e));
    TRY(json_get_int(o, "at", &p.at, e));
    TRY(json_get_int(o, "decided_at", &p.decided_at, e));
    TRY(json_get_int(o, "next_at", &p.next_at, e));
    TRY(take_small(o, "status", &p.status, e));
    TRY(take_small(o, "fault", &fault, e));
    TRY(take_small(o, "attempts", &p.attempts, e));
    TRY(take_small(o, "calls_left", &p.calls_left, e));
    p.fault = (enum bank_notify)fault;
    bank_put_payment(b, &p);
    return ERR_OK;
}

static enum err read_refund(struct bank *b, const json_t *o, struct err_info *e)
{
    struct refund r = {0};
    TRY(take_text(o, "merchant", r.merchant, sizeof r.merchant, e));
    TRY(take_text(o, "order", r.order, sizeof r.order, e));
    TRY(take_text(o, "refund_no", r.refund_no, sizeof r.refund_no, e));
    TRY(take_text(o, "trade_no", r.trade_no, sizeof r.trade_no, e));
    TRY(json_get_int(o, "amount_fen", &r.amount_fen, e));
    TRY(json_get_int(o, "at", &r.at, e));
    TRY(json_get_bool(o, "done", &r.done, e));
    bank_put_refund(b, &r);
    return ERR_OK;
}

static enum err read_line(struct bank *b, const char *line, size_t n, struct err_info *e)
{
    _auto_json o = NULL;
    TRY(json_parse(line, n, &o, e));
    const char *what = json_opt_text(o, "what", "");
    if (strcmp(what, "payment") == 0)
        return read_payment(b, o, e);
    if (strcmp(what, "refund") == 0)
        return read_refund(b, o, e);
    return err_set(e, ERR_BAD_REQUEST, "what", "neither payment nor refund");
}

/* Returns the length of the whole lines; a torn one behind them was never answered for. */
static enum err replay(struct bank *b, struct bytes file, const char *path, size_t *whole,
                       struct err_info *e)
{
    const char *p = (const char *)file.p, *end = p + file.n, *eol;
    for (int line = 1; (eol = memchr(p, '\n', (size_t)(end - p))); line++) {
        struct err_info why;
        if (read_line(b, p, (size_t)(eol - p), &why) != ERR_OK) {
            err_set(e, ERR_CONFIG, NULL, "%s:%d: %s %s", path, line, why.field, why.detail);
            err_arg(e, "why", "%s:%d: %s %s", path, line, why.field, why.detail);
            return ERR_CONFIG;
        }
        b->sequence++; /* at least as many as numbers were given */
        p = eol + 1;
    }
    *whole = file.n - (size_t)(end - p);
    return ERR_OK;
}

enum err journal_open(struct bank *b, struct err_info *e)
{
    _auto(arena) a = arena_new();
    const char *path = arena_fmt(a, "%s/bank.jsonl", b->folder);
    b->journal = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (b->journal < 0)
        return err_set(e, ERR_IO, NULL, "open %s: %s", path, strerror(errno));
    if (flock(b->journal, LOCK_EX | LOCK_NB)) {
        err_set(e, ERR_CONFIG, NULL, "%s is in use by another bank", path);
        err_arg(e, "why", "%s is in use by another bank", path);
        return ERR_CONFIG;
    }
    struct bytes file;
    size_t whole;
    TRY(file_read(a, path, JOURNAL_MAX, &file, e));
    TRY(replay(b, file, path, &whole, e));
    if (whole < file.n && ftruncate(b->journal, (off_t)whole))
        return err_set(e, ERR_IO, NULL, "truncate %s: %s", path, strerror(errno));
    return ERR_OK;
}
