/* The section of a factorized prior: one stream per row of latents. */

#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "sections.h"
#include "tfcomp/container.h"

enum { LARGEST_LATENT = 1 << 24 };

static tfcomp_status decode_row(const tfcomp_tables *tables, const uint8_t *bytes, size_t length,
                                const int32_t *index, int32_t *row, size_t n)
{
    tfcomp_status status;
    size_t k;

    status = tfcomp_decode(tables, bytes, length, index, row, n);
    for (k = 0; status == TFCOMP_OK && k < n; ++k) {
        if (row[k] < -LARGEST_LATENT || row[k] > LARGEST_LATENT)
            status = TFCOMP_DAMAGED;
    }
    return status;
}

tfcomp_status tfcomp_read_factorized(const tfcomp_tables *tables, const uint8_t *section,
                                     size_t length, int cut, unsigned quality, uint32_t height,
                                     uint32_t width, uint32_t channels, int32_t *latents)
{
    tfcomp_status status;
    tfcomp_rows rows;
    uint64_t first;
    uint32_t row;
    size_t n, k, stream_length;
    int32_t *index;

    first = ((uint64_t)quality - 1) * channels;
    if (quality < 1 || height < 1 || width < 1 || channels < 1 || first > tables->count ||
        channels > tables->count - first || width > SIZE_MAX / sizeof *index / channels)
        return TFCOMP_BAD_ARGUMENT;
    status = tfcomp_rows_open_as(cut, section, length, height, &rows);
    if (status != TFCOMP_OK)
        return status;
    n = (size_t)width * channels;
    index = (int32_t *)malloc(n * sizeof *index);
    if (index == NULL)
        return TFCOMP_NO_MEMORY;
    for (k = 0; k < n; ++k)
        index[k] = (int32_t)(first + k % channels);
    for (row = 0; row < height && status == TFCOMP_OK; ++row) {
        const uint8_t *stream = tfcomp_rows_next(&rows, &stream_length);

        if (stream != NULL)
            status = decode_row(tables, stream, stream_length, index, latents + row * n, n);
        if (stream == NULL || (cut && status == TFCOMP_DAMAGED)) { /* it is missing */
            memset(latents + row * n, 0, n * sizeof *latents);
            rows.cut = 1;
            status = TFCOMP_OK;
        }
    }
    free(index);
    return status;
}

tfcomp_status tfcomp_decode_factorized(const tfcomp_tables *tables, const uint8_t *section,
                                       size_t length, unsigned quality, uint32_t height,
                                       uint32_t width, uint32_t channels, int32_t *latents)
{
    return tfcomp_read_factorized(tables, section, length, 0, quality, height, width, channels,
                                  latents);
}
