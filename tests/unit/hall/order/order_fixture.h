/* A hall with the project aml-reporting and one applicant who got his code: 沈若琳 of 泉州海丝供应链管理有限公司. */
#ifndef CERTHALL_ORDER_FIXTURE_H
#define CERTHALL_ORDER_FIXTURE_H

#include "hall/order/order.h"
#include "hall_fixture.h"

/* Of the applicant; the reporting code is CN350503000017. */
#define ORDER_CODE "7K2MQ4X9TRBC6WHN"

struct order_fixture {
    struct hall_fixture *f;
    struct hall *h;
    struct projects *projects;
    struct actor shen; /* the applicant */
    int64_t account, institution;
    struct err_info e;
};
int order_setup(
    void **state); /* *state: struct order_fixture; the code was obtained on Thu 2026-09-03 */
int order_teardown(void **state);
#define ORDER_TEST(t) cmocka_unit_test_setup_teardown(t, order_setup, order_teardown)

/* Another user with a code of the same day. */
struct actor order_person(struct order_fixture *o, const char *user, int64_t *account);
/* Begins and commits. Each of these fails the test where it cannot. */
struct order order_begun(struct order_fixture *o);
struct order order_now_of(struct order_fixture *o, int64_t id);
/* Everything that is asked for, saved; *name changes the institution's name (NULL: not). */
void order_fill(struct order_fixture *o, int64_t id, const char *name);
struct order order_submitted(struct order_fixture *o, const char *name);
enum err order_event(struct order_fixture *o, int64_t id, enum flow_event ev,
                     const struct actor *who, const struct order_input *in);
/* One section saved as typed; the section's present revision is taken where rev < 0. */
enum err order_typed(struct order_fixture *o, int64_t id, const char *section, int64_t rev,
                     int final, const struct form_value *typed, size_t n, struct form_saved *out);
const char *order_json(struct order_fixture *o, int64_t id, enum lang lang); /* order_write */

#endif
