/* Jobs: what a page asks of the agent on the user's PC or on the maker's bench (design §6, docs/agent-protocol.md).
 *
 * A job is made by a browser session, which gets a link with a ticket (128 bits, one use, 2 minutes) and a short code (8
 * base32 characters, 5 minutes). The first fetch binds it to two one-time keys of the agent; every later
 * request is signed by the first. When the steps are done the agent gets a token for the finish page and six digits: the
 * job's effect comes only when one of them is shown by the browser session that made the job, whoever did the steps.
 * Nothing that could be shown again is kept: tickets and codes as keyed hashes, the finish token is reckoned anew.
 *
 * All limits run on machine time. Acts in the audit: job.make (where somebody is signed in), job.fetch, job.done, job.failed. Live topic "job:<id>". */
#ifndef CERTHALL_HALL_JOB_H
#define CERTHALL_HALL_JOB_H

#include "base/json.h"
#include "hall/hall.h"
#include "hall/production/production.h"

enum job_kind {
    JOB_IDENTIFY,
    JOB_ATTACH,
    JOB_LOGIN,
    JOB_ACTIVATE,
    JOB_CHANGE_PIN,
    JOB_DIAGNOSE,
    JOB_SELF_TEST,
    JOB_PRODUCE,
    JOB_WIPE,
    JOB_KINDS
};
const char *job_kind_text(enum job_kind k); /* "self_test": wire, rows and docs/openapi.yaml */
int job_kind_from_text(const char *text, enum job_kind *out); /* 1 when known */

/* WAITING not fetched, RUNNING, PULLED the key was pulled, FINISHING the agent is done and the browser is not, DONE. */
enum job_state {
    JOB_WAITING,
    JOB_RUNNING,
    JOB_PULLED,
    JOB_FINISHING,
    JOB_DONE,
    JOB_FAILED,
    JOB_EXPIRED,
    JOB_CANCELLED
};
const char *job_state_text(enum job_state s); /* "waiting" */

enum {
    JOB_TICKET_MS = 2 * TIME_MINUTE,
    JOB_CODE_MS = 5 * TIME_MINUTE,
    JOB_LIFE_MS = 60 * TIME_MINUTE, /* from making it; attach: 8 hours */
    JOB_ATTACH_MS = 8 * TIME_HOUR,
    JOB_FINISH_MS = 10 * TIME_MINUTE,  /* from the agent's result to the browser */
    JOB_TIME_OFF_MS = 5 * TIME_MINUTE, /* how far X-Agent-Time may be from ours */
    JOB_FINISH_TRIES = 5,              /* wrong six digits before the job is over */
    JOB_KEYS_MAX = 16,                 /* UKeys that one answer tells of (docs/agent-protocol.md) */
};

struct job {
    int64_t id, version;
    enum job_kind kind;
    enum job_state state;   /* as of now: one whose time is over is EXPIRED */
    int64_t account, staff; /* who made it; both 0: nobody signed in yet */
    const char *project;
    int64_t order;      /* 0: none */
    const char *serial; /* of the UKey it is about; "" any */
    const char *step;   /* of the protocol; "" before it was fetched */
    int64_t made_at, ticket_until, code_until, ends_at; /* machine time */
    const char *progress; /* "waiting_key", "pulled", "asking_pin", "working"; "" */
    const char *agent;    /* version; "" */
    const char *problem;  /* public code of what went wrong: "token.locked"; "" */
    int plugged;          /* job.many_keys: how many UKeys are plugged in; 0: not told */
    int waits_for_ca;
    const char *result; /* JSON: keys, checks … of identify, attach, diagnose, self_test; "" */
    int finish_code;    /* the page may ask for the six digits */
    const char *ticket, *code; /* only in the answer that made them; NULL otherwise */
};

/* `browser`: the secret by which a browser session is known again: for the portal the value of a cookie of its own
 * (random, 256 bits, HttpOnly; set before a job is made and not changed by signing in), for the console the session
 * token. Never empty. ERR_NOT_FOUND for a job of another browser, as if there were none. */
struct job_new {
    enum job_kind kind;
    const char *browser;
    const char *project;
    int64_t order;      /* produce */
    const char *serial; /* activate; others may name one; NULL or "": any */
    int64_t sms;        /* activate: a verified job_sms of this account and UKey */
};
/* tx->who says for whom: applicant, staff, or the system where nobody is signed in (login, identify, diagnose). Earlier
 * jobs of the same browser and kind that were not fetched are cancelled. ERR_JOB_KIND{who}: this kind is not for him;
 * ERR_JOB_SMS; ERR_JOB_UKEY{serial}: not his, or not in a state for this; ERR_MAKE_CHECKS; ERR_REVIEW_FOUR_EYES;
 * ERR_UKEY_NONE_LEFT; ERR_JOB_MAKER_UKEY: the maker has no UKey of his own. */
NODISCARD enum err job_make(struct hall_tx *tx, const struct job_new *n, struct job *out,
                            struct err_info *e);
NODISCARD enum err job_get(struct hall_tx *tx, int64_t id, const char *browser, struct job *out,
                           struct err_info *e);
/* The newest job of an order, any browser: what the bench shows. Without ticket. */
NODISCARD enum err job_of_order(struct hall_tx *tx, int64_t order, struct job *out, int *found,
                                struct err_info *e);
/* A new ticket and code; the old ones die, and so does what an earlier agent was bound to. ERR_JOB_OVER. */
NODISCARD enum err job_ticket(struct hall_tx *tx, int64_t id, const char *browser, struct job *out,
                              struct err_info *e);
