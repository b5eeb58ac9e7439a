/* What everybody may read of a project: front page, guides, legal and help texts (S0-59 to S0-65). */
#include "base/text.h"
#include "hall/notice/notice.h"
#include "portal/portal_priv.h"

#include <inttypes.h>
#include <string.h>

/* ---- list ---- */

enum err portal_project_list(struct httpd_request *r, struct httpd_reply *reply, void *app,
                             struct err_info *e)
{
    const struct portal *portal = app;
    struct json_out j;
    (void)e;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (int i = 0; i < projects_count(portal->hall->projects); i++) {
        const struct project_about *about = &projects_at(portal->hall->projects, i)->about;
        jout_object(&j, NULL);
        jout_text(&j, "id", about->code);
        jout_text(&j, "name", about->name.in[r->lang]);
        web_some(&j, "about", about->about.in[r->lang]);
        jout_end(&j);
    }
    jout_end(&j);
    jout_end(&j);
    return ERR_OK;
}

/* ---- front page ---- */

static void write_steps(const struct project_steps *steps, enum lang lang, struct json_out *j,
                        const char *key)
{
    jout_list(j, key);
    for (int i = 0; i < steps->n; i++) {
        jout_object(j, NULL);
        jout_text(j, "text", steps->item[i].title.in[lang]);
        web_some(j, "note", steps->item[i].note.in[lang]);
        jout_end(j);
    }
    jout_end(j);
}

static void write_texts(const struct project_texts *texts, enum lang lang, struct json_out *j,
                        const char *key)
{
    jout_list(j, key);
    for (int i = 0; i < texts->n; i++)
        jout_text(j, NULL, texts->item[i].in[lang]);
    jout_end(j);
}

static const char *icon_of(enum flow_type t)
{
    static const char *const icon[TYPE_COUNT] = {
        [TYPE_NEW] = "new",
        [TYPE_ADD] = "add",
        [TYPE_REISSUE_LOST] = "reissue",
        [TYPE_REISSUE_DAMAGED] = "reissue",
        [TYPE_UNLOCK] = "unlock",
        [TYPE_RENEW] = "renew",
        [TYPE_CHANGE] = "change",
        [TYPE_REVOKE] = "revoke",
        [TYPE_RESEND] = "resend",
    };
    return icon[t];
}

static int fee_of(const struct project *p, enum flow_type t, struct project_fee *fee)
{
    struct project_fee_case c = {.type = t, .days_since_receipt = -1};
    return project_fee_of(p, &c, fee);
}

static void write_business(const struct project *p, enum flow_type t, const struct hall_tx *tx,
                           struct json_out *j)
{
    const struct project_type *type = &p->type[t];
    int open = project_type_open(p, t, time_china_day(tx->now));
    struct project_fee fee;
    jout_object(j, NULL);
    jout_text(j, "type", order_type_code(tx->arena, t));
    jout_text(j, "title", type->title.in[tx->lang]);
    jout_text(j, "about", type->about.in[tx->lang]);
    web_some(j, "meta", type->meta.in[tx->lang]);
    jout_text(j, "icon", icon_of(t));
    jout_bool(j, "open", open);
    if (!open)
        web_some(j, "closed_text", type->closed_text.in[tx->lang]);
    if (fee_of(p, t, &fee))
        jout_int(j, "fee_fen", fee.amount_fen);
    jout_end(j);
}

static void write_businesses(const struct project *p, const struct hall_tx *tx, struct json_out *j)
{
    jout_list(j, "businesses");
    for (int t = 0; t < TYPE_COUNT; t++)
        if (*p->type[t].title.in[LANG_ZH])
            write_business(p, (enum flow_type)t, tx, j);
    jout_end(j);
}

static enum err write_notices(struct hall_tx *tx, const struct project *p, struct json_out *j,
                              struct err_info *e)
{
    const struct notice *list;
    size_t n;
    TRY(notice_list(tx, p->about.code, &list, &n, e));
    jout_list(j, "notices");
    for (size_t i = 0; i < n; i++)
        notice_write(tx, &list[i], 0, j, NULL);
    jout_end(j);
    return ERR_OK;
}

