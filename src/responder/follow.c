/* Following the ca: issuers, certificates for our keys, the status log, the lists. */
#include "responder/responder_priv.h"

#include "base/boundary.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "pki/csr.h"
#include "pki/name.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHANGES_AT_ONCE = 5000, RESPONDER_CERTIFICATE_DAYS = 90, PAUSE_MS = 500 };

/* The ca was started with other settings. */
static void set_lists(struct responder *r, struct issuer *issuer, int64_t shards, int deltas)
{
    if (issuer->shards == shards && issuer->deltas == deltas)
        return;
    pthread_rwlock_wrlock(&r->lock);
    issuer->shards = (int)shards;
    issuer->deltas = deltas;
    pthread_rwlock_unlock(&r->lock);
    issuer->crl_at = 0;
    r->unsaved = 1;
}

static enum err add_issuer(struct responder *r, const json_t *item, struct err_info *e)
{
    int64_t id;
    const char *code;
    struct bytes der;
    struct issuer made = {0};
    _auto(pki_pub) key = NULL;
    struct cert_view view;
    int signs, deltas;
    int64_t shards;
    _auto(arena) a = arena_new();
    TRY(json_get_int(item, "shards", &shards, e));
    TRY(json_get_bool(item, "deltas", &deltas, e));
    if (shards < 0 || shards > LIST_SHARDS_MAX)
        return err_set(e, ERR_BAD_REQUEST, "shards", "%" PRId64 " shards", shards);
    TRY(json_get_int(item, "id", &id, e));
    TRY(json_get_text(item, "code", &code, e));
    TRY(json_get_bool(item, "root", &made.root, e));
    TRY(json_get_bool(item, "signs", &signs, e));
    TRY(json_get_base64(item, "certificate", CERT_MAX, a, &der, e));
    for (size_t i = 0; i < r->issuers; i++)
        if (r->issuer[i].id == id) {
            set_lists(r, &r->issuer[i], shards, deltas);
            return ERR_OK;
        }
    if (r->issuers == ISSUERS_MAX)
        return err_set(e, ERR_CONFIG, NULL, "more than %d issuers", ISSUERS_MAX);
    made.id = id;
    made.shards = (int)shards;
    made.deltas = deltas;
    snprintf(made.code, sizeof made.code, "%s", code);
    TRY(cert_key(der, &key, e));
    TRY(cert_view(der, a, &view, e));
    TRY(ocsp_issuer_init(&made.hashes, view.subject, key, e));
    if (!made.root)
        TRY(responder_key(r, pki_pub_alg(key), &made.signer, e));
    pthread_rwlock_wrlock(&r->lock);
    made.certificate = arena_bytes(r->arena, der.p, der.n);
    made.until = view.not_after;
    r->issuer[r->issuers++] = made;
    pthread_rwlock_unlock(&r->lock);
    return ERR_OK;
}

static enum err follow_issuers(struct responder *r, struct err_info *e)
{
    _auto_json answer = NULL;
    TRY(httpc_json(r->ca, "GET", "/ca/v1/issuers", NULL, &answer, e));
    const json_t *item;
    size_t i;
    json_array_foreach (json_object_get(answer, "issuers"), i, item)
        TRY(add_issuer(r, item, e));
    return ERR_OK;
}

/* When a third of its life is left; one that ends with its issuer is the last. One that begins later than now was made
 * while the clock stood ahead, and would make answers that nobody accepts. */
static int needs_certificate(const struct responder *r, const struct issuer *issuer)
{
    int64_t now = clock_business(r->options.clock), rest = issuer->responder_until - now;
    if (issuer->signer && issuer->responder_from > now)
        return 1;
    return issuer->signer && rest <= RESPONDER_CERTIFICATE_DAYS / 3 * (int64_t)TIME_DAY &&
           (rest <= 0 || issuer->responder_until < issuer->until);
}

/* A certificate for our key. */
static enum err certify_key(struct responder *r, struct issuer *issuer, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct name_part part[] = {{NAME_CN, "CertHall OCSP Responder"}};
    struct bytes subject, csr, der;
    struct cert_view view;
    TRY(name_encode(part, 1, a, &subject, e));
    TRY(csr_build(subject, issuer->signer, a, &csr, e));
    _auto_buf body;
    buf_init(&body, 32 << 10);
    struct json_out j;
    jout_init(&j, &body);
    jout_object(&j, NULL);
    jout_text(&j, "csr", text_base64(a, csr));
    jout_int(&j, "issuer", issuer->id);
    jout_end(&j);
    _auto_json answer = NULL;
    TRY(httpc_json(r->ca, "POST", "/ca/v1/responder-certificate", &body, &answer, e));
    TRY(json_get_base64(answer, "certificate", CERT_MAX, a, &der, e));
    TRY(cert_view(der, a, &view, e));
    pthread_rwlock_wrlock(&r->lock);
    issuer->responder_certificate = arena_bytes(r->arena, der.p, der.n);
    issuer->responder_from = view.not_before;
    issuer->responder_until = view.not_after;
    pthread_rwlock_unlock(&r->lock);
    r->unsaved = 1;
    boundary(BOUNDARY_RESPONDER_CERTIFIED);
    return ERR_OK;
}

