#include "store_fixture.h"

#include "base/time.h"

#include <libpq-fe.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void must(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "fixture: %s\n", what);
    exit(1);
}

/* The server's address without a database: postgresql://user@/?host=… */
static void postgres_do(const char *server, const char *verb, const char *database)
{
    char sql[160];
    snprintf(sql, sizeof sql, "%s %s", verb, database);
    PGconn *c = PQconnectdb(server);
    must(PQstatus(c) == CONNECTION_OK, PQerrorMessage(c));
    PGresult *r = PQexec(c, sql);
    must(PQresultStatus(r) == PGRES_COMMAND_OK, PQerrorMessage(c));
    PQclear(r);
    PQfinish(c);
}

static void place_postgres(struct store_fixture *f, const char *server)
{
    static const char head[] = "postgresql://certhall@/";
    must(strncmp(server, head, sizeof head - 1) == 0, "CERTHALL_TEST_POSTGRES has another shape");
    const char *query = strchr(server, '?');
    must(query != NULL, "CERTHALL_TEST_POSTGRES has no host");
    snprintf(f->folder, sizeof f->folder, "t%d_%" PRId64, (int)getpid(), clock_monotonic());
    postgres_do(server, "CREATE DATABASE", f->folder);
    snprintf(f->url, sizeof f->url, "%s%s%s", head, f->folder, query);
    f->postgres = 1;
}

void store_fixture_place(struct store_fixture *f)
{
    *f = (struct store_fixture){0};
    const char *server = getenv("CERTHALL_TEST_POSTGRES");
    if (server) {
        place_postgres(f, server);
        return;
    }
    snprintf(f->folder, sizeof f->folder, "/tmp/certhall-store.XXXXXX");
    must(mkdtemp(f->folder) != NULL, "mkdtemp");
    snprintf(f->url, sizeof f->url, "sqlite:%s/a.db", f->folder);
}

void store_fixture_open(struct store_fixture *f, const struct store_catalogue *catalogue,
                        int connections)
{
    struct err_info e = {0};
    store_fixture_place(f);
    must(store_open(f->url, catalogue, connections, &f->store, &e) == ERR_OK, e.detail);
}

void store_fixture_close(struct store_fixture *f)
{
    store_free(f->store);
    f->store = NULL;
    if (f->postgres) {
        postgres_do(getenv("CERTHALL_TEST_POSTGRES"), "DROP DATABASE", f->folder);
        return;
    }
    for (const char *const *s = (const char *const[]){"", "-wal", "-shm", NULL}; *s; s++) {
        char path[128];
        snprintf(path, sizeof path, "%s/a.db%s", f->folder, *s);
        unlink(path);
    }
    must(rmdir(f->folder) == 0, "rmdir");
}
