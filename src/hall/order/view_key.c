/* A UKey as its user sees it: on the order page and on the pages of keys. */
#include "hall/order/view_priv.h"

#include "hall/certificate/certificate.h"
#include "hall/ukey/ukey.h"

static const char *note_of(const struct ukey *k, enum lang lang)
{
    switch (k->state) {
    case FLOW_UKEY_ISSUED:
        return order_word(
            lang, "收到后核对标签上的序列号，再用 UKey 助手激活，设置您自己的密码。",
            "When it arrives, compare the serial number on its label, then activate it with "
            "UKey Agent and set your own PIN.");
    case FLOW_UKEY_LOCKED:
        return order_word(lang, "密码错误次数太多，已经锁住。请打服务热线。",
                          "Too many wrong PINs: it is locked. Please call the hotline.");
    default:
        return NULL;
    }
}

static const char *revoked_note(enum lang lang)
{
    return order_word(
        lang, "这个 UKey 上的证书已吊销，不能再用。有疑问请打服务热线。",
        "The certificate on this UKey is revoked; it can no longer be used. Please call "
        "the hotline with any question.");
}

static void action(struct json_out *j, const char *code, const char *label, int primary)
{
    jout_object(j, NULL);
    jout_text(j, "code", code);
    jout_text(j, "label", label);
    if (primary)
        jout_bool(j, "primary", 1);
    jout_end(j);
}

static void write_actions(const struct ukey *k, enum lang lang, struct json_out *j)
{
    if (k->state == FLOW_UKEY_ISSUED)
        action(j, "activate", order_word(lang, "激活，设置密码", "Activate and set the PIN"), 1);
    if (k->state == FLOW_UKEY_ACTIVE)
        action(j, "change_pin", order_word(lang, "修改密码", "Change the PIN"), 0);
    if (k->state == FLOW_UKEY_ISSUED || k->state == FLOW_UKEY_ACTIVE)
        action(j, "install_client", order_word(lang, "下载 UKey 助手", "Download UKey Agent"), 0);
}

enum err order_write_key_members(struct hall_tx *tx, const struct ukey *k, struct json_out *j,
                                 struct err_info *e)
{
    int revoked;
    TRY(certificate_revoked_on(tx, k, &revoked, e));
    const char *note = revoked ? revoked_note(tx->lang) : note_of(k, tx->lang);
    TRY(certificate_write_key_members(tx, k, j, e));
    if (note)
        jout_text(j, "note", note);
    jout_list(j, "actions");
    if (!revoked)
        write_actions(k, tx->lang, j);
    jout_end(j);
    return ERR_OK;
}

/* From handing it over on it is the user's (T4); which one the bench has reserved may still change. */
enum err order_view_key(struct hall_tx *tx, const struct order *o, struct json_out *j,
                        struct err_info *e)
{
    struct ukey k;
    int found;
    TRY(ukey_of_order(tx, o->id, &k, &found, e));
    if (!found || k.account != o->account)
        return ERR_OK;
    jout_object(j, "key");
    TRY(order_write_key_members(tx, &k, j, e));
    jout_end(j);
    return ERR_OK;
}

/* ---- history ---- */

/* What the bench did before there was anything to send is not the user's. */
static int is_users(const struct ukey_line *l)
{
    return l->state != FLOW_UKEY_BLANK && l->state != FLOW_UKEY_INITIALISED;
}

static const char *line_who(struct hall_tx *tx, const struct ukey_line *l)
{
    if (!*l->who)
        return order_word(tx->lang, "自动", "automatic");
    int desk = flow_owner_from_name(l->role);
    return desk > 0 ? arena_fmt(tx->arena, "%s %s",
                                order_owner_text((enum flow_owner)desk, tx->lang), l->who)
                    : l->who;
}

enum err order_write_key_history(struct hall_tx *tx, const struct ukey *k, struct json_out *j,
                                 const char *key, struct err_info *e)
{
    const struct ukey_line *line;
    size_t n;
    TRY(ukey_history(tx, k->serial, &line, &n, e));
    jout_list(j, key);
    for (size_t i = 0; i < n; i++) {
        if (!is_users(&line[i]))
            continue;
        jout_object(j, NULL);
        jout_text(j, "at", time_rfc3339(tx->arena, line[i].at));
        jout_text(j, "text", flow_state_text(FLOW_UKEY, line[i].state, tx->lang));
        jout_text(j, "who", line_who(tx, &line[i]));
        jout_end(j);
    }
    jout_end(j);
    return ERR_OK;
}