static int issuer_index(const struct responder *r, int64_t id)
{
    for (size_t i = 0; i < r->issuers; i++)
        if (r->issuer[i].id == id)
            return (int)i;
    return -1;
}

static int state_from_text(const char *text)
{
    static const char *const name[] = {
        [KNOWN_ACTIVE] = "active", [KNOWN_HOLD] = "hold", [KNOWN_REVOKED] = "revoked"};
    for (int i = 0; i < 3; i++)
        if (strcmp(name[i], text) == 0)
            return i;
    return -1;
}

/* An old log may hold a revocation with a reason that is none (RFC 6960 4.2.1 takes it from the lists). */
static enum crl_reason reason_shown(int state, int64_t reason)
{
    if (state == KNOWN_ACTIVE)
        return CRL_UNSPECIFIED;
    if (state == KNOWN_HOLD)
        return CRL_CERTIFICATE_HOLD;
    int known = reason >= 0 && reason <= CRL_AA_COMPROMISE;
    return known && crl_reason_is_final((enum crl_reason)reason) ? (enum crl_reason)reason
                                                                 : CRL_UNSPECIFIED;
}

struct change {
    int64_t seq, reason, changed_at, not_after;
    int state, issuer;
    struct bytes serial;
};

static enum err read_change(const struct responder *r, const json_t *item, struct arena *a,
                            struct change *c, struct err_info *e)
{
    int64_t issuer_id;
    const char *serial_text, *state_text;
    TRY(json_get_int(item, "seq", &c->seq, e));
    TRY(json_get_int(item, "issuer", &issuer_id, e));
    TRY(json_get_int(item, "reason", &c->reason, e));
    TRY(json_get_int(item, "changed_at", &c->changed_at, e));
    TRY(json_get_int(item, "not_after", &c->not_after, e));
    TRY(json_get_text(item, "serial", &serial_text, e));
    TRY(json_get_text(item, "state", &state_text, e));
    c->state = state_from_text(state_text);
    c->issuer = issuer_index(r, issuer_id);
    if (c->state >= 0 && c->issuer >= 0 && text_from_hex(a, serial_text, &c->serial) &&
        c->serial.n > 0 && c->serial.n <= CERT_SERIAL_MAX)
        return ERR_OK;
    return err_set(e, ERR_BAD_REQUEST, "changes", "change %" PRId64 " cannot be", c->seq);
}

/* A log as far as it is known: the responder's own, or one that is read anew beside it. */
struct known_log {
    struct table *table;
    int64_t *seq;
    struct log_head *head;
};

static struct log_head head_of(const struct change *c)
{
    struct log_head h = {.serial_n = (uint8_t)c->serial.n,
                         .state = (uint8_t)c->state,
                         .issuer = (uint8_t)c->issuer,
                         .changed_at = c->changed_at,
                         .not_after = c->not_after};
    memcpy(h.serial, c->serial.p, c->serial.n);
    return h;
}

/* Under the write lock where others read the table. */
static enum err apply_change(struct known_log *log, const struct change *c, struct err_info *e)
{
    if (c->seq != *log->seq + 1)
        return err_set(e, ERR_BAD_REQUEST, "changes",
                       "change %" PRId64 " after %" PRId64 " does not fit", c->seq, *log->seq);
    *log->seq = c->seq;
    *log->head = head_of(c);
    struct known *k = table_put(log->table, c->serial);
    if (k->state == KNOWN_REVOKED && c->state != KNOWN_REVOKED)
        return ERR_OK; /* for ever (RFC 5280 5.3.1), whatever a ca that was put back makes of it */
    k->state = (uint8_t)c->state;
    k->reason = (uint8_t)reason_shown(c->state, c->reason);
    k->issuer = (uint8_t)c->issuer;
    k->changed_at = c->changed_at;
    k->not_after = c->not_after;
    answer_free(k->answer);
    k->answer = NULL;
    return ERR_OK;
}

/* What a page of the ca's log said. */
struct page {
    size_t changes;
    int lists; /* something that a list shows is among them */
    int whole; /* there is nothing after it */
    int other; /* it is not the log that we followed so far; nothing was applied */
};

