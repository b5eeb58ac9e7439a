/* Whom the ca believes: makers, reviewers and regulators' keys, entered and ended by its administrator (design §1, evidence). */
#include "ca/ca_priv.h"

#include "base/boundary.h"
#include "base/text.h"

#include <string.h>

struct entry {
    const char *name, *role, *by; /* a regulator's key: `name` is the project */
    struct bytes certificate;
    struct cert_view view;
    struct arena *arena;
    int64_t now;
};

static enum err missing(const char *field, struct err_info *e)
{
    err_set(e, ERR_BAD_REQUEST, field, NULL);
    err_arg(e, "why", "%s: must not be empty", field);
    return ERR_BAD_REQUEST;
}

static enum err was_ended(const char *whose, struct err_info *e)
{
    err_set(e, ERR_CA_REQUEST, "certificate", NULL);
    err_arg(e, "why", "the right of this %s's certificate was ended; it needs a new one", whose);
    return ERR_CA_REQUEST;
}

/* ---- entering ---- */

static enum err staff_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct entry *w = arg;
    const struct store_row *there;
    ca_forget_maker(tx);
    TRY(store_opt(tx, &Q_ca_staff_by_serial, PARAMS(P_TEXT(w->view.serial)), w->arena, &there, e));
    if (there)
        return row_int(there, "ended_at") ? was_ended(w->role, e) : ERR_OK;
    TRY(store_exec(tx, &Q_ca_staff_add,
                   PARAMS(P_TEXT(w->name), P_TEXT(w->role), P_TEXT(w->view.serial),
                          P_BLOB(w->certificate), P_TEXT(w->by), P_INT(w->now)),
                   NULL, e));
    return ca_audit(tx, w->now, w->by, "staff",
                    arena_fmt(w->arena, "%s %s %s", w->role, w->view.serial, w->name), e);
}

enum err ca_staff_enter(struct ca *ca, const char *name, const char *role, struct bytes certificate,
                        const char *by, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct entry w = {.name = name,
                      .role = role,
                      .by = by,
                      .arena = a,
                      .certificate = certificate,
                      .now = clock_business(ca->options.clock)};
    if (!*name || !*by)
        return missing(*name ? "by" : "name", e);
    if (strcmp(role, "maker") != 0 && strcmp(role, "reviewer") != 0) {
        err_set(e, ERR_BAD_REQUEST, "role", NULL);
        err_arg(e, "why", "role: must be maker or reviewer");
        return ERR_BAD_REQUEST;
    }
    TRY(cert_view(certificate, a, &w.view, e));
    TRY(store_group_run(ca->group, staff_in, &w, e));
    boundary(BOUNDARY_CA_STAFF_ENTERED);
    return ERR_OK;
}

static int same(struct bytes x, struct bytes y)
{
    return x.n == y.n && memcmp(x.p, y.p, x.n) == 0;
}

/* A list names no project inside what is signed, so a key that signs for two would let a list of one pass for the other's. */
static enum err of_one_project(const struct entry *w, const struct store_row *row,
                               struct err_info *e)
{
    struct cert_view view;
    TRY(cert_view(row_blob(row, "certificate"), w->arena, &view, e));
    if (!strcmp(row_text(row, "project"), w->name) || !same(view.spki, w->view.spki))
        return ERR_OK;
    err_set(e, ERR_CA_REQUEST, "certificate", "its key is a regulator's of %s",
            row_text(row, "project"));
    err_arg(e, "why",
            "the key of this certificate signs for project %s; each project needs its own",
            row_text(row, "project"));
    return ERR_CA_REQUEST;
}

static enum err regulator_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct entry *w = arg;
    struct store_rows there;
    TRY(store_many(tx, &Q_ca_regulator_all, NO_PARAMS, w->arena, &there, e));
    for (size_t i = 0; i < there.n; i++) {
        const struct store_row *row = &there.row[i];
        TRY(of_one_project(w, row, e));
        if (!strcmp(row_text(row, "project"), w->name) &&
            same(row_blob(row, "certificate"), w->certificate))
            return row_int(row, "ended_at") ? was_ended("regulator", e) : ERR_OK;
    }
    TRY(store_exec(tx, &Q_ca_regulator_add,
                   PARAMS(P_TEXT(w->name), P_BLOB(w->certificate), P_TEXT(w->by), P_INT(w->now)),
                   NULL, e));
    return ca_audit(tx, w->now, w->by, "regulator",
                    arena_fmt(w->arena, "%s %s", w->name, w->view.subject_text), e);
}

