/* Split custody: any k shares give the secret back, k-1 leave every value of it possible, and a share that is mistyped, foreign,
 * altered or given twice is named. */
#include "base/sys.h"
#include "pki/shares.h"
#include "pki/shares_priv.h"
#include "testing.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void split_anew(int k, int n, uint8_t secret[SHARES_SECRET_LEN], struct split *split,
                       struct share share[SHARES_MAX])
{
    struct err_info e;
    random_bytes(secret, SHARES_SECRET_LEN);
    assert_ok(shares_split(secret, k, n, split, share, &e), &e);
}

static const char *value_of(const struct err_info *e, const char *name)
{
    for (int i = 0; i < e->args; i++)
        if (!strcmp(e->arg[i].name, name))
            return e->arg[i].value;
    return "";
}

/* FIPS 197 4.2, 4.2.1 */
static void the_field_is_that_of_fips_197(void **state)
{
    (void)state;
    assert_int_equal(shares_gf_mul(0x57, 0x83), 0xc1);
    assert_int_equal(shares_gf_mul(0x57, 0x13), 0xfe);
    for (int x = 0; x < 256; x++)
        for (int y = 0; y < 256; y++) {
            unsigned slow = 0;
            for (int i = 0; i < 8; i++)
                if (y >> i & 1)
                    slow ^= (unsigned)x << i;
            for (int i = 15; i >= 8; i--)
                if (slow >> i & 1)
                    slow ^= 0x11bu << (i - 8);
            assert_int_equal(shares_gf_mul((uint8_t)x, (uint8_t)y), slow);
        }
}

/* Every subset of k of n, in both orders, for every k and n up to 6. */
static void any_k_of_n_give_it_back(void **state)
{
    (void)state;
    for (int n = 2; n <= 6; n++)
        for (int k = 2; k <= n; k++) {
            uint8_t secret[SHARES_SECRET_LEN], back[SHARES_SECRET_LEN];
            struct split split;
            struct share share[SHARES_MAX];
            split_anew(k, n, secret, &split, share);
            for (unsigned chosen = 0; chosen < 1u << n; chosen++) {
                struct share some[2][SHARES_MAX];
                struct err_info e;
                size_t m = 0, count = (size_t)__builtin_popcount(chosen);
                for (int i = 0; i < n; i++)
                    if (chosen >> i & 1) {
                        some[0][m] = share[i];
                        some[1][count - 1 - m++] = share[i];
                    }
                for (int order = 0; order < 2; order++) {
                    memset(back, 0, sizeof back);
                    enum err result = shares_join(&split, some[order], m, back, &e);
                    assert_err(m < (size_t)k ? ERR_SHARE : ERR_OK, result);
                    if (m >= (size_t)k)
                        assert_memory_equal(back, secret, sizeof secret);
                }
            }
        }
}

