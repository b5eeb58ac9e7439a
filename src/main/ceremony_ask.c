/* What people are asked in a ceremony, or an answers file says. */
#include "main/ceremony_priv.h"
#include "main/terminal.h"
#include "main/verb.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static enum err wrong(struct err_info *e, const char *why,
                                                            ...)
{
    char text[160];
    va_list ap;
    va_start(ap, why);
    vsnprintf(text, sizeof text, why, ap);
    va_end(ap);
    err_set(e, ERR_CONFIG, NULL, NULL);
    err_arg(e, "why", "%s", text);
    return ERR_CONFIG;
}

/* ---- one question ---- */

/* `fallback` NULL: an answer is needed. */
static enum err ask(struct ceremony *c, const char *key, const char *question, const char *fallback,
                    const char **out, struct err_info *e)
{
    char line[TERMINAL_LINE];
    if (c->answers) {
        *out = conf_get(c->answers, key, fallback);
        return *out && **out ? ERR_OK : wrong(e, "the answers file says no %s", key);
    }
    char *prompt = fallback ? arena_fmt(c->arena, "%s [%s]: ", question, fallback)
                            : arena_fmt(c->arena, "%s: ", question);
    do {
        if (!terminal_line(prompt, line, sizeof line))
            return wrong(e, "the ceremony was broken off; nothing was written");
        *out = text_trim(c->arena, line);
        if (!**out && fallback)
            *out = fallback;
    } while (!**out);
    return text_is_utf8(*out, strlen(*out)) ? ERR_OK : wrong(e, "%s is not UTF-8", key);
}

static enum err ask_number(struct ceremony *c, const char *key, const char *question, int fallback,
                           int *out, struct err_info *e)
{
    const char *text;
    int64_t n;
    TRY(ask(c, key, question, arena_fmt(c->arena, "%d", fallback), &text, e));
    if (!text_to_int(text, 1, 100000, &n))
        return wrong(e, "%s: %.40s is not a number", key, text);
    *out = (int)n;
    return ERR_OK;
}

/* ---- people ---- */

static int is_one_of(const char *name, const char *const *who, int n)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(who[i], name))
            return 1;
    return 0;
}

/* "苏航, 林岚, 方正" */
static enum err ask_custodians(struct ceremony *c, const char *of, const char *question,
                               const char **who, struct ca_custody *custody, struct err_info *e)
{
    const char *list;
    TRY(ask(c, arena_fmt(c->arena, "%s_custodians", of), question, NULL, &list, e));
    char *rest = arena_text(c->arena, list), *name;
    custody->count = 0;
    while ((name = strsep(&rest, ",")) != NULL) {
        name = text_trim(c->arena, name);
        if (!*name)
            continue;
        if (custody->count == SHARES_MAX)
            return wrong(e, "%s_custodians: at most %d", of, SHARES_MAX);
        if (is_one_of(name, who, custody->count))
            return wrong(e, "%s_custodians: %.60s stands there twice", of, name);
        if (!strcmp(name, c->people.operator) || !strcmp(name, c->people.witness))
            return wrong(e,
                         "%.60s cannot be a custodian too: operator, witness and custodians are "
                         "different people",
                         name);
        who[custody->count++] = name;
    }
    if (custody->count < SHARES_MIN)
        return wrong(e, "%s_custodians: at least %d, so that nobody has the key alone", of,
                     SHARES_MIN);
    TRY(ask_number(c, arena_fmt(c->arena, "%s_threshold", of),
                   "要几人凑齐才能用 How many of them are needed",
                   custody->count == 2 ? 2 : (custody->count + 1) / 2 + (custody->count % 2 == 0),
                   &custody->threshold, e));
    if (custody->threshold < SHARES_MIN || custody->threshold > custody->count)
        return wrong(e, "%s_threshold: 2 to %d, not %d", of, custody->count, custody->threshold);
    return ERR_OK;
}

static enum err ask_people(struct ceremony *c, struct err_info *e)
{
    struct ceremony_people *p = &c->people;
    TRY(ask(c, "operator", "操作人 Operator", NULL, &p->operator, e));
    TRY(ask(c, "witness", "见证人 Witness", NULL, &p->witness, e));
    if (!strcmp(p->operator, p->witness))
        return wrong(e, "operator and witness must be two people");
    if (c->spec.kind == CA_CEREMONY_CREATE)
        TRY(ask_custodians(c, "root",
                           "根密钥保管人，用逗号隔开 Custodians of the root key, with commas",
                           p->root, &c->spec.root, e));
    if (c->spec.kind != CA_CEREMONY_LIST)
        TRY(ask_custodians(
            c, "issuing",
            "签发密钥保管人，用逗号隔开 Custodians of the issuing CA's key, with commas",
            p->issuing, &c->spec.issuing, e));
    return ERR_OK;
}

