/* What an agent's test stands on: a folder with keys, a scripted pinentry, a configuration, and a double of the hall
 * that knows the protocol's calls (signature, times, one ticket) and lets the test play the steps. */
#ifndef CERTHALL_AGENT_WORLD_H
#define CERTHALL_AGENT_WORLD_H

#include "testing.h"

#include "agent/job.h"
#include "httpd/httpd.h"
#include "pki/key.h"

#define ORDER "2123587390927798368"
#define SERIAL "FX2600071182"
#define MAKER "ST2600000003"
#define TICKET "0123456789ABCDEFGHJKMN"

struct world;

/* Called for each answered step ("" for the fetch). Writes the next step's data into `out` (an open object) and
 * returns its name. Runs in the server's thread, while the test waits in job_run. */
typedef const char *play(struct world *w, const char *answered, const json_t *data,
                         struct json_out *out);

struct world {
    struct arena *a;
    struct err_info e;
    char folder[64], keys[96], bench[96], staff[96], conf_path[96];
    struct agent_conf conf;
    /* the double of the hall */
    struct httpd *server;
    int port;
    const char *kind, *serial, *revision;
    const char *alg; /* that a play asks for; NULL: "p256" */
    play *next;
    void (*on_progress)(struct world *w, const char *state);
    int with_code; /* the result is answered with a 6-digit code */
    int unclaimed; /* how many results are still answered with claimed: false */
    int busy;      /* how many requests are still refused with 503 */
    int limited;   /* every request is refused with 429 */
    int browser;   /* open the finish page; else its address is only handed out */
    int redirect;  /* every step is redirected */
    int key_ms;    /* how long a key is waited for; 0: 5 s */
    int requests, unsigned_requests;
    int64_t last_time;
    struct pki_pub *agent_key, *seal_key;
    char current[32];
    struct buf current_step; /* JSON of the step last given */
    struct buf traffic;      /* every body received */
    char outcome[16], code[64];
    int key_user_left; /* of the result's first key; -1: none */
    /* for plays */
    char challenge[64];
    struct buf note; /* whatever a play wants to keep */
    struct bytes certificate, public_key, csr;
    int flag;
};

int world_setup(void **state);
int world_teardown(void **state);
#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

/* Blank key of a folder, or one initialised with admin PIN ADMIN-one-1, user PIN right-pin-1 and, if asked, a
 * container "old" with a certificate. */
void world_blank(struct world *w, const char *folder, const char *serial);
void world_key(struct world *w, const char *folder, const char *serial, int certificate);
void world_place(struct world *w, const char *folder, struct token_place **p);
struct token_info world_info(struct world *w, const char *folder, const char *serial);
enum err world_try_pin(struct world *w, const char *folder, const char *serial, const char *pin);
enum err world_try_admin(struct world *w, const char *folder, const char *serial,
                         const char *admin);
struct token_pin world_pin(const char *text);

/* Lines for tools/pinentry-scripted; what it was told. */
void world_answers(struct world *w, const char *lines);
const char *world_dialogues(struct world *w);

/* A certificate over a public key; the SPKI of a certificate's key. */
struct bytes world_certificate(struct world *w, struct bytes spki);
/* {version, sealed} as the kmc writes it. */
void world_seal(struct world *w, struct json_out *out, const char *member, int version,
                const char *pin);
/* Base64 member of an answer into the world's arena. */
struct bytes world_bytes(struct world *w, const json_t *data, const char *key);
/* The signature in `data.signature` by the key of `certificate` over the agent's bytes. */
enum err world_check(struct world *w, const json_t *data, struct bytes certificate, const char *op,
                     const char *order, const char *certificate_sum);

/* Run a job by ticket. */
struct job_report world_run(struct world *w);
/* The same where the job itself cannot be had. */
enum err world_try(struct world *w, struct job_report *r);
const char *world_origin(struct world *w);

#endif
