/* The whole bench: a hall with a paid order of aml-reporting, a real ca and a real kmc behind their sockets, soft UKeys in
 * folders, and either the real agent over HTTP or a small one that a test plays by hand. */
#ifndef CERTHALL_JOB_WHOLE_H
#define CERTHALL_JOB_WHOLE_H

#include "ca/api.h"
#include "ca_fixture.h"
#include "hall/authority/ca_client.h"
#include "hall/authority/kmc_client.h"
#include "hall/certificate/certificate.h"
#include "hall/job/job.h"
#include "hall/outbox/message.h"
#include "kmc/kmc.h"
#include "order_fixture.h"

#define P "aml-reporting"
#define SERIAL "FX2600071182"
#define MAKER "ST2600000003"
#define BENCH_BROWSER "the maker's session at the bench"
#define USER_BROWSER "the applicant's own browser cookie"

struct whole {
    struct hall_fixture *f;
    struct hall *h;
    struct order_fixture o; /* for the helpers of order_fixture.h */
    struct arena *a;
    struct err_info e;
    char folder[64], keys[96], bench[96], staff[96], outbox[96], conf_path[96];
    struct ca_fixture ca;
    struct ca_api ca_api;
    struct kmc *kmc;
    struct kmc_api kmc_api;
    struct httpd *ca_server, *kmc_server, *hall_server;
    struct outbox *post;
    struct sms_files *sms;
    struct message_settings settings;
    int64_t order;
    struct actor xu, he, chen, liang; /* maker, shipping, support, another of support */
};

/* What the real agent says of a job (its own header has names of its own: agent_run.c). */
struct agent_run {
    int done, cancelled; /* neither: failed */
    const char *code;    /* public code of the failure; "" */
    const char *finish;  /* address of the finish page; NULL */
    const char *digits;  /* six; NULL */
};

int whole_setup(void **state); /* *state: struct whole; the order is paid and waits to be made */
int whole_teardown(void **state);
#define WHOLE(t) cmocka_unit_test_setup_teardown(t, whole_setup, whole_teardown)

void whole_ca_away(struct whole *w); /* its socket answers no more; the hall's client stays */
void whole_ca_back(struct whole *w);

/* ---- jobs ---- */

/* As a handler does: begin, make, commit. */
enum err whole_make(struct whole *w, const struct actor *who, const struct job_new *n,
                    struct job *out);
struct job whole_produce(struct whole *w); /* a produce job of the maker */
struct job whole_job(struct whole *w, int64_t id, const char *browser);
/* Run the real agent with the job's ticket. `answers`: what the scripted pinentry is told. */
const char *whole_conf_path(struct whole *w);
const char *whole_answers_path(struct whole *w);
struct arena *whole_arena(struct whole *w);
struct agent_run agent_run(struct whole *w, const char *ticket, const char *answers);
/* The token of a finish address. */
const char *whole_token(struct whole *w, const struct agent_run *r);
enum err whole_finish(struct whole *w, const struct actor *who, const char *browser,
                      const char *token, struct job_finished *out);
/* The order's UKey made, from ticket to finish page. */
void whole_made(struct whole *w);
/* And sent: it is the applicant's, in the applicant's folder. */
void whole_sent(struct whole *w);
/* The first PIN set by SMS code: "Right-pin-1". */
void whole_activated(struct whole *w);
const char *whole_sms_code(struct whole *w); /* of the newest SMS */

/* ---- an agent played by hand ---- */

struct hand {
    struct whole *w;
    struct pki_key *key, *seal;
    int64_t id, time;
    json_t *last; /* the last answer */
};
struct hand hand_new(struct whole *w);
void hand_free(struct hand *h);
enum err hand_fetch(struct hand *h, const char *ticket, const char *code);
/* One signed call; `body` is JSON. Time goes on by itself. */
enum err hand_call(struct hand *h, const char *call, const char *body);
/* The same with everything given: for the refusals. */
enum err hand_raw(struct hand *h, const struct pki_key *key, const char *call, int64_t time,
                  const char *signed_body, const char *sent_body);
const char *hand_step(struct hand *h); /* of the last answer */

/* ---- states ---- */

int whole_ukey(struct whole *w);
int whole_certificate(struct whole *w, struct certificate *out);
struct order whole_order(struct whole *w);

#endif
