/* The ca's sockets: hall, responder, administrator (ARCHITECTURE.md, "Sockets and their calls"). */
#ifndef CERTHALL_CA_API_H
#define CERTHALL_CA_API_H

#include "ca/ca.h"
#include "httpd/httpd.h"
#include "peer/peer.h"

enum ca_socket { CA_SOCKET_HALL, CA_SOCKET_RESPONDER, CA_SOCKET_ADMIN, CA_SOCKETS };

struct ca_api {
    struct ca *ca;
    struct peer_policy policy[CA_SOCKETS];
};

/* Mount the routes of all three; each answers only on its own listener, whose tag is the enum ca_socket. */
void ca_api_mount(struct httpd *server, struct ca_api *api);

#endif
