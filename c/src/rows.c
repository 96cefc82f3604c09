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

/* The lengths, which must be there; whether the streams are is not looked at. */
static tfcomp_status read_lengths(const uint8_t *section, size_t length, uint64_t count,
                                  tfcomp_rows *rows, uint64_t *packed_bytes)
{
    const uint8_t *at = section;

    rows->end = section + length;
    rows->next = 0;
    rows->cut = 0;
    if (!tfcomp_read_varint(&at, rows->end, &rows->shortest) || at == rows->end ||
        (rows->bits = *at++) > MAX_BITS || count > UINT32_MAX)
        return TFCOMP_DAMAGED;
    rows->packed = at;
    *packed_bytes = (count * rows->bits + 7) / 8;
    if (*packed_bytes > (uint64_t)(rows->end - at))
        return TFCOMP_DAMAGED;
    rows->at = at + *packed_bytes;
    return TFCOMP_OK;
}

tfcomp_status tfcomp_rows_open(const uint8_t *section, size_t length, uint64_t count,
                               tfcomp_rows *rows)
{
    uint64_t packed_bytes, total, row, bit;
    tfcomp_status status = read_lengths(section, length, count, rows, &packed_bytes);

    if (status != TFCOMP_OK)
        return status;
    total = count * rows->shortest;
    if (total > (uint64_t)(rows->end - rows->at))
        return TFCOMP_DAMAGED;
    for (row = 0; row < count && rows->bits > 0; ++row)
        total += read_bits(rows->packed, row * rows->bits, rows->bits);
    if (total != (uint64_t)(rows->end - rows->at))
        return TFCOMP_DAMAGED;
    for (bit = count * rows->bits; bit < 8 * packed_bytes; ++bit) {
        if (read_bits(rows->packed, bit, 1) != 0)
            return TFCOMP_DAMAGED;
    }
    return TFCOMP_OK;
}

tfcomp_status tfcomp_rows_open_cut(const uint8_t *section, size_t length, uint64_t count,
                                   tfcomp_rows *rows)
{
    uint64_t packed_bytes;

    rows->bits = 0;
    if (read_lengths(section, length, count, rows, &packed_bytes) == TFCOMP_OK)
        return TFCOMP_OK;
    rows->cut = 1; /* even the lengths */
    return rows->bits > MAX_BITS || count > UINT32_MAX ? TFCOMP_DAMAGED : TFCOMP_OK;
}

tfcomp_status tfcomp_rows_open_as(int cut, const uint8_t *section, size_t length, uint64_t count,
                                  tfcomp_rows *rows)
{
    return cut ? tfcomp_rows_open_cut(section, length, count, rows)
               : tfcomp_rows_open(section, length, count, rows);
}

const uint8_t *tfcomp_rows_next(tfcomp_rows *rows, size_t *length)
{
    const uint8_t *stream = rows->at;

    if (rows->cut)
        return NULL;
    *length = rows->shortest + (size_t)read_bits(rows->packed, rows->next * rows->bits, rows->bits);
    if (*length > (size_t)(rows->end - rows->at)) {
        rows->cut = 1;
        return NULL;
    }
    ++rows->next;
    rows->at += *length;
    return stream;
}
