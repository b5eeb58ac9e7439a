/* The story, step by step: project aml-reporting, business new (manual S0). */
#include "tour/tour.h"

#include "base/text.h"
#include "pki/cert.h"
#include "pki/csr.h"
#include "pki/pem.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char HANDLER_MOBILE[] = "13805952716";
static const char USER_PIN[] = "Haisi2026";

/* ---- the regulator ---- */

/* The story has one beginning: the demo's list, its clock and its UKeys serve once. */
static enum err demo_is_fresh(struct tour *t, struct err_info *e)
{
    const json_t *imports;
    TRY(browser_get(&t->staff, "/imports", &imports, e));
    if (json_array_size(json_object_get(imports, "items")) == 0)
        return ERR_OK;
    return tour_fail(e,
                     "a list was imported into this demo before; the tour begins at the beginning "
                     "and wants a fresh one (certhall init --demo, or ./run with another --data)");
}

static enum err import_list(struct tour *t, struct err_info *e)
{
    struct bytes list, signature;
    const json_t *batch, *state;
    TRY(tour_sign_in_as(t, "regulator", 0, e));
    TRY(demo_is_fresh(t, e));
    TRY(file_read(t->arena, arena_fmt(t->arena, "%s/demo/regulator/list.csv", t->data), 1 << 20,
                  &list, e));
    TRY(file_read(t->arena, arena_fmt(t->arena, "%s/demo/regulator/list.csv.p7s", t->data), 1 << 20,
                  &signature, e));
    struct browser_upload file[] = {{"file", "list.csv", list},
                                    {"signature", "list.csv.p7s", signature}};
    TRY(browser_upload(&t->staff, "/imports", t->project, file, 2, &batch, e));
    return tour_wait(&t->staff, arena_fmt(t->arena, "/imports/%s", text_at(batch, "id")),
                     "ca_state", "entered", 15, &state, e);
}

static int is_code_character(char c)
{
    return isdigit((unsigned char)c) || (isupper((unsigned char)c) && !strchr("ILOU", c));
}

/* The code stands alone in its text: 16 characters of the code alphabet, perhaps in groups. */
static const char *code_in(struct arena *a, const char *text)
{
    char code[17];
    size_t n = 0;
    for (; *text; text++) {
        if (is_code_character(*text))
            code[n++] = *text;
        else if (!(n > 0 && (*text == '-' || *text == ' ') && is_code_character(text[1])))
            n = 0;
        if (n == 16 && !is_code_character(text[1]) && text[1] != '-')
            return arena_text_n(a, code, 16);
        if (n == 16)
            n = 0;
    }
    return NULL;
}

static enum err read_code(struct tour *t, struct err_info *e)
{
    const char *text;
    TRY(tour_outbox(t, "sms", HANDLER_MOBILE, "授权码", &text, e));
    t->code = code_in(t->arena, text);
    t->reporting_code = "F3505030000117";
    return t->code ? ERR_OK : tour_fail(e, "no code of 16 characters in “%s”", text);
}

/* ---- the applicant ---- */

static enum err sign_in(struct tour *t, struct err_info *e)
{
    json_t *body = json_pack("{s:s,s:s,s:s}", "project", t->project, "code", t->code,
                             "reporting_code", t->reporting_code);
    TRY(browser_send(&t->applicant, "POST", "/session", body, NULL, e));
    return browser_refresh(&t->applicant, e);
}

/* S0-17: refused with the first usable date. */
static enum err too_early(struct tour *t, struct err_info *e)
{
    if (sign_in(t, e) == ERR_OK)
        return tour_fail(e, "the code was usable on the day it was obtained");
    if (t->applicant.status != 409 ||
        !memmem(t->applicant.body.p, t->applicant.body.n, "usable_on", 9))
        return tour_fail(e, "refused with %d and no first usable date", t->applicant.status);
    return ERR_OK;
}

static enum err second_workday(struct tour *t, struct err_info *e)
{
    TRY(tour_clock(t, "+2wd", e));
    return sign_in(t, e);
}

static enum err create_order(struct tour *t, struct err_info *e)
{
    const json_t *order;
    TRY(browser_send(&t->applicant, "POST", "/orders",
                     json_pack("{s:s,s:s}", "project", t->project, "type", "NEW"), &order, e));
    t->order = text_at(order, "order");
    return strlen(t->order) == 19 ? ERR_OK
                                  : tour_fail(e, "the order number %s has not 19 digits", t->order);
}

