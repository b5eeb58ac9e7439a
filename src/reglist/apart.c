/* Reading a list in a decoder child. */
#include "reglist/reglist_priv.h"

#include "base/json.h"
#include "base/sys.h"
#include "sandbox/spawner.h"

#include <iconv.h>
#include <stdlib.h>

/* The converter stands in a library of its own, and JSON's tables begin with a random number: a child can fetch neither. The
 * converter stays open, so that its library does. Without memory a child ends, and never takes that for a mistake of the list. */
static void prepare(void)
{
    if (iconv_open("UTF-8", "GB18030") == (iconv_t)-1)
        log_line(LOG_LEVEL_WARN, "reglist.gb18030", "this system cannot convert GB18030");
    json_object_seed(0);
    json_set_alloc_funcs(mem_alloc, free);
}

static void decode(struct bytes in, uint32_t argument, struct buf *out)
{
    _auto(arena) a = arena_new();
    struct reading r = {.a = a};
    reading_read(&r, in, argument == REGLIST_JSON ? REGLIST_JSON : REGLIST_CSV);
    message_put(out, &r);
    reading_clear(&r);
}

const struct decoder reglist_decoder = {.name = "reglist", .prepare = prepare, .decode = decode};

enum err reglist_read_apart(struct spawner *s, struct arena *a, struct bytes file,
                            enum reglist_format format, struct reglist *out, struct err_info *e)
{
    struct reading r = {.a = a};
    _auto_buf reply;
    buf_init(&reply, MESSAGE_MAX);
    *out = (struct reglist){.format = format};
    TRY(reglist_size(file, e));
    TRY(spawner_decode(s, 0, (uint32_t)format, file, &reply, e));
    enum err done = message_take((struct bytes){reply.p, reply.n}, &r, e);
    if (done == ERR_OK)
        done = reading_finish(&r, format, out, e);
    else
        log_line(LOG_LEVEL_WARN, "decoder.reply", "%s", e->detail);
    reading_clear(&r);
    return done;
}
