/* certhall staff: people of the console. */
#include "main/open_hall.h"
#include "main/verb.h"

#include "base/text.h"
#include "hall/staff/staff.h"
#include "pki/password.h"

#include <stdio.h>
#include <string.h>

/* From standard input, so that no password stands on a command line. */
static enum err read_password(char *out, size_t size, struct err_info *e)
{
    const char *why = "the password is read from standard input, and there was none";
    if (fgets(out, (int)size, stdin)) {
        size_t n = strcspn(out, "\r\n");
        if (out[n] || n + 1 < size) {
            out[n] = '\0';
            return ERR_OK;
        }
        why = "the line on standard input is longer than any password"; /* never cut one short */
    }
    err_set(e, ERR_BAD_REQUEST, "password", NULL);
    err_arg(e, "why", "%s", why);
    return ERR_BAD_REQUEST;
}

static enum err add(struct hall_tx *tx, const char *login, const char *name, const char *role_list,
                    struct err_info *e)
{
    char password[PASSWORD_MAX + 3];
    int64_t id;
    unsigned roles = 0;
    char *rest = arena_text(tx->arena, role_list), *code;
    while ((code = strsep(&rest, ",")) != NULL) {
        unsigned role = staff_role_from_code(code);
        if (!role) {
            err_set(e, ERR_BAD_REQUEST, "roles", NULL);
            err_arg(e, "why", "--roles: there is no role %s", code);
            return ERR_BAD_REQUEST;
        }
        roles |= role;
    }
    TRY(read_password(password, sizeof password, e));
    enum err added = staff_add(
        tx, &(struct staff_new){.login = login, .name = name, .roles = roles, .password = password},
        &id, e);
    mem_wipe(password, sizeof password);
    TRY(added);
    return hall_commit(tx, e);
}

static void print_roles(unsigned roles)
{
    const char *comma = "";
    for (unsigned role = 1; role < 1u << STAFF_ROLES; role <<= 1)
        if (roles & role) {
            printf("%s%s", comma, staff_role_code((enum staff_role)role));
            comma = ",";
        }
}

static enum err list(struct hall_tx *tx, struct err_info *e)
{
    const struct staff *all;
    size_t n;
    TRY(staff_list(tx, &all, &n, e));
    for (size_t i = 0; i < n; i++) {
        printf("%s\t%s\t", all[i].login, all[i].name);
        print_roles(all[i].roles);
        printf("%s\n", all[i].disabled ? "\tdisabled" : "");
    }
    return ERR_OK;
}

static enum err find(struct hall_tx *tx, const char *login, int64_t *id, struct err_info *e)
{
    const struct staff *all;
    size_t n;
    TRY(staff_list(tx, &all, &n, e));
    for (size_t i = 0; i < n; i++)
        if (!strcmp(all[i].login, login)) {
            *id = all[i].id;
            return ERR_OK;
        }
    err_set(e, ERR_BAD_REQUEST, "login", NULL);
    err_arg(e, "why", "there is nobody %s (see certhall staff list)", login);
    return ERR_BAD_REQUEST;
}

static enum err disable(struct hall_tx *tx, const char *login, struct err_info *e)
{
    int64_t id;
    TRY(find(tx, login, &id, e));
    TRY(staff_disable(tx, id, e));
    return hall_commit(tx, e);
}

static enum err password(struct hall_tx *tx, const char *login, struct err_info *e)
{
    char new_one[PASSWORD_MAX + 3];
    int64_t id;
    TRY(find(tx, login, &id, e));
    TRY(read_password(new_one, sizeof new_one, e));
    enum err set = staff_set_password(tx, id, new_one, e);
    mem_wipe(new_one, sizeof new_one);
    TRY(set);
    return hall_commit(tx, e);
}

static enum err act(const struct place *p, char **rest, const char *name, const char *roles,
                    struct err_info *e)
{
    struct opened_hall o __attribute__((cleanup(close_hall))) = {0};
    int looking = strcmp(rest[0], "list") == 0;
    TRY(open_hall(p, &o, e));
    o.hall.ids = hall_ids_fixed(0);
    _auto_hall_tx tx = {0};
    TRY(hall_begin(&o.hall, !looking, &hall_system, p->arena, &tx, e));
    if (looking)
        return list(&tx, e);
    if (!strcmp(rest[0], "add"))
        return add(&tx, rest[1], name, roles, e);
    return strcmp(rest[0], "disable") ? password(&tx, rest[1], e) : disable(&tx, rest[1], e);
}

/* What is wrong with the words and options; NULL: nothing. */
static const char *wrong(char **rest, const char *name, const char *roles)
{
    static const char *const words[] = {"add", "disable", "password", "list"};
    size_t i = 0, n = sizeof words / sizeof *words;
    while (rest[0] && i < n && strcmp(rest[0], words[i]) != 0)
        i++;
    if (!rest[0] || i == n)
        return "expected: add LOGIN, disable LOGIN, password LOGIN, or list";
    if (!strcmp(rest[0], "list"))
        return rest[1] ? "list takes no name" : NULL;
    if (!rest[1] || rest[2])
        return "wants one LOGIN";
    return strcmp(rest[0], "add") || (name && roles) ? NULL : "add wants LOGIN, --name and --roles";
}

static int run(int argc, char **argv)
{
    _auto(arena) a = arena_new();
    const char *data = NULL, *name = NULL, *roles = NULL;
    const struct option_row rows[] = {
        {"data", &data, NULL}, {"name", &name, NULL}, {"roles", &roles, NULL}};
    char **rest;
    struct place p;
    struct err_info e;
    if (!options_take(argc, argv, rows, 3, &rest))
        return EXIT_USAGE;
    const char *why = wrong(rest, name, roles);
    if (why)
        return report_usage("staff", "%s", why);
    if (place_find(&p, data, NULL, a, &e) != ERR_OK || act(&p, rest, name, roles, &e) != ERR_OK)
        return report("staff", &e);
    return EXIT_DONE;
}

const struct verb verb_staff = {
    "staff", "people of the console: add, disable, password, list",
    "usage: certhall staff add LOGIN --name NAME --roles ROLE[,ROLE…] [--data DIR] < password\n"
    "       certhall staff disable LOGIN\n"
    "       certhall staff password LOGIN < password\n"
    "       certhall staff list\n\n"
    "Roles: regulator reviewer maker shipping paper counter finance support project_admin super_admin business_admin\n"
    "auditor custodian. The auditor can have no other role. The password is one line on standard input, 12 characters or more.\n"
    "disable and password sign the person out everywhere.\n\n"
    "Example: certhall staff add zheng --name 郑海涛 --roles reviewer < password.txt\n",
    run};
