/* certhall-sim: the outside world, as strict as the real one. */
#include "sim/bank_http.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "base/text.h"
#include "sandbox/sandbox.h"

#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, PORT = 8082 };

static const char help[] =
    "certhall-sim: the outside world of a certificate hall, for demos and tests\n"
    "\n"
    "  certhall-sim bank --config-dir DIR [--port P] [--host ADDRESS]\n"
    "      A bank with corporate net-banking. DIR keeps its key (bank-key.pem, bank-pub.pem, made when absent),\n"
    "      its merchants (merchants.json: [{\"id\", \"name\", \"public_key\"}]) and its books (bank.jsonl).\n"
    "      --port 0 takes any free port and prints it; without --port: 8082. Without --host: 127.0.0.1.\n"
    "      Pages: /pay for who pays, /control for how the bank is to misbehave next (this machine only).\n"
    "\n"
    "  Example:  certhall-sim bank --config-dir ~/bank --port 8082\n"
    "\n"
    "  --help, --version\n"
    "  Exit status: 0 done, 1 failed, 2 wrong usage.\n";

struct bank_options {
    const char *folder, *host;
    int64_t port;
};

static int usage(const char *what)
{
    fprintf(stderr, "certhall-sim: %s; see certhall-sim --help\n", what);
    return EXIT_USAGE;
}

static int failed(const struct err_info *e)
{
    fprintf(stderr, "certhall-sim bank: %s: %s\n", err_code_text(e->code), e->detail);
    return EXIT_FAILED;
}

static int read_options(int argc, char **argv, struct bank_options *o)
{
    static const struct option known[] = {{"port", required_argument, NULL, 'p'},
                                          {"config-dir", required_argument, NULL, 'd'},
                                          {"host", required_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    opterr = 0;
    *o = (struct bank_options){.host = "127.0.0.1", .port = PORT};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 'p' && !text_to_int(optarg, 0, 65535, &o->port))
            return usage("--port takes a number from 0 to 65535");
        else if (c == 'd')
            o->folder = optarg;
        else if (c == 'h')
            o->host = optarg;
        else if (c == '?')
            return usage("unknown option, or a value is missing");
    }
    if (optind < argc)
        return usage("too many arguments");
    return o->folder ? EXIT_DONE : usage("bank needs --config-dir");
}

static enum err serve(const struct bank_options *o, const sigset_t *until, struct err_info *e)
{
    _auto(bank) b = NULL;
    _auto(bank_caller) caller = NULL;
    struct sandbox_folders folders = {.port = {(int)o->port}, .ports_n = 1};
    boundary_arm(o->folder);
    sandbox_own(&folders, o->folder);
    TRY(sandbox_close_folders(&folders, e));
    TRY(bank_open(o->folder, &b, e));
    _auto(httpd) s =
        httpd_new(&(struct httpd_options){.workers = 2, .csp = bank_csp, .connections_max = 256});
    bank_mount(s, b);
    struct httpd_listen l = {.host = o->host, .port = (int)o->port};
    TRY(httpd_listen(s, &l, e));
    TRY(httpd_start(s, e));
    TRY(bank_caller_start(b, &caller, e));
    TRY(sandbox_calls(SANDBOX_NETWORK, e));
    printf("bank ready: http://%s:%d/\n", o->host, httpd_port(s, 0));
    fflush(stdout);
    int sig;
    sigwait(until, &sig);
    return ERR_OK;
}

static int run_bank(int argc, char **argv)
{
    struct bank_options o;
    int code = read_options(argc, argv, &o);
    if (code != EXIT_DONE)
        return code;
    /* blocked before any thread is made, so that only sigwait sees them */
    sigset_t until;
    sigemptyset(&until);
    sigaddset(&until, SIGTERM);
    sigaddset(&until, SIGINT);
    pthread_sigmask(SIG_BLOCK, &until, NULL);
    signal(SIGPIPE, SIG_IGN);
    struct err_info e;
    return serve(&o, &until, &e) == ERR_OK ? EXIT_DONE : failed(&e);
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    if (strcmp(verb, "--help") == 0 || (argc > 2 && strcmp(argv[2], "--help") == 0)) {
        fputs(help, stdout);
        return EXIT_DONE;
    }
    if (strcmp(verb, "--version") == 0) {
        puts("certhall-sim " CERTHALL_VERSION);
        return EXIT_DONE;
    }
    if (strcmp(verb, "bank") == 0)
        return run_bank(argc - 1, argv + 1);
    return usage(*verb ? "unknown verb" : "which verb?");
}
