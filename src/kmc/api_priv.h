/* Inside the kmc: the calls of its sockets. */
#ifndef CERTHALL_KMC_API_PRIV_H
#define CERTHALL_KMC_API_PRIV_H

#include "kmc/kmc.h"

enum { KMC_SIGNATURE_MAX = 512, KMC_KEYS_BODY = 256 << 10 };

/* ---- api_ca.c ---- */
enum err kmc_api_keys(struct httpd_request *r, struct httpd_reply *reply, void *app,
                      struct err_info *e);
enum err kmc_api_recoveries(struct httpd_request *r, struct httpd_reply *reply, void *app,
                            struct err_info *e);
/* An object with what there is of a pair. */
void kmc_api_put_pair(struct json_out *j, const struct escrow_pair *p, struct arena *a);

/* ---- api_admin.c ---- */
enum err kmc_api_audit(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e);
enum err kmc_api_judicial_audit(struct httpd_request *r, struct httpd_reply *reply, void *app,
                                struct err_info *e);
enum err kmc_api_enter_ca(struct httpd_request *r, struct httpd_reply *reply, void *app,
                          struct err_info *e);
enum err kmc_api_enter_custodian(struct httpd_request *r, struct httpd_reply *reply, void *app,
                                 struct err_info *e);
enum err kmc_api_end_custodian(struct httpd_request *r, struct httpd_reply *reply, void *app,
                               struct err_info *e);
enum err kmc_api_judicial(struct httpd_request *r, struct httpd_reply *reply, void *app,
                          struct err_info *e);
enum err kmc_api_trust(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e);

#endif
