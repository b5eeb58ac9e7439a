/* The hall's process: opens what `struct hall` names, serves portal, console, partner and agent, and keeps the clockwork going. */
#include "main/confine.h"
#include "main/open_hall.h"
#include "main/users.h"
#include "main/verb.h"

#include "agentapi/agentapi.h"
#include "base/boundary.h"
#include "base/text.h"
#include "console/console.h"
#include "hall/account/account.h"
#include "hall/audit/audit.h"
#include "hall/authority/ca_client.h"
#include "hall/authority/kmc_client.h"
#include "hall/certificate/certificate.h"
#include "hall/delivery/delivery.h"
#include "hall/event/event.h"
#include "hall/hosts.h"
#include "hall/intake/intake.h"
#include "hall/invoice/invoice.h"
#include "hall/job/job.h"
#include "hall/limit/limit.h"
#include "hall/order/order.h"
#include "hall/outbox/message.h"
#include "hall/payment/payment.h"
#include "hall/project/keep.h"
#include "hall/session/session.h"
#include "hall/staff/staff.h"
#include "partner/partner_api.h"
#include "peer/peer.h"
#include "portal/portal.h"
#include "store/store.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECTIONS = 8,
    OUTBOX_KINDS_MAX = 24,
    TICK_MS = 500,
    ANCHOR_MS = 10 * TIME_SECOND,
    PRUNE_MS = 60 * TIME_SECOND,
    RETENTION_MS = TIME_HOUR,
    RETENTION_AT_ONCE = 20 /* orders a tick: the lease and the end of the process wait for it */
};

struct process {
    struct opened_hall opened;
    struct spawner *decoders;
    struct hall *hall; /* of `opened` */
    const struct place *place;
    struct calendar *calendar;
    struct projects *projects;
    struct netbank *bank;
    struct invoice_local *invoices;
    struct staff_gate *staff_gate;
    struct sms_files *sms;
    struct message_settings messages;
    struct outbox *outbox;
    struct event_hub *events;
    struct httpd *server;
    struct portal *portal;
    struct console console;
    pthread_t clockwork;
    atomic_int stop;
    int ticking;
};

/* ---- what the hall is made of ---- */

/* Running orders keep the version of the profile that they began with (design §4). */
static enum err load_projects(struct process *p, const char *profiles, struct err_info *e)
{
    _auto_hall_tx tx = {0};
    TRY(hall_begin(p->hall, 1, &hall_system, p->place->arena, &tx, e));
    TRY(projects_restore(&tx, p->projects, e));
    TRY(projects_load(p->projects, profiles, e));
    TRY(projects_keep(&tx, p->projects, e));
    return hall_commit(&tx, e);
}

static enum err open_projects(struct process *p, struct err_info *e)
{
    struct arena *a = p->place->arena;
    const char *profiles = *p->opened.settings.profiles
                               ? p->opened.settings.profiles
                               : arena_fmt(a, "%s/profiles", place_share(p->place));
    /* an administrator's calendar goes before the shipped one */
    const char *calendars[] = {arena_fmt(a, "%s/calendar", profiles),
                               arena_fmt(a, "%s/calendar", p->opened.settings.folder)};
    TRY(calendar_load(calendars, 2, &p->calendar, e));
    p->projects = projects_new();
    return load_projects(p, profiles, e);
}

/* The bank's settings may be absent: then no method that needs it can be started. */
static enum err open_bank(struct process *p, struct err_info *e)
{
    struct arena *a = p->place->arena;
    struct netbank_options o = {.url = conf_get(p->opened.settings.conf, "bank_url", NULL),
                                .merchant = conf_get(p->opened.settings.conf, "bank_merchant", "")};
    if (!o.url)
        return ERR_OK;
    TRY(file_read(a, arena_fmt(a, "%s/merchant-key.pem", p->opened.settings.folder), 64 << 10,
                  &o.key, e));
    TRY(file_read(a, arena_fmt(a, "%s/bank-pub.pem", p->opened.settings.folder), 64 << 10, &o.bank,
                  e));
    TRY(netbank_new(&o, &p->bank, e));
    p->hall->payment = netbank_provider(p->bank);
    return ERR_OK;
}

/* Only a demo has a seller of its own: nobody's invoice may carry a tax number that he did not set. Without one none is
 * issued (config.invalid), and the money stays with what waits for an invoice. */
