/* What the person at the key is asked and told: who asks, what for, which key (design §6, brief §3).
 *
 * Each question is one pinentry dialogue. PINs go from there into a struct token_pin and nowhere else. */
#ifndef CERTHALL_AGENT_ASK_H
#define CERTHALL_AGENT_ASK_H

#include "agent/texts.h"
#include "token/token.h"

/* What stands at the head of every dialogue of a job. Values are shown by text_shown. */
struct ask {
    const char *pinentry;
    enum lang lang;
    const char *server, *host;
    enum text what;
    const char *order, *institution, *person; /* NULL: not shown */
};

struct pin_policy {
    int min, max;
    int kinds; /* of lower case, upper case, digits, signs */
};
/* Never less than what the agent holds right: 6 characters, 2 kinds; never more than a key takes. */
struct pin_policy pin_policy_limit(int64_t min, int64_t max, int64_t kinds);
int pin_policy_ok(const struct pin_policy *p, const char *pin);

/* The PIN of a key. `left` and `max` tries are shown; `wrong` 1 after a wrong one. What cannot be a PIN is asked again. */
NODISCARD enum err ask_pin(const struct ask *q, const char *serial, int left, int max, int wrong,
                           struct token_pin *out, struct err_info *e);
/* As above with "present PIN" as prompt. */
NODISCARD enum err ask_old_pin(const struct ask *q, const char *serial, int left, int max,
                               int wrong, struct token_pin *out, struct err_info *e);
/* A new PIN, twice, until both agree and the policy holds. */
NODISCARD enum err ask_new_pin(const struct ask *q, const char *serial, const struct pin_policy *p,
                               struct token_pin *out, struct err_info *e);
/* "Use this one?" *yes 1 or 0. */
NODISCARD enum err ask_use_key(const struct ask *q, const char *serial, const char *label, int *yes,
                               struct err_info *e);
/* The 6-digit code for a page in another browser. */
NODISCARD enum err ask_show_code(const struct ask *q, const char *code, struct err_info *e);
/* What went wrong, in a window of its own. */
NODISCARD enum err ask_show_error(const char *pinentry, enum lang lang, const struct err_info *what,
                                  struct err_info *e);

#endif
