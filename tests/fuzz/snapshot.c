/* What the responder reads at its start: the snapshot of what it knew, and known.json beside it (behind a line "=="). It is its own
 * file, but it may be from an older version, cut, or put back from a copy. */
#include "fuzz.h"

#include "base/sys.h"
#include "base/text.h"
#include "pki/name.h"
#include "responder/responder_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    struct arena *a;
    struct clock *clock;
    struct responder_options options;
    const char *snapshot, *known;
    struct pki_key *key, *ca;
    struct bytes ca_cert, own_cert;
} w;

static struct bytes certificate_of(const struct pki_key *key, const char *cn, int ca,
                                   uint8_t serial)
{
    struct err_info e;
    struct bytes issuer, subject, tbs, der;
    const uint8_t number[2] = {0x11, serial};
    const struct name_part of[] = {{NAME_C, "CN"}, {NAME_CN, "CertHall P-256"}},
                           to[] = {{NAME_C, "CN"}, {NAME_CN, cn}};
    _auto(pki_signer) s = NULL;
    MUST_OK(pki_signer_from_key(w.ca, &s, &e), &e);
    MUST_OK(name_encode(of, 2, w.a, &issuer, &e), &e);
    MUST_OK(name_encode(to, 2, w.a, &subject, &e), &e);
    struct cert_spec spec = {.serial = arena_bytes(w.a, number, 2),
                             .issuer = issuer,
                             .subject = subject,
                             .not_before = clock_machine() - TIME_DAY,
                             .not_after = clock_machine() + 365LL * TIME_DAY,
                             .key = pki_key_pub(key),
                             .issuer_key = s->pub,
                             .ca = ca,
                             .key_usage = ca ? CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN
                                             : CERT_KU_DIGITAL_SIGNATURE,
                             .eku = ca ? 0 : CERT_EKU_OCSP_SIGNING,
                             .ocsp_nocheck = !ca};
    MUST_OK(cert_tbs(&spec, w.a, &tbs, &e), &e);
    MUST_OK(cert_sign(tbs, s, w.a, &der, &e), &e);
    return der;
}

void fuzz_begin(void)
{
    struct err_info e;
    struct bytes pem;
    w.a = arena_new();
    w.key = fuzz_key(50);
    w.ca = fuzz_key(51);
    MUST_OK(clock_open(NULL, &w.clock, &e), &e);
    w.options = (struct responder_options){.data = fuzz_folder(),
                                           .ca_socket = "/none",
                                           .peer_key = "",
                                           .clock = w.clock,
                                           .answer_life = TIME_DAY,
                                           .crl_period = TIME_DAY};
    w.snapshot = arena_fmt(w.a, "%s/snapshot.json", fuzz_folder());
    w.known = arena_fmt(w.a, "%s/known.json", fuzz_folder());
    MUST_OK(pki_key_save(w.key, NULL, w.a, &pem, &e), &e);
    MUST_OK(file_replace(arena_fmt(w.a, "%s/ocsp-p256.pem", fuzz_folder()), pem, 0600, &e), &e);
    w.ca_cert = certificate_of(w.ca, "CertHall P-256", 1, 1);
    w.own_cert = certificate_of(w.key, "OCSP", 0, 2);
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    const char *ca = text_base64(w.a, w.ca_cert), *own = text_base64(w.a, w.own_cert);
    long long now = clock_machine();
    fuzz_seed_text(
        s,
        arena_fmt(
            w.a,
            "{\"seq\":7,\"known_at\":%lld,\"issuers\":[{\"id\":1,\"code\":\"root-p256\",\"root\":true,\"certificate\":\"%s\",\"responder_certificate\":\"\"},"
            "{\"id\":2,\"code\":\"issuing-p256\",\"root\":false,\"certificate\":\"%s\",\"responder_certificate\":\"%s\"}],"
            "\"certificates\":[[\"91ab\",1,0,0,%lld,%lld],[\"91ac\",1,2,1,%lld,%lld],[\"91ad\",1,1,6,1,2]]}\n==\n{\"seq\":7,\"known_at\":%lld}",
            now, ca, ca, own, now, now, now, now, now));
    fuzz_seed_text(s, "{\"seq\":0,\"known_at\":0,\"issuers\":[],\"certificates\":[]}\n==\n");
}

static void put(const char *path, const char *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST(fd >= 0 && write(fd, p, n) == (ssize_t)n);
    close(fd);
}

/* Asked about a certificate that it knows, and one that nobody knows, it answers with an OCSPResponse. */
static void ask(struct responder *r, struct arena *a)
{
    struct err_info e;
    struct ocsp_issuer issuer;
    struct cert_view v;
    int64_t max_age;
    MUST_OK(cert_view(w.ca_cert, a, &v, &e), &e);
    MUST_OK(ocsp_issuer_init(&issuer, v.subject, pki_key_pub(w.ca), &e), &e);
    static const char *const serials[] = {"\x91\xab", "\x91\xac", "\x01"};
    for (size_t i = 0; i < sizeof serials / sizeof *serials; i++) {
        struct ocsp_cert_id id;
        struct bytes der, answer;
        MUST_OK(ocsp_cert_id_make(&issuer, OCSP_SHA256,
                                  (struct bytes){(const uint8_t *)serials[i], strlen(serials[i])},
                                  a, &id, &e),
                &e);
        MUST_OK(ocsp_request_write(&id, 1, (struct bytes){0}, a, &der, &e), &e);
        answer = responder_answer(r, der, a, &max_age);
        MUST(answer.n >= 5 && answer.p[0] == 0x30 && max_age >= 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char mark[] = "\n==\n";
    _auto(arena) a = arena_new();
    _auto(responder) r = NULL;
    struct err_info e = {0};
    struct responder_health h;
    const char *p = (const char *)data, *split = size ? memmem(p, size, mark, 4) : NULL;
    size_t n = split ? (size_t)(split - p) : size;
    put(w.snapshot, p, n);
    put(w.known, split ? split + 4 : "", split ? size - n - 4 : 0);
    enum err err = responder_open(&w.options, &r, &e);
    if (err != ERR_OK) {
        MUST(!r);
        fuzz_refused(err, &e);
        return 0;
    }
    responder_health(r, &h);
    MUST(h.certificates < 1000 && h.seq >= 0);
    ask(r, a);
    return 0;
}
