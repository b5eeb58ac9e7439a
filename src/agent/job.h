/* One job from fetch to finish: the loop over steps, and what steps share.
 *
 * The server names kind and step; what happens then stands in the table of kinds (kinds.c) and nowhere else. A
 * kind or step that is not in the table is refused. */
#ifndef CERTHALL_AGENT_JOB_H
#define CERTHALL_AGENT_JOB_H

#include "agent/ask.h"
#include "agent/conf.h"
#include "agent/wire.h"
#include "base/json.h"
#include "token/token.h"

enum { JOB_KEYS_MAX = 16 }; /* UKeys that one answer tells of (docs/agent-protocol.md) */

enum job_outcome { JOB_DONE, JOB_CANCELLED, JOB_FAILED };

/* Where keys are plugged in. */
enum job_where { JOB_USER, JOB_BENCH, JOB_MAKER, JOB_PLACES };

struct job;

struct step {
    const char *name;
    /* Write the answer's members into `out` (an open object). May be called again for the same step. */
    enum err (*run)(struct job *j, const json_t *data, struct json_out *out, struct err_info *e);
};

struct kind {
    const char *name;
    enum text what;
    int bench;        /* only where the configuration says bench = yes */
    int needs_serial; /* about.serial must be there */
    int needs_order;
    enum job_where where; /* of about.serial */
    const struct step *step;
    size_t steps;
};
/* NULL when there is no such kind. */
const struct kind *kind_find(const char *name);

/* What a job reports while it goes on; may be NULL. */
typedef void job_say(void *self, const char *line);

struct job_options {
    const struct agent_conf *conf;
    const struct agent_server *server;
    enum lang lang;
    const char *ticket, *code; /* one of them */
    int no_browser;            /* the finish address is handed out instead of opened */
    job_say *say;
    void *say_self;
    int key_ms;      /* how long a key is waited for; 0: 10 minutes */
    int patience_ms; /* 0: 5 minutes; wire.h */
    int claim_ms;    /* how long the finish page is given before the code is shown; 0: 20 seconds */
};

struct job_report {
    char id[65];
    const char *kind; /* NULL when the job could not be fetched */
    enum job_outcome outcome;
    const char *finish;  /* address of the finish page; NULL: none */
    const char *code;    /* 6 digits; NULL: none */
    struct err_info why; /* of JOB_FAILED */
};

/* Run the whole job. Texts of the report live in the arena. ERR_OK also for a cancelled or failed one: `out` tells. */
NODISCARD enum err job_run(struct arena *a, const struct job_options *o, struct job_report *out,
                           struct err_info *e);

/* ---- for the steps ---- */

struct job {
    const struct job_options *o;
    struct arena *arena; /* lives as long as the job */
    struct wire *wire;
    const struct kind *kind;
    char id[65];
    const char *order, *revision, *serial, *institution; /* about; NULL when absent */
    const char *step;
    int plugged; /* how many UKeys there were, where they were too many; 0: they were not */
    struct ask ask;
    struct token_place *place[JOB_PLACES];
    struct token *token; /* the key the job is about, once opened */
    char token_serial[TOKEN_SERIAL_MAX + 1];
    int logged_in;
    struct token_pin
        pin; /* produce: the random user PIN until the job ends; activate: the new one */
    int has_pin;
    int rotated;         /* activate: the admin PIN may have been changed in this job */
    uint8_t csr_sum[32]; /* produce: SHA-256 of the CSR made in this job */
    int has_csr;
    char certificate_sum[65]; /* produce: hex SHA-256 of the certificate read back */
    int64_t attached_until;   /* attach: monotonic; 0: not begun */
};

enum err job_refuse(struct err_info *e, const char *why);
NODISCARD enum err job_place(struct job *j, enum job_where where, struct token_place **out,
                             struct err_info *e);
/* `where` member of a step's data: "bench" or anything else for the user's. */
enum job_where job_where_of(const json_t *data);
/* Tell the page where things stand; its answer may be that the person gave up there (ERR_AGENT_CANCELLED). */
NODISCARD enum err job_progress(struct job *j, const char *state, const char *serial,
                                struct err_info *e);
