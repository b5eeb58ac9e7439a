/* What a project tells everybody on its front page (S0-61): notices of the profile and those added later. */
#ifndef CERTHALL_HALL_NOTICE_H
#define CERTHALL_HALL_NOTICE_H

#include "base/json.h"
#include "hall/hall.h"

struct notice {
    int64_t id;                 /* 0: of the profile */
    int place;                  /* in the profile, from 1; 0: not of the profile */
    const char *project, *kind; /* "maintenance", "agreement", "hours", "general" */
    const char *title, *text;   /* in the transaction's language, Chinese where there is no other */
    const char *title_zh, *text_zh, *title_en, *text_en; /* as written */
    int64_t from_at, until_at;                           /* business time; until_at 0: open */
    int important;                                       /* maintenance stands first */
};
struct notice_new {
    const char *project;
    const char *kind;              /* NULL: "general" */
    const char *title_zh;          /* required */
    const char *title_en;          /* "" : the Chinese is shown */
    const char *text_zh, *text_en; /* may be "" */
    int64_t from_at, until_at;     /* from_at 0: now */
};
/* ERR_NOTICE_TEXT with the field: titles 1 to 120 and up to 200 characters, texts up to 4000. ERR_NOT_FOUND: no such project.
 * ERR_BAD_REQUEST: kind, or an end before the beginning. */
NODISCARD enum err notice_add(struct hall_tx *tx, const struct notice_new *n, int64_t *id,
                              struct err_info *e);
/* All of it anew; the project stays. ERR_NOT_FOUND, and as above. */
NODISCARD enum err notice_change(struct hall_tx *tx, int64_t id, const struct notice_new *n,
                                 struct err_info *e);
NODISCARD enum err notice_withdraw(struct hall_tx *tx, int64_t id, struct err_info *e);
NODISCARD enum err notice_get(struct hall_tx *tx, int64_t id, struct notice *out,
                              struct err_info *e);
/* Those of now: important first, then newest. */
NODISCARD enum err notice_list(struct hall_tx *tx, const char *project, const struct notice **out,
                               size_t *n, struct err_info *e);
/* Also those whose time is over or has not come. */
NODISCARD enum err notice_list_all(struct hall_tx *tx, const char *project,
                                   const struct notice **out, size_t *n, struct err_info *e);
/* openapi Notice. `edit`: with what can be changed; those of the profile cannot. */
void notice_write(struct hall_tx *tx, const struct notice *x, int edit, struct json_out *j,
                  const char *key);

#endif
