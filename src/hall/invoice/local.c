/* The default provider: XML after the layout of the fully digitalised invoice and a PDF rendering, both marked as samples. */
#include "hall/invoice/invoice.h"

#include "print/print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE "样本 SAMPLE"

struct invoice_local {
    struct invoice_provider provider; /* first: the provider is the local one */
    char *seller, *seller_tax_no;
    char region[3];
};

static const struct invoice_local *self(const struct invoice_provider *p)
{
    return (const struct invoice_local *)p;
}

/* ---- amounts ---- */

static const char *const numeral[] = {"零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"};

/* Four digits below 万 or 亿; `open` tells that higher digits were written, so that a gap becomes 零. */
static void put_group(struct buf *b, int n, int open)
{
    static const char *const unit[] = {"仟", "佰", "拾", ""};
    int divisor = 1000, gap = open && n < 1000;
    for (int i = 0; i < 4; i++, divisor /= 10) {
        int digit = n / divisor % 10;
        if (digit == 0) {
            gap = gap || open;
            continue;
        }
        if (gap)
            buf_text(b, "零");
        buf_fmt(b, "%s%s", numeral[digit], unit[i]);
        open = 1;
        gap = 0;
    }
}

const char *invoice_amount_words(struct arena *a, int64_t fen)
{
    static const char *const unit[] = {"兆", "亿", "万", ""};
    static const int64_t size[] = {1000000000000, 100000000, 10000, 1};
    int64_t yuan = llabs(fen) / 100;
    int jiao = (int)(llabs(fen) / 10 % 10), cent = (int)(llabs(fen) % 10), open = 0;
    _auto_buf b;
    buf_init(&b, 512);
    if (fen < 0)
        buf_text(&b, "负");
    size_t start = b.n;
    for (int i = 0; i < 4; i++) {
        int group = (int)(yuan / size[i] % 10000);
        if (group == 0)
            continue;
        /* a group of zeros before it is a gap too */
        put_group(&b, group, open);
        buf_text(&b, unit[i]);
        open = 1;
    }
    if (b.n > start)
        buf_text(&b, "圆");
    else if (!jiao && !cent)
        buf_text(&b, "零圆");
    if (jiao)
        buf_fmt(&b, "%s角", numeral[jiao]);
    else if (cent && b.n > start)
        buf_text(&b, "零");
    if (cent)
        buf_fmt(&b, "%s分", numeral[cent]);
    else
        buf_text(&b, "整");
    return arena_text(a, buf_cstr(&b));
}

static const char *yuan(struct arena *a, int64_t fen)
{
    return arena_fmt(a, "%s%lld.%02lld", fen < 0 ? "-" : "", llabs(fen) / 100, llabs(fen) % 100);
}

/* ---- XML ---- */

static void element(struct buf *b, const char *name, const char *value)
{
    buf_fmt(b, "<%s>", name);
    for (const char *c = value; *c; c++) {
        if (*c == '<')
            buf_text(b, "&lt;");
        else if (*c == '>')
            buf_text(b, "&gt;");
        else if (*c == '&')
            buf_text(b, "&amp;");
        else if ((unsigned char)*c >= 0x20) /* XML 1.0 knows no other control characters */
            buf_byte(b, (uint8_t)*c);
    }
    buf_fmt(b, "</%s>\n", name);
}

static void parties(struct buf *b, const struct invoice_local *l, const struct invoice_ask *q)
{
    buf_text(b, "<SellerInformation>\n");
    element(b, "SellerIdNum", l->seller_tax_no);
    element(b, "SellerName", l->seller);
    buf_text(b, "</SellerInformation>\n<BuyerInformation>\n");
    element(b, "BuyerIdNum", q->tax_no);
    element(b, "BuyerName", q->buyer);
    buf_text(b, "</BuyerInformation>\n");
}

