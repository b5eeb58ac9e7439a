#include "pki/sm2/words.h"

uint64_t sm2_public(uint64_t mask)
{
    return mask;
}

void words_from(uint64_t out[WORDS], const uint8_t octets[WORDS_OCTETS])
{
    for (int i = 0; i < WORDS; i++) {
        uint64_t word = 0;
        for (int j = 0; j < 8; j++)
            word = word << 8 | octets[8 * (WORDS - 1 - i) + j];
        out[i] = word;
    }
}

void words_to(uint8_t octets[WORDS_OCTETS], const uint64_t words[WORDS])
{
    for (int i = 0; i < WORDS_OCTETS; i++)
        octets[i] = (uint8_t)(words[WORDS - 1 - i / 8] >> (56 - 8 * (i % 8)));
}
