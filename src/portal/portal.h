/* The portal: the HTTP side of the applicants' pages (docs/openapi.yaml, tag portal). Thin: a request is parsed, the hall
 * is called, JSON is written. Nothing here decides.
 *
 * Who may call: the guard reads the session cookie; changes carry X-CSRF, also before signing in (then it follows from
 * a cookie of the browser's own). An applicant sees his own orders only: another's is 404. */
#ifndef CERTHALL_PORTAL_PORTAL_H
#define CERTHALL_PORTAL_PORTAL_H

#include "hall/hall.h"
#include "httpd/httpd.h"

struct portal_options {
    const struct hall *hall;
    const char *client_folder; /* installers of the UKey Agent; NULL: none */
};
struct portal;
/* Reads the installers and their hashes once. ERR_IO. The hall outlives it. */
NODISCARD enum err portal_new(const struct portal_options *o, struct portal **out,
                              struct err_info *e);
void portal_free(struct portal *p); /* after the server has stopped */
DEFINE_AUTO(portal)
/* All routes below /api/v1/portal. The portal outlives the server. */
void portal_mount(struct httpd *server, struct portal *p);

/* The table: held against docs/openapi.yaml. */
extern const struct httpd_route portal_routes[];
extern const size_t portal_routes_n;

#endif
