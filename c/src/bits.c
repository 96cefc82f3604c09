/* See tfcomp/entropy_kinds/bits/sections.py, whose order and names these are. */

#include "tfcomp/bits.h"

#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "sections.h"

enum { ALL_SQUARES = -1, PLACES = 9, MOST_CHANNELS = 65536 };

/* Channels coded at once. A bit that is read is put down as 2 * bit, which contexts take for 0,
   and made good when the pass ends: a pass sees nothing of its own. */
typedef struct {
    uint32_t start, channels; /* cut to what the quality sends */
    uint32_t first;           /* the number of its first channel among all passes' channels */
    int parity;               /* of the squares: even row + column 0, odd 1 */
} pass;

typedef struct {
    const tfcomp_bit_layout *layout;
    uint32_t height, width, channels;
    int32_t *bits;
    int32_t *index, *values; /* of one stream */
} picture;

uint32_t tfcomp_bit_channels(const tfcomp_bit_layout *layout)
{
    uint64_t channels = 0, places = 0, seen, k;
    size_t group;

    if (layout->context_bits < 1 || layout->context_bits > TFCOMP_MAX_CONTEXT_BITS ||
        layout->rows_per_stream < 1)
        return 0;
    for (group = 0; group < layout->group_count; ++group) {
        uint32_t size = layout->groups[group];
        int half, halves = group < layout->checkerboard ? 2 : 1;

        if (size < 1 || size > MOST_CHANNELS - channels)
            return 0;
        for (half = 0; half < halves; ++half) {
            seen = channels + (half == 1 ? size : 0);
            if (layout->context_count - places < (uint64_t)size * layout->context_bits)
                return 0;
            for (k = 0; k < (uint64_t)size * layout->context_bits; ++k, ++places) {
                if (layout->contexts[places] < -1 ||
                    layout->contexts[places] >= (int64_t)(PLACES * seen))
                    return 0;
            }
        }
        channels += size;
    }
    return places == layout->context_count ? (uint32_t)channels : 0;
}

/* The passes of the first `sent` channels; `found` has room for two a group. */
static size_t find_passes(const tfcomp_bit_layout *layout, uint32_t sent, pass *found)
{
    uint32_t start = 0, first = 0;
    size_t group, count = 0;

    for (group = 0; group < layout->group_count && start < sent; ++group) {
        uint32_t size = layout->groups[group], left = sent - start;
        int half, halves = group < layout->checkerboard ? 2 : 1;

        for (half = 0; half < halves; ++half) {
            pass step = {start, size < left ? size : left, first, halves == 2 ? half : ALL_SQUARES};

            found[count++] = step;
            first += size;
        }
        start += size;
    }
    return count;
}

static int is_coded(const pass *step, uint32_t row, uint32_t column)
{
    return step->parity == ALL_SQUARES || (int)((row ^ column) & 1) == step->parity;
}

/* The bit that a context's place stands for; 0 outside the picture, and where it is not known. */
static unsigned context_bit(const picture *p, int32_t place, uint32_t row, uint32_t column)
{
    int64_t y, x;

    if (place < 0)
        return 0;
    y = (int64_t)row + place % PLACES / 3 - 1;
    x = (int64_t)column + place % 3 - 1;
    if (y < 0 || y >= p->height || x < 0 || x >= p->width)
        return 0;
    return p->bits[((size_t)y * p->width + (size_t)x) * p->channels + place / PLACES] & 1;
}

/* The tables of one stream's bits, rows top to end - 1, in coding order; gives their number. */
static size_t find_tables(picture *p, const pass *step, uint32_t top, uint32_t end)
{
    unsigned k, context_bits = p->layout->context_bits;
    uint32_t row, column, c;
    size_t count = 0;

    for (row = top; row < end; ++row) {
        for (column = 0; column < p->width; ++column) {
            if (!is_coded(step, row, column))
                continue;
            for (c = step->first; c < step->first + step->channels; ++c) {
                const int32_t *places = p->layout->contexts + (size_t)c * context_bits;
                uint32_t table = c << context_bits;

                for (k = 0; k < context_bits; ++k)
                    table += context_bit(p, places[k], row, column) << k;
                p->index[count++] = (int32_t)table;
            }
        }
    }
    return count;
}

/* Puts a stream's values down, not yet to be seen; or, without values, makes a pass's be seen. */
static void store(picture *p, const pass *step, uint32_t top, uint32_t end, const int32_t *values)
{
    uint32_t row, column, c;

    for (row = top; row < end; ++row) {
        for (column = 0; column < p->width; ++column) {
            int32_t *at = p->bits + ((size_t)row * p->width + column) * p->channels + step->start;

            for (c = 0; c < step->channels && is_coded(step, row, column); ++c)
                at[c] = values != NULL ? (*values++ & 1) << 1 : at[c] >> 1;
        }
    }
}

