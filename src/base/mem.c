#include "base/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *must(void *p)
{
    if (!p) {
        fputs("out of memory\n", stderr);
        _exit(MEM_EXIT);
    }
    return p;
}

void *mem_alloc(size_t n)
{
    return must(calloc(1, n ? n : 1));
}

void *mem_grow(void *p, size_t n)
{
    return must(realloc(p, n ? n : 1));
}

char *mem_text(const char *s)
{
    return must(strdup(s));
}

void mem_wipe(void *p, size_t n)
{
    if (n)
        explicit_bzero(p, n);
}

int mem_equal(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t diff = 0;
    for (size_t i = 0; i < n; i++)
        diff |= (uint8_t)(x[i] ^ y[i]);
    return diff == 0;
}

/* The first block holds what is known of a request while it waits, the next ones what is made from it: thousands may
 * wait, and only those that are being worked on need the memory near the processor. */
enum { ARENA_FIRST = 2 * 1024, ARENA_BLOCK = 16 * 1024 };

struct block {
    struct block *next;
    size_t used, size;
    alignas(max_align_t) uint8_t data[];
};

struct arena {
    struct block *blocks;
};

struct arena *arena_new(void)
{
    return mem_alloc(sizeof(struct arena));
}

/* One block of the usual size is kept: who resets an arena fills it again. */
void arena_reset(struct arena *a)
{
    struct block *kept = NULL;
    while (a->blocks) {
        struct block *b = a->blocks;
        a->blocks = b->next;
        mem_wipe(b->data, b->used);
        if (!kept && b->size == ARENA_BLOCK)
            kept = b;
        else
            free(b);
    }
    if (kept)
        *kept = (struct block){.size = ARENA_BLOCK};
    a->blocks = kept;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    arena_reset(a);
    free(a->blocks);
    free(a);
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t align = alignof(max_align_t);
    n = (n + align - 1) / align * align;
    if (!a->blocks || a->blocks->size - a->blocks->used < n) {
        size_t usual = a->blocks ? ARENA_BLOCK : ARENA_FIRST;
        size_t size = n > usual ? n : usual;
        struct block *b = must(malloc(sizeof *b + size)); /* zeroed piece by piece, as it is used */
        *b = (struct block){.size = size, .next = a->blocks};
        a->blocks = b;
    }
    void *p = a->blocks->data + a->blocks->used;
    a->blocks->used += n;
    return memset(p, 0, n);
}

char *arena_text_n(struct arena *a, const char *s, size_t n)
{
    char *t = arena_alloc(a, n + 1);
    if (n)
        memcpy(t, s, n);
    return t;
}

char *arena_text(struct arena *a, const char *s)
{
    return s ? arena_text_n(a, s, strlen(s)) : NULL;
}

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
    char first[256]; /* most texts fit: they are written once only */
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(first, sizeof first, fmt, ap);
    va_end(ap);
    char *t = arena_alloc(a, (size_t)n + 1);
    if ((size_t)n < sizeof first)
        memcpy(t, first, (size_t)n);
    else
        vsnprintf(t, (size_t)n + 1, fmt, again);
    mem_wipe(first, (size_t)n < sizeof first ? (size_t)n : sizeof first);
    va_end(again);
    return t;
}

struct bytes arena_bytes(struct arena *a, const void *p, size_t n)
{
    return (struct bytes){(const uint8_t *)arena_text_n(a, p, n), n};
}

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_clear(struct buf *b)
{
    mem_wipe(b->p, b->n);
    free(b->p);
    *b = (struct buf){.max = b->max};
}

/* Room for n more bytes and a NUL behind them. */
static int buf_room(struct buf *b, size_t n)
{
    if (b->full || n > b->max || b->n > b->max - n) {
        b->full = 1;
        return 0;
    }
    if (b->n + n + 1 > b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 256;
        while (cap < b->n + n + 1)
            cap *= 2;
        b->p = mem_grow(b->p, cap);
        b->cap = cap;
    }
    return 1;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
    if (!buf_room(b, n))
        return;
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
}

void buf_text(struct buf *b, const char *s)
{
    buf_put(b, s, strlen(s));
}

void buf_byte(struct buf *b, uint8_t c)
{
    buf_put(b, &c, 1);
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n >= 0 && buf_room(b, (size_t)n)) {
        vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

const char *buf_cstr(struct buf *b)
{
    if (!b->p)
        return "";
    b->p[b->n] = '\0';
    return (const char *)b->p;
}
