/* A store of its own for each test: a SQLite file in a new folder, or, where CERTHALL_TEST_POSTGRES names a server
 * (tests/tools/with-postgres), a new database there. So one test program is the contract of both. */
#ifndef CERTHALL_STORE_FIXTURE_H
#define CERTHALL_STORE_FIXTURE_H

#include "store/store.h"

struct store_fixture {
    char folder[64];
    char url[256];
    struct store *store; /* NULL after store_fixture_place */
    int postgres;
};

/* Both end the test program where they fail. */
void store_fixture_place(struct store_fixture *f); /* an empty database, its address in `url` */
void store_fixture_open(struct store_fixture *f, const struct store_catalogue *catalogue,
                        int connections);
void store_fixture_close(struct store_fixture *f); /* removes what was made */

#endif
