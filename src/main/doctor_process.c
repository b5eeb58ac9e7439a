/* doctor on each process: /proc says what it runs with, whoever asks. */
#include "main/doctor_priv.h"

#include "base/text.h"

#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- folders and users ---- */

static int private_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 077) == 0;
}

/* What is not there, or not to be seen by who asks, is no finding. */
static int hidden_file(const char *path)
{
    struct stat st;
    return stat(path, &st) != 0 || (st.st_mode & 077) == 0;
}

static void check_secrets(struct findings *f, const struct place *p, const char *name)
{
    static const struct {
        const char *process, *file;
    } rows[] = {
        {"hall", "secrets"}, {"hall", "merchant-key.pem"}, {"hall", "hall.db"}, {"ca", "ca.db"},
        {"ca", "keys"},      {"kmc", "storage.key"},       {"kmc", "kmc.db"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *path = arena_fmt(p->arena, "%s/%s", place_folder(p, name), rows[i].file);
        if (strcmp(rows[i].process, name) == 0 && access(path, F_OK) == 0)
            doctor_say(
                f, hidden_file(path), arena_fmt(p->arena, "%s is its owner's alone", path),
                arena_fmt(p->arena,
                          "others may have read it; run chmod go= %s, and think about whether "
                          "what stands in it must be made anew",
                          path));
    }
}

static void check_folder(struct findings *f, const struct place *p, const char *name)
{
    struct arena *a = p->arena;
    char *folder = place_folder(p, name), user[32];
    struct stat st;
    snprintf(user, sizeof user, "certhall-%s", name);
    const struct passwd *own = getpwnam(user);
    int separate = own && stat(folder, &st) == 0 && st.st_uid == own->pw_uid;
    doctor_say(f, private_folder(folder), arena_fmt(a, "%s is its process's own (0700)", folder),
               arena_fmt(a, "run chmod 700 %s, or certhall init when it is missing", folder));
    doctor_say(
        f, separate, arena_fmt(a, "%s runs as a system user of its own", name),
        arena_fmt(a, "processes are not separated; install as root, with the user %s", user));
    check_secrets(f, p, name);
}

/* ---- the running process ---- */

static long pid_of(const struct place *p, const char *name)
{
    struct bytes file;
    struct err_info e;
    int64_t pid;
    if (file_read(p->arena, place_ready(p, name), 64, &file, &e) != ERR_OK ||
        !text_to_int(text_trim(p->arena, (const char *)file.p), 1, INT32_MAX, &pid))
        return 0;
    return access(arena_fmt(p->arena, "/proc/%lld", (long long)pid), F_OK) == 0 ? (long)pid : 0;
}

/* "Seccomp:\t2" → 2; -1 where the line is missing. */
static int64_t number_after(const char *text, const char *head)
{
    const char *at = strstr(text, head);
    int64_t n;
    if (!at)
        return -1;
    at += strlen(head);
    at += strspn(at, " \t");
    char digits[20] = {0};
    memcpy(digits, at, strcspn(at, "\n ") < sizeof digits ? strcspn(at, "\n ") : 0);
    return text_to_int(digits, 0, INT64_MAX, &n) ? n : -1;
}

static int thread_is_confined(const struct place *p, long pid, const char *thread)
{
    struct bytes file;
    struct err_info e;
    char *path = arena_fmt(p->arena, "/proc/%ld/task/%s/status", pid, thread);
    if (file_read(p->arena, path, 64 << 10, &file, &e) != ERR_OK)
        return e.code == ERR_NOT_FOUND; /* it has ended since */
    const char *text = (const char *)file.p;
    return number_after(text, "\nSeccomp:") == 2 && number_after(text, "\nNoNewPrivs:") == 1;
}

static int all_threads_are_confined(const struct place *p, long pid)
{
    DIR *d = opendir(arena_fmt(p->arena, "/proc/%ld/task", pid));
    int good = d != NULL;
    const struct dirent *entry;
    while (good && (entry = readdir(d)))
        good = *entry->d_name == '.' || thread_is_confined(p, pid, entry->d_name);
    if (d)
        closedir(d);
    return good;
}

/* The kernel gives what is no longer its user's to root. */
static int memory_is_closed(const struct place *p, long pid)
{
    struct stat st;
    return stat(arena_fmt(p->arena, "/proc/%ld/environ", pid), &st) == 0 && st.st_uid == 0;
}

static void check_running(struct findings *f, const struct place *p, const char *name)
{
    struct arena *a = p->arena;
    long pid = pid_of(p, name);
    doctor_say(f, pid > 0, arena_fmt(a, "%s is running", name), "start certhall serve");
    if (pid == 0)
        return;
    doctor_say(f, all_threads_are_confined(p, pid),
               arena_fmt(a, "%s keeps to its system calls (seccomp in every thread)", name),
               "it is a build with sanitizers, or not CertHall at all; install a release build");
    doctor_say(f, memory_is_closed(p, pid),
               arena_fmt(a, "%s cannot be read or traced by its own user", name),
               "it is a build with sanitizers, or not CertHall at all; install a release build");
}

void doctor_process(struct findings *f, const struct place *p, const char *name)
{
    check_folder(f, p, name);
    check_running(f, p, name);
}