/* A sensible value for each kind of field, as a person would type it. */
static const char *typed_for(const json_t *field)
{
    static const struct {
        const char *kind, *value;
    } by_kind[] = {
        {"mobile", "138 0595 2716"},
        {"phone", "0595-22556677"},
        {"email", "shen.ruolin@haisi.example"},
        {"postcode", "362000"},
        {"uscc", "91350503MA2Y7K4H06"},
        {"bank_account", "35001652000052500001"},
        {"longtext", "福建省泉州市丰泽区津淮街18号海丝大厦6楼"},
        {"region", "福建省泉州市丰泽区"},
    };
    for (size_t i = 0; i < sizeof by_kind / sizeof *by_kind; i++)
        if (strcmp(by_kind[i].kind, text_at(field, "kind")) == 0)
            return by_kind[i].value;
    if (strcmp(text_at(field, "kind"), "choice") == 0)
        return text_at(field, "options.0.value");
    return strstr(text_at(field, "name"), "address") ? "福建省泉州市丰泽区津淮街18号海丝大厦6楼"
                                                     : "沈若琳";
}

static enum err fill_section(struct tour *t, const json_t *section, struct err_info *e)
{
    json_t *values = json_object();
    const json_t *question, *field;
    size_t i, k;
    json_array_foreach ((json_t *)(uintptr_t)at(section, "questions"), i, question)
        json_array_foreach ((json_t *)(uintptr_t)at(question, "fields"), k, field)
            if (strcmp(text_at(field, "kind"), "fixed") != 0)
                json_object_set_new(values, text_at(field, "name"),
                                    json_string(*text_at(field, "value") ? text_at(field, "value")
                                                                         : typed_for(field)));
    json_t *body = json_pack("{s:O,s:b,s:o}", "rev", at(section, "rev"), "final", 1, "values",
                             values);
    return browser_send(&t->applicant, "PUT",
                        arena_fmt(t->arena, "/orders/%s/form/%s", t->order, text_at(section, "id")),
                        body, NULL, e);
}

static enum err fill_form(struct tour *t, struct err_info *e)
{
    const json_t *form, *section;
    size_t i;
    TRY(browser_get(&t->applicant, arena_fmt(t->arena, "/orders/%s/form", t->order), &form, e));
    json_array_foreach ((json_t *)(uintptr_t)at(form, "sections"), i, section)
        TRY(fill_section(t, section, e));
    return ERR_OK;
}

static enum err check_and_submit(struct tour *t, struct err_info *e)
{
    const json_t *check, *order;
    TRY(browser_get(&t->applicant, arena_fmt(t->arena, "/orders/%s/check", t->order), &check, e));
    if (!json_is_true(at(check, "ready")))
        return tour_fail(e, "not ready to submit: %s %s", text_at(check, "missing.0.field"),
                         text_at(check, "missing.0.message"));
    json_t *body = json_pack("{s:O,s:s,s:b}", "revision", at(check, "revision"),
                             "agreement_version", text_at(check, "agreement.version"), "consent",
                             1);
    TRY(browser_send(&t->applicant, "POST", arena_fmt(t->arena, "/orders/%s/submit", t->order),
                     body, &order, e));
    return strcmp(text_at(order, "status.states.application"), "AWAIT_PAY") == 0
               ? ERR_OK
               : tour_fail(e, "after submitting the order is %s",
                           text_at(order, "status.states.application"));
}

/* ---- paying at the bank ---- */

static const char *between(struct arena *a, const char *text, const char *from, const char *to)
{
    const char *start = strstr(text, from), *end = start ? strstr(start + strlen(from), to) : NULL;
    return end ? arena_text_n(a, start + strlen(from), (size_t)(end - start) - strlen(from)) : NULL;
}

