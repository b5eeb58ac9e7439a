/* certhall audit verify: the hall's chains against themselves, the anchors, and the heads that the ca keeps (G-41). */
#include "main/open_hall.h"
#include "main/verb.h"

#include "hall/audit/audit.h"
#include "hall/authority/ca_client.h"
#include "peer/peer.h"

#include <stdio.h>
#include <string.h>

/* The ca's view, where it answers; without it a tail cut after the last local anchor goes unseen, and that is said. */
static const struct audit_heads *heads_of_ca(const struct place *p, struct audit_heads *out)
{
    struct err_info e;
    char key[PEER_KEY_LEN + 1];
    const char *json;
    if (peer_key_read(place_peer_key(p), key, &e) != ERR_OK)
        return NULL;
    _auto(ca_client) ca = ca_client_new(place_socket(p, "ca", "hall"), key);
    if (ca_client_last_anchor(ca, p->arena, &json, &e) == ERR_OK && *json &&
        audit_heads_parse(json, out, &e) == ERR_OK)
        return out;
    fprintf(stderr,
            "certhall audit: the ca does not answer; only the anchors kept here are compared\n");
    return NULL;
}

static enum err verify(const struct place *p, struct audit_fault *fault, struct err_info *e)
{
    struct audit_heads ca;
    struct opened_hall o __attribute__((cleanup(close_hall))) = {0};
    TRY(open_hall(p, &o, e));
    o.hall.ids = hall_ids_fixed(0);
    const struct audit_heads *seen = heads_of_ca(p, &ca);
    _auto_hall_tx tx = {0};
    TRY(hall_begin(&o.hall, 0, &hall_system, p->arena, &tx, e));
    return audit_verify(&tx, seen, fault, e);
}

static int run(int argc, char **argv)
{
    _auto(arena) a = arena_new();
    const char *data = NULL, *run_folder = NULL;
    const struct option_row rows[] = {{"data", &data, NULL}, {"run", &run_folder, NULL}};
    char **rest;
    struct place p;
    struct audit_fault fault;
    struct err_info e;
    if (!options_take(argc, argv, rows, 2, &rest))
        return EXIT_USAGE;
    if (!rest[0] || strcmp(rest[0], "verify") != 0 || rest[1])
        return report_usage("audit", "expected: verify");
    if (place_find(&p, data, run_folder, a, &e) != ERR_OK || verify(&p, &fault, &e) != ERR_OK)
        return report("audit", &e);
    printf("%s\n", audit_fault_text(a, &fault, LANG_EN));
    return fault.kind == AUDIT_WHOLE ? EXIT_DONE : EXIT_FAILED;
}

const struct verb verb_audit = {
    "audit", "verify the audit chains",
    "usage: certhall audit verify [--data DIR] [--run DIR]\n\n"
    "Checks all 16 chains of the hall against themselves, against the anchors kept here, and against the heads that the\n"
    "ca keeps. Names the first bad row; exit 0 when there is none.\n\n"
    "Example: certhall audit verify --data /var/lib/certhall\n",
    run};
