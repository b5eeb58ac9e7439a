/* The contract on the soft driver. */
#include "testing.h"

#include "token/soft.h"
#include "token/soft_priv.h"
#include "token_contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERIAL "FX2600071182"

struct soft_world {
    char folder[64];
    char file[128], away[128];
};

static struct token_place *open_place(struct token_fixture *f)
{
    struct soft_world *w = f->self;
    struct token_place *p = NULL;
    struct err_info e;
    snprintf(w->folder, sizeof w->folder, "/tmp/certhall-token-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->file, sizeof w->file, "%s/%s.ukey", w->folder, SERIAL);
    snprintf(w->away, sizeof w->away, "%s/pulled", w->folder);
    assert_ok(token_soft_create_blank(w->folder, SERIAL, &e), &e);
    assert_ok(token_soft_place(w->folder, &p, &e), &e);
    token_soft_folder(p)->memory_kib = 8;
    token_soft_folder(p)->passes = 1;
    return p;
}

static void close_place(struct token_fixture *f, struct token_place *p)
{
    struct soft_world *w = f->self;
    char lock[128];
    token_place_free(p);
    snprintf(lock, sizeof lock, "%s/.lock", w->folder);
    unlink(lock);
    unlink(w->file);
    assert_int_equal(rmdir(w->folder), 0); /* nothing else was left */
}

static void pull(struct token_fixture *f)
{
    struct soft_world *w = f->self;
    assert_int_equal(rename(w->file, w->away), 0);
}

static void plug(struct token_fixture *f)
{
    struct soft_world *w = f->self;
    assert_int_equal(rename(w->away, w->file), 0);
}

int main(void)
{
    struct soft_world w;
    struct token_fixture f = {
        .open = open_place,
        .close = close_place,
        .pull = pull,
        .plug = plug,
        .serial = SERIAL,
        /* design §6, first row of the table, single certificates */
        .caps = TOKEN_CAP_P256 | TOKEN_CAP_SM2 | TOKEN_CAP_RSA2048 | TOKEN_CAP_INITIALISE |
                TOKEN_CAP_SERIAL | TOKEN_CAP_TRIES | TOKEN_CAP_ADMIN_PIN | TOKEN_CAP_OBJECTS |
                TOKEN_CAP_RSA_RAW,
        .self = &w,
    };
    return token_contract(&f);
}
