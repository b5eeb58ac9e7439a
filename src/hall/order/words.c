/* Amounts, days and names of desks as people read them. */
#include "hall/order/order_priv.h"

#include <inttypes.h>
#include <string.h>

const char *order_word(enum lang lang, const char *zh, const char *en)
{
    return lang == LANG_EN ? en : zh;
}

const char *order_say(struct arena *a, enum lang lang, const char *zh, const char *en,
                      const char *value)
{
    const char *text = order_word(lang, zh, en), *at = strstr(text, "{}");
    return arena_fmt(a, "%.*s%s%s", (int)(at - text), text, value, at + 2);
}

const char *order_yuan(struct arena *a, int64_t fen, enum lang lang)
{
    int64_t yuan = fen / 100, rest = fen % 100;
    return arena_fmt(a, lang == LANG_EN ? "CNY %" PRId64 ".%02d" : "%" PRId64 ".%02d 元", yuan,
                     (int)rest);
}

const char *order_weekday(int32_t day, enum lang lang)
{
    static const char *const zh[] = {"周一", "周二", "周三", "周四", "周五", "周六", "周日"};
    static const char *const en[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    return lang == LANG_EN ? en[time_weekday(day)] : zh[time_weekday(day)];
}

static const char *const MONTHS[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

const char *order_day_text(struct arena *a, int32_t day, enum lang lang)
{
    int y, m, d;
    time_day_parts(day, &y, &m, &d);
    if (lang == LANG_EN)
        return arena_fmt(a, "%s %d %s", order_weekday(day, lang), d, MONTHS[m - 1]);
    return arena_fmt(a, "%d月%d日（%s）", m, d, order_weekday(day, lang));
}

const char *order_short_day(struct arena *a, int32_t day)
{
    int y, m, d;
    time_day_parts(day, &y, &m, &d);
    return arena_fmt(a, "%02d-%02d", m, d);
}

const char *order_owner_kind(enum flow_owner o)
{
    switch (o) {
    case OWNER_NOBODY:
        return "nobody";
    case OWNER_APPLICANT:
        return "you";
    case OWNER_REVIEWER:
    case OWNER_PAPER:
        return "reviewer";
    case OWNER_FINANCE:
        return "finance";
    case OWNER_MAKER:
        return "maker";
    case OWNER_SHIPPING:
    case OWNER_COUNTER:
        return "shipping";
    case OWNER_SUPPORT:
        return "support";
    case OWNER_REGULATOR:
        return "regulator";
    case OWNER_COURIER:
        return "courier";
    case OWNER_BANK:
        return "bank";
    default:
        return "system";
    }
}

const char *order_owner_text(enum flow_owner o, enum lang lang)
{
    static const struct {
        const char *zh, *en;
    } text[OWNER_COUNT] = {
        [OWNER_NOBODY] = {"不用办", "nobody"},
        [OWNER_APPLICANT] = {"您", "you"},
        [OWNER_REVIEWER] = {"审核组", "Review desk"},
        [OWNER_FINANCE] = {"财务组", "Finance desk"},
        [OWNER_MAKER] = {"制证组", "Production desk"},
        [OWNER_SHIPPING] = {"寄送组", "Shipping desk"},
        [OWNER_PAPER] = {"纸质材料组", "Paper desk"},
        [OWNER_SUPPORT] = {"客服组", "Support desk"},
        [OWNER_COUNTER] = {"服务点", "Service point"},
        [OWNER_REGULATOR] = {"发码单位", "The centre that gave the code"},
        [OWNER_COURIER] = {"快递公司", "The courier"},
        [OWNER_BANK] = {"银行", "The bank"},
        [OWNER_PARTNER] = {"业务系统", "The business system"},
        [OWNER_CA] = {"签发系统", "Issuing"},
        [OWNER_SYSTEM] = {"系统自动", "Automatic"},
        [OWNER_CLOCK] = {"到时自动", "Automatic, in time"},
        [OWNER_FULFILMENT] = {"制证组", "Production desk"},
    };
    return lang == LANG_EN ? text[o].en : text[o].zh;
}
