/* Signing in with authorisation code and reporting code (S0-02), and one-time codes by SMS. Both count their
 * wrong tries, so they begin and keep transactions of their own. */
#include "hall/account/account_priv.h"

#include "base/sys.h"
#include "base/text.h"
#include "hall/account/account_sql.h"
#include "hall/audit/audit.h"
#include "hall/limit/limit.h"
#include "hall/outbox/message.h"
#include "hall/project/project.h"
#include "hall/vault/vault.h"
#include "reglist/reglist.h"
#include "store/store.h"

#include <inttypes.h>
#include <string.h>

enum { TYPED_MAX = 64, OTP_MINUTES = 5, OTP_TRIES = 5 };

const char *account_day_text(struct arena *a, int32_t day, int32_t today, int provisional,
                             enum lang lang)
{
    static const char *const zh[] = {"一", "二", "三", "四", "五", "六", "日"};
    static const char *const en[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                     "Friday", "Saturday", "Sunday"};
    static const char *const month_en[] = {"January",   "February", "March",    "April",
                                           "May",       "June",     "July",     "August",
                                           "September", "October",  "November", "December"};
    int year, month, mday, this_year, m, d;
    time_day_parts(day, &year, &month, &mday);
    time_day_parts(today, &this_year, &m, &d);
    const char *year_text = year == this_year
                                ? ""
                                : arena_fmt(a, lang == LANG_EN ? " %d" : "%d年", year);
    if (lang == LANG_EN)
        return arena_fmt(a, "%s %d %s%s%s", en[time_weekday(day)], mday, month_en[month - 1],
                         year_text, provisional ? " (provisional)" : "");
    return arena_fmt(a, "%s%d月%d日（周%s%s）", year_text, month, mday, zh[time_weekday(day)],
                     provisional ? "，暂定" : "");
}

struct attempt {
    const struct account_sign_in *in;
    const char *reporting_code;  /* mended, or as typed where it is none */
    const char *who;             /* for the limit */
    const struct store_row *row; /* of the code; NULL: unknown */
    int right;
};

/* What was typed, bounded: nobody has a reporting code of a thousand characters. */
static const char *mended_reporting_code(struct arena *a, const char *typed)
{
    const char *mended = strlen(typed) <= TYPED_MAX ? reglist_reporting_code(a, typed) : NULL;
    return mended ? mended : arena_text_n(a, typed, strnlen(typed, TYPED_MAX));
}

static enum err look(struct hall_tx *tx, struct attempt *t, struct err_info *e)
{
    struct arena *a = tx->arena;
    const char *typed = arena_text_n(a, t->in->code, strnlen(t->in->code, TYPED_MAX));
    const char *code = text_mend_code(a, typed);
    t->reporting_code = mended_reporting_code(a, t->in->reporting_code);
    t->who = arena_fmt(a, "code:%s", t->reporting_code);
    /* one look-up by the code, whatever was typed: an unknown institution takes no other time */
    struct bytes index = account_code_index(tx->hall, a, t->in->project, code ? code : typed);
    TRY(store_opt(tx->db, &Q_account_by_code, PARAMS(P_BLOB(index)), a, &t->row, e));
    t->right = t->row && strcmp(row_text(t->row, "reporting_code"), t->reporting_code) == 0;
    return ERR_OK;
}

/* The pair was right: may it be used today? Fills `e` where not; the answer is the return value of the sign-in. */
static enum err may_use(struct hall_tx *tx, const struct attempt *t, struct err_info *e)
{
    int32_t from = (int32_t)row_int(t->row, "usable_from"), today = time_china_day(tx->now);
    enum account_state s = account_state_at(row_text(t->row, "state"), from, today);
    if (s == ACCOUNT_WITHDRAWN)
        return err_set(e, ERR_ACCOUNT_WITHDRAWN, NULL, NULL);
    if (s != ACCOUNT_LOADED)
        return ERR_OK;
    err_set(e, ERR_ACCOUNT_EARLY, "code", NULL);
    err_arg(e, "date", "%s",
            account_day_text(tx->arena, from, today, (int)row_int(t->row, "usable_provisional"),
                             t->in->lang));
    err_arg(e, "usable_on", "%s", time_date_text(tx->arena, from));
    return ERR_ACCOUNT_EARLY;
}

/* C3. */
static enum err enter(struct hall_tx *tx, const struct attempt *t, struct err_info *e)
{
    int64_t id = row_int(t->row, "id");
    if (strcmp(row_text(t->row, "state"), account_state_text(ACCOUNT_IN_USE)) != 0)
        TRY(store_exec_one(tx->db, &Q_account_state,
                           PARAMS(P_INT(id), P_INT(row_int(t->row, "version")),
                                  P_TEXT(account_state_text(ACCOUNT_IN_USE))),
                           e));
    tx->who.id = id;
    struct audit_entry x = {.act = "account.sign_in",
                            .object = arena_fmt(tx->arena, "account:%" PRId64, id)};
    return audit_write(tx, &x, e);
}

struct signing_in {
    const struct account_sign_in *in;
    int64_t id;             /* of the account that came in */
    struct err_info answer; /* a refusal, which is kept as well */
};

static enum err sign_in_work(struct hall_tx *tx, void *arg, struct err_info *e)
{
    struct signing_in *s = arg;
    struct attempt t = {.in = s->in};
    struct limit_login count;
    err_clear(&s->answer);
    TRY(look(tx, &t, e));
    TRY(limit_login_read(tx, t.who, s->in->address, &count, e));
    enum limit_verdict v = limit_login_decide(&count, t.right);
    TRY(limit_login_keep(tx, t.who, s->in->address, &count, v, &s->answer));
    if (v == LIMIT_WRONG)
        err_set(&s->answer, ERR_ACCOUNT_WRONG, "code", NULL);
    if (v != LIMIT_LET_IN || may_use(tx, &t, &s->answer) != ERR_OK)
        return ERR_OK;
    s->id = row_int(t.row, "id");
    return enter(tx, &t, e);
}

