/* The tour: the whole story of one order, driven through the public interfaces of a running demo system.
 *
 * It speaks HTTP, starts the real agent, and looks at certificates with OpenSSL and nginx. It links neither hall nor ca. */
#ifndef CERTHALL_TOUR_TOUR_H
#define CERTHALL_TOUR_TOUR_H

#include "base/sys.h"
#include "base/time.h"
#include "tour/browser.h"

#include <sys/types.h>

struct tour {
    struct arena *arena;
    const char *project;
    const char *url, *status_url; /* of hall and responder */
    const char *data;             /* the demo's data directory */
    const char *programs;         /* folder of certhall and certhall-agent */
    const char *work;             /* folder of this run: agent settings, nginx */
    struct browser applicant, staff;
    /* what the story found out so far */
    const char *code, *reporting_code, *order, *serial, *certificate_serial, *user_pin, *trade_no;
    struct bytes certificate; /* DER */
    const char *note;         /* what a step says besides; NULL: nothing */
    int mail_in_outbox;       /* mail stays in the demo's outbox; else it leaves by SMTP */
    int64_t began;
    int step;
};

/* One step; its failure ends the tour. */
struct tour_step {
    const char *title;
    enum err (*run)(struct tour *t, struct err_info *e);
};
enum { TOUR_STEPS_MAX = 32 };
size_t tour_steps(const struct tour_step **out);

/* ERR_TOUR with what was expected. */
enum err tour_fail(struct err_info *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- help for the steps (tools.c) ---- */
NODISCARD enum err tour_sign_in_as(struct tour *t, const char *role, int nth, struct err_info *e);
NODISCARD enum err tour_read_json(struct tour *t, const char *path, json_t **out,
                                  struct err_info *e);
/* Move the demo's business time by `certhall demo clock --at`. */
NODISCARD enum err tour_clock(struct tour *t, const char *at, struct err_info *e);
/* The newest text of the demo outbox to `to` that holds `needle`; waits up to 10 s. */
NODISCARD enum err tour_outbox(struct tour *t, const char *channel, const char *to,
                               const char *needle, const char **text, struct err_info *e);
/* Wait until `path` of the answer is `value`; up to `seconds`. */
NODISCARD enum err tour_wait(struct browser *b, const char *url, const char *path,
                             const char *value, int seconds, const json_t **out,
                             struct err_info *e);
/* Run a program to its end; ERR_TOUR unless it exits 0. `out` (may be NULL) gets its standard output. */
NODISCARD enum err tour_run(struct tour *t, char *const argv[], const char **out,
                            struct err_info *e);
/* The same in two halves: the program runs in between. Ending waits for it. */
struct tour_program {
    const char *name, *verb;
    pid_t pid;
    int out;
};
NODISCARD enum err tour_start(char *const argv[], struct tour_program *out, struct err_info *e);
int tour_runs(const struct tour_program *p);
NODISCARD enum err tour_end(struct tour *t, const struct tour_program *p, const char **out,
                            struct err_info *e);

/* ---- the agent (agent.c) ---- */
/* Make a job in this browser and let the real agent do it; PINs are given through a scripted pinentry in the order they
 * are asked for. *out: the finished job. */
NODISCARD enum err tour_agent_job(struct tour *t, struct browser *b, json_t *job,
                                  const char *const *pins, const json_t **out, struct err_info *e);

/* ---- TLS and revocation (tls.c) ---- */
/* Does nginx take TLS with certificates of this algorithm? */
NODISCARD enum err tour_tls_can(struct tour *t, int *can, struct err_info *e);
/* A file of the responder: "/ca/issuing-p256.cer". */
NODISCARD enum err tour_fetch(struct tour *t, const char *path, struct bytes *out,
                              struct err_info *e);
/* "issuing-p256" from the caIssuers address that a certificate names. */
NODISCARD enum err tour_issuer_code(struct tour *t, struct bytes certificate, const char **code,
                                    struct err_info *e);
NODISCARD enum err tour_nginx_start(struct tour *t, struct err_info *e);
NODISCARD enum err tour_nginx_reload(struct tour *t, struct err_info *e);
void tour_nginx_stop(struct tour *t);
/* A TLS handshake with the UKey's certificate and key, then one request. *accepted: nginx let it in. */
NODISCARD enum err tour_handshake(struct tour *t, int *accepted, const char **answer,
                                  struct err_info *e);
/* What our responder says: "good", "revoked", "unknown"; the answer is kept in `work` as `ocsp-<that>.der`. */
NODISCARD enum err tour_ocsp(struct tour *t, const char **status, struct err_info *e);

/* ---- OpenSSL's own program in place of a handshake (openssl.c) ---- */
/* It verifies each certificate of the chain under the next, the signature of the issuing CA's newest list, and that of
 * the kept OCSP answer, of which it must read `status`; *listed: the list names the certificate. */
NODISCARD enum err tour_openssl(struct tour *t, const char *status, int *listed,
                                struct err_info *e);

#endif
