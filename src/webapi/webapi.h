/* What portal and console share: fields and pages of a request, the token against forged requests before anybody is
 * signed in, and live events. Everything borrowed lives as long as the request's arena. */
#ifndef CERTHALL_WEBAPI_WEBAPI_H
#define CERTHALL_WEBAPI_WEBAPI_H

#include "hall/hall.h"
#include "hall/session/session.h"
#include "httpd/httpd.h"

/* ERR_BAD_REQUEST about a field; `why` may be NULL. */
enum err web_bad(struct err_info *e, const char *field, const char *why);

/* ---- fields of a JSON body ---- */

/* A text of `min` to `max` characters, trimmed. Absent or another type: ERR_BAD_REQUEST with the field; too short
 * ERR_FIELD_REQUIRED{label}, too long ERR_FIELD_TOO_LONG{label,max,count}. `label`: in the reader's language. */
struct web_field {
    const char *name, *label;
    size_t min, max;
};
NODISCARD enum err web_text(struct httpd_request *r, const json_t *body,
                            const struct web_field *field, const char **out, struct err_info *e);
/* The same where the member may be absent: then *out is "". */
NODISCARD enum err web_text_opt(struct httpd_request *r, const json_t *body,
                                const struct web_field *field, const char **out,
                                struct err_info *e);
/* Schema `Reason`: 2 to 500 characters. */
/* ?everywhere=true of signing out: every session of the person ends, not this one alone. ERR_BAD_REQUEST for other words. */
NODISCARD enum err web_everywhere(const struct httpd_request *r, int *out, struct err_info *e);
NODISCARD enum err web_reason(struct httpd_request *r, const json_t *body, const char **out,
                              struct err_info *e);
/* RFC 3339 member, or 0 where it is absent. ERR_BAD_REQUEST. */
NODISCARD enum err web_time_opt(const json_t *body, const char *name, int64_t *out,
                                struct err_info *e);
/* A query value that must be one of `choices` (NULL-terminated); absent: `fallback`. ERR_BAD_REQUEST. */
NODISCARD enum err web_choice(const struct httpd_request *r, const char *name,
                              const char *const *choices, const char *fallback, const char **out,
                              struct err_info *e);
/* A query text of at most `max` characters, trimmed; absent or empty: NULL. ERR_BAD_REQUEST. */
NODISCARD enum err web_query(const struct httpd_request *r, const char *name, size_t max,
                             const char **out, struct err_info *e);

/* ---- lists by key: `after` and `limit` ---- */

enum { WEB_PAGE = 50, WEB_PAGE_MAX = 200 };
struct web_page {
    int64_t after; /* the last one of the page before; 0: first page */
    int limit;
};
NODISCARD enum err web_page(const struct httpd_request *r, struct web_page *out,
                            struct err_info *e);
/* Member `next`, where the page is full. */
void web_next(struct json_out *j, const struct web_page *page, size_t got, int64_t last);

/* ---- answers ---- */

/* RFC 3339; nothing where it is 0. */
void web_time(struct json_out *j, struct arena *a, const char *key, int64_t ms);
/* Nothing where it is empty or NULL. */
void web_some(struct json_out *j, const char *key, const char *text);
/* Begin an error of docs/openapi.yaml with a list of its own for `errors`: the object and the list are left open. */
void web_problems_open(struct httpd_request *r, struct httpd_reply *reply, struct json_out *j,
                       const struct err_info *e);
void web_problems_close(struct httpd_request *r, struct json_out *j);
static inline const char *web_word(enum lang lang, const char *zh, const char *en)
{
    return lang == LANG_EN ? en : zh;
}

/* ---- before anybody is signed in ---- */

/* The random cookie of that name by which a browser is known again; set where it has none. Once a request. */
const char *web_guest(struct httpd_request *r, struct httpd_reply *reply, const char *cookie);
/* The token for changes of a browser without a session: it follows from a random cookie of that name, which is set
 * where the browser has none. */
const char *web_guest_csrf(struct httpd_request *r, struct httpd_reply *reply,
                           const struct vault *v, const char *cookie);
/* ERR_SESSION_CSRF. */
NODISCARD enum err web_guest_check(const struct httpd_request *r, const struct vault *v,
                                   const char *cookie, struct err_info *e);

/* Was it one of our own pages that asked? Beside the token: a change that a browser says comes from another site is
 * refused, ERR_SESSION_CSRF. Our own are `public_url` and the name under which the request came (its Host; a port that
 * the proxy has dropped from it does not count). Reading, and callers that send neither Origin nor Sec-Fetch-Site (which
 * every present browser does: Fetch 3.2, Fetch Metadata 2.4), are let through. */
NODISCARD enum err web_origin_check(const struct httpd_request *r, const char *public_url,
                                    struct err_info *e);

/* ---- live events ---- */

enum { WEB_TOPICS_MAX = 8, WEB_LISTENS_MAX = 32 };
/* `listen`: a topic of hall/event; `name`: as the page asked for it; `what`: of LiveEvent. */
struct web_listen {
    const char *listen, *name, *what;
};
/* Query `topic`: up to eight separated by commas. ERR_BAD_REQUEST. */
NODISCARD enum err web_topics(const struct httpd_request *r, const char *out[WEB_TOPICS_MAX],
                              size_t *n, struct err_info *e);
/* Who reads: the stream ends with his session. `token` NULL: nobody is signed in. */
struct web_reader {
    const struct hall *hall;
    enum session_kind kind;
    int64_t session;
    const char *token;
};
/* Turn the reply into a stream of LiveEvent. ERR_UNAVAILABLE where the process has no hub, ERR_UNAUTHENTICATED where the
 * session has just ended. */
NODISCARD enum err web_events(struct httpd_request *r, struct httpd_reply *reply,
                              const struct web_reader *reader, const struct web_listen *listen,
                              size_t n, struct err_info *e);

#endif
