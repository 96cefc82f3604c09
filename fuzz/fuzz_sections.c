/* Sections under layouts, tables and networks that the input says too; and round trips.

   Where layout, tables and networks are sound a section is read or it is damaged, nothing else. */

#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "made_tables.h"
#include "round_trips.h"
#include "tfcomp/bits.h"
#include "tfcomp/container.h"
#include "tfcomp/hyperprior.h"
#include "toy_networks.h"
#include "wild_networks.h"

enum { FACTORIZED, BITS, HYPERPRIOR, VALUES_ROUND_TRIP, SECTION_ROUND_TRIP, DEPENDENT, KINDS };
enum {
    MOST_SIDE = 24,
    MOST_GROUPS = 7,
    MOST_LATENTS = 1 << 18,
    MOST_CONTEXTS = 512,
    MOST_BIT_TABLES = 8192,
    QUALITIES = 3,
    LARGEST_LATENT = 1 << 24,
    WILD_FROM = 200,
    FAR_FROM = 250,
    FAR_LATENT = 1 << 24,
    FAR_HYPER = 1 << 20,
    SPREAD = 30,
    HYPER_SPREAD = 2,
};

/* What all kinds begin with. */
typedef struct {
    int hostile; /* whether a layout's numbers may be anything */
    made_tables tables;
    uint32_t height, width;
    unsigned quality;
} section_case;

static uint32_t take_number(input *in, const section_case *c, uint32_t low, uint32_t high)
{
    return c->hostile ? take_hostile(in) : take_between(in, low, high);
}

static void check_status(tfcomp_status status, int sound)
{
    must(!sound || status == TFCOMP_OK || status == TFCOMP_DAMAGED,
         "with all else sound a section is read, or it is damaged");
    sound_inputs += status == TFCOMP_OK;
}

static void read_factorized(input *in, const section_case *c)
{
    uint32_t channels = take_between(in, 1, 8);
    size_t n = (size_t)c->height * c->width * channels, length = in->left, k;
    int32_t *latents = (int32_t *)room_for(n, sizeof *latents);
    uint8_t *section = take_bytes(in, &length);
    tfcomp_status status = tfcomp_decode_factorized(&c->tables.tables, section, length, c->quality,
                                                    c->height, c->width, channels, latents);

    check_status(status, c->tables.sound && !c->hostile &&
                             c->quality * channels <= c->tables.tables.count);
    for (k = 0; k < n && status == TFCOMP_OK; ++k)
        must(abs(latents[k]) <= LARGEST_LATENT, "a latent is no larger than a network takes");
    free(section);
    free(latents);
}

static size_t take_groups(input *in, const section_case *c, uint32_t *groups)
{
    size_t count = take_between(in, c->hostile ? 0 : 1, MOST_GROUPS), k;

    for (k = 0; k < count; ++k)
        groups[k] = take_number(in, c, 1, 4);
    return count;
}

/* A place for each context bit: from `low` to what the first channels have, or anything. */
static void take_contexts(input *in, const section_case *c, tfcomp_bit_layout *layout,
                          int32_t *contexts)
{
    size_t wanted = 0, group;

    for (group = 0; group < layout->group_count; ++group)
        wanted += layout->groups[group] * (group < layout->checkerboard ? 2u : 1u);
    wanted *= layout->context_bits;
    layout->context_count = c->hostile ? take_u16(in) % MOST_CONTEXTS : wanted;
    for (wanted = 0; wanted < layout->context_count; ++wanted)
        contexts[wanted] = (int32_t)take_u8(in) - 1;
}

static void read_bits(input *in, section_case *c)
{
    uint32_t groups[MOST_GROUPS], sent[QUALITIES], k;
    int32_t contexts[MOST_CONTEXTS];
    tfcomp_bit_layout layout = {groups, 0, 0, 0, sent, QUALITIES, contexts, 0, 0};
    uint32_t channels;

    layout.group_count = take_groups(in, c, groups);
    layout.checkerboard = take_number(in, c, 0, (uint32_t)layout.group_count);
    layout.rows_per_stream = take_number(in, c, 1, 8);
    layout.context_bits = take_number(in, c, 1, 3);
    for (k = 0; k < QUALITIES; ++k)
        sent[k] = take_number(in, c, 1, 28);
    take_contexts(in, c, &layout, contexts);
    channels = tfcomp_bit_channels(&layout); /* 0 too where a place has not been decoded yet */
    if (channels > 0 && (uint64_t)c->height * c->width * channels <= MOST_LATENTS) {
        size_t n = (size_t)c->height * c->width * channels, length = in->left, i;
        size_t tables = layout.context_count / layout.context_bits << layout.context_bits;
        int32_t *bits = (int32_t *)room_for(n, sizeof *bits);
        uint8_t *section = take_bytes(in, &length);
        tfcomp_status status;

        if (tables <= MOST_BIT_TABLES)
            repeat_tables(&c->tables, tables);
        status = tfcomp_decode_bits(&c->tables.tables, &layout, section, length, c->quality,
                                    c->height, c->width, bits);
        check_status(status, c->tables.sound && !c->hostile && sent[c->quality - 1] <= channels);
        for (i = 0; i < n && status == TFCOMP_OK; ++i)
            must(bits[i] == 0 || bits[i] == 1, "a bit is 0 or 1");
        free(section);
        free(bits);
    }
}

/* The frame before of one byte: a pattern, which section_cases.py knows too, or values that are as
   far out as any frame's. */
static int32_t *frame_before(uint32_t pattern, size_t n, uint32_t spread, int32_t far)
{
    int32_t *values = (int32_t *)room_for(n, sizeof *values);
    size_t k;

    for (k = 0; k < n; ++k) {
        if (pattern >= FAR_FROM)
            values[k] = k % 3 ? far : -far;
        else
            values[k] = (int32_t)((7 * k + pattern) % (2 * spread + 1)) - (int32_t)spread;
    }
    return values;
}

