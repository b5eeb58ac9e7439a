/* The ca's side. */
#include "ca/hsm_priv.h"

#include "base/sys.h"
#include "pki/digest.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct ca_hsm {
    pthread_mutex_t lock; /* one request is under way */
    int line;
    pid_t pid;
};

struct hsm_signer {
    struct pki_signer face;
    struct ca_hsm *hsm;
    struct pki_pub *pub;
    uint8_t number;
};

/* ---- its life ---- */

static _Noreturn void become_child(int line, const char *module, pid_t parent)
{
    static const int usual[] = {SIGCHLD, SIGALRM, SIGSEGV, SIGBUS, SIGSYS};
    sigset_t none;
    sigemptyset(&none);
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        signal(usual[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_IGN); /* these are for the ca, which closes the line */
    signal(SIGTERM, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(line, 3) != 3 || close_range(4, ~0u, 0) != 0)
        _exit(1);
    hsm_child(3, module);
}

enum err ca_hsm_start(const char *module, struct ca_hsm **out, struct err_info *e)
{
    int line[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line))
        return err_set(e, ERR_INTERNAL, NULL, "socketpair: %s", strerror(errno));
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become_child(line[1], module, parent);
    close(line[1]);
    if (pid < 0) {
        close(line[0]);
        return err_set(e, ERR_INTERNAL, NULL, "fork: %s", strerror(errno));
    }
    struct ca_hsm *h = mem_alloc(sizeof *h);
    *h = (struct ca_hsm){.line = line[0], .pid = pid};
    pthread_mutex_init(&h->lock, NULL);
    *out = h;
    return ERR_OK;
}

void ca_hsm_free(struct ca_hsm *h)
{
    if (!h)
        return;
    close(h->line);
    waitpid(h->pid, NULL, 0);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

/* ---- a request ---- */

static enum err away(struct err_info *e)
{
    err_set(e, ERR_HSM, NULL, "the process with the HSM's module does not answer");
    err_arg(e, "why", "the process with its module ended or hangs; it is started again");
    return ERR_HSM;
}

/* What it says went wrong; its codes are believed where they are ours. */
static enum err refused(struct bytes answer, struct err_info *e)
{
    int code = answer.p[0] << 8 | answer.p[1];
    char why[160];
    size_t n = answer.n - 2 < sizeof why - 1 ? answer.n - 2 : sizeof why - 1;
    memcpy(why, answer.p + 2, n);
    why[n] = '\0';
    if (code != ERR_HSM_PIN && code != ERR_KEY_UNSUPPORTED)
        code = ERR_HSM;
    err_set(e, (enum err)code, NULL, "%s", why);
    err_arg(e, "why", "%s", why);
    return (enum err)code;
}

static enum err ask(struct ca_hsm *h, const struct buf *request, struct arena *a,
                    struct bytes *answer, struct err_info *e)
{
    uint8_t message[HSM_MESSAGE_MAX];
    ssize_t n = -1;
    pthread_mutex_lock(&h->lock);
    if (!request->full &&
        send(h->line, request->p, request->n, MSG_NOSIGNAL) == (ssize_t)request->n)
        do
            n = recv(h->line, message, sizeof message, 0);
        while (n < 0 && errno == EINTR);
    pthread_mutex_unlock(&h->lock);
    if (n < 2)
        return away(e);
    *answer = arena_bytes(a, message, (size_t)n);
    if (answer->p[0] || answer->p[1])
        return refused(*answer, e);
    answer->p += 2;
    answer->n -= 2;
    return ERR_OK;
}

/* ---- signers ---- */

/* A signature of somebody else's library is looked at before it leaves. */
static enum err hsm_sign(const struct pki_signer *face, struct bytes msg, struct arena *a,
                         struct bytes *sig, struct err_info *e)
{
    const struct hsm_signer *s = (const struct hsm_signer *)face;
    uint8_t digest[DIGEST_LEN];
    _auto_buf request;
    digest_sha256(msg, digest);
    buf_init(&request, HSM_MESSAGE_MAX);
    buf_byte(&request, HSM_SIGN);
    buf_byte(&request, s->number);
    buf_put(&request, digest, sizeof digest);
    TRY(ask(s->hsm, &request, a, sig, e));
    return pki_verify(s->pub, msg, *sig, e);
}

static void hsm_signer_free(struct pki_signer *face)
{
    struct hsm_signer *s = (struct hsm_signer *)face;
    pki_pub_free(s->pub);
    free(s);
}

static struct bytes text(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

enum err ca_hsm_signer(struct ca_hsm *h, const char *token, const char *label, const char *pin,
                       struct pki_signer **out, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(pki_pub) pub = NULL;
    _auto_buf request;
    struct bytes answer;
    buf_init(&request, HSM_MESSAGE_MAX);
    buf_byte(&request, HSM_OPEN);
    hsm_put(&request, text(token));
    hsm_put(&request, text(label));
    hsm_put(&request, text(pin));
    TRY(ask(h, &request, a, &answer, e));
    if (answer.n < 2)
        return away(e);
    TRY(pki_pub_load((struct bytes){answer.p + 1, answer.n - 1}, &pub, e));
    struct hsm_signer *s = mem_alloc(sizeof *s);
    *s = (struct hsm_signer){.hsm = h, .pub = steal(&pub), .number = answer.p[0]};
    s->face = (struct pki_signer){.pub = s->pub, .sign = hsm_sign, .free = hsm_signer_free};
    *out = &s->face;
    return ERR_OK;
}
