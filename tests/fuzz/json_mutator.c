/* Changes that keep JSON mostly JSON: half of all changes are made within one text or number, or put another value in its place; the
 * other half are libFuzzer's own, over all octets. For targets whose messages are slow to answer. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* A piece of the input: [at, at + n). */
struct piece {
    size_t at, n;
};

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* The content of the text whose opening quote is the first behind `from`; n 0 where there is none. */
static struct piece text_behind(const uint8_t *data, size_t size, size_t from)
{
    const uint8_t *open = memchr(data + from, '"', size - from);
    const uint8_t *close = open ? memchr(open + 1, '"', size - (size_t)(open + 1 - data)) : NULL;
    return close ? (struct piece){(size_t)(open + 1 - data), (size_t)(close - open - 1)}
                 : (struct piece){0, 0};
}

/* The value behind the first colon behind `from`, up to the comma or bracket that ends it. */
static struct piece value_behind(const uint8_t *data, size_t size, size_t from)
{
    const uint8_t *colon = memchr(data + from, ':', size - from);
    if (!colon)
        return (struct piece){0, 0};
    size_t at = (size_t)(colon + 1 - data), end = at;
    int quoted = 0;
    while (end < size && (quoted || !memchr(",}]\n", data[end], 4)))
        quoted ^= data[end++] == '"';
    return (struct piece){at, end - at};
}

/* `n` octets of `with` in the place of the piece. */
static size_t put(uint8_t *data, size_t size, size_t max_size, struct piece p, const uint8_t *with,
                  size_t n)
{
    if (size - p.n + n > max_size)
        return size;
    memmove(data + p.at + n, data + p.at + p.n, size - p.at - p.n);
    memcpy(data + p.at, with, n);
    return size - p.n + n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static const char *const values[] = {
        "null",        "true",     "[]",          "{}",
        "\"\"",        "0",        "-1",          "9007199254740993",
        "1e400",       "\"a b\"",  "\"\\u0001\"", "\"\xe6\xb5\xb7\"",
        "[1,null,{}]", "\"../..\""};
    uint8_t piece[4096];
    unsigned how = next(&seed) % 8;
    if (size == 0 || how < 4)
        return LLVMFuzzerMutate(data, size, max_size);
    size_t from = next(&seed) % size;
    struct piece p = how < 7 ? text_behind(data, size, from) : value_behind(data, size, from);
    if (p.at == 0 || p.n > sizeof piece / 2)
        return LLVMFuzzerMutate(data, size, max_size);
    if (how == 7) {
        const char *v = values[next(&seed) % (sizeof values / sizeof *values)];
        return put(data, size, max_size, p, (const uint8_t *)v, strlen(v));
    }
    memcpy(piece, data + p.at, p.n);
    size_t n = LLVMFuzzerMutate(piece, p.n, sizeof piece);
    return put(data, size, max_size, p, piece, n);
}
