/* See tfcomp/entropy_kinds/hyperprior/sections.py, whose order and names these are. */

#include "tfcomp/hyperprior.h"

#include <stdlib.h>
#include <string.h>

#include "hyperprior_pass.h"
#include "sections.h"

enum { HYPER_ROWS_PER_STREAM = 32, MOST_CHANNELS = 65536 };

uint32_t tfcomp_hyperprior_channels(const tfcomp_hyperprior_layout *layout)
{
    uint32_t channels = 0;
    size_t k;

    if (layout->checkerboard > layout->group_count || layout->quincunx > layout->checkerboard ||
        layout->hyper_channels < 1 || layout->hyper_channels > MOST_CHANNELS)
        return 0;
    for (k = 0; k < layout->quality_count; ++k) {
        if (layout->rows_per_stream[k] < 1)
            return 0;
    }
    for (k = 0; k < layout->group_count; ++k) {
        if (layout->groups[k] < 1 || layout->groups[k] > MOST_CHANNELS - channels)
            return 0;
        channels += layout->groups[k];
    }
    return channels;
}

static tfcomp_status decode_hyper_latents(tfcomp_picture *p, tfcomp_rows *streams)
{
    uint32_t channels = p->layout->hyper_channels, top, end;
    uint32_t first = (p->level - 1) * channels;
    size_t row = (size_t)p->hyper_width * channels, length, count, k;
    tfcomp_status status;

    for (top = 0; top < p->hyper_height; top = end) {
        const uint8_t *stream = tfcomp_rows_next(streams, &length);
        int32_t *values = p->hyper + top * row;

        end = tfcomp_stripe_end(top, HYPER_ROWS_PER_STREAM, p->hyper_height);
        count = (end - top) * row;
        for (k = 0; k < count; ++k)
            p->index[k] = (int32_t)(first + k % channels);
        status = tfcomp_decode(p->hyper_tables, stream, length, p->index, values, count);
        if (status != TFCOMP_OK)
            return status;
        for (k = 0; k < count; ++k) {
            if (values[k] < -TFCOMP_LARGEST_VALUE || values[k] > TFCOMP_LARGEST_VALUE)
                return TFCOMP_DAMAGED;
            if (p->before != NULL) /* they are differences */
                values[k] += p->before->hyper_latents[top * row + k];
            if (values[k] < -TFCOMP_LARGEST_VALUE || values[k] > TFCOMP_LARGEST_VALUE)
                return TFCOMP_DAMAGED;
        }
    }
    return TFCOMP_OK;
}

typedef struct {
    int parity, row_parity;
} squares;

/* The squares of each pass of a group, and how many passes there are. */
static const squares *passes_of(const tfcomp_hyperprior_layout *layout, size_t group, int *count)
{
    static const squares all[] = {{-1, -1}}, checkerboard[] = {{0, -1}, {1, -1}};
    static const squares quincunx[] = {{0, 0}, {0, 1}, {1, -1}};

    *count = 1 + (group < layout->checkerboard) + (group < layout->quincunx);
    return *count == 3 ? quincunx : *count == 2 ? checkerboard : all;
}

