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
    jout_list(j, "actions");
    if (k->state == FLOW_UKEY_ISSUED)
        action(j, "activate", order_word(lang, "激活，设置密码", "Activate and set the PIN"), 1);
    if (k->state == FLOW_UKEY_ACTIVE)
        action(j, "change_pin", order_word(lang, "修改密码", "Change the PIN"), 0);
    if (k->state == FLOW_UKEY_ISSUED || k->state == FLOW_UKEY_ACTIVE)
        action(j, "install_client", order_word(lang, "下载 UKey 助手", "Download UKey Agent"), 0);
    jout_end(j);
}

enum err order_write_key_members(struct hall_tx *tx, const struct ukey *k, struct json_out *j,
                                 struct err_info *e)
{
    const char *note = note_of(k, tx->lang);
    TRY(certificate_write_key_members(tx, k, j, e));
    if (note)
        jout_text(j, "note", note);
    write_actions(k, tx->lang, j);
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