static void write_help(const struct project_about *a, enum lang lang, struct json_out *j)
{
    jout_object(j, "hotline");
    jout_text(j, "phone", a->hotline);
    web_some(j, "keyword", a->hotline_keyword.in[lang]);
    jout_text(j, "hours", a->hotline_hours.in[lang]);
    jout_end(j);
    if (a->chat) {
        jout_object(j, "chat");
        jout_text(j, "url", a->chat);
        web_some(j, "note", a->chat_note.in[lang]);
        jout_end(j);
    }
    jout_list(j, "postal");
    for (int i = 0; i < a->postals; i++) {
        const struct project_postal *x = &a->postal[i];
        jout_object(j, NULL);
        web_some(j, "title", x->title.in[lang]);
        jout_text(j, "address", x->address.in[lang]);
        web_some(j, "addressee", x->addressee.in[lang]);
        web_some(j, "phone", x->phone);
        jout_text(j, "postcode", x->postcode ? x->postcode : "");
        jout_end(j);
    }
    jout_end(j);
    web_some(j, "email", a->email);
}

static void write_ways_in(const struct project *p, enum lang lang, struct json_out *j)
{
    jout_list(j, "sign_in");
    if (p->login.methods >> LOGIN_CODE & 1)
        jout_text(j, NULL, "code");
    if (p->login.methods >> LOGIN_UKEY & 1)
        jout_text(j, NULL, "ukey");
    jout_end(j);
    web_some(j, "code_note", p->login.code_note.in[lang]);
    jout_object(j, "features");
    jout_bool(j, "track", 0);
    jout_bool(j, "freeze", 0);
    jout_bool(j, "titles", p->rules.title_free);
    jout_bool(j, "institution", 0);
    jout_end(j);
}

static enum err get_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    const struct project *p = c->arg;
    const struct project_about *a = &p->about;
    enum lang lang = tx->lang;
    struct json_out j;
    httpd_reply_json(c->reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "id", a->code);
    jout_text(&j, "name", a->name.in[lang]);
    web_some(&j, "about", a->about.in[lang]);
    jout_text(&j, "provider", a->provider.in[lang]);
    jout_object(&j, "urls");
    web_some(&j, "primary", a->url_primary);
    web_some(&j, "backup", a->url_backup); /* S0-16 */
    jout_end(&j);
    write_businesses(p, tx, &j);
    web_some(&j, "steps_title", a->steps_title.in[lang]);
    write_steps(&a->steps, lang, &j, "steps");
    web_some(&j, "prepare", a->prepare.in[lang]);
    TRY(write_notices(tx, p, &j, e));
    write_help(a, lang, &j);
    write_ways_in(p, lang, &j);
    web_some(&j, "client_note", a->client_note.in[lang]);
    write_texts(&a->care, lang, &j, "care"); /* S0-11 */
    jout_bool(&j, "demo", c->app->hall->demo);
    jout_end(&j);
    return ERR_OK;
}

enum err portal_project_get(struct httpd_request *r, struct httpd_reply *reply, void *app,
                            struct err_info *e)
{
    const struct project *p;
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    TRY(portal_project(&c, httpd_param(r, "project"), &p, e));
    c.arg = (void *)(uintptr_t)p;
    return portal_read(&c, get_work, e);
}

/* ---- guide ---- */

struct guide {
    const struct project *p;
    enum flow_type type;
};

/* Conditions and times hold title and text; steps and materials a note. */
static void write_pairs(const struct project_steps *steps, enum lang lang, const char *second,
                        struct json_out *j, const char *key)
{
    jout_list(j, key);
    for (int i = 0; i < steps->n; i++) {
        jout_object(j, NULL);
        jout_text(j, "title", steps->item[i].title.in[lang]);
        jout_text(j, second, steps->item[i].note.in[lang]);
        jout_end(j);
    }
    jout_end(j);
}

static void write_guide_fee(const struct guide *g, enum lang lang, struct json_out *j)
{
    struct project_fee fee;
    if (!fee_of(g->p, g->type, &fee))
        return;
    jout_object(j, "fee");
    jout_list(j, "lines");
    jout_object(j, NULL);
    jout_text(j, "title", fee.title.in[lang]);
    jout_int(j, "amount_fen", fee.amount_fen);
    web_some(j, "rule", fee.text.in[lang]);
    jout_end(j);
    jout_end(j);
    jout_int(j, "total_fen", fee.amount_fen);
    jout_end(j);
}

