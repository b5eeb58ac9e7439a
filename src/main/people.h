/* The people of a demo (conventions.md), each with a random password made at init and printed once. */
#ifndef CERTHALL_MAIN_PEOPLE_H
#define CERTHALL_MAIN_PEOPLE_H

#include "base/err.h"
#include "base/mem.h"

struct person {
    const char *login, *name;
    const char *roles; /* role codes separated by spaces */
    char password[17];
    char ukey_pin[17]; /* of the maker's own UKey; "" for others */
};

enum { PEOPLE = 13 };

struct people {
    struct person person[PEOPLE];
};

void people_make(struct people *p);
void people_wipe(struct people *p);
/* The first with this role; never NULL for a role of the table. */
struct person *people_find(struct people *p, const char *role);
/* `<demo>/people.json`: login, name, roles; no passwords. `<demo>/passwords.json` (0600): login, password, ukey_pin. */
NODISCARD enum err people_write(const struct people *p, const char *demo_folder,
                                struct err_info *e);

#endif
