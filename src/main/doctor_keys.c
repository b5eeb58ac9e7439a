/* doctor on the ca's keys: whoever reads an unencrypted one, or a backup of it, signs as that CA. */
#include "main/doctor_priv.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n > m && strcmp(s + n - m, end) == 0;
}

static int is_encrypted(const struct place *p, const char *path)
{
    struct bytes pem;
    struct err_info e;
    return file_read(p->arena, path, 64 << 10, &pem, &e) == ERR_OK &&
           memmem(pem.p, pem.n, "ENCRYPTED", 9) != NULL;
}

/* Another key there is that of the ca's requests to the kmc, by which nobody issues anything. */
static int is_issuers(const char *name)
{
    return strncmp(name, "root-", 5) == 0 || strncmp(name, "issuing-", 8) == 0;
}

static void check_key(struct findings *f, const struct place *p, const char *path, int demo)
{
    int good = is_encrypted(p, path);
    if (demo && !good) {
        printf("note %s is not encrypted, as in every demo\n", path);
        return;
    }
    doctor_say(
        f, good, arena_fmt(p->arena, "%s is encrypted", path),
        "whoever reads it, or a backup of it, signs as this CA; keys for service are made by "
        "certhall ca ceremony (docs/ca-guide.md)");
}

void doctor_keys(struct findings *f, const struct place *p)
{
    char *folder = arena_fmt(p->arena, "%s/keys", place_folder(p, "ca"));
    int demo = access(arena_fmt(p->arena, "%s/demo", p->data), F_OK) == 0;
    DIR *d = opendir(folder);
    const struct dirent *entry;
    while (d && (entry = readdir(d)))
        if (ends_with(entry->d_name, ".pem") && is_issuers(entry->d_name))
            check_key(f, p, arena_fmt(p->arena, "%s/%s", folder, entry->d_name), demo);
    if (d)
        closedir(d);
}
