/* System calls, by libseccomp. The lists name calls by what they are for. The kernel keeps a bitmap of calls that are allowed
 * whatever their arguments, so the hot ones (reading, writing, waiting, locks, clocks) cost nothing; for the others the filter
 * is a binary tree. */
#include "sandbox/sandbox_priv.h"

#include "base/sys.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* ---- what each may do, whatever the arguments ---- */

static const int MEMORY_AND_TIME[] = {
    SCMP_SYS(brk),     SCMP_SYS(munmap),        SCMP_SYS(mremap),         SCMP_SYS(madvise),
    SCMP_SYS(mincore), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),   SCMP_SYS(gettimeofday),
    SCMP_SYS(time),    SCMP_SYS(nanosleep),     SCMP_SYS(clock_nanosleep)};

static const int FILES[] = {
    SCMP_SYS(read),       SCMP_SYS(write),     SCMP_SYS(readv),      SCMP_SYS(writev),
    SCMP_SYS(pread64),    SCMP_SYS(pwrite64),  SCMP_SYS(preadv),     SCMP_SYS(pwritev),
    SCMP_SYS(open),       SCMP_SYS(openat),    SCMP_SYS(close),      SCMP_SYS(close_range),
    SCMP_SYS(fstat),      SCMP_SYS(stat),      SCMP_SYS(lstat),      SCMP_SYS(newfstatat),
    SCMP_SYS(statx),      SCMP_SYS(fstatfs),   SCMP_SYS(statfs),     SCMP_SYS(lseek),
    SCMP_SYS(access),     SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(getcwd),    SCMP_SYS(getdents64), SCMP_SYS(flock),
    SCMP_SYS(fcntl),      SCMP_SYS(ftruncate), SCMP_SYS(fallocate),  SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),  SCMP_SYS(unlink),    SCMP_SYS(unlinkat),   SCMP_SYS(rename),
    SCMP_SYS(renameat),   SCMP_SYS(renameat2), SCMP_SYS(link),       SCMP_SYS(linkat),
    SCMP_SYS(mkdir),      SCMP_SYS(mkdirat),   SCMP_SYS(rmdir),      SCMP_SYS(chmod),
    SCMP_SYS(fchmod),     SCMP_SYS(fchmodat),  SCMP_SYS(fchown),     SCMP_SYS(utimensat),
    SCMP_SYS(dup),        SCMP_SYS(dup2),      SCMP_SYS(dup3),       SCMP_SYS(pipe),
    SCMP_SYS(pipe2),      SCMP_SYS(sendfile),  SCMP_SYS(fadvise64),  SCMP_SYS(umask)};

static const int SOCKETS[] = {
    SCMP_SYS(accept),        SCMP_SYS(accept4),    SCMP_SYS(connect),    SCMP_SYS(bind),
    SCMP_SYS(recvfrom),      SCMP_SYS(recvmsg),    SCMP_SYS(recvmmsg),   SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),       SCMP_SYS(sendmmsg),   SCMP_SYS(shutdown),   SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),   SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(poll),
    SCMP_SYS(ppoll),         SCMP_SYS(select),     SCMP_SYS(pselect6),   SCMP_SYS(epoll_create),
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),  SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),  SCMP_SYS(eventfd2)};

