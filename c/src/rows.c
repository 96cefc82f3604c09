#include "rows.h"

#include "varint.h"

enum { MAX_BITS = 32, MAX_VARINT_BYTES = 5 };

static uint64_t read_bits(const uint8_t *packed, uint64_t first, unsigned bits)
{
    uint64_t value = 0;
    unsigned k;

    for (k = 0; k < bits; ++k, ++first)
        value |= (uint64_t)(packed[first / 8] >> first % 8 & 1) << k;
    return value;
}

/* Whether there is nothing but the first bytes of a varint. */
static int ends_in_varint(const uint8_t *section, size_t length)
{
    size_t k;

    for (k = 0; k < length; ++k) {
        if (section[k] < 0x80)
            return 0;
    }
    return length < MAX_VARINT_BYTES;
}

/* The lengths. Those of a section that is cut may be cut themselves: then rows->cut is set. */
static tfcomp_status read_lengths(int cut, const uint8_t *section, size_t length, uint64_t count,
                                  tfcomp_rows *rows)
{
    const uint8_t *at = section;
    uint64_t packed_bytes;

    rows->end = section + length;
    rows->next = 0;
    rows->cut = cut && ends_in_varint(section, length);
    if (rows->cut)
        return TFCOMP_OK;
    if (!tfcomp_read_varint(&at, rows->end, &rows->shortest) || count > UINT32_MAX)
        return TFCOMP_DAMAGED;
    rows->cut = cut && at == rows->end;
    if (rows->cut)
        return TFCOMP_OK;
    if (at == rows->end || (rows->bits = *at++) > MAX_BITS)
        return TFCOMP_DAMAGED;
    rows->packed = at;
    packed_bytes = (count * rows->bits + 7) / 8;
    rows->cut = cut && packed_bytes > (uint64_t)(rows->end - at);
    if (packed_bytes > (uint64_t)(rows->end - at))
        return rows->cut ? TFCOMP_OK : TFCOMP_DAMAGED;
    rows->at = at + packed_bytes;
    return TFCOMP_OK;
}

tfcomp_status tfcomp_rows_open(const uint8_t *section, size_t length, uint64_t count,
                               tfcomp_rows *rows)
{
    return tfcomp_rows_open_as(0, section, length, count, rows);
}

tfcomp_status tfcomp_rows_open_as(int cut, const uint8_t *section, size_t length, uint64_t count,
                                  tfcomp_rows *rows)
{
    tfcomp_status status = read_lengths(cut, section, length, count, rows);
    uint64_t total, left, row, bit;

    if (status != TFCOMP_OK || rows->cut)
        return status;
    left = (uint64_t)(rows->end - rows->at);
    total = count * rows->shortest;
    if (!cut && total > left)
        return TFCOMP_DAMAGED;
    for (row = 0; row < count && rows->bits > 0; ++row)
        total += read_bits(rows->packed, row * rows->bits, rows->bits);
    if (total != left && !(cut && total > left))
        return TFCOMP_DAMAGED;
    for (bit = count * rows->bits; bit < 8 * (uint64_t)(rows->at - rows->packed); ++bit) {
        if (read_bits(rows->packed, bit, 1) != 0)
            return TFCOMP_DAMAGED;
    }
    return TFCOMP_OK;
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
