/* The bank's and the merchants' signatures: base64(RSA-SHA256 over the other parameters, sorted by name, `k=v`
 * joined by `&`). Through OpenSSL directly and not through src/pki, so that a mistake of ours there is not made
 * a second time here. */
#ifndef CERTHALL_SIM_SIGN_H
#define CERTHALL_SIM_SIGN_H

#include "base/err.h"
#include "base/mem.h"
#include "httpd/httpd.h"

struct sim_key;
void sim_key_free(struct sim_key *k);
DEFINE_AUTO(sim_key)

/* The key pair of `<folder>/<name>-key.pem` (0600), made when it is absent; `<name>-pub.pem` is written beside it. */
NODISCARD enum err sim_key_open(const char *folder, const char *name, struct sim_key **out,
                                struct err_info *e);
/* A public key, "-----BEGIN PUBLIC KEY-----"; RSA of 2048 to 4096 bits only. ERR_CONFIG. */
NODISCARD enum err sim_key_public(const char *pem, struct sim_key **out, struct err_info *e);

/* What is signed: values as they are, neither name nor value encoded; `sign` itself is left out. */
const char *sim_sign_text(struct arena *a, const struct httpd_pair *params);
NODISCARD enum err sim_sign(const struct sim_key *k, struct arena *a, const char *text,
                            const char **base64, struct err_info *e);
int sim_verify(const struct sim_key *k, const char *text, const char *base64); /* 1 when right */

#endif
