#include "order_fixture.h"

#include "hall/account/account.h"
#include "hall/institution/institution.h"
#include "hall/project/project.h"

#include <stdlib.h>
#include <string.h>

static int64_t add_account(struct order_fixture *o, const char *user, const char *code)
{
    struct hall_tx tx;
    int64_t id;
    const char *plain;
    hall_write(o->f, &hall_system, &tx);
    assert_ok(institution_put(&tx, "91350503MA2Y7K4H06", "泉州海丝供应链管理有限公司",
                              "import:test", &o->institution, &o->e),
              &o->e);
    struct account_new n = {
        .project = "aml-reporting",
        .institution = o->institution,
        .reporting_code = "CN350503000017",
        .user_name = user,
        .handler = "沈若琳",
        .mobile = "13805952716",
        .email = "shen.ruolin@haisi.example",
        .code = code,
        .from_workday = 2,
    };
    assert_ok(account_load(&tx, &n, &id, &plain, &o->e), &o->e);
    hall_done(o->f, &tx);
    return id;
}

static struct actor person(int64_t account)
{
    return (struct actor){BY_APPLICANT, account, "shenruolin", "", "127.0.0.1"};
}

struct actor order_person(struct order_fixture *o, const char *user, int64_t *account)
{
    *account = add_account(o, user, "");
    return person(*account);
}

int order_setup(void **state)
{
    struct order_fixture *o = mem_alloc(sizeof *o);
    void *inner;
    hall_setup(&inner);
    o->f = inner;
    o->h = &o->f->hall;
    o->projects = projects_new();
    assert_ok(projects_load(o->projects, PROFILES_DIR, &o->e), &o->e);
    o->h->projects = o->projects;
    o->h->intake_hooks = &order_intake_hooks;
    hall_at(o->f, "2026-09-03T10:00:00+08:00");
    o->account = add_account(o, "shenruolin", ORDER_CODE);
    o->shen = person(o->account);
    hall_at(o->f, "2026-09-07T09:00:00+08:00"); /* Monday, the second working day */
    *state = o;
    return 0;
}

int order_teardown(void **state)
{
    struct order_fixture *o = *state;
    void *inner = o->f;
    hall_teardown(&inner);
    projects_free(o->projects);
    free(o);
    return 0;
}

struct order order_begun(struct order_fixture *o)
{
    struct hall_tx tx;
    struct order order;
    int fresh;
    hall_write(o->f, &o->shen, &tx);
    assert_ok(order_create(&tx, "aml-reporting", TYPE_NEW, &order, &fresh, &o->e), &o->e);
    hall_done(o->f, &tx);
    return order;
}

struct order order_now_of(struct order_fixture *o, int64_t id)
{
    struct hall_tx tx;
    struct order order;
    hall_read(o->f, &tx);
    assert_ok(order_get(&tx, id, &order, &o->e), &o->e);
    hall_end(&tx);
    return order;
}

static int64_t section_rev(struct order_fixture *o, int64_t id, const char *section)
{
    struct hall_tx tx;
    struct order order = order_now_of(o, id);
    struct form *form = arena_alloc(o->f->arena, sizeof *form);
    int64_t rev = -1;
    hall_read(o->f, &tx);
    assert_ok(form_read(&tx, id, order.rules_of, order.type, form, &o->e), &o->e);
    hall_end(&tx);
    for (size_t i = 0; i < form->sections; i++)
        if (strcmp(form->section[i].id, section) == 0)
            rev = form->section[i].rev;
    return rev;
}

enum err order_typed(struct order_fixture *o, int64_t id, const char *section, int64_t rev,
                     int final, const struct form_value *typed, size_t n, struct form_saved *out)
{
    struct hall_tx tx;
    struct form_saved ignored;
    struct form_save s = {.section = section,
                          .rev = rev < 0 ? section_rev(o, id, section) : rev,
                          .final = final,
                          .typed = typed,
                          .n = n};
    hall_write(o->f, &o->shen, &tx);
    enum err done = order_save(&tx, id, &s, out ? out : &ignored, &o->e);
    if (done == ERR_OK)
        hall_done(o->f, &tx);
    hall_end(&tx);
    return done;
}

void order_fill(struct order_fixture *o, int64_t id, const char *name)
{
    const struct form_value where[] = {
        {.name = "mailing.address", .value = "福建省泉州市丰泽区滨海街 102 号 12 层"},
        {.name = "mailing.postcode", .value = "362000"},
    };
    const struct form_value who[] = {{.name = "application.institution_name", .value = name}};
    assert_ok(order_typed(o, id, "mailing", -1, 1, where, 2, NULL), &o->e);
    if (name)
        assert_ok(order_typed(o, id, "application", -1, 1, who, 1, NULL), &o->e);
}

struct order order_submitted(struct order_fixture *o, const char *name)
{
    struct hall_tx tx;
    struct order order = order_begun(o);
    struct form_problems *problems = arena_alloc(o->f->arena, sizeof *problems);
    order_fill(o, order.id, name);
    struct order_submit s = {.id = order.id, .agreement = "1", .consent = 1};
    hall_write(o->f, &o->shen, &tx);
    assert_ok(order_submit(&tx, &s, &order, problems, &o->e), &o->e);
    hall_done(o->f, &tx);
    return order;
}

enum err order_event(struct order_fixture *o, int64_t id, enum flow_event ev,
                     const struct actor *who, const struct order_input *in)
{
    struct hall_tx tx;
    hall_write(o->f, who, &tx);
    enum err done = order_apply(&tx, id, ev, in, NULL, &o->e);
    if (done == ERR_OK)
        hall_done(o->f, &tx);
    hall_end(&tx);
    return done;
}

const char *order_json(struct order_fixture *o, int64_t id, enum lang lang)
{
    struct hall_tx tx;
    struct order order;
    struct json_out j;
    struct buf b;
    buf_init(&b, 1 << 20);
    jout_init(&j, &b);
    hall_read(o->f, &tx);
    tx.lang = lang;
    assert_ok(order_get(&tx, id, &order, &o->e), &o->e);
    assert_ok(order_write(&tx, &order, &j, NULL, &o->e), &o->e);
    hall_end(&tx);
    const char *text = arena_text(o->f->arena, buf_cstr(&b));
    buf_clear(&b);
    return text;
}