enum err ca_regulator_enter(struct ca *ca, const char *project, struct bytes certificate,
                            const char *by, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct entry w = {.name = project,
                      .by = by,
                      .arena = a,
                      .certificate = certificate,
                      .now = clock_business(ca->options.clock)};
    if (!*project || !*by)
        return missing(*project ? "by" : "project", e);
    TRY(cert_view(certificate, a, &w.view, e));
    return store_group_run(ca->group, regulator_in, &w, e);
}

/* ---- ending ---- */

struct ending {
    enum ca_trusted kind;
    int64_t id, now;
    const char *by;
    struct arena *arena;
};

static enum err end_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    const struct ending *w = arg;
    ca_forget_maker(tx);
    int staff = w->kind == CA_TRUST_STAFF;
    struct store_rows all;
    const struct store_row *row = NULL;
    TRY(store_many(tx, staff ? &Q_ca_staff_all : &Q_ca_regulator_all, NO_PARAMS, w->arena, &all,
                   e));
    for (size_t i = 0; i < all.n; i++)
        if (row_int(&all.row[i], "id") == w->id)
            row = &all.row[i];
    if (!row)
        return err_set(e, ERR_NOT_FOUND, "id", "none has the id %lld", (long long)w->id);
    if (row_int(row, "ended_at"))
        return ERR_OK;
    TRY(store_exec(tx, staff ? &Q_ca_staff_end : &Q_ca_regulator_end,
                   PARAMS(P_INT(w->id), P_INT(w->now)), NULL, e));
    return ca_audit(
        tx, w->now, w->by, staff ? "staff.end" : "regulator.end",
        arena_fmt(w->arena, "%lld %s", (long long)w->id, row_text(row, staff ? "name" : "project")),
        e);
}

enum err ca_trust_end(struct ca *ca, enum ca_trusted kind, int64_t id, const char *by,
                      struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct ending w = {kind, id, clock_business(ca->options.clock), by, a};
    return *by ? store_group_run(ca->group, end_in, &w, e) : missing("by", e);
}

/* ---- looking ---- */

static struct ca_trust one(const struct store_row *row, enum ca_trusted kind)
{
    int staff = kind == CA_TRUST_STAFF;
    return (struct ca_trust){.id = row_int(row, "id"),
                             .kind = kind,
                             .name = row_text(row, staff ? "name" : "project"),
                             .role = staff ? row_text(row, "role") : "regulator",
                             .certificate = row_blob(row, "certificate"),
                             .entered_by = row_text(row, "entered_by"),
                             .entered_at = row_int(row, "entered_at"),
                             .ended_at = row_int(row, "ended_at")};
}

enum err ca_trust_list(struct ca *ca, struct arena *a, struct ca_trust **out, size_t *n,
                       struct err_info *e)
{
    struct store_rows staff, regulators;
    _auto(store_tx) tx = NULL;
    TRY(store_begin(ca->store, STORE_READ, &tx, e));
    TRY(store_many(tx, &Q_ca_staff_all, NO_PARAMS, a, &staff, e));
    TRY(store_many(tx, &Q_ca_regulator_all, NO_PARAMS, a, &regulators, e));
    struct ca_trust *list = arena_alloc(a, (staff.n + regulators.n + 1) * sizeof *list);
    for (size_t i = 0; i < staff.n; i++)
        list[i] = one(&staff.row[i], CA_TRUST_STAFF);
    for (size_t i = 0; i < regulators.n; i++)
        list[staff.n + i] = one(&regulators.row[i], CA_TRUST_REGULATOR);
    *out = list;
    *n = staff.n + regulators.n;
    return ERR_OK;
}
