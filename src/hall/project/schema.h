/* Reads a YAML document into plain structs by tables of keys, and names every mistake with its line. Inside
 * this folder only. */
#ifndef CERTHALL_HALL_PROJECT_SCHEMA_H
#define CERTHALL_HALL_PROJECT_SCHEMA_H

#include "hall/project/project.h"

#include <yaml.h>

enum key_kind {
    KEY_TEXT,    /* const char * */
    KEY_BOTH,    /* struct project_text: {zh: …, en: …}, both or neither */
    KEY_INT,     /* int, min … max */
    KEY_BYTES,   /* int64_t, min … max */
    KEY_BOOL,    /* int: true, false */
    KEY_NOT,     /* int: the opposite of true, false; absent is 0 */
    KEY_DATE,    /* int32_t China day: YYYY-MM-DD */
    KEY_FEN,     /* int64_t from yuan: "300.00" */
    KEY_ENUM,    /* int: index in names */
    KEY_SET,     /* uint32_t: list of names */
    KEY_STRINGS, /* const char *const *, and their number at count_at */
    KEY_INTS,    /* const int *, number at count_at */
    KEY_BOTHS,   /* struct project_texts */
    KEY_MAP,     /* the struct itself, by shape */
    KEY_LIST,    /* pointer to structs by shape, number at count_at */
    KEY_KEYED,   /* array of structs by shape, one for each name; the keys are the names */
};

struct shape;
struct key {
    const char *name;
    enum key_kind kind;
    size_t at;
    int need;
    int64_t min, max;
    const char *const *names; /* NULL-terminated; "" entries cannot be written */
    const struct shape *shape;
    size_t count_at;
    const char *(*wrong)(const char *value); /* reason, or NULL where the text is good */
};
struct shape {
    const char *what; /* for messages: "a fee" */
    size_t size;
    int marked; /* begins with `int line` */
    const struct key *keys;
    int n;
};

/* Where a key stands, for contradictions found later. */
struct mark {
    const char *path;
    int line;
};
struct reader {
    struct arena *arena;
    yaml_document_t *doc;
    struct mark *mark;
    int marks, marks_cap;
    struct project_problem *problem;
    int problems, problems_cap;
    int values; /* read so far: aliases could make a small file endless */
};
void reader_clear(struct reader *r); /* what is not in the arena */

void reader_problem(struct reader *r, int line, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The line of a key, else of the nearest key above it. */
int reader_line(const struct reader *r, const char *path);
/* Read the root mapping into `base`. */
void reader_read(struct reader *r, const struct shape *shape, void *base);

/* The whole of profile.yaml: into struct profile_file (tables.c). */
struct form_entry {
    int line;
    uint32_t types;
    const struct project_section *section;
    int sections;
};
struct clock_entry {
    int line;
    const char *name;
    uint32_t types;
    int starts, stops, fires; /* enum flow_event; 0: none */
    int starts_stage, stops_stage;
    uint32_t pauses;
    int workdays, days, hours;
    int owner;
    struct project_text label;
};
struct profile_file {
    struct project p;
    const struct form_entry *form;
    int forms;
    const struct clock_entry *clock;
    int clocks;
    const char *const *off;
    int offs;
};
extern const struct shape profile_shape;

/* Index in a NULL-terminated list, -1 where it is not there. */
int name_index(const char *const *names, const char *name);
/* Names of flow's enums as the tables want them. */
extern const char *const type_names[];

/* Contradictions between sections (check.c) and what the machines are told (rules.c). */
void profile_rules(struct profile_file *f, struct reader *r);
/* From sections read whole (making.c). */
void project_making_fill(struct project *p);
void profile_forms(struct profile_file *f, struct reader *r);
void profile_check(const struct profile_file *f, struct reader *r);

#endif
