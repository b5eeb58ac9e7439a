#include "sim/bank_page.h"

#include <inttypes.h>
#include <string.h>

const char page_css[] =
    "*{box-sizing:border-box}body{margin:0;background:#f3f5f4;color:#23302b;"
    "font:17px/1.7 'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',system-ui,sans-serif}"
    "header{background:#1d5b4b;color:#fff}header div,main{max-width:880px;margin:0 auto;padding:16px 24px}"
    "header b{font-size:20px}.mark{display:inline-block;margin-left:12px;padding:0 10px;border-radius:4px;"
    "background:#ffe9b8;color:#5c4300;font-size:15px}"
    "h1{font-size:26px;line-height:1.4;margin:24px 0 8px}.card{background:#fff;border:1px solid #d8dfdc;"
    "border-radius:8px;padding:24px;margin:16px 0}dl{display:grid;grid-template-columns:7em 1fr;gap:8px 16px;margin:0}"
    "dt{color:#5a6962}dd{margin:0;overflow-wrap:anywhere}.sum{margin:0 0 16px;font-size:32px;font-weight:700;line-height:1.3}"
    ".row{display:flex;gap:16px;flex-wrap:wrap;margin-top:24px}"
    "button,.btn{font:inherit;height:48px;padding:0 28px;border-radius:6px;border:1px solid #7b8a83;background:#fff;"
    "color:#23302b;cursor:pointer;line-height:46px;text-decoration:none}"
    ".main{background:#1d5b4b;border-color:#1d5b4b;color:#fff;font-weight:700}"
    "button:focus-visible,a:focus-visible,select:focus-visible{outline:3px solid #e0a100;outline-offset:2px}"
    "select,input{font:inherit;height:44px;border:1px solid #7b8a83;border-radius:6px;padding:0 10px;background:#fff}"
    "label{display:block;margin-bottom:16px}label span{display:block;color:#5a6962}"
    "table{border-collapse:collapse;width:100%;font-size:15px}th,td{text-align:left;padding:8px;"
    "border-bottom:1px solid #e4e9e7;vertical-align:top}.r{text-align:right}.n{white-space:nowrap}.note{color:#5a6962;font-size:15px}"
    ".wide{overflow-x:auto}@media(max-width:560px){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:10px}"
    "button,.btn{width:100%;text-align:center}}";

/* Text as HTML text or in a quoted attribute. */
static void put(struct buf *b, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '&':
            buf_text(b, "&amp;");
            break;
        case '<':
            buf_text(b, "&lt;");
            break;
        case '>':
            buf_text(b, "&gt;");
            break;
        case '"':
            buf_text(b, "&quot;");
            break;
        case '\'':
            buf_text(b, "&#39;");
            break;
        default:
            buf_byte(b, (uint8_t)*s);
        }
    }
}

static void put_yuan(struct buf *b, int64_t fen)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRId64, fen / 100);
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            buf_byte(b, ',');
        buf_byte(b, (uint8_t)digits[i]);
    }
    buf_fmt(b, ".%02d", (int)(fen % 100));
}

static void head(struct buf *b, const char *title)
{
    buf_text(b, "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">"
                "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>");
    put(b, title);
    buf_text(
        b,
        " · 银行模拟器</title><link rel=\"stylesheet\" href=\"/bank.css\"></head><body><header><div>"
        "<b>企业网上银行</b><span class=\"mark\">银行模拟器，不是真的银行</span></div></header><main>");
}

static void foot(struct buf *b)
{
    buf_text(b, "</main></body></html>\n");
}

static void row(struct buf *b, const char *name, const char *value)
{
    buf_fmt(b, "<dt>%s</dt><dd>", name);
    put(b, value);
    buf_text(b, "</dd>");
}

static void payment_rows(struct buf *b, const struct bank_payment *p)
{
    buf_text(b, "<p class=\"sum\">");
    put_yuan(b, p->amount_fen);
    buf_text(b, " 元</p><dl>");
    row(b, "收款单位", p->merchant_name);
    row(b, "付款事由", p->subject);
    row(b, "商户订单号", p->order);
    row(b, "银行流水号", p->trade_no);
    row(b, "付款方式", "企业网银（模拟账户）");
    buf_text(b, "</dl>");
}

void page_pay(struct buf *b, const struct bank_payment *p, const char *ticket)
{
    head(b, "确认付款");
    buf_text(b, "<h1>请核对后付款</h1><form class=\"card\" method=\"post\" action=\"/decide\">");
    payment_rows(b, p);
    buf_text(b, "<input type=\"hidden\" name=\"ticket\" value=\"");
    put(b, ticket);
    buf_text(
        b,
        "\"><div class=\"row\"><button class=\"main\" name=\"decision\" value=\"approve\">确认付款</button>"
        "<button name=\"decision\" value=\"refuse\">不付，返回商户</button></div></form>"
        "<p class=\"note\">这一页 30 分钟内有效。这里不会动用真的资金。</p>");
    foot(b);
}

