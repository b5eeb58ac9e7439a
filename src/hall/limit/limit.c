#include "hall/limit/limit.h"

#include "hall/limit/limit_sql.h"
#include "hall/vault/vault.h"
#include "store/store.h"

#include <arpa/inet.h>
#include <string.h>

enum {
    KEEP_MS = TIME_DAY,
    AHEAD_MS = TIME_MINUTE /* who waited for the lock meets tries that are younger than he */
};

enum limit_verdict limit_login_decide(const struct limit_login *s, int right)
{
    if (s->address_failed >= LIMIT_PER_ADDRESS)
        return LIMIT_STOPPED;
    if (s->code_failed >= LIMIT_PER_CODE)
        return right && s->address_failed == 0 ? LIMIT_LET_IN : LIMIT_STOPPED;
    return right ? LIMIT_LET_IN : LIMIT_WRONG;
}

int limit_login_settled(const struct limit_login *s)
{
    return limit_login_decide(s, 0) == LIMIT_STOPPED && limit_login_decide(s, 1) == LIMIT_STOPPED;
}

const char *limit_address(struct arena *a, const char *address)
{
    struct in6_addr six;
    char text[INET6_ADDRSTRLEN];
    if (inet_pton(AF_INET6, address, &six) != 1)
        return address;
    if (IN6_IS_ADDR_V4MAPPED(&six))
        return arena_fmt(a, "%u.%u.%u.%u", six.s6_addr[12], six.s6_addr[13], six.s6_addr[14],
                         six.s6_addr[15]);
    memset(six.s6_addr + 8, 0, 8);
    return arena_text(a, inet_ntop(AF_INET6, &six, text, sizeof text));
}

static struct bytes index_of(struct hall_tx *tx, const char *text)
{
    return vault_index(tx->hall->vault, tx->arena, VAULT_LIMIT, text);
}

static struct bytes address_of(struct hall_tx *tx, const char *address)
{
    if (!*address)
        return (struct bytes){(const uint8_t *)"", 0};
    return index_of(tx, limit_address(tx->arena, address));
}

/* Applicants and staff of one office share an address: the wrong codes of the ones must not lock out the others. */
static const char *login_kind(const char *who)
{
    return strncmp(who, "staff:", 6) == 0 ? "staff_login" : "login";
}

/* Until the end of the transaction. Who comes before where in every caller, so that two never wait for each other. */
static enum err lock(struct hall_tx *tx, struct bytes index, struct err_info *e)
{
    const struct store_row *row;
    uint64_t key = 0;
    for (size_t i = 0; i < 8 && i < index.n; i++)
        key = key << 8 | index.p[i];
    return store_one(tx->db, &Q_limit_lock, PARAMS(P_INT((int64_t)key)), tx->arena, &row, e);
}

enum err limit_login_read(struct hall_tx *tx, const char *who, const char *address,
                          struct limit_login *out, struct err_info *e)
{
    struct store_rows code, from;
    struct store_value since = P_INT(tx->machine - LIMIT_WINDOW_MS);
    TRY(lock(tx, index_of(tx, who), e));
    TRY(store_many(tx->db, &Q_limit_try_of_who,
                   PARAMS(P_TEXT(login_kind(who)), P_BLOB(index_of(tx, who)), since,
                          P_INT(LIMIT_PER_CODE), P_INT(tx->machine + AHEAD_MS)),
                   tx->arena, &code, e));
    *out = (struct limit_login){.code_failed = (int)code.n};
    /* rows come newest first: the last one read is the one that must pass before the next try */
    if (code.n)
        out->oldest_code = row_int(&code.row[code.n - 1], "at");
    struct bytes place = address_of(tx, address);
    if (place.n == 0)
        return ERR_OK;
    TRY(lock(tx, place, e));
    TRY(store_many(tx->db, &Q_limit_try_of_address,
                   PARAMS(P_TEXT(login_kind(who)), P_BLOB(place), since, P_INT(LIMIT_PER_ADDRESS),
                          P_INT(tx->machine + AHEAD_MS)),
                   tx->arena, &from, e));
    out->address_failed = (int)from.n;
    if (from.n)
        out->oldest_address = row_int(&from.row[from.n - 1], "at");
    return ERR_OK;
}