static void sums(struct buf *b, const struct invoice_ask *q, struct arena *a)
{
    const char *net = yuan(a, q->amount_fen - q->tax_fen), *tax = yuan(a, q->tax_fen);
    buf_text(b, "<BasicInformation>\n");
    element(b, "TotalAmWithoutTax", net);
    element(b, "TotalTaxAm", tax);
    element(b, "TotalTax-includedAmount", yuan(a, q->amount_fen));
    element(b, "TotalTax-includedAmountInChinese", invoice_amount_words(a, q->amount_fen));
    element(b, "RequestTime", time_rfc3339(a, q->issued_at));
    buf_text(b, "</BasicInformation>\n<IssuItemInformation>\n");
    element(b, "ItemName", q->item);
    element(b, "Amount", net);
    element(b, "TaxRate", arena_fmt(a, "%d.%02d", q->vat_percent / 100, q->vat_percent % 100));
    element(b, "ComTaxAm", tax);
    element(b, "TotaltaxIncludedAmount", yuan(a, q->amount_fen));
    buf_text(b, "</IssuItemInformation>\n");
}

static struct bytes make_xml(const struct invoice_local *l, const struct invoice_ask *q,
                             const char *number, struct arena *a)
{
    _auto_buf b;
    buf_init(&b, 64 << 10);
    buf_text(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<EInvoice>\n<Header>\n");
    element(&b, "EIid", number);
    element(&b, "EInvoiceTag", "SAMPLE");
    element(&b, "Version", "0.2");
    buf_text(&b, "</Header>\n<EInvoiceData>\n");
    parties(&b, l, q);
    sums(&b, q, a);
    buf_text(&b, "<AdditionalInformation>\n");
    element(&b, "Remark",
            arena_fmt(a, "%s，不是税务凭证；业务单 %019" PRId64 "%s%s", SAMPLE, q->order,
                      q->red_of ? "；红冲 " : "", q->red_of ? q->red_of : ""));
    buf_text(&b, "</AdditionalInformation>\n</EInvoiceData>\n<TaxSupervisionInfo>\n");
    element(&b, "InvoiceNumber", number);
    element(&b, "IssueTime", time_rfc3339(a, q->issued_at));
    buf_text(&b, "</TaxSupervisionInfo>\n</EInvoice>\n");
    return arena_bytes(a, b.p, b.n);
}

/* ---- PDF: 210 × 140 mm ---- */

static void head(struct print *p, const struct invoice_ask *q, const char *number, struct arena *a)
{
    const char *title = strcmp(q->kind, "special") == 0 ? "电子发票（增值税专用发票）"
                                                        : "电子发票（普通发票）";
    print_text(p, 10, 8, 190, 18, PRINT_BOLD | PRINT_CENTRE,
               arena_fmt(a, "%s%s", q->red_of ? "红字" : "", title));
    print_text(p, 10, 18, 190, 11, PRINT_CENTRE | PRINT_GREY, SAMPLE " · 不是税务凭证");
    print_text(p, 120, 26, 80, 9, PRINT_RIGHT | PRINT_MONO, arena_fmt(a, "发票号码 %s", number));
    print_text(p, 120, 31, 80, 9, PRINT_RIGHT,
               arena_fmt(a, "开票日期 %s", time_date_text(a, time_china_day(q->issued_at))));
}

static void party(struct print *p, double x, const char *who, const char *name, const char *tax_no,
                  struct arena *a)
{
    print_frame(p, x, 40, 92, 24, 0.2);
    print_text(p, x + 3, 42, 86, 8, PRINT_GREY, who);
    print_text(p, x + 3, 47, 86, 10, 0, name);
    print_text(p, x + 3, 58, 86, 8, PRINT_MONO, arena_fmt(a, "税号 %s", tax_no));
}

static void lines(struct print *p, const struct invoice_ask *q, struct arena *a)
{
    print_frame(p, 10, 66, 190, 44, 0.2);
    print_text(p, 13, 68, 90, 8, PRINT_GREY, "项目名称");
    print_text(p, 105, 68, 30, 8, PRINT_GREY | PRINT_RIGHT, "金额");
    print_text(p, 137, 68, 20, 8, PRINT_GREY | PRINT_RIGHT, "税率");
    print_text(p, 160, 68, 36, 8, PRINT_GREY | PRINT_RIGHT, "税额");
    print_line(p, 10, 74, 200, 74, 0.2);
    print_text(p, 13, 77, 90, 10, 0, q->item);
    print_text(p, 105, 77, 30, 10, PRINT_RIGHT, yuan(a, q->amount_fen - q->tax_fen));
    print_text(p, 137, 77, 20, 10, PRINT_RIGHT, arena_fmt(a, "%d%%", q->vat_percent));
    print_text(p, 160, 77, 36, 10, PRINT_RIGHT, yuan(a, q->tax_fen));
    print_line(p, 10, 98, 200, 98, 0.2);
    print_text(p, 13, 101, 110, 10, 0,
               arena_fmt(a, "价税合计（大写）　%s", invoice_amount_words(a, q->amount_fen)));
    print_text(p, 125, 101, 71, 10, PRINT_RIGHT | PRINT_BOLD,
               arena_fmt(a, "（小写）¥%s", yuan(a, q->amount_fen)));
}

static enum err make_pdf(const struct invoice_local *l, const struct invoice_ask *q,
                         const char *number, struct arena *a, struct bytes *out, struct err_info *e)
{
    _auto(print) p = print_new(210, 140, arena_fmt(a, "电子发票 %s（" SAMPLE "）", number));
    head(p, q, number, a);
    party(p, 10, "购买方", q->buyer, q->tax_no, a);
    party(p, 108, "销售方", l->seller, l->seller_tax_no, a);
    lines(p, q, a);
    print_text(p, 10, 114, 150, 9, 0, arena_fmt(a, "业务单 %019" PRId64, q->order));
    if (q->red_of)
        print_text(p, 10, 120, 150, 9, 0, arena_fmt(a, "红冲发票 %s", q->red_of));
    TRY(print_qr(p, 10, 8, 26,
                 arena_fmt(a, "SAMPLE,%s,%s,%s", number, yuan(a, q->amount_fen),
                           time_date_text(a, time_china_day(q->issued_at))),
                 e));
    return print_finish(p, a, out, e);
}

/* ---- the provider ---- */

/* Year, region, issuing channel, serial of 15 digits (facts of the fully digitalised invoice). Channel 9 is none of the tax
 * administration's own. */
static enum err issue(const struct invoice_provider *p, const struct invoice_ask *q,
                      struct arena *a, struct invoice_made *out, struct err_info *e)
{
    const struct invoice_local *l = self(p);
    int year, month, day;
    time_day_parts(time_china_day(q->issued_at), &year, &month, &day);
    out->number = arena_fmt(a, "%02d%s9%015" PRId64, year % 100, l->region, q->serial);
    out->xml = make_xml(l, q, out->number, a);
    return make_pdf(l, q, out->number, a, &out->pdf, e);
}

enum err invoice_local_new(const struct invoice_local_options *o, struct invoice_local **out,
                           struct err_info *e)
{
    if (!o->region || strlen(o->region) != 2 || strspn(o->region, "0123456789") != 2)
        return err_set(e, ERR_CONFIG, "region", "region “%s”", o->region ? o->region : "");
    struct invoice_local *l = mem_alloc(sizeof *l);
    l->provider = (struct invoice_provider){.name = "local", .issue = issue};
    l->seller = mem_text(o->seller);
    l->seller_tax_no = mem_text(o->seller_tax_no);
    memcpy(l->region, o->region, 2);
    *out = l;
    return ERR_OK;
}

void invoice_local_free(struct invoice_local *l)
{
    if (!l)
        return;
    free(l->seller);
    free(l->seller_tax_no);
    free(l);
}

const struct invoice_provider *invoice_local_provider(const struct invoice_local *l)
{
    return &l->provider;
}