/* j->token is this key, plugged in: waits for it. */
NODISCARD enum err job_token(struct job *j, enum job_where where, const char *serial,
                             struct err_info *e);
/* Wait until some key is there; ERR_TOKEN_REMOVED when none came. */
NODISCARD enum err job_any_key(struct job *j, enum job_where where, struct err_info *e);
/* Log in to `t` with the PIN the person enters; wrong ones are asked again while tries are left. The PIN is kept in
 * *keep when it is not NULL. */
NODISCARD enum err job_login(struct job *j, struct token *t, struct token_pin *keep,
                             struct err_info *e);
/* The container with a certificate (the newest). ERR_TOKEN_NO_KEY when there is none. */
NODISCARD enum err job_container(struct token *t, struct arena *a, const char **name,
                                 struct bytes *certificate, struct err_info *e);
/* Sign the agent's bytes for `op` with j->token: challenge and ukey, and order and certificate where not NULL. */
NODISCARD enum err job_sign(struct job *j, const char *op, const char *container,
                            const char *challenge, const char *order, const char *certificate,
                            struct bytes *out, struct err_info *e);
/* Unseal a {version, sealed} of the kmc for j->serial. */
NODISCARD enum err job_unseal(struct job *j, const json_t *from, int64_t *version,
                              struct token_pin *out, struct err_info *e);
/* Open the finish page in the browser, or hand its address out. */
NODISCARD enum err job_open_finish(struct job *j, const char *token, char **address,
                                   struct err_info *e);
void job_say_line(struct job *j, const char *line);

/* "p256", "sm2", "rsa2048", as the protocol writes them; 0 for another. */
int key_alg_from_text(const char *text, enum token_alg *out);
/* A key as the protocol shows it; all of a place as member `keys` (ERR_JOB_MANY_KEYS{count, max}). */
NODISCARD enum err key_write(struct token_place *p, const struct token_info *info,
                             struct json_out *out, const char *member, struct err_info *e);
NODISCARD enum err keys_write(struct job *j, struct token_place *p, struct json_out *out,
                              struct err_info *e);
/* The key j->token as member `key`. */
NODISCARD enum err job_key_write(struct job *j, struct json_out *out, struct err_info *e);

/* Step functions, in job_user.c, job_activate.c, job_bench.c. */
enum err step_identify(struct job *j, const json_t *data, struct json_out *out, struct err_info *e);
enum err step_confirm(struct job *j, const json_t *data, struct json_out *out, struct err_info *e);
enum err step_keys(struct job *j, const json_t *data, struct json_out *out, struct err_info *e);
enum err step_login(struct job *j, const json_t *data, struct json_out *out, struct err_info *e);
enum err step_self_test(struct job *j, const json_t *data, struct json_out *out,
                        struct err_info *e);
enum err step_change_pin(struct job *j, const json_t *data, struct json_out *out,
                         struct err_info *e);
enum err step_diagnose(struct job *j, const json_t *data, struct json_out *out, struct err_info *e);
enum err step_key(struct job *j, const json_t *data, struct json_out *out, struct err_info *e);
enum err step_first_pin(struct job *j, const json_t *data, struct json_out *out,
                        struct err_info *e);
enum err step_activate_test(struct job *j, const json_t *data, struct json_out *out,
                            struct err_info *e);
enum err step_bench_key(struct job *j, const json_t *data, struct json_out *out,
                        struct err_info *e);
enum err step_initialise(struct job *j, const json_t *data, struct json_out *out,
                         struct err_info *e);
enum err step_csr(struct job *j, const json_t *data, struct json_out *out, struct err_info *e);
enum err step_maker(struct job *j, const json_t *data, struct json_out *out, struct err_info *e);
enum err step_write(struct job *j, const json_t *data, struct json_out *out, struct err_info *e);
enum err step_prove(struct job *j, const json_t *data, struct json_out *out, struct err_info *e);
enum err step_wipe(struct job *j, const json_t *data, struct json_out *out, struct err_info *e);

#endif
