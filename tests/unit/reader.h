/* What somebody else's program says of a document: started with a list of arguments, no shell. */
#ifndef CERTHALL_TESTS_READER_H
#define CERTHALL_TESTS_READER_H

#include "testing.h"

#include "base/mem.h"

#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* `argv` ends with NULL; "@" in it stands for a file with the document. Fails the test unless it exits 0. */
static inline char *reader_output(struct arena *a, struct bytes document, const char *const *argv)
{
    enum { OUTPUT_MAX = 16384, ARGS_MAX = 8 };
    extern char **environ;
    char path[] = "/tmp/certhall-read.XXXXXX", *args[ARGS_MAX + 1] = {0}, *out;
    int fd = mkstemp(path), ends[2], status;
    posix_spawn_file_actions_t files;
    pid_t pid;
    assert_true(fd >= 0 && write(fd, document.p, document.n) == (ssize_t)document.n);
    close(fd);
    for (int i = 0; i < ARGS_MAX && argv[i]; i++)
        args[i] = arena_text(a, strcmp(argv[i], "@") ? argv[i] : path);
    assert_int_equal(pipe(ends), 0);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&files, ends[0]);
    assert_int_equal(posix_spawnp(&pid, args[0], &files, NULL, args, environ), 0);
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    out = arena_alloc(a, OUTPUT_MAX);
    size_t n = 0;
    ssize_t got;
    while (n < OUTPUT_MAX - 1 && (got = read(ends[0], out + n, OUTPUT_MAX - 1 - n)) > 0)
        n += (size_t)got;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    unlink(path);
    assert_int_equal(status, 0);
    return out;
}

#endif