/* The change that came last must be the ca's change of that number. */
static enum err same_log(const struct responder *r, const struct known_log *log,
                         const json_t *answer, struct arena *a, int *same, struct err_info *e)
{
    struct change at;
    const json_t *item = json_object_get(answer, "at");
    *same = *log->seq == 0;
    if (*same || !item)
        return ERR_OK;
    TRY(read_change(r, item, a, &at, e));
    const struct log_head *h = log->head;
    *same = at.seq == *log->seq && h->serial_n == at.serial.n &&
            memcmp(h->serial, at.serial.p, at.serial.n) == 0 && h->state == at.state &&
            h->issuer == at.issuer && h->changed_at == at.changed_at &&
            h->not_after == at.not_after;
    return ERR_OK;
}

static enum err apply_page(struct responder *r, struct known_log *log, const json_t *list,
                           struct arena *a, struct page *page, struct err_info *e)
{
    struct change c;
    const json_t *item;
    size_t i;
    json_array_foreach ((json_t *)(uintptr_t)list, i, item) {
        TRY(read_change(r, item, a, &c, e));
        TRY(apply_change(log, &c, e));
        page->changes++;
        page->lists |= c.reason != 0 || c.state != KNOWN_ACTIVE;
    }
    return ERR_OK;
}

/* Waits at the ca for news. */
static enum err follow_page(struct responder *r, struct known_log *log, struct page *page,
                            struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_json answer = NULL;
    int64_t last;
    int same;
    memset(page, 0, sizeof *page);
    TRY(httpc_json(
        r->ca, "GET",
        arena_fmt(a, "/ca/v1/status?after=%" PRId64 "&limit=%d", *log->seq, CHANGES_AT_ONCE), NULL,
        &answer, e));
    TRY(json_get_int(answer, "last", &last, e));
    TRY(same_log(r, log, answer, a, &same, e));
    page->other = !same;
    if (page->other)
        return ERR_OK;
    pthread_rwlock_wrlock(&r->lock);
    enum err result = apply_page(r, log, json_object_get(answer, "changes"), a, page, e);
    pthread_rwlock_unlock(&r->lock);
    page->whole = *log->seq == last;
    return result;
}

static enum err read_whole(struct responder *r, struct known_log *log, struct page *page,
                           struct err_info *e)
{
    do {
        TRY(follow_page(r, log, page, e));
        if (page->other || atomic_load(&r->stop))
            return err_set(e, ERR_UNAVAILABLE, NULL, "the log changed while it was read anew");
    } while (!page->whole);
    return ERR_OK;
}

/* What was revoked or on hold is not good because the ca has forgotten it: it stays as it was, and the ca is shown the lists of
 * which it told us. What was good and is not in the log any more is unknown. How many were kept. */
static size_t keep_revoked(const struct table *old, struct table *table)
{
    size_t kept = 0;
    for (size_t i = 0; i < old->size; i++) {
        const struct known *was = &old->slot[i];
        if (!was->serial_n || was->state == KNOWN_ACTIVE)
            continue;
        struct known *k = table_put(table, (struct bytes){was->serial, was->serial_n});
        if (k->state >= was->state && k->not_after)
            continue;
        *k = *was;
        k->answer = NULL;
        kept++;
    }
    return kept;
}

/* The ca's database was put back from a copy. The old table serves until the whole log was read again. */
static enum err follow_anew(struct responder *r, struct page *page, struct err_info *e)
{
    struct table table;
    int64_t seq = 0;
    struct log_head head = {0};
    struct known_log log = {&table, &seq, &head};
    log_line(LOG_LEVEL_WARN, "responder.other_log",
             "the ca's log is not the one known up to %" PRId64 ": reading it from its start",
             r->seq);
    table_init(&table);
    enum err result = read_whole(r, &log, page, e);
    if (result == ERR_OK) {
        struct table old = r->table;
        size_t kept = keep_revoked(&old, &table);
        pthread_rwlock_wrlock(&r->lock);
        r->table = table;
        r->seq = seq;
        r->head = head;
        pthread_rwlock_unlock(&r->lock);
        table = old;
        page->lists = 1;
        r->unsaved = 1;
        for (size_t i = 0; i < r->issuers; i++)
            r->issuer[i].offer = 1;
        log_line(LOG_LEVEL_WARN, "responder.kept",
                 "%zu certificates stay revoked or on hold though the ca's log does not say so",
                 kept);
    }
    table_clear(&table);
    return result;
}

