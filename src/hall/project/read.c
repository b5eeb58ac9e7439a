/* From the text of profile.yaml to a project: parsing, the tables, the contradictions, one report. */
#include "hall/project/schema.h"

#include "base/sys.h"
#include "pki/digest.h"

#include <stdlib.h>
#include <string.h>

enum { PROFILE_MAX = 1 << 20 };

void project_free(struct project *p)
{
    if (!p)
        return;
    arena_free(p->arena);
    free(p);
}

/* The same text is the same version, on every machine. */
static int64_t version_of(struct bytes yaml)
{
    uint8_t hash[DIGEST_LEN];
    uint64_t v = 0;
    digest_sha256(yaml, hash);
    for (int i = 0; i < 8; i++)
        v = v << 8 | hash[i];
    v &= INT64_MAX;
    return v ? (int64_t)v : 1;
}

static int parse(struct reader *r, struct bytes yaml, yaml_document_t *doc)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        abort(); /* out of memory */
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, yaml.p, yaml.n);
    int ok = yaml_parser_load(&parser, doc);
    if (!ok)
        reader_problem(r, (int)parser.problem_mark.line + 1, "", "not YAML: %s%s%s",
                       parser.problem ? parser.problem : "?", parser.context ? ", " : "",
                       parser.context ? parser.context : "");
    if (ok && !yaml_document_get_root_node(doc)) {
        reader_problem(r, 1, "", "is empty");
        yaml_document_delete(doc);
        ok = 0;
    }
    yaml_parser_delete(&parser);
    return ok;
}

static int by_line(const void *a, const void *b)
{
    const struct project_problem *x = a, *y = b;
    return x->line != y->line ? (x->line < y->line ? -1 : 1) : strcmp(x->path, y->path);
}

static void hand_over(struct reader *r, const char *name, struct project_report *report)
{
    struct arena *a = report->arena;
    struct project_problem *list = arena_alloc(a, sizeof *list * (size_t)(r->problems + 1));
    if (r->problems)
        qsort(r->problem, (size_t)r->problems, sizeof *r->problem, by_line);
    for (int i = 0; i < r->problems; i++)
        list[i] = (struct project_problem){r->problem[i].line, arena_text(a, r->problem[i].path),
                                           arena_text(a, r->problem[i].reason)};
    report->file = arena_text(a, name);
    report->problem = list;
    report->problems = r->problems;
}

static enum err refuse(const struct project_report *r, struct err_info *e)
{
    const struct project_problem *p = &r->problem[0];
    err_set(e, ERR_PROFILE, p->path, "%s:%d: %s: %s (%d in all)", r->file, p->line, p->path,
            p->reason, r->problems);
    err_arg(e, "why", "%s:%d: %s: %s", r->file, p->line, p->path, p->reason);
    return e->code;
}

/* What is read into lives on the heap: it is large. */
static struct profile_file *read_file(struct reader *r, const char *code, struct bytes yaml)
{
    yaml_document_t doc;
    if (!parse(r, yaml, &doc))
        return NULL;
    struct profile_file *f = mem_alloc(sizeof *f);
    r->doc = &doc;
    reader_read(r, &profile_shape, f);
    yaml_document_delete(&doc);
    if (f->p.about.code && code && strcmp(f->p.about.code, code) != 0)
        reader_problem(r, reader_line(r, "project.code"), "project.code",
                       "is \"%s\", but the profile's folder is \"%s\"", f->p.about.code, code);
    profile_forms(f, r);
    profile_rules(f, r);
    project_making_fill(&f->p);
    profile_check(f, r);
    return f;
}

static enum err read_profile(const char *code, const char *file, struct bytes yaml,
                             struct project **out, struct project_report *report,
                             struct err_info *e)
{
    struct reader r = {.arena = arena_new()};
    const char *copy = arena_text_n(r.arena, (const char *)yaml.p, yaml.n);
    struct profile_file *f = read_file(&r, code, yaml);
    hand_over(&r, file, report);
    reader_clear(&r);
    if (report->problems) {
        arena_free(r.arena);
        free(f);
        return refuse(report, e);
    }
    struct project *p = mem_alloc(sizeof *p);
    *p = f->p;
    p->arena = r.arena;
    p->text = copy;
    p->text_n = yaml.n;
    p->version = version_of(yaml);
    free(f);
    *out = p;
    return ERR_OK;
}

enum err project_from_text(const char *name, struct bytes yaml, struct project **out,
                           struct project_report *report, struct err_info *e)
{
    return read_profile(name, name, yaml, out, report, e);
}

static const char *last_part(struct arena *a, const char *folder)
{
    size_t n = strlen(folder);
    while (n > 1 && folder[n - 1] == '/')
        n--;
    size_t from = n;
    while (from > 0 && folder[from - 1] != '/')
        from--;
    return arena_text_n(a, folder + from, n - from);
}

enum err project_load(const char *folder, struct project **out, struct project_report *report,
                      struct err_info *e)
{
    struct bytes yaml;
    const char *file = arena_fmt(report->arena, "%s/profile.yaml", folder);
    report->file = file;
    TRY(file_read(report->arena, file, PROFILE_MAX, &yaml, e));
    return read_profile(last_part(report->arena, folder), file, yaml, out, report, e);
}

void project_report_text(const struct project_report *r, struct buf *out)
{
    for (int i = 0; i < r->problems; i++)
        buf_fmt(out, "%s:%d: %s%s%s\n", r->file, r->problem[i].line, r->problem[i].path,
                r->problem[i].path[0] ? ": " : "", r->problem[i].reason);
}
