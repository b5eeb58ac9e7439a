/* What a person sees of an order, loaded once and written in parts. */
#ifndef CERTHALL_HALL_ORDER_VIEW_PRIV_H
#define CERTHALL_HALL_ORDER_VIEW_PRIV_H

#include "hall/order/order_priv.h"
#include "hall/task/task.h"

struct view {
    struct hall_tx *tx;
    const struct order *o;
    struct flow_facts facts;
    struct flow_now lane[FLOW_LANES_MAX];
    int lanes;
    const struct task_clock *clock;
    size_t clocks;
    const struct task *task; /* open ones of the order, with who took them */
    size_t tasks;
    const struct form *form; /* of a draft; NULL otherwise */
    int pin_to_set;          /* the UKey is on its way or there, and has no PIN of the user's yet */
    int missing, total;      /* sections of a draft that stop it from being submitted */
};
NODISCARD enum err view_load(struct hall_tx *tx, const struct order *o, struct view *v,
                             struct err_info *e);
/* Who of a desk has taken the order; without it the desk alone is shown. */
NODISCARD enum err view_load_names(struct view *v, struct err_info *e);
const char *view_owner_text(const struct view *v, enum flow_owner owner);
/* The running clock of rules.clock[i]; NULL: none. */
const struct task_clock *view_clock(const struct view *v, int i);
struct order_due view_due(const struct view *v, const struct flow_now *lane);
/* The state of a lane in words, filled. */
const char *view_text(const struct view *v, const struct flow_now *lane);
const char *view_tone(const struct view *v, const struct flow_now *lane);
const char *view_region(enum flow_machine m);                       /* openapi Region */
const char *view_region_title(enum flow_machine m, enum lang lang); /* 制作寄送 */

NODISCARD enum err view_write_item(const struct view *v, enum order_reader reader,
                                   struct json_out *j, struct err_info *e);

/* ---- view_steps.c: the words of each step of the way ---- */

struct view_step {
    enum flow_machine machine;
    int state; /* the step that is being done in this state */
    enum flow_event done_by;
    const char *label[2]; /* 寄出: rows of steps */
    const char *ahead[2]; /* 寄送组寄出 UKey: lists of what comes; "" : not told there */
    const char *note[2];
    int applicants; /* it is the applicant's to do */
};
const struct view_step *view_step(enum flow_machine m, int state); /* NULL: no step of its own */
void view_write_ahead(const struct view *v, struct json_out *j, const char *key, int mine_only);
NODISCARD enum err view_write_regions(const struct view *v, struct json_out *j, const char *key,
                                      struct err_info *e);
/* "付款后 3 个工作日内", or the due day of the running clock; "" where no clock measures it. */
const char *view_when(const struct view *v, enum flow_event done_by);

/* ---- view_parts.c: members of the order page that other concepts hold: shipment, key, invoice ---- */
typedef enum err order_view_part(struct hall_tx *tx, const struct order *o, struct json_out *j,
                                 struct err_info *e);
order_view_part order_view_shipment, order_view_invoice; /* effects_sending.c */
order_view_part order_view_key;                          /* view_key.c */
extern order_view_part *const order_view_parts[];
extern const size_t order_view_parts_n;

/* ---- view_form.c ---- */
/* Why nothing of the form can be changed any more; "" while it can. */
const char *view_read_only_text(const struct order *o, enum lang lang);
void view_write_tasks(const struct view *v, struct json_out *j, const char *key);

#endif