static const int THREADS_AND_SELF[] = {SCMP_SYS(futex),
                                       SCMP_SYS(set_robust_list),
                                       SCMP_SYS(get_robust_list),
                                       SCMP_SYS(rseq),
                                       SCMP_SYS(membarrier),
                                       SCMP_SYS(sched_yield),
                                       SCMP_SYS(sched_getaffinity),
                                       SCMP_SYS(sched_getparam),
                                       SCMP_SYS(sched_getscheduler),
                                       SCMP_SYS(set_tid_address),
                                       SCMP_SYS(rt_sigprocmask),
                                       SCMP_SYS(rt_sigreturn),
                                       SCMP_SYS(rt_sigpending),
                                       SCMP_SYS(rt_sigtimedwait),
                                       SCMP_SYS(rt_sigsuspend),
                                       SCMP_SYS(sigaltstack),
                                       SCMP_SYS(restart_syscall),
                                       SCMP_SYS(exit),
                                       SCMP_SYS(exit_group),
                                       SCMP_SYS(getpid),
                                       SCMP_SYS(gettid),
                                       SCMP_SYS(getppid),
                                       SCMP_SYS(getuid),
                                       SCMP_SYS(geteuid),
                                       SCMP_SYS(getgid),
                                       SCMP_SYS(getegid),
                                       SCMP_SYS(getresuid),
                                       SCMP_SYS(getresgid),
                                       SCMP_SYS(getgroups),
                                       SCMP_SYS(getrandom),
                                       SCMP_SYS(uname),
                                       SCMP_SYS(sysinfo),
                                       SCMP_SYS(getrlimit),
                                       SCMP_SYS(getrusage),
                                       SCMP_SYS(times),
                                       SCMP_SYS(getcpu),
                                       SCMP_SYS(wait4),
                                       SCMP_SYS(arch_prctl)};

/* ---- what no honest path does: it ends the process, and the log names it ---- */

struct named_call {
    int number;
    const char *name;
};
#define NAMED(call)                                                                                \
    {                                                                                              \
        SCMP_SYS(call), #call                                                                      \
    }

static const struct named_call HOSTILE[] = {
    /* another program, another process */
    NAMED(execve), NAMED(execveat), NAMED(fork), NAMED(vfork), NAMED(ptrace),
    NAMED(process_vm_readv), NAMED(process_vm_writev), NAMED(kcmp), NAMED(pidfd_getfd),
    NAMED(perf_event_open), NAMED(personality), NAMED(userfaultfd),
    /* the kernel and the machine */
    NAMED(bpf), NAMED(init_module), NAMED(finit_module), NAMED(delete_module), NAMED(kexec_load),
    NAMED(kexec_file_load), NAMED(reboot), NAMED(iopl), NAMED(ioperm), NAMED(modify_ldt),
    NAMED(swapon), NAMED(swapoff), NAMED(acct), NAMED(quotactl), NAMED(syslog), NAMED(sethostname),
    NAMED(setdomainname), NAMED(settimeofday), NAMED(clock_settime), NAMED(adjtimex),
    NAMED(clock_adjtime),
    /* another view of the files */
    NAMED(mount), NAMED(umount2), NAMED(move_mount), NAMED(open_tree), NAMED(fsopen),
    NAMED(fsconfig), NAMED(fsmount), NAMED(fspick), NAMED(mount_setattr), NAMED(pivot_root),
    NAMED(chroot), NAMED(unshare), NAMED(setns), NAMED(open_by_handle_at), NAMED(mknod),
    NAMED(mknodat),
    /* keys of the kernel, other users */
    NAMED(keyctl), NAMED(add_key), NAMED(request_key)};

/* The supervisor gives each process its user, and starts it: these are hostile only in the processes themselves. */
static const struct named_call HOSTILE_BELOW[] = {
    NAMED(setuid),    NAMED(setgid),   NAMED(setreuid), NAMED(setregid),  NAMED(setresuid),
    NAMED(setresgid), NAMED(setfsuid), NAMED(setfsgid), NAMED(setgroups), NAMED(capset)};

/* Of these the supervisor and every start of a program make use. */
static const int STARTING[] = {SCMP_SYS(execve), SCMP_SYS(fork), SCMP_SYS(vfork),
                               SCMP_SYS(personality)};

/* ---- building ---- */

/* The first error stays: a filter that is not whole is not loaded. */
struct filter {
    scmp_filter_ctx ctx;
    int failed;
};

static void keep(struct filter *f, int result)
{
    if (!f->failed && result < 0)
        f->failed = result;
}

