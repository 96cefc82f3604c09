#include "round_trips.h"

#include <stdlib.h>
#include <string.h>

#include "tfcomp/container.h"

enum { MOST_VALUES = 64, NEAR = 220, LENGTH_BITS = 32, LARGEST_LATENT = 1 << 24 };

/* One of a table's own values, or one just outside, or any. */
static int32_t take_value(input *in, int32_t offset)
{
    uint32_t near = take_u8(in);
    int64_t value = (int64_t)offset + near % 18 - 2;

    if (near >= NEAR || value < INT32_MIN || value > INT32_MAX)
        return (int32_t)take_u32(in);
    return (int32_t)value;
}

void round_trip_of_values(input *in, const made_tables *made)
{
    const tfcomp_tables *tables = &made->tables;
    size_t n = take_between(in, 0, MOST_VALUES), k, length;
    int32_t *index = (int32_t *)room_for(n, sizeof *index);
    int32_t *values = (int32_t *)room_for(n, sizeof *values);
    int32_t *decoded = (int32_t *)room_for(n, sizeof *decoded);
    uint8_t *bytes;
    tfcomp_status status;

    for (k = 0; k < n; ++k) {
        index[k] = (int32_t)(take_u8(in) % tables->count);
        values[k] = take_value(in, tables->offsets[index[k]]);
    }
    if (n > 0 && take_u8(in) == 255)
        index[n - 1] = (int32_t)take_hostile(in);
    status = tfcomp_encode(tables, values, index, n, &bytes, &length);
    must((status == TFCOMP_OK) == (bytes != NULL) && (bytes != NULL || length == 0),
         "there are bytes where that is said");
    if (status == TFCOMP_OK) {
        status = tfcomp_decode(tables, bytes, length, index, decoded, n);
        must(!made->sound || (status == TFCOMP_OK &&
                              memcmp(decoded, values, n * sizeof *values) == 0),
             "what was encoded is decoded");
        sound_inputs += status == TFCOMP_OK;
        free(bytes);
    }
    free(decoded);
    free(values);
    free(index);
}

typedef struct {
    uint8_t *bytes;
    size_t length, capacity;
} growing;

static void append(growing *to, const uint8_t *bytes, size_t length)
{
    if (to->capacity - to->length < length) {
        to->capacity = 2 * (to->length + length);
        to->bytes = (uint8_t *)realloc(to->bytes, to->capacity);
        must(to->bytes != NULL, "there is memory");
    }
    if (length > 0)
        memcpy(to->bytes + to->length, bytes, length);
    to->length += length;
}

/* Rows of `channels` values; 0 where a value cannot be coded. lengths: 4 bytes for each row. */
static int encode_rows(const tfcomp_tables *tables, const int32_t *values, const int32_t *index,
                       uint32_t height, size_t row, uint8_t *lengths, growing *streams)
{
    uint32_t y;
    int k;

    for (y = 0; y < height; ++y) {
        uint8_t *bytes;
        size_t length;

        if (tfcomp_encode(tables, values + y * row, index, row, &bytes, &length) != TFCOMP_OK)
            return 0;
        append(streams, bytes, length);
        free(bytes);
        for (k = 0; k < 4; ++k)
            *lengths++ = (uint8_t)(length >> 8 * k);
    }
    return 1;
}

void round_trip_of_section(input *in, const made_tables *made, uint32_t height, uint32_t width)
{
    static const uint8_t header[] = {0, LENGTH_BITS}; /* the shortest length, bits of each */
    const tfcomp_tables *tables = &made->tables;
    size_t row = width * tables->count, n = height * row, k;
    int32_t *index = (int32_t *)room_for(row, sizeof *index);
    int32_t *values = (int32_t *)room_for(n, sizeof *values);
    int32_t *decoded = (int32_t *)room_for(n, sizeof *decoded);
    uint8_t *lengths = (uint8_t *)room_for(height, 4);
    growing streams = {0}, section = {0};

    for (k = 0; k < n; ++k) {
        values[k] = take_value(in, tables->offsets[k % tables->count]);
        if (values[k] < -LARGEST_LATENT || values[k] > LARGEST_LATENT)
            values[k] %= LARGEST_LATENT;
    }
    for (k = 0; k < row; ++k)
        index[k] = (int32_t)(k % tables->count);
    if (made->sound && encode_rows(tables, values, index, height, row, lengths, &streams)) {
        append(&section, header, sizeof header);
        append(&section, lengths, 4 * (size_t)height);
        append(&section, streams.bytes, streams.length);
        must(tfcomp_decode_factorized(tables, section.bytes, section.length, 1, height, width,
                                      (uint32_t)tables->count, decoded) == TFCOMP_OK &&
                 memcmp(decoded, values, n * sizeof *values) == 0,
             "what was encoded is decoded");
        ++sound_inputs;
    }
    free(section.bytes);
    free(streams.bytes);
    free(lengths);
    free(decoded);
    free(values);
    free(index);
}
