#include "hall/project/schema.h"

#include "base/text.h"
#include "base/time.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 500, LIST_NAMES = 200, VALUES_MAX = 50000 };

void reader_clear(struct reader *r)
{
    free(r->mark);
    free(r->problem);
}

void reader_problem(struct reader *r, int line, const char *path, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (r->problems == r->problems_cap) {
        r->problems_cap = r->problems_cap ? 2 * r->problems_cap : 16;
        r->problem = mem_grow(r->problem, (size_t)r->problems_cap * sizeof *r->problem);
    }
    r->problem[r->problems++] = (struct project_problem){line, arena_text(r->arena, path),
                                                         arena_text(r->arena, text)};
}

static void mark(struct reader *r, const char *path, int line)
{
    if (r->marks == r->marks_cap) {
        r->marks_cap = r->marks_cap ? 2 * r->marks_cap : 256;
        r->mark = mem_grow(r->mark, (size_t)r->marks_cap * sizeof *r->mark);
    }
    r->mark[r->marks++] = (struct mark){path, line};
}

/* "pay.when" lies above "pay.when.x", but not above "pay.whenever". */
static int is_above(const char *outer, const char *path)
{
    size_t n = strlen(outer);
    return strncmp(outer, path, n) == 0 && (path[n] == '\0' || path[n] == '.' || path[n] == '[');
}

int reader_line(const struct reader *r, const char *path)
{
    int line = 1;
    size_t best = 0;
    for (int i = 0; i < r->marks; i++)
        if (is_above(r->mark[i].path, path) && strlen(r->mark[i].path) >= best) {
            best = strlen(r->mark[i].path);
            line = r->mark[i].line;
        }
    return line;
}

