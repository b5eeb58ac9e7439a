/* A target under libFuzzer. `fuzz_NAME --seeds FOLDER [corpus/NAME.txt]` writes what it begins with and ends. */
#include "fuzz.h"
#include "lines.h"

#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);

static void write_one(void *folder, const char *name, struct bytes input)
{
    struct err_info e;
    _auto(arena) a = arena_new();
    MUST_OK(file_replace(arena_fmt(a, "%s/%s", (const char *)folder, name), input, 0600, &e), &e);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char **word = *argv;
    fuzz_begin();
    if (*argc < 3 || strcmp(word[1], "--seeds") != 0)
        return 0;
    struct fuzz_seeds to = {write_one, word[2], 0};
    fuzz_seeds(&to);
    if (*argc > 3)
        fuzz_lines(word[3], &to);
    exit(0);
}
