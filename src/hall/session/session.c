#include "hall/session/session.h"

#include "base/sys.h"
#include "base/text.h"
#include "hall/event/event.h"
#include "hall/session/session_sql.h"
#include "hall/vault/vault.h"
#include "store/store.h"

#include <string.h>

enum {
    TOKEN_BYTES = 32,
    TOKEN_CHARS = 43,
    CSRF_BYTES = 16,
    NOTE_MS = TIME_MINUTE,
    PRUNE_MAX = 1000
};
static const char *const KINDS[] = {"applicant", "staff"};

static int64_t idle_ms(enum session_kind k)
{
    return k == SESSION_STAFF ? SESSION_STAFF_IDLE_MS : SESSION_APPLICANT_IDLE_MS;
}

/* Follows from the token, so that it needs no column and a leaked database gives none. */
static const char *csrf_of(struct hall_tx *tx, const char *token)
{
    struct bytes all = vault_index(tx->hall->vault, tx->arena, VAULT_CSRF, token);
    return text_base64url(tx->arena, (struct bytes){all.p, CSRF_BYTES});
}

enum err session_open(struct hall_tx *tx, enum session_kind kind, int64_t who, const char *project,
                      const char *way, const char **token, struct session *out, struct err_info *e)
{
    uint8_t random[TOKEN_BYTES];
    random_bytes(random, sizeof random);
    *token = text_base64url(tx->arena, (struct bytes){random, sizeof random});
    mem_wipe(random, sizeof random);
    *out = (struct session){.id = hall_new_id(tx->hall),
                            .kind = kind,
                            .who = who,
                            .project = project,
                            .csrf = csrf_of(tx, *token),
                            .way = way,
                            .opened_at = tx->machine,
                            .ends_at = tx->machine + SESSION_LIFE_MS,
                            .idle_ends_at = tx->machine + idle_ms(kind)};
    struct bytes index = vault_index(tx->hall->vault, tx->arena, VAULT_SESSION, *token);
    return store_exec(tx->db, &Q_session_add,
                      PARAMS(P_INT(out->id), P_BLOB(index), P_TEXT(KINDS[kind]), P_INT(who),
                             P_TEXT(project), P_TEXT(way), P_INT(tx->machine), P_INT(out->ends_at)),
                      NULL, e);
}

enum err session_find(struct hall_tx *tx, enum session_kind kind, const char *token,
                      struct session *out, struct err_info *e)
{
    const struct store_row *r = NULL;
    if (token && strlen(token) == TOKEN_CHARS) {
        struct bytes index = vault_index(tx->hall->vault, tx->arena, VAULT_SESSION, token);
        TRY(store_opt(tx->db, &Q_session_by_token, PARAMS(P_BLOB(index)), tx->arena, &r, e));
    }
    if (!r || strcmp(row_text(r, "kind"), KINDS[kind]) != 0)
        return err_set(e, ERR_UNAUTHENTICATED, NULL, NULL);
    *out = (struct session){.id = row_int(r, "id"),
                            .kind = kind,
                            .who = row_int(r, "who"),
                            .project = row_text(r, "project"),
                            .csrf = csrf_of(tx, token),
                            .way = row_text(r, "way"),
                            .opened_at = row_int(r, "opened_at"),
                            .ends_at = row_int(r, "ends_at"),
                            .idle_ends_at = row_int(r, "seen_at") + idle_ms(kind)};
    if (tx->machine >= out->ends_at || tx->machine >= out->idle_ends_at)
        return err_set(e, ERR_UNAUTHENTICATED, NULL, NULL);
    return tx->write && session_wants_note(out, tx->machine) ? session_seen(tx, out->id, e)
                                                             : ERR_OK;
}

enum err session_check_csrf(const struct session *s, const char *given, struct err_info *e)
{
    size_t n = strlen(s->csrf);
    if (!given || strlen(given) != n || !mem_equal(given, s->csrf, n))
        return err_set(e, ERR_SESSION_CSRF, "X-CSRF", NULL);
    return ERR_OK;
}

int session_wants_note(const struct session *s, int64_t machine_now)
{
    return s->idle_ends_at - idle_ms(s->kind) + NOTE_MS <= machine_now;
}

enum err session_seen(struct hall_tx *tx, int64_t id, struct err_info *e)
{
    return store_exec(tx->db, &Q_session_seen, PARAMS(P_INT(id), P_INT(tx->machine)), NULL, e);
}

const char *session_topic(struct arena *a, int64_t id)
{
    return arena_fmt(a, "session:%lld", (long long)id);
}

enum err session_close(struct hall_tx *tx, int64_t id, struct err_info *e)
{
    TRY(store_exec(tx->db, &Q_session_close, PARAMS(P_INT(id)), NULL, e));
    return event_put(tx, session_topic(tx->arena, id), e);
}

static enum err close_each(struct hall_tx *tx, const struct store_rows *rows, struct err_info *e)
{
    for (size_t i = 0; i < rows->n; i++)
        TRY(session_close(tx, row_int(&rows->row[i], "id"), e));
    return ERR_OK;
}

enum err session_close_all(struct hall_tx *tx, enum session_kind kind, int64_t who,
                           struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_session_of, PARAMS(P_TEXT(KINDS[kind]), P_INT(who)), tx->arena, &rows,
                   e));
    return close_each(tx, &rows, e);
}

enum err session_prune(struct hall_tx *tx, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_session_over,
                   PARAMS(P_INT(tx->machine), P_INT(tx->machine - idle_ms(SESSION_STAFF)),
                          P_INT(tx->machine - idle_ms(SESSION_APPLICANT)), P_INT(PRUNE_MAX)),
                   tx->arena, &rows, e));
    return close_each(tx, &rows, e);
}
