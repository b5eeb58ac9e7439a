/* The form of an order: read, saved while typing, checked. */
#include "portal/portal_priv.h"

#include <string.h>

static enum err form_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct order o;
    struct json_out j;
    TRY(portal_order(tx, c, &o, e));
    httpd_reply_json(c->reply, &j);
    return order_write_form(tx, &o, &j, NULL, e);
}

enum err portal_order_form_get(struct httpd_request *r, struct httpd_reply *reply, void *app,
                               struct err_info *e)
{
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    return portal_read(&c, form_work, e);
}

static enum err check_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct order o;
    struct json_out j;
    TRY(portal_order(tx, c, &o, e));
    httpd_reply_json(c->reply, &j);
    return order_write_check(tx, &o, &j, NULL, e);
}

enum err portal_order_check_get(struct httpd_request *r, struct httpd_reply *reply, void *app,
                                struct err_info *e)
{
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    return portal_read(&c, check_work, e);
}

/* ---- saving ---- */

struct saving {
    struct form_save in;
    struct form_saved saved;
};

static enum err save_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct saving *s = c->arg;
    struct order o;
    TRY(portal_order(tx, c, &o, e));
    return order_save(tx, o.id, &s->in, &s->saved, e);
}

/* Another tab has saved since: what is stored now goes with the refusal, and nothing is overwritten. */
static enum err conflict_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct saving *s = c->arg;
    struct err_info refused = *e;
    struct order o;
    struct json_out j;
    TRY(portal_order(tx, c, &o, e));
    portal_error_begin(c, &refused, 0, NULL, &j);
    TRY(order_write_section(tx, &o, s->in.section, &j, "conflict", e));
    jout_end(&j);
    return ERR_OK;
}

static void write_saved(struct portal_call *c, const struct form_saved *saved, struct json_out *j,
                        const char *name)
{
    jout_object(j, name);
    jout_int(j, "rev", saved->section.rev);
    jout_text(j, "saved_at", time_rfc3339(c->r->arena, saved->section.saved_at));
    jout_text(j, "state", form_state_text(saved->section.state));
    jout_text(j, "state_text", order_section_state_text(saved->section.state, c->r->lang));
    if (saved->mended_n) {
        jout_object(j, "mended");
        for (size_t i = 0; i < saved->mended_n; i++)
            jout_text(j, saved->mended[i].name, saved->mended[i].value);
        jout_end(j);
    }
    jout_end(j);
}

/* What was typed is stored; it is refused as an answer all the same. The page goes on from the new revision, or its next
 * save would look like another window's. */
static enum err refuse(struct portal_call *c, const struct form_saved *saved)
{
    const struct form_problems *problems = &saved->problems;
    struct json_out j;
    portal_error_begin(c, &problems->item[0].info, 0, NULL, &j);
    jout_list(&j, "errors");
    for (size_t i = 0; i < problems->n; i++)
        order_write_problem(&problems->item[i], c->r->lang, &j, NULL);
    jout_end(&j);
    write_saved(c, saved, &j, "saved");
    jout_end(&j);
    return ERR_OK;
}

static enum err reply_saved(struct portal_call *c, const struct form_saved *saved)
{
    struct json_out j;
    httpd_reply_json(c->reply, &j);
    write_saved(c, saved, &j, NULL);
    return ERR_OK;
}

static enum err read_values(struct httpd_request *r, const json_t *body, struct form_save *out,
                            struct err_info *e)
{
    json_t *values = json_object_get(body, "values");
    const char *name;
    json_t *value;
    struct form_value *list = arena_alloc(r->arena, sizeof *list * FORM_FIELDS_MAX);
    if (!json_is_object(values) || json_object_size(values) > FORM_FIELDS_MAX) {
        err_set(e, ERR_BAD_REQUEST, "values", NULL);
        err_arg(e, "why", "%s", "values");
        return ERR_BAD_REQUEST;
    }
    json_object_foreach (values, name, value) {
        if (!json_is_string(value)) {
            err_set(e, ERR_BAD_REQUEST, name, NULL);
            err_arg(e, "why", "%s", name);
            return ERR_BAD_REQUEST;
        }
        list[out->n++] = (struct form_value){.name = name, .value = json_string_value(value)};
    }
    out->typed = list;
    return ERR_OK;
}

enum err portal_order_section_save(struct httpd_request *r, struct httpd_reply *reply, void *app,
                                   struct err_info *e)
{
    struct saving *s = arena_alloc(r->arena, sizeof *s);
    struct portal_call c = PORTAL_CALL(r, reply, app, s);
    const json_t *body;
    TRY(httpd_json(r, &body, e));
    TRY(json_get_int(body, "rev", &s->in.rev, e));
    s->in.section = httpd_param(r, "section");
    s->in.final = json_is_true(json_object_get(body, "final"));
    s->in.question = (int)json_opt_int(body, "question", 0);
    TRY(read_values(r, body, &s->in, e));
    enum err done = portal_write(&c, save_work, e);
    if (done == ERR_FORM_CONFLICT)
        return portal_read(&c, conflict_work, e);
    TRY(done);
    return s->saved.problems.n ? refuse(&c, &s->saved) : reply_saved(&c, &s->saved);
}