typedef struct {
    uint8_t *hyper_bytes, *bytes;
    size_t hyper_length, length;
} two_sections;

/* A frame after the one that the pattern says, n latents. */
static tfcomp_status decode_after(uint32_t pattern, const section_case *c,
                                  const tfcomp_tables *hyper_tables,
                                  const tfcomp_hyperprior_layout *layout,
                                  const tfcomp_hyperprior_networks *networks,
                                  const tfcomp_sequence_networks *sequence, const two_sections *s,
                                  size_t n, int32_t *latents)
{
    size_t places = (size_t)((c->height + 1) / 2) * ((c->width + 1) / 2), hyper_n, k;
    int32_t *was, *hyper_was, *hyper;
    tfcomp_frame_before before;
    tfcomp_status status;

    if (layout->hyper_channels > MOST_LATENTS / places)
        return TFCOMP_BAD_ARGUMENT;
    hyper_n = places * layout->hyper_channels;
    before.latents = was = frame_before(pattern, n, SPREAD, FAR_LATENT);
    before.hyper_latents = hyper_was = frame_before(pattern, hyper_n, HYPER_SPREAD, FAR_HYPER);
    hyper = (int32_t *)room_for(hyper_n, sizeof *hyper);
    status = tfcomp_decode_hyperprior_frame(
        hyper_tables, &c->tables.tables, layout, networks, sequence, &before, s->hyper_bytes,
        s->hyper_length, s->bytes, s->length, c->quality, c->height, c->width, latents, hyper);
    for (k = 0; k < hyper_n && status == TFCOMP_OK; ++k)
        must(abs(hyper[k]) <= FAR_HYPER, "a sum of hyper-latents is no larger than one of them");
    free(hyper);
    free(hyper_was);
    free(was);
    return status;
}

/* dependent: whether it is a frame that depends on another. */
static void read_hyperprior(input *in, section_case *c, int dependent)
{
    uint32_t groups[MOST_GROUPS], rows[QUALITIES], k;
    tfcomp_hyperprior_layout layout = {groups, 0, 0, 0, rows, QUALITIES, 0};
    toy_networks toy = {0, 0, c->tables.tables.count, 0};
    wild_networks wild;
    tfcomp_hyperprior_networks networks;
    tfcomp_sequence_networks sequence;
    made_tables hyper_tables;
    uint32_t channels;
    int is_wild;

    take_tables(in, &hyper_tables);
    layout.group_count = take_groups(in, c, groups);
    layout.checkerboard = take_number(in, c, 0, (uint32_t)layout.group_count);
    layout.quincunx = take_number(in, c, 0, layout.checkerboard < 8 ? layout.checkerboard : 8);
    layout.hyper_channels = take_number(in, c, 1, 4);
    for (k = 0; k < QUALITIES; ++k)
        rows[k] = take_number(in, c, 1, 8);
    toy.hyper_channels = layout.hyper_channels;
    toy.features = take_between(in, 1, 4);
    networks = toy_callbacks(&toy);
    sequence = toy_sequence_callbacks(&toy);
    is_wild = take_u8(in) >= WILD_FROM;
    if (is_wild) {
        networks = take_wild_networks(in, &wild, toy.features);
        sequence = wild_sequence(&wild, toy.hyper_channels);
    }
    channels = tfcomp_hyperprior_channels(&layout);
    if (channels > 0 && (uint64_t)c->height * c->width * channels <= MOST_LATENTS) {
        size_t n = (size_t)c->height * c->width * channels;
        uint32_t pattern = dependent ? take_u8(in) : 0;
        int32_t *latents = (int32_t *)room_for(n, sizeof *latents);
        two_sections s;
        tfcomp_status status;

        s.hyper_length = take_u16(in);
        s.hyper_bytes = take_bytes(in, &s.hyper_length);
        s.length = in->left;
        s.bytes = take_bytes(in, &s.length);
        if (layout.hyper_channels <= MOST_BIT_TABLES)
            repeat_tables(&hyper_tables, QUALITIES * layout.hyper_channels);
        if (dependent)
            status = decode_after(pattern, c, &hyper_tables.tables, &layout, &networks, &sequence,
                                  &s, n, latents);
        else
            status = tfcomp_decode_hyperprior(&hyper_tables.tables, &c->tables.tables, &layout,
                                              &networks, s.hyper_bytes, s.hyper_length, s.bytes,
                                              s.length, c->quality, c->height, c->width, latents);
        check_status(status, c->tables.sound && hyper_tables.sound && !c->hostile && !is_wild);
        free(s.bytes);
        free(s.hyper_bytes);
        free(latents);
    }
    free_made_tables(&hyper_tables);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    input in = {data, length};
    uint32_t kind = take_between(&in, 0, KINDS - 1);
    section_case c = {0};

    c.hostile = take_u8(&in) & 1;
    take_tables(&in, &c.tables);
    c.height = take_between(&in, 1, MOST_SIDE);
    c.width = take_between(&in, 1, MOST_SIDE);
    c.quality = take_number(&in, &c, 1, QUALITIES);
    if (kind == FACTORIZED)
        read_factorized(&in, &c);
    else if (kind == BITS)
        read_bits(&in, &c);
    else if (kind == HYPERPRIOR)
        read_hyperprior(&in, &c, 0);
    else if (kind == DEPENDENT)
        read_hyperprior(&in, &c, 1);
    else if (kind == VALUES_ROUND_TRIP)
        round_trip_of_values(&in, &c.tables);
    else
        round_trip_of_section(&in, &c.tables, c.height, c.width);
    free_made_tables(&c.tables);
    return 0;
}
