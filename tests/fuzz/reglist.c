/* The import file: CSV in UTF-8 or GB18030, or JSON. The first octet 'J' or 'C' takes the format as given, any other detects it
 * and is part of the file. */
#include "fuzz.h"

#include "base/text.h"
#include "reglist/reglist.h"

#include <iconv.h>
#include <stdlib.h>
#include <string.h>

static const char LIST[] =
    "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email,code\r\n"
    "add,泉州海丝供应链管理有限公司,F3505030000117,沈若琳,91350503MA2Y7K4H06,沈若琳,13805952716,a@haisi.example,8K2M7Q4T9X3V6W1Z\r\n"
    "correct,\"福州, 榕 \"\"城\"\"\",F3501000000118,Ｌｉｎ,91350100M000100Y43,林,+86 138-0595-2717,b@example.com,\r\n"
    "withdraw,厦门,F3502000000119,陈,,,,,\r\n,,,\r\n";
static const char JSON[] =
    "[{\"action\":\"add\",\"institution_name\":\"泉州海丝供应链管理有限公司\",\"reporting_code\":\"F3505030000117\",\"user_name\":\"沈若琳\","
    "\"uscc\":\"91350503MA2Y7K4H06\",\"handler\":\"沈若琳\",\"mobile\":\"13805952716\",\"email\":\"a@haisi.example\",\"code\":null},"
    "{\"action\":\"correct\",\"reporting_code\":\"F3505030000117\",\"user_name\":\"x\",\"more\":1},7]";

void fuzz_begin(void)
{
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    char gb[2048], *to = gb, *from = (char *)(uintptr_t)LIST;
    size_t left = sizeof gb, in = sizeof LIST - 1;
    iconv_t cd = iconv_open("GB18030", "UTF-8");
    MUST(cd != (iconv_t)-1 && iconv(cd, &from, &in, &to, &left) == 0);
    iconv_close(cd);
    fuzz_seed_text(s, LIST);
    fuzz_seed_text(s, JSON);
    fuzz_seed(s, (struct bytes){(const uint8_t *)gb, sizeof gb - left});
    _auto(arena) a = arena_new();
    fuzz_seed_text(s, arena_fmt(a, "\xEF\xBB\xBF%s", LIST));
    fuzz_seed_text(s, arena_fmt(a, "J%s", LIST));
    fuzz_seed_text(s, arena_fmt(a, "C%s", JSON));
}

static void check_row(const struct reglist_row *r, int number)
{
    const char *const text[] = {
        r->institution_name, r->reporting_code, r->user_name, r->uscc, r->handler,
        r->mobile,           r->email,          r->code,      r->key};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        MUST(text[i] && (!*text[i] || text_is_utf8(text[i], strlen(text[i]))));
    MUST(r->number >= 1 && r->number > number && r->place >= 1 && r->action <= REGLIST_WITHDRAW);
    MUST(strlen(r->reporting_code) == 14 && text_chars(r->user_name) >= 1 &&
         text_chars(r->user_name) <= 64);
    if (r->action == REGLIST_ADD)
        MUST(strlen(r->mobile) == 11 && strlen(r->uscc) == 18 && strchr(r->email, '@'));
    MUST(!*r->code || (r->action == REGLIST_ADD && strlen(r->code) == 16));
}

static void check(struct arena *a, const struct reglist *l)
{
    size_t errors = 0;
    int number = 0;
    MUST(l->rows_n <= REGLIST_ROWS_MAX);
    for (size_t i = 0; i < l->rows_n; i++) {
        check_row(&l->rows[i], number);
        number = l->rows[i].number;
    }
    for (size_t i = 0; i < l->problems_n; i++) {
        const struct reglist_problem *p = &l->problems[i];
        errors += !p->warning;
        MUST(p->reason < REGLIST_REASON_COUNT && p->column && p->value && p->suggestion &&
             p->number >= 0 && p->place >= 0);
        MUST(i == 0 || p->place >= l->problems[i - 1].place);
        MUST(!*p->value || text_is_utf8(p->value, strlen(p->value)));
        for (int lang = LANG_ZH; lang <= LANG_EN; lang++) {
            const char *t = reglist_problem_text(a, p, (enum lang)lang);
            MUST(t && *t && text_is_utf8(t, strlen(t)));
        }
        /* a row with an error is not among the rows */
        for (size_t k = 0; !p->warning && p->number && k < l->rows_n; k++)
            MUST(l->rows[k].number != p->number);
    }
    MUST(errors == l->errors);
    MUST(l->rows_n > 0 || l->problems_n > 0);
}

/* The hall and the ca read the file each by itself and must come to the same. */
static void check_same(const struct reglist *one, const struct reglist *two)
{
    MUST(one->rows_n == two->rows_n && one->problems_n == two->problems_n &&
         one->gb18030 == two->gb18030);
    for (size_t i = 0; i < one->rows_n; i++)
        MUST(!memcmp(one->rows[i].hash, two->rows[i].hash, REGLIST_HASH_LEN) &&
             one->rows[i].number == two->rows[i].number &&
             !strcmp(one->rows[i].key, two->rows[i].key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    _auto(arena) a = arena_new();
    struct err_info e = {0};
    struct reglist one, two;
    memset(&one, 0xa5, sizeof one);
    memset(&two, 0x5a, sizeof two);
    int given = data[0] == 'J' || data[0] == 'C';
    struct bytes in = fuzz_copy(data + given, size - (size_t)given);
    enum reglist_format format = data[0] == 'J'   ? REGLIST_JSON
                                 : data[0] == 'C' ? REGLIST_CSV
                                                  : reglist_detect(in);
    enum err err = reglist_read(a, in, format, &one, &e);
    MUST(err == reglist_read(a, in, format, &two, &e));
    if (err == ERR_OK) {
        check(a, &one);
        check_same(&one, &two);
    } else {
        MUST(err == ERR_TOO_LARGE);
        fuzz_refused(err, &e);
    }
    free((void *)(uintptr_t)in.p);
    return 0;
}
