/* LEB128, low seven bits first, 32 bits at most, the shortest spelling only. */

#ifndef TFCOMP_VARINT_H
#define TFCOMP_VARINT_H

#include <stddef.h>
#include <stdint.h>

/* Reads a varint at *at, moving it on; 0 where there is none before `end`. */
static inline int tfcomp_read_varint(const uint8_t **at, const uint8_t *end, uint32_t *value)
{
    uint64_t sum = 0;
    unsigned shift;

    for (shift = 0; shift < 35 && *at != end; shift += 7) {
        uint8_t byte = *(*at)++;

        sum |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *value = (uint32_t)sum;
            return sum <= UINT32_MAX && (byte != 0 || shift == 0);
        }
    }
    return 0;
}

#endif
