#include "hall/staff/staff.h"

#include "base/text.h"
#include "hall/audit/audit.h"
#include "hall/session/session.h"
#include "hall/staff/staff_sql.h"
#include "pki/password.h"
#include "store/store.h"

#include <string.h>

static const char *const ROLES[STAFF_ROLES] = {
    "regulator", "reviewer",      "maker",       "shipping",       "paper",   "counter",  "finance",
    "support",   "project_admin", "super_admin", "business_admin", "auditor", "custodian"};
enum { LOGIN_MIN = 2, LOGIN_MAX = 32, NAME_MAX_CHARS = 50 };

const char *staff_role_code(enum staff_role role)
{
    for (int i = 0; i < STAFF_ROLES; i++)
        if ((unsigned)role == 1u << i)
            return ROLES[i];
    return "";
}

unsigned staff_role_from_code(const char *code)
{
    for (int i = 0; i < STAFF_ROLES; i++)
        if (strcmp(ROLES[i], code) == 0)
            return 1u << i;
    return 0;
}

static enum err roles_refused(struct err_info *e, const char *why)
{
    err_set(e, ERR_STAFF_ROLES, "roles", "%s", why);
    err_arg(e, "why", "%s", why);
    return ERR_STAFF_ROLES;
}

enum err staff_roles_check(unsigned roles, struct err_info *e)
{
    static const struct {
        unsigned one, other;
        const char *why;
    } apart[] = {
        {STAFF_AUDITOR, ~(unsigned)STAFF_AUDITOR, "auditor + …"},
        {STAFF_SUPER_ADMIN, STAFF_BUSINESS_ADMIN, "super_admin + business_admin"},
        {STAFF_REGULATOR, ~(unsigned)STAFF_REGULATOR, "regulator + …"},
    };
    if (roles == 0 || roles >= 1u << STAFF_ROLES)
        return roles_refused(e, "-");
    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++)
        if ((roles & apart[i].one) && (roles & apart[i].other))
            return roles_refused(e, apart[i].why);
    return ERR_OK;
}

static enum err check_login(const char *login, struct err_info *e)
{
    size_t n = strlen(login);
    if (n < LOGIN_MIN || n > LOGIN_MAX ||
        strspn(login, "abcdefghijklmnopqrstuvwxyz0123456789.-") != n)
        return err_set(e, ERR_STAFF_LOGIN, "login", NULL);
    return ERR_OK;
}

static enum err check_password(const char *login, const char *password, struct err_info *e)
{
    size_t chars = text_chars(password);
    if (chars >= STAFF_PASSWORD_MIN && chars <= STAFF_PASSWORD_MAX &&
        strlen(password) <= PASSWORD_MAX && !staff_password_guessable(login, password))
        return ERR_OK;
    err_set(e, ERR_STAFF_PASSWORD, "password", NULL);
    err_arg(e, "min", "%d", STAFF_PASSWORD_MIN);
    err_arg(e, "max", "%d", STAFF_PASSWORD_MAX);
    return ERR_STAFF_PASSWORD;
}

static enum err note(struct hall_tx *tx, const char *act, int64_t id, const char *new_value,
                     struct err_info *e)
{
    struct audit_entry x = {.act = act,
                            .object = arena_fmt(tx->arena, "staff:%lld", (long long)id),
                            .new_value = new_value};
    return audit_write(tx, &x, e);
}

enum err staff_add(struct hall_tx *tx, const struct staff_new *n, int64_t *id, struct err_info *e)
{
    char *password;
    int64_t made;
    TRY(check_login(n->login, e));
    TRY(check_password(n->login, n->password, e));
    TRY(staff_roles_check(n->roles, e));
    if (!*n->name || text_chars(n->name) > NAME_MAX_CHARS)
        return err_set(e, ERR_STAFF_LOGIN, "name", NULL);
    if ((n->roles & STAFF_AUDITOR) && tx->who.kind != BY_SYSTEM)
        return roles_refused(e, "auditor: certhall init");
    TRY(password_hash(n->password, tx->arena, &password, e));
    *id = hall_new_id(tx->hall);
    TRY(store_exec(tx->db, &Q_staff_add,
                   PARAMS(P_INT(*id), P_TEXT(n->login), P_TEXT(n->name), P_INT(n->roles),
                          P_TEXT(password), P_INT(tx->now)),
                   &made, e));
    if (!made) {
        err_set(e, ERR_STAFF_EXISTS, "login", NULL);
        err_arg(e, "login", "%s", n->login);
        return ERR_STAFF_EXISTS;
    }
    return note(tx, "staff.add", *id, arena_fmt(tx->arena, "%s roles=%x", n->login, n->roles), e);
}