void page_done(struct buf *b, const struct bank_payment *p, const char *location)
{
    head(b, "已经付款");
    buf_text(b, "<h1>这笔订单已经付过款了</h1><div class=\"card\">");
    payment_rows(b, p);
    buf_text(b, "<div class=\"row\"><a class=\"btn main\" href=\"");
    put(b, location);
    buf_text(b, "\">返回商户</a></div></div>");
    foot(b);
}

void page_error(struct buf *b, enum bank_code code)
{
    head(b, "不能付款");
    buf_text(b, "<h1>不能付款：");
    put(b, bank_code_text(code));
    buf_text(
        b,
        "</h1><div class=\"card\"><p>这次没有扣款。请回到商户网站，从业务单重新付款；还不行时把代码告诉商户：<b>");
    put(b, bank_code_name(code));
    buf_text(b, "</b></p></div>");
    foot(b);
}

static void option(struct buf *b, const char *value, const char *text, int chosen)
{
    buf_fmt(b, "<option value=\"%s\"%s>%s</option>", value, chosen ? " selected" : "", text);
}

static void control_form(struct buf *b, const struct bank_next *n)
{
    buf_text(b, "<h1>银行接下来怎么做</h1><form class=\"card\" method=\"post\" action=\"/control\">"
                "<label><span>下一笔付款的结果通知</span><select name=\"notify\">");
    option(b, "normal", "正常通知一次", n->notify == BANK_NOTIFY_NORMAL);
    option(b, "twice", "通知两次", n->notify == BANK_NOTIFY_TWICE);
    option(b, "late:30000", "晚 30 秒才通知", n->notify == BANK_NOTIFY_LATE);
    option(b, "never", "不通知", n->notify == BANK_NOTIFY_NEVER);
    option(b, "wrong_amount", "金额写错", n->notify == BANK_NOTIFY_WRONG_AMOUNT);
    option(b, "wrong_signature", "签名写错", n->notify == BANK_NOTIFY_WRONG_SIGNATURE);
    buf_text(b, "</select></label><label><span>下一次查询</span><select name=\"query\">");
    option(b, "normal", "正常回答", n->query == BANK_NORMAL);
    option(b, "down", "系统维护中", n->query == BANK_DOWN);
    buf_text(b, "</select></label><label><span>下一次退款</span><select name=\"refund\">");
    option(b, "normal", "马上退到", n->refund == BANK_NORMAL);
    option(b, "pending", "处理中，下次再问才退到", n->refund == BANK_PENDING);
    option(b, "down", "系统维护中", n->refund == BANK_DOWN);
    buf_text(
        b, "</select></label><div class=\"row\"><button class=\"main\">设好</button></div></form>");
}

static void again_form(struct buf *b, const json_t *p)
{
    buf_text(b, "<form method=\"post\" action=\"/control/again\">"
                "<input type=\"hidden\" name=\"merchant\" value=\"");
    put(b, json_opt_text(p, "merchant", ""));
    buf_text(b, "\"><input type=\"hidden\" name=\"order\" value=\"");
    put(b, json_opt_text(p, "order", ""));
    buf_text(b, "\"><button>再付一次</button></form>");
}

static void control_row(struct buf *b, const json_t *p)
{
    const char *status = json_opt_text(p, "status", "");
    buf_text(b, "<tr><td>");
    put(b, json_opt_text(p, "order", ""));
    buf_text(b, "</td><td>");
    put(b, json_opt_text(p, "subject", ""));
    buf_text(b, "</td><td class=\"r\">");
    put_yuan(b, json_opt_int(p, "amount_fen", 0));
    buf_text(b, "</td><td class=\"r\">");
    put_yuan(b, json_opt_int(p, "refunded_fen", 0));
    buf_fmt(b, "</td><td class=\"n\">%s</td>",
            strcmp(status, "SUCCESS") == 0  ? "已付款"
            : strcmp(status, "FAILED") == 0 ? "没有付"
                                            : "等待付款");
    buf_fmt(b, "<td class=\"n\">%" PRId64 " 次%s</td><td>", json_opt_int(p, "notify_attempts", 0),
            json_opt_int(p, "notify_left", 0) ? "，还要再发" : "");
    if (strcmp(status, "SUCCESS") == 0)
        again_form(b, p);
    buf_text(b, "</td></tr>");
}

void page_control(struct buf *b, struct bank *bank)
{
    struct bank_next next = bank_get_next(bank);
    struct err_info e;
    _auto_buf list;
    _auto_json payments = NULL;
    struct json_out j;
    buf_init(&list, 64u << 20);
    jout_init(&j, &list);
    jout_list(&j, NULL);
    bank_list(bank, &j);
    jout_end(&j);
    head(b, "控制台");
    control_form(b, &next);
    if (json_parse(list.p, list.n, &payments, &e) == ERR_OK && json_array_size(payments) > 0) {
        buf_text(
            b,
            "<h1>收到的付款</h1><div class=\"card wide\"><table><thead><tr><th>订单号</th><th>事由</th>"
            "<th class=\"r n\">金额（元）</th><th class=\"r n\">已退（元）</th><th>状态</th><th>发出通知</th><th></th></tr>"
            "</thead><tbody>");
        size_t i;
        json_t *p;
        json_array_foreach (payments, i, p)
            control_row(b, p);
        buf_text(b, "</tbody></table></div>");
    }
    foot(b);
}
