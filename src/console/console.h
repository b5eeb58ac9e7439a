/* The pages of the staff: /api/v1/console of docs/openapi.yaml, a handler for each operation.
 *
 * Thin: a handler parses, calls the hall and writes JSON. Who may call what stands in the table of routes; the guard
 * checks it, and the token against forged requests on every change, before a handler runs. */
#ifndef CERTHALL_CONSOLE_CONSOLE_H
#define CERTHALL_CONSOLE_CONSOLE_H

#include "hall/hall.h"
#include "httpd/httpd.h"

struct console {
    const struct hall *hall;
    const char *outbox; /* folder of the demo's texts (hall_settings.outbox_folder) */
    int one_user;       /* all processes run as one system user: pages warn about it */
};

/* `c` and what it points to outlive the server. */
void console_mount(struct httpd *s, struct console *c);

/* Permissions of the routes: roles are bits of enum staff_role. */
enum {
    CONSOLE_PUBLIC = 1 << 20, /* anybody */
    CONSOLE_DEMO = 1 << 21,   /* only where hall.demo: otherwise 404 */
};
extern const struct httpd_route console_routes[];
extern const size_t console_routes_n;

#endif
