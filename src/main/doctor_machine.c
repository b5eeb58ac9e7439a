/* doctor on the machine that the processes stand on. */
#include "main/doctor_priv.h"

#include "base/text.h"
#include "sandbox/sandbox.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

enum { ROOM_MIB = 1024, ROOM_PERCENT = 5 };

static void check_room(struct findings *f, const struct place *p)
{
    struct statvfs v;
    if (statvfs(p->data, &v) != 0 || v.f_blocks == 0)
        return;
    unsigned long long mib = (unsigned long long)v.f_bavail * v.f_frsize >> 20;
    int percent = (int)(100.0 * (double)v.f_bavail / (double)v.f_blocks);
    doctor_say(f, mib >= ROOM_MIB && percent >= ROOM_PERCENT,
               arena_fmt(p->arena, "%s has room (1 GiB and 5 %% at least)", p->data),
               arena_fmt(p->arena,
                         "%llu MiB are free, %d %%; a full disk stops all orders, so make room now",
                         mib, percent));
    if (v.f_files > 0)
        doctor_say(
            f, 100 * (v.f_favail / ROOM_PERCENT) >= v.f_files,
            arena_fmt(p->arena, "%s has room for more files", p->data),
            "the file system has hardly any inodes left; remove files, or choose a larger one");
}

/* Certificates, answers of the responder and due dates carry this machine's time. */
static void check_clock(struct findings *f, const struct place *p)
{
    struct timex t = {0};
    struct stat st;
    int state = adjtimex(&t);
    doctor_say(
        f, state >= 0 && state != TIME_ERROR && !(t.status & STA_UNSYNC),
        "the clock is kept right by the network",
        "certificates and due dates carry its time; install chrony or systemd-timesyncd (in a "
        "container: on the host)");
    if (stat(p->data, &st) == 0)
        doctor_say(f, clock_machine() / 1000 >= st.st_mtime - 60,
                   "the clock has not gone back behind what was written",
                   arena_fmt(p->arena, "%s was changed later than it says; set it", p->data));
}

static void check_shared(struct findings *f, const struct place *p)
{
    struct stat st;
    const char *key = place_peer_key(p);
    if (stat(p->data, &st) == 0)
        doctor_say(f, (st.st_mode & 022) == 0,
                   arena_fmt(p->arena, "%s can be changed by its owner alone", p->data),
                   arena_fmt(p->arena, "run chmod go-w %s", p->data));
    if (stat(key, &st) == 0)
        doctor_say(
            f, (st.st_mode & 077) == 0, arena_fmt(p->arena, "%s is its owner's alone", key),
            arena_fmt(p->arena,
                      "whoever read it may speak as the hall; end certhall serve, remove it, "
                      "make another with 64 hex digits (0600), and start again"));
}

void doctor_machine(struct findings *f, const struct place *p)
{
    int version = sandbox_landlock();
    doctor_say(
        f, version > 0,
        version >= 4 ? "each process keeps to its folders and ports (Landlock)"
                     : "each process keeps to its folders (Landlock)",
        "this kernel has no Landlock, so only users and modes keep them apart; use Linux 5.13 "
        "or later with landlock among its lsm= (Debian 12 has it)");
    check_shared(f, p);
    check_room(f, p);
    check_clock(f, p);
}