static tfcomp_status decode_passes(tfcomp_picture *p, tfcomp_rows *streams)
{
    tfcomp_hyperprior_pass pass = {0};
    tfcomp_status status = TFCOMP_OK;
    size_t group;

    for (group = 0; group < p->layout->group_count; ++group) {
        int part, parts;
        const squares *which = passes_of(p->layout, group, &parts);

        pass.channels = p->layout->groups[group];
        for (part = 0; part < parts && status == TFCOMP_OK; ++part) {
            pass.seen = pass.start + (part > 0 ? pass.channels : 0);
            pass.parity = which[part].parity;
            pass.row_parity = which[part].row_parity;
            status = tfcomp_decode_pass(p, &pass, streams);
            ++pass.number;
        }
        pass.start += pass.channels;
    }
    return status;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The most channels of decoded values that any pass sees. */
static uint32_t most_seen(const tfcomp_hyperprior_layout *layout, uint32_t channels)
{
    uint32_t last = layout->groups[layout->group_count - 1];

    return layout->checkerboard == layout->group_count ? channels : channels - last;
}

static uint32_t widest(const tfcomp_hyperprior_layout *layout)
{
    uint32_t most = 0;
    size_t k;

    for (k = 0; k < layout->group_count; ++k)
        most = layout->groups[k] > most ? layout->groups[k] : most;
    return most;
}

/* n elements of 4 bytes; NULL where there is no memory, or no such size. */
static void *elements(uint64_t n)
{
    return n > SIZE_MAX / 4 ? NULL : malloc((size_t)n * 4);
}

static tfcomp_status allocate(tfcomp_picture *p)
{
    uint64_t hyper_row = (uint64_t)p->hyper_width * p->layout->hyper_channels;
    uint64_t hyper_places = (uint64_t)p->hyper_width * p->hyper_height;
    uint64_t places = (uint64_t)p->width * p->height, group = widest(p->layout);
    uint64_t hyper_stream = hyper_row * least(HYPER_ROWS_PER_STREAM, p->hyper_height);
    uint64_t stream = group * p->width *
                      least(p->layout->rows_per_stream[p->level - 1], p->height);
    uint32_t features = p->networks->features, seen = most_seen(p->layout, p->channels);
    uint64_t depth = features + (uint64_t)seen;
    uint64_t sequence_depth = seen + (uint64_t)p->layout->hyper_channels + 3 * group;

    if (p->before != NULL && sequence_depth > depth)
        depth = sequence_depth;
    p->hyper = (int32_t *)elements(hyper_row * p->hyper_height);
    p->features =
        (float *)elements(TFCOMP_HYPER_STRIDE * TFCOMP_HYPER_STRIDE * hyper_places * features);
    p->inputs = (float *)elements(places * depth);
    p->parameters = (int32_t *)elements(2 * places * group);
    p->index = (int32_t *)elements(stream > hyper_stream ? stream : hyper_stream);
    p->values = (int32_t *)elements(stream);
    return p->hyper == NULL || p->features == NULL || p->inputs == NULL || p->parameters == NULL ||
                   p->index == NULL || p->values == NULL
               ? TFCOMP_NO_MEMORY
               : TFCOMP_OK;
}

static tfcomp_status decode_picture(tfcomp_picture *p, tfcomp_rows *hyper_streams,
                                    tfcomp_rows *streams, int32_t *hyper_latents)
{
    tfcomp_status status = allocate(p);

    if (status == TFCOMP_OK)
        status = decode_hyper_latents(p, hyper_streams);
    if (status == TFCOMP_OK)
        status = p->networks->hyper_synthesis(p->networks->self, p->hyper, p->hyper_height,
                                              p->hyper_width, p->quality, p->features);
    if (status == TFCOMP_OK) { /* what no pass has decoded yet counts as 0 */
        memset(p->latents, 0, (size_t)p->height * p->width * p->channels * sizeof *p->latents);
        status = decode_passes(p, streams);
    }
    if (status == TFCOMP_OK && hyper_latents != NULL)
        memcpy(hyper_latents, p->hyper,
               (size_t)p->hyper_height * p->hyper_width * p->layout->hyper_channels *
                   sizeof *hyper_latents);
    free(p->values);
    free(p->index);
    free(p->parameters);
    free(p->inputs);
    free(p->features);
    free(p->hyper);
    return status;
}

tfcomp_status tfcomp_read_hyperprior(const tfcomp_tables *hyper_tables,
                                     const tfcomp_tables *latent_tables,
                                     const tfcomp_hyperprior_layout *layout,
                                     const tfcomp_hyperprior_networks *networks,
                                     const uint8_t *hyper_section, size_t hyper_length,
                                     const uint8_t *section, size_t length, int cut,
                                     unsigned level, unsigned quality, uint32_t height,
                                     uint32_t width, const tfcomp_sequence_networks *sequence,
                                     const tfcomp_frame_before *before, int32_t *latents,
                                     int32_t *hyper_latents)
{
    tfcomp_picture p = {0};
    uint64_t passes = (uint64_t)layout->group_count + layout->checkerboard + layout->quincunx;
    tfcomp_rows hyper_streams, streams;
    tfcomp_status status;

    p.layout = layout;
    p.networks = networks;
    p.hyper_tables = hyper_tables;
    p.tables = latent_tables;
    p.level = level;
    p.quality = quality;
    p.cut = cut;
    p.height = height;
    p.width = width;
    p.channels = tfcomp_hyperprior_channels(layout);
    p.latents = latents;
    p.sequence = sequence;
    p.before = before;
    /* With no more places than this no product of sizes below overflows 64 bits. */
    if ((before != NULL && sequence == NULL) || p.channels == 0 || level < 1 ||
        level > layout->quality_count || height < 1 || width < 1 || height > INT32_MAX / width ||
        networks->features < 1 || networks->features > MOST_CHANNELS ||
        (uint64_t)height * width > SIZE_MAX / sizeof *latents / p.channels ||
        layout->quality_count > SIZE_MAX / MOST_CHANNELS ||
        hyper_tables->count != layout->quality_count * layout->hyper_channels)
        return TFCOMP_BAD_ARGUMENT;
    p.hyper_height = (height - 1) / TFCOMP_HYPER_STRIDE + 1;
    p.hyper_width = (width - 1) / TFCOMP_HYPER_STRIDE + 1;
    status = tfcomp_rows_open(hyper_section, hyper_length,
                              (p.hyper_height - 1) / HYPER_ROWS_PER_STREAM + 1, &hyper_streams);
    if (status == TFCOMP_OK)
        status = tfcomp_rows_open_as(
            cut, section, length, passes * ((height - 1) / layout->rows_per_stream[level - 1] + 1),
            &streams);
    return status == TFCOMP_OK ? decode_picture(&p, &hyper_streams, &streams, hyper_latents)
                               : status;
}

tfcomp_status tfcomp_decode_hyperprior(const tfcomp_tables *hyper_tables,
                                       const tfcomp_tables *latent_tables,
                                       const tfcomp_hyperprior_layout *layout,
                                       const tfcomp_hyperprior_networks *networks,
                                       const uint8_t *hyper_section, size_t hyper_length,
                                       const uint8_t *section, size_t length, unsigned quality,
                                       uint32_t height, uint32_t width, int32_t *latents)
{
    return tfcomp_read_hyperprior(hyper_tables, latent_tables, layout, networks, hyper_section,
                                  hyper_length, section, length, 0, quality, quality, height, width,
                                  NULL, NULL, latents, NULL);
}

tfcomp_status tfcomp_decode_hyperprior_frame(
    const tfcomp_tables *hyper_tables, const tfcomp_tables *latent_tables,
    const tfcomp_hyperprior_layout *layout, const tfcomp_hyperprior_networks *networks,
    const tfcomp_sequence_networks *sequence, const tfcomp_frame_before *before,
    const uint8_t *hyper_section, size_t hyper_length, const uint8_t *section, size_t length,
    unsigned quality, uint32_t height, uint32_t width, int32_t *latents, int32_t *hyper_latents)
{
    return tfcomp_read_hyperprior(hyper_tables, latent_tables, layout, networks, hyper_section,
                                  hyper_length, section, length, 0, quality, quality, height, width,
                                  sequence, before, latents, hyper_latents);
}
