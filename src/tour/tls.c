/* The certificate at work: nginx in front, the UKey signing the handshake, OCSP and CRL behind. */
#include "tour/tour.h"

#include "base/text.h"
#include "pki/cert.h"
#include "pki/csr.h"
#include "pki/name.h"
#include "pki/ocsp.h"
#include "pki/pem.h"
#include "token/soft.h"
#include "token/token_evp.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NGINX_WAIT_MS = 5 * TIME_SECOND };

static struct bytes as_bytes(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static char *work_path(struct tour *t, const char *name)
{
    return arena_fmt(t->arena, "%s/%s", t->work, name);
}

/* A port that was free a moment ago. */
static int free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int ok = fd >= 0 && bind(fd, (struct sockaddr *)&a, n) == 0 &&
             getsockname(fd, (struct sockaddr *)&a, &n) == 0;
    if (fd >= 0)
        close(fd);
    return ok ? ntohs(a.sin_port) : 0;
}

static enum err make_server_certificate(struct tour *t, struct err_info *e)
{
    _auto(pki_key) key = NULL;
    _auto(pki_signer) signer = NULL;
    struct name_part part[] = {{NAME_CN, "report.example"}};
    struct bytes subject, tbs, der, pem;
    int64_t now = clock_machine();
    TRY(pki_key_new(PKI_P256, &key, e));
    TRY(pki_signer_from_key(key, &signer, e));
    TRY(name_encode(part, 1, t->arena, &subject, e));
    struct cert_spec spec = {.serial = cert_serial_new(t->arena),
                             .issuer = subject,
                             .subject = subject,
                             .not_before = now - TIME_DAY,
                             .not_after = now + TIME_DAY,
                             .key = signer->pub,
                             .issuer_key = signer->pub,
                             .key_usage = CERT_KU_DIGITAL_SIGNATURE,
                             .eku = CERT_EKU_SERVER_AUTH};
    TRY(cert_tbs(&spec, t->arena, &tbs, e));
    TRY(cert_sign(tbs, signer, t->arena, &der, e));
    TRY(pki_key_save(key, NULL, t->arena, &pem, e));
    TRY(file_replace(work_path(t, "server.key"), pem, 0600, e));
    return file_replace(work_path(t, "server.pem"),
                        as_bytes(pem_encode(t->arena, "CERTIFICATE", der)), 0644, e);
}

enum err tour_issuer_code(struct tour *t, struct bytes certificate, const char **code,
                          struct err_info *e)
{
    struct cert_view view;
    TRY(cert_view(certificate, t->arena, &view, e));
    const char *slash = view.ca_issuers_url ? strrchr(view.ca_issuers_url, '/') : NULL;
    if (!slash)
        return tour_fail(e, "%s names no address of its issuer", view.subject_text);
    *code = arena_text_n(t->arena, slash + 1, strcspn(slash + 1, "."));
    return ERR_OK;
}

/* "issuing-p256,root-p256": what stands above the certificate. */
static enum err issuers_above(struct tour *t, char **list, struct err_info *e)
{
    struct bytes issuing;
    const char *code, *root;
    TRY(tour_issuer_code(t, t->certificate, &code, e));
    TRY(tour_fetch(t, arena_fmt(t->arena, "/ca/%s.cer", code), &issuing, e));
    TRY(tour_issuer_code(t, issuing, &root, e));
    *list = arena_fmt(t->arena, "%s,%s", code, root);
    return ERR_OK;
}

static enum err write_nginx(struct tour *t, int port, int portal_port, struct err_info *e)
{
    const char *sites;
    char *issuers;
    TRY(issuers_above(t, &issuers, e));
    char *const argv[] = {arena_fmt(t->arena, "%s/certhall", t->programs),
                          arena_text(t->arena, "nginx-config"),
                          arena_text(t->arena, "--certificate"),
                          work_path(t, "server.pem"),
                          arena_text(t->arena, "--key"),
                          work_path(t, "server.key"),
                          arena_text(t->arena, "--client-name"),
                          arena_text(t->arena, "report.example"),
                          arena_text(t->arena, "--client-listen"),
                          arena_fmt(t->arena, "127.0.0.1:%d", port),
                          arena_text(t->arena, "--listen"),
                          arena_fmt(t->arena, "127.0.0.1:%d", portal_port),
                          arena_text(t->arena, "--http-listen"),
                          arena_text(t->arena, "none"),
                          arena_text(t->arena, "--access-log"),
                          work_path(t, "access.log"),
                          arena_text(t->arena, "--hall"),
                          arena_text(t->arena, strstr(t->url, "://") + 3),
                          arena_text(t->arena, "--responder"),
                          arena_text(t->arena, t->status_url),
                          arena_text(t->arena, "--folder"),
                          work_path(t, "nginx"),
                          arena_text(t->arena, "--issuers"),
                          issuers,
                          NULL};
    TRY(tour_run(t, argv, &sites, e));
    _auto_buf b;
    buf_init(&b, 256 << 10);
    buf_fmt(
        &b,
        "worker_processes 1;\nuser %s;\npid %s/nginx.pid;\nerror_log %s/nginx.log info;\nevents { worker_connections 64; }\n"
        "http {\nclient_body_temp_path %s/tmp;\nproxy_temp_path %s/tmp;\nfastcgi_temp_path %s/tmp;\n"
        "uwsgi_temp_path %s/tmp;\nscgi_temp_path %s/tmp;\nresolver 127.0.0.1 valid=1s;\n%s}\n",
        geteuid() == 0 ? "root" : "nobody", t->work, t->work, t->work, t->work, t->work, t->work,
        t->work, sites);
    return file_replace(work_path(t, "nginx.conf"), (struct bytes){b.p, b.n}, 0644, e);
}

