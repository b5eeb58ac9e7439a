/* The order page, the task list of a draft, and the confirmation, in one object (openapi Order). */
#include "hall/order/view_priv.h"

#include "hall/vault/vault.h"

#include <inttypes.h>
#include <string.h>

static const char *lane_title(enum flow_machine m, enum lang lang)
{
    switch (m) {
    case FLOW_FULFILMENT:
        return order_word(lang, "UKey 在", "The UKey is with");
    case FLOW_PAYMENT:
        return order_word(lang, "款项在", "The payment is with");
    case FLOW_INVOICE:
        return order_word(lang, "发票在", "The invoice is with");
    case FLOW_PAPER:
        return order_word(lang, "纸质材料在", "The papers are with");
    default:
        return order_word(lang, "业务单在", "The order is with");
    }
}

static void write_lane(const struct view *v, struct json_out *j, const struct flow_now *lane)
{
    enum lang lang = v->tx->lang;
    struct order_due due = view_due(v, lane);
    jout_object(j, NULL);
    jout_text(j, "region", view_region(lane->machine));
    jout_text(j, "title", lane_title(lane->machine, lang));
    jout_object(j, "owner");
    jout_text(j, "kind", order_owner_kind(lane->owner));
    jout_text(j, "text", view_owner_text(v, lane->owner));
    jout_end(j);
    jout_text(j, "text", view_text(v, lane));
    if (lane->machine == FLOW_FULFILMENT && lane->state == FLOW_FULFILMENT_SHIPPED) /* S0-28 */
        jout_text(j, "note",
                  order_word(lang, "送达时间由快递公司估计，不计入办理时限。",
                             "An estimate by the courier, not part of our time limit."));
    order_write_due(v->tx, &due, j, "due");
    jout_end(j);
}

