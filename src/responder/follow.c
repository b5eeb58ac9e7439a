/* Following the ca: issuers, certificates for our keys, the status log, the lists. */
#include "responder/responder_priv.h"

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

static enum err add_issuer(struct responder *r, const json_t *item, struct err_info *e)
{
    int64_t id;
    const char *code;
    struct bytes der;
    struct issuer made = {0};
    _auto(pki_pub) key = NULL;
    struct cert_view view;
    int signs;
    _auto(arena) a = arena_new();
    TRY(json_get_int(item, "id", &id, e));
    TRY(json_get_text(item, "code", &code, e));
    TRY(json_get_bool(item, "root", &made.root, e));
    TRY(json_get_bool(item, "signs", &signs, e));
    TRY(json_get_base64(item, "certificate", CERT_MAX, a, &der, e));
    for (size_t i = 0; i < r->issuers; i++)
        if (r->issuer[i].id == id)
            return ERR_OK;
    if (r->issuers == ISSUERS_MAX)
        return err_set(e, ERR_CONFIG, NULL, "more than %d issuers", ISSUERS_MAX);
    made.id = id;
    snprintf(made.code, sizeof made.code, "%s", code);
    TRY(cert_key(der, &key, e));
    TRY(cert_view(der, a, &view, e));
    TRY(ocsp_issuer_init(&made.hashes, view.subject, key, e));
    if (!made.root)
        TRY(responder_key(r, pki_pub_alg(key), &made.signer, e));
    pthread_rwlock_wrlock(&r->lock);
    made.certificate = arena_bytes(r->arena, der.p, der.n);
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

/* A certificate for our key, asked for anew when a third of its life is left. */
static enum err certify_key(struct responder *r, struct issuer *issuer, struct err_info *e)
{
    int64_t now = clock_business(r->options.clock);
    if (!issuer->signer ||
        issuer->responder_until - now > RESPONDER_CERTIFICATE_DAYS / 3 * (int64_t)TIME_DAY)
        return ERR_OK;
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
    jout_end(&j);
    _auto_json answer = NULL;
    TRY(httpc_json(r->ca, "POST", "/ca/v1/responder-certificate", &body, &answer, e));
    TRY(json_get_base64(answer, "certificate", CERT_MAX, a, &der, e));
    TRY(cert_view(der, a, &view, e));
    pthread_rwlock_wrlock(&r->lock);
    issuer->responder_certificate = arena_bytes(r->arena, der.p, der.n);
    issuer->responder_until = view.not_after;
    pthread_rwlock_unlock(&r->lock);
    r->unsaved = 1;
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

/* Under the write lock. */
static enum err apply_change(struct responder *r, const json_t *item, struct arena *a,
                             struct err_info *e)
{
    int64_t seq, issuer_id, reason, changed_at, not_after;
    const char *serial_text, *state_text;
    struct bytes serial;
    TRY(json_get_int(item, "seq", &seq, e));
    TRY(json_get_int(item, "issuer", &issuer_id, e));
    TRY(json_get_int(item, "reason", &reason, e));
    TRY(json_get_int(item, "changed_at", &changed_at, e));
    TRY(json_get_int(item, "not_after", &not_after, e));
    TRY(json_get_text(item, "serial", &serial_text, e));
    TRY(json_get_text(item, "state", &state_text, e));
    int state = state_from_text(state_text), issuer = issuer_index(r, issuer_id);
    if (seq != r->seq + 1 || state < 0 || issuer < 0 || !text_from_hex(a, serial_text, &serial) ||
        serial.n == 0 || serial.n > CERT_SERIAL_MAX)
        return err_set(e, ERR_BAD_REQUEST, "changes",
                       "change %" PRId64 " after %" PRId64 " does not fit", seq, r->seq);
    struct known *k = table_put(&r->table, serial);
    k->state = (uint8_t)state;
    k->reason = (uint8_t)reason_shown(state, reason);
    k->issuer = (uint8_t)issuer;
    k->changed_at = changed_at;
    k->not_after = not_after;
    free(k->answer);
    k->answer = NULL;
    r->seq = seq;
    return ERR_OK;
}

/* Waits at the ca for news. *changed: how many came; *lists: something that a list shows is among them. */
static enum err follow_changes(struct responder *r, size_t *changed, int *lists, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_json answer = NULL;
    TRY(httpc_json(
        r->ca, "GET",
        arena_fmt(a, "/ca/v1/status?after=%" PRId64 "&limit=%d", r->seq, CHANGES_AT_ONCE), NULL,
        &answer, e));
    const json_t *list = json_object_get(answer, "changes"), *item;
    size_t i;
    enum err result = ERR_OK;
    *changed = json_array_size(list);
    *lists = 0;
    r->unsaved |= *changed > 0;
    pthread_rwlock_wrlock(&r->lock);
    json_array_foreach ((json_t *)(uintptr_t)list, i, item) {
        result = apply_change(r, item, a, e);
        if (result != ERR_OK)
            break;
        *lists |= json_opt_int(item, "reason", 0) != 0 ||
                  strcmp(json_opt_text(item, "state", ""), "active") != 0;
    }
    pthread_rwlock_unlock(&r->lock);
    if (result == ERR_OK && *changed < CHANGES_AT_ONCE)
        atomic_store(&r->known_at, clock_machine());
    return result;
}

static enum err follow_list(struct responder *r, struct issuer *issuer, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct httpc_request request = {.path = arena_fmt(a, "/ca/v1/crl/%" PRId64, issuer->id)};
    struct httpc_answer answer;
    TRY(httpc_send(r->ca, a, &request, &answer, e));
    if (answer.status != 200)
        return httpc_error(r->ca, &answer, e);
    uint8_t *copy = mem_alloc(answer.body.n);
    memcpy(copy, answer.body.p, answer.body.n);
    pthread_rwlock_wrlock(&r->lock);
    free(issuer->crl);
    issuer->crl = copy;
    issuer->crl_n = answer.body.n;
    issuer->crl_at = clock_business(r->options.clock);
    pthread_rwlock_unlock(&r->lock);
    return ERR_OK;
}

/* Business time of a demo may jump: a list from the future is as stale as an old one. */
static int list_is_old(const struct responder *r, const struct issuer *issuer)
{
    int64_t age = clock_business(r->options.clock) - issuer->crl_at;
    return !issuer->crl || age < 0 || age >= r->options.crl_period;
}

enum err follow_once(struct responder *r, struct err_info *e)
{
    size_t changed = 0;
    int lists = 0;
    TRY(follow_issuers(r, e));
    for (size_t i = 0; i < r->issuers; i++)
        TRY(certify_key(r, &r->issuer[i], e));
    TRY(follow_changes(r, &changed, &lists, e));
    for (size_t i = 0; i < r->issuers; i++)
        if (lists || list_is_old(r, &r->issuer[i])) {
            enum err made = follow_list(r, &r->issuer[i], e);
            if (made != ERR_OK &&
                made != ERR_NOT_FOUND) /* a root whose key is kept away has no list here */
                return made;
        }
    return r->unsaved ? snapshot_save(r, e) : snapshot_touch(r, e);
}

static void *follow(void *arg)
{
    struct responder *r = arg;
    int away = 0;
    while (!atomic_load(&r->stop)) {
        struct err_info e;
        if (follow_once(r, &e) == ERR_OK) {
            if (away)
                log_line(LOG_LEVEL_INFO, "responder.ca_back", "seq %" PRId64, r->seq);
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
