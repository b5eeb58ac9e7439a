/* A hall with its console behind a real server on a free port, and browsers that speak to it. */
#ifndef CERTHALL_CONSOLE_FIXTURE_H
#define CERTHALL_CONSOLE_FIXTURE_H

#include "console/console.h"
#include "hall/invoice/invoice.h"
#include "hall/staff/staff.h"
#include "hall_fixture.h"
#include "httpc/httpc.h"
#include "order_fixture.h"

struct console_fixture {
    struct order_fixture *order; /* with 沈若琳, who may apply */
    struct hall_fixture *hall;   /* the same one's */
    struct httpd *server;
    struct httpc *client;
    struct console console;
    json_t *api;                    /* docs/openapi.yaml */
    struct invoice_local *invoices; /* the sample provider */
    char folder[64];                /* for texts of the demo */
    char base[64];
};
/* One browser: a cookie jar and the token for changes. */
struct browser {
    struct console_fixture *f;
    char cookie[512];
    char csrf[128];
    const char *origin; /* one more header of each request, "Origin: ..."; NULL: none */
    int status;
    json_t *answer; /* of the last request; NULL: no JSON */
    struct bytes body;
    const char *content_type;
};

int console_setup(void **state); /* *state: struct console_fixture; a demo */
int console_teardown(void **state);
#define CONSOLE_TEST(f) cmocka_unit_test_setup_teardown(f, console_setup, console_teardown)

/* Serve anew, as behind an nginx with an https address. */
void console_behind_https(struct console_fixture *f);

/* A member of the staff with the password TEST_PASSWORD. */
#define TEST_PASSWORD "a long enough password"
int64_t add_staff(struct console_fixture *f, const char *login, const char *name, unsigned roles);

/* Rows of the audit's chains about an order: "order:<id>". */
size_t audited(struct console_fixture *f, const char *act, int64_t order);

/* An order of hers that is paid; `name`: the institution's name as she changed it, NULL: not. */
struct order order_paid(struct console_fixture *f, const char *name);

void browser_open(struct browser *b, struct console_fixture *f);
void browser_close(struct browser *b);
/* `path` behind /api/v1/console. Gives the status. `body`: JSON text, or NULL. */
int browser_do(struct browser *b, const char *method, const char *path, const char *body);
int browser_get(struct browser *b, const char *path);
int browser_post(struct browser *b, const char *path, const char *body);
/* multipart/form-data; the list ends with name == NULL, a field without file name is plain. */
struct browser_part {
    const char *name, *file;
    struct bytes data;
};
int browser_upload(struct browser *b, const char *path, const struct browser_part *parts);
/* A new person with these roles, signed in by stand-in. */
void browser_sign_in(struct browser *b, struct console_fixture *f, const char *login,
                     unsigned roles);
/* "items.0.title" of the last answer; "" where there is none. */
const char *browser_text(const struct browser *b, const char *path);
const json_t *browser_at(const struct browser *b, const char *path);
#define _auto_browser __attribute__((cleanup(browser_close))) struct browser

#endif
