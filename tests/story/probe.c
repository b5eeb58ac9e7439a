/* A server process that has been taken over: it confines itself as certhall does, by the same code for the process of that
 * name, and then tries things, one after the other. tests/story/separation runs it for each process.
 *
 * usage: separation_probe DATA RUN PROCESS {ATTEMPT PATH} …    prints a line each: "done" or "refused NAME-OF-ERRNO"
 *        separation_probe decoder ATTEMPT                      what a file makes a decoder child do: prints the error's code */
#include "main/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

typedef long attempt_fn(const char *path);

/* ---- other programs and processes ---- */

static long try_exec(const char *path)
{
    char *const argv[] = {(char *)(uintptr_t)path, NULL}, *const env[] = {NULL};
    return execve(path, argv, env);
}
static long try_execveat(const char *path)
{
    char *const argv[] = {(char *)(uintptr_t)path, NULL}, *const env[] = {NULL};
    return syscall(SYS_execveat, AT_FDCWD, path, argv, env, 0);
}
static long try_fork(const char *path)
{
    (void)path;
    return fork() < 0 ? -1 : 0;
}
static long try_clone_space(const char *path)
{
    (void)path;
    return syscall(SYS_clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWUSER, 0, 0, 0, 0);
}
static long try_clone3(const char *path)
{
    uint64_t args[8] = {0};
    (void)path;
    return syscall(SYS_clone3, args, sizeof args);
}
static long try_ptrace(const char *path)
{
    (void)path;
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}
static long try_read_memory(const char *path)
{
    (void)path;
    return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}
static long try_write_memory(const char *path)
{
    (void)path;
    return syscall(SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0);
}
static long try_kill(const char *path)
{
    (void)path;
    return kill(getppid(), 0);
}

/* ---- the kernel ---- */

static long try_mount(const char *path)
{
    return mount("none", path, "tmpfs", 0, NULL);
}
static long try_unshare(const char *path)
{
    (void)path;
    return unshare(CLONE_NEWNS);
}
static long try_bpf(const char *path)
{
    (void)path;
    return syscall(SYS_bpf, 0, NULL, 0);
}
static long try_keyctl(const char *path)
{
    (void)path;
    return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, -4, 0);
}
static long try_module(const char *path)
{
    (void)path;
    return syscall(SYS_init_module, NULL, 0, "");
}
static long try_setuid(const char *path)
{
    (void)path;
    return syscall(SYS_setuid, 0);
}
static long try_io_uring(const char *path)
{
    (void)path;
    return syscall(SYS_io_uring_setup, 0, NULL);
}
static long try_dumpable(const char *path)
{
    (void)path;
    return prctl(PR_SET_DUMPABLE, 1);
}
static long try_hush(const char *path)
{
    (void)path;
    return sigaction(SIGSYS, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
}

/* ---- memory that is written and then run ---- */

static long try_code(const char *path)
{
    (void)path;
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED
               ? -1
               : 0;
}
static long try_made_code(const char *path)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)path;
    return p == MAP_FAILED ? -1 : mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

/* ---- files ---- */

static long try_write(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return fd < 0 ? -1 : write(fd, "x", 1) == 1 ? 0 : -1;
}
static long try_truncate(const char *path)
{
    return open(path, O_WRONLY | O_TRUNC | O_CLOEXEC) < 0 ? -1 : 0;
}
static long try_read(const char *path)
{
    char octet;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -1 : read(fd, &octet, 1) == 1 ? 0 : -1;
}
static long try_list(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 ? -1 : 0;
}
static long try_mkdir(const char *path)
{
    return mkdir(path, 0700);
}
static long try_unlink(const char *path)
{
    return unlink(path);
}
static long try_symlink(const char *path)
{
    return symlink("/etc/passwd", path);
}

/* ---- connections ---- */

static long bound(const char *port, int fd)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)strtol(port, NULL, 10)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return fd < 0 ? -1 : bind(fd, (struct sockaddr *)&at, sizeof at);
}
static long try_connect(const char *path)
{
    (void)path;
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0 ? -1 : 0;
}
static long try_bind(const char *port)
{
    return bound(port, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}
static long try_raw(const char *path)
{
    (void)path;
    return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) < 0 ? -1 : 0;
}
static long try_listen(const char *path)
{
    (void)path;
    return listen(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 1);
}

/* ---- what an honest process does ---- */

static void *nothing(void *arg)
{
    return arg;
}
static long try_thread(const char *path)
{
    pthread_t t;
    (void)path;
    errno = pthread_create(&t, NULL, nothing, NULL);
    return errno ? -1 : pthread_join(t, NULL);
}

#define ROW(name)                                                                                  \
    {                                                                                              \
#name, try_##name                                                                          \
    }
static const struct attempt {
    const char *name;
    attempt_fn *fn;
} ATTEMPTS[] = {ROW(exec),        ROW(execveat),    ROW(fork),      ROW(clone_space), ROW(clone3),
                ROW(ptrace),      ROW(kill),        ROW(mount),     ROW(unshare),     ROW(bpf),
                ROW(keyctl),      ROW(module),      ROW(setuid),    ROW(io_uring),    ROW(dumpable),
                ROW(hush),        ROW(code),        ROW(made_code), ROW(write),       ROW(truncate),
                ROW(read),        ROW(list),        ROW(mkdir),     ROW(unlink),      ROW(symlink),
                ROW(connect),     ROW(bind),        ROW(raw),       ROW(listen),      ROW(thread),
                ROW(read_memory), ROW(write_memory)};