static long nginx_pid(struct tour *t)
{
    struct err_info e;
    struct bytes file;
    int64_t pid;
    if (file_read(t->arena, work_path(t, "nginx.pid"), 64, &file, &e) != ERR_OK ||
        !text_to_int(text_trim(t->arena, (const char *)file.p), 2, 1 << 30, &pid))
        return 0;
    return (long)pid;
}

enum err tour_nginx_start(struct tour *t, struct err_info *e)
{
    int port = free_port(), portal_port = free_port();
    TRY(make_server_certificate(t, e));
    TRY(write_nginx(t, port, portal_port, e));
    TRY(file_replace(work_path(t, "port"), as_bytes(arena_fmt(t->arena, "%d", port)), 0600, e));
    char *const argv[] = {arena_text(t->arena, "/usr/sbin/nginx"),
                          arena_text(t->arena, "-p"),
                          arena_text(t->arena, t->work),
                          arena_text(t->arena, "-c"),
                          work_path(t, "nginx.conf"),
                          NULL};
    return tour_run(t, argv, NULL, e); /* it goes to the background once it listens */
}

/* A reload starts new workers; old ones finish what they have. Give the change a moment to take hold. */
enum err tour_nginx_reload(struct tour *t, struct err_info *e)
{
    const char *said;
    char *issuers;
    TRY(issuers_above(t, &issuers, e));
    char *const argv[] = {arena_fmt(t->arena, "%s/certhall", t->programs),
                          arena_text(t->arena, "nginx-config"),
                          arena_text(t->arena, "--refresh"),
                          arena_text(t->arena, "--responder"),
                          arena_text(t->arena, t->status_url),
                          arena_text(t->arena, "--folder"),
                          work_path(t, "nginx"),
                          arena_text(t->arena, "--issuers"),
                          issuers,
                          NULL};
    int64_t until = clock_monotonic() + NGINX_WAIT_MS;
    do {
        TRY(tour_run(t, argv, &said, e));
        if (strncmp(said, "changed", 7) == 0) {
            kill((pid_t)nginx_pid(t), SIGHUP);
            usleep(500 * 1000);
            return ERR_OK;
        }
        usleep(100 * 1000);
    } while (clock_monotonic() < until);
    return tour_fail(e, "the CRL file did not change within 5 s");
}

void tour_nginx_stop(struct tour *t)
{
    long pid = t->work ? nginx_pid(t) : 0;
    if (pid)
        kill((pid_t)pid, SIGTERM);
}

/* ---- the handshake ---- */

static int connect_to(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons((uint16_t)port)};
    struct timeval limit = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

/* One request over TLS 1.3. nginx refuses a certificate by its answer 400 or by ending the connection. */
static void ask_page(SSL *ssl, struct tour *t, int *accepted, const char **answer)
{
    static const char request[] =
        "GET / HTTP/1.1\r\nHost: report.example\r\nConnection: close\r\n\r\n";
    char page[4096];
    int n = 0, got;
    *accepted = 0;
    *answer = "";
    if (SSL_connect(ssl) != 1 || SSL_write(ssl, request, sizeof request - 1) <= 0)
        return;
    while (n < (int)sizeof page - 1 &&
           (got = SSL_read(ssl, page + n, (int)sizeof page - 1 - n)) > 0)
        n += got;
    page[n] = '\0';
    *accepted = strncmp(page, "HTTP/1.1 200", 12) == 0 && strstr(page, "SUCCESS") != NULL;
    *answer = arena_text(t->arena, page);
}

static enum err shake(struct tour *t, struct token_evp *key, int port, int *accepted,
                      const char **answer, struct err_info *e)
{
    int fd = connect_to(port);
    if (fd < 0)
        return tour_fail(e, "nginx does not listen on %d", port);
    const uint8_t *der = t->certificate.p;
    X509 *certificate = d2i_X509(NULL, &der, (long)t->certificate.n);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
    int ready = SSL_CTX_use_certificate(ctx, certificate) == 1 &&
                SSL_CTX_use_PrivateKey(ctx, token_evp_pkey(key)) == 1;
    SSL *ssl = SSL_new(ctx);
    SSL_set_tlsext_host_name(ssl, "report.example");
    SSL_set_fd(ssl, fd);
    if (ready)
        ask_page(ssl, t, accepted, answer);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    X509_free(certificate);
    close(fd);
    return ready ? ERR_OK : tour_fail(e, "the certificate and the UKey's key do not fit together");
}

