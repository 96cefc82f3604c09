/* The section of a factorized prior: see tfcomp/bitstream/rows.py for how the rows are packed. */

#include <stdlib.h>

#include "tfcomp/container.h"
#include "varint.h"

enum { LARGEST_LATENT = 1 << 24 };

static uint64_t read_bits(const uint8_t *packed, uint64_t first, unsigned bits)
{
    uint64_t value = 0;
    unsigned k;

    for (k = 0; k < bits; ++k, ++first)
        value |= (uint64_t)(packed[first / 8] >> first % 8 & 1) << k;
    return value;
}

static tfcomp_status decode_row(const tfcomp_tables *tables, const uint8_t *bytes, size_t length,
                                const int32_t *index, int32_t *row, size_t n)
{
    tfcomp_status status = tfcomp_decode(tables, bytes, length, index, row, n);
    size_t k;

    for (k = 0; status == TFCOMP_OK && k < n; ++k) {
        if (row[k] < -LARGEST_LATENT || row[k] > LARGEST_LATENT)
            status = TFCOMP_DAMAGED;
    }
    return status;
}

tfcomp_status tfcomp_decode_factorized(const tfcomp_tables *tables, const uint8_t *section,
                                       size_t length, unsigned quality, uint32_t height,
                                       uint32_t width, uint32_t channels, int32_t *latents)
{
    const uint8_t *at = section, *end = section + length, *packed;
    tfcomp_status status = TFCOMP_OK;
    uint64_t packed_bytes, first, total, bit;
    uint32_t shortest, row;
    unsigned bits;
    size_t n, k;
    int32_t *index;

    first = ((uint64_t)quality - 1) * channels;
    if (quality < 1 || height < 1 || width < 1 || channels < 1 || first > tables->count ||
        channels > tables->count - first || width > SIZE_MAX / sizeof *index / channels)
        return TFCOMP_BAD_ARGUMENT;
    if (!tfcomp_read_varint(&at, end, &shortest) || at == end || (bits = *at++) > 32)
        return TFCOMP_DAMAGED;
    packed = at;
    packed_bytes = ((uint64_t)height * bits + 7) / 8;
    if (packed_bytes > (uint64_t)(end - at) ||
        (uint64_t)height * shortest > (uint64_t)(end - at) - packed_bytes)
        return TFCOMP_DAMAGED;
    at += packed_bytes;
    total = (uint64_t)height * shortest;
    for (row = 0; row < height; ++row)
        total += read_bits(packed, (uint64_t)row * bits, bits);
    if (total != (uint64_t)(end - at))
        return TFCOMP_DAMAGED;
    for (bit = (uint64_t)height * bits; bit < 8 * packed_bytes; ++bit) {
        if (read_bits(packed, bit, 1) != 0)
            return TFCOMP_DAMAGED;
    }
    n = (size_t)width * channels;
    index = (int32_t *)malloc(n * sizeof *index);
    if (index == NULL)
        return TFCOMP_NO_MEMORY;
    for (k = 0; k < n; ++k)
        index[k] = (int32_t)(first + k % channels);
    for (row = 0; row < height && status == TFCOMP_OK; ++row) {
        size_t stream = shortest + (size_t)read_bits(packed, (uint64_t)row * bits, bits);

        status = decode_row(tables, at, stream, index, latents + row * n, n);
        at += stream;
    }
    free(index);
    return status;
}
