/* A responder that knows many certificates: snapshot_rows DATA CERTIFICATES adds so many to the snapshot in DATA (the folder
 * of the responder itself), each with a serial of its own, one of ten revoked. It prints serials to ask for, with their
 * status: `good HEX`, `revoked HEX`. */
#include "base/sys.h"
#include "base/text.h"
#include "responder/responder_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERIAL_OCTETS = 16, TOLD = 10, REVOKED_OF = 10 };

static _Noreturn void die(const char *what, const struct err_info *e)
{
    fprintf(stderr, "snapshot_rows: %s: %s\n", what, e ? e->detail : "");
    exit(1);
}

static int issuing(const struct responder *r)
{
    for (size_t i = 0; i < r->issuers; i++)
        if (!r->issuer[i].root)
            return (int)i;
    die("the snapshot has no issuing ca; let the responder run once", NULL);
}

/* Random octets for many at once: asking the kernel for each takes longer than all the rest. */
static uint8_t *next_serial(long i)
{
    static uint8_t block[4096][SERIAL_OCTETS];
    if (i % 4096 == 0)
        random_bytes(block, sizeof block);
    return block[i % 4096];
}

static void add(struct responder *r, long i, int issuer, struct arena *a)
{
    uint8_t *serial = next_serial(i);
    int revoked = i % REVOKED_OF == 1;
    serial[0] = (uint8_t)(serial[0] % 0x7f + 1); /* positive, no leading zero */
    struct known *k = table_put(&r->table, (struct bytes){serial, SERIAL_OCTETS});
    k->state = revoked ? KNOWN_REVOKED : KNOWN_ACTIVE;
    k->reason = revoked ? CRL_CESSATION : 0;
    k->issuer = (uint8_t)issuer;
    k->changed_at = clock_machine() - TIME_DAY;
    k->not_after = clock_machine() + 300 * (int64_t)TIME_DAY;
    if (i < TOLD)
        printf("%s %s\n", revoked ? "revoked" : "good",
               text_hex(a, (struct bytes){serial, SERIAL_OCTETS}));
}

int main(int argc, char **argv)
{
    _auto(arena) a = arena_new();
    _auto(clock) clock = NULL;
    _auto(responder) r = NULL;
    struct err_info e = {0};
    long n = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    if (n < TOLD || clock_open(NULL, &clock, &e) != ERR_OK)
        die("snapshot_rows DATA CERTIFICATES", &e);
    struct responder_options o = {
        .data = argv[1], .ca_socket = "/nonexistent", .peer_key = "", .clock = clock};
    if (responder_open(&o, &r, &e) != ERR_OK)
        die("open", &e);
    int issuer = issuing(r);
    for (long i = 0; i < n; i++)
        add(r, i, issuer, a);
    if (snapshot_save(r, &e) != ERR_OK)
        die("save", &e);
    return 0;
}