static enum err approve_at_bank(struct tour *t, const char *url, struct err_info *e)
{
    const char *path = strchr(strstr(url, "://") + 3, '/');
    _auto(httpc) bank = httpc_new(&(struct httpc_options){
        .service = "bank", .base = arena_text_n(t->arena, url, (size_t)(path - url))});
    struct httpc_answer page, decided;
    TRY(httpc_send(bank, t->arena, &(struct httpc_request){.path = path}, &page, e));
    const char *ticket = page.status == 200 ? between(t->arena, (const char *)page.body.p,
                                                      "name=\"ticket\" value=\"", "\"")
                                            : NULL;
    if (!ticket)
        return tour_fail(e, "the bank's page answers %d", page.status);
    _auto_buf form;
    buf_init(&form, 8192);
    httpc_form_add(&form, "ticket", ticket);
    httpc_form_add(&form, "decision", "approve");
    struct httpc_request decide = {.path = "/decide",
                                   .content_type = "application/x-www-form-urlencoded",
                                   .body = {form.p, form.n}};
    TRY(httpc_send(bank, t->arena, &decide, &decided, e));
    return decided.status == 303 ? ERR_OK
                                 : tour_fail(e, "the bank's decision answers %d", decided.status);
}

static enum err pay(struct tour *t, struct err_info *e)
{
    const json_t *payment;
    char *url = arena_fmt(t->arena, "/orders/%s/payment", t->order);
    TRY(browser_get(&t->applicant, url, &payment, e));
    TRY(browser_send(&t->applicant, "POST", url,
                     json_pack("{s:s}", "method", text_at(payment, "methods.0.id")), &payment, e));
    TRY(approve_at_bank(t, text_at(payment, "redirect_url"), e));
    TRY(tour_wait(&t->applicant, url, "state", "PAID", 20, &payment, e));
    t->trade_no = text_at(payment, "trade_no");
    return ERR_OK;
}

/* S0-25: after payment neither cancel nor change. */
static enum err frozen(struct tour *t, struct err_info *e)
{
    enum err cancelled = browser_send(
        &t->applicant, "POST", arena_fmt(t->arena, "/orders/%s/cancel", t->order), NULL, NULL, e);
    if (cancelled == ERR_OK || strcmp(err_code_text(e->code), "order.frozen") != 0)
        return tour_fail(e, "cancelling after payment gives %s", err_code_text(cancelled));
    json_t *body = json_pack("{s:i,s:b,s:{}}", "rev", 1, "final", 0, "values");
    enum err saved = browser_send(&t->applicant, "PUT",
                                  arena_fmt(t->arena, "/orders/%s/form/mailing", t->order), body,
                                  NULL, e);
    return saved != ERR_OK && strcmp(err_code_text(e->code), "order.frozen") == 0
               ? ERR_OK
               : tour_fail(e, "changing after payment gives %s", err_code_text(saved));
}

/* ---- maker and shipping ---- */

static enum err pick_blank(struct tour *t, struct err_info *e)
{
    char *folder = arena_fmt(t->arena, "%s/demo/ukeys/bench", t->data);
    struct dirent **entry;
    int n = scandir(folder, &entry, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char *dot = strstr(entry[i]->d_name, ".ukey");
        if (!t->serial && dot && !dot[5])
            t->serial = arena_text_n(t->arena, entry[i]->d_name, (size_t)(dot - entry[i]->d_name));
        free(entry[i]);
    }
    if (n >= 0)
        free(entry);
    return t->serial ? ERR_OK : tour_fail(e, "no blank UKey in %s", folder);
}

static enum err maker_pin(struct tour *t, const char **pin, struct err_info *e)
{
    json_t *people = NULL, *person;
    size_t i;
    TRY(tour_read_json(t, arena_fmt(t->arena, "%s/demo/passwords.json", t->data), &people, e));
    json_array_foreach (people, i, person)
        if (*text_at(person, "ukey_pin")) {
            *pin = text_at(person, "ukey_pin");
            return ERR_OK;
        }
    return tour_fail(e, "the demo's maker has no UKey");
}

static enum err produce(struct tour *t, struct err_info *e)
{
    const json_t *done, *production;
    const char *pin[] = {NULL, NULL};
    TRY(tour_sign_in_as(t, "maker", 0, e));
    TRY(pick_blank(t, e));
    TRY(maker_pin(t, &pin[0], e));
    json_t *job = json_pack("{s:s,s:s,s:s}", "kind", "produce", "order", t->order, "serial",
                            t->serial);
    TRY(tour_agent_job(t, &t->staff, job, pin, &done, e));
    TRY(browser_get(&t->staff, arena_fmt(t->arena, "/production/%s", t->order), &production, e));
    t->certificate_serial = text_at(production, "key.certificate.serial");
    return *t->certificate_serial ? ERR_OK : tour_fail(e, "no certificate stands on the order");
}

