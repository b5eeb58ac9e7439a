#include "pki/sm2/words.h"

#include <endian.h>
#include <string.h>

uint64_t sm2_public(uint64_t mask)
{
    return mask;
}

void words_from(uint64_t out[WORDS], const uint8_t octets[WORDS_OCTETS])
{
    for (int i = 0; i < WORDS; i++) {
        uint64_t big;
        memcpy(&big, octets + 8 * (WORDS - 1 - i), sizeof big);
        out[i] = be64toh(big);
    }
}

void words_to(uint8_t octets[WORDS_OCTETS], const uint64_t words[WORDS])
{
    for (int i = 0; i < WORDS; i++) {
        uint64_t big = htobe64(words[i]);
        memcpy(octets + 8 * (WORDS - 1 - i), &big, sizeof big);
    }
}
