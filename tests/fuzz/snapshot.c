/* What the responder reads at its start: the snapshot of what it knew, and known.json beside it. It is its own file, but it
 * may be cut, changed, or put back from a copy. An input is the head, known.json and the rows in hex, parted by lines
 * "=="; the file is made of them with the right lengths and sum, or the sum would refuse nearly everything. What begins as
 * a snapshot itself is taken as it is. */
#include "fuzz.h"

#include "base/sys.h"
#include "base/text.h"
#include "pki/digest.h"
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
    w.snapshot = arena_fmt(w.a, "%s/snapshot", fuzz_folder());
    w.known = arena_fmt(w.a, "%s/known.json", fuzz_folder());
    MUST_OK(pki_key_save(w.key, NULL, w.a, &pem, &e), &e);
    MUST_OK(file_replace(arena_fmt(w.a, "%s/ocsp-p256.pem", fuzz_folder()), pem, 0600, &e), &e);
    w.ca_cert = certificate_of(w.ca, "CertHall P-256", 1, 1);
    w.own_cert = certificate_of(w.key, "OCSP", 0, 2);
}

/* length, state, reason, issuer · serial · changed_at and not_after, lowest octet first */
#define ROW(numbers, serial)                                                                       \
    numbers serial "000000000000000000000000000000000000"                                          \
                   "0000c0b09a010000"                                                              \
                   "0000c0b09a010000"

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
            "\"x\":0}\n==\n{\"seq\":7,\"known_at\":%lld}\n==\n" ROW("02000001", "91ab")
                ROW("02020101", "91ac") ROW("02010601", "91ad"),
            now, ca, ca, own, now));
    fuzz_seed_text(s, "{\"seq\":0,\"known_at\":0,\"issuers\":[]}\n==\n\n==\n");
    fuzz_seed_text(s, "CERTHALL-SNAP-1\n");
}

static void put(const char *path, const char *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST(fd >= 0 && write(fd, p, n) == (ssize_t)n);
    close(fd);
}

static void put_number(struct buf *b, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        buf_byte(b, (uint8_t)(v >> 8 * i));
}

/* The file of this head and these rows. */
static void put_whole(struct bytes head, struct bytes rows)
{
    uint8_t sum[DIGEST_LEN];
    _auto_buf b;
    buf_init(&b, 1 << 22);
    buf_put(&b, "CERTHALL-SNAP-1\n", 16);
    put_number(&b, head.n);
    put_number(&b, rows.n / 40);
    buf_put(&b, head.p, head.n);
    buf_put(&b, rows.p, rows.n / 40 * 40);
    digest_sha256((struct bytes){b.p, b.n}, sum);
    buf_put(&b, sum, sizeof sum);
    put(w.snapshot, (const char *)b.p, b.n);
}

/* Up to the next mark, which is taken away; *rest is what follows it. */
static struct bytes part(struct bytes *rest)
{
    static const char mark[] = "\n==\n";
    const uint8_t *at = rest->n ? memmem(rest->p, rest->n, mark, 4) : NULL;
    struct bytes out = {rest->p, at ? (size_t)(at - rest->p) : rest->n};
    size_t taken = at ? out.n + 4 : rest->n;
    *rest = (struct bytes){rest->p + taken, rest->n - taken};
    return out;
}

static void put_files(struct arena *a, struct bytes input)
{
    struct bytes rows = {(const uint8_t *)"", 0};
    if (input.n >= 13 && memcmp(input.p, "CERTHALL-SNAP", 13) == 0) {
        put(w.snapshot, (const char *)input.p, input.n);
        put(w.known, "", 0);
        return;
    }
    struct bytes head = part(&input), known = part(&input);
    if (!text_from_hex(a, arena_text_n(a, (const char *)input.p, input.n), &rows))
        rows.n = 0;
    put_whole(head, rows);
    put(w.known, (const char *)known.p, known.n);
}

/* Asked about a certificate that it knows, and one that nobody knows, it answers with an OCSPResponse. */
static void ask(struct responder *r, struct arena *a)
{
    struct err_info e;
    struct ocsp_issuer issuer;
    struct cert_view v;
    struct responder_caching caching;
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
        answer = responder_answer(r, der, a, &caching, NULL);
        MUST(answer.n >= 5 && answer.p[0] == 0x30 && caching.max_age >= 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nothing[1];
    _auto(arena) a = arena_new();
    _auto(responder) r = NULL;
    struct err_info e = {0};
    struct responder_health h;
    put_files(a, (struct bytes){size ? data : nothing, size});
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
