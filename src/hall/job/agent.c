/* The agent's side: fetch binds, every later request is checked, one step after the other (docs/agent-protocol.md).
 *
 * A request is taken in two transactions with ca and kmc asked in between: the first accepts its time, so that it is good
 * once; the second leaves the step, so that an answer counts once. */
#include "hall/job/job_priv.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "base/text.h"
#include "hall/limit/limit.h"
#include "pki/digest.h"
#include "pki/key.h"

#include <stdlib.h>
#include <string.h>

enum { APPLY_TRIES = 3 };

/* ---- who acts: the agent, for whom the job was made ---- */

static void agent_actor(const struct job_row *row, struct actor *who)
{
    *who = (struct actor){.kind = BY_AGENT,
                          .id = row->j.staff ? row->j.staff : row->j.account,
                          .name = *row->staff_name ? row->staff_name : "certhall-agent",
                          .role = row->staff_role,
                          .address = ""};
}

/* ---- the next step ---- */

static enum err write_data(struct job_work *w, struct json_out *j, struct err_info *e)
{
    const struct job_step *s = job_step_of(&w->row);
    jout_object(j, "data");
    if (s && s->show)
        TRY(s->show(w, j, e));
    jout_end(j);
    return ERR_OK;
}

/* What the agent is told to do: nothing more once the job has ended, whichever way. */
static const char *step_told(const struct job_row *row)
{
    if (row->j.state == JOB_FINISHING || row->j.state == JOB_DONE)
        return "done";
    return job_is_at_work(row->j.state) ? row->j.step : "cancelled";
}

static enum err write_next(struct job_work *w, struct json_out *j, struct err_info *e)
{
    const char *step = step_told(&w->row);
    jout_object(j, NULL);
    jout_text(j, "step", step);
    if (!strcmp(step, w->row.j.step)) {
        TRY(write_data(w, j, e));
    } else {
        jout_object(j, "data");
        jout_end(j);
    }
    jout_end(j);
    return ERR_OK;
}

/* ---- fetch ---- */

static enum err unknown_ticket(struct err_info *e, const char *why)
{
    return err_set(e, ERR_TICKET, NULL, "%s", why);
}

/* Short codes can be guessed at, so tries are counted before one is looked up, and stay counted. */
static enum err count_code(const struct hall *h, const struct job_fetch *f, struct arena *a,
                           struct err_info *e)
{
    _auto_hall_tx tx;
    TRY(hall_begin(h, 1, &hall_system, a, &tx, e));
    TRY(limit_take(&tx, LIMIT_JOB_CODE, limit_address(a, f->address), e));
    return hall_commit(&tx, e);
}

static enum err find_waiting(struct hall_tx *tx, const struct job_fetch *f, struct job_row *row,
                             struct err_info *e)
{
    struct store_rows rows;
    const char *code = f->code ? text_mend_code(tx->arena, f->code) : NULL;
    if (!f->ticket && !code)
        return unknown_ticket(e, "not a code");
    struct bytes index = f->ticket ? job_index(tx->hall, tx->arena, "ticket", f->ticket)
                                   : job_index(tx->hall, tx->arena, "code", code);
    TRY(store_many(tx->db, f->ticket ? &Q_job_by_ticket : &Q_job_by_code,
                   PARAMS(P_BLOB(index), P_INT(tx->machine)), tx->arena, &rows, e));
    if (rows.n != 1)
        return unknown_ticket(e, "wrong, used or too late");
    return job_load(tx, row_int(&rows.row[0], "id"), row, e);
}

static enum err check_keys(const struct job_fetch *f, struct err_info *e)
{
    _auto(pki_pub) sign = NULL;
    _auto(pki_pub) seal = NULL;
    if (f->agent_key.n != JOB_KEY_LEN || f->seal_key.n != JOB_KEY_LEN)
        return job_bad(e, "agent_key", "must be a P-256 point of 65 octets");
    TRY(pki_pub_from_point(PKI_P256, f->agent_key, &sign, e));
    return pki_pub_from_point(PKI_P256, f->seal_key, &seal, e);
}

/* What the agent's version may hold, so that it can be shown. */
static const char *plain(struct arena *a, const char *text, size_t max)
{
    char *out = arena_text_n(a, text, strlen(text) < max ? strlen(text) : max);
    for (char *s = out; *s; s++)
        if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
            *s = '?';
    return out;
}

