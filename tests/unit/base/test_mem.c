#include "testing.h"

#include "base/mem.h"

#include <string.h>

static void an_arena_gives_zeroed_aligned_memory_of_any_size(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    for (size_t n = 1; n < 100000; n = n * 3 + 1) {
        uint8_t *p = arena_alloc(a, n);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xAA, n);
    }
}

static void a_buffer_stops_at_its_maximum_and_says_so(void **state)
{
    (void)state;
    _auto_buf b;
    buf_init(&b, 10);
    buf_text(&b, "0123456789");
    assert_false(b.full);
    buf_byte(&b, 'x');
    assert_true(b.full);
    assert_string_equal(buf_cstr(&b), "0123456789");
}

static void mem_equal_sees_each_differing_byte(void **state)
{
    (void)state;
    uint8_t x[32] = {0}, y[32] = {0};
    assert_true(mem_equal(x, y, sizeof x));
    for (size_t i = 0; i < sizeof x; i++) {
        y[i] = 1;
        assert_false(mem_equal(x, y, sizeof x));
        y[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_gives_zeroed_aligned_memory_of_any_size),
        cmocka_unit_test(a_buffer_stops_at_its_maximum_and_says_so),
        cmocka_unit_test(mem_equal_sees_each_differing_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
