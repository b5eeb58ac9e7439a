/* A responder to be measured: makes a ca with certificates, follows it until all are known, prints its port and what to
 * ask, and serves until its input ends.
 *   ocsp_server CERTIFICATES → `port N`, then a line `serial HEX`/`unknown HEX` and the request in hex for each, `end`
 *   ocsp_server CERTIFICATES KNOWN ASKED: the responder knows KNOWN more, of which ASKED are printed in the place of the others */
#include "bench.h"

#include "base/sys.h"
#include "base/text.h"
#include "ca/api.h"
#include "pki/ocsp.h"
#include "responder/responder_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BENCH_CERTIFICATES_MAX = 100000, KNOWN_MAX = 100000000, SERIAL_OCTETS = 16 };

static struct httpd *serve_ca(struct ca_fixture *f, struct ca_api *api, const char *socket)
{
    struct err_info e;
    struct httpd *s = httpd_new(&(struct httpd_options){.workers = 3});
    api->ca = f->ca;
    api->policy[CA_SOCKET_RESPONDER] = (struct peer_policy){.uid = {getuid()}, .uids = 1};
    struct httpd_listen at = {
        .unix_path = socket, .owner = (uid_t)-1, .group = (gid_t)-1, .tag = CA_SOCKET_RESPONDER};
    assert_ok(httpd_listen(s, &at, &e), &e);
    ca_api_mount(s, api);
    assert_ok(httpd_start(s, &e), &e);
    return s;
}

static struct httpd *serve_answers(struct responder *r)
{
    struct err_info e;
    struct httpd *s = httpd_new(&(struct httpd_options){.workers = 1});
    struct httpd_listen at = {.host = "127.0.0.1", .owner = (uid_t)-1, .group = (gid_t)-1};
    assert_ok(httpd_listen(s, &at, &e), &e);
    responder_mount(s, r);
    assert_ok(httpd_start(s, &e), &e);
    return s;
}

static void wait_until_known(struct responder *r, size_t certificates)
{
    struct responder_health h;
    for (int i = 0; i < 1000; i++) {
        responder_health(r, &h);
        if (h.ready && h.certificates >= certificates)
            return;
        usleep(10000);
    }
    fprintf(stderr, "the responder knows %zu certificates, not %zu\n", h.certificates,
            certificates);
    exit(1);
}

static void print_request(const struct ocsp_issuer *issuer, const char *word, struct bytes serial)
{
    struct err_info e;
    _auto(arena) a = arena_new();
    struct ocsp_cert_id id;
    struct bytes der;
    assert_ok(ocsp_cert_id_make(issuer, OCSP_SHA1, serial, a, &id, &e), &e);
    assert_ok(ocsp_request_write(&id, 1, (struct bytes){NULL, 0}, a, &der, &e), &e);
    printf("%s %s %s\n", word, text_hex(a, serial), text_hex(a, der));
}

/* Rows as the log would have made them, their serials among one another like those of certificates. */
static void know(struct responder *r, int64_t n, uint8_t (*asked)[SERIAL_OCTETS], int64_t asked_n)
{
    uint8_t serial[SERIAL_OCTETS];
    uint8_t issuer = 0;
    while (r->issuer[issuer].root)
        issuer++;
    pthread_rwlock_wrlock(&r->lock);
    for (int64_t i = 0; i < n; i++) {
        random_bytes(serial, sizeof serial);
        serial[0] = 0x41;
        struct known *k = table_put(&r->table, (struct bytes){serial, sizeof serial});
        k->state = KNOWN_ACTIVE;
        k->issuer = issuer;
        k->changed_at = clock_machine() - TIME_DAY;
        k->not_after = clock_machine() + 300 * (int64_t)TIME_DAY;
        if (i % (n / asked_n) == 0 && i / (n / asked_n) < asked_n)
            memcpy(asked[i / (n / asked_n)], serial, sizeof serial);
    }
    pthread_rwlock_unlock(&r->lock);
}

/* As print_requests, of these. */
static void print_all(const struct ocsp_issuer *issuer, struct arena *a,
                      uint8_t (*asked)[SERIAL_OCTETS], int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        print_request(issuer, "serial", (struct bytes){asked[i], SERIAL_OCTETS});
        if (i % 19 == 18)
            print_request(issuer, "unknown", cert_serial_new(a));
    }
    printf("end\n");
    fflush(stdout);
}

static struct ocsp_issuer issuer_of(const struct bench_orders *o)
{
    struct err_info e;
    struct ocsp_issuer issuer;
    _auto(pki_pub) key = NULL;
    const struct ca_issuer *by = o->answer[0].issuer;
    assert_ok(cert_key(by->certificate, &key, &e), &e);
    assert_ok(ocsp_issuer_init(&issuer, by->subject, key, &e), &e);
    return issuer;
}

/* One unknown serial after each 19 known: 5 %. */
static void print_requests(struct ca_fixture *f, const struct bench_orders *o)
{
    struct ocsp_issuer issuer = issuer_of(o);
    for (size_t i = 0; i < o->n; i++) {
        struct bytes serial;
        assert_true(text_from_hex(f->arena, o->answer[i].serial, &serial));
        print_request(&issuer, "serial", serial);
        if (i % 19 == 18)
            print_request(&issuer, "unknown", cert_serial_new(f->arena));
    }
    printf("end\n");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct ca_fixture f;
    struct ca_api api = {0};
    struct err_info e;
    struct responder *r;
    int64_t n, known = 0, asked = 0;
    if ((argc != 2 && argc != 4) || !text_to_int(argv[1], 1, BENCH_CERTIFICATES_MAX, &n) ||
        (argc == 4 &&
         (!text_to_int(argv[2], 1, KNOWN_MAX, &known) || !text_to_int(argv[3], 1, known, &asked))))
        return 2;
    ca_fixture_open(&f, PKI_P256);
    struct bench_orders o = bench_orders_prepare(&f, 1, (size_t)n);
    bench_issue(&f, &o, 64);
    struct responder_options options = {.data = f.folder,
                                        .ca_socket = arena_fmt(f.arena, "%s/ca.sock", f.folder),
                                        .peer_key = "",
                                        .clock = f.clock,
                                        .answer_life = 24LL * TIME_HOUR,
                                        .crl_period = 10 * TIME_MINUTE};
    struct httpd *ca = serve_ca(&f, &api, options.ca_socket);
    assert_ok(responder_open(&options, &r, &e), &e);
    struct httpd *server = serve_answers(r);
    assert_ok(responder_follow(r, &e), &e);
    wait_until_known(r, (size_t)n);
    printf("port %d\n", httpd_port(server, 0));
    if (known > 0) {
        uint8_t(*serial)[SERIAL_OCTETS] = mem_alloc((size_t)asked * SERIAL_OCTETS);
        struct ocsp_issuer issuer = issuer_of(&o);
        know(r, known, serial, asked);
        print_all(&issuer, f.arena, serial, asked);
        free(serial);
    } else {
        print_requests(&f, &o);
    }
    while (getchar() != EOF)
        ;
    httpd_free(server);
    responder_free(r);
    httpd_free(ca);
    bench_orders_free(&o);
    ca_fixture_close(&f);
    return 0;
}