static enum err bind(struct hall_tx *tx, const struct job_fetch *f, struct job_row *row,
                     struct err_info *e)
{
    uint8_t challenge[JOB_CHALLENGE_LEN];
    struct ukey k;
    int64_t id = row->j.id;
    TRY(store_exec_one(tx->db, &Q_job_bind,
                       PARAMS(P_INT(id), P_INT(row->j.version), P_BLOB(f->agent_key),
                              P_BLOB(f->seal_key), P_TEXT(plain(tx->arena, f->version, 40))),
                       e));
    TRY(job_load(tx, id, row, e));
    random_bytes(challenge, sizeof challenge);
    job_data_set(tx->arena, row, "challenge",
                 text_base64(tx->arena, (struct bytes){challenge, sizeof challenge}));
    /* §10.7 U4b: an admin PIN that was let out before may be in force on the key already */
    int known = *row->j.serial && ukey_get(tx, row->j.serial, &k, e) == ERR_OK;
    job_data_set(tx->arena, row, "resume", known && k.release_open ? "1" : "");
    row->j.state = JOB_RUNNING;
    row->j.step = job_rules_of(row->j.kind)->step[0].name;
    row->finish_until = row->j.kind == JOB_ATTACH ? row->j.ends_at : 0;
    TRY(job_store(tx, row, e));
    return job_audit(tx, "job.fetch", row, row->j.agent, e);
}

/* At most 80 characters, no control characters: it is shown in the agent's window. */
static const char *shown(struct arena *a, const char *text)
{
    _auto_buf b;
    size_t chars = 0;
    buf_init(&b, 1024);
    for (const char *s = text; *s; s++) {
        int begins = ((unsigned char)*s & 0xC0) != 0x80;
        if (begins && chars++ == 80)
            break;
        if ((unsigned char)*s >= 0x20 && *s != 0x7f)
            buf_byte(&b, (uint8_t)*s);
    }
    return arena_text(a, buf_cstr(&b));
}

static enum err write_about(struct hall_tx *tx, const struct job_row *row, struct json_out *j,
                            struct err_info *e)
{
    struct order o;
    jout_object(j, "about");
    if (*row->j.serial)
        jout_text(j, "serial", row->j.serial);
    if (row->j.order) {
        TRY(order_get(tx, row->j.order, &o, e));
        jout_id(j, "order", o.id);
        jout_text(j, "revision", job_id_text(tx->arena, o.revision));
        jout_text(j, "institution", shown(tx->arena, o.institution_name));
    }
    jout_end(j);
    return ERR_OK;
}

static enum err fetch_in(struct job_work *w, const struct job_fetch *f, struct json_out *j,
                         struct err_info *e)
{
    _auto_hall_tx tx;
    TRY(hall_begin(w->h, 1, &w->who, w->a, &tx, e));
    TRY(find_waiting(&tx, f, &w->row, e));
    agent_actor(&w->row, &tx.who);
    w->who = tx.who;
    TRY(bind(&tx, f, &w->row, e));
    jout_text(j, "job", job_id_text(w->a, w->row.j.id));
    jout_text(j, "kind", job_kind_text(w->row.j.kind));
    TRY(write_about(&tx, &w->row, j, e));
    return hall_commit(&tx, e);
}

enum err job_agent_fetch(const struct hall *h, const struct job_fetch *f, struct arena *a,
                         struct json_out *j, struct err_info *e)
{
    struct job_work w = {.h = h, .a = a, .who = hall_system};
    if (!f->ticket == !f->code)
        return job_bad(e, "ticket", "exactly one of ticket and code");
    TRY(check_keys(f, e));
    if (f->code)
        TRY(count_code(h, f, a, e));
    jout_object(j, NULL);
    TRY(fetch_in(&w, f, j, e));
    jout_text(j, "step", w.row.j.step);
    TRY(write_data(&w, j, e));
    jout_end(j);
    return ERR_OK;
}

/* ---- signed requests ---- */

static enum err bad_signature(struct err_info *e, const char *why)
{
    return err_set(e, ERR_AGENT_SIGNATURE, NULL, "%s", why);
}

static enum err check_signature(const struct job_row *row, const struct job_signed *r,
                                struct arena *a, struct err_info *e)
{
    uint8_t sum[DIGEST_LEN];
    struct bytes signature;
    _auto(pki_pub) key = NULL;
    if (!row->agent_key.n || !r->time || !r->signature ||
        !text_from_base64(a, r->signature, &signature))
        return bad_signature(e, "not bound, or a header is missing");
    digest_sha256(r->body, sum);
    const char *text = arena_fmt(a, "%s\n%s\n%s\n%s", r->method, r->path, r->time,
                                 text_hex(a, (struct bytes){sum, sizeof sum}));
    TRY(pki_pub_from_point(PKI_P256, row->agent_key, &key, e));
    if (pki_verify(key, (struct bytes){(const uint8_t *)text, strlen(text)}, signature, e) !=
        ERR_OK)
        return bad_signature(e, "wrong signature");
    return ERR_OK;
}

