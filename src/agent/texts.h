/* The agent's own texts: no sentence of a page or a server stands in its window, only values in these. */
#ifndef CERTHALL_AGENT_TEXTS_H
#define CERTHALL_AGENT_TEXTS_H

#include "base/err.h"
#include "base/mem.h"

enum text {
#define TEXT(name, zh, en) TEXT_##name,
#include "agent/texts.def"
#undef TEXT
    TEXT_COUNT
};

const char *text_of(enum text t, enum lang lang);
/* With %1 and %2 filled in; NULL is "". */
char *text_fill(struct arena *a, enum text t, enum lang lang, const char *one, const char *two);

/* A serial as people read it: FX26 0007 1182 (conventions); what a server calls one is shown as text_shown has it. */
char *text_serial(struct arena *a, const char *serial);
/* A value from outside, fit to be shown: control and formatting characters become spaces, at most 80 code points. */
char *text_shown(struct arena *a, const char *value);

/* In place, of any length: a message in UTF-8 that may hold what a server said, for a window or a terminal. */
void text_calm(char *text);

/* `configured` "zh", "en" or NULL; then LC_ALL, LC_MESSAGES, LANG; Chinese unless one of them says English. */
enum lang text_language(const char *configured);

#endif