static void allow(struct filter *f, const int *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        keep(f, seccomp_rule_add(f->ctx, SCMP_ACT_ALLOW, calls[i], 0));
}

static void allow_if(struct filter *f, int call, struct scmp_arg_cmp condition)
{
    keep(f, seccomp_rule_add_array(f->ctx, SCMP_ACT_ALLOW, call, 1, &condition));
}

static int starts_programs(int call)
{
    for (size_t i = 0; i < COUNT(STARTING); i++)
        if (STARTING[i] == call)
            return 1;
    return 0;
}

static void refuse_hostile(struct filter *f, uint32_t action, int supervisor)
{
    for (size_t i = 0; i < COUNT(HOSTILE); i++)
        if (!supervisor || !starts_programs(HOSTILE[i].number))
            keep(f, seccomp_rule_add(f->ctx, action, HOSTILE[i].number, 0));
    for (size_t i = 0; i < COUNT(HOSTILE_BELOW) && !supervisor; i++)
        keep(f, seccomp_rule_add(f->ctx, action, HOSTILE_BELOW[i].number, 0));
}

static void begin(struct filter *f, uint32_t otherwise)
{
    *f = (struct filter){.ctx = seccomp_init(otherwise)};
    if (!f->ctx) {
        f->failed = -ENOMEM;
        return;
    }
    keep(f, seccomp_attr_set(f->ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
    keep(f, seccomp_attr_set(f->ctx, SCMP_FLTATR_CTL_NNP, 1));
    keep(f, seccomp_attr_set(f->ctx, SCMP_FLTATR_CTL_TSYNC, 1));
    keep(f, seccomp_attr_set(f->ctx, SCMP_FLTATR_CTL_LOG, 1));
    keep(f, seccomp_attr_set(f->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2));
}

/* 0 or a negative errno. */
static int load(struct filter *f)
{
    int result = f->failed ? f->failed : seccomp_load(f->ctx);
    if (f->ctx)
        seccomp_release(f->ctx);
    return result;
}

static enum err loaded(int result, struct err_info *e)
{
    if (result == 0)
        return ERR_OK;
    err_set(e, ERR_CONFIG, NULL, "seccomp: %s", strerror(-result));
    err_arg(e, "why",
            "this system takes no filter of system calls (seccomp: %s); CertHall does not run "
            "without",
            strerror(-result));
    return ERR_CONFIG;
}

/* ---- calls that depend on their arguments ---- */

/* No memory is both written and run, and none becomes runnable later; libraries come from files. */
static void allow_memory(struct filter *f)
{
    allow_if(f, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    struct scmp_arg_cmp library[] = {SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_WRITE | PROT_EXEC, PROT_EXEC),
                                     SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0)};
    keep(f, seccomp_rule_add_array(f->ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, library));
    allow_if(f, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

enum {
    NEW_SPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                 CLONE_NEWPID | CLONE_NEWNET
};

/* glibc asks for clone3 first, whose flags lie in memory where no filter sees them; it is not among the calls, so that glibc
 * takes clone. */
static void allow_threads(struct filter *f)
{
    allow_if(f, SCMP_SYS(clone),
             SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | NEW_SPACES, CLONE_THREAD));
    struct scmp_arg_cmp process = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
    keep(f, seccomp_rule_add_array(f->ctx, SCMP_ACT_TRAP, SCMP_SYS(clone), 1, &process));
}

/* Signals to itself only; how it hears of a refused call cannot be changed any more. */
static void allow_signals(struct filter *f)
{
    allow_if(f, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    allow_if(f, SCMP_SYS(kill), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    allow_if(f, SCMP_SYS(rt_sigaction), SCMP_A0(SCMP_CMP_NE, SIGSYS));
}

static void allow_sockets(struct filter *f, unsigned powers)
{
    allow(f, SOCKETS, COUNT(SOCKETS));
    allow_if(f, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
    allow_if(f, SCMP_SYS(socketpair), SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
    if (!(powers & SANDBOX_NETWORK))
        return;
    allow_if(f, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_INET));
    allow_if(f, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_INET6));
    /* finding an address asks the kernel which ones this machine has */
    struct scmp_arg_cmp route[] = {SCMP_A0(SCMP_CMP_EQ, AF_NETLINK),
                                   SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE)};
    keep(f, seccomp_rule_add_array(f->ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, route));
}

static void allow_self(struct filter *f)
{
    allow_if(f, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    allow_if(f, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_GET_NAME));
    allow_if(f, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_GET_DUMPABLE));
    struct scmp_arg_cmp ask[] = {SCMP_A0(SCMP_CMP_EQ, 0),
                                 SCMP_A2(SCMP_CMP_EQ, 0)}; /* limits are read, not set */
    keep(f, seccomp_rule_add_array(f->ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, ask));
    allow_if(f, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONBIO));
    allow_if(f, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONREAD));
    allow_if(f, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, TCGETS));
}