static attempt_fn *attempt_of(const char *name)
{
    for (size_t i = 0; i < sizeof ATTEMPTS / sizeof *ATTEMPTS; i++)
        if (strcmp(ATTEMPTS[i].name, name) == 0)
            return ATTEMPTS[i].fn;
    return NULL;
}

/* The pool that was made before the filter: it counts for its threads, too. */
struct pool {
    pthread_barrier_t go;
    char **attempts; /* name, path, name, path …, NULL */
};

static void *worker(void *arg)
{
    struct pool *w = arg;
    pthread_barrier_wait(&w->go);
    for (char **at = w->attempts; at[0] && at[1]; at += 2) {
        attempt_fn *fn = attempt_of(at[0]);
        errno = 0;
        if (fn && fn(at[1]) < 0)
            printf("refused %s\n", strerrorname_np(errno));
        else
            printf("%s\n", fn ? "done" : "no such attempt");
        fflush(stdout);
    }
    return NULL;
}

static int as_process(char **argv)
{
    _auto(arena) a = arena_new();
    struct pool w = {.attempts = argv + 4};
    struct place p;
    struct err_info e;
    pthread_t thread;
    process_keep_secrets(); /* and leave no core file */
    if (pthread_barrier_init(&w.go, NULL, 2))
        return 2;
    if (place_find(&p, argv[1], argv[2], a, &e) != ERR_OK ||
        confine_folders(&p, argv[3], &e) != ERR_OK ||
        pthread_create(&thread, NULL, worker, &w) != 0 ||
        confine_calls(&p, argv[3], &e) != ERR_OK) {
        fprintf(stderr, "separation_probe: %s %s\n", err_code_text(e.code), e.detail);
        return 2;
    }
    pthread_barrier_wait(&w.go);
    pthread_join(thread, NULL);
    return 0;
}

/* ---- a decoder child ---- */

static long try_bomb(const char *path)
{
    (void)path;
    for (int i = 0; i < 1024; i++)
        memset(mem_alloc(1 << 20), 1, 1 << 20);
    return 0;
}
static long try_loop(const char *path)
{
    volatile int endless = 1;
    (void)path;
    while (endless)
        ;
    return 0;
}
static long try_sleep(const char *path)
{
    (void)path;
    return nanosleep(&(struct timespec){.tv_sec = 60}, NULL);
}
static long try_socket(const char *path)
{
    (void)path;
    return socket(AF_UNIX, SOCK_STREAM, 0);
}
static long try_forged_log(const char *path)
{
    (void)path;
    return write(2, "2026 error certhall-hall forged line\n", 37);
}
static long try_nothing(const char *path)
{
    (void)path;
    return 0;
}

static const struct attempt OF_DECODER[] = {ROW(bomb),       ROW(loop),    ROW(sleep), ROW(socket),
                                            ROW(forged_log), ROW(nothing), ROW(exec),  ROW(fork),
                                            ROW(read),       ROW(write),   ROW(kill),  ROW(ptrace),
                                            ROW(thread),     ROW(code),    ROW(list)};

/* The file is the name of an attempt; the result is "done", or "refused" where it failed and the child still lives. */
static void obey(struct bytes in, uint32_t argument, struct buf *out)
{
    (void)argument;
    for (size_t i = 0; i < sizeof OF_DECODER / sizeof *OF_DECODER; i++)
        if (strlen(OF_DECODER[i].name) == in.n && memcmp(OF_DECODER[i].name, in.p, in.n) == 0)
            buf_text(out, OF_DECODER[i].fn("/usr/bin/true") < 0 ? "refused" : "done");
}

static int as_decoder(const char *attempt)
{
    static const struct decoder decoder = {.name = "probe", .decode = obey};
    static const struct decoder *const decoders[] = {&decoder};
    static const struct spawner_limits limits = {
        .memory = 64 << 20, .in_max = 1024, .out_max = 1024, .cpu_seconds = 1, .wall_ms = 10000};
    _auto(spawner) s = NULL;
    _auto_buf out;
    struct err_info e;
    buf_init(&out, 1024);
    if (spawner_start(decoders, 1, &limits, &s, &e) != ERR_OK)
        return 2;
    enum err done = spawner_decode(
        s, 0, 0, (struct bytes){(const uint8_t *)attempt, strlen(attempt)}, &out, &e);
    printf("%s\n", done == ERR_OK ? buf_cstr(&out) : err_code_text(done));
    out.n = 0;
    /* the next file is none the worse for it */
    done = spawner_decode(s, 0, 0, (struct bytes){(const uint8_t *)"nothing", 7}, &out, &e);
    return done == ERR_OK && strcmp(buf_cstr(&out), "done") == 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc == 3 && strcmp(argv[1], "decoder") == 0)
        return as_decoder(argv[2]);
    if (argc >= 6)
        return as_process(argv);
    fprintf(stderr,
            "usage: separation_probe DATA RUN PROCESS {ATTEMPT PATH} … | decoder ATTEMPT\n");
    return 2;
}