static enum err open_invoices(struct process *p, struct err_info *e)
{
    const struct conf *c = p->opened.settings.conf;
    int demo = p->hall->demo;
    struct invoice_local_options o = {
        .seller = conf_get(c, "invoice_seller", demo ? "证书服务中心" : NULL),
        .seller_tax_no = conf_get(c, "invoice_tax_no", demo ? "91110108MA01ABCD5T" : NULL),
        .region = conf_get(c, "invoice_region", "11")};
    if (!o.seller || !o.seller_tax_no) {
        log_line(LOG_LEVEL_WARN, "invoice.seller",
                 "invoice_seller and invoice_tax_no are not set: no invoice can be issued");
        return ERR_OK;
    }
    TRY(invoice_local_new(&o, &p->invoices, e));
    p->hall->invoice = invoice_local_provider(p->invoices);
    return ERR_OK;
}

static enum err open_authority(struct process *p, struct err_info *e)
{
    char key[PEER_KEY_LEN + 1];
    TRY(peer_key_read(place_peer_key(p->place), key, e));
    p->hall->ca = ca_client_new(place_socket(p->place, "ca", "hall"), key);
    p->hall->kmc = kmc_client_new(place_socket(p->place, "kmc", "hall"), key);
    mem_wipe(key, sizeof key);
    return ERR_OK;
}

static enum err open_process(struct process *p, struct err_info *e)
{
    p->hall = &p->opened.hall;
    TRY(confine_decoders(&p->decoders, e));
    TRY(confine_folders(p->place, "hall", e));
    TRY(open_hall(p->place, &p->opened, e));
    if (p->hall->demo)
        boundary_arm(p->opened.settings.folder);
    TRY(hall_ids_lease(p->opened.store, &p->hall->ids, e));
    TRY(open_projects(p, e));
    TRY(open_bank(p, e));
    TRY(open_authority(p, e));
    TRY(open_invoices(p, e));
    p->hall->decoders = p->decoders;
    p->hall->projects = p->projects;
    p->hall->calendar = p->calendar;
    p->hall->intake_hooks = &order_intake_hooks;
    p->hall->staff_gate = p->staff_gate = staff_gate_new();
    return event_hub_start(p->hall, &p->events, e);
}

/* ---- what leaves the process ---- */

static const char *smtp_password(const struct process *p)
{
    const char *kept = hall_secret(p->opened.secrets, "smtp.password");
    return kept ? kept : "";
}

/* Codes that nobody passes on would count as sent, and people would wait for them. */
static enum err check_sms(const struct process *p, struct err_info *e)
{
    TRY(hall_settings_sms(&p->opened.settings, e));
    if (!p->hall->demo)
        log_line(LOG_LEVEL_WARN, "sms.file", "each SMS is a file in %s; somebody must pass it on",
                 p->opened.settings.outbox_folder);
    return ERR_OK;
}

static enum err check_mail(const struct process *p, struct err_info *e)
{
    const struct hall_settings *s = &p->opened.settings;
    TRY(hall_settings_mail(s, e));
    if (*s->mail && !p->hall->demo)
        log_line(LOG_LEVEL_WARN, "mail.file", "each mail is a file in %s; somebody must pass it on",
                 s->outbox_folder);
    if (s->smtp_plain && message_needs_starttls(s->smtp_url, 0))
        log_line(LOG_LEVEL_WARN, "mail.plain", "mail goes to %s unencrypted (smtp_plain = yes)",
                 s->smtp_url);
    return ERR_OK;
}

static enum err start_outbox(struct process *p, struct err_info *e)
{
    struct outbox_kind kinds[OUTBOX_KINDS_MAX];
    TRY(folder_make(p->opened.settings.outbox_folder, 0700, e));
    TRY(sms_files_new(p->opened.settings.outbox_folder, p->opened.clock, &p->sms, e));
    p->messages = (struct message_settings){.smtp_url = p->opened.settings.smtp_url,
                                            .smtp_user = p->opened.settings.smtp_user,
                                            .smtp_password = smtp_password(p),
                                            .smtp_ca = p->opened.settings.smtp_ca,
                                            .smtp_plain = p->opened.settings.smtp_plain,
                                            .from = p->opened.settings.mail_from,
                                            .from_name = p->opened.settings.mail_from_name,
                                            .folder = p->opened.settings.outbox_folder,
                                            .sms = sms_files_provider(p->sms)};
    message_kinds(&p->messages, kinds);
    kinds[0] = order_hears_bounce(kinds[0]);
    size_t n = MESSAGE_KINDS;
    kinds[n++] = intake_kind();
    n += order_outbox_kinds(kinds + n, OUTBOX_KINDS_MAX - n);
    if (p->hall->demo)
        kinds[n++] = delivery_demo_kind(arena_fmt(p->place->arena, "%s/demo", p->place->data));
    TRY(outbox_start(p->hall, kinds, n, (int)p->opened.settings.workers, &p->outbox, e));
    p->hall->outbox = p->outbox;
    return ERR_OK;
}

/* ---- the clockwork: timers, the worker's lease, anchors, pruning ---- */

