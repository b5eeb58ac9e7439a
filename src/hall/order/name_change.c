/* The regulator says no to a name that an applicant asked for: the order, parcel and invoice keep it, the certificate
 * carries the approved one (S0-21), and the applicant is told why. */
#include "hall/audit/audit.h"
#include "hall/order/order_priv.h"
#include "hall/order/order_sql.h"
#include "hall/outbox/message.h"
#include "hall/task/task.h"

#include <inttypes.h>

static const char *text_of(struct hall_tx *tx, const struct order *o, const char *reason,
                           enum lang lang)
{
    return arena_fmt(tx->arena,
                     lang == LANG_EN
                         ? "The changed institution name of order %019" PRId64
                           " was not approved: %s The certificate carries the approved name."
                         : "业务单 %019" PRId64
                           " 里改过的单位名称没有核准：%s 证书上写原来核准的名称。",
                     o->id, reason);
}

static enum err tell(struct hall_tx *tx, const struct order *o, const char *reason,
                     struct err_info *e)
{
    struct account acc;
    static const char *const title[] = {"单位名称没有核准", "Institution name not approved"};
    TRY(account_get(tx, o->account, &acc, e));
    struct message_mail mail = {
        .order = o->id,
        .idem = arena_fmt(tx->arena, "mail:%" PRId64 ":name_declined:%" PRId64, o->id, o->version),
        .to = acc.email,
        .subject = title[LANG_ZH],
        .text = text_of(tx, o, reason, LANG_ZH)};
    if (*acc.email)
        TRY(message_put_mail(tx, &mail, e));
    return store_exec(tx->db, &Q_order_message_add,
                      PARAMS(P_INT(hall_new_id(tx->hall)), P_INT(o->account), P_INT(o->id),
                             P_INT(tx->now), P_TEXT(title[LANG_ZH]), P_TEXT(title[LANG_EN]),
                             P_TEXT(mail.text), P_TEXT(text_of(tx, o, reason, LANG_EN))),
                      NULL, e);
}

enum err order_decline_name(struct hall_tx *tx, int64_t order, const char *reason,
                            struct err_info *e)
{
    struct order o;
    const struct task *task;
    struct task_filter open = {.kind = "name_change", .order = order, .limit = 1};
    size_t n;
    TRY(order_get(tx, order, &o, e));
    TRY(task_list(tx, &open, &task, &n, e));
    if (n == 0)
        return err_set(e, ERR_CONFLICT, NULL, "no name waits for a decision");
    TRY(task_close(tx, order, "name_change", e));
    struct audit_entry x = {.act = "order.name_declined",
                            .order = order,
                            .object = arena_fmt(tx->arena, "order:%" PRId64, order),
                            .new_value = o.institution_name,
                            .reason = reason};
    TRY(audit_write(tx, &x, e));
    return tell(tx, &o, reason, e);
}
