/* The SMS code that authorises one first PIN of one UKey, asked for and typed in the same browser. */
#include "hall/job/job_priv.h"

#include "hall/account/account.h"
#include "hall/vault/vault.h"

#include <stdlib.h>
#include <string.h>

enum { CODE_MS = 5 * TIME_MINUTE, RESEND_MS = TIME_MINUTE, TRIES = 5 };

static const char *object_of(struct arena *a, const char *serial)
{
    return arena_fmt(a, "ukey:%s", serial);
}

static void shown(const struct hall_tx *tx, const struct store_row *r, const struct account *a,
                  struct job_sms *out)
{
    int64_t sent = row_int(r, "sent_at");
    *out = (struct job_sms){.id = row_int(r, "id"),
                            .to = vault_mask_mobile(tx->arena, a->mobile),
                            .verified = row_int(r, "verified_at") != 0,
                            .expires_at = sent + CODE_MS,
                            .resend_at = sent + RESEND_MS,
                            .tries_left = (int)row_int(r, "tries_left")};
}

static enum err refuse_ukey(struct hall_tx *tx, struct err_info *e, const char *serial)
{
    err_set(e, ERR_JOB_UKEY, "serial", "%s", serial);
    err_arg(e, "serial", "%s", ukey_serial_text(tx->arena, serial));
    return ERR_JOB_UKEY;
}

enum err job_sms_send(struct hall_tx *tx, const char *browser, const char *serial, const char *text,
                      struct job_sms *out, struct err_info *e)
{
    struct ukey k;
    struct account a;
    const struct store_row *r;
    int64_t id = hall_new_id(tx->hall);
    const char *plain = ukey_serial_mend(tx->arena, serial);
    if (tx->who.kind != BY_APPLICANT)
        return err_set(e, ERR_UNAUTHENTICATED, NULL, NULL);
    enum err err = plain ? ukey_get(tx, plain, &k, e) : ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND || (err == ERR_OK && k.account != tx->who.id))
        return refuse_ukey(tx, e, plain ? plain : serial);
    TRY(err);
    if (k.state != FLOW_UKEY_ISSUED)
        return refuse_ukey(tx, e, plain);
    TRY(account_get(tx, tx->who.id, &a, e));
    TRY(account_otp_send(tx, a.id, ACCOUNT_OTP_FIRST_PIN, object_of(tx->arena, plain), text, e));
    TRY(store_exec(tx->db, &Q_job_sms_add,
                   PARAMS(P_INT(id), P_BLOB(job_index(tx->hall, tx->arena, "browser", browser)),
                          P_INT(a.id), P_TEXT(plain), P_INT(tx->machine), P_INT(TRIES)),
                   NULL, e));
    TRY(store_one(tx->db, &Q_job_sms_get, PARAMS(P_INT(id)), tx->arena, &r, e));
    shown(tx, r, &a, out);
    return ERR_OK;
}

struct sms_row {
    const char *serial;
    int64_t account;
    int verified;
};

static enum err find(const struct hall *h, const struct actor *who, const char *browser, int64_t id,
                     struct arena *a, struct sms_row *out, struct err_info *e)
{
    const struct store_row *r;
    _auto_hall_tx tx;
    TRY(hall_begin(h, 0, who, a, &tx, e));
    TRY(store_one(tx.db, &Q_job_sms_get, PARAMS(P_INT(id)), a, &r, e));
    struct bytes index = job_index(h, a, "browser", browser), kept = row_blob(r, "browser");
    *out = (struct sms_row){row_text(r, "serial"), row_int(r, "account_id"),
                            row_int(r, "verified_at") != 0};
    if (who->kind == BY_APPLICANT && who->id == out->account && kept.n == index.n &&
        mem_equal(kept.p, index.p, index.n))
        return ERR_OK;
    return err_set(e, ERR_NOT_FOUND, NULL, "SMS %lld is another browser's", (long long)id);
}

/* What the account said, kept beside the code; and how it is shown afterwards. */
static enum err keep(const struct hall *h, const struct actor *who, int64_t id, int right, int left,
                     struct arena *a, struct job_sms *out, struct err_info *e)
{
    const struct store_row *r;
    struct account account;
    _auto_hall_tx tx;
    TRY(hall_begin(h, 1, who, a, &tx, e));
    if (right)
        TRY(store_exec(tx.db, &Q_job_sms_verified, PARAMS(P_INT(id), P_INT(tx.machine)), NULL, e));
    else
        TRY(store_exec(tx.db, &Q_job_sms_tries, PARAMS(P_INT(id), P_INT(left)), NULL, e));
    TRY(account_get(&tx, who->id, &account, e));
    TRY(store_one(tx.db, &Q_job_sms_get, PARAMS(P_INT(id)), a, &r, e));
    shown(&tx, r, &account, out);
    return hall_commit(&tx, e);
}

static int left_of(const struct err_info *e)
{
    for (int i = 0; i < e->args; i++)
        if (!strcmp(e->arg[i].name, "left"))
            return (int)strtol(e->arg[i].value, NULL, 10);
    return 0;
}

enum err job_sms_verify(const struct hall *h, const struct actor *who, const char *browser,
                        int64_t id, const char *typed, struct arena *a, struct job_sms *out,
                        struct err_info *e)
{
    struct sms_row row;
    TRY(find(h, who, browser, id, a, &row, e));
    if (row.verified)
        return keep(h, who, id, 1, 0, a, out, e);
    enum err err = account_otp_check(h, row.account, ACCOUNT_OTP_FIRST_PIN,
                                     object_of(a, row.serial), typed, a, e);
    if (err == ERR_OK)
        return keep(h, who, id, 1, 0, a, out, e);
    struct err_info why = *e;
    if (err == ERR_OTP_WRONG || err == ERR_OTP_GONE)
        TRY(keep(h, who, id, 0, err == ERR_OTP_WRONG ? left_of(&why) : 0, a, out, e));
    *e = why;
    return err;
}
