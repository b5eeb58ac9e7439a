#include "console/console_priv.h"

#define SMALL 4096
#define API "/api/v1/console"

/* x-permission and x-max-body of docs/openapi.yaml. */
const struct httpd_route console_routes[] = {
    {"GET", API "/session", console_session_get, CONSOLE_PUBLIC, 0, 0},
    {"POST", API "/session", console_session_create, CONSOLE_PUBLIC, SMALL, 0},
    {"DELETE", API "/session", console_session_delete, CONSOLE_PUBLIC, 0, 0},
    {"GET", API "/demo/people", console_demo_people_list, CONSOLE_DEMO | CONSOLE_PUBLIC, 0, 0},
    {"POST", API "/demo/session", console_demo_sign_in, CONSOLE_DEMO | CONSOLE_PUBLIC, SMALL, 0},
    {"GET", API "/demo/outbox", console_demo_outbox_list, CONSOLE_DEMO | CONSOLE_STAFF, 0, 0},
    {"GET", API "/menu", console_menu_get, CONSOLE_ROLES, 0, 0},
    {"GET", API "/events", console_event_stream, CONSOLE_STAFF, 0, 0},
};
const size_t console_routes_n = sizeof console_routes / sizeof *console_routes;

void console_mount(struct httpd *s, struct console *c)
{
    httpd_mount(s, console_routes, console_routes_n, console_guard, c);
}
