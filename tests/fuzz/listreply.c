/* What a decoder child says of a list (reglist/message.c): the process that reads it believes nothing of it. */
#include "fuzz.h"

#include "base/text.h"
#include "reglist/reglist_priv.h"

#include <stdlib.h>
#include <string.h>

void fuzz_begin(void)
{
}

static void add_reply(struct fuzz_seeds *s, const char *list)
{
    _auto(arena) a = arena_new();
    struct bytes file = {(const uint8_t *)list, strlen(list)};
    struct reading r = {.a = a};
    _auto_buf b;
    buf_init(&b, MESSAGE_MAX);
    reading_read(&r, file, reglist_detect(file));
    message_put(&b, &r);
    fuzz_seed(s, (struct bytes){b.p, b.n});
    reading_clear(&r);
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    add_reply(s,
              "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email,code\r\n"
              "add,泉州海丝供应链管理有限公司,F3505030000117,沈若琳,91350503MA2Y7K4H06,沈若琳,"
              "13805952716,a@haisi.example,8K2M7Q4T9X3V6W1Z\r\nwithdraw,\"x\"y,,\r\n");
    add_reply(s, "[{\"action\":\"add\",\"user_name\":7,\"more\":1},3]");
    add_reply(s, "\xff\xff");
}

/* What is taken is within its bounds, says the same when it is written again, and becomes a list. */
static void check(struct arena *a, struct reading *r)
{
    struct err_info e;
    struct reglist list;
    struct reading again = {.a = a};
    _auto_buf b;
    buf_init(&b, MESSAGE_MAX);
    message_put(&b, r);
    MUST(message_take((struct bytes){b.p, b.n}, &again, &e) == ERR_OK);
    MUST(again.rows_n == r->rows_n && again.problems_n == r->problems_n);
    for (size_t i = 0; i < r->rows_n; i++)
        for (int c = 0; c < COLUMNS; c++)
            MUST(!r->rows[i].cell[c] ||
                 text_is_utf8(r->rows[i].cell[c], strlen(r->rows[i].cell[c])));
    for (size_t i = 0; i < r->problems_n; i++)
        MUST(r->problems[i].number >= 0 && (size_t)r->problems[i].number <= r->rows_n);
    enum err done = reading_finish(r, REGLIST_CSV, &list, &e);
    MUST(done == ERR_OK || done == ERR_TOO_LARGE);
    MUST(done != ERR_OK || list.rows_n <= r->rows_n);
    reading_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _auto(arena) a = arena_new();
    struct err_info e = {0};
    struct reading r = {.a = a};
    struct bytes in = fuzz_copy(data, size);
    enum err err = message_take(in, &r, &e);
    if (err == ERR_OK) {
        check(a, &r);
    } else {
        MUST(err == ERR_FILE_BROKE);
        fuzz_refused(err, &e);
    }
    reading_clear(&r);
    free((void *)(uintptr_t)in.p);
    return 0;
}
