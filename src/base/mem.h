/* Memory: owners that free themselves, and one arena for each request.
 *
 * Out of memory ends the process (style rule 12): no caller checks for NULL. `_auto(type)` marks a local
 * that owns what it points to; `steal()` hands it over. Free functions take NULL. */
#ifndef CERTHALL_BASE_MEM_H
#define CERTHALL_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that belong to somebody else: an arena, a literal, or the structure the header names. */
struct bytes {
    const uint8_t *p;
    size_t n;
};

/* `_auto(arena) a = arena_new();` frees with arena_free at the end of the block, on every path. */
#define _auto(type) __attribute__((cleanup(type##_cleanup))) struct type *
#define DEFINE_AUTO(type)                                                                          \
    static inline void type##_cleanup(struct type **p)                                             \
    {                                                                                              \
        type##_free(*p);                                                                           \
    }
#define steal(pp)                                                                                  \
    __extension__({                                                                                \
        __typeof__(*(pp)) stolen_ = *(pp);                                                         \
        *(pp) = NULL;                                                                              \
        stolen_;                                                                                   \
    })

static inline void char_cleanup_(char **p)
{
    extern void free(void *);
    free(*p);
}
#define _auto_char __attribute__((cleanup(char_cleanup_))) char *

enum { MEM_EXIT = 70 };            /* the exit status of a process for which there is no memory */
void *mem_alloc(size_t n);         /* zeroed; ends the process when there is none */
void *mem_grow(void *p, size_t n); /* realloc; ends the process when there is none */
char *mem_text(const char *s);     /* owned copy */
void mem_wipe(void *p, size_t n);  /* not removed by the compiler */
int mem_equal(const void *a, const void *b, size_t n); /* constant time; 1 when equal */

/* An arena: everything made for one request, freed at once. Not to be shared between threads. */
struct arena;
struct arena *arena_new(void);
void arena_free(struct arena *a); /* wipes what it held */
void arena_reset(struct arena *a);
DEFINE_AUTO(arena)

void *arena_alloc(struct arena *a, size_t n); /* zeroed, aligned for any type */
char *arena_text(struct arena *a, const char *s);
char *arena_text_n(struct arena *a, const char *s, size_t n);
char *arena_fmt(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct bytes arena_bytes(struct arena *a, const void *p, size_t n);

/* A buffer that grows up to its maximum; past it `full` is set and later bytes are dropped. */
struct buf {
    uint8_t *p;
    size_t n, cap, max;
    int full;
};
void buf_init(struct buf *b, size_t max);
void buf_clear(struct buf *b); /* frees; the buffer may be used again */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_text(struct buf *b, const char *s);
void buf_byte(struct buf *b, uint8_t c);
void buf_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *buf_cstr(struct buf *b); /* NUL-terminated view, valid until the next change */
#define _auto_buf __attribute__((cleanup(buf_clear))) struct buf

#endif