static enum err label_and_quality(struct tour *t, struct err_info *e)
{
    const json_t *seen, *packed;
    TRY(browser_download(&t->staff, arena_fmt(t->arena, "/production/%s/label", t->order), e));
    if (t->staff.body.n < 100 || memcmp(t->staff.body.p, "%PDF-", 5) != 0)
        return tour_fail(e, "the label is no PDF");
    TRY(tour_sign_in_as(t, "shipping", 0, e));
    TRY(tour_agent_job(
        t, &t->staff,
        json_pack("{s:s,s:s,s:s}", "kind", "identify", "order", t->order, "serial", t->serial),
        NULL, &seen, e));
    json_t *body = json_pack("{s:b,s:s,s:s}", "passed", 1, "scanned_serial", t->serial, "job",
                             text_at(seen, "job.id"));
    TRY(browser_send(&t->staff, "POST", arena_fmt(t->arena, "/production/%s/quality", t->order),
                     body, &packed, e));
    return strcmp(text_at(packed, "status.states.fulfilment"), "PACKED") == 0
               ? ERR_OK
               : tour_fail(e, "after the check the order is %s",
                           text_at(packed, "status.states.fulfilment"));
}

static enum err ship(struct tour *t, struct err_info *e)
{
    const json_t *shipment, *order;
    const char *text;
    char *url = arena_fmt(t->arena, "/shipments/%s", t->order);
    TRY(browser_get(&t->staff, url, &shipment, e));
    json_t *body = json_pack("{s:s,s:s,s:s}", "courier", text_at(shipment, "couriers.0.id"),
                             "number", "SF1427553081926", "scanned_serial", t->serial);
    TRY(browser_send(&t->staff, "POST", url, body, NULL, e));
    TRY(tour_outbox(t, "sms", HANDLER_MOBILE, "SF1427553081926", &text, e));
    TRY(tour_wait(&t->applicant, arena_fmt(t->arena, "/orders/%s", t->order),
                  "status.states.fulfilment", "SHIPPED", 5, &order, e));
    if (strcmp(text_at(order, "shipment.number"), "SF1427553081926") != 0 ||
        strcmp(text_at(order, "key.serial"), t->serial) != 0)
        return tour_fail(e, "the order page shows number “%s” and UKey “%s”",
                         text_at(order, "shipment.number"), text_at(order, "key.serial"));
    return ERR_OK;
}

/* In the demo the parcel arrives at once: the key file is moved to the user's folder. */
static enum err parcel_arrives(struct tour *t, struct err_info *e)
{
    char *path = arena_fmt(t->arena, "%s/demo/ukeys/user/%s.ukey", t->data, t->serial);
    for (int i = 0; i < 100; i++) {
        if (access(path, F_OK) == 0)
            return ERR_OK;
        usleep(100 * 1000);
    }
    return tour_fail(e, "%s did not arrive within 10 s", path);
}

/* ---- the user's UKey ---- */

static const char *six_digits(struct arena *a, const char *text)
{
    for (size_t n; *text; text += n ? n : 1) {
        n = strspn(text, "0123456789");
        if (n == 6)
            return arena_text_n(a, text, 6);
    }
    return NULL;
}

static enum err first_pin(struct tour *t, struct err_info *e)
{
    const json_t *sms, *done;
    const char *text, *digits;
    const char *const pins[] = {USER_PIN, USER_PIN, USER_PIN, NULL};
    TRY(browser_send(&t->applicant, "POST", "/sms",
                     json_pack("{s:s,s:s}", "purpose", "activate", "serial", t->serial), &sms, e));
    TRY(tour_outbox(t, "sms", HANDLER_MOBILE, "验证码", &text, e));
    digits = six_digits(t->arena, text);
    if (!digits)
        return tour_fail(e, "no code of 6 digits in “%s”", text);
    TRY(browser_send(&t->applicant, "POST",
                     arena_fmt(t->arena, "/sms/%s/verify", text_at(sms, "id")),
                     json_pack("{s:s}", "code", digits), NULL, e));
    json_t *job = json_pack("{s:s,s:s,s:s,s:s}", "kind", "activate", "project", t->project,
                            "serial", t->serial, "sms_id", text_at(sms, "id"));
    t->user_pin = USER_PIN;
    return tour_agent_job(t, &t->applicant, job, pins, &done, e);
}

