/* Mail and SMS: from a call to an outbox row, and from the row to whoever sends it. */
#include "hall/outbox/message.h"

#include "base/boundary.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "httpc/mail.h"
#include "pki/digest.h"

#include <arpa/inet.h>
#include <string.h>

enum { ATTACHMENT_MAX = 4 * 1024 * 1024, ATTACHMENTS_MAX = 8, FILLED_MAX = 64 * 1024 };
static const int64_t GIVE_UP_MS = TIME_DAY;

static const char *value_of(const struct message_value *values, size_t n, const char *name,
                            size_t len)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(values[i].name) == len && memcmp(values[i].name, name, len) == 0)
            return values[i].value;
    return NULL;
}

enum err message_fill(struct arena *a, const char *text, const struct message_value *values,
                      size_t n, const char **out, struct err_info *e)
{
    _auto_buf b;
    buf_init(&b, FILLED_MAX);
    while (*text) {
        size_t plain = strcspn(text, "{");
        buf_put(&b, text, plain);
        text += plain;
        if (!*text)
            break;
        if (text[1] == '{') {
            buf_byte(&b, '{');
            text += 2;
            continue;
        }
        size_t len = strcspn(text + 1, "}");
        const char *value = text[1 + len] ? value_of(values, n, text + 1, len) : NULL;
        if (!value) {
            err_set(e, ERR_CONFIG, NULL, "no value for {%.*s}", (int)len, text + 1);
            err_arg(e, "why", "{%.*s}", (int)len, text + 1);
            return ERR_CONFIG;
        }
        buf_text(&b, value);
        text += len + 2;
    }
    if (b.full)
        return err_set(e, ERR_TOO_LARGE, NULL, "a message over 64 KiB");
    *out = arena_text(a, buf_cstr(&b));
    return ERR_OK;
}

enum err message_put_mail(struct hall_tx *tx, const struct message_mail *m, struct err_info *e)
{
    struct json_out j;
    size_t total = 0;
    _auto_buf b;
    buf_init(&b, OUTBOX_BODY_MAX);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_text(&j, "to", m->to);
    jout_text(&j, "subject", m->subject);
    jout_text(&j, "text", m->text);
    jout_list(&j, "attachments");
    for (size_t i = 0; i < m->attachments_n; i++) {
        total += m->attachments[i].data.n;
        jout_object(&j, NULL);
        jout_text(&j, "name", m->attachments[i].name);
        jout_text(&j, "type", m->attachments[i].type);
        jout_text(&j, "data", text_base64(tx->arena, m->attachments[i].data));
        jout_end(&j);
    }
    jout_end(&j);
    jout_end(&j);
    if (total > ATTACHMENT_MAX || m->attachments_n > ATTACHMENTS_MAX || b.full)
        return err_set(e, ERR_TOO_LARGE, NULL, "attachments of %zu octets", total);
    struct outbox_new row = {
        .kind = "mail", .order = m->order, .idem = m->idem, .body = buf_cstr(&b)};
    return outbox_put(tx, &row, NULL, e);
}

enum err message_put_sms(struct hall_tx *tx, const struct message_sms *m, struct err_info *e)
{
    struct json_out j;
    _auto_buf b;
    buf_init(&b, FILLED_MAX);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_text(&j, "to", m->to);
    jout_text(&j, "text", m->text);
    jout_int(&j, "not_after", m->not_after);
    jout_end(&j);
    if (b.full)
        return err_set(e, ERR_TOO_LARGE, NULL, "an SMS over 64 KiB");
    struct outbox_new row = {
        .kind = "sms", .order = m->order, .idem = m->idem, .body = buf_cstr(&b)};
    return outbox_put(tx, &row, NULL, e);
}

/* ---- delivery ---- */

/* The part behind @ of our own address. */
static const char *host_of(const char *address)
{
    const char *at = strchr(address, '@');
    return at && at[1] ? at + 1 : "localhost";
}

static enum err attachments_of(const json_t *j, struct arena *a, struct mail *m, struct err_info *e)
{
    const json_t *list = json_object_get(j, "attachments");
    size_t n = json_array_size(list);
    struct mail_attachment *out = arena_alloc(a, (n + 1) * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        const json_t *x = json_array_get(list, i);
        TRY(json_get_text(x, "name", &out[i].name, e));
        TRY(json_get_text(x, "type", &out[i].content_type, e));
        TRY(json_get_base64(x, "data", ATTACHMENT_MAX, a, &out[i].data, e));
    }
    m->attachments = out;
    m->attachments_n = n;
    return ERR_OK;
}

static enum err write_mail(const struct message_settings *s, const struct mail *m, const char *idem,
                           struct arena *a, struct err_info *e)
{
    struct message_file f = {.kind = "mail",
                             .idem = idem,
                             .to = m->to,
                             .subject = m->subject,
                             .text = m->text,
                             .at = m->date};
    for (size_t i = 0; i < m->attachments_n; i++)
        f.text = arena_fmt(a, "%s\n[%s]", f.text, m->attachments[i].name);
    return message_file_write(s->folder, &f, e);
}

