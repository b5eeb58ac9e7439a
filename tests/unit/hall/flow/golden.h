/* Hold a text against a golden file; UPDATE_GOLDEN=1 writes it instead. */
#ifndef CERTHALL_TEST_GOLDEN_H
#define CERTHALL_TEST_GOLDEN_H

#include "testing.h"

#include "base/sys.h"

#include <stdlib.h>
#include <string.h>

static inline int first_difference(const char *a, const char *b)
{
    int line = 1;
    for (; *a && *a == *b; a++, b++)
        line += *a == '\n';
    return line;
}

static inline void assert_golden(const char *folder, const char *name, struct buf *text)
{
    struct err_info e = {0};
    _auto(arena) a = arena_new();
    char *path = arena_fmt(a, "%s/%s.txt", folder, name);
    if (getenv("UPDATE_GOLDEN")) {
        assert_ok(file_replace(path, (struct bytes){text->p, text->n}, 0644, &e), &e);
        return;
    }
    struct bytes want;
    assert_ok(file_read(a, path, 1 << 20, &want, &e), &e);
    if (want.n != text->n || memcmp(want.p, text->p, want.n) != 0)
        fail_msg("%s differs from line %d on; if that is meant: UPDATE_GOLDEN=1", path,
                 first_difference((const char *)want.p, buf_cstr(text)));
}

#endif