static void the_most_shares_there_can_be(void **state)
{
    (void)state;
    uint8_t secret[SHARES_SECRET_LEN], back[SHARES_SECRET_LEN];
    struct split split;
    struct share share[SHARES_MAX];
    struct err_info e;
    split_anew(SHARES_MAX, SHARES_MAX, secret, &split, share);
    assert_ok(shares_join(&split, share, SHARES_MAX, back, &e), &e);
    assert_memory_equal(back, secret, sizeof secret);
    assert_err(ERR_SHARE, shares_join(&split, share, SHARES_MAX - 1, back, &e));
    static const int refused[][2] = {{1, 3}, {0, 3}, {4, 3}, {2, SHARES_MAX + 1}, {2, 1}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_err(ERR_BAD_REQUEST,
                   shares_split(secret, refused[i][0], refused[i][1], &split, share, &e));
}

/* With k-1 shares of a real split, the octet that the missing share may have runs through all values, and the secret's octet
 * with it, each once: nothing is ruled out, and nothing is likelier. Every octet, k of 2 to 5. */
static void k_minus_one_shares_leave_every_value_possible(void **state)
{
    (void)state;
    for (int k = 2; k <= 5; k++) {
        uint8_t secret[SHARES_SECRET_LEN];
        uint8_t seen[SHARES_SECRET_LEN][256] = {0};
        struct split split;
        struct share share[SHARES_MAX];
        split_anew(k, k, secret, &split, share);
        for (int guess = 0; guess < 256; guess++) {
            uint8_t back[SHARES_SECRET_LEN];
            memset(share[k - 1].value, guess, SHARES_SECRET_LEN);
            shares_at_zero(share, (size_t)k, back);
            for (int i = 0; i < SHARES_SECRET_LEN; i++)
                seen[i][back[i]]++;
        }
        for (int i = 0; i < SHARES_SECRET_LEN; i++)
            for (int v = 0; v < 256; v++)
                assert_int_equal(seen[i][v], 1);
    }
}

/* For each secret octet and each share of 2 of n: over all coefficients the share has every value once. */
static void a_share_alone_has_each_value_equally_often(void **state)
{
    (void)state;
    for (int s = 0; s < 256; s++) {
        uint8_t seen[SHARES_MAX + 1][256] = {0};
        for (int c = 0; c < 256; c++) {
            uint8_t coefficient[2][SHARES_SECRET_LEN], out[SHARES_SECRET_LEN];
            memset(coefficient[0], s, SHARES_SECRET_LEN);
            memset(coefficient[1], c, SHARES_SECRET_LEN);
            for (int x = 1; x <= SHARES_MAX; x++) {
                shares_point((const uint8_t(*)[SHARES_SECRET_LEN])coefficient, 2, (uint8_t)x, out);
                seen[x][out[0]]++;
            }
        }
        for (int x = 1; x <= SHARES_MAX; x++)
            for (int v = 0; v < 256; v++)
                assert_int_equal(seen[x][v], 1);
    }
}

/* The coefficients themselves: drawn anew for each split and each octet, 0 among them as often as any other. In 2 of 2 the
 * coefficient is the first share plus the secret. 160,000 octets: each value 625 times, within 6 standard deviations. */
static void the_coefficients_are_fresh_and_even(void **state)
{
    (void)state;
    int seen[256] = {0};
    for (int round = 0; round < 5000; round++) {
        uint8_t secret[SHARES_SECRET_LEN];
        struct split split;
        struct share share[SHARES_MAX];
        split_anew(2, 2, secret, &split, share);
        for (int i = 0; i < SHARES_SECRET_LEN; i++)
            seen[share[0].value[i] ^ secret[i]]++;
    }
    for (int v = 0; v < 256; v++)
        assert_in_range(seen[v], 625 - 150, 625 + 150);
}

/* ---- what is wrong is named ---- */

static void refused(enum err result, const struct err_info *e, const char *which, const char *why)
{
    assert_err(ERR_SHARE, result);
    assert_string_equal(value_of(e, "which"), which);
    if (!strstr(value_of(e, "why"), why)) {
        print_error("\"%s\" does not say \"%s\"\n", value_of(e, "why"), why);
        fail();
    }
}

static void a_share_that_does_not_belong_is_named(void **state)
{
    (void)state;
    uint8_t secret[SHARES_SECRET_LEN], other[SHARES_SECRET_LEN], back[SHARES_SECRET_LEN];
    struct split split, foreign;
    struct share share[SHARES_MAX], alien[SHARES_MAX], given[3];
    struct err_info e;
    split_anew(3, 5, secret, &split, share);
    split_anew(3, 5, other, &foreign, alien);
    char id[SHARES_ID_SIZE];
    shares_id_text(foreign.id, id);

    memcpy(given, (struct share[]){share[0], alien[3], share[2]}, sizeof given);
    refused(shares_join(&split, given, 3, back, &e), &e, "4", id);

    memcpy(given, (struct share[]){share[0], share[4], share[4]}, sizeof given);
    refused(shares_join(&split, given, 3, back, &e), &e, "5", "twice");

    memcpy(given, (struct share[]){share[0], share[1], share[2]}, sizeof given);
    given[1].value[31] ^= 1;
    refused(shares_join(&split, given, 3, back, &e), &e, "2", "not the share that was handed out");

    given[1] = share[1];
    given[1].number = 3;
    refused(shares_check(&split, &given[1], &e), &e, "3", "not the share that was handed out");
    given[1].number = 6;
    refused(shares_check(&split, &given[1], &e), &e, "6", "no share of this number");
    given[1].number = 0;
    refused(shares_check(&split, &given[1], &e), &e, "0", "no share of this number");
    given[1] = share[1];
    given[1].threshold = 2;
    refused(shares_check(&split, &given[1], &e), &e, "2", "another number of shares");
    refused(shares_join(&split, given, 1, back, &e), &e, "2", "missing");
}

/* ---- as text ---- */

static void same_share(const struct share *x, const struct share *y)
{
    assert_memory_equal(x->id, y->id, sizeof x->id);
    assert_memory_equal(x->value, y->value, sizeof x->value);
    assert_int_equal(x->number, y->number);
    assert_int_equal(x->threshold, y->threshold);
}

static void a_text_is_read_as_people_type_it(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        uint8_t secret[SHARES_SECRET_LEN];
        struct split split;
        struct share share[SHARES_MAX], back;
        struct err_info e;
        char text[SHARES_TEXT_SIZE], typed[2 * SHARES_TEXT_SIZE], *out = typed;
        split_anew(2, 3, secret, &split, share);
        share_text(&share[round % 3], text);
        assert_ok(share_read("1", text, &back, &e), &e);
        same_share(&back, &share[round % 3]);
        for (const char *c = text; *c; c++) {
            if (*c == '-' || *c == '\n')
                *out++ = ' ';
            else if (*c == '0')
                *out++ = 'o';
            else if (*c == '1')
                *out++ = round % 2 ? 'l' : 'I';
            else
                *out++ = (char)(*c >= 'A' ? *c - 'A' + 'a' : *c);
        }
        *out = '\0';
        assert_ok(share_read("1", typed, &back, &e), &e);
        same_share(&back, &share[round % 3]);
    }
}