/* Again where somebody who came in at the same moment was faster. */
enum err account_sign_in(const struct hall *h, const struct account_sign_in *in, struct arena *a,
                         int64_t *id, struct err_info *e)
{
    struct actor who = {.kind = BY_APPLICANT, .name = "", .role = "", .address = in->address};
    struct signing_in s = {.in = in};
    TRY(hall_change(h, &who, a, sign_in_work, &s, e));
    if (s.answer.code == ERR_OK) {
        *id = s.id;
        return ERR_OK;
    }
    log_line(LOG_LEVEL_INFO, "account.refused", "%s from=%s", err_code_text(s.answer.code),
             in->address);
    *e = s.answer;
    return e->code;
}

/* ---- one-time codes ---- */

static const char *const OTP_USES[] = {[ACCOUNT_OTP_FIRST_PIN] = "first_pin",
                                       [ACCOUNT_OTP_FREEZE] = "freeze",
                                       [ACCOUNT_OTP_TRACK] = "track"};

static struct bytes otp_index(const struct hall *h, struct arena *a, int64_t account,
                              enum account_otp_use use, const char *object, const char *code)
{
    return vault_index(h->vault, a, VAULT_OTP,
                       arena_fmt(a, "%" PRId64 "/%s/%s/%s", account, OTP_USES[use], object, code));
}

static const char *six_digits(struct arena *a)
{
    uint32_t r;
    do /* even over all codes */
        random_bytes(&r, sizeof r);
    while (r >= UINT32_MAX / 1000000 * 1000000);
    return arena_fmt(a, "%06u", r % 1000000);
}

enum err account_otp_send(struct hall_tx *tx, int64_t account, enum account_otp_use use,
                          const char *object, const char *text, struct err_info *e)
{
    struct account person;
    const char *code = six_digits(tx->arena);
    int64_t ends_at = tx->machine + OTP_MINUTES * TIME_MINUTE;
    TRY(account_get(tx, account, &person, e));
    if (person.state == ACCOUNT_WITHDRAWN)
        return err_set(e, ERR_ACCOUNT_WITHDRAWN, NULL, NULL);
    TRY(limit_take(tx, LIMIT_SMS, person.mobile, e));
    if (*tx->who.address)
        TRY(limit_take(tx, LIMIT_SMS_ADDRESS, limit_address(tx->arena, tx->who.address), e));
    struct bytes index = otp_index(tx->hall, tx->arena, account, use, object, code);
    TRY(store_exec(tx->db, &Q_account_otp_put,
                   PARAMS(P_INT(account), P_TEXT(OTP_USES[use]), P_TEXT(object), P_BLOB(index),
                          P_INT(OTP_TRIES), P_INT(ends_at)),
                   NULL, e));
    const struct project_value values[] = {{"code", code},
                                           {"minutes", arena_fmt(tx->arena, "%d", OTP_MINUTES)}};
    const char *filled = project_fill(tx->arena, text, values, 2);
    struct message_sms sms = {.idem = arena_fmt(tx->arena, "otp/%" PRId64, hall_new_id(tx->hall)),
                              .to = person.mobile,
                              .text = filled,
                              .not_after = ends_at};
    return message_put_sms(tx, &sms, e);
}

/* The try is taken before the code is looked at: a burst of tries at the same moment has no more of them. */
static enum err otp_verdict(struct hall_tx *tx, int64_t account, enum account_otp_use use,
                            struct bytes given, const char *object, struct err_info *answer,
                            struct err_info *e)
{
    const struct store_row *r;
    int64_t taken;
    struct store_value who = P_INT(account), what = P_TEXT(OTP_USES[use]);
    TRY(store_exec(tx->db, &Q_account_otp_tried,
                   PARAMS(who, what, P_TEXT(object), P_INT(tx->machine)), &taken, e));
    if (!taken) {
        err_set(answer, ERR_OTP_GONE, "otp", NULL);
        return ERR_OK;
    }
    TRY(store_one(tx->db, &Q_account_otp_get, PARAMS(who, what), tx->arena, &r, e));
    struct bytes right = row_blob(r, "code_index");
    if (right.n == given.n && mem_equal(right.p, given.p, given.n))
        return store_exec(tx->db, &Q_account_otp_used, PARAMS(who, what, P_BLOB(given)), NULL, e);
    int64_t left = row_int(r, "tries_left");
    err_set(answer, left > 0 ? ERR_OTP_WRONG : ERR_OTP_GONE, "otp", NULL);
    err_arg(answer, "left", "%" PRId64, left);
    return ERR_OK;
}

enum err account_otp_check(const struct hall *h, int64_t account, enum account_otp_use use,
                           const char *object, const char *typed, struct arena *a,
                           struct err_info *e)
{
    struct err_info answer = {0};
    const char *bounded = arena_text_n(a, typed, strnlen(typed, TYPED_MAX));
    const char *mended = text_mend_code(a, bounded); /* spaces, full-width digits, O for 0 */
    struct bytes given = otp_index(h, a, account, use, object, mended ? mended : bounded);
    _auto_hall_tx tx = {0};
    TRY(hall_begin(h, 1, &hall_system, a, &tx, e));
    TRY(otp_verdict(&tx, account, use, given, object, &answer, e));
    TRY(hall_commit(&tx, e));
    if (answer.code != ERR_OK)
        *e = answer;
    return answer.code;
}
