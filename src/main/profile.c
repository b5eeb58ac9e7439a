/* certhall profile check: every mistake of a project's profile with file, line and reason, all at once (design §4); of a
 * certificate profile the first, as the ca would say it when it starts. */
#include "main/verb.h"

#include "base/sys.h"
#include "ca/profile.h"
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

static enum err read_certificate_profile(const char *file, struct ca_profile *out,
                                         struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_json doc = NULL;
    struct bytes text;
    TRY(file_read(a, file, 64 << 10, &text, e));
    TRY(json_parse(text.p, text.n, &doc, e));
    return ca_profile_parse(file, doc, out, e);
}

static int check_certificate_profile(const char *file)
{
    struct ca_profile p;
    struct err_info e;
    if (read_certificate_profile(file, &p, &e) != ERR_OK)
        return report("profile", &e);
    printf("%s: no mistakes; %s, %s\n", file, pki_alg_text(p.algorithm),
           p.dual ? "always a pair" : "single");
    return EXIT_DONE;
}

static int is_json(const char *path)
{
    size_t n = strlen(path);
    return n > 5 && strcmp(path + n - 5, ".json") == 0;
}

static int run(int argc, char **argv)
{
    char **rest;
    if (!options_take(argc, argv, NULL, 0, &rest))
        return EXIT_USAGE;
    if (!rest[0] || strcmp(rest[0], "check") != 0 || !rest[1] || rest[2])
        return report_usage("profile", "expected: check DIR, or check FILE.json");
    return is_json(rest[1]) ? check_certificate_profile(rest[1]) : check(rest[1]);
}

const struct verb verb_profile = {
    "profile", "check a project's profile, or a certificate profile of the ca",
    "usage: certhall profile check DIR\n"
    "       certhall profile check FILE.json\n\n"
    "Reads DIR/profile.yaml and names file, line and reason for every mistake or contradiction, all of them at once.\n"
    "FILE.json is a certificate profile of the ca: its first mistake is named, or what the lint has against a sample of the\n"
    "certificates that it makes. Exit 0 when there is none.\n\n"
    "Example: certhall profile check profiles/aml-reporting\n",
    run};
