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

enum { FACTORIZED, BITS, HYPERPRIOR, VALUES_ROUND_TRIP, SECTION_ROUND_TRIP, KINDS };
enum {
    MOST_SIDE = 24,
    MOST_GROUPS = 7,
    MOST_LATENTS = 1 << 18,
    MOST_CONTEXTS = 512,
    MOST_BIT_TABLES = 8192,
    QUALITIES = 3,
    LARGEST_LATENT = 1 << 24,
    WILD_FROM = 200,
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

static void read_hyperprior(input *in, section_case *c)
{
    uint32_t groups[MOST_GROUPS], rows[QUALITIES], k;
    tfcomp_hyperprior_layout layout = {groups, 0, 0, 0, rows, QUALITIES, 0};
    toy_networks toy = {0, 0, c->tables.tables.count, 0};
    wild_networks wild;
    tfcomp_hyperprior_networks networks;
    made_tables hyper_tables;
    uint32_t channels;

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
    if (take_u8(in) >= WILD_FROM)
        networks = take_wild_networks(in, &wild, toy.features);
    channels = tfcomp_hyperprior_channels(&layout);
    if (channels > 0 && (uint64_t)c->height * c->width * channels <= MOST_LATENTS) {
        size_t n = (size_t)c->height * c->width * channels, length, hyper_length = take_u16(in);
        int32_t *latents = (int32_t *)room_for(n, sizeof *latents);
        uint8_t *hyper_section = take_bytes(in, &hyper_length), *section;
        tfcomp_status status;

        length = in->left;
        section = take_bytes(in, &length);
        if (layout.hyper_channels <= MOST_BIT_TABLES)
            repeat_tables(&hyper_tables, QUALITIES * layout.hyper_channels);
        status = tfcomp_decode_hyperprior(&hyper_tables.tables, &c->tables.tables, &layout,
                                          &networks, hyper_section, hyper_length, section, length,
                                          c->quality, c->height, c->width, latents);
        check_status(status, c->tables.sound && hyper_tables.sound && !c->hostile &&
                                 networks.self == (void *)&toy);
        free(section);
        free(hyper_section);
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
        read_hyperprior(&in, &c);
    else if (kind == VALUES_ROUND_TRIP)
        round_trip_of_values(&in, &c.tables);
    else
        round_trip_of_section(&in, &c.tables, c.height, c.width);
    free_made_tables(&c.tables);
    return 0;
}