/* The container that holds exactly this certificate. */
static enum err find_container(struct tour *t, struct token *key, const char **name,
                               struct err_info *e)
{
    struct token_container *c;
    size_t n;
    TRY(token_containers(key, t->arena, &c, &n, e));
    for (size_t i = 0; i < n; i++) {
        struct bytes der;
        if (c[i].has_certificate &&
            token_certificate(key, c[i].name, t->arena, &der, e) == ERR_OK &&
            der.n == t->certificate.n && memcmp(der.p, t->certificate.p, der.n) == 0) {
            *name = c[i].name;
            return ERR_OK;
        }
    }
    return tour_fail(e, "the UKey holds another certificate");
}

/* OpenSSL 3.0, which Debian's nginx uses, knows neither sm2sig_sm3 of RFC 8998 nor TLCP. */
enum err tour_tls_can(struct tour *t, int *can, struct err_info *e)
{
    _auto(pki_pub) key = NULL;
    TRY(cert_key(t->certificate, &key, e));
    *can = pki_pub_alg(key) != PKI_SM2;
    return ERR_OK;
}

enum err tour_handshake(struct tour *t, int *accepted, const char **answer, struct err_info *e)
{
    _auto(token_place) place = NULL;
    _auto(token) key = NULL;
    _auto(token_evp) evp = NULL;
    _auto_pin pin;
    const char *container = NULL;
    struct bytes file;
    int64_t port = 0;
    TRY(file_read(t->arena, work_path(t, "port"), 16, &file, e));
    text_to_int((const char *)file.p, 1, 65535, &port);
    TRY(token_soft_place(arena_fmt(t->arena, "%s/demo/ukeys/user", t->data), &place, e));
    TRY(token_open(place, t->serial, &key, e));
    TRY(find_container(t, key, &container, e));
    TRY(token_pin_set(&pin, t->user_pin, e));
    TRY(token_login(key, &pin, e));
    TRY(token_evp_new(key, container, &evp, e));
    return shake(t, evp, (int)port, accepted, answer, e);
}

/* ---- OCSP, as a relying party asks it ---- */

enum err tour_fetch(struct tour *t, const char *path, struct bytes *out, struct err_info *e)
{
    _auto(httpc) c =
        httpc_new(&(struct httpc_options){.service = "responder", .base = t->status_url});
    struct httpc_answer answer;
    TRY(httpc_send(c, t->arena, &(struct httpc_request){.path = path}, &answer, e));
    *out = answer.body;
    return answer.status == 200 ? ERR_OK : tour_fail(e, "%s answers %d", path, answer.status);
}

enum err tour_ocsp(struct tour *t, const char **status, struct err_info *e)
{
    static const char *const words[] = {
        [OCSP_GOOD] = "good", [OCSP_REVOKED] = "revoked", [OCSP_UNKNOWN] = "unknown"};
    _auto(httpc) c =
        httpc_new(&(struct httpc_options){.service = "responder", .base = t->status_url});
    _auto(pki_pub) key = NULL;
    const char *code;
    struct cert_view own, above;
    struct bytes issuer_der, request;
    struct ocsp_issuer issuer;
    struct ocsp_cert_id id;
    struct httpc_answer http;
    struct ocsp_answer answer;
    struct bytes no_nonce = {NULL, 0};
    TRY(cert_view(t->certificate, t->arena, &own, e));
    TRY(tour_issuer_code(t, t->certificate, &code, e));
    TRY(tour_fetch(t, arena_fmt(t->arena, "/ca/%s.cer", code), &issuer_der, e));
    TRY(cert_view(issuer_der, t->arena, &above, e));
    TRY(cert_key(issuer_der, &key, e));
    TRY(ocsp_issuer_init(&issuer, above.subject, key, e));
    TRY(ocsp_cert_id_make(&issuer, OCSP_SHA256, own.serial_bytes, t->arena, &id, e));
    TRY(ocsp_request_write(&id, 1, no_nonce, t->arena, &request, e));
    struct httpc_request ask = {
        .path = "/ocsp", .content_type = "application/ocsp-request", .body = request};
    TRY(httpc_send(c, t->arena, &ask, &http, e));
    TRY(ocsp_response_check(http.body, &id, issuer_der, clock_machine(), t->arena, &answer, e));
    *status = words[answer.status];
    return file_replace(work_path(t, arena_fmt(t->arena, "ocsp-%s.der", *status)), http.body, 0644,
                        e);
}