static enum err anchor(struct process *p, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct audit_heads heads;
    const char *json, *ca_head;
    {
        _auto_hall_tx tx = {0};
        TRY(hall_begin(p->hall, 0, &hall_timer, a, &tx, e));
        TRY(audit_heads(&tx, &heads, e));
    }
    TRY(audit_heads_json(a, &heads, &json, e));
    TRY(ca_client_anchor(p->hall->ca, json, a, &ca_head, e));
    boundary(BOUNDARY_HALL_ANCHOR_TOLD);
    _auto_hall_tx tx = {0};
    TRY(hall_begin(p->hall, 1, &hall_timer, a, &tx, e));
    TRY(audit_anchor_store(&tx, &heads, ca_head, e));
    return hall_commit(&tx, e);
}

static enum err prune(struct process *p, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_hall_tx tx = {0};
    int usable;
    TRY(hall_begin(p->hall, 1, &hall_timer, a, &tx, e));
    TRY(session_prune(&tx, e));
    TRY(limit_prune(&tx, e));
    TRY(job_prune(&tx, e));
    TRY(account_usable_due(&tx, &usable, e));
    TRY(invoice_batch_settle(&tx, e));
    return hall_commit(&tx, e);
}

/* A task that failed is tried again at its next turn; it is told once until it works again. */
static void told(const char *what, enum err result, const struct err_info *e, int *failing)
{
    if (result != ERR_OK && !*failing)
        log_line(LOG_LEVEL_WARN, what, "%s %s", err_code_text(e->code), e->detail);
    *failing = result != ERR_OK;
}

/* A clock that was set must not give orders up, or erase what is kept for years: deadlines wait until the new time has
 * stood for a while. */
static int is_sure_of_time(struct clock_watch *w, int *told_of)
{
    int64_t by = clock_watch_look(w);
    if (by && !*told_of)
        log_line(
            LOG_LEVEL_ERROR, "hall.clock",
            "the machine's clock was set by %lld s; deadlines wait %d minutes, or until it is set back",
            (long long)(by / TIME_SECOND), CLOCK_SETTLE_MS / TIME_MINUTE);
    if (!by && *told_of)
        log_line(LOG_LEVEL_WARN, "hall.clock", "the machine's clock is believed again");
    *told_of = by != 0;
    return by == 0;
}

static void *clockwork(void *arg)
{
    struct process *p = arg;
    int64_t anchored = 0, pruned = 0, renewed = clock_monotonic();
    int64_t swept = 0, swept_to = 0; /* order that the round of retention has come to; 0: none */
    struct clock_watch watch = {0};
    int jumped = 0, timers_fail = 0, anchor_fails = 0, prune_fails = 0, lease_fails = 0,
        sweep_fails = 0;
    while (!atomic_load(&p->stop)) {
        struct err_info e;
        int fired = 0;
        int64_t now = clock_monotonic();
        int sure = is_sure_of_time(&watch, &jumped);
        if (sure)
            told("hall.timers", order_timers_run(p->hall, &fired, &e), &e, &timers_fail);
        if (now - renewed >= HALL_LEASE_MS / 6) {
            told("hall.lease", hall_ids_renew(p->hall->ids, p->opened.store, &e), &e, &lease_fails);
            renewed = now;
        }
        if (now - anchored >= ANCHOR_MS) {
            told("hall.anchor", anchor(p, &e), &e, &anchor_fails);
            malloc_trim(0); /* what a rush took goes back to the system */
            anchored = now;
        }
        if (sure && (swept_to || !swept || now - swept >= RETENTION_MS)) {
            swept = swept_to ? swept : now;
            told("hall.retention",
                 order_retention_run(p->hall, RETENTION_AT_ONCE, &swept_to, &fired, &e), &e,
                 &sweep_fails);
        }
        if (now - pruned >= PRUNE_MS) {
            told("hall.prune", prune(p, &e), &e, &prune_fails);
            pruned = now;
        }
        nanosleep(&(struct timespec){.tv_nsec = TICK_MS * 1000L * 1000L}, NULL);
    }
    return NULL;
}

static enum err start_clockwork(struct process *p, struct err_info *e)
{
    if (pthread_create(&p->clockwork, NULL, clockwork, p))
        return err_set(e, ERR_INTERNAL, NULL, "no thread for the clockwork");
    p->ticking = 1;
    return ERR_OK;
}

/* ---- HTTP ---- */

/* Processes that share a user prove themselves by a key file (design §1); pages warn about it. */
static int one_user(const struct place *place)
{
    return access(place_peer_key(place), F_OK) == 0;
}