/* Each of the 90 characters changed to each of the 31 others, and each two neighbours exchanged. */
static void every_wrong_character_is_named_by_its_group(void **state)
{
    (void)state;
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t secret[SHARES_SECRET_LEN];
    struct split split;
    struct share share[SHARES_MAX], back;
    struct err_info e;
    char text[SHARES_TEXT_SIZE], group[32];
    split_anew(2, 3, secret, &split, share);
    share_text(&share[1], text);
    for (int i = 0; text[i]; i++) {
        if (i % 6 == 5)
            continue;
        snprintf(group, sizeof group, "group %d of it", i / 6 + 1);
        char right = text[i], next = text[i + 1];
        for (const char *d = digits; *d; d++) {
            text[i] = *d;
            if (*d != right)
                refused(share_read("of 苏航", text, &back, &e), &e, "of 苏航", group);
        }
        text[i] = right;
        if (i % 6 != 4 && right != next) {
            text[i] = next;
            text[i + 1] = right;
            refused(share_read("2", text, &back, &e), &e, "2", group);
            text[i] = right;
            text[i + 1] = next;
        }
    }
    assert_ok(share_read("2", text, &back, &e), &e);
}

static void groups_exchanged_and_texts_cut_are_refused(void **state)
{
    (void)state;
    uint8_t secret[SHARES_SECRET_LEN];
    struct split split;
    struct share share[SHARES_MAX], back;
    struct err_info e;
    char text[SHARES_TEXT_SIZE], other[SHARES_TEXT_SIZE], group[32];
    split_anew(2, 3, secret, &split, share);
    share_text(&share[0], text);
    for (int x = 0; x < SHARES_GROUPS; x++)
        for (int y = x + 1; y < SHARES_GROUPS; y++) {
            memcpy(other, text, sizeof other);
            memcpy(other + 6 * (size_t)x, text + 6 * (size_t)y, 5);
            memcpy(other + 6 * (size_t)y, text + 6 * (size_t)x, 5);
            snprintf(group, sizeof group, "group %d of it", x + 1);
            refused(share_read("1", other, &back, &e), &e, "1", group);
        }
    /* one group of another share, in its place: each group is right in itself */
    share_text(&share[1], other);
    memcpy(other + 60, text + 60, 5);
    refused(share_read("1", other, &back, &e), &e, "1", "more than one character");
    refused(share_read("1", "", &back, &e), &e, "1", "0 characters, not 90");
    text[100] = '\0';
    refused(share_read("1", text, &back, &e), &e, "1", "not 90");
    text[3] = 'U';
    refused(share_read("1", text, &back, &e), &e, "1", "character that none");
}

static void what_is_public_goes_through_a_file(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    uint8_t secret[SHARES_SECRET_LEN];
    struct split split, back;
    struct share share[SHARES_MAX];
    struct conf *conf;
    struct err_info e;
    char path[64];
    snprintf(path, sizeof path, "/tmp/certhall-split-%ld", (long)getpid());
    split_anew(3, 5, secret, &split, share);
    char *text = split_text(&split, a), *cut = strstr(text, "share.4");
    struct bytes file = {(const uint8_t *)text, strlen(text)};
    assert_ok(file_replace(path, file, 0600, &e), &e);
    assert_ok(conf_read(a, path, &conf, &e), &e);
    assert_ok(split_read(conf, &back, &e), &e);
    assert_memory_equal(&back, &split, sizeof split);
    file.n = (size_t)(cut - text);
    assert_ok(file_replace(path, file, 0600, &e), &e);
    assert_ok(conf_read(a, path, &conf, &e), &e);
    assert_err(ERR_CONFIG, split_read(conf, &back, &e));
    assert_non_null(strstr(value_of(&e, "why"), "share.4"));
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_field_is_that_of_fips_197),
        cmocka_unit_test(any_k_of_n_give_it_back),
        cmocka_unit_test(the_most_shares_there_can_be),
        cmocka_unit_test(k_minus_one_shares_leave_every_value_possible),
        cmocka_unit_test(a_share_alone_has_each_value_equally_often),
        cmocka_unit_test(the_coefficients_are_fresh_and_even),
        cmocka_unit_test(a_share_that_does_not_belong_is_named),
        cmocka_unit_test(a_text_is_read_as_people_type_it),
        cmocka_unit_test(every_wrong_character_is_named_by_its_group),
        cmocka_unit_test(groups_exchanged_and_texts_cut_are_refused),
        cmocka_unit_test(what_is_public_goes_through_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
