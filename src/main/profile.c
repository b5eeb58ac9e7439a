/* certhall profile check: every mistake of a profile with file, line and reason, all at once (design §4). */
#include "main/verb.h"

#include "hall/project/project.h"

#include <stdio.h>
#include <string.h>

static int check(const char *folder)
{
    _auto(arena) a = arena_new();
    _auto(project) project = NULL;
    struct project_report problems = {.arena = a};
    struct err_info e;
    enum err result = project_load(folder, &project, &problems, &e);
    _auto_buf b;
    buf_init(&b, 1 << 20);
    project_report_text(&problems, &b);
    fputs(buf_cstr(&b), stderr);
    if (result == ERR_OK) {
        printf("%s: no mistakes, version %lld\n", folder, (long long)project->version);
        return EXIT_DONE;
    }
    return problems.problems > 0 ? EXIT_FAILED : report("profile", &e);
}

static int run(int argc, char **argv)
{
    char **rest;
    if (!options_take(argc, argv, NULL, 0, &rest))
        return EXIT_USAGE;
    if (!rest[0] || strcmp(rest[0], "check") != 0 || !rest[1] || rest[2])
        return report_usage("profile", "expected: check DIR");
    return check(rest[1]);
}

const struct verb verb_profile = {
    "profile", "check a project's profile",
    "usage: certhall profile check DIR\n\n"
    "Reads DIR/profile.yaml and names file, line and reason for every mistake or contradiction, all of them at once.\n"
    "Exit 0 when there is none.\n\n"
    "Example: certhall profile check profiles/aml-reporting\n",
    run};
