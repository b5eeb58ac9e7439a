/* The simulated bank: corporate net-banking as a merchant meets it, with its own books.
 *
 * State is in memory and in `bank.jsonl`, one line for each thing that happened, written and synced before anybody is
 * told; a restart reads it back. Every function may be called from any thread. Times are machine time, UTC ms.
 * Strict as a real bank: unknown, doubled or missing parameters, a wrong signature, a time more than five minutes
 * off, a doubled order number with another amount are refused. */
#ifndef CERTHALL_SIM_BANK_H
#define CERTHALL_SIM_BANK_H

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "httpd/httpd.h"
#include "sim/sign.h"

enum { BANK_TIME_WINDOW_MS = 5 * 60 * 1000 };

/* BANK_CODE(name, HTTP status, what the merchant reads, zh) */
#define BANK_CODES(X)                                                                              \
    X(PARAM_MISSING, 400, "缺少参数")                                                              \
    X(PARAM_INVALID, 400, "参数格式不对")                                                          \
    X(PARAM_UNKNOWN, 400, "有不认识或重复的参数")                                                  \
    X(MERCHANT_UNKNOWN, 403, "商户号没有登记")                                                     \
    X(SIGN_WRONG, 403, "签名不对")                                                                 \
    X(TIME_WRONG, 403, "请求时间与银行时间相差超过 5 分钟")                                        \
    X(ORDER_CONFLICT, 409, "订单号重复，而金额或商品不一致")                                       \
    X(ORDER_UNKNOWN, 404, "没有这个订单")                                                          \
    X(ORDER_NOT_PAID, 409, "订单没有支付成功，不能退款")                                           \
    X(REFUND_CONFLICT, 409, "退款单号重复，而订单或金额不一致")                                    \
    X(REFUND_TOO_MUCH, 409, "退款合计超过支付金额")                                                \
    X(REFUND_UNKNOWN, 404, "没有这笔退款")                                                         \
    X(PAGE_EXPIRED, 409, "付款页面已失效，请回到商户网站重新付款")                                 \
    X(UNAVAILABLE, 503, "银行系统维护中")                                                          \
    X(BROKEN, 500, "银行系统错误")

enum bank_code {
    BANK_OK = 0,
#define X(name, status, zh) BANK_##name,
    BANK_CODES(X)
#undef X
};

const char *bank_code_name(enum bank_code c); /* "SIGN_WRONG" */
int bank_code_status(enum bank_code c);
const char *bank_code_text(enum bank_code c);

/* Which way the bank misbehaves, once, at the next occasion. */
enum bank_notify {
    BANK_NOTIFY_NORMAL,
    BANK_NOTIFY_TWICE,
    BANK_NOTIFY_LATE,
    BANK_NOTIFY_NEVER,
    BANK_NOTIFY_WRONG_AMOUNT,
    BANK_NOTIFY_WRONG_SIGNATURE
};
enum bank_fault { BANK_NORMAL, BANK_DOWN, BANK_PENDING };

struct bank_next {
    enum bank_notify notify; /* of the next payment that is decided */
    int64_t late_ms;
    enum bank_fault query; /* of the next /query: NORMAL or DOWN */
    enum bank_fault
        refund; /* of the next /refund: NORMAL, DOWN, or PENDING (answered PROCESSING, done at the next ask) */
};

struct bank;
/* The folder holds bank-key.pem, bank-pub.pem (made when absent), merchants.json and bank.jsonl. A torn last line
 * of the journal is cut off; any other broken line is ERR_CONFIG with its number. */
NODISCARD enum err bank_open(const char *folder, struct bank **out, struct err_info *e);
void bank_free(struct bank *b);
DEFINE_AUTO(bank)

struct bank_payment {
    const char *merchant, *merchant_name, *order, *subject, *return_url, *trade_no;
    int64_t amount_fen, at;
    const char *status; /* NOTPAY, SUCCESS, FAILED */
};

/* The parameters of GET /pay. On BANK_OK `p` tells the payment and `ticket` is for bank_decide: good for one decision,
 * for 30 minutes; NULL when the payment was made already. Texts live in the arena. */
NODISCARD enum bank_code bank_begin(struct bank *b, const struct httpd_pair *params, int64_t now,
                                    struct arena *a, struct bank_payment *p, const char **ticket);
/* The payer's word. `location`: the merchant's return address with the signed result. */
NODISCARD enum bank_code bank_decide(struct bank *b, const char *ticket, int approve, int64_t now,
                                     struct arena *a, const char **location);
/* The payer pays a paid order once more, by a trade number of its own, and the merchant is told. */
NODISCARD enum bank_code bank_pay_again(struct bank *b, const char *merchant, const char *order,
                                        int64_t now);
/* Signed answers as JSON objects of texts: POST /query, /refund, /refund/query. A query with trade_no is about that payment,
 * without it about the first that was made; `others` names the further ones that were made, separated by commas. */
NODISCARD enum bank_code bank_query(struct bank *b, const struct httpd_pair *params, int64_t now,
                                    struct buf *json);
NODISCARD enum bank_code bank_refund(struct bank *b, const struct httpd_pair *params, int64_t now,
                                     struct buf *json);
NODISCARD enum bank_code bank_refund_query(struct bank *b, const struct httpd_pair *params,
                                           int64_t now, struct buf *json);
/* The signed address of a payment that is decided; for the page of one that was paid before. */
NODISCARD enum bank_code bank_return(struct bank *b, const char *merchant, const char *order,
                                     int64_t now, struct arena *a, const char **location);

void bank_set_next(struct bank *b, const struct bank_next *next);
struct bank_next bank_get_next(struct bank *b);
/* All payments, newest first, as a JSON list, for the control page. */
void bank_list(struct bank *b, struct json_out *j);

/* ---- notifications ---- */

struct bank_notice {
    size_t payment; /* index, for bank_notified */
    const char *url;
    const char *body; /* form-encoded */
};
/* Wait up to `ms` for a notification that is due; 1 when there is one. It stays due until bank_notified. */
int bank_next_notice(struct bank *b, int64_t ms, struct arena *a, struct bank_notice *n);
/* The merchant answered `success`, or did not: then it is tried again 1, 3, 10, 30, 60, 300, 900, 3600 s later. */
void bank_notified(struct bank *b, size_t payment, int ok);
void bank_wake(struct bank *b); /* ends the wait, for stopping */

#endif
