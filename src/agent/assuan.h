/* A client of pinentry: the Assuan protocol over two pipes (Assuan manual, "Client requests" and "Server
 * responses"; pinentry manual, "Pinentry's Assuan Protocol").
 *
 * One dialogue program for each question, so that a PIN never stays in a process that lives on. What is
 * typed is read with read(2) into one buffer, which is wiped. */
#ifndef CERTHALL_AGENT_ASSUAN_H
#define CERTHALL_AGENT_ASSUAN_H

#include "token/token.h"

struct assuan;

/* Start `program` and wait for its greeting. ERR_AGENT_PINENTRY{why} when it cannot be started or
 * does not speak Assuan. */
NODISCARD enum err assuan_start(const char *program, struct assuan **out, struct err_info *e);
void assuan_free(struct assuan *s); /* BYE, and ends the program */
DEFINE_AUTO(assuan)

/* `COMMAND text` with the text percent-escaped; text "" sends the bare command. A refusal is ERR_AGENT_PINENTRY,
 * the person's "cancel" and a timeout are ERR_AGENT_CANCELLED. */
NODISCARD enum err assuan_send(struct assuan *s, const char *command, const char *text,
                               struct err_info *e);
/* For settings that a program may not know: its refusal is no error. */
NODISCARD enum err assuan_try(struct assuan *s, const char *command, const char *text,
                              struct err_info *e);
/* GETPIN. At most `size` - 1 octets; longer is ERR_TOKEN_PIN_LENGTH. Nothing typed gives "". */
NODISCARD enum err assuan_getpin(struct assuan *s, char *out, size_t size, struct err_info *e);

#endif
