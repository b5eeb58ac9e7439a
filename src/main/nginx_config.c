/* certhall nginx-config: a complete nginx configuration in front of hall and, where wanted, a site that asks for our
 * certificates (design §1). */
#include "main/place.h"
#include "main/verb.h"

#include "base/text.h"
#include "httpc/httpc.h"
#include "pki/pem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct wanted {
    const char *portal_name, *client_name; /* server names; client_name NULL: no certificate site */
    const char *certificate, *key;         /* of the TLS server */
    const char *client_certificate, *client_key;
    const char *listen, *client_listen; /* "443", "127.0.0.1:9443" */
    const char *http_listen;            /* "80": answers with the https address alone; "none" */
    const char *access_log;
    const char *hall; /* "127.0.0.1:8080" */
    const char
        *upstream; /* what the certificate site protects; NULL: a page that names the certificate */
    const char *responder; /* "http://127.0.0.1:8081" */
    const char *folder;    /* absolute: where the files stand */
};

/* Lines of the log without queries and referrers: what people search for is other people's names and numbers. */
static void put_log(struct buf *b, const struct wanted *w)
{
    buf_fmt(
        b,
        "log_format certhall '$remote_addr $time_iso8601 \"$request_method $uri $server_protocol\" $status '\n"
        "                    '$body_bytes_sent $request_time $server_name';\n"
        "access_log %s certhall;\n"
        "server_tokens off;\n",
        w->access_log);
}

/* ":8443" where the portal is not at 443. */
static const char *port_of(const char *listen)
{
    const char *colon = strrchr(listen, ':');
    const char *port = colon ? colon + 1 : listen;
    if (strcmp(port, "443") == 0 || strspn(port, "0123456789") != strlen(port))
        return "";
    return port;
}

/* Plain http is told where to go and nothing else; the name is ours, whatever Host says. */
static void put_redirect(struct buf *b, const struct wanted *w)
{
    const char *port = port_of(w->listen);
    if (strcmp(w->http_listen, "none") == 0)
        return;
    buf_fmt(b,
            "server {\n"
            "    listen %s;\n"
            "    server_name %s;\n"
            "    return 308 https://%s%s%s$request_uri;\n"
            "}\n",
            w->http_listen, w->portal_name, w->portal_name, *port ? ":" : "", port);
}

/* TLS as RFC 8446 alone; tickets where no client certificate is asked for, since a resumed session is not checked
 * against the CRL again. */
static void put_portal(struct buf *b, const struct wanted *w)
{
    buf_fmt(b,
            "server {\n"
            "    listen %s ssl http2;\n"
            "    server_name %s;\n"
            "    ssl_certificate %s;\n"
            "    ssl_certificate_key %s;\n"
            "    ssl_protocols TLSv1.3;\n"
            "    ssl_session_tickets on;\n"
            "    client_max_body_size 8m;\n"
            "    # also on what nginx itself answers; the hall's own would come twice\n"
            "    proxy_hide_header Strict-Transport-Security;\n"
            "    add_header Strict-Transport-Security max-age=31536000 always;\n"
            "    location / {\n"
            "        proxy_pass http://%s;\n"
            "        proxy_http_version 1.1;\n"
            "        proxy_set_header Host $host;\n"
            "        proxy_set_header X-Real-IP $remote_addr;\n"
            "        proxy_set_header Connection \"\";\n"
            "        proxy_buffering off;\n"
            "        proxy_read_timeout 1h;\n"
            "    }\n"
            "}\n",
            w->listen, w->portal_name, w->certificate, w->key, w->hall);
}

