/* The order's log: written by the engine, read as sentences in the reader's language. */
#include "hall/order/order_priv.h"

#include "hall/delivery/delivery.h"
#include "hall/order/order_sql.h"

#include <string.h>

static const struct log_word {
    const char *row;
    enum flow_event event;
    const char *text[2];
} WORDS[] = {
#define LOG(row, event, zh, en) {row, EVENT_##event, {zh, en}},
#include "hall/order/log_words.def"
#undef LOG
};

static const char *const EVENT_WORDS[][2] = {
#define WORD(event, zh, en) [EVENT_##event] = {zh, en},
#include "hall/order/event_words.def"
#undef WORD
};

const char *order_event_text(enum flow_event event, enum lang lang)
{
    size_t at = event;
    return at < sizeof EVENT_WORDS / sizeof *EVENT_WORDS && EVENT_WORDS[at][lang]
               ? EVENT_WORDS[at][lang]
               : "";
}

static const struct log_word *find_word(const char *row, enum flow_event event)
{
    const struct log_word *any = NULL;
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        if (WORDS[i].event != event)
            continue;
        if (strcmp(WORDS[i].row, row) == 0)
            return &WORDS[i];
        if (!*WORDS[i].row)
            any = &WORDS[i];
    }
    return any;
}

/* Values that sentences need. No personal ones: the log is plain text. */
static const char *what_json(struct order_run *run)
{
    _auto_buf b;
    struct json_out j;
    const struct order_input *in = run->in;
    buf_init(&b, 4096);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    if (in->money || run->event == EVENT_APP_SUBMIT)
        jout_int(&j, "fen", in->money ? in->money->amount_fen : run->o.amount_fen);
    if (in->making && in->making->serial)
        jout_text(&j, "serial", in->making->serial);
    if (in->parcel) {
        jout_text(&j, "courier", in->parcel->courier);
        jout_text(&j, "number", in->parcel->number);
    }
    jout_end(&j);
    return arena_text(run->tx->arena, buf_cstr(&b));
}

/* "maker/许建民", also of who works through the agent at the bench. An applicant's name is a personal value: the account
 * is asked for it when the log is read. */
static const char *who_of(struct order_run *run)
{
    const struct actor *w = &run->tx->who;
    int staff = w->kind == BY_STAFF || (w->kind == BY_AGENT && *w->role);
    return staff ? arena_fmt(run->tx->arena, "%s/%s", w->role, w->name) : "";
}

enum err order_log_put(struct order_run *run, struct err_info *e)
{
    const char *row = run->result->steps ? run->result->step[0]->id : "";
    return store_exec(run->tx->db, &Q_order_log_add,
                      PARAMS(P_INT(hall_new_id(run->tx->hall)), P_INT(run->o.id),
                             P_INT(run->tx->now), P_TEXT(row), P_TEXT(flow_event_name(run->event)),
                             P_TEXT(hall_actor_kind_text(run->tx->who.kind)),
                             P_INT(run->tx->who.id), P_TEXT(who_of(run)), P_TEXT(what_json(run))),
                      NULL, e);
}

enum err order_done_by(struct hall_tx *tx, int64_t order, enum flow_event event, int64_t staff,
                       int *yes, struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_order_log_by,
                  PARAMS(P_INT(order), P_TEXT(flow_event_name(event)),
                         P_TEXT(hall_actor_kind_text(BY_STAFF)), P_INT(staff)),
                  tx->arena, &r, e));
    *yes = row_int(r, "n") > 0;
    return ERR_OK;
}

static const char *sentence(struct hall_tx *tx, const struct log_word *w, const char *what)
{
    struct err_info e = {0};
    _auto_json object = NULL;
    if (json_parse(what, strlen(what), &object, &e) != ERR_OK)
        return w->text[tx->lang];
    const struct project_value values[] = {
        {"amount", order_yuan(tx->arena, json_opt_int(object, "fen", 0), tx->lang)},
        {"serial", order_serial_text(tx->arena, json_opt_text(object, "serial", ""))},
        {"courier", delivery_courier_text(delivery_courier_of(json_opt_text(object, "courier", "")),
                                          tx->lang)},
        {"number", json_opt_text(object, "number", "")},
    };
    return project_fill(tx->arena, w->text[tx->lang], values, sizeof values / sizeof *values);
}

/* FX26 0007 1182: as on the label (conventions). */
const char *order_serial_text(struct arena *a, const char *serial)
{
    if (strlen(serial) != 12)
        return serial;
    return arena_fmt(a, "%.4s %.4s %.4s", serial, serial + 4, serial + 8);
}

/* What stands in `who` of a row that staff made. */
struct log_staff {
    enum flow_owner desk;
    const char *name; /* "": not staff */
};

static struct log_staff staff_of(struct arena *a, const char *who)
{
    const char *slash = strchr(who, '/');
    int known = slash ? flow_owner_from_name(arena_text_n(a, who, (size_t)(slash - who))) : -1;
    return (struct log_staff){.desk = known > 0 ? (enum flow_owner)known : OWNER_SUPPORT,
                              .name = slash ? slash + 1 : who};
}

static const char *who_text(struct hall_tx *tx, const struct store_row *r,
                            const struct log_staff *staff, const char *handler)
{
    const char *kind = row_text(r, "actor_kind");
    if (*staff->name)
        return arena_fmt(tx->arena, "%s %s", order_owner_text(staff->desk, tx->lang), staff->name);
    if (strcmp(kind, "applicant") == 0 || strcmp(kind, "agent") == 0)
        return handler;
    if (strcmp(kind, "external") == 0)
        return strncmp(row_text(r, "event"), "pay.", 4) == 0
                   ? order_owner_text(OWNER_BANK, tx->lang)
                   : order_owner_text(OWNER_PARTNER, tx->lang);
    return order_word(tx->lang, "自动", "automatic");
}

enum err order_log_list(struct hall_tx *tx, int64_t order, int64_t before, int limit,
                        const struct order_log **out, size_t *n, struct err_info *e)
{
    struct order o;
    struct account acc;
    struct store_rows rows;
    TRY(order_get(tx, order, &o, e));
    TRY(account_get(tx, o.account, &acc, e));
    TRY(store_many(tx->db, &Q_order_log_list, PARAMS(P_INT(order), P_INT(before), P_INT(limit)),
                   tx->arena, &rows, e));
    struct order_log *list = arena_alloc(tx->arena, sizeof *list * (rows.n + 1));
    for (size_t i = 0; i < rows.n; i++) {
        const struct store_row *r = &rows.row[i];
        enum flow_event ev = (enum flow_event)flow_event_from_name(row_text(r, "event"));
        const struct log_word *w = find_word(row_text(r, "flow_row"), ev);
        struct log_staff staff = staff_of(tx->arena, row_text(r, "who"));
        list[i] = (struct order_log){
            .id = row_int(r, "id"),
            .at = row_int(r, "at"),
            .row = row_text(r, "flow_row"),
            .event = row_text(r, "event"),
            .text = w ? sentence(tx, w, row_text(r, "what")) : "",
            .desk = w ? "" : order_event_text(ev, tx->lang),
            .who = who_text(tx, r, &staff, acc.handler),
        };
    }
    *out = list;
    *n = rows.n;
    return ERR_OK;
}
