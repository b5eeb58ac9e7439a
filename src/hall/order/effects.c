/* The one table effect → function. Adapters stand in effects_*.c; what they call stands in the concepts, with plain
 * parameters (ARCHITECTURE.md). An effect that is not here has no code yet: the engine refuses the row. */
#include "hall/order/order_priv.h"

static order_effect_fn *const TABLE[EFFECT_COUNT] = {
    [EFFECT_CLOCK_START] = order_fx_clock_start,
    [EFFECT_CLOCK_STOP] = order_fx_clock_stop,
    [EFFECT_CLOCK_PAUSE] = order_fx_clock_pause,
    [EFFECT_CLOCK_RESUME] = order_fx_clock_resume,
    [EFFECT_TASK_OPEN] = order_fx_task_open,
    [EFFECT_TASK_CLOSE] = order_fx_task_close,
    [EFFECT_SUPPORT_TASK] = order_fx_support_task,
    [EFFECT_REVOKE_PROPOSAL] = order_fx_revoke_proposal,
    [EFFECT_NOTIFY] = order_fx_notify,
    [EFFECT_ORDER_NUMBER] = order_fx_nothing, /* the row has its number before the event */
    [EFFECT_PRICE_PREVIEW] = order_fx_price_preview,
    [EFFECT_PREFILL] = order_fx_prefill,
    [EFFECT_SAVE_FORM] = order_fx_save_form,
    [EFFECT_NEW_REVISION] = order_fx_new_revision,
    [EFFECT_FREEZE_FIELDS] = order_fx_nothing, /* no row takes app.save any more */
    [EFFECT_FREEZE_PRICE] = order_fx_freeze_price,
    [EFFECT_STORE_AGREEMENT] = order_fx_store_agreement,
    [EFFECT_RELEASE_LIMIT] = order_fx_release_limit,
    [EFFECT_KEEP_FILES] = order_fx_nothing, /* retention goes by ended_at */
    [EFFECT_CODE_UPDATE] = order_fx_code_update,
    [EFFECT_SET_AMOUNT] = order_fx_set_amount,
    [EFFECT_COUNT_FREE_USE] = order_fx_count_free_use,
    [EFFECT_GATEWAY_ORDER] = order_fx_gateway_order,
    [EFFECT_GATEWAY_CLOSE] = order_fx_gateway_close,
    [EFFECT_BOOK_PAYMENT] = order_fx_book_payment,
    [EFFECT_BOOK_SUSPENSE] = order_fx_book_suspense,
    [EFFECT_REFUND_TRANSACTION] = order_fx_refund_transaction,
    [EFFECT_REFUND_ORDER] = order_fx_refund_order,
    [EFFECT_REFUND_RETRY] = order_fx_refund_retry,
    [EFFECT_BOOK_REFUND] = order_fx_book_refund,
    [EFFECT_INVOICE_OPEN] = order_fx_invoice_open,
    [EFFECT_INVOICE_TITLE] = order_fx_invoice_title,
    [EFFECT_INVOICE_ISSUE] = order_fx_invoice_issue,
    [EFFECT_INVOICE_MAIL] = order_fx_invoice_mail,
    [EFFECT_INVOICE_RED] = order_fx_invoice_red,
    [EFFECT_RECORD_PARCEL] = order_fx_record_parcel,
    [EFFECT_WARRANTY_START] = order_fx_warranty_start,
    [EFFECT_RESERVE_UKEY] = order_fx_reserve_ukey,
    [EFFECT_RELEASE_UKEY] = order_fx_release_ukey,
    [EFFECT_RECORD_MAKING] = order_fx_record_making,
    [EFFECT_RECORD_QUALITY] = order_fx_record_quality,
    [EFFECT_RECORD_SCRAP] = order_fx_record_scrap,
    [EFFECT_UKEY_RECORD] = order_fx_ukey_record,
    [EFFECT_UKEY_OWNER] = order_fx_ukey_owner,
    [EFFECT_CA_ISSUE] = order_fx_ca_issue,
    [EFFECT_CERT_RECORD] = order_fx_cert_record,
    [EFFECT_CA_HOLD] = order_fx_ca_hold,
    [EFFECT_CA_RELEASE] = order_fx_ca_release,
    [EFFECT_CA_REVOKE] = order_fx_ca_revoke,
    [EFFECT_TELL_PARTNER] = order_fx_tell_partner,
    [EFFECT_CLOSE_ORDER] = order_fx_close_order,
};

order_effect_fn *order_effect_of(enum flow_effect effect)
{
    return TABLE[effect];
}