static void put_client_site(struct buf *b, const struct wanted *w)
{
    buf_fmt(
        b,
        "server {\n"
        "    listen %s ssl http2;\n"
        "    server_name %s;\n"
        "    ssl_certificate %s;\n"
        "    ssl_certificate_key %s;\n"
        "    ssl_protocols TLSv1.3;\n"
        "    # no tickets, no cache: each connection is checked against CRL and OCSP\n"
        "    ssl_session_tickets off;\n"
        "    ssl_session_cache off;\n"
        "    ssl_verify_client on;\n"
        "    ssl_verify_depth 2;\n"
        "    ssl_client_certificate %s/client-ca.pem;\n"
        "    ssl_crl %s/client-crl.pem;\n"
        "    # leaf: with `on` nginx wants an OCSP address in the issuing CA's certificate as well\n"
        "    ssl_ocsp leaf;\n"
        "    ssl_ocsp_responder %s/ocsp;\n"
        "    ssl_ocsp_cache off;\n",
        w->client_listen, w->client_name, w->client_certificate, w->client_key, w->folder,
        w->folder, w->responder);
    if (w->upstream)
        buf_fmt(b,
                "    location / {\n"
                "        proxy_pass http://unix:%s;\n"
                "        proxy_set_header X-Client-Serial $ssl_client_serial;\n"
                "        proxy_set_header X-Client-Subject $ssl_client_s_dn;\n"
                "        proxy_set_header X-Client-Verify $ssl_client_verify;\n"
                "    }\n",
                w->upstream);
    else
        buf_text(
            b, "    location / {\n"
               "        default_type text/plain;\n"
               "        return 200 \"$ssl_client_verify $ssl_client_serial $ssl_client_s_dn\\n\";\n"
               "    }\n");
    buf_text(b, "}\n");
}

static enum err fetch(struct httpc *c, struct arena *a, const char *path, struct bytes *out,
                      struct err_info *e)
{
    struct httpc_answer answer;
    TRY(httpc_send(c, a, &(struct httpc_request){.path = path}, &answer, e));
    if (answer.status != 200)
        return err_set(e, ERR_UNAVAILABLE, NULL, "%s answers %d", path, answer.status);
    *out = answer.body;
    return ERR_OK;
}

/* Certificates or lists of every named issuer, PEM, one file. *changed: it was another before. */
struct kept_file {
    const char *name, *label, *path, *ending;
};

static enum err write_chain(struct httpc *c, struct arena *a, const char *folder,
                            const struct kept_file *file, const char *issuers, int *changed,
                            struct err_info *e)
{
    _auto_buf b;
    buf_init(&b, 256 << 20);
    char *rest = arena_text(a, issuers), *name;
    while ((name = strsep(&rest, ",")) != NULL) {
        struct bytes der;
        TRY(fetch(c, a, arena_fmt(a, "%s%s%s", file->path, name, file->ending), &der, e));
        buf_text(&b, pem_encode(a, file->label, der));
    }
    char *path = arena_fmt(a, "%s/%s", folder, file->name);
    struct bytes old;
    if (file_read(a, path, 256 << 20, &old, e) == ERR_OK && old.n == b.n &&
        memcmp(old.p, b.p, b.n) == 0)
        return ERR_OK;
    *changed = 1;
    return file_replace(path, (struct bytes){b.p, b.n}, 0644, e);
}

static enum err refresh(const struct wanted *w, const char *issuers, int *changed,
                        struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(httpc) c = httpc_new(&(struct httpc_options){
        .service = "responder", .base = w->responder, .answer_max = 256 << 20});
    TRY(folder_make(w->folder, 0755, e));
    const struct kept_file chain = {"client-ca.pem", "CERTIFICATE", "/ca/", ".cer"};
    const struct kept_file lists = {"client-crl.pem", "X509 CRL", "/crl/", ".crl"};
    TRY(write_chain(c, a, w->folder, &chain, issuers, changed, e));
    return write_chain(c, a, w->folder, &lists, issuers, changed, e);
}

