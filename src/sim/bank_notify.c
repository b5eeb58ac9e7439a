#include "sim/bank_http.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "httpc/httpc.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 1000, CALL_MS = 5000, ANSWER_MAX = 4096 };

struct bank_caller {
    struct bank *bank;
    struct httpc *client;
    pthread_t thread;
    atomic_int end;
};

/* The merchant took it when the answer is the word `success` (spaces around it allowed). */
static int says_success(struct bytes body)
{
    const char *s = (const char *)body.p;
    s += strspn(s, " \r\n\t");
    return strncmp(s, "success", 7) == 0 && s[7 + strspn(s + 7, " \r\n\t")] == '\0';
}

static int call(struct bank_caller *c, struct arena *a, const struct bank_notice *n)
{
    struct err_info e;
    struct httpc_answer answer;
    struct httpc_request r = {
        .path = n->url,
        .content_type = "application/x-www-form-urlencoded",
        .body = {(const uint8_t *)n->body, strlen(n->body)},
    };
    if (httpc_send(c->client, a, &r, &answer, &e) != ERR_OK) {
        log_line(LOG_LEVEL_WARN, "notify", "%s", e.detail);
        return 0;
    }
    int ok = answer.status == 200 && says_success(answer.body);
    log_line(LOG_LEVEL_INFO, "notify", "status %d, %s", answer.status, ok ? "taken" : "not taken");
    return ok;
}

static void *run(void *arg)
{
    struct bank_caller *c = arg;
    while (!atomic_load(&c->end)) {
        _auto(arena) a = arena_new();
        struct bank_notice n;
        if (!bank_next_notice(c->bank, WAIT_MS, a, &n))
            continue;
        int taken = call(c, a, &n);
        boundary(BOUNDARY_BANK_CALLED);
        bank_notified(c->bank, n.payment, taken);
    }
    return NULL;
}

enum err bank_caller_start(struct bank *b, struct bank_caller **out, struct err_info *e)
{
    struct bank_caller *c = mem_alloc(sizeof *c);
    c->bank = b;
    c->client = httpc_new(&(struct httpc_options){
        .service = "merchant", .timeout_ms = CALL_MS, .answer_max = ANSWER_MAX});
    int failed = pthread_create(&c->thread, NULL, run, c);
    if (!failed) {
        *out = c;
        return ERR_OK;
    }
    httpc_free(c->client);
    free(c);
    return err_set(e, ERR_IO, NULL, "no thread: %s", strerror(failed));
}

void bank_caller_free(struct bank_caller *c)
{
    if (!c)
        return;
    atomic_store(&c->end, 1);
    bank_wake(c->bank);
    pthread_join(c->thread, NULL);
    httpc_free(c->client);
    free(c);
}
