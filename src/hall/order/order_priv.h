/* Between the files of this folder. */
#ifndef CERTHALL_HALL_ORDER_PRIV_H
#define CERTHALL_HALL_ORDER_PRIV_H

#include "hall/account/account.h"
#include "hall/order/order.h"
#include "hall/project/layout.h"
#include "hall/project/project.h"
#include "store/store.h"

/* What an event is applied with: read once, changed by effects, written at the end. */
struct order_run {
    struct hall_tx *tx;
    struct order o; /* as it was read; effects change fields, never states */
    int holds_limit;
    struct flow_states before;
    const struct order_input *in;
    enum flow_event event;
    enum flow_actor actor;
    struct flow_facts facts;
    struct flow_result *result;
    const struct flow_do *what;   /* the effect that runs */
    const struct form_save *save; /* app.save */
    struct form_saved *saved;
    struct form *form;       /* read when first asked for: order_form */
    struct account *account; /* likewise: order_account */
};

/* ---- row.c ---- */

NODISCARD enum err order_from_row(struct hall_tx *tx, const struct store_row *r, struct order *out,
                                  int *holds_limit, struct err_info *e);
/* States that stand elsewhere: UKey and certificate (their concepts), the code (account). */
NODISCARD enum err order_load_states(struct order_run *run, struct err_info *e);
NODISCARD enum err order_store(struct order_run *run, struct err_info *e);

/* ---- facts.c ---- */

/* Those guards that the event, and what follows from it, can ask for. */
NODISCARD enum err order_find_facts(struct order_run *run, struct err_info *e);
NODISCARD enum err order_read_form(struct hall_tx *tx, const struct order *o, int application,
                                   struct form *out, struct err_info *e);
NODISCARD enum err order_form(struct order_run *run, struct form **out, struct err_info *e);
NODISCARD enum err order_account(struct order_run *run, const struct account **out,
                                 struct err_info *e);
const struct project_template *order_agreement(const struct order_run *run); /* NULL: none */
enum flow_actor order_actor(const struct actor *who);

/* ---- order.c ---- */

/* order_apply on a run that is prepared already (create, save). */
NODISCARD enum err order_run_event(struct order_run *run, enum flow_event event,
                                   struct order_change *out, struct err_info *e);

/* Read the order for a run. */
NODISCARD enum err order_read_run(struct order_run *run, int64_t id, struct err_info *e);
NODISCARD enum err order_record(struct order_run *run, struct err_info *e);

/* ---- effects_making.c, effects_payment.c, effects_form.c ---- */

NODISCARD enum err order_load_making(struct order_run *run, struct err_info *e);
NODISCARD enum err order_keep_certificate(struct order_run *run, struct err_info *e);
NODISCARD enum err order_freeze_price(struct order_run *run, struct err_info *e);

typedef enum err order_fact_fn(struct order_run *run, int *holds, struct err_info *e);
order_fact_fn order_fact_money_known, order_fact_money_held, order_fact_invoice_amount,
    order_fact_refund_done;

/* ---- effects ---- */

typedef enum err order_effect_fn(struct order_run *run, struct err_info *e);
/* NULL: no code yet; the engine refuses. */
order_effect_fn *order_effect_of(enum flow_effect effect);

order_effect_fn order_fx_clock_start, order_fx_clock_stop, order_fx_clock_pause,
    order_fx_clock_resume;                               /* effects_clock.c */
order_effect_fn order_fx_task_open, order_fx_task_close; /* effects_task.c */
order_effect_fn order_fx_support_task, order_fx_revoke_proposal;
order_effect_fn order_fx_notify; /* effects_notify.c */
order_effect_fn order_fx_set_amount, order_fx_count_free_use, order_fx_gateway_order,
    order_fx_gateway_close, order_fx_book_payment, order_fx_book_suspense,
    order_fx_refund_transaction, order_fx_refund_order, order_fx_refund_retry,
    order_fx_book_refund; /* effects_payment.c */
order_effect_fn order_fx_record_parcel, order_fx_warranty_start, order_fx_invoice_open,
    order_fx_invoice_title, order_fx_invoice_issue, order_fx_invoice_mail,
    order_fx_invoice_red; /* effects_sending.c */
order_effect_fn order_fx_reserve_ukey, order_fx_release_ukey, order_fx_record_making,
    order_fx_record_quality, order_fx_record_scrap, order_fx_ukey_record, order_fx_ukey_owner,
    order_fx_ca_issue, order_fx_cert_record, order_fx_ca_hold, order_fx_ca_release,
    order_fx_ca_revoke, order_fx_tell_partner; /* effects_making.c */
order_effect_fn order_fx_price_preview, order_fx_prefill, order_fx_save_form, order_fx_new_revision,
    order_fx_freeze_price, order_fx_store_agreement, order_fx_release_limit, order_fx_close_order,
    order_fx_code_update, order_fx_nothing; /* effects_form.c */

/* P8, P14: the money was none, or goes back: whoever has to pay has all the time for it again. */
NODISCARD enum err order_pay_anew(struct order_run *run, struct err_info *e);

/* G-14: on the list of whoever runs the project; its subject is the clock. */
#define ORDER_TASK_LATE "late"

/* ---- log.c ---- */

NODISCARD enum err order_log_put(struct order_run *run, struct err_info *e);

/* ---- words ---- */

/* A sentence of the engine's own in the reader's language. */
const char *order_word(enum lang lang, const char *zh, const char *en);
/* The same with {} filled. */
const char *order_say(struct arena *a, enum lang lang, const char *zh, const char *en,
                      const char *value);
const char *order_weekday(int32_t day, enum lang lang);             /* 周二 */
const char *order_short_day(struct arena *a, int32_t day);          /* 11-24 */
const char *order_serial_text(struct arena *a, const char *serial); /* FX26 0007 1182 */
const char *order_owner_kind(enum flow_owner o);                    /* openapi Owner.kind */
const char *order_owner_text(enum flow_owner o, enum lang lang);    /* 制证组 */

#endif
