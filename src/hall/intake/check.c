/* The rows against what the hall holds already, and the overrides against the warnings. */
#include "hall/intake/intake_priv.h"

#include "base/text.h"
#include "hall/account/account.h"

#include <stdlib.h>
#include <string.h>

enum { REASON_MIN = 4, REASON_MAX = 200 };

static void problem(struct intake_run *run, const struct reglist_row *row, const char *column,
                    enum reglist_reason reason)
{
    if (run->problems == run->room) {
        run->room = run->room ? run->room * 2 : 64;
        run->problem = mem_grow(run->problem, run->room * sizeof *run->problem);
    }
    run->problem[run->problems++] = (struct reglist_problem){.number = row->number,
                                                             .place = row->place,
                                                             .column = column,
                                                             .reason = reason,
                                                             .value = "",
                                                             .suggestion = ""};
}

static enum err check_change(struct intake_run *run, const struct reglist_row *row, int64_t account,
                             struct err_info *e)
{
    const struct intake_hooks *hooks = run->tx->hall->intake_hooks;
    struct err_info why = {0};
    if (!hooks || hooks->may(run->tx, account, row->action, &why) == ERR_OK)
        return ERR_OK;
    if (err_http_status(why.code) >= 500) {
        *e = why;
        return why.code;
    }
    problem(run, row, "user_name", REGLIST_FROZEN);
    return ERR_OK;
}

static enum err check_one(struct intake_run *run, const struct reglist_row *row, struct err_info *e)
{
    struct account known;
    struct err_info none = {0};
    int taken = 0;
    enum err found = account_find(run->tx, run->file->project, row->reporting_code, row->user_name,
                                  &known, &none);
    if (found != ERR_OK && found != ERR_NOT_FOUND) {
        *e = none;
        return found;
    }
    int lives = found == ERR_OK && known.state != ACCOUNT_WITHDRAWN;
    if (row->action != REGLIST_ADD) {
        if (!lives)
            problem(run, row, "user_name", REGLIST_ABSENT);
        return lives ? check_change(run, row, known.id, e) : ERR_OK;
    }
    if (lives)
        problem(run, row, "user_name", REGLIST_EXISTS);
    if (*row->code)
        TRY(account_code_taken(run->tx, run->file->project, row->code, &taken, e));
    if (taken)
        problem(run, row, "code", REGLIST_CODE_TAKEN);
    return ERR_OK;
}

static const struct intake_override *override_of(const struct intake_file *f,
                                                 const struct reglist_problem *p)
{
    for (size_t i = 0; i < f->overrides_n; i++)
        if (f->overrides[i].number == p->number && strcmp(f->overrides[i].column, p->column) == 0)
            return &f->overrides[i];
    return NULL;
}

/* Take the overridden warnings out of the problems. */
static enum err use_overrides(struct intake_run *run, struct err_info *e)
{
    size_t kept = 0;
    run->used = arena_alloc(run->tx->arena, (run->problems + 1) * sizeof *run->used);
    for (size_t i = 0; i < run->problems; i++) {
        const struct reglist_problem *p = &run->problem[i];
        const struct intake_override *o = p->warning ? override_of(run->file, p) : NULL;
        if (!o) {
            run->problem[kept++] = *p;
            continue;
        }
        size_t n = text_chars(text_trim(run->tx->arena, o->reason));
        if (n < REASON_MIN || n > REASON_MAX) {
            err_set(e, ERR_INTAKE_OVERRIDE, "reason", NULL);
            err_arg(e, "row", "%d", p->place);
            return ERR_INTAKE_OVERRIDE;
        }
        struct reglist_problem *copy = arena_alloc(run->tx->arena, sizeof *copy);
        *copy = *p;
        run->used[run->used_n++] = (struct intake_used){copy, o->reason};
    }
    run->problems = kept;
    return ERR_OK;
}

static int by_place(const void *x, const void *y)
{
    const struct reglist_problem *a = x, *b = y;
    return a->place != b->place ? a->place - b->place : (int)a->reason - (int)b->reason;
}

static enum err check_all(struct intake_run *run, struct err_info *e)
{
    struct arena *request = run->tx->arena;
    _auto(arena) scratch = arena_new();
    enum err done = ERR_OK;
    for (size_t i = 0; i < run->list.rows_n && done == ERR_OK; i++) {
        run->tx->arena = scratch; /* rows by the thousand: nothing of one is needed for the next */
        done = check_one(run, &run->list.rows[i], e);
        run->tx->arena = request;
        arena_reset(scratch);
    }
    return done;
}

enum err intake_check_rows(struct intake_run *run, struct err_info *e)
{
    run->room = run->problems = run->list.problems_n;
    run->problem = mem_alloc((run->room + 1) * sizeof *run->problem);
    if (run->room)
        memcpy(run->problem, run->list.problems, run->room * sizeof *run->problem);
    TRY(check_all(run, e));
    TRY(use_overrides(run, e));
    qsort(run->problem, run->problems, sizeof *run->problem, by_place);
    struct reglist_problem *copy = arena_alloc(run->tx->arena, (run->problems + 1) * sizeof *copy);
    memcpy(copy, run->problem, run->problems * sizeof *copy);
    run->report->problems = copy;
    run->report->problems_n = run->problems;
    for (size_t i = 0; i < run->problems; i++)
        run->report->errors += !copy[i].warning;
    return ERR_OK;
}
