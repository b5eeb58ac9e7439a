/* The portal behind a real server on a free port, with the project aml-reporting and one applicant; and browsers. */
#ifndef CERTHALL_PORTAL_FIXTURE_H
#define CERTHALL_PORTAL_FIXTURE_H

#include "hall/event/event.h"
#include "httpc/httpc.h"
#include "order_fixture.h"
#include "portal/portal.h"

struct portal_fixture {
    struct order_fixture *o;
    struct portal *portal;
    struct httpd *server;
    struct httpc *client;
    struct event_hub *hub;
    json_t *api; /* docs/openapi.yaml: every answer that is no refusal is held against it */
    char base[64];
    int https; /* as behind an nginx with an https address; read by portal_open */
};
struct browser {
    struct portal_fixture *f;
    char cookie[512], csrf[128];
    const char *language;
    const char *origin; /* one more header of each request, "Origin: ..."; NULL: none */
    int status;
    json_t *answer; /* of the last request; NULL: no JSON */
    struct bytes body;
};

/* The portal and its server before the hall of `f->o`; the rest of `f` is theirs. */
void portal_open(struct portal_fixture *f);
void portal_close(struct portal_fixture *f);

int portal_setup(void **state);
int portal_teardown(void **state);
#define PORTAL_TEST(t) cmocka_unit_test_setup_teardown(t, portal_setup, portal_teardown)

void browser_open(struct browser *b, struct portal_fixture *f);
void browser_close(struct browser *b);
/* `path` behind /api/v1/portal. Gives the status. `body`: JSON text, or NULL. */
int browser_do(struct browser *b, const char *method, const char *path, const char *body);
int browser_get(struct browser *b, const char *path);
int browser_post(struct browser *b, const char *path, const char *body);
void browser_sign_in(struct browser *b, struct portal_fixture *f);
/* "items.0.title" of the last answer; "" and -1 where there is none. */
const char *browser_text(const struct browser *b, const char *path);
long browser_number(const struct browser *b, const char *path);
const json_t *browser_at(const struct browser *b, const char *path);
#define _auto_browser __attribute__((cleanup(browser_close))) struct browser

#endif