static enum err serve(struct process *p, struct err_info *e)
{
    static const char *const not_pages[] = {"/api/", NULL};
    struct arena *a = p->place->arena;
    const char *web = conf_get(p->opened.settings.conf, "web",
                               arena_fmt(a, "%s/web", place_share(p->place)));
    struct httpd_files console = {
        .prefix = "/console", .folder = web, .fallback = "console.html", .not_under = not_pages};
    struct httpd_files portal = {.prefix = "/",
                                 .folder = web,
                                 .fallback = "portal.html",
                                 .immutable = "/assets/",
                                 .not_under = not_pages};
    int https = strncmp(p->opened.settings.public_url, "https:", 6) == 0;
    int connections = (int)p->opened.settings.connections;
    p->server = httpd_new(
        &(struct httpd_options){.workers = 8,
                                .connections_max = connections,
                                .https = https,
                                .hosts = hall_hosts(a, &p->opened.settings, p->projects)});
    struct portal_options portal_options = {
        .hall = p->hall, .client_folder = conf_get(p->opened.settings.conf, "client", NULL)};
    TRY(portal_new(&portal_options, &p->portal, e));
    portal_mount(p->server, p->portal);
    p->console = (struct console){.hall = p->hall,
                                  .outbox = p->opened.settings.outbox_folder,
                                  .one_user = one_user(p->place)};
    console_mount(p->server, &p->console);
    partner_mount(p->server, p->hall);
    agentapi_mount(p->server, p->hall);
    TRY(httpd_mount_files(p->server, &console, e));
    TRY(httpd_mount_files(p->server, &portal, e));
    /* TLS ends at our nginx, through which alone this loopback port is reached: without its word of who calls, every
     * limit by address would count the whole world as one caller (G-40) */
    struct httpd_listen how = {.loops = 2, /* idle streams make the round of each longer */
                               .per_address_max = connections / 4,
                               .flags = https ? HTTPD_PROXY : 0};
    return place_listen_tcp(
        p->server, arena_fmt(a, "127.0.0.1:%lld", (long long)p->opened.settings.port), &how, e);
}

static void close_all(struct process *p)
{
    struct err_info e;
    atomic_store(&p->stop, 1);
    httpd_free(p->server);
    if (p->ticking)
        pthread_join(p->clockwork, NULL);
    portal_free(p->portal);
    outbox_free(p->outbox);
    event_hub_free(p->events);
    if (p->hall->ids && hall_ids_release(p->hall->ids, p->opened.store, &e) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "hall.lease", "%s", e.detail); /* it runs out by itself */
    sms_files_free(p->sms);
    invoice_local_free(p->invoices);
    staff_gate_free(p->staff_gate);
    netbank_free(p->bank);
    ca_client_free(p->hall->ca);
    kmc_client_free(p->hall->kmc);
    projects_free(p->projects);
    calendar_free(p->calendar);
    close_hall(&p->opened);
    spawner_free(p->decoders);
}

static enum err run_until_told(struct process *p, struct err_info *e)
{
    TRY(open_process(p, e));
    TRY(check_sms(p, e));
    TRY(check_mail(p, e));
    p->hall->events = p->events;
    TRY(serve(p, e));
    TRY(start_outbox(p, e));
    TRY(start_clockwork(p, e));
    TRY(httpd_start(p->server, e));
    TRY(confine_calls(p->place, "hall", e));
    return process_wait(p->place, "hall", e);
}

static int run(int argc, char **argv)
{
    _auto(arena) a = arena_new();
    const char *data = NULL, *run_folder = NULL;
    const struct option_row rows[] = {{"data", &data, NULL}, {"run", &run_folder, NULL}};
    char **rest;
    struct place place;
    struct err_info e;
    if (!options_take(argc, argv, rows, 2, &rest))
        return EXIT_USAGE;
    if (*rest)
        return report_usage("hall", "unexpected %s", *rest);
    if (place_find(&place, data, run_folder, a, &e) != ERR_OK)
        return report("hall", &e);
    if (users_not_root("hall", place_folder(&place, "hall"), &e) != ERR_OK)
        return report("hall", &e);
    process_keep_secrets();
    process_begin();
    struct process p = {.place = &place};
    enum err result = run_until_told(&p, &e);
    int status = result == ERR_OK ? EXIT_DONE : report("hall", &e);
    close_all(&p);
    return status;
}

const struct verb verb_hall = {
    "hall", "run the service hall",
    "usage: certhall hall [--data DIR] [--run DIR]\n\n"
    "Runs portal, console, partner and agent interfaces alone. It goes on while ca or kmc are away: what they must do\n"
    "is queued.\n\n"
    "  --data DIR   data directory made by certhall init\n  --run DIR    where the sockets stand\n\n"
    "Example: certhall hall --data /var/lib/certhall\nSIGTERM ends it after the requests under way.\n",
    run};