NODISCARD enum err job_cancel(struct hall_tx *tx, int64_t id, const char *browser, struct job *out,
                              struct err_info *e);

/* ---- the effect ---- */

struct job_finished {
    struct job job;
    const char *href;    /* where the page goes on; NULL: stays */
    int64_t account;     /* login: who is signed in now; 0: no login */
    const char *session; /* login: the session token for the cookie (hall/session) */
};
/* Both keep their own transactions (a wrong try counts). `who`: as job_make had it. The same token or digits again: the
 * same answer but for the session. ERR_JOB_OTHER_BROWSER: right token, wrong browser session: nothing happens;
 * ERR_JOB_FINISH: unknown, used up or too late; ERR_JOB_CODE{left}: wrong digits. */
NODISCARD enum err job_finish(const struct hall *h, const struct actor *who, const char *browser,
                              const char *token, struct arena *a, struct job_finished *out,
                              struct err_info *e);
NODISCARD enum err job_finish_code(const struct hall *h, const struct actor *who,
                                   const char *browser, int64_t id, const char *typed,
                                   struct arena *a, struct job_finished *out, struct err_info *e);

/* ---- the code by SMS that authorises a first PIN (§10.5 T4) ---- */

struct job_sms {
    int64_t id;
    const char *to; /* masked */
    int verified;
    int64_t expires_at, resend_at; /* machine time */
    int tries_left;
};
/* To the mobile of the account that acts. `text`: of the project, with {code} and {minutes}. ERR_JOB_UKEY, ERR_LIMITED. */
NODISCARD enum err job_sms_send(struct hall_tx *tx, const char *browser, const char *serial,
                                const char *text, struct job_sms *out, struct err_info *e);
/* Keeps its own transactions. ERR_OTP_WRONG{left}, ERR_OTP_GONE, ERR_NOT_FOUND. Verified, it is good for one job within
 * 10 minutes. */
NODISCARD enum err job_sms_verify(const struct hall *h, const struct actor *who,
                                  const char *browser, int64_t id, const char *typed,
                                  struct arena *a, struct job_sms *out, struct err_info *e);

/* ---- quality check (F3): by the label and by an identify job that has read the same key ---- */

struct job_quality {
    int64_t order;
    int passed;
    const char *scanned; /* serial from the label; needed to pass */
    int64_t job; /* identify job of this browser that saw exactly this UKey; needed to pass */
    const char *reason; /* needed where it did not pass */
    const char *browser;
};
/* Not passed: the UKey is scrapped as by job_scrap; certificate_push afterwards. ERR_MAKE_LABEL{serial}, ERR_MAKE_PROOF, ERR_REVIEW_REASON, and those of order_apply. */
NODISCARD enum err job_quality_check(struct hall_tx *tx, const struct job_quality *q,
                                     struct err_info *e);
/* The UKey died while it was made: it is scrapped, its certificate revoked, and the order waits for another. Begins its own
 * transactions; asks the ca what became of an open request. ERR_REVIEW_REASON; ERR_JOB_UKEY{serial}: not the order's (it
 * was scrapped before); ERR_TASK_TAKEN{who}: another maker is at it; ERR_UNAVAILABLE: the ca must answer first. */
struct job_scrap {
    int64_t order;
    const char *serial; /* of the UKey that the maker saw */
    const char *reason;
};
NODISCARD enum err job_scrap(const struct hall *h, const struct actor *who,
                             const struct job_scrap *s, struct arena *a, struct err_info *e);
/* The order as production sees it: the four checks and the four eyes for who acts. */
NODISCARD enum err job_production_facts(struct hall_tx *tx, int64_t order,
                                        struct production_facts *out, struct err_info *e);

/* ---- the agent's side, called by src/agentapi ---- */

struct job_fetch {
    const char *ticket, *code;        /* exactly one */
    struct bytes agent_key, seal_key; /* 65 octets each */
    const char *version;
    const char *address; /* of the caller: short codes are limited by it */
};
/* Keeps its own transactions. The answer of docs/agent-protocol.md is written to `j`. ERR_TICKET for a wrong, used or late
 * one alike, ERR_LIMITED. */
NODISCARD enum err job_agent_fetch(const struct hall *h, const struct job_fetch *f, struct arena *a,
                                   struct json_out *j, struct err_info *e);

struct job_signed {
    int64_t id;
    const char *method, *path;    /* "POST", "/api/v1/agent/jobs/…/step" */
    const char *time, *signature; /* the headers as they came; NULL where absent */
    struct bytes body;            /* what was signed */
    const json_t *in;             /* the same, parsed */
};
/* Step and result, with their own transactions and calls to ca and kmc in between. ERR_AGENT_SIGNATURE for whatever is
 * wrong with key, time or signature; ERR_UNAVAILABLE: ca or kmc is away, the agent asks again; other errors mean
 * that the answer was refused and the step is still to be done. */
NODISCARD enum err job_agent_step(const struct hall *h, const struct job_signed *r, struct arena *a,
                                  struct json_out *j, struct err_info *e);
NODISCARD enum err job_agent_result(const struct hall *h, const struct job_signed *r,
                                    struct arena *a, struct json_out *j, struct err_info *e);

/* ---- JSON, and what runs by itself ---- */

/* Job of docs/openapi.yaml; link and short code where the job has them. */
NODISCARD enum err job_write(struct hall_tx *tx, const struct job *job, struct json_out *j,
                             const char *key, struct err_info *e);
/* Jobs over for a day go. */
NODISCARD enum err job_prune(struct hall_tx *tx, struct err_info *e);

#endif