static int run(int argc, char **argv)
{
    struct wanted w = {.portal_name = "localhost",
                       .listen = "443",
                       .client_listen = "9443",
                       .http_listen = "80",
                       .access_log = "/var/log/nginx/certhall.log",
                       .hall = "127.0.0.1:8080",
                       .responder = "http://127.0.0.1:8081",
                       .folder = "/etc/certhall/nginx"};
    const char *issuers = "issuing-p256,root-p256";
    int only_refresh = 0, changed = 0;
    const struct option_row rows[] = {
        {"portal-name", &w.portal_name, NULL},
        {"client-name", &w.client_name, NULL},
        {"certificate", &w.certificate, NULL},
        {"key", &w.key, NULL},
        {"client-certificate", &w.client_certificate, NULL},
        {"client-key", &w.client_key, NULL},
        {"listen", &w.listen, NULL},
        {"client-listen", &w.client_listen, NULL},
        {"http-listen", &w.http_listen, NULL},
        {"access-log", &w.access_log, NULL},
        {"hall", &w.hall, NULL},
        {"upstream", &w.upstream, NULL},
        {"responder", &w.responder, NULL},
        {"folder", &w.folder, NULL},
        {"issuers", &issuers, NULL},
        {"refresh", NULL, &only_refresh},
    };
    char **rest;
    struct err_info e;
    if (!options_take(argc, argv, rows, sizeof rows / sizeof *rows, &rest))
        return EXIT_USAGE;
    if (*rest)
        return report_usage("nginx-config", "unexpected %s", *rest);
    if (!only_refresh && (!w.certificate || !w.key))
        return report_usage("nginx-config", "--certificate and --key of the server are needed");
    if ((w.client_name || only_refresh) && refresh(&w, issuers, &changed, &e) != ERR_OK)
        return report("nginx-config", &e);
    if (only_refresh) {
        puts(changed ? "changed: reload nginx" : "unchanged");
        return EXIT_DONE;
    }
    w.client_certificate = w.client_certificate ? w.client_certificate : w.certificate;
    w.client_key = w.client_key ? w.client_key : w.key;
    _auto_buf b;
    buf_init(&b, 64 << 10);
    put_log(&b, &w);
    put_redirect(&b, &w);
    put_portal(&b, &w);
    if (w.client_name)
        put_client_site(&b, &w);
    fputs(buf_cstr(&b), stdout);
    return EXIT_DONE;
}

const struct verb verb_nginx_config = {
    "nginx-config", "print an nginx configuration; keep its CRL file fresh",
    "usage: certhall nginx-config --certificate FILE --key FILE [options] > /etc/nginx/conf.d/certhall.conf\n"
    "       certhall nginx-config --refresh [--folder DIR] [--responder URL]\n\n"
    "Prints the portal's server and, with --client-name, a site that asks for a UKey certificate and checks it by\n"
    "CRL file and OCSP. --refresh fetches the CRL files again and says whether nginx must be reloaded; run it\n"
    "every minute from a timer.\n\n"
    "  --portal-name NAME   server name of the portal (localhost)      --listen ADDR         its port (443)\n"
    "  --client-name NAME   server name of the certificate site        --client-listen ADDR  its port (9443)\n"
    "  --client-certificate FILE --client-key FILE                     its own TLS certificate (else the portal's)\n"
    "  --http-listen ADDR   plain http, which is sent on to https (80); none: no such server\n"
    "  --access-log FILE    its lines have neither queries nor referrers (/var/log/nginx/certhall.log)\n"
    "  --upstream SOCKET    UNIX socket behind the certificate site (else a page that names the certificate)\n"
    "  --hall ADDR          where the hall listens (127.0.0.1:8080)\n"
    "  --responder URL      our responder (http://127.0.0.1:8081)\n"
    "  --folder DIR         where CA and CRL files are kept (/etc/certhall/nginx)\n"
    "  --issuers LIST       whose (issuing-p256,root-p256)\n\n"
    "Example: certhall nginx-config --certificate /etc/ssl/hall.pem --key /etc/ssl/hall.key --portal-name hall.example \\\n"
    "             --client-name report.example > /etc/nginx/conf.d/certhall.conf\n",
    run};