int name_index(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++)
        if (names[i][0] && strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static int line_of(const yaml_node_t *n)
{
    return (int)n->start_mark.line + 1;
}

static const char *scalar(const yaml_node_t *n)
{
    return n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

static const char *kind_of(const yaml_node_t *n)
{
    return n->type == YAML_SCALAR_NODE     ? "a single value"
           : n->type == YAML_SEQUENCE_NODE ? "a list"
                                           : "a group of keys";
}

static void expected(struct reader *r, const yaml_node_t *n, const char *path, const char *what)
{
    reader_problem(r, line_of(n), path, "must be %s, is %s", what, kind_of(n));
}

/* A text that is really there; NUL inside cannot come out of libyaml's UTF-8 reader unseen. */
static const char *text_value(struct reader *r, const yaml_node_t *n, const char *path)
{
    const char *s = scalar(n);
    if (!s) {
        expected(r, n, path, "a text");
        return NULL;
    }
    if (strlen(s) != n->data.scalar.length || !text_is_utf8(s, strlen(s))) {
        reader_problem(r, line_of(n), path, "is not UTF-8 text");
        return NULL;
    }
    s = text_trim(r->arena, s);
    if (!*s || (n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && strcmp(s, "~") == 0)) {
        reader_problem(r, line_of(n), path, "is empty");
        return NULL;
    }
    return s;
}

static void list_names(const char *const *names, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (int i = 0; names[i] && n + 40 < size; i++)
        if (names[i][0])
            n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "", names[i]);
}

static int pick(struct reader *r, const yaml_node_t *n, const struct key *k, const char *path)
{
    char known[LIST_NAMES * 4];
    const char *s = text_value(r, n, path);
    if (!s)
        return -1;
    int i = name_index(k->names, s);
    if (i < 0) {
        list_names(k->names, known, sizeof known);
        reader_problem(r, line_of(n), path, "\"%s\" is not known here; known: %s", s, known);
    }
    return i;
}

static yaml_node_t *item(const struct reader *r, const yaml_node_t *list, int i)
{
    return yaml_document_get_node(r->doc, list->data.sequence.items.start[i]);
}

static int length(const yaml_node_t *list)
{
    return (int)(list->data.sequence.items.top - list->data.sequence.items.start);
}

static int is_list(struct reader *r, const yaml_node_t *n, const char *path)
{
    if (n->type != YAML_SEQUENCE_NODE) {
        expected(r, n, path, "a list");
        return 0;
    }
    if (length(n) > LIST_MAX) {
        reader_problem(r, line_of(n), path, "has more than %d items", LIST_MAX);
        return 0;
    }
    return 1;
}

static const char *item_path(struct reader *r, const char *path, int i)
{
    return arena_fmt(r->arena, "%s[%d]", path, i + 1);
}

static void read_number(struct reader *r, const yaml_node_t *n, const struct key *k,
                        const char *path, int64_t *out)
{
    const char *s = text_value(r, n, path);
    int64_t v;
    if (!s)
        return;
    if (!text_to_int(s, INT64_MIN / 2, INT64_MAX / 2, &v))
        reader_problem(r, line_of(n), path, "\"%s\" is not a whole number", s);
    else if (v < k->min || (k->max && v > k->max))
        reader_problem(r, line_of(n), path, "%lld is not within %lld to %lld", (long long)v,
                       (long long)k->min, (long long)k->max);
    else
        *out = v;
}

static void read_bool(struct reader *r, const yaml_node_t *n, const char *path, int *out)
{
    const char *s = text_value(r, n, path);
    if (!s)
        return;
    if (strcmp(s, "true") != 0 && strcmp(s, "false") != 0)
        reader_problem(r, line_of(n), path, "\"%s\" is neither true nor false", s);
    else
        *out = strcmp(s, "true") == 0;
}

static void read_date(struct reader *r, const yaml_node_t *n, const char *path, int32_t *out)
{
    const char *s = text_value(r, n, path);
    if (s && !time_parse_date(s, out))
        reader_problem(r, line_of(n), path, "\"%s\" is not a date (YYYY-MM-DD)", s);
}

/* Yuan with exactly two decimals, so that nobody has to guess whether 300 are yuan or fen. */
static void read_fen(struct reader *r, const yaml_node_t *n, const char *path, int64_t *out)
{
    const char *s = text_value(r, n, path);
    int64_t yuan, fen;
    if (!s)
        return;
    const char *dot = strchr(s, '.');
    if (!dot || strlen(dot) != 3 || !text_to_int(dot + 1, 0, 99, &fen) ||
        !text_to_int(arena_text_n(r->arena, s, (size_t)(dot - s)), 0, 10000000, &yuan)) {
        reader_problem(r, line_of(n), path, "\"%s\" is not an amount in yuan like \"300.00\"", s);
        return;
    }
    *out = yuan * 100 + fen;
}

static void read_both(struct reader *r, const yaml_node_t *n, const char *path,
                      struct project_text *out)
{
    static const char *const langs[] = {"zh", "en"};
    if (n->type != YAML_MAPPING_NODE) {
        expected(r, n, path, "a text in both languages {zh: …, en: …}");
        return;
    }
    int given[2] = {0, 0};
    for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = yaml_document_get_node(r->doc, p->key);
        const char *lang = scalar(key);
        int i = lang && strcmp(lang, "en") == 0 ? LANG_EN : LANG_ZH;
        if (!lang || (strcmp(lang, "zh") != 0 && strcmp(lang, "en") != 0)) {
            reader_problem(r, line_of(key), path, "unknown language; a text has zh and en");
            continue;
        }
        const char *s = text_value(r, yaml_document_get_node(r->doc, p->value), path);
        if (given[i]++)
            reader_problem(r, line_of(key), path, "%s is given twice", lang);
        out->in[i] = s ? s : "";
    }
    for (int i = 0; i < 2; i++)
        if (!given[i])
            reader_problem(r, line_of(n), path, "has no text in %s", langs[i]);
}

static void read_set(struct reader *r, const yaml_node_t *n, const struct key *k, const char *path,
                     uint32_t *out)
{
    if (!is_list(r, n, path))
        return;
    for (int i = 0; i < length(n); i++) {
        const yaml_node_t *v = item(r, n, i);
        int at = pick(r, v, k, item_path(r, path, i));
        if (at >= 0 && *out >> at & 1)
            reader_problem(r, line_of(v), path, "\"%s\" stands twice", k->names[at]);
        if (at >= 0)
            *out |= UINT32_C(1) << at;
    }
}