int limit_login_minutes(const struct limit_login *s, int64_t now)
{
    int64_t free_at = 0;
    if (s->code_failed >= LIMIT_PER_CODE)
        free_at = s->oldest_code + LIMIT_WINDOW_MS;
    if (s->address_failed >= LIMIT_PER_ADDRESS && s->oldest_address + LIMIT_WINDOW_MS > free_at)
        free_at = s->oldest_address + LIMIT_WINDOW_MS;
    int64_t left = free_at - now;
    return left <= TIME_MINUTE ? 1 : (int)((left + TIME_MINUTE - 1) / TIME_MINUTE);
}

static void stopped(struct err_info *e, int minutes)
{
    err_set(e, ERR_LIMITED, NULL, NULL);
    err_arg(e, "minutes", "%d", minutes);
}

static enum err add(struct hall_tx *tx, const char *kind, struct bytes who, struct bytes address,
                    struct err_info *e)
{
    return store_exec(tx->db, &Q_limit_try_add,
                      PARAMS(P_INT(hall_new_id(tx->hall)), P_TEXT(kind), P_BLOB(who),
                             P_BLOB(address), P_INT(tx->machine)),
                      NULL, e);
}

enum err limit_login_keep(struct hall_tx *tx, const char *who, const char *address,
                          const struct limit_login *s, enum limit_verdict v, struct err_info *e)
{
    static const struct bytes nobody = {(const uint8_t *)"", 0};
    struct bytes place = address_of(tx, address);
    if (v == LIMIT_LET_IN)
        return store_exec(tx->db, &Q_limit_try_clear,
                          PARAMS(P_TEXT(login_kind(who)), P_BLOB(index_of(tx, who))), NULL, e);
    if (v == LIMIT_WRONG)
        return add(tx, login_kind(who), index_of(tx, who), place, e);
    TRY(add(tx, login_kind(who), nobody, place, e));
    stopped(e, limit_login_minutes(s, tx->machine));
    return ERR_OK;
}

/* ---- counted when taken ---- */

static const struct rule {
    const char *kind;
    struct {
        int count;
        int64_t window;
    } of[3];
} RULES[LIMIT_USE_COUNT] = {
    [LIMIT_SMS] = {"sms", {{1, TIME_MINUTE}, {5, TIME_HOUR}, {10, TIME_DAY}}},
    [LIMIT_SMS_ADDRESS] = {"sms_address", {{30, TIME_HOUR}}},
    [LIMIT_JOB_CODE] = {"job_code", {{10, 5 * TIME_MINUTE}}},
    [LIMIT_IMPORT] = {"import", {{60, TIME_HOUR}}},
    [LIMIT_JOB] = {"job", {{60, TIME_HOUR}}},
};

enum err limit_take(struct hall_tx *tx, enum limit_use use, const char *who, struct err_info *e)
{
    const struct rule *r = &RULES[use];
    struct bytes index = index_of(tx, who);
    TRY(lock(tx, index, e));
    for (int i = 0; i < 3 && r->of[i].count; i++) {
        struct store_rows rows;
        TRY(store_many(tx->db, &Q_limit_try_of_who,
                       PARAMS(P_TEXT(r->kind), P_BLOB(index), P_INT(tx->machine - r->of[i].window),
                              P_INT(r->of[i].count), P_INT(tx->machine + AHEAD_MS)),
                       tx->arena, &rows, e));
        if (rows.n < (size_t)r->of[i].count)
            continue;
        int64_t free_at = row_int(&rows.row[rows.n - 1], "at") + r->of[i].window;
        stopped(e, (int)((free_at - tx->machine + TIME_MINUTE - 1) / TIME_MINUTE));
        return ERR_LIMITED;
    }
    return add(tx, r->kind, index, (struct bytes){(const uint8_t *)"", 0}, e);
}

enum err limit_prune(struct hall_tx *tx, struct err_info *e)
{
    return store_exec(tx->db, &Q_limit_try_prune, PARAMS(P_INT(tx->machine - KEEP_MS)), NULL, e);
}
