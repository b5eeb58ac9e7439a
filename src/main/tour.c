/* certhall tour: runs certhall-tour, which stands beside this program and links neither hall nor ca. */
#include "main/verb.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int run(int argc, char **argv)
{
    char own[PATH_MAX], program[PATH_MAX + 16];
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    own[n > 0 ? n : 0] = '\0';
    snprintf(program, sizeof program, "%s/certhall-tour", dirname(own));
    (void)argc;
    execv(program, argv);
    fprintf(stderr, "certhall tour: %s: %s\n", program, strerror(errno));
    return EXIT_FAILED;
}

const struct verb verb_tour = {
    "tour", "drive the whole story of one order through a running demo",
    "usage: certhall tour --project aml-reporting [--data DIR] [--url URL] [--status-url URL]\n\n"
    "Takes one order from the regulator's list to a working, revocable certificate through the public interfaces of a\n"
    "running demo, with the real agent. certhall-tour --help tells all options.\n\n"
    "Example: certhall tour --project aml-reporting --data /tmp/hall\n",
    run};
