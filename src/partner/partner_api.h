/* What other servers call: the bank's callback and the way back from its page (docs/openapi.yaml, tag partner). */
#ifndef CERTHALL_PARTNER_API_H
#define CERTHALL_PARTNER_API_H

#include "hall/hall.h"
#include "httpd/httpd.h"

/* The hall outlives the server. */
void partner_mount(struct httpd *s, const struct hall *h);

#endif
