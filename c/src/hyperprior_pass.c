/* See tfcomp/entropy_kinds/hyperprior/sections.py, whose order and names these are. */

#include "hyperprior_pass.h"

#include <string.h>

enum { ALL_SQUARES = -1, MEAN_UNITS = 8, CONTEXT_LIMIT = 255 };

uint32_t tfcomp_stripe_end(uint32_t top, uint32_t rows, uint32_t height)
{
    return rows < height - top ? top + rows : height;
}

static float clipped(int64_t value)
{
    int64_t high = value < CONTEXT_LIMIT ? value : CONTEXT_LIMIT;

    return (float)(high > -CONTEXT_LIMIT ? high : -CONTEXT_LIMIT);
}

/* What a pass's network sees: the features, cropped to the picture, then decoded values. */
static void fill_inputs(tfcomp_picture *p, const tfcomp_hyperprior_pass *pass)
{
    size_t features = p->networks->features;
    uint32_t row, column, c;
    float *at = p->inputs;

    for (row = 0; row < p->height; ++row) {
        const float *from = p->features + row * TFCOMP_HYPER_STRIDE * p->hyper_width * features;
        const int32_t *decoded = p->latents + (size_t)row * p->width * p->channels;

        for (column = 0; column < p->width; ++column) {
            memcpy(at, from, features * sizeof *at);
            at += features;
            for (c = 0; c < pass->seen; ++c)
                *at++ = clipped(decoded[c]);
            from += features;
            decoded += p->channels;
        }
    }
}

/* Whether an earlier pass has decoded a pass's own channels on a square. */
static int is_known(const tfcomp_hyperprior_pass *pass, uint32_t row, uint32_t column)
{
    return pass->seen > pass->start && ((row ^ column) & 1) == 0 &&
           (pass->row_parity != 1 || (row & 1) == 0);
}

/* What a dependent frame's second network sees, the first one having made p->parameters. */
static void fill_sequence_inputs(tfcomp_picture *p, const tfcomp_hyperprior_pass *pass)
{
    uint32_t row, column, c, hyper_channels = p->layout->hyper_channels;
    const int32_t *parameters = p->parameters;
    float *at = p->inputs;

    for (row = 0; row < p->height; ++row) {
        for (column = 0; column < p->width; ++column) {
            size_t place = ((size_t)row * p->width + column) * p->channels;
            size_t hyper = ((size_t)(row / TFCOMP_HYPER_STRIDE) * p->hyper_width +
                            column / TFCOMP_HYPER_STRIDE) *
                           hyper_channels;
            const int32_t *now = p->latents + place, *was = p->before->latents + place;
            uint32_t known = is_known(pass, row, column) ? pass->seen : pass->start;

            for (c = 0; c < pass->seen; ++c)
                *at++ = c < known ? clipped((int64_t)now[c] - was[c]) : 0.0f;
            for (c = 0; c < hyper_channels; ++c)
                *at++ = clipped((int64_t)p->hyper[hyper + c] - p->before->hyper_latents[hyper + c]);
            for (c = 0; c < 2 * pass->channels; ++c)
                *at++ = (float)*parameters++;
            for (c = 0; c < pass->channels; ++c)
                *at++ = (float)was[pass->start + c];
        }
    }
}

static int is_coded(const tfcomp_hyperprior_pass *pass, uint32_t row, uint32_t column)
{
    return (pass->parity == ALL_SQUARES || (int)((row ^ column) & 1) == pass->parity) &&
           (pass->row_parity == ALL_SQUARES || (int)(row & 1) == pass->row_parity);
}

/* The tables of one stream's values, rows top to end - 1, in coding order; gives their number. The
   range coder refuses a scale index that names none. */
static size_t find_tables(tfcomp_picture *p, const tfcomp_hyperprior_pass *pass, uint32_t top,
                          uint32_t end)
{
    uint32_t row, column, c;
    size_t count = 0;

    for (row = top; row < end; ++row) {
        for (column = 0; column < p->width; ++column) {
            size_t place = (size_t)row * p->width + column;
            const int32_t *scales = p->parameters + (2 * place + 1) * pass->channels;

            for (c = 0; c < pass->channels && is_coded(pass, row, column); ++c) {
                if (scales[c] != 0)
                    p->index[count++] = scales[c];
            }
        }
    }
    return count;
}

/* Puts a stream's values down, each with its mean; where the scale index is 0, the mean alone. */
static tfcomp_status store(tfcomp_picture *p, const tfcomp_hyperprior_pass *pass, uint32_t top,
                           uint32_t end)
{
    const int32_t *next = p->values;
    uint32_t row, column, c;

    for (row = top; row < end; ++row) {
        for (column = 0; column < p->width; ++column) {
            size_t place = (size_t)row * p->width + column;
            const int32_t *means = p->parameters + 2 * place * pass->channels;
            const int32_t *scales = means + pass->channels;
            int32_t *at = p->latents + place * p->channels + pass->start;

            for (c = 0; c < pass->channels && is_coded(pass, row, column); ++c) {
                int32_t value = scales[c] != 0 ? *next++ : 0;
                int64_t decoded = (int64_t)MEAN_UNITS * value + means[c];

                if (value < -TFCOMP_LARGEST_VALUE || value > TFCOMP_LARGEST_VALUE)
                    return TFCOMP_DAMAGED;
                if (decoded < INT32_MIN || decoded > INT32_MAX)
                    return TFCOMP_BAD_ARGUMENT;
                at[c] = (int32_t)decoded;
            }
        }
    }
    return TFCOMP_OK;
}

tfcomp_status tfcomp_decode_pass(tfcomp_picture *p, const tfcomp_hyperprior_pass *pass,
                                 tfcomp_rows *streams)
{
    uint32_t rows = p->layout->rows_per_stream[p->level - 1], top, end;
    tfcomp_status status;
    size_t length, count;

    fill_inputs(p, pass);
    status = p->networks->parameters(p->networks->self, pass, p->inputs, p->height, p->width,
                                     p->quality, p->parameters);
    if (status == TFCOMP_OK && p->before != NULL) {
        fill_sequence_inputs(p, pass);
        status = p->sequence->parameters(p->sequence->self, pass, p->inputs, p->height, p->width,
                                         p->quality, p->parameters);
    }
    for (top = 0; top < p->height && status == TFCOMP_OK; top = end) {
        const uint8_t *stream = tfcomp_rows_next(streams, &length);

        end = tfcomp_stripe_end(top, rows, p->height);
        count = find_tables(p, pass, top, end);
        if (stream != NULL)
            status = tfcomp_decode(p->tables, stream, length, p->index, p->values, count);
        if (stream != NULL && status == TFCOMP_OK)
            status = store(p, pass, top, end);
        if (stream == NULL || (p->cut && status == TFCOMP_DAMAGED)) { /* it is missing */
            memset(p->values, 0, count * sizeof *p->values);
            streams->cut = 1;
            status = store(p, pass, top, end);
        }
    }
    return status;
}
