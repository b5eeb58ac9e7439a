/* A responder that follows a real ca over its UNIX socket. */
#ifndef CERTHALL_RESPONDING_H
#define CERTHALL_RESPONDING_H

#include "ca_fixture.h"

#include "ca/api.h"
#include "httpc/httpc.h"
#include "responder/responder.h"

struct responding {
    struct ca_fixture f;
    struct ca_api api;
    struct httpd *ca_server, *server;
    struct responder *responder;
    struct responder_options options;
    struct httpc *client;
    struct ca_answer issued;
    struct ocsp_issuer issuer;
    struct bytes issuer_certificate;
};
extern struct responding t;

void start_ca(void);
void open_responder(void);
void start_responder(void);
void stop_responder(void);
void wait_for_seq(int64_t seq);
void issue_for(const char *request, const char *order);
void issue_one(void);
int responding_set_up(void **state);
int responding_tear_down(void **state);
struct bytes serial_of_issued(void);
struct bytes ask_for(struct bytes serial, struct bytes nonce, int get, struct ocsp_cert_id *id);
struct ocsp_answer ask(struct bytes serial, struct bytes nonce, int get);
extern const struct bytes no_nonce, a_nonce;
void stop_ca(void);
const char *ca_file(const char *name);
void close_ca(void);
void reopen_ca(void);
void copy_file(const char *from, const char *to);
void run_sql(const char *text);
void revoke_it(const char *serial);
void wait_for_status(struct bytes serial, enum ocsp_status status);

#define RESPONDING(test)                                                                           \
    cmocka_unit_test_setup_teardown(test, responding_set_up, responding_tear_down)

#endif