static struct staff staff_of(const struct store_row *r)
{
    return (struct staff){.id = row_int(r, "id"),
                          .version = row_int(r, "version"),
                          .login = row_text(r, "login"),
                          .name = row_text(r, "name"),
                          .roles = (unsigned)row_int(r, "roles"),
                          .disabled = (int)row_int(r, "disabled"),
                          .created_at = row_int(r, "created_at")};
}

enum err staff_get(struct hall_tx *tx, int64_t id, struct staff *out, struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_staff_get, PARAMS(P_INT(id)), tx->arena, &r, e));
    *out = staff_of(r);
    return ERR_OK;
}

enum err staff_list(struct hall_tx *tx, const struct staff **out, size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_staff_list, NO_PARAMS, tx->arena, &rows, e));
    struct staff *list = arena_alloc(tx->arena, (rows.n + 1) * sizeof *list);
    for (size_t i = 0; i < rows.n; i++)
        list[i] = staff_of(&rows.row[i]);
    *out = list;
    *n = rows.n;
    return ERR_OK;
}

enum err staff_set_password(struct hall_tx *tx, int64_t id, const char *password,
                            struct err_info *e)
{
    struct staff s;
    char *encoded;
    TRY(staff_get(tx, id, &s, e));
    TRY(check_password(s.login, password, e));
    TRY(password_hash(password, tx->arena, &encoded, e));
    TRY(store_exec_one(tx->db, &Q_staff_password, PARAMS(P_INT(id), P_TEXT(encoded)), e));
    TRY(session_close_all(tx, SESSION_STAFF, id, e));
    return note(tx, "staff.password", id, NULL, e);
}

enum err staff_disable(struct hall_tx *tx, int64_t id, struct err_info *e)
{
    TRY(store_exec_one(tx->db, &Q_staff_disable, PARAMS(P_INT(id)), e));
    TRY(session_close_all(tx, SESSION_STAFF, id, e));
    return note(tx, "staff.disable", id, NULL, e);
}

void staff_act(struct hall_tx *tx, const struct staff *s)
{
    unsigned first = s->roles & (0u - s->roles);
    tx->who.kind = BY_STAFF;
    tx->who.id = s->id;
    tx->who.name = s->name;
    tx->who.role = first ? staff_role_code((enum staff_role)first) : "";
}

enum err staff_stand_in(struct hall_tx *tx, int64_t id, struct err_info *e)
{
    struct staff s;
    if (!tx->hall->demo)
        return err_set(e, ERR_NOT_FOUND, NULL, "stand-ins exist in a demo only");
    TRY(staff_get(tx, id, &s, e));
    if (s.disabled)
        return err_set(e, ERR_NOT_FOUND, NULL, "disabled");
    staff_act(tx, &s);
    return note(tx, "staff.stand_in", id, NULL, e);
}

enum err staff_actor(const struct staff *s, enum staff_role role, const char *address,
                     struct actor *out, struct err_info *e)
{
    if (s->disabled || !(s->roles & (unsigned)role)) {
        err_set(e, ERR_FORBIDDEN, NULL, "staff %lld is no %s", (long long)s->id,
                staff_role_code(role));
        err_arg(e, "who", "%s", staff_role_code(role));
        return ERR_FORBIDDEN;
    }
    *out = (struct actor){.kind = BY_STAFF,
                          .id = s->id,
                          .name = s->name,
                          .role = staff_role_code(role),
                          .address = address};
    return ERR_OK;
}
