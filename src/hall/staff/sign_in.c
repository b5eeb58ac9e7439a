/* Signing in with a password: limited as the applicants' way is, and as slow for names that do not exist. */
#include "hall/staff/staff.h"

#include "base/sys.h"
#include "hall/audit/audit.h"
#include "hall/limit/limit.h"
#include "hall/staff/staff_sql.h"
#include "pki/password.h"
#include "store/store.h"

#include <string.h>

struct attempt {
    int64_t id; /* 0: unknown or disabled */
    int right;
};

/* Without a transaction around the slow part. */
static enum err look(const struct hall *h, const char *login, const char *password, struct arena *a,
                     struct attempt *t, struct err_info *e)
{
    const struct store_row *r;
    const char *stored = NULL;
    char *spent;
    {
        _auto_hall_tx tx = {0};
        TRY(hall_begin(h, 0, &hall_system, a, &tx, e));
        TRY(store_opt(tx.db, &Q_staff_by_login, PARAMS(P_TEXT(login)), a, &r, e));
    }
    if (r && !row_int(r, "disabled")) {
        t->id = row_int(r, "id");
        stored = row_text(r, "password");
    }
    size_t n = strlen(password);
    if (n == 0 || n > PASSWORD_MAX) /* wrong for every name, known or not */
        return ERR_OK;
    TRY(staff_gate_enter(h->staff_gate, e));
    enum err done = ERR_OK;
    if (stored)
        t->right = password_verify(stored, password);
    else /* the same work for nobody */
        done = password_hash(password, a, &spent, e);
    staff_gate_leave(h->staff_gate);
    return done;
}

/* Hashing costs 19 MiB and a worker's time: who is stopped whatever he types does not get it. */
static enum err stop_settled(const struct hall *h, const char *key, const char *address,
                             struct arena *a, struct err_info *answer, struct err_info *e)
{
    struct actor who = {.kind = BY_STAFF, .name = "", .role = "", .address = address};
    struct limit_login count;
    _auto_hall_tx tx = {0};
    TRY(hall_begin(h, 1, &who, a, &tx, e));
    TRY(limit_login_read(&tx, key, address, &count, e));
    if (!limit_login_settled(&count))
        return ERR_OK;
    TRY(limit_login_keep(&tx, key, address, &count, LIMIT_STOPPED, answer));
    log_line(LOG_LEVEL_INFO, "staff.refused", "%s from=%s", err_code_text(answer->code), address);
    return hall_commit(&tx, e);
}

enum err staff_sign_in(const struct hall *h, const char *login, const char *password,
                       const char *address, struct arena *a, int64_t *id, struct err_info *e)
{
    struct attempt t = {0};
    struct limit_login count;
    struct err_info answer = {0};
    struct actor who = {.kind = BY_STAFF, .name = "", .role = "", .address = address};
    const char *bounded = arena_text_n(a, login, strnlen(login, 64));
    const char *key = arena_fmt(a, "staff:%s", bounded);
    TRY(stop_settled(h, key, address, a, &answer, e));
    if (answer.code != ERR_OK) {
        *e = answer;
        return answer.code;
    }
    TRY(look(h, bounded, password, a, &t, e));
    _auto_hall_tx tx = {0};
    who.id = t.right ? t.id : 0;
    TRY(hall_begin(h, 1, &who, a, &tx, e));
    TRY(limit_login_read(&tx, key, address, &count, e));
    enum limit_verdict v = limit_login_decide(&count, t.right);
    TRY(limit_login_keep(&tx, key, address, &count, v, &answer));
    if (v == LIMIT_WRONG)
        err_set(&answer, ERR_STAFF_WRONG, "password", NULL);
    if (v == LIMIT_LET_IN) {
        struct staff s;
        TRY(staff_get(&tx, t.id, &s, e));
        staff_act(&tx, &s);
        struct audit_entry x = {.act = "staff.sign_in",
                                .object = arena_fmt(a, "staff:%lld", (long long)t.id)};
        TRY(audit_write(&tx, &x, e));
        *id = t.id;
    }
    TRY(hall_commit(&tx, e));
    if (answer.code != ERR_OK) {
        log_line(LOG_LEVEL_INFO, "staff.refused", "%s from=%s", err_code_text(answer.code),
                 address);
        *e = answer;
    }
    return answer.code;
}
