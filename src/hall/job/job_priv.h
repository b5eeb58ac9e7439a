/* For the files of this folder: the row of a job with what nobody outside sees, and the tables of kinds and steps. */
#ifndef CERTHALL_HALL_JOB_PRIV_H
#define CERTHALL_HALL_JOB_PRIV_H

#include "hall/certificate/certificate.h"
#include "hall/job/job.h"
#include "hall/job/job_sql.h"
#include "hall/order/order.h"
#include "store/store.h"

enum { JOB_SECRET_MAX = 128, JOB_RESULT_MAX = 48 * 1024, JOB_KEY_LEN = 65, JOB_CHALLENGE_LEN = 32 };

struct job_row {
    struct job j;
    struct bytes browser; /* index of the browser's secret */
    struct bytes agent_key, seal_key, nonce;
    int64_t sms, last_time, finish_until;
    int finish_tries;
    const char *staff_name, *staff_role;
    const char *data; /* JSON object */
};

/* ---- rows (row.c) ---- */

/* ERR_NOT_FOUND. The state is that of now. */
NODISCARD enum err job_load(struct hall_tx *tx, int64_t id, struct job_row *out,
                            struct err_info *e);
/* The same where it is this browser's. */
NODISCARD enum err job_load_of(struct hall_tx *tx, int64_t id, const char *browser,
                               struct job_row *out, struct err_info *e);
/* Guarded by version (ERR_CONFLICT), told to the page. */
NODISCARD enum err job_store(struct hall_tx *tx, struct job_row *row, struct err_info *e);
NODISCARD enum err job_audit(struct hall_tx *tx, const char *act, const struct job_row *row,
                             const char *value, struct err_info *e);
int job_is_over(enum job_state s);    /* nothing more will happen */
int job_is_at_work(enum job_state s); /* waiting, running or pulled */
int job_of_staff(const struct job_row *row);
/* A text member of row->data; "" where there is none. And set one. */
const char *job_data(struct arena *a, const struct job_row *row, const char *key);
void job_data_set(struct arena *a, struct job_row *row, const char *key, const char *value);

/* ---- secrets (secret.c) ---- */

struct bytes job_index(const struct hall *h, struct arena *a, const char *what, const char *secret);
const char *job_random(struct arena *a, size_t n); /* base64url */
const char *job_random_code(struct arena *a);      /* 8 base32 characters */
/* "<id>-<mac>": what the finish page posts. */
const char *job_finish_token(const struct hall *h, struct arena *a, const struct job_row *row);
const char *job_finish_digits(const struct hall *h, struct arena *a, const struct job_row *row);

/* ---- kinds and steps ---- */

struct job_work {
    const struct hall *h;
    struct arena *a;
    struct actor who; /* the agent, for whom the job was made */
    struct job_row row;
    int stay; /* set by apply: the step is asked again */
};

struct job_step {
    const char *name;    /* of the protocol */
    const char *text[2]; /* what the page calls it */
    /* Members of the step's data. No transaction; may call ca or kmc; may be called again. NULL: none. */
    enum err (*show)(struct job_work *w, struct json_out *j, struct err_info *e);
    /* Look at the answer. No transaction; may call the kmc. NULL: nothing to look at. */
    enum err (*check)(struct job_work *w, const json_t *in, struct err_info *e);
    /* Keep it: in the transaction that leaves the step. May run again after a conflict. NULL: nothing. */
    enum err (*apply)(struct job_work *w, struct hall_tx *tx, const json_t *in, struct err_info *e);
};

struct job_rules {
    const char *name;
    const char *title[2];
    int anonymous, applicant; /* who may make one */
    unsigned roles;           /* set of enum staff_role */
    int64_t life_ms;
    const struct job_step *step;
    size_t steps;
    /* When the browser has shown that it is the one: in its transaction, by who is signed in there. NULL: none. */
    enum err (*effect)(struct hall_tx *tx, struct job_row *row, struct job_finished *out,
                       struct err_info *e);
};
const struct job_rules *job_rules_of(enum job_kind k);
const struct job_step *job_step_of(const struct job_row *row); /* NULL: none, or done */

extern const struct job_step job_steps_identify[1], job_steps_attach[2], job_steps_login[1],
    job_steps_activate[3], job_steps_change_pin[1], job_steps_diagnose[1], job_steps_self_test[1],
    job_steps_produce[6], job_steps_wipe[1];
enum err job_effect_login(struct hall_tx *tx, struct job_row *row, struct job_finished *out,
                          struct err_info *e);
enum err job_effect_activate(struct hall_tx *tx, struct job_row *row, struct job_finished *out,
                             struct err_info *e);
enum err job_effect_produce(struct hall_tx *tx, struct job_row *row, struct job_finished *out,
                            struct err_info *e);
enum err job_effect_wipe(struct hall_tx *tx, struct job_row *row, struct job_finished *out,
                         struct err_info *e);

/* ---- what steps share (key.c) ---- */

NODISCARD enum err job_bad(struct err_info *e, const char *field, const char *why);
/* `key` of an answer is the UKey of the job: ERR_JOB_KEY_OTHER. */
NODISCARD enum err job_key_is(const struct job_work *w, const json_t *key, struct err_info *e);
/* Tries that the agent told of the UKey of who is signed in, or of the one at the bench, are noted with the job (of others,
 * and without a person, nothing is), and kept with the UKey once the browser has shown that it is the one, or the agent
 * says that it failed. */
void job_key_seen(struct hall_tx *tx, struct job_row *row, const json_t *key);
NODISCARD enum err job_keep_seen(struct hall_tx *tx, const struct job_row *row, struct err_info *e);
/* The signature over the agent's bytes for `op`: challenge and ukey, order and certificate where not NULL. */
NODISCARD enum err job_verify(const struct job_work *w, const char *op, const char *ukey,
                              const char *order, const char *certificate, struct bytes der,
                              struct bytes signature, struct err_info *e);
const char *job_id_text(struct arena *a, int64_t id);
/* A UKey as `order_input` wants it. */
NODISCARD enum err job_apply(struct hall_tx *tx, int64_t order, enum flow_event event,
                             uint64_t holds, enum flow_actor as, const char *serial,
                             const char *certificate, struct err_info *e);
/* K2 or the ca's refusal (`issued` NULL), once: the certificate itself stands in its row already. */
NODISCARD enum err job_ca_answered(struct hall_tx *tx, int64_t order, const char *serial,
                                   const struct certificate *issued, struct err_info *e);
int job_ca_away(enum err err); /* of certificate_fetch: no answer, so it may have issued or not */
/* The order's produce job is over, unless another maker is at it: ERR_TASK_TAKEN{who}. (make.c) */
NODISCARD enum err job_take_over(struct hall_tx *tx, int64_t order, struct err_info *e);
/* FUL_SCRAP of this UKey, in the caller's transaction. (scrap.c) */
NODISCARD enum err job_scrap_in(struct hall_tx *tx, int64_t order, const char *serial,
                                const char *reason, struct err_info *e);
/* PIN policy of the job's project as member `policy`. */
void job_write_policy(struct job_work *w, struct json_out *j);

#endif