enum err ceremony_ask(struct ceremony *c, struct err_info *e)
{
    struct ca_ceremony_spec *s = &c->spec;
    const char *alg = pki_alg_text(s->alg);
    TRY(ask_people(c, e));
    if (s->kind != CA_CEREMONY_LIST)
        TRY(ask(c, "organisation", "机构名称（证书的 O）Organisation (O of the certificates)", NULL,
                &s->organisation, e));
    if (s->kind == CA_CEREMONY_CREATE) {
        TRY(ask(c, "root_name", "根证书的 CN Common name of the root",
                arena_fmt(c->arena, "%s Root CA", alg), &s->root_name, e));
        TRY(ask_number(c, "root_years", "根证书有效年数 Years the root is valid", CA_ROOT_YEARS,
                       &s->root_years, e));
    }
    if (s->kind != CA_CEREMONY_LIST) {
        TRY(ask(c, "issuing_name", "签发证书的 CN Common name of the issuing CA",
                s->kind == CA_CEREMONY_CREATE ? arena_fmt(c->arena, "%s Issuing CA", alg) : NULL,
                &s->issuing_name, e));
        TRY(ask_number(c, "issuing_years", "签发证书有效年数 Years the issuing CA is valid",
                       CA_ISSUING_YEARS, &s->issuing_years, e));
    }
    if (s->token)
        TRY(ask(c, "hsm_pin", "密码机的 PIN（会显示）PIN of the HSM (it is shown)", NULL, &s->pin,
                e));
    terminal_clear();
    return ask_number(c, "list_days", "根的吊销列表有效天数 Days the root's list is valid", 400,
                      &s->list_days, e);
}

/* ---- shares ---- */

static char *share_file(struct ceremony *c, const struct ca_ceremony_key *key, int i,
                        const char *who)
{
    char text[SHARES_TEXT_SIZE], id[SHARES_ID_SIZE];
    shares_id_text(key->split.id, id);
    share_text(&key->share[i], text);
    char *file =
        arena_fmt(c->arena,
                  "# %s，第 %d 份，共 %d 份，凑齐 %d 份可用；保管人 %s\n"
                  "# share %d of %d of %s, split %s; %d of them open it; custodian %s\n%s\n",
                  key->code, i + 1, key->split.count, key->split.threshold, who, i + 1,
                  key->split.count, key->code, id, key->split.threshold, who, text);
    mem_wipe(text, sizeof text);
    return file;
}

static enum err broken_off(struct err_info *e)
{
    return wrong(e, "the ceremony was broken off; nothing was written");
}

/* *same: what he typed is his share; otherwise it was said what is wrong with it. */
static enum err typed_back(const struct share *share, const char *who, int *same,
                           struct err_info *e)
{
    char typed[1024];
    struct share back = {0};
    struct err_info why;
    *same = 0;
    if (!terminal_share(
            "请照抄本输入，空行再看一次。 Type it back from your note; an empty line shows it "
            "again.\n",
            typed, sizeof typed))
        return broken_off(e);
    terminal_clear();
    if (share_read(who, typed, &back, &why) != ERR_OK)
        report("ca ceremony", &why);
    else
        *same = mem_equal(back.value, share->value, sizeof back.value) &&
                back.number == share->number;
    mem_wipe(typed, sizeof typed);
    mem_wipe(&back, sizeof back);
    return ERR_OK;
}

/* On the screen, for him alone, until he has typed it back. */
static enum err show(struct ceremony *c, const struct ca_ceremony_key *key, int i, const char *who,
                     struct err_info *e)
{
    char line[TERMINAL_LINE];
    const char *alone =
        arena_fmt(c->arena,
                  "\n请只让 %s 看屏幕，按回车继续。 Only %s looks at the screen now; press "
                  "Enter. ",
                  who, who);
    for (int same = 0; !same;) {
        char text[SHARES_TEXT_SIZE];
        if (!terminal_line(alone, line, sizeof line))
            return broken_off(e);
        terminal_clear();
        share_text(&key->share[i], text);
        printf(
            "%s: 第 %d 份，共 %d 份，凑齐 %d 份可用。 Share %d of %d; %d of them open it.\n\n%s\n\n",
            key->code, i + 1, key->split.count, key->split.threshold, i + 1, key->split.count,
            key->split.threshold, text);
        mem_wipe(text, sizeof text);
        if (!terminal_line("抄好后按回车。 Press Enter when it is written down. ", line,
                           sizeof line))
            return broken_off(e);
        terminal_clear();
        TRY(typed_back(&key->share[i], who, &same, e));
    }
    return ERR_OK;
}

