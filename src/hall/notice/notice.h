/* What a project tells everybody on its front page (S0-61): notices of the profile and those added later. */
#ifndef CERTHALL_HALL_NOTICE_H
#define CERTHALL_HALL_NOTICE_H

#include "hall/hall.h"

struct notice {
    int64_t id;                /* 0: of the profile */
    const char *title, *text;  /* in the transaction's language, Chinese where there is no other */
    int64_t from_at, until_at; /* business time; until_at 0: open */
    int important;
};
struct notice_new {
    const char *project;
    const char *title_zh, *text_zh; /* required */
    const char *title_en, *text_en; /* "" : the Chinese is shown */
    int64_t from_at, until_at;
    int important;
};
/* ERR_NOTICE_TEXT with the field: title 1 to 80 characters, text 1 to 2000. */
NODISCARD enum err notice_add(struct hall_tx *tx, const struct notice_new *n, int64_t *id,
                              struct err_info *e);
NODISCARD enum err notice_withdraw(struct hall_tx *tx, int64_t id, struct err_info *e);
/* Those of now: important first, then newest. */
NODISCARD enum err notice_list(struct hall_tx *tx, const char *project, const struct notice **out,
                               size_t *n, struct err_info *e);

#endif
