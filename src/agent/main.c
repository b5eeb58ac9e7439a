/* certhall-agent: works with the UKey on the user's PC and on the maker's workstation (design §6).
 *
 * It opens no port: a link or a typed code names a job, which it fetches from a server of its own list. */
#include "agent/verbs.h"

#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static const char usage[] =
    "certhall-agent " CERTHALL_VERSION " - does a job of the service hall with your UKey\n"
    "\n"
    "  certhall-agent open LINK          a link of the page: certhall:<server>/<ticket>\n"
    "  certhall-agent code CODE          the 8-character job code of the page\n"
    "  certhall-agent key list           the UKeys that are plugged in\n"
    "  certhall-agent key create-blank SERIAL …   blank software UKeys in --folder\n"
    "  certhall-agent key staff SERIAL   on the bench: a maker's own UKey gets PIN and key; prints its CSR\n"
    "  certhall-agent key import SERIAL FILE      and then its certificate\n"
    "  certhall-agent doctor             check configuration, PIN window and UKeys\n"
    "\n"
    "  --config FILE   instead of " AGENT_CONF_DEFAULT " (demo servers on this machine only)\n"
    "  --server ID     which server of the configuration (default: the first)\n"
    "  --folder DIR    a folder of software UKeys\n"
    "  --algorithm A   key staff: P-256 (default), SM2 or RSA-2048, one that the ca has an issuer for\n"
    "  --no-browser    print the address of the last page instead of opening it\n"
    "  --json          one JSON object on standard output\n"
    "  --help  --version\n"
    "\n"
    "Example: certhall-agent code 7QF42KXM\n"
    "Exit status: 0 done, 1 failed or given up, 2 wrong usage.\n";

void cli_usage_text(FILE *to)
{
    fputs(usage, to);
}

int cli_usage(const char *why)
{
    fprintf(stderr, "certhall-agent: %s; see certhall-agent --help\n", why);
    return 2;
}

int cli_fail(const struct cli *c, const char *what, const struct err_info *e)
{
    char message[512], detail[sizeof e->detail];
    err_message(e, c->lang, message, sizeof message);
    snprintf(detail, sizeof detail, "%s", e->detail);
    text_calm(message);
    text_calm(detail);
    fprintf(stderr, "certhall-agent: %s: %s [%s]%s%s%s\n", what, message, err_code_text(e->code),
            detail[0] ? " (" : "", detail, detail[0] ? ")" : "");
    return 1;
}

struct verb {
    const char *name;
    int (*run)(const struct cli *c);
};

static const struct verb verbs[] = {
    {"open", verb_open}, {"code", verb_code}, {"key", verb_key}, {"doctor", verb_doctor}};

static int run_verb(const struct cli *c)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (!strcmp(c->word[0], verbs[i].name))
            return verbs[i].run(c);
    return cli_usage("unknown verb");
}

/* -1: go on; otherwise the exit status. */
static int read_options(int argc, char **argv, struct cli *c)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"server", required_argument, NULL, 's'},
                                            {"folder", required_argument, NULL, 'f'},
                                            {"no-browser", no_argument, NULL, 'n'},
                                            {"algorithm", required_argument, NULL, 'a'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'v'},
                                            {NULL, 0, NULL, 0}};
    int opt;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (opt) {
        case 'c':
            c->config = optarg;
            break;
        case 's':
            c->server = optarg;
            break;
        case 'f':
            c->folder = optarg;
            break;
        case 'a':
            c->algorithm = optarg;
            break;
        case 'n':
            c->no_browser = 1;
            break;
        case 'j':
            c->json = 1;
            break;
        case 'h':
            cli_usage_text(stdout);
            return 0;
        case 'v':
            puts("certhall-agent " CERTHALL_VERSION);
            return 0;
        default:
            return cli_usage("wrong option");
        }
    }
    c->words = argc - optind;
    c->word = argv + optind;
    return c->words ? -1 : cli_usage("no verb");
}

/* PINs pass through this process: no core file, no debugger of another process. */
static void keep_secrets(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
    struct cli c = {.lang = text_language(NULL)};
    int status = read_options(argc, argv, &c);
    if (status >= 0)
        return status;
    keep_secrets();
    return run_verb(&c);
}