/* ---- the line that names a refused call ---- */

static const char *name_of(int number)
{
    for (size_t i = 0; i < COUNT(HOSTILE); i++)
        if (HOSTILE[i].number == number)
            return HOSTILE[i].name;
    for (size_t i = 0; i < COUNT(HOSTILE_BELOW); i++)
        if (HOSTILE_BELOW[i].number == number)
            return HOSTILE_BELOW[i].name;
    return number == SCMP_SYS(clone) ? "clone" : "?";
}

extern char *program_invocation_short_name;

/* Only what a signal handler may do; the signal's action is the default one again, which ends the process. */
static void on_refused(int signal, siginfo_t *info, void *context)
{
    const char *name = name_of(info->si_syscall);
    char number[12], *digit = number + sizeof number;
    unsigned rest = (unsigned)info->si_syscall;
    (void)context;
    do
        *--digit = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    const char *const part[] = {"error ",
                                program_invocation_short_name,
                                " sandbox.refused system call ",
                                name,
                                " (",
                                NULL,
                                ") is none of this process's; it ends\n"};
    for (size_t i = 0; i < COUNT(part); i++) {
        size_t n = part[i] ? strlen(part[i]) : (size_t)(number + sizeof number - digit);
        if (write(STDERR_FILENO, part[i] ? part[i] : digit, n) < 0)
            break;
    }
    raise(signal);
}

