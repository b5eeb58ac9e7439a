/* Talking with people at a terminal, as a ceremony does: questions, and shares that only their custodian may see. */
#ifndef CERTHALL_MAIN_TERMINAL_H
#define CERTHALL_MAIN_TERMINAL_H

#include "base/err.h"
#include "base/mem.h"

enum { TERMINAL_LINE = 512 };

/* 1 where somebody sits at standard input and output. */
int terminal_is_there(void);
/* One line of standard input without its end, after `prompt`; 0 at the end of the input. */
int terminal_line(const char *prompt, char *out, size_t size);
/* A share's lines: until all its characters are there, or an empty line. 0 at the end of the input. */
int terminal_share(const char *prompt, char *out, size_t size);
/* A share's file as the ceremony wrote it: lines that begin with # are for people, and left out. */
char *terminal_without_remarks(struct arena *a, const char *text);
/* What was shown is gone, also from what the terminal keeps of it. Nothing where there is no terminal. */
void terminal_clear(void);

#endif