static enum err follow_changes(struct responder *r, struct err_info *e)
{
    struct known_log log = {&r->table, &r->seq, &r->head};
    struct page page;
    TRY(follow_page(r, &log, &page, e));
    if (page.other)
        TRY(follow_anew(r, &page, e));
    for (size_t i = 0; page.lists && i < r->issuers; i++)
        r->issuer[i].crl_at = 0;
    r->unsaved |= page.changes > 0;
    if (page.changes > 0)
        boundary(BOUNDARY_RESPONDER_FOLLOWED);
    if (page.whole)
        atomic_store(&r->known_at, clock_machine());
    return ERR_OK;
}

/* Business time of a demo may jump: a list from the future is as stale as an old one. */
static int list_is_old(const struct responder *r, const struct issuer *issuer)
{
    int64_t age = clock_business(r->options.clock) - issuer->crl_at;
    return !issuer->list[0][0] || age < 0 || age >= r->options.crl_period;
}

/* What the ca refuses for one issuer is no reason to know less of the others; said once, until it works again. */
static void issuer_failed(struct issuer *issuer, const char *what, const struct err_info *e)
{
    if (!issuer->failed)
        log_line(LOG_LEVEL_ERROR, "responder.issuer", "%s: no %s: %s %s", issuer->code, what,
                 err_code_text(e->code), e->detail);
    issuer->failed = 1;
}

/* Once it has taken them. One that it does not take, whatever the reason, does not keep its next ones from being told. */
static enum err offer_lists(struct responder *r, struct issuer *issuer, struct err_info *e)
{
    int64_t taken = 0;
    enum err offered = lists_offer(r, issuer, &taken, e);
    if (offered == ERR_UNAVAILABLE || offered == ERR_BUSY)
        return offered;
    if (offered != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "responder.not_taken",
                 "%s: the ca does not take its lists: %s %s", issuer->code, err_code_text(e->code),
                 e->detail);
    else
        log_line(LOG_LEVEL_WARN, "responder.offered",
                 "%s: the ca took %" PRId64 " certificates from its own lists", issuer->code,
                 taken);
    issuer->offer = 0;
    r->unsaved = 1;
    return ERR_OK;
}

static void follow_issuer(struct responder *r, struct issuer *issuer)
{
    struct err_info e;
    int works = 1;
    int64_t now = clock_monotonic();
    if (needs_certificate(r, issuer) && now >= issuer->certify_at) {
        enum err certified = certify_key(r, issuer, &e);
        if (certified != ERR_OK) {
            int waits = certified == ERR_UNAVAILABLE || certified == ERR_CA_LOCKED;
            issuer->certify_at = waits ? now : now + TIME_MINUTE;
            issuer_failed(issuer, "certificate for the responder's key", &e);
            works = 0;
        }
    }
    if (issuer->offer && offer_lists(r, issuer, &e) != ERR_OK) {
        issuer_failed(issuer, "word that it has taken its lists", &e);
        return; /* its lists of now may lack what ours have */
    }
    if (list_is_old(r, issuer) && now >= issuer->list_from) {
        enum err made = lists_fetch(r, issuer, &e);
        int64_t took = clock_monotonic() - now;
        issuer->list_from = clock_monotonic() + took;
        if (made != ERR_OK &&
            made != ERR_NOT_FOUND) { /* a root whose key is kept away has no list here */
            issuer_failed(issuer, "list", &e);
            works = 0;
        }
    }
    issuer->failed &= !works;
}

enum err follow_once(struct responder *r, struct err_info *e)
{
    TRY(follow_issuers(r, e));
    TRY(follow_changes(r, e));
    for (size_t i = 0; i < r->issuers; i++)
        follow_issuer(r, &r->issuer[i]);
    return r->unsaved ? snapshot_save(r, e) : snapshot_touch(r, e);
}

/* While the ca was away, or we were, a ceremony may have renewed a root's list, which no change of the log tells. */
static void ask_for_lists(struct responder *r)
{
    for (size_t i = 0; i < r->issuers; i++)
        r->issuer[i].crl_at = 0;
}

static void *follow(void *arg)
{
    struct responder *r = arg;
    int away = 0;
    ask_for_lists(r);
    while (!atomic_load(&r->stop)) {
        struct err_info e;
        if (follow_once(r, &e) == ERR_OK) {
            if (away) {
                log_line(LOG_LEVEL_INFO, "responder.ca_back", "seq %" PRId64, r->seq);
                ask_for_lists(r);
            }
            away = 0;
            continue;
        }
        if (!away)
            log_line(LOG_LEVEL_WARN, "responder.ca_away", "%s %s", err_code_text(e.code), e.detail);
        away = 1;
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000L * 1000L}, NULL);
    }
    return NULL;
}

enum err responder_follow(struct responder *r, struct err_info *e)
{
    if (pthread_create(&r->follower, NULL, follow, r))
        return err_set(e, ERR_INTERNAL, NULL, "no thread");
    r->following = 1;
    return ERR_OK;
}