/* In place of a stream that is missing. */
static void take_likelier(picture *p, const tfcomp_tables *tables, size_t count)
{
    size_t k;

    for (k = 0; k < count; ++k) {
        const int32_t *start = tables->cdf + tables->starts[p->index[k]];
        int32_t ones_from = start[2], all = tables->cdf[tables->starts[p->index[k] + 1] - 1];

        p->values[k] = 2 * (int64_t)ones_from < all;
    }
}

static tfcomp_status decode_pass(picture *p, const pass *step, const tfcomp_tables *tables,
                                 int cut, tfcomp_rows *streams)
{
    tfcomp_status status = TFCOMP_OK;
    uint32_t top, end;
    size_t length, count;

    for (top = 0; top < p->height; top = end) {
        const uint8_t *stream = tfcomp_rows_next(streams, &length);

        end = p->height - top > p->layout->rows_per_stream ? top + p->layout->rows_per_stream
                                                           : p->height;
        count = find_tables(p, step, top, end);
        if (stream != NULL)
            status = tfcomp_decode(tables, stream, length, p->index, p->values, count);
        if (stream == NULL || (cut && status == TFCOMP_DAMAGED)) {
            take_likelier(p, tables, count);
            streams->cut = 1;
        } else if (status != TFCOMP_OK) {
            return status;
        }
        store(p, step, top, end, p->values);
    }
    store(p, step, 0, p->height, NULL);
    return TFCOMP_OK;
}

/* How many passes have all of their bytes. */
static size_t whole_passes(tfcomp_rows streams, size_t count, uint64_t stripes)
{
    size_t k, length;
    uint64_t stripe;

    for (k = 0; k < count; ++k) {
        for (stripe = 0; stripe < stripes; ++stripe) {
            if (tfcomp_rows_next(&streams, &length) == NULL)
                return k;
        }
    }
    return count;
}

tfcomp_status tfcomp_read_bits(const tfcomp_tables *tables, const tfcomp_bit_layout *layout,
                               const uint8_t *section, size_t length, int cut, unsigned quality,
                               uint32_t height, uint32_t width, int32_t *bits, unsigned *shown)
{
    picture p = {layout, height, width, tfcomp_bit_channels(layout), bits, NULL, NULL};
    uint64_t stripes, most;
    tfcomp_status status;
    tfcomp_rows streams;
    size_t count, whole = 0, k;
    pass *passes;

    if (p.channels == 0 || quality < 1 || quality > layout->quality_count || height < 1 ||
        width < 1 || layout->sent[quality - 1] < 1 || layout->sent[quality - 1] > p.channels ||
        tables->count != layout->context_count / layout->context_bits << layout->context_bits ||
        height > SIZE_MAX / sizeof *bits / width / p.channels)
        return TFCOMP_BAD_ARGUMENT;
    most = layout->rows_per_stream < height ? layout->rows_per_stream : height;
    most *= (uint64_t)width * p.channels;
    stripes = (height - 1) / layout->rows_per_stream + 1;
    passes = (pass *)malloc(2 * layout->group_count * sizeof *passes);
    p.index = (int32_t *)malloc((size_t)most * sizeof *p.index);
    p.values = (int32_t *)malloc((size_t)most * sizeof *p.values);
    status = passes == NULL || p.index == NULL || p.values == NULL ? TFCOMP_NO_MEMORY : TFCOMP_OK;
    if (status == TFCOMP_OK) {
        memset(bits, 0, (size_t)height * width * p.channels * sizeof *bits);
        count = find_passes(layout, layout->sent[quality - 1], passes);
        status = tfcomp_rows_open_as(cut, section, length, count * stripes, &streams);
        if (status == TFCOMP_OK)
            whole = whole_passes(streams, count, stripes);
        for (k = 0; k < count && status == TFCOMP_OK; ++k)
            status = decode_pass(&p, &passes[k], tables, cut, &streams);
        *shown = quality;
        while (*shown > 1 && find_passes(layout, layout->sent[*shown - 1], passes) > whole)
            --*shown;
    }
    free(p.values);
    free(p.index);
    free(passes);
    return status;
}

tfcomp_status tfcomp_decode_bits(const tfcomp_tables *tables, const tfcomp_bit_layout *layout,
                                 const uint8_t *section, size_t length, unsigned quality,
                                 uint32_t height, uint32_t width, int32_t *bits)
{
    unsigned shown;

    return tfcomp_read_bits(tables, layout, section, length, 0, quality, height, width, bits,
                            &shown);
}
