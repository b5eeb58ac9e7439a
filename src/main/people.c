#include "main/people.h"

#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct person table[PEOPLE] = {
    {.login = "zhou", .name = "周启明", .roles = "regulator"},
    {.login = "zheng", .name = "郑海涛", .roles = "reviewer"},
    {.login = "xu", .name = "许建民", .roles = "maker"},
    {.login = "he", .name = "何嘉敏", .roles = "shipping counter"},
    {.login = "huang", .name = "黄敏仪", .roles = "paper"},
    {.login = "liang", .name = "梁佩珊", .roles = "finance"},
    {.login = "chen", .name = "陈立言", .roles = "support"},
    {.login = "jiang", .name = "江一鸣", .roles = "support project_admin"},
    {.login = "wu", .name = "吴远", .roles = "super_admin"},
    {.login = "luo", .name = "罗静", .roles = "business_admin"},
    {.login = "fang", .name = "方正", .roles = "auditor"},
    {.login = "su", .name = "苏航", .roles = "custodian"},
    {.login = "lin", .name = "林岚", .roles = "custodian"},
};

/* 80 random bits in letters and digits that are told apart by eye. */
static void random_word(char out[17])
{
    _auto(arena) a = arena_new();
    uint8_t raw[10];
    random_bytes(raw, sizeof raw);
    snprintf(out, 17, "%s", text_base32(a, (struct bytes){raw, sizeof raw}));
    mem_wipe(raw, sizeof raw);
}

void people_make(struct people *p)
{
    memcpy(p->person, table, sizeof table);
    for (int i = 0; i < PEOPLE; i++)
        random_word(p->person[i].password);
    char *pin = people_find(p, "maker")->ukey_pin;
    random_word(pin);
    pin[10] = 'k'; /* at least two kinds of characters (PIN policy of the profile) */
    pin[11] = '7';
    pin[12] = '\0';
}

void people_wipe(struct people *p)
{
    mem_wipe(p, sizeof *p);
}

static int has_role(const struct person *person, const char *role)
{
    size_t n = strlen(role);
    for (const char *at = strstr(person->roles, role); at; at = strstr(at + 1, role))
        if ((at == person->roles || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return 1;
    return 0;
}

struct person *people_find(struct people *p, const char *role)
{
    for (int i = 0; i < PEOPLE; i++)
        if (has_role(&p->person[i], role))
            return &p->person[i];
    abort(); /* a program error: the table has every role that is asked for */
}

static void put_roles(struct json_out *j, const char *roles, struct arena *a)
{
    char *rest = arena_text(a, roles), *role;
    jout_list(j, "roles");
    while ((role = strsep(&rest, " ")) != NULL)
        jout_text(j, NULL, role);
    jout_end(j);
}

static enum err write_list(const struct people *p, const char *path, int secret, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_buf b;
    buf_init(&b, 64 << 10);
    struct json_out j;
    jout_init(&j, &b);
    jout_list(&j, NULL);
    for (int i = 0; i < PEOPLE; i++) {
        jout_object(&j, NULL);
        jout_text(&j, "login", p->person[i].login);
        jout_text(&j, "name", p->person[i].name);
        if (!secret)
            put_roles(&j, p->person[i].roles, a);
        if (secret)
            jout_text(&j, "password", p->person[i].password);
        if (secret && p->person[i].ukey_pin[0])
            jout_text(&j, "ukey_pin", p->person[i].ukey_pin);
        jout_end(&j);
    }
    jout_end(&j);
    return file_replace(path, (struct bytes){b.p, b.n}, secret ? 0600 : 0644, e);
}

enum err people_write(const struct people *p, const char *demo_folder, struct err_info *e)
{
    _auto(arena) a = arena_new();
    TRY(write_list(p, arena_fmt(a, "%s/people.json", demo_folder), 0, e));
    return write_list(p, arena_fmt(a, "%s/passwords.json", demo_folder), 1, e);
}
