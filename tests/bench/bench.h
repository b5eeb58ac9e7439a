/* What the benches share: what bare OpenSSL costs, and a ca with certificates to make. */
#ifndef CERTHALL_BENCH_H
#define CERTHALL_BENCH_H

#include "ca_fixture.h"

enum { BENCH_ROUNDS = 7 };

double bench_median(const double *value, size_t n);
double bench_process_cpu(void); /* seconds of user and system time of this process so far */
double bench_thread_cpu(void);  /* seconds of the calling thread so far */

/* Seconds of one P-256 signature and one verification of a finished digest by OpenSSL, contexts reused: the least it can
 * cost. Measured anew at each call, about 0.3 s. */
struct bench_raw {
    double sign, verify;
};
struct bench_raw bench_raw_p256(void);

/* Requests that are ready to be sent to the ca: each with a fresh key, a signed CSR and both kinds of evidence. */
struct bench_orders {
    struct ca_request *request;
    struct ca_answer *answer; /* serial and issuer are kept, the certificate is not */
    size_t n;
};
struct bench_orders bench_orders_prepare(struct ca_fixture *f, size_t first, size_t n);
void bench_orders_free(struct bench_orders *o);

/* What is counted is the CPU of this process from the moment when all threads stand ready: everything that the ca does in
 * the threads of who asks, in the signers' and in the writer's, the kernel's part of it (log, fdatasync, checkpoints, waking)
 * included. Of the bench's own there is in it an arena for each request, and a few threads that begin requests and take up
 * what is done, as httpd's workers do. What is not counted: making the requests, and reading them off the socket. */
struct bench_issued {
    double cpu; /* seconds of the process */
    double
        clients; /* the part of it in the threads of who asks; the rest is the writer's and the signers' */
    double wall;
};
/* Issue them all with so many in flight. Ends the program where one is refused. */
struct bench_issued bench_issue(struct ca_fixture *f, struct bench_orders *o, int in_flight);

#endif
