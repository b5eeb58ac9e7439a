/* Words for roles and what belongs to a person. */
#include "console/console_priv.h"

#include <string.h>

static const char *const ROLE_TEXT[STAFF_ROLES][2] = {
    {"监管方", "Regulator"},
    {"审核", "Reviewer"},
    {"制证", "Production"},
    {"寄送", "Shipping"},
    {"纸质材料", "Paper documents"},
    {"服务点", "Service point"},
    {"财务", "Finance"},
    {"客服", "Support"},
    {"项目管理", "Project administrator"},
    {"超级管理员", "Super administrator"},
    {"业务管理员", "Business administrator"},
    {"审计管理员", "Auditor"},
    {"密钥保管人", "Key custodian"},
};

const char *console_role_text(unsigned role, enum lang lang)
{
    for (int i = 0; i < STAFF_ROLES; i++)
        if (role == 1u << i)
            return ROLE_TEXT[i][lang];
    return "";
}

const char *console_roles_text(struct arena *a, unsigned roles, enum lang lang)
{
    const char *text = "";
    for (unsigned bit = 1; bit < 1u << STAFF_ROLES; bit <<= 1)
        if (roles & bit)
            text = arena_fmt(a, "%s%s%s", text, *text ? web_word(lang, "、", ", ") : "",
                             console_role_text(bit, lang));
    return text;
}

void console_write_roles(struct json_out *j, unsigned roles)
{
    jout_list(j, "roles");
    for (unsigned bit = 1; bit < 1u << STAFF_ROLES; bit <<= 1)
        if (roles & bit)
            jout_text(j, NULL, staff_role_code((enum staff_role)bit));
    jout_end(j);
}

void console_write_staff(struct json_out *j, struct arena *a, const char *key,
                         const struct staff *s, enum lang lang)
{
    jout_object(j, key);
    jout_id(j, "id", s->id);
    jout_text(j, "name", s->name);
    jout_text(j, "role_text", console_roles_text(a, s->roles, lang));
    jout_end(j);
}
