#include "httpc/mail.h"

#include "base/text.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MESSAGE_MAX = 32 * 1024 * 1024, LINE_BASE64 = 76, WORD_BYTES = 42 };

static enum err bad(struct err_info *e, const char *field, const char *why)
{
    err_set(e, ERR_BAD_REQUEST, field, "%s", why);
    err_arg(e, "why", "%s: %s", field, why);
    return ERR_BAD_REQUEST;
}

static int has_control(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return 1;
    return 0;
}

static enum err check_address(const char *field, const char *s, struct err_info *e)
{
    const char *at = strrchr(s, '@');
    if (has_control(s) || strpbrk(s, " <>\",;:"))
        return bad(e, field, "has a character that no address has");
    if (!at || at == s || !at[1])
        return bad(e, field, "is no mail address");
    return strlen(s) <= 254 ? ERR_OK
                            : bad(e, field, "is longer than 254 characters"); /* RFC 5321 4.5.3.1 */
}

static enum err check(const struct mail *m, struct err_info *e)
{
    TRY(check_address("from", m->from, e));
    TRY(check_address("to", m->to, e));
    if (has_control(m->subject) || !text_is_utf8(m->subject, strlen(m->subject)))
        return bad(e, "subject", "has a control character or is not UTF-8");
    if (has_control(m->from_name) || !text_is_utf8(m->from_name, strlen(m->from_name)))
        return bad(e, "from_name", "has a control character or is not UTF-8");
    if (has_control(m->message_id) || strpbrk(m->message_id, "<> "))
        return bad(e, "message_id", "has a character that no message id has");
    for (size_t i = 0; i < m->attachments_n; i++)
        if (has_control(m->attachments[i].name) || has_control(m->attachments[i].content_type))
            return bad(e, "attachments", "has a control character");
    return ERR_OK;
}

static int is_plain(const char *s)
{
    for (; *s; s++)
        if (*s < 0x20 || *s > 0x7e)
            return 0;
    return 1;
}

/* RFC 2047 5: encoded words of at most 75 characters, each of whole UTF-8 characters. Everything that is not
 * plain text is one, so that nothing in it can be read as syntax. */
static void put_words(struct arena *a, struct buf *b, const char *s)
{
    if (is_plain(s) && strlen(s) < 60 && !strpbrk(s, "\"\\=?<>@,;:()[]")) {
        buf_text(b, s);
        return;
    }
    for (int first = 1; *s; first = 0) {
        size_t n = strlen(s) < WORD_BYTES ? strlen(s) : WORD_BYTES;
        while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
            n--;
        const char *word = text_base64(a, (struct bytes){(const uint8_t *)s, n});
        buf_fmt(b, "%s=?UTF-8?B?%s?=", first ? "" : "\r\n ", word);
        s += n;
    }
}

static void put_base64(struct arena *a, struct buf *b, struct bytes data)
{
    const char *s = text_base64(a, data);
    for (size_t n = strlen(s), at = 0; at < n; at += LINE_BASE64) {
        size_t len = n - at < LINE_BASE64 ? n - at : LINE_BASE64;
        buf_put(b, s + at, len);
        buf_text(b, "\r\n");
    }
}

