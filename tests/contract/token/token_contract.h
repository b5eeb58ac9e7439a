/* What every driver of UKeys must do. A driver's program gives a fixture; each test asks for the capabilities it
 * needs and, where one is missing, holds that the call is refused as unsupported: nothing is skipped. */
#ifndef CERTHALL_TOKEN_CONTRACT_H
#define CERTHALL_TOKEN_CONTRACT_H

#include "token/token.h"

struct token_fixture {
    /* A place with one key for the taking, `serial`; blank where the driver can initialise. */
    struct token_place *(*open)(struct token_fixture *f);
    void (*close)(struct token_fixture *f, struct token_place *p);
    /* Pull and plug it in as a hand would. */
    void (*pull)(struct token_fixture *f);
    void (*plug)(struct token_fixture *f);
    const char *serial;
    unsigned caps; /* what the driver's documentation says */
    void *self;
};

/* Runs all; returns the number of failed tests. */
int token_contract(struct token_fixture *f);

#endif
