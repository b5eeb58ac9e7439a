#include "responder/responder_priv.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 1024 };

void table_init(struct table *t)
{
    *t = (struct table){.slot = mem_alloc(FIRST_SIZE * sizeof *t->slot), .size = FIRST_SIZE};
}

void table_clear(struct table *t)
{
    for (size_t i = 0; i < t->size; i++)
        answer_free(t->slot[i].answer);
    free(t->slot);
    *t = (struct table){0};
}

/* FNV-1a, for serials of other CAs that are not random */
size_t table_hash(struct bytes octets)
{
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < octets.n; i++)
        h = (h ^ octets.p[i]) * 1099511628211u;
    return (size_t)h;
}

static size_t slot_of(const struct table *t, struct bytes serial)
{
    size_t at = table_hash(serial) & (t->size - 1);
    while (t->slot[at].serial_n != 0 && (t->slot[at].serial_n != serial.n ||
                                         memcmp(t->slot[at].serial, serial.p, serial.n) != 0))
        at = (at + 1) & (t->size - 1);
    return at;
}

struct known *table_find(const struct table *t, struct bytes serial)
{
    if (serial.n == 0 || serial.n > CERT_SERIAL_MAX)
        return NULL;
    struct known *k = &t->slot[slot_of(t, serial)];
    return k->serial_n ? k : NULL;
}

static void grow(struct table *t)
{
    struct table bigger = {
        .slot = mem_alloc(t->size * 2 * sizeof *t->slot), .size = t->size * 2, .used = t->used};
    for (size_t i = 0; i < t->size; i++)
        if (t->slot[i].serial_n)
            bigger.slot[slot_of(&bigger, (struct bytes){t->slot[i].serial, t->slot[i].serial_n})] =
                t->slot[i];
    free(t->slot);
    *t = bigger;
}

void table_expect(struct table *t, size_t n)
{
    size_t size = t->size;
    while (n * 4 >= size * 3)
        size *= 2;
    if (t->used || size == t->size)
        return;
    free(t->slot);
    *t = (struct table){.slot = mem_alloc(size * sizeof *t->slot), .size = size};
}

struct known *table_put(struct table *t, struct bytes serial)
{
    if (t->used * 4 >= t->size * 3)
        grow(t);
    struct known *k = &t->slot[slot_of(t, serial)];
    if (k->serial_n == 0) {
        k->serial_n = (uint8_t)serial.n;
        memcpy(k->serial, serial.p, serial.n);
        t->used++;
    }
    return k;
}