/* RFC 5322 3.3 with China's offset: what the reader's clock shows. */
static void put_date(struct buf *b, int64_t ms)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t t = (time_t)(ms / 1000) + 8 * 3600;
    struct tm tm;
    gmtime_r(&t, &tm);
    buf_fmt(b, "Date: %s, %02d %s %04d %02d:%02d:%02d +0800\r\n", days[tm.tm_wday], tm.tm_mday,
            months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* RFC 2231 4 in the form all clients read. */
static void put_filename(struct buf *b, const char *name)
{
    buf_text(b, "filename*=UTF-8''");
    for (const char *s = name; *s; s++) {
        unsigned char u = (unsigned char)*s;
        if ((u >= '0' && u <= '9') || ((u | 0x20) >= 'a' && (u | 0x20) <= 'z') || u == '-' ||
            u == '.' || u == '_')
            buf_byte(b, u);
        else
            buf_fmt(b, "%%%02X", u);
    }
}

static void put_text_part(struct arena *a, struct buf *b, const char *text)
{
    _auto_buf crlf;
    buf_init(&crlf, MESSAGE_MAX);
    for (const char *s = text; *s; s++) {
        if (*s == '\n')
            buf_byte(&crlf, '\r');
        if (*s != '\r')
            buf_byte(&crlf, (uint8_t)*s);
    }
    buf_text(
        b, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    put_base64(a, b, (struct bytes){crlf.p, crlf.n});
}

static void put_parts(struct arena *a, struct buf *b, const struct mail *m)
{
    /* base64 lines cannot hold an underscore, so the boundary never stands in a part */
    const char *boundary = "=_certhall_part";
    buf_fmt(b, "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n--%s\r\n", boundary,
            boundary);
    put_text_part(a, b, m->text);
    for (size_t i = 0; i < m->attachments_n; i++) {
        const struct mail_attachment *part = &m->attachments[i];
        buf_fmt(b,
                "--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\n"
                "Content-Disposition: attachment; ",
                boundary, part->content_type);
        put_filename(b, part->name);
        buf_text(b, "\r\n\r\n");
        put_base64(a, b, part->data);
    }
    buf_fmt(b, "--%s--\r\n", boundary);
}

enum err mail_build(struct arena *a, const struct mail *m, struct bytes *out, struct err_info *e)
{
    TRY(check(m, e));
    _auto_buf b;
    buf_init(&b, MESSAGE_MAX);
    buf_text(&b, "From: ");
    if (*m->from_name) {
        put_words(a, &b, m->from_name);
        buf_text(&b, "\r\n ");
    }
    buf_fmt(&b, "<%s>\r\nTo: <%s>\r\nSubject: ", m->from, m->to);
    put_words(a, &b, m->subject);
    buf_text(&b, "\r\n");
    put_date(&b, m->date);
    buf_fmt(&b, "Message-ID: <%s>\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\n",
            m->message_id);
    if (m->attachments_n)
        put_parts(a, &b, m);
    else
        put_text_part(a, &b, m->text);
    if (b.full) {
        err_set(e, ERR_TOO_LARGE, "attachments", "the message is larger than 32 MiB");
        err_arg(e, "limit", "32 MiB");
        return ERR_TOO_LARGE;
    }
    *out = arena_bytes(a, b.p, b.n);
    return ERR_OK;
}

static size_t give(char *out, size_t one, size_t n, void *arg)
{
    struct bytes *left = arg;
    size_t take = one * n < left->n ? one * n : left->n;
    memcpy(out, left->p, take);
    left->p += take;
    left->n -= take;
    return take;
}

static void set_server(CURL *h, const struct mail_server *s)
{
    curl_easy_setopt(h, CURLOPT_URL, s->url);
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(h, CURLOPT_PROXY, "");
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)(s->timeout_ms ? s->timeout_ms : 30000));
    if (s->starttls)
        curl_easy_setopt(h, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    if (s->ca_file)
        curl_easy_setopt(h, CURLOPT_CAINFO, s->ca_file);
    if (s->user) {
        curl_easy_setopt(h, CURLOPT_USERNAME, s->user);
        curl_easy_setopt(h, CURLOPT_PASSWORD, s->password);
    }
}

static enum err judge(CURLcode code, long reply, const char *why, struct err_info *e)
{
    if (code == CURLE_OK)
        return ERR_OK;
    /* 5xx to RCPT TO: trying again cannot help (RFC 5321 4.2.1) */
    if (code == CURLE_SEND_ERROR && reply >= 550 && reply <= 553)
        return bad(e, "to", "the mail server does not accept this receiver");
    if (code == CURLE_USE_SSL_FAILED)
        why = "it offers no TLS (STARTTLS), without which nothing is sent to it";
    err_set(e, ERR_UNAVAILABLE, NULL, "mail server: %s (reply %ld)", why, reply);
    err_arg(e, "service", "%s", "SMTP");
    return ERR_UNAVAILABLE;
}

enum err httpc_smtp_send(const struct mail_server *s, const struct mail *m, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct bytes message;
    TRY(mail_build(a, m, &message, e));
    char why[CURL_ERROR_SIZE] = "";
    long reply = 0;
    struct curl_slist *to = curl_slist_append(NULL, arena_fmt(a, "<%s>", m->to));
    CURL *h = curl_easy_init();
    set_server(h, s);
    curl_easy_setopt(h, CURLOPT_MAIL_FROM, arena_fmt(a, "<%s>", m->from));
    curl_easy_setopt(h, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(h, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(h, CURLOPT_READDATA, &message);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, why);
    CURLcode code = curl_easy_perform(h);
    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &reply);
    enum err result = judge(code, reply, *why ? why : curl_easy_strerror(code), e);
    curl_easy_cleanup(h);
    curl_slist_free_all(to);
    return result;
}
