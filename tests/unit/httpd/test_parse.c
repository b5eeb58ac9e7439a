/* The parts that only read: patterns, escapes, forms, cookies, languages, multipart. */
#include "client.h"

#include "httpd/httpd_priv.h"

static int setup(void **state)
{
    *state = arena_new();
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static void patterns_fit_whole_segments(void **state)
{
    static const struct {
        const char *pattern, *path, *value; /* of the first parameter; NULL: no match */
    } rows[] = {
        {"/a/:x", "/a/1", "1"},
        {"/a/:x", "/a/", NULL},
        {"/a/:x", "/a/1/", NULL},
        {"/a/:x", "/a/1/2", NULL},
        {"/a/:x", "/b/1", NULL},
        {"/a/:x", "/ab/1", NULL},
        {"/a/:x", "/a/%E6%B5%B7", "海"},
        {"/a/:x", "/a/%2f", NULL},
        {"/a/:x", "/a/%zz", NULL},
        {"/a/:x", "/a/%0a", NULL},
        {"/a/:x", "/a/%ff", NULL},
        {"/a/:x", "/a/%4", NULL},
        {"/a/:x/b", "/a/1/b", "1"},
        {"/a/:x/b", "/a/1/c", NULL},
        {"/o/*r", "/o/a/b%2Fc", "a/b/c"},
        {"/o/*r", "/o/", ""},
        {"/o/*r", "/o", NULL},
        {"/a/:x", "/a/..", ".."},
        {"/a/:x", "/a/+", "+"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct httpd_param param[HTTPD_PARAMS_MAX];
        int n, fits = httpd_route_match(*state, rows[i].pattern, rows[i].path, param, &n);
        if (fits != (rows[i].value != NULL) || (fits && strcmp(param[0].value, rows[i].value) != 0))
            fail_msg("%s and %s", rows[i].pattern, rows[i].path);
    }
    struct httpd_param param[HTTPD_PARAMS_MAX];
    int n;
    assert_int_equal(httpd_route_match(*state, "/", "/", param, &n), HTTPD_MATCH);
    assert_int_equal(httpd_route_match(*state, "/", "", param, &n), HTTPD_NO_MATCH);
    assert_int_equal(httpd_route_match(*state, "/", "*", param, &n), HTTPD_NO_MATCH);
}

static void forms_keep_order_and_blanks(void **state)
{
    struct err_info e;
    const struct httpd_pair *f;
    const char *text = "a=1&&b&c=&a=2&d=x%3Dy&e=%0A";
    assert_ok(httpd_form_parse(*state, text, strlen(text), &f, &e), &e);
    assert_string_equal(httpd_pair_get(f, "a"), "1");
    assert_string_equal(httpd_pair_get(f, "b"), "");
    assert_string_equal(httpd_pair_get(f, "c"), "");
    assert_string_equal(httpd_pair_get(f, "d"), "x=y");
    assert_string_equal(httpd_pair_get(f, "e"), "\n"); /* a text area has line breaks */
    assert_string_equal(f[3].value, "2");
    assert_null(httpd_pair_get(f, "f"));
    assert_ok(httpd_form_parse(*state, "", 0, &f, &e), &e);
    assert_null(f->name);
    _auto_buf many;
    buf_init(&many, 1000);
    for (int i = 0; i <= HTTPD_PAIRS_MAX; i++)
        buf_text(&many, "a&");
    assert_err(ERR_BAD_REQUEST, httpd_form_parse(*state, buf_cstr(&many), many.n, &f, &e));
}

static void a_cookie_is_found_by_its_whole_name(void **state)
{
    const char *header = "xsid=1; sid=2;sid=3 ; empty=";
    assert_string_equal(httpd_cookie_find(*state, header, "sid"), "2");
    assert_string_equal(httpd_cookie_find(*state, header, "xsid"), "1");
    assert_string_equal(httpd_cookie_find(*state, header, "empty"), "");
    assert_null(httpd_cookie_find(*state, header, "si"));
    assert_null(httpd_cookie_find(*state, NULL, "sid"));
}

static void the_best_language_we_have_wins(void **state)
{
    (void)state;
    assert_int_equal(httpd_lang_of(NULL, NULL, NULL), LANG_ZH);
    assert_int_equal(httpd_lang_of(NULL, NULL, "en-GB,zh;q=0.9"), LANG_EN);
    assert_int_equal(httpd_lang_of(NULL, NULL, "en;q=0.1, zh-TW;q=0.2"), LANG_ZH);
    assert_int_equal(httpd_lang_of(NULL, NULL, "en;q=0"), LANG_ZH);
    assert_int_equal(httpd_lang_of(NULL, NULL, "de, fr"), LANG_ZH);
    assert_int_equal(httpd_lang_of(NULL, NULL, "english"), LANG_ZH);
    assert_int_equal(httpd_lang_of("en", "zh", "zh"), LANG_EN);
    assert_int_equal(httpd_lang_of("klingon", "en", "zh"), LANG_EN);
}

static const char good[] =
    "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
    "1\r\n--b\r\nContent-Disposition: form-data; name=f; "
    "filename=\"../x%22y.pdf\"\r\ncontent-type: application/pdf\r\n\r\n\r\n--b--\r\n";

static enum err parse(struct arena *a, const char *type, const char *body,
                      const struct httpd_part **out)
{
    struct err_info e;
    return httpd_multipart_parse(a, type, (struct bytes){(const uint8_t *)body, strlen(body)}, out,
                                 &e);
}

static void multipart_is_read_by_the_book(void **state)
{
    const struct httpd_part *p;
    assert_err(ERR_OK, parse(*state, "multipart/form-data; boundary=b", good, &p));
    assert_string_equal(p[0].name, "a");
    assert_string_equal((const char *)p[0].data.p, "1");
    assert_null(p[0].filename);
    assert_string_equal(p[1].filename, "x\"y.pdf"); /* never a path */
    assert_string_equal(p[1].content_type, "application/pdf");
    assert_int_equal(p[1].data.n, 0);
    assert_null(p[2].name);
    assert_err(ERR_OK,
               parse(*state, "multipart/form-data; charset=utf-8; boundary=\"b\"", good, &p));
    assert_err(ERR_OK, parse(*state, "multipart/form-data; boundary=b", "--b--", &p));
    assert_null(p->name);
}

static void broken_multipart_is_refused(void **state)
{
    static const char *const bodies[] = {
        "",
        "--",
        "--b",
        "--b\r\n",
        "--bx\r\n",
        "x--b--",
        "--b\r\n\r\n1\r\n--b--",
        "--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--",
        "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--b--",
        "--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n--b--",
        "--b\r\nContent-Disposition form-data; name=\"a\"\r\n\r\n1\r\n--b--",
        "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1--b--",
        "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\xff\r\n--b--",
        "--b\r\nContent-Disposition: form-data; name=\"a\x01\"\r\n\r\n1\r\n--b--",
    };
    const struct httpd_part *p;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        if (parse(*state, "multipart/form-data; boundary=b", bodies[i], &p) != ERR_BAD_REQUEST)
            fail_msg("taken: %s", bodies[i]);
    assert_err(ERR_BAD_REQUEST, parse(*state, "multipart/form-data", good, &p));
    assert_err(ERR_BAD_REQUEST, parse(*state, "multipart/form-data; boundary=\"\"", good, &p));
    assert_err(ERR_MEDIA_TYPE, parse(*state, "text/plain", good, &p));
    assert_err(ERR_MEDIA_TYPE, parse(*state, NULL, good, &p));
    _auto_buf many;
    buf_init(&many, 100000);
    for (int i = 0; i <= HTTPD_PARTS_MAX; i++)
        buf_text(&many, "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n");
    buf_text(&many, "--b--");
    assert_err(ERR_BAD_REQUEST,
               parse(*state, "multipart/form-data; boundary=b", buf_cstr(&many), &p));
}

/* A fixed sequence, so that a failure can be had again. */
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void any_bytes_are_read_within_their_bounds(void **state)
{
    (void)state;
    uint32_t seed = 20261120;
    for (int round = 0; round < 20000; round++) {
        _auto(arena) a = arena_new();
        size_t n = next_random(&seed) % sizeof good;
        uint8_t *exact =
            mem_alloc(n); /* of the exact size, so that a sanitizer sees each byte beyond */
        memcpy(exact, good, n);
        for (uint32_t flips = next_random(&seed) % 4; n && flips > 0; flips--)
            exact[next_random(&seed) % n] = (uint8_t)next_random(&seed);
        struct err_info e;
        const struct httpd_part *p;
        const struct httpd_pair *f;
        enum err code = httpd_multipart_parse(a, "multipart/form-data; boundary=b",
                                              (struct bytes){exact, n}, &p, &e);
        assert_true(code == ERR_OK || code == ERR_BAD_REQUEST);
        code = httpd_form_parse(a, (const char *)exact, n, &f, &e);
        assert_true(code == ERR_OK || code == ERR_BAD_REQUEST);
        httpd_decode(a, (const char *)exact, n, 0);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_fit_whole_segments),
        cmocka_unit_test(forms_keep_order_and_blanks),
        cmocka_unit_test(a_cookie_is_found_by_its_whole_name),
        cmocka_unit_test(the_best_language_we_have_wins),
        cmocka_unit_test(multipart_is_read_by_the_book),
        cmocka_unit_test(broken_multipart_is_refused),
        cmocka_unit_test(any_bytes_are_read_within_their_bounds),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