static enum err sign_in_with_ukey(struct tour *t, struct err_info *e)
{
    const json_t *done, *session;
    const char *const pins[] = {USER_PIN, NULL};
    TRY(browser_send(&t->applicant, "DELETE", "/session", NULL, NULL, e));
    TRY(browser_refresh(&t->applicant, e));
    TRY(tour_agent_job(t, &t->applicant,
                       json_pack("{s:s,s:s}", "kind", "login", "project", t->project), pins, &done,
                       e));
    TRY(browser_refresh(&t->applicant, e));
    TRY(browser_get(&t->applicant, "/session", &session, e));
    return strcmp(text_at(session, "by"), "ukey") == 0
               ? ERR_OK
               : tour_fail(e, "signed in by “%s”", text_at(session, "by"));
}

static enum err read_certificate(struct tour *t, struct err_info *e)
{
    const json_t *record;
    TRY(tour_sign_in_as(t, "support", 0, e));
    TRY(browser_get(&t->staff, arena_fmt(t->arena, "/certificates/%s", t->certificate_serial),
                    &record, e));
    const char *pem = text_at(record, "pem");
    return pem_decode(t->arena, (struct bytes){(const uint8_t *)pem, strlen(pem)}, "CERTIFICATE",
                      &t->certificate, e);
}

static const char NO_TLS[] =
    "no handshake: nginx, with OpenSSL 3.0, has no TLS with SM2; openssl verified chain, CRL and OCSP";

static enum err openssl_takes_it(struct tour *t, struct err_info *e)
{
    int listed;
    TRY(tour_openssl(t, "good", &listed, e));
    t->note = NO_TLS;
    return listed ? tour_fail(e, "the CRL names a certificate that is good") : ERR_OK;
}

static enum err relying_party_takes_it(struct tour *t, struct err_info *e)
{
    int accepted, tls;
    const char *answer, *status;
    TRY(read_certificate(t, e));
    TRY(file_replace(arena_fmt(t->arena, "%s/certificate.der", t->work), t->certificate, 0644, e));
    TRY(tour_ocsp(t, &status, e));
    if (strcmp(status, "good") != 0)
        return tour_fail(e, "OCSP says %s", status);
    TRY(tour_tls_can(t, &tls, e));
    if (!tls)
        return openssl_takes_it(t, e);
    t->note = "TLS 1.3 through nginx, the UKey signs; CRL file and OCSP";
    TRY(tour_nginx_start(t, e));
    TRY(tour_handshake(t, &accepted, &answer, e));
    return accepted ? ERR_OK : tour_fail(e, "nginx refused the certificate: %s", answer);
}

/* ---- finance, revocation, audit ---- */

static enum err invoice(struct tour *t, struct err_info *e)
{
    const json_t *batch, *issued, *list;
    const char *text;
    TRY(tour_sign_in_as(t, "finance", 0, e));
    TRY(browser_get(&t->staff, "/finance/batches/preview", &batch, e));
    json_t *body = json_pack("{s:s,s:O,s:O}", "month", text_at(batch, "month"), "count",
                             at(batch, "count"), "total_fen", at(batch, "total_fen"));
    TRY(browser_send(&t->staff, "POST", "/finance/batches", body, &issued, e));
    TRY(tour_wait(&t->applicant, "/invoices", "items.0.state", "DELIVERED", 20, &list, e));
    if (t->mail_in_outbox)
        TRY(tour_outbox(t, "mail", "shen.ruolin@haisi.example", "发票", &text, e));
    TRY(browser_download(
        &t->applicant,
        arena_fmt(t->arena, "/invoices/%s/file?format=pdf", text_at(list, "items.0.id")), e));
    return t->applicant.body.n > 500 && memcmp(t->applicant.body.p, "%PDF-", 5) == 0
               ? ERR_OK
               : tour_fail(e, "the invoice is no PDF");
}

static enum err ledger_balances(struct tour *t, struct err_info *e)
{
    const json_t *ledger;
    TRY(browser_get(&t->staff, "/finance/ledger", &ledger, e));
    return json_is_true(at(ledger, "balanced"))
               ? ERR_OK
               : tour_fail(e, "debit %lld, credit %lld",
                           (long long)json_integer_value(at(ledger, "debit_fen")),
                           (long long)json_integer_value(at(ledger, "credit_fen")));
}

