/* The three calls of the agent (docs/agent-protocol.md). What they mean stands in hall/job. */
#ifndef CERTHALL_AGENTAPI_H
#define CERTHALL_AGENTAPI_H

#include "hall/hall.h"
#include "httpd/httpd.h"

/* `hall` outlives the server. */
void agentapi_mount(struct httpd *server, const struct hall *hall);

#endif