/* A time is good once, and only those after it: a copied request comes too late. */
static enum err take_time(struct hall_tx *tx, const struct job_row *row, const char *text,
                          struct err_info *e)
{
    int64_t time, taken;
    if (!text_to_id(text, &time))
        return bad_signature(e, "time is no number");
    if (llabs((long long)(time - tx->machine)) > JOB_TIME_OFF_MS)
        return bad_signature(e, "time is too far from ours");
    TRY(store_exec(tx->db, &Q_job_take_time, PARAMS(P_INT(row->j.id), P_INT(time)), &taken, e));
    return taken ? ERR_OK : bad_signature(e, "time is not after the last one");
}

static enum err accept(struct job_work *w, const struct job_signed *r, struct err_info *e)
{
    _auto_hall_tx tx;
    TRY(hall_begin(w->h, 1, &hall_system, w->a, &tx, e));
    enum err err = job_load(&tx, r->id, &w->row, e);
    if (err == ERR_NOT_FOUND)
        return bad_signature(e, "no such job");
    TRY(err);
    TRY(check_signature(&w->row, r, w->a, e));
    TRY(take_time(&tx, &w->row, r->time, e));
    agent_actor(&w->row, &w->who);
    return hall_commit(&tx, e);
}

/* ---- step ---- */

static enum err keep_progress(struct job_work *w, const json_t *progress, struct err_info *e)
{
    static const char *const known[] = {"waiting_key", "pulled", "asking_pin", "working"};
    const char *state = json_opt_text(progress, "state", "");
    _auto_hall_tx tx;
    TRY(hall_begin(w->h, 1, &w->who, w->a, &tx, e));
    TRY(job_load(&tx, w->row.j.id, &w->row, e));
    if (!job_is_at_work(w->row.j.state))
        return ERR_OK;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i], state) != 0)
            continue;
        w->row.j.progress = known[i];
        w->row.j.state = strcmp(state, "pulled") ? JOB_RUNNING : JOB_PULLED;
        TRY(job_store(&tx, &w->row, e));
        return hall_commit(&tx, e);
    }
    return job_bad(e, "progress", "unknown state");
}

static const char *step_after(const struct job_row *row, const struct job_step *s)
{
    const struct job_rules *r = job_rules_of(row->j.kind);
    size_t next = (size_t)(s - r->step) + 1;
    return next < r->steps ? r->step[next].name : "done";
}

/* Leave the step, unless somebody else has left it or the page gave up in between. */
static enum err leave_step(struct job_work *w, const struct job_step *s, const json_t *data,
                           struct err_info *e)
{
    _auto_hall_tx tx;
    TRY(hall_begin(w->h, 1, &w->who, w->a, &tx, e));
    TRY(job_load(&tx, w->row.j.id, &w->row, e));
    if (!job_is_at_work(w->row.j.state) || strcmp(w->row.j.step, s->name) != 0)
        return ERR_OK;
    w->stay = 0;
    if (s->apply)
        TRY(s->apply(w, &tx, data, e));
    w->row.j.step = w->stay ? s->name : step_after(&w->row, s);
    w->row.j.state = JOB_RUNNING;
    w->row.j.progress = w->row.j.problem = "";
    TRY(job_store(&tx, &w->row, e));
    return hall_commit(&tx, e);
}

static enum err answer_step(struct job_work *w, const struct job_step *s, const json_t *data,
                            struct err_info *e)
{
    if (!json_is_object(data))
        return job_bad(e, "data", "must be an object");
    if (s->check)
        TRY(s->check(w, data, e));
    boundary(BOUNDARY_HALL_JOB_CHECKED);
    enum err err = ERR_CONFLICT;
    for (int i = 0; i < APPLY_TRIES && (err == ERR_CONFLICT || err == ERR_STORE_RETRY); i++)
        err = leave_step(w, s, data, e);
    if (err == ERR_OK)
        boundary(BOUNDARY_HALL_JOB_STEPPED);
    return err;
}

