/* The four checks before making (F2) and the comparison of the label (F3). Pure. */
#include "hall/production/production.h"

#include <string.h>

static const char *in(enum lang lang, const char *zh, const char *en)
{
    return lang == LANG_EN ? en : zh;
}

static struct production_check order_check(const struct production_facts *f, enum lang lang)
{
    struct production_check c = {.title = in(lang, "业务单", "Order"),
                                 .ok = f->approved && f->settled};
    c.text = c.ok           ? in(lang, "审核通过，已付款", "Approved and paid")
             : !f->approved ? in(lang, "还没有审核通过", "Not approved yet")
                            : in(lang, "还没有付款", "Not paid yet");
    return c;
}

static struct production_check form_check(const struct production_facts *f, enum lang lang,
                                          struct arena *a)
{
    struct production_check c = {.title = in(lang, "材料", "Details"), .ok = f->revision > 0};
    c.text = c.ok ? arena_fmt(a, lang == LANG_EN ? "As in revision %lld" : "与修订 %lld 一致",
                              (long long)f->revision)
                  : in(lang, "还没有确认过的申请信息", "Nothing has been confirmed yet");
    return c;
}

static struct production_check registration_check(const struct production_facts *f, enum lang lang)
{
    return (struct production_check){
        .title = in(lang, "登记信息", "Registration"),
        .ok = f->registration,
        .text = f->registration
                    ? in(lang, "名称、代码与监管方签名的登记一致",
                         "Name and code as the regulator has signed them")
                    : in(lang, "没有监管方签名的登记，或已撤回",
                         "The regulator has signed no registration, or has withdrawn it")};
}

/* A UKey that a job has begun on goes on being the right one. */
static struct production_check key_check(const struct production_facts *f, enum lang lang,
                                         struct arena *a)
{
    int usable = f->serial_state == FLOW_UKEY_BLANK || f->serial_state == FLOW_UKEY_INITIALISED ||
                 f->serial_state == FLOW_UKEY_PERSONALISED;
    struct production_check c = {.title = in(lang, "空白 UKey", "Blank UKey"),
                                 .ok = *f->serial && usable};
    c.text = c.ok          ? ukey_serial_text(a, f->serial)
             : !*f->serial ? in(lang, "没有空白 UKey，请先入库", "No blank UKey in stock")
                           : in(lang, "这支 UKey 不能用来制作", "This UKey cannot be used");
    return c;
}

int production_check(const struct production_facts *f, enum lang lang, struct arena *a,
                     struct production_check out[PRODUCTION_CHECKS])
{
    out[0] = order_check(f, lang);
    out[1] = form_check(f, lang, a);
    out[2] = registration_check(f, lang);
    out[3] = key_check(f, lang, a);
    int all = !f->reviewer_is_maker;
    for (int i = 0; i < PRODUCTION_CHECKS; i++)
        all = all && out[i].ok;
    return all;
}

enum err production_label_matches(const struct production *p, const char *typed, struct arena *a,
                                  struct err_info *e)
{
    const char *serial = typed ? ukey_serial_mend(a, typed) : NULL;
    if (serial && *p->serial && !strcmp(serial, p->serial))
        return ERR_OK;
    err_set(e, ERR_MAKE_LABEL, "scanned_serial", "not %s", p->serial);
    err_arg(e, "serial", "%s", ukey_serial_text(a, p->serial));
    return ERR_MAKE_LABEL;
}
