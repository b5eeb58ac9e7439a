/* What every unit test includes: cmocka with the headers it wants, and a check for `enum err`. */
#ifndef CERTHALL_TESTING_H
#define CERTHALL_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"

/* The call succeeded; otherwise the code and the detail are printed before the test fails. */
#define assert_ok(call, e)                                                                         \
    do {                                                                                           \
        if ((call) != ERR_OK) {                                                                    \
            print_error("%s: %s %s %s\n", #call, err_code_text((e)->code), (e)->field,             \
                        (e)->detail);                                                              \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

#define assert_err(code, call) assert_string_equal(err_code_text(code), err_code_text(call))

#endif
