#include "rows.h"

#include "varint.h"

enum { MAX_BITS = 32 };

static uint64_t read_bits(const uint8_t *packed, uint64_t first, unsigned bits)
{
    uint64_t value = 0;
    unsigned k;

    for (k = 0; k < bits; ++k, ++first)
        value |= (uint64_t)(packed[first / 8] >> first % 8 & 1) << k;
    return value;
}

tfcomp_status tfcomp_rows_open(const uint8_t *section, size_t length, uint64_t count,
                               tfcomp_rows *rows)
{
    const uint8_t *at = section, *end = section + length;
    uint64_t packed_bytes, total, row, bit;

    if (!tfcomp_read_varint(&at, end, &rows->shortest) || at == end ||
        (rows->bits = *at++) > MAX_BITS || count > UINT32_MAX)
        return TFCOMP_DAMAGED;
    rows->packed = at;
    rows->next = 0;
    packed_bytes = (count * rows->bits + 7) / 8;
    total = count * rows->shortest;
    if (packed_bytes > (uint64_t)(end - at) || total > (uint64_t)(end - at) - packed_bytes)
        return TFCOMP_DAMAGED;
    rows->at = at + packed_bytes;
    for (row = 0; row < count && rows->bits > 0; ++row)
        total += read_bits(rows->packed, row * rows->bits, rows->bits);
    if (total != (uint64_t)(end - rows->at))
        return TFCOMP_DAMAGED;
    for (bit = count * rows->bits; bit < 8 * packed_bytes; ++bit) {
        if (read_bits(rows->packed, bit, 1) != 0)
            return TFCOMP_DAMAGED;
    }
    return TFCOMP_OK;
}

const uint8_t *tfcomp_rows_next(tfcomp_rows *rows, size_t *length)
{
    const uint8_t *stream = rows->at;

    *length = rows->shortest + (size_t)read_bits(rows->packed, rows->next * rows->bits, rows->bits);
    ++rows->next;
    rows->at += *length;
    return stream;
}