enum err ceremony_hand_out(struct ceremony *c, const struct ca_ceremony_key *key,
                           const char *const who[SHARES_MAX], struct err_info *e)
{
    for (int i = 0; i < key->split.count; i++) {
        if (c->spec.shares) {
            const char *file = share_file(c, key, i, who[i]);
            ca_ceremony_add(c->ca, CA_PLACE_SHARES,
                            arena_fmt(c->arena, "%s-%d.share", key->code, i + 1),
                            (struct bytes){(const uint8_t *)file, strlen(file)});
            continue;
        }
        TRY(show(c, key, i, who[i], e));
        ceremony_step(c,
                      arena_fmt(c->arena, "%s 抄下并输回了 %s 第 %d 份", who[i], key->code, i + 1),
                      arena_fmt(c->arena, "%s wrote down share %d of %s and typed it back", who[i],
                                i + 1, key->code));
    }
    if (c->spec.shares)
        ceremony_step(c, arena_fmt(c->arena, "%s 的各份写成文件", key->code),
                      arena_fmt(c->arena, "the shares of %s go to files", key->code));
    return ERR_OK;
}

/* ---- the root's shares ---- */

static enum err from_file(const char *path, struct share *out, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct bytes text;
    TRY(file_read(a, path, 4096, &text, e));
    return share_read(path, terminal_without_remarks(a, (const char *)text.p), out, e);
}

/* "a.share, b.share" */
static enum err from_answers(struct ceremony *c, struct share *share, size_t *n, struct err_info *e)
{
    const char *list;
    TRY(ask(c, "root_shares", "", NULL, &list, e));
    char *rest = arena_text(c->arena, list), *path;
    for (*n = 0; *n < SHARES_MAX && (path = strsep(&rest, ",")) != NULL; ++*n)
        TRY(from_file(text_trim(c->arena, path), &share[*n], e));
    return ERR_OK;
}

static enum err from_people(const struct split *split, struct share *share, size_t *n,
                            struct err_info *e)
{
    char typed[1024];
    for (*n = 0; *n < split->threshold;) {
        if (!terminal_share(
                "请下一位根密钥保管人输入。 The next custodian of the root types a share.\n", typed,
                sizeof typed))
            return broken_off(e);
        terminal_clear();
        enum err good = share_read("typed", typed, &share[*n], e);
        mem_wipe(typed, sizeof typed);
        if (good == ERR_OK)
            good = shares_check(split, &share[*n], e);
        for (size_t i = 0; good == ERR_OK && i < *n; i++)
            if (share[i].number == share[*n].number)
                good = wrong(e, "share %d was given already", share[i].number);
        if (good != ERR_OK)
            report("ca ceremony", e);
        *n += good == ERR_OK;
    }
    return ERR_OK;
}

enum err ceremony_gather(struct ceremony *c, struct err_info *e)
{
    const struct split *split = ca_ceremony_root_split(c->ca);
    struct share share[SHARES_MAX] = {0};
    size_t n = 0;
    c->opened_by = "";
    if (split->count == 0)
        return ca_ceremony_open_root(c->ca, share, 0, e);
    enum err result = c->answers ? from_answers(c, share, &n, e) : from_people(split, share, &n, e);
    if (result == ERR_OK)
        result = ca_ceremony_open_root(c->ca, share, n, e);
    for (size_t i = 0; i < n; i++)
        c->opened_by = arena_fmt(c->arena, "%s%s%d", c->opened_by, i ? ", " : "", share[i].number);
    mem_wipe(share, sizeof share);
    return result;
}

/* ---- the end ---- */

static enum err says_yes(struct ceremony *c, const char *key, const char *who, struct err_info *e)
{
    const char *said;
    TRY(ask(c, key,
            arena_fmt(c->arena,
                      "%s: 上面的内容都对吗？输入 yes。 Is all of the above right? Type yes", who),
            NULL, &said, e));
    return !strcmp(said, "yes") ? ERR_OK
                                : wrong(e, "%.60s did not say yes; nothing was written", who);
}

enum err ceremony_confirm(struct ceremony *c, struct err_info *e)
{
    TRY(says_yes(c, "operator_confirms", c->people.operator, e));
    return says_yes(c, "witness_confirms", c->people.witness, e);
}
