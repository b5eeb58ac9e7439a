/* Institutions and their handlers: plain Chinese names, credit codes with right check digits, numbers in the right form. */
#include "hall/seed/seed_priv.h"

#include "base/sys.h"
#include "base/text.h"
#include "reglist/reglist.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct region {
    const char *name, *code; /* GB/T 2260 */
    const char *street;
} REGIONS[] = {
    {"泉州", "350500", "福建省泉州市丰泽区滨海街"},
    {"厦门", "350200", "福建省厦门市思明区湖滨南路"},
    {"福州", "350100", "福建省福州市鼓楼区五四路"},
    {"广州", "440100", "广东省广州市天河区体育西路"},
    {"深圳", "440300", "广东省深圳市福田区深南大道"},
    {"杭州", "330100", "浙江省杭州市西湖区文三路"},
    {"宁波", "330200", "浙江省宁波市鄞州区中山东路"},
    {"南京", "320100", "江苏省南京市玄武区中山路"},
    {"苏州", "320500", "江苏省苏州市姑苏区人民路"},
    {"上海", "310100", "上海市黄浦区南京东路"},
    {"北京", "110100", "北京市西城区金融大街"},
    {"天津", "120100", "天津市和平区南京路"},
    {"青岛", "370200", "山东省青岛市市南区香港中路"},
    {"济南", "370100", "山东省济南市历下区泉城路"},
    {"成都", "510100", "四川省成都市锦江区人民南路"},
    {"重庆", "500100", "重庆市渝中区解放碑"},
    {"武汉", "420100", "湖北省武汉市江汉区建设大道"},
    {"长沙", "430100", "湖南省长沙市芙蓉区五一大道"},
    {"西安", "610100", "陕西省西安市碑林区南大街"},
    {"沈阳", "210100", "辽宁省沈阳市沈河区青年大街"},
};
static const char *const FIRST[] = {"海", "华", "鑫", "恒", "瑞", "安", "中", "东", "嘉", "泰",
                                    "信", "诚", "融", "宏", "金", "永", "正", "新", "盛", "汇",
                                    "兴", "宝", "德", "同", "万", "富", "康", "润", "星", "启"};
static const char *const SECOND[] = {"丝", "源", "达", "通", "丰", "联", "远", "和", "鼎", "利",
                                     "创", "隆", "成", "益", "祥", "邦", "景", "杰", "文", "辰",
                                     "岳", "川", "亿", "航", "凯", "帆", "伟", "程", "越", "泽"};
static const char *const TRADE[] = {"供应链管理", "融资担保", "小额贷款",   "商业保理",
                                    "融资租赁",   "典当",     "期货经纪",   "证券投资咨询",
                                    "保险代理",   "保险经纪", "支付服务",   "基金销售",
                                    "资产管理",   "信托服务", "房地产经纪", "贵金属"};
static const char *const FORM[] = {"有限公司", "有限责任公司", "股份有限公司", "集团有限公司"};
static const char *const SURNAME[] = {"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴",
                                      "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗",
                                      "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧",
                                      "程", "曹", "袁", "邓", "许", "傅", "沈", "曾", "彭", "吕"};
static const char *const GIVEN[] = {"若", "思", "国", "建", "晓", "志", "雅", "嘉", "海", "文",
                                    "明", "立", "佩", "家", "子", "慧", "丽", "俊", "秀", "永",
                                    "春", "宏", "玉", "振", "淑", "伟", "静", "雨", "天", "启"};
static const char *const LAST[] = {"琳", "远", "辉", "民", "敏", "涛", "仪", "珊", "言", "正",
                                   "航", "岚", "静", "鸣", "强", "芳", "军", "洁", "勇", "娟",
                                   "平", "刚", "桂", "斌", "宇", "浩", "凯", "燕", "玲", "飞"};
#define SIZE(list) (int64_t)(sizeof(list) / sizeof *(list))

/* The alphabet of GB 32100: no I, O, S, V, Z. */
static const char ALPHABET[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
enum { BASE = 31 };

/* 91, the region, the nine characters of the organisation's code (GB 11714), the check digit. */
static void write_uscc(int64_t number, const char *region, char out[24])
{
    static const int weight[] = {3, 7, 9, 10, 5, 8, 4, 2};
    char own[9] = "MA";
    int sum = 0;
    for (int i = 7; i >= 2; i--, number /= BASE)
        own[i] = ALPHABET[number % BASE];
    for (int i = 0; i < 8; i++)
        sum += weight[i] * (own[i] <= '9' ? own[i] - '0' : own[i] - 'A' + 10);
    int check = 11 - sum % 11;
    own[8] = (char)(check == 11 ? '0' : check == 10 ? 'X' : '0' + check);
    snprintf(out, 24, "91%.6s%.9s", region, own);
    out[17] = reglist_uscc_check_digit(out);
    out[18] = '\0';
}

void seed_institution_make(int64_t number, struct seed_institution *out)
{
    struct seed_chance c = seed_chance_of(number);
    const struct region *r = &REGIONS[seed_between(&c, 0, SIZE(REGIONS) - 1)];
    const char *first = FIRST[seed_between(&c, 0, SIZE(FIRST) - 1)];
    const char *second = SECOND[seed_between(&c, 0, SIZE(SECOND) - 1)];
    const char *trade = TRADE[seed_between(&c, 0, SIZE(TRADE) - 1)];
    const char *form = FORM[seed_between(&c, 0, SIZE(FORM) - 1)];
    out->number = number;
    out->region = r->name;
    snprintf(out->name, sizeof out->name, "%s%s%s%s%s", r->name, first, second, trade, form);
    snprintf(out->address, sizeof out->address, "%s %d 号 %d 层", r->street,
             (int)seed_between(&c, 1, 999), (int)seed_between(&c, 1, 30));
    snprintf(out->reporting_code, sizeof out->reporting_code, "F%.6s%07" PRId64, r->code,
             number % 10000000);
    write_uscc(number, r->code, out->uscc);
}

/* The handlers of one institution follow each other, and have different surnames. */
void seed_person_make(int64_t number, struct seed_person *out)
{
    static const char network[] = "35789";
    struct seed_chance c = seed_chance_of(-number - 1);
    uint8_t code[10];
    _auto(arena) a = arena_new();
    snprintf(out->name, sizeof out->name, "%s%s%s", SURNAME[number % SIZE(SURNAME)],
             GIVEN[seed_between(&c, 0, SIZE(GIVEN) - 1)],
             LAST[seed_between(&c, 0, SIZE(LAST) - 1)]);
    snprintf(out->mobile, sizeof out->mobile, "1%c%09" PRId64, network[number % 5],
             (number * 611953 + 271828183) % 1000000000);
    snprintf(out->email, sizeof out->email, "handler%07" PRId64 "@example.com", number);
    random_bytes(code, sizeof code); /* the only secret here */
    snprintf(out->code, sizeof out->code, "%s", text_base32(a, (struct bytes){code, sizeof code}));
}
