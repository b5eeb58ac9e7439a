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

#endif
