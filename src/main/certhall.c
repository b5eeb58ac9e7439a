/* The program: a verb is a file of this folder. */
#include "main/verb.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct verb *const verbs[] = {
    &verb_init,  &verb_serve,        &verb_hall,     &verb_ca,      &verb_kmc,   &verb_responder,
    &verb_staff, &verb_trust,        &verb_register, &verb_profile, &verb_audit, &verb_demo,
    &verb_tour,  &verb_nginx_config, &verb_doctor,   &verb_lint,
};

static int help(void)
{
    printf("certhall: a service hall for institutions' UKey certificates\n\n"
           "  certhall VERB [options]      certhall VERB --help tells more\n\n");
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        printf("  %-14s %s\n", verbs[i]->name, verbs[i]->summary);
    printf("\nExample: certhall init --demo --data /tmp/hall && certhall serve --data /tmp/hall\n"
           "Exit codes: 0 done, 1 failed, 2 wrong usage.\n");
    return EXIT_DONE;
}

static int asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        help();
        return argc < 2 ? EXIT_USAGE : EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("certhall %s\n", CERTHALL_VERSION);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i]->name, argv[1]) != 0)
            continue;
        if (!asks_for_help(argc - 1, argv + 1))
            return verbs[i]->run(argc - 1, argv + 1);
        fputs(verbs[i]->help, stdout);
        return EXIT_DONE;
    }
    fprintf(stderr, "certhall: there is no verb %s (see certhall --help)\n", argv[1]);
    return EXIT_USAGE;
}