enum err job_agent_step(const struct hall *h, const struct job_signed *r, struct arena *a,
                        struct json_out *j, struct err_info *e)
{
    struct job_work w = {.h = h, .a = a};
    const char *step;
    TRY(accept(&w, r, e));
    TRY(json_get_text(r->in, "step", &step, e));
    const json_t *progress = json_object_get(r->in, "progress");
    const struct job_step *s = job_step_of(&w.row);
    if (job_is_at_work(w.row.j.state) && s && !strcmp(s->name, step)) {
        if (progress)
            TRY(keep_progress(&w, progress, e));
        else
            TRY(answer_step(&w, s, json_object_get(r->in, "data"), e));
    }
    /* progress moves the page only: the agent does not look at the data again */
    if (!progress)
        return write_next(&w, j, e);
    jout_object(j, NULL);
    jout_text(j, "step", step_told(&w.row));
    jout_object(j, "data");
    jout_end(j);
    jout_end(j);
    return ERR_OK;
}

/* ---- result ---- */

static enum err keep_done(struct hall_tx *tx, struct job_row *row, struct err_info *e)
{
    if (strcmp(row->j.step, "done") != 0)
        return job_bad(e, "outcome", "not every step has been answered");
    if (!job_is_at_work(row->j.state))
        return ERR_OK;
    row->j.state = JOB_FINISHING;
    row->finish_until = tx->machine + JOB_FINISH_MS;
    return job_store(tx, row, e);
}

/* A public error code: small letters, digits, dots and underscores. */
static const char *problem_of(struct arena *a, const json_t *in)
{
    const char *code = json_opt_text(in, "code", "");
    size_t n = strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789._");
    return n && n <= 60 && !code[n] ? arena_text(a, code) : "agent.refused";
}

/* How many UKeys the agent saw where they were too many: a number, and nothing else of what it says is shown. */
static void keep_plugged(struct hall_tx *tx, struct job_row *row, const json_t *in)
{
    int64_t count = json_opt_int(in, "count", 0);
    if (!strcmp(row->j.problem, err_code_text(ERR_JOB_MANY_KEYS)) && count > JOB_KEYS_MAX &&
        count < 1000)
        job_data_set(tx->arena, row, "plugged", arena_fmt(tx->arena, "%lld", (long long)count));
}

static enum err keep_failed(struct hall_tx *tx, struct job_row *row, const json_t *in,
                            int cancelled, struct err_info *e)
{
    const json_t *key;
    size_t i;
    if (!job_is_at_work(row->j.state))
        return ERR_OK;
    json_array_foreach (json_object_get(in, "keys"), i, key)
        job_key_seen(tx, row, key);
    TRY(job_keep_seen(tx, row, e));
    row->j.state = cancelled ? JOB_CANCELLED : JOB_FAILED;
    if (!cancelled)
        row->j.problem = problem_of(tx->arena, in);
    keep_plugged(tx, row, in);
    TRY(job_store(tx, row, e));
    return job_audit(tx, "job.failed", row, cancelled ? "cancelled" : row->j.problem, e);
}

static enum err keep_result(struct job_work *w, const json_t *in, const char *outcome,
                            struct err_info *e)
{
    _auto_hall_tx tx;
    TRY(hall_begin(w->h, 1, &w->who, w->a, &tx, e));
    TRY(job_load(&tx, w->row.j.id, &w->row, e));
    if (!strcmp(outcome, "done"))
        TRY(keep_done(&tx, &w->row, e));
    else if (!strcmp(outcome, "cancelled") || !strcmp(outcome, "failed"))
        TRY(keep_failed(&tx, &w->row, in, outcome[0] == 'c', e));
    else
        return job_bad(e, "outcome", "done, cancelled or failed");
    return hall_commit(&tx, e);
}

enum err job_agent_result(const struct hall *h, const struct job_signed *r, struct arena *a,
                          struct json_out *j, struct err_info *e)
{
    struct job_work w = {.h = h, .a = a};
    const char *outcome;
    TRY(accept(&w, r, e));
    TRY(json_get_text(r->in, "outcome", &outcome, e));
    TRY(keep_result(&w, r->in, outcome, e));
    boundary(BOUNDARY_HALL_JOB_RESULT);
    int ready = w.row.j.state == JOB_FINISHING || w.row.j.state == JOB_DONE;
    jout_object(j, NULL);
    if (!strcmp(outcome, "done") && ready) {
        /* p: a page of the portal posts it, c: one of the console */
        jout_text(j, "finish",
                  arena_fmt(a, "%c.%s", job_of_staff(&w.row) ? 'c' : 'p',
                            job_finish_token(h, a, &w.row)));
        jout_text(j, "code", job_of_staff(&w.row) ? NULL : job_finish_digits(h, a, &w.row));
        jout_bool(j, "claimed", w.row.j.state == JOB_DONE);
    }
    jout_end(j);
    return ERR_OK;
}