static enum err revoke_certificate(struct tour *t, struct err_info *e)
{
    const json_t *asked, *decided;
    const char *status = "";
    TRY(tour_sign_in_as(t, "support", 0, e));
    json_t *body = json_pack("{s:s,s:s}", "reason_code", "key_compromise", "reason",
                             "演示：UKey 丢失");
    TRY(browser_send(&t->staff, "POST",
                     arena_fmt(t->arena, "/certificates/%s/revoke", t->certificate_serial), body,
                     &asked, e));
    TRY(tour_sign_in_as(t, "support", 1, e));
    TRY(browser_send(&t->staff, "POST", arena_fmt(t->arena, "/approvals/%s", text_at(asked, "id")),
                     json_pack("{s:b}", "approve", 1), &decided, e));
    int64_t since = clock_monotonic();
    while (strcmp(status, "revoked") != 0 && clock_monotonic() - since < 10 * TIME_SECOND)
        TRY(tour_ocsp(t, &status, e));
    int64_t took = clock_monotonic() - since;
    if (strcmp(status, "revoked") != 0 || took > TIME_SECOND)
        return tour_fail(e, "OCSP says %s after %lld ms", status, (long long)took);
    return ERR_OK;
}

/* The list is made anew within moments of the change. */
static enum err openssl_refuses_it(struct tour *t, struct err_info *e)
{
    int listed = 0;
    int64_t until = clock_monotonic() + 5LL * TIME_SECOND;
    do {
        TRY(tour_openssl(t, "revoked", &listed, e));
    } while (!listed && clock_monotonic() < until);
    t->note = NO_TLS;
    return listed ? ERR_OK : tour_fail(e, "the CRL does not name it within 5 s");
}

static enum err relying_party_refuses_it(struct tour *t, struct err_info *e)
{
    int accepted, tls;
    const char *answer;
    TRY(tour_tls_can(t, &tls, e));
    if (!tls)
        return openssl_refuses_it(t, e);
    TRY(tour_handshake(t, &accepted, &answer, e));
    if (accepted)
        return tour_fail(e, "nginx still lets the revoked certificate in (OCSP)");
    TRY(tour_nginx_reload(t, e));
    TRY(tour_handshake(t, &accepted, &answer, e));
    return accepted ? tour_fail(e, "nginx still lets the revoked certificate in (CRL)") : ERR_OK;
}

static enum err audit(struct tour *t, struct err_info *e)
{
    const json_t *verdict, *other;
    TRY(tour_sign_in_as(t, "auditor", 0, e));
    TRY(browser_send(&t->staff, "POST", "/audit/verify", NULL, &verdict, e));
    if (!json_is_true(at(verdict, "intact")))
        return tour_fail(e, "the audit says: %s", text_at(verdict, "text"));
    if (browser_get(&t->staff, arena_fmt(t->arena, "/orders/%s", t->order), &other, e) == ERR_OK)
        return tour_fail(e, "the auditor may open an order");
    return ERR_OK;
}

static enum err clock_to_now(struct tour *t, struct err_info *e)
{
    return tour_clock(t, "now", e);
}

static const struct tour_step steps[] = {
    {"the regulator imports a signed list", import_list},
    {"the code reaches the handler", read_code},
    {"signing in on the first day is refused", too_early},
    {"on the second working day it works", second_workday},
    {"the order is begun", create_order},
    {"mailing and invoice data are filled in", fill_form},
    {"everything is checked and submitted", check_and_submit},
    {"paying at the bank", pay},
    {"after payment nothing can be changed", frozen},
    {"the maker makes the UKey", produce},
    {"label, quality check, packing", label_and_quality},
    {"the parcel is sent and the handler told", ship},
    {"the parcel arrives", parcel_arrives},
    {"the handler sets the first PIN", first_pin},
    {"business time is moved up to now", clock_to_now},
    {"signing in with the UKey", sign_in_with_ukey},
    {"a relying party accepts the certificate", relying_party_takes_it},
    {"the invoice is issued, mailed and downloaded", invoice},
    {"the ledger balances", ledger_balances},
    {"revoked: OCSP says so within a second", revoke_certificate},
    {"the relying party refuses it", relying_party_refuses_it},
    {"the auditor verifies the chains", audit},
};

size_t tour_steps(const struct tour_step **out)
{
    *out = steps;
    return sizeof steps / sizeof *steps;
}