static void write_lanes(const struct view *v, struct json_out *j)
{
    const char *all = "";
    jout_list(j, "lanes");
    for (int i = 0; i < v->lanes; i++) {
        const char *text = view_text(v, &v->lane[i]);
        const char *title = view_region_title(v->lane[i].machine, v->tx->lang);
        if (i == 0)
            all = text;
        else if (v->tx->lang == LANG_EN)
            all = arena_fmt(v->tx->arena, "%s. %s: %s", all, title, text);
        else
            all = arena_fmt(v->tx->arena, "%s，%s %s", all, title, text);
        if (v->lane[i].owner != OWNER_NOBODY)
            write_lane(v, j, &v->lane[i]);
    }
    jout_end(j);
    jout_text(j, "now_text", all);
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

static enum err write_actions(const struct view *v, struct json_out *j, struct err_info *e)
{
    enum lang lang = v->tx->lang;
    const struct order *o = v->o;
    struct hall_tx reader = *v->tx;
    int may = 0;
    reader.who = (struct actor){
        .kind = BY_APPLICANT, .id = o->account, .name = "", .role = "", .address = ""};
    TRY(order_allowed(&reader, o, EVENT_APP_CANCEL, NULL, &may, e));
    jout_list(j, "actions");
    int app = o->states.at[FLOW_APPLICATION], pay = o->states.at[FLOW_PAYMENT];
    if (app == FLOW_APPLICATION_AWAIT_PAY &&
        (pay == FLOW_PAYMENT_UNPAID || pay == FLOW_PAYMENT_PENDING))
        action(j, "pay", order_word(lang, "去付款", "Pay"), 1);
    if (app == FLOW_APPLICATION_IN_PRODUCTION)
        action(j, "install_client", order_word(lang, "先装好 UKey 助手", "Install UKey Agent"), 0);
    if (may && app != FLOW_APPLICATION_DRAFT)
        action(j, "cancel", order_word(lang, "取消业务单", "Cancel the order"), 0);
    if (flow_is_rest(FLOW_APPLICATION, app) && app != FLOW_APPLICATION_COMPLETED)
        action(j, "apply_again", order_word(lang, "重新办理", "Start again"), 0);
    jout_end(j);
    return ERR_OK;
}

/* How long the amount holds (G-33); once it is paid nothing is left to hold. */
static void write_price_holds(const struct view *v, struct json_out *j)
{
    const struct order *o = v->o;
    struct hall_tx *tx = v->tx;
    if (o->paid_at)
        return;
    if (!o->price_until) {
        int days = o->rules_of->pay.price_freeze_days;
        jout_text(j, "note",
                  order_say(tx->arena, tx->lang, "提交后 {} 天内价格不变",
                            "The price holds for {} days after submitting",
                            arena_fmt(tx->arena, "%d", days)));
        return;
    }
    int32_t day = time_china_day(o->price_until);
    jout_text(j, "frozen_until", time_date_text(tx->arena, day));
    jout_text(j, "note",
              order_say(tx->arena, tx->lang, "{}前价格不变", "The price holds until {}",
                        order_day_text(tx->arena, day, tx->lang)));
}

static void write_fee(const struct view *v, struct json_out *j, const char *key)
{
    struct project_fee fee;
    const struct order *o = v->o;
    struct hall_tx *tx = v->tx;
    if (!project_fee_rule(o->rules_of, o->fee_rule, &fee))
        return;
    jout_object(j, key);
    jout_list(j, "lines");
    jout_object(j, NULL);
    jout_text(j, "title", fee.title.in[tx->lang]);
    jout_int(j, "amount_fen", o->amount_fen);
    jout_text(j, "rule", fee.text.in[tx->lang]);
    jout_end(j);
    jout_end(j);
    jout_int(j, "total_fen", o->amount_fen);
    write_price_holds(v, j);
    jout_end(j);
}

enum err order_write_fee(struct hall_tx *tx, const struct order *o, struct json_out *j,
                         const char *key, struct err_info *e)
{
    struct view v;
    TRY(view_load(tx, o, &v, e));
    write_fee(&v, j, key);
    return ERR_OK;
}

/* Confirmation page: what happened, in one line. */
static const char *headline(const struct view *v)
{
    enum lang lang = v->tx->lang;
    const struct flow_states *s = &v->o->states;
    int app = s->at[FLOW_APPLICATION];
    if (app == FLOW_APPLICATION_AWAIT_PAY)
        return order_word(lang, "已提交，等您付款", "Submitted, waiting for your payment");
    if (app == FLOW_APPLICATION_REVIEW)
        return order_word(lang, "已提交，等待审核", "Submitted, waiting for review");
    if (app == FLOW_APPLICATION_IN_PRODUCTION && s->at[FLOW_FULFILMENT] == FLOW_FULFILMENT_QUEUED)
        return s->at[FLOW_PAYMENT] == FLOW_PAYMENT_PAID
                   ? order_word(lang, "已付款，开始制作", "Paid, now being made")
                   : order_word(lang, "已提交，开始制作", "Submitted, now being made");
    if (app == FLOW_APPLICATION_COMPLETED)
        return order_word(lang, "已办结", "Completed");
    return NULL;
}

static const char *name_change_text(const struct view *v)
{
    if (!v->o->name_changed)
        return NULL;
    return order_word(
        v->tx->lang,
        "改过的单位名称用于业务单、快递和发票。证书上写的是核准的名称；发码单位更正核准信息以后，"
        "证书才会用新名称。",
        "The changed name goes on the order, the parcel and the invoice. The certificate carries the "
        "approved name until the centre that gave the code corrects it.");
}

static enum err write_told_by(const struct view *v, struct json_out *j, struct err_info *e)
{
    struct account acc;
    struct arena *a = v->tx->arena;
    TRY(account_get(v->tx, v->o->account, &acc, e));
    jout_text(j, "told_by",
              order_say(a, v->tx->lang, "短信 {}，同时发邮件", "SMS {}, and e-mail",
                        vault_mask_mobile(a, acc.mobile)));
    return ERR_OK;
}

/* What stands in the concepts that make, send and invoice: written by their adapters. */
static enum err write_parts(const struct view *v, struct json_out *j, struct err_info *e)
{
    for (size_t i = 0; i < order_view_parts_n; i++)
        TRY(order_view_parts[i](v->tx, v->o, j, e));
    return ERR_OK;
}

enum err order_write_members(struct hall_tx *tx, const struct order *o, enum order_reader reader,
                             struct json_out *j, struct err_info *e)
{
    struct view v;
    TRY(view_load(tx, o, &v, e));
    TRY(view_load_names(&v, e));
    TRY(view_write_item(&v, reader, j, e));
    write_lanes(&v, j);
    view_write_ahead(&v, j, "todo", 1);
    TRY(write_actions(&v, j, e));
    TRY(view_write_regions(&v, j, "regions", e));
    if (v.form)
        view_write_tasks(&v, j, "tasks");
    write_fee(&v, j, "fee");
    view_write_ahead(&v, j, "ahead", 0);
    TRY(write_told_by(&v, j, e));
    if (headline(&v))
        jout_text(j, "headline", headline(&v));
    if (o->kept_until)
        jout_text(j, "kept_until", time_date_text(tx->arena, time_china_day(o->kept_until)));
    if (name_change_text(&v))
        jout_text(j, "name_change", name_change_text(&v));
    return write_parts(&v, j, e);
}

enum err order_write(struct hall_tx *tx, const struct order *o, struct json_out *j, const char *key,
                     struct err_info *e)
{
    jout_object(j, key);
    TRY(order_write_members(tx, o, ORDER_FOR_APPLICANT, j, e));
    jout_end(j);
    return ERR_OK;
}