static void read_strings(struct reader *r, const yaml_node_t *n, const struct key *k,
                         const char *path, void *base)
{
    if (!is_list(r, n, path))
        return;
    int count = length(n);
    const char **s = arena_alloc(r->arena, sizeof *s * (size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        const char *v = text_value(r, item(r, n, i), item_path(r, path, i));
        s[i] = v ? v : "";
    }
    *(const char *const **)((char *)base + k->at) = s;
    *(int *)((char *)base + k->count_at) = count;
}

static void read_ints(struct reader *r, const yaml_node_t *n, const struct key *k, const char *path,
                      void *base)
{
    if (!is_list(r, n, path))
        return;
    int count = length(n);
    int *v = arena_alloc(r->arena, sizeof *v * (size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        int64_t one = 0;
        read_number(r, item(r, n, i), k, item_path(r, path, i), &one);
        v[i] = (int)one;
    }
    *(const int **)((char *)base + k->at) = v;
    *(int *)((char *)base + k->count_at) = count;
}

static void read_boths(struct reader *r, const yaml_node_t *n, const char *path,
                       struct project_texts *out)
{
    if (!is_list(r, n, path))
        return;
    out->n = length(n);
    struct project_text *t = arena_alloc(r->arena, sizeof *t * (size_t)(out->n + 1));
    for (int i = 0; i < out->n; i++) {
        t[i] = (struct project_text){{"", ""}};
        read_both(r, item(r, n, i), item_path(r, path, i), &t[i]);
    }
    out->item = t;
}

static void read_map(struct reader *r, const yaml_node_t *n, const struct shape *shape,
                     const char *path, void *base);

static void read_list(struct reader *r, const yaml_node_t *n, const struct key *k, const char *path,
                      void *base)
{
    if (!is_list(r, n, path))
        return;
    int count = length(n);
    char *items = arena_alloc(r->arena, k->shape->size * (size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        const char *sub = item_path(r, path, i);
        mark(r, sub, line_of(item(r, n, i)));
        read_map(r, item(r, n, i), k->shape, sub, items + k->shape->size * (size_t)i);
    }
    *(void **)((char *)base + k->at) = items;
    *(int *)((char *)base + k->count_at) = count;
}

static void read_keyed(struct reader *r, const yaml_node_t *n, const struct key *k,
                       const char *path, void *at)
{
    char known[LIST_NAMES * 4];
    if (n->type != YAML_MAPPING_NODE) {
        expected(r, n, path, "a group of keys");
        return;
    }
    for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = yaml_document_get_node(r->doc, p->key);
        const char *name = scalar(key);
        int i = name ? name_index(k->names, name) : -1;
        if (i < 0) {
            list_names(k->names, known, sizeof known);
            reader_problem(r, line_of(key), path, "unknown key \"%s\"; known: %s",
                           name ? name : "?", known);
            continue;
        }
        char *one = (char *)at + k->shape->size * (size_t)i;
        if (*(int *)one)
            reader_problem(r, line_of(key), path, "\"%s\" is given twice", name);
        const char *sub = arena_fmt(r->arena, "%s.%s", path, name);
        mark(r, sub, line_of(key));
        read_map(r, yaml_document_get_node(r->doc, p->value), k->shape, sub, one);
    }
}

static void read_text(struct reader *r, const yaml_node_t *n, const struct key *k, const char *path,
                      const char **out)
{
    const char *s = text_value(r, n, path);
    const char *why = s && k->wrong ? k->wrong(s) : NULL;
    if (why)
        reader_problem(r, line_of(n), path, "\"%s\" %s", s, why);
    *out = s;
}

static void read_value(struct reader *r, const yaml_node_t *n, const struct key *k,
                       const char *path, void *base)
{
    void *at = (char *)base + k->at;
    int64_t number = 0;
    int i;
    if (r->values++ >= VALUES_MAX) {
        if (r->values == VALUES_MAX + 1)
            reader_problem(r, line_of(n), path, "is one value too many: more than %d", VALUES_MAX);
        return;
    }
    switch (k->kind) {
    case KEY_TEXT:
        read_text(r, n, k, path, at);
        break;
    case KEY_BOTH:
        read_both(r, n, path, at);
        break;
    case KEY_INT:
        read_number(r, n, k, path, &number);
        *(int *)at = (int)number;
        break;
    case KEY_BYTES:
        read_number(r, n, k, path, at);
        break;
    case KEY_BOOL:
        read_bool(r, n, path, at);
        break;
    case KEY_NOT:
        i = 1;
        read_bool(r, n, path, &i);
        *(int *)at = !i;
        break;
    case KEY_DATE:
        read_date(r, n, path, at);
        break;
    case KEY_FEN:
        read_fen(r, n, path, at);
        break;
    case KEY_ENUM:
        i = pick(r, n, k, path);
        *(int *)at = i < 0 ? 0 : i;
        break;
    case KEY_SET:
        read_set(r, n, k, path, at);
        break;
    case KEY_STRINGS:
        read_strings(r, n, k, path, base);
        break;
    case KEY_INTS:
        read_ints(r, n, k, path, base);
        break;
    case KEY_BOTHS:
        read_boths(r, n, path, at);
        break;
    case KEY_MAP:
        read_map(r, n, k->shape, path, at);
        break;
    case KEY_LIST:
        read_list(r, n, k, path, base);
        break;
    case KEY_KEYED:
        read_keyed(r, n, k, path, at);
        break;
    }
}

static int find_key(const struct shape *shape, const char *name)
{
    for (int i = 0; i < shape->n; i++)
        if (strcmp(shape->keys[i].name, name) == 0)
            return i;
    return -1;
}

/* Texts that are not given read as "", so that nobody has to look for NULL. */
static void prepare(const struct shape *shape, void *base)
{
    for (int i = 0; i < shape->n; i++)
        if (shape->keys[i].kind == KEY_BOTH)
            *(struct project_text *)((char *)base + shape->keys[i].at) =
                (struct project_text){{"", ""}};
}

static void prepare_deep(const struct shape *shape, void *base)
{
    prepare(shape, base);
    for (int i = 0; i < shape->n; i++) {
        const struct key *k = &shape->keys[i];
        if (k->kind == KEY_MAP)
            prepare_deep(k->shape, (char *)base + k->at);
        for (int j = 0; k->kind == KEY_KEYED && k->names[j]; j++)
            prepare_deep(k->shape, (char *)base + k->at + k->shape->size * (size_t)j);
    }
}

static void read_map(struct reader *r, const yaml_node_t *n, const struct shape *shape,
                     const char *path, void *base)
{
    uint8_t given[64] = {0};
    if (n->type != YAML_MAPPING_NODE) {
        expected(r, n, path, shape->what);
        return;
    }
    prepare_deep(shape, base);
    if (shape->marked)
        *(int *)base = *path ? reader_line(r, path) : line_of(n);
    for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = yaml_document_get_node(r->doc, p->key);
        const char *name = scalar(key);
        int i = name ? find_key(shape, name) : -1;
        const char *sub = arena_fmt(r->arena, "%s%s%s", path, *path ? "." : "", name ? name : "?");
        if (i < 0) {
            reader_problem(r, line_of(key), sub, "unknown key");
            continue;
        }
        if (given[i]++) {
            reader_problem(r, line_of(key), sub, "is given twice");
            continue;
        }
        mark(r, sub, line_of(key));
        read_value(r, yaml_document_get_node(r->doc, p->value), &shape->keys[i], sub, base);
    }
    for (int i = 0; i < shape->n; i++)
        if (shape->keys[i].need && !given[i])
            reader_problem(r, line_of(n), path, "%s has no \"%s\"", shape->what,
                           shape->keys[i].name);
}

void reader_read(struct reader *r, const struct shape *shape, void *base)
{
    read_map(r, yaml_document_get_root_node(r->doc), shape, "", base);
}