static enum err guide_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    const struct guide *g = c->arg;
    const struct project_type *type = &g->p->type[g->type];
    enum lang lang = tx->lang;
    int open = project_type_open(g->p, g->type, time_china_day(tx->now));
    struct json_out j;
    (void)e;
    httpd_reply_json(c->reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "type", order_type_code(tx->arena, g->type));
    jout_text(&j, "title", type->title.in[lang]);
    web_some(&j, "about", type->about.in[lang]);
    jout_bool(&j, "open", open);
    if (!open)
        web_some(&j, "closed_text", type->closed_text.in[lang]);
    write_texts(&type->conditions, lang, &j, "conditions");
    write_pairs(&type->materials, lang, "note", &j, "materials");
    write_pairs(&type->times, lang, "text", &j, "times");
    write_guide_fee(g, lang, &j);
    write_steps(&type->steps, lang, &j, "steps");
    web_some(&j, "after_payment", type->after_payment.in[lang]);
    jout_end(&j);
    return ERR_OK;
}

enum err portal_guide_get(struct httpd_request *r, struct httpd_reply *reply, void *app,
                          struct err_info *e)
{
    struct guide g;
    struct portal_call c = PORTAL_CALL(r, reply, app, &g);
    TRY(portal_project(&c, httpd_param(r, "project"), &g.p, e));
    g.type = order_type_from_code(httpd_param(r, "type"));
    if (g.type == TYPE_COUNT || !*g.p->type[g.type].title.in[LANG_ZH])
        return err_set(e, ERR_NOT_FOUND, "type", NULL);
    return portal_read(&c, guide_work, e);
}

/* ---- legal and help texts ---- */

/* Paragraphs are parted by empty lines; a line that begins with a number or a Chinese number and 、 is an item. */
static void write_body(struct arena *a, const char *text, struct json_out *j)
{
    char *rest = arena_text(a, text), *end;
    jout_list(j, "body");
    while (*rest) {
        end = strstr(rest, "\n\n");
        if (end)
            *end = 0;
        const char *part = text_trim(a, rest);
        size_t n = strlen(part);
        while (n && part[n - 1] == '\n')
            n--;
        if (n) {
            jout_object(j, NULL);
            jout_text(j, "kind", "paragraph");
            jout_text(j, "text", arena_text_n(a, part, n));
            jout_end(j);
        }
        rest = end ? end + 2 : rest + strlen(rest);
    }
    jout_end(j);
}

struct wanted_text {
    const struct project *p;
    enum project_long_text kind;
    const char *version;
};

static enum err text_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    const struct wanted_text *w = c->arg;
    const struct project_template *t = project_long_text(w->p, w->kind, w->version,
                                                         time_china_day(tx->now));
    struct json_out j;
    if (!t)
        return err_set(e, ERR_NOT_FOUND, w->version ? "version" : "kind", NULL);
    httpd_reply_json(c->reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "title", t->title.in[tx->lang]);
    jout_text(&j, "version", t->version);
    if (t->effective)
        jout_text(&j, "effective", time_date_text(tx->arena, t->effective));
    write_body(tx->arena, t->text.in[tx->lang], &j);
    jout_end(&j);
    return ERR_OK;
}

enum err portal_text_get(struct httpd_request *r, struct httpd_reply *reply, void *app,
                         struct err_info *e)
{
    static const struct {
        const char *name;
        enum project_long_text kind;
    } kinds[] = {
        {"privacy", TEXT_PRIVACY},
        {"accessibility", TEXT_ACCESSIBILITY},
        {"agreement", TEXT_AGREEMENT},
        {"help", TEXT_HELP},
    };
    struct wanted_text w = {.version = httpd_query(r, "version")};
    struct portal_call c = PORTAL_CALL(r, reply, app, &w);
    TRY(portal_project(&c, httpd_param(r, "project"), &w.p, e));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, httpd_param(r, "kind")) == 0) {
            w.kind = kinds[i].kind;
            return portal_read(&c, text_work, e);
        }
    return err_set(e, ERR_NOT_FOUND, "kind", NULL);
}
