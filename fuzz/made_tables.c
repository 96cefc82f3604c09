#include "made_tables.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_TABLES = 16, MOST_PRECISION = 16, MOST_INTERVALS = 14, MOST_CHANGES = 8, NEAR = 250 };

/* A table of `intervals` steps up to 2^precision; gives its length. */
static size_t take_table(input *in, int32_t *cdf)
{
    int precision = (int)take_between(in, 1, MOST_PRECISION), escapes = (int)take_u8(in) & 1;
    int32_t whole = 1 << precision, k;
    int32_t intervals = (int32_t)take_between(in, 1, MOST_INTERVALS);
    size_t length = 0;

    intervals = intervals < whole ? intervals : whole;
    cdf[length++] = escapes ? -precision : precision;
    cdf[length++] = 0;
    for (k = 1; k < intervals; ++k) {
        int32_t lowest = cdf[length - 1] + 1, highest = whole - (intervals - k);

        cdf[length] = lowest + (int32_t)(take_u16(in) % (uint32_t)(highest - lowest + 1));
        ++length;
    }
    cdf[length++] = whole;
    return length;
}

static int32_t take_offset(input *in)
{
    uint32_t near = take_u8(in);

    return near < NEAR ? (int32_t)(near % 64) - 32 : (int32_t)take_u32(in);
}

static void damage(input *in, made_tables *made)
{
    uint32_t changes = take_between(in, 1, MOST_CHANGES);
    uint32_t length = (uint32_t)made->tables.cdf_length, entries = (uint32_t)made->tables.count + 1;

    made->sound = 0;
    while (changes-- > 0) {
        if (take_u8(in) & 1)
            made->cdf[take_u16(in) % length] = (int32_t)take_hostile(in);
        else
            made->starts[take_u8(in) % entries] = (int32_t)take_hostile(in);
    }
}

static void set_tables(made_tables *made, size_t length, size_t count)
{
    tfcomp_tables tables = {made->cdf, length, made->starts, made->offsets, count};

    made->tables = tables;
}

void take_tables(input *in, made_tables *made)
{
    int32_t longest[MOST_TABLES * (MOST_INTERVALS + 2)];
    size_t count = take_between(in, 1, MOST_TABLES), length = 0, k;
    int damaged = take_u8(in) % 4 == 3;

    made->starts = (int32_t *)room_for(count + 1, sizeof *made->starts);
    made->offsets = (int32_t *)room_for(count, sizeof *made->offsets);
    for (k = 0; k < count; ++k) {
        made->starts[k] = (int32_t)length;
        made->offsets[k] = take_offset(in);
        length += take_table(in, longest + length);
    }
    made->starts[count] = (int32_t)length;
    made->cdf = (int32_t *)room_for(length, sizeof *made->cdf);
    memcpy(made->cdf, longest, length * sizeof *made->cdf);
    made->sound = 1;
    set_tables(made, length, count);
    if (damaged)
        damage(in, made);
}

void repeat_tables(made_tables *made, size_t count)
{
    made_tables whole = {0};
    size_t once = made->tables.count, length = 0, k;

    if (!made->sound || count == 0)
        return;
    for (k = 0; k < count; ++k)
        length += (size_t)(made->starts[k % once + 1] - made->starts[k % once]);
    whole.cdf = (int32_t *)room_for(length, sizeof *whole.cdf);
    whole.starts = (int32_t *)room_for(count + 1, sizeof *whole.starts);
    whole.offsets = (int32_t *)room_for(count, sizeof *whole.offsets);
    whole.sound = 1;
    for (k = 0, length = 0; k < count; ++k) {
        size_t start = (size_t)made->starts[k % once], end = (size_t)made->starts[k % once + 1];

        whole.starts[k] = (int32_t)length;
        whole.offsets[k] = made->offsets[k % once];
        memcpy(whole.cdf + length, made->cdf + start, (end - start) * sizeof *whole.cdf);
        length += end - start;
    }
    whole.starts[count] = (int32_t)length;
    set_tables(&whole, length, count);
    free_made_tables(made);
    *made = whole;
}

void free_made_tables(made_tables *made)
{
    free(made->cdf);
    free(made->starts);
    free(made->offsets);
}