static void hear_of_refusals(void)
{
    struct sigaction a = {.sa_sigaction = on_refused,
                          .sa_flags = SA_SIGINFO | SA_RESETHAND | SA_NODEFER};
    sigemptyset(&a.sa_mask);
    sigaction(SIGSYS, &a, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGSYS);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* ---- faces ---- */

int sandbox_is_built(void)
{
#ifdef SANDBOX_SANITIZED
    return 0;
#else
    return 1;
#endif
}

enum err sandbox_calls(unsigned powers, struct err_info *e)
{
    struct filter f;
    if (!sandbox_is_built()) {
        log_line(LOG_LEVEL_WARN, "sandbox.none",
                 "this is a build with sanitizers: nothing limits the process's system calls");
        return ERR_OK;
    }
    begin(&f, SCMP_ACT_ERRNO(ENOSYS));
    refuse_hostile(&f, SCMP_ACT_TRAP, 0);
    allow(&f, MEMORY_AND_TIME, COUNT(MEMORY_AND_TIME));
    allow(&f, FILES, COUNT(FILES));
    allow(&f, THREADS_AND_SELF, COUNT(THREADS_AND_SELF));
    allow_memory(&f);
    allow_threads(&f);
    allow_signals(&f);
    allow_sockets(&f, powers);
    allow_self(&f);
    hear_of_refusals();
    return loaded(load(&f), e);
}

enum err sandbox_supervisor(struct err_info *e)
{
    struct filter f;
    if (!sandbox_is_built())
        return ERR_OK;
    begin(&f, SCMP_ACT_ALLOW);
    refuse_hostile(&f, SCMP_ACT_KILL_PROCESS, 1);
    return loaded(load(&f), e);
}

/* ---- the spawner and its children ---- */

static const int SPAWNER[] = {SCMP_SYS(read),
                              SCMP_SYS(write),
                              SCMP_SYS(close),
                              SCMP_SYS(close_range),
                              SCMP_SYS(dup2),
                              SCMP_SYS(dup3),
                              SCMP_SYS(poll),
                              SCMP_SYS(ppoll),
                              SCMP_SYS(recvmsg),
                              SCMP_SYS(sendto),
                              SCMP_SYS(wait4),
                              SCMP_SYS(kill),
                              SCMP_SYS(getpid),
                              SCMP_SYS(getppid),
                              SCMP_SYS(gettid),
                              SCMP_SYS(prlimit64),
                              SCMP_SYS(seccomp),
                              SCMP_SYS(set_robust_list),
                              SCMP_SYS(rseq),
                              SCMP_SYS(rt_sigprocmask),
                              SCMP_SYS(rt_sigreturn),
                              SCMP_SYS(restart_syscall),
                              SCMP_SYS(tgkill),
                              SCMP_SYS(exit),
                              SCMP_SYS(exit_group),
                              SCMP_SYS(futex),
                              SCMP_SYS(set_tid_address),
                              SCMP_SYS(setrlimit),
                              SCMP_SYS(rt_sigaction),
                              SCMP_SYS(getrandom)};

static const int DECODER[] = {SCMP_SYS(rt_sigreturn), SCMP_SYS(exit),         SCMP_SYS(exit_group),
                              SCMP_SYS(brk),          SCMP_SYS(munmap),       SCMP_SYS(mremap),
                              SCMP_SYS(madvise),      SCMP_SYS(clock_gettime)};

static void allow_plain_memory(struct filter *f)
{
    struct scmp_arg_cmp fresh[] = {SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                                   SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS)};
    keep(f, seccomp_rule_add_array(f->ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, fresh));
    allow_if(f, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

int sandbox_spawner_alone(void)
{
    struct filter f;
    struct err_info e;
    if (!sandbox_is_built())
        return 1;
    /* its children hold its Landlock domain, too: no file at all */
    if (sandbox_close_folders(&(struct sandbox_folders){.nothing = 1}, &e) != ERR_OK)
        return 0;
    begin(&f, SCMP_ACT_KILL_PROCESS);
    allow(&f, MEMORY_AND_TIME, COUNT(MEMORY_AND_TIME));
    allow(&f, SPAWNER, COUNT(SPAWNER));
    allow_plain_memory(&f);
    keep(&f, seccomp_rule_add(f.ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0));
    allow_if(&f, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_SPACES, 0));
    allow_if(&f, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_PDEATHSIG));
    allow_if(&f, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NO_NEW_PRIVS));
    return load(&f) == 0;
}

void sandbox_decoder_calls(void)
{
    struct filter f;
    if (!sandbox_is_built())
        return;
    begin(&f, SCMP_ACT_KILL_PROCESS);
    allow(&f, DECODER, COUNT(DECODER));
    allow_plain_memory(&f);
    const int both[] = {SCMP_SYS(read), SCMP_SYS(write)};
    for (size_t i = 0; i < COUNT(both); i++) {
        struct scmp_arg_cmp other = SCMP_A0(SCMP_CMP_NE, 0);
        allow_if(&f, both[i], SCMP_A0(SCMP_CMP_EQ, 0));
        keep(&f, seccomp_rule_add_array(f.ctx, SCMP_ACT_ERRNO(EBADF), both[i], 1, &other));
    }
    if (load(&f) != 0)
        _exit(1);
}
