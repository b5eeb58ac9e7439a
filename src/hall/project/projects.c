/* The projects of an installation, newest version last. */
#include "hall/project/project.h"

#include "base/sys.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct projects {
    struct project **item;
    int n, cap;
};

struct projects *projects_new(void)
{
    return mem_alloc(sizeof(struct projects));
}

void projects_free(struct projects *ps)
{
    if (!ps)
        return;
    for (int i = 0; i < ps->n; i++)
        project_free(ps->item[i]);
    free(ps->item);
    free(ps);
}

static int is_same(const struct project *a, const char *code, int64_t version)
{
    return a->version == version && strcmp(a->about.code, code) == 0;
}

void projects_add(struct projects *ps, struct project *p)
{
    for (int i = 0; i < ps->n; i++)
        if (is_same(ps->item[i], p->about.code, p->version)) {
            project_free(ps->item[i]);
            memmove(&ps->item[i], &ps->item[i + 1], sizeof *ps->item * (size_t)(ps->n - i - 1));
            ps->n--;
            break;
        }
    if (ps->n == ps->cap) {
        ps->cap = ps->cap ? 2 * ps->cap : 8;
        ps->item = mem_grow(ps->item, sizeof *ps->item * (size_t)ps->cap);
    }
    ps->item[ps->n++] = p;
}

static enum err add_folder(struct projects *ps, const char *folder, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct project_report report = {.arena = a};
    struct project *p = NULL;
    struct stat st;
    if (stat(arena_fmt(a, "%s/profile.yaml", folder), &st) != 0)
        return ERR_OK; /* calendar, ca: no projects */
    enum err code = project_load(folder, &p, &report, e);
    for (int i = 0; i < report.problems; i++)
        log_line(LOG_LEVEL_ERROR, "profile", "%s:%d: %s: %s", report.file, report.problem[i].line,
                 report.problem[i].path, report.problem[i].reason);
    if (code == ERR_OK)
        projects_add(ps, p);
    return code;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum { FOLDERS_MAX = 256 };

enum err projects_load(struct projects *ps, const char *folder, struct err_info *e)
{
    _auto(arena) a = arena_new();
    char *name[FOLDERS_MAX];
    int n = 0;
    DIR *d = opendir(folder);
    if (!d)
        return err_set(e, ERR_IO, NULL, "%s: %s", folder, strerror(errno));
    for (struct dirent *f; (f = readdir(d)) && n < FOLDERS_MAX;)
        if (f->d_name[0] != '.')
            name[n++] = arena_fmt(a, "%s/%s", folder, f->d_name);
    closedir(d);
    qsort(name, (size_t)n, sizeof *name, by_name);
    for (int i = 0; i < n; i++)
        TRY(add_folder(ps, name[i], e));
    return ERR_OK;
}

/* Is this the newest of its code? */
static int is_newest(const struct projects *ps, int at)
{
    for (int i = at + 1; i < ps->n; i++)
        if (strcmp(ps->item[i]->about.code, ps->item[at]->about.code) == 0)
            return 0;
    return 1;
}

int projects_count(const struct projects *ps)
{
    int n = 0;
    for (int i = 0; i < ps->n; i++)
        n += is_newest(ps, i);
    return n;
}

const struct project *projects_at(const struct projects *ps, int i)
{
    for (int k = 0; k < ps->n; k++)
        if (is_newest(ps, k) && i-- == 0)
            return ps->item[k];
    return NULL;
}

const struct project *projects_find(const struct projects *ps, const char *code)
{
    for (int i = ps->n - 1; i >= 0; i--)
        if (strcmp(ps->item[i]->about.code, code) == 0)
            return ps->item[i];
    return NULL;
}

const struct project *projects_version(const struct projects *ps, const char *code, int64_t version)
{
    for (int i = 0; i < ps->n; i++)
        if (is_same(ps->item[i], code, version))
            return ps->item[i];
    return NULL;
}
