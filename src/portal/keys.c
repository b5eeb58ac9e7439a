/* The person's UKeys. Another's is not there. */
#include "portal/portal_priv.h"

#include "hall/institution/institution.h"
#include "hall/ukey/ukey.h"
#include "hall/vault/vault.h"

static enum err list_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    const struct ukey *list;
    size_t n;
    struct json_out j;
    TRY(ukey_of_account(tx, c->s->account.id, &list, &n, e));
    httpd_reply_json(c->reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++) {
        jout_object(&j, NULL);
        TRY(order_write_key_members(tx, &list[i], &j, e));
        jout_end(&j);
    }
    jout_end(&j);
    jout_end(&j);
    return ERR_OK;
}

enum err portal_key_list(struct httpd_request *r, struct httpd_reply *reply, void *app,
                         struct err_info *e)
{
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    return portal_read(&c, list_work, e);
}

/* ---- one ---- */

/* C-01: as the agent's window asks for it. */
static const char *pin_rule(struct arena *a, const struct project *p, enum lang lang)
{
    static const char *const kinds[] = {"", "一", "两", "三", "四"};
    const struct project_pin *pin = &p->pin;
    const char *length = arena_fmt(a, "%d–%d", pin->min_len, pin->max_len);
    if (lang == LANG_EN)
        return pin->classes < 2
                   ? arena_fmt(a, "%s characters", length)
                   : arena_fmt(a, "%s characters of at least %d kinds", length, pin->classes);
    if (pin->classes < 2)
        return arena_fmt(a, "%s 位", length);
    return arena_fmt(a, "%s 位，至少%s种字符", length, kinds[pin->classes <= 4 ? pin->classes : 4]);
}

static enum err write_key(struct hall_tx *tx, struct portal_call *c, const struct ukey *k,
                          struct err_info *e)
{
    const struct project *p;
    const struct account *a = &c->s->account;
    struct institution inst;
    struct json_out j;
    TRY(portal_project(c, k->project, &p, e));
    TRY(institution_get(tx, a->institution, &inst, e));
    httpd_reply_json(c->reply, &j);
    jout_object(&j, NULL);
    TRY(order_write_key_members(tx, k, &j, e));
    web_some(&j, "model", k->model);
    jout_text(&j, "institution", inst.name);
    jout_text(&j, "person", a->handler);
    jout_text(&j, "pin_rule", pin_rule(tx->arena, p, tx->lang));
    jout_text(&j, "mobile_masked", vault_mask_mobile(tx->arena, a->mobile));
    TRY(order_write_key_history(tx, k, &j, "history", e));
    jout_end(&j);
    return ERR_OK;
}

static enum err get_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct ukey k;
    const char *serial = ukey_serial_mend(tx->arena, httpd_param(c->r, "serial"));
    if (!serial)
        return err_set(e, ERR_NOT_FOUND, "serial", "no serial");
    TRY(ukey_get(tx, serial, &k, e));
    if (k.account != c->s->account.id)
        return err_set(e, ERR_NOT_FOUND, "serial", "UKey %s is another's", serial);
    return write_key(tx, c, &k, e);
}

enum err portal_key_get(struct httpd_request *r, struct httpd_reply *reply, void *app,
                        struct err_info *e)
{
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    return portal_read(&c, get_work, e);
}