int message_needs_starttls(const char *smtp_url, int plain)
{
    static const char *const here[] = {"localhost", "[::1]"};
    if (plain || strncmp(smtp_url, "smtp://", 7) != 0)
        return 0;
    const char *host = smtp_url + 7;
    if (strchr(host, '@')) /* a name before the host: read by libcurl, not by us */
        return 1;
    size_t n = *host == '[' ? strcspn(host, "]") : strcspn(host, ":/?#");
    n += host[n] == ']';
    if (host[n] && !strchr(":/?#", host[n]))
        return 1;
    for (size_t i = 0; i < sizeof here / sizeof *here; i++)
        if (n == strlen(here[i]) && memcmp(host, here[i], n) == 0)
            return 0;
    char text[16];
    struct in_addr address;
    if (n >= sizeof text)
        return 1;
    memcpy(text, host, n);
    text[n] = '\0';
    return inet_pton(AF_INET, text, &address) != 1 || ntohl(address.s_addr) >> 24 != 127;
}

static enum err send_mail(const struct message_settings *s, const struct mail *m,
                          struct err_info *e)
{
    struct mail_server server = {.url = s->smtp_url,
                                 .user = *s->smtp_user ? s->smtp_user : NULL,
                                 .password = *s->smtp_user ? s->smtp_password : NULL,
                                 .ca_file = *s->smtp_ca ? s->smtp_ca : NULL,
                                 .starttls = message_needs_starttls(s->smtp_url, s->smtp_plain),
                                 .timeout_ms = 30000};
    return httpc_smtp_send(&server, m, e);
}

/* A demo shows what it sent. The mail is gone by now: a copy that cannot be written must not send it again. */
static void keep_copy(const struct message_settings *s, const struct mail *m, const char *idem,
                      struct arena *a)
{
    struct err_info e;
    if (write_mail(s, m, idem, a, &e) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "outbox.copy", "%s %s", err_code_text(e.code), e.detail);
}

static enum err deliver_mail(const struct hall *h, const struct outbox_row *row, struct arena *a,
                             const char **answer, void *arg, struct err_info *e)
{
    const struct message_settings *s = arg;
    uint8_t id[DIGEST_LEN];
    _auto_json j = NULL;
    struct mail m = {.from = s->from, .from_name = s->from_name, .date = clock_business(h->clock)};
    (void)answer;
    TRY(json_parse(row->body, strlen(row->body), &j, e));
    TRY(json_get_text(j, "to", &m.to, e));
    TRY(json_get_text(j, "subject", &m.subject, e));
    TRY(json_get_text(j, "text", &m.text, e));
    TRY(attachments_of(j, a, &m, e));
    /* the same for every try, so that a receiver can drop a repeat */
    digest_sha256((struct bytes){(const uint8_t *)row->idem, strlen(row->idem)}, id);
    m.message_id = arena_fmt(a, "%s@%s", text_hex(a, (struct bytes){id, 16}), host_of(s->from));
    if (!*s->smtp_url)
        return write_mail(s, &m, row->idem, a, e);
    TRY(send_mail(s, &m, e));
    boundary(BOUNDARY_HALL_MAIL_SENT);
    if (h->demo)
        keep_copy(s, &m, row->idem, a);
    return ERR_OK;
}

static enum err deliver_sms(const struct hall *h, const struct outbox_row *row, struct arena *a,
                            const char **answer, void *arg, struct err_info *e)
{
    const struct message_settings *s = arg;
    const char *to, *text;
    _auto_json j = NULL;
    (void)h;
    (void)a;
    TRY(json_parse(row->body, strlen(row->body), &j, e));
    TRY(json_get_text(j, "to", &to, e));
    TRY(json_get_text(j, "text", &text, e));
    int64_t not_after = json_opt_int(j, "not_after", 0);
    if (not_after && clock_machine() > not_after) {
        *answer = "late";
        return ERR_OK;
    }
    TRY(s->sms.send(s->sms.arg, to, text, row->idem, e));
    boundary(BOUNDARY_HALL_SMS_SENT);
    return ERR_OK;
}

void message_kinds(const struct message_settings *s, struct outbox_kind out[MESSAGE_KINDS])
{
    void *arg = (void *)(uintptr_t)s; /* the handlers only read it */
    out[0] = (struct outbox_kind){
        .kind = "mail", .deliver = deliver_mail, .arg = arg, .give_up_ms = GIVE_UP_MS};
    out[1] = (struct outbox_kind){
        .kind = "sms", .deliver = deliver_sms, .arg = arg, .give_up_ms = GIVE_UP_MS};
}
