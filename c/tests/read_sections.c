/* The range coder, and the sections of every kind. */

#include <stdlib.h>
#include <string.h>

#include "readers.h"
#include "sections.h"
#include "toy_networks.h"

enum { MOST_CHANGES = 60 };

/* A check's sections; the first is a hyperprior's only. Copies, to be changed. */
typedef struct {
    uint8_t *bytes[2];
    size_t lengths[2];
    uint32_t height, width, channels;
    unsigned quality;
    int cut;          /* whether the last is */
    int is_unchanged; /* whether the check says what they hold */
    int32_t *values;
    size_t count; /* of the values */
} section_case;

typedef tfcomp_status (*section_decoder)(vector_check *check, const section_case *c);

static void take_bytes(vector_check *check, const char *word, uint8_t **bytes, size_t *length)
{
    const uint8_t *found = bytes_of(check, word, length);

    *bytes = (uint8_t *)malloc(*length + !*length);
    memcpy(*bytes, found, *length);
}

static void compare(vector_check *check, const int32_t *values, size_t count)
{
    size_t expected_count, k;
    const int32_t *expected = numbers_of(check, "values", &expected_count);

    EXPECT(count == expected_count, "%s: %zu values", check->where, count);
    for (k = 0; k < count && k < expected_count; ++k) {
        EXPECT(values[k] == expected[k], "%s: value %zu is %d", check->where, k, (int)values[k]);
        if (values[k] != expected[k])
            break;
    }
}

/* Decodes, compares, and then decodes what has changed bytes: with no expectation but to come back
   with one of two answers, as the sanitizers watch. */
static tfcomp_status read_section(vector_check *check, section_decoder decode, int sections,
                                  int cut)
{
    section_case c = {0};
    size_t count, k;
    const int32_t *shape = numbers_of(check, "shape", &count);
    tfcomp_status status, other;
    int s;

    c.height = (uint32_t)shape[0];
    c.width = (uint32_t)shape[1];
    c.channels = (uint32_t)shape[2];
    c.quality = (unsigned)number_of(check, "quality");
    c.cut = cut;
    c.count = (size_t)c.height * c.width * c.channels;
    c.values = (int32_t *)malloc(c.count * sizeof *c.values);
    take_bytes(check, "bytes", &c.bytes[1], &c.lengths[1]);
    if (sections == 2)
        take_bytes(check, "hyper_bytes", &c.bytes[0], &c.lengths[0]);
    c.is_unchanged = strcmp(check->what, "refuse") != 0;
    status = decode(check, &c);
    c.is_unchanged = 0;
    if (status == TFCOMP_OK && strcmp(check->what, "refuse") != 0)
        compare(check, c.values, c.count);
    for (s = 2 - sections; s < 2; ++s) {
        for (k = 0; k < c.lengths[s] && k < MOST_CHANGES; ++k) {
            c.bytes[s][k] ^= 0x24;
            other = decode(check, &c);
            EXPECT(other == TFCOMP_OK || other == TFCOMP_DAMAGED, "%s: byte %zu", check->where, k);
            c.bytes[s][k] ^= 0x24;
        }
    }
    free(c.bytes[0]);
    free(c.bytes[1]);
    free(c.values);
    return status;
}

tfcomp_status read_range_coder(vector_check *check)
{
    tfcomp_tables tables = tables_of(check, "");
    size_t length, count, k;
    const uint8_t *bytes = bytes_of(check, "bytes", &length);
    const int32_t *index = numbers_of(check, "index", &count);
    int32_t *values = (int32_t *)malloc((count + 1) * sizeof *values);
    tfcomp_status status = tfcomp_decode(&tables, bytes, length, index, values, count), other;
    uint8_t noise[64];
    int round;

    if (status == TFCOMP_OK && strcmp(check->what, "refuse") != 0)
        compare(check, values, count);
    for (round = 0; round < 20; ++round) {
        for (k = 0; k < sizeof noise; ++k)
            noise[k] = (uint8_t)(rand() >> 7);
        other = tfcomp_decode(&tables, noise, (size_t)round * 3, index, values, count);
        EXPECT(other == TFCOMP_OK || other == TFCOMP_DAMAGED, "%s: noise", check->where);
    }
    free(values);
    return status;
}

tfcomp_status write_range_coder(vector_check *check)
{
    tfcomp_tables tables = tables_of(check, "");
    size_t length, count, expected_length;
    const int32_t *index = numbers_of(check, "index", &count);
    const int32_t *values = numbers_of(check, "values", &count);
    const uint8_t *expected = bytes_of(check, "bytes", &expected_length);
    uint8_t *bytes;
    tfcomp_status status = tfcomp_encode(&tables, values, index, count, &bytes, &length);

    EXPECT(length == expected_length && (length == 0 || memcmp(bytes, expected, length) == 0),
           "%s: %zu bytes, not the %zu expected", check->where, length, expected_length);
    free(bytes);
    return status;
}

static tfcomp_status decode_factorized(vector_check *check, const section_case *c)
{
    tfcomp_tables tables = tables_of(check, "");

    return tfcomp_read_factorized(&tables, c->bytes[1], c->lengths[1], c->cut, c->quality,
                                  c->height, c->width, c->channels, c->values);
}

tfcomp_status read_factorized(vector_check *check)
{
    return read_section(check, decode_factorized, 1, 0);
}

tfcomp_status read_cut_factorized(vector_check *check)
{
    return read_section(check, decode_factorized, 1, 1);
}

static tfcomp_status decode_bits(vector_check *check, const section_case *c)
{
    tfcomp_tables tables = tables_of(check, "");
    tfcomp_bit_layout layout = {0};
    tfcomp_status status;
    unsigned shown = 0;
    size_t count;
    const int32_t *numbers = numbers_of(check, "layout", &count);

    layout.checkerboard = (uint32_t)numbers[0];
    layout.rows_per_stream = (uint32_t)numbers[1];
    layout.context_bits = (unsigned)numbers[2];
    layout.groups = (const uint32_t *)numbers_of(check, "groups", &layout.group_count);
    layout.sent = (const uint32_t *)numbers_of(check, "sent", &layout.quality_count);
    layout.contexts = numbers_of(check, "contexts", &layout.context_count);
    EXPECT(tfcomp_bit_channels(&layout) == c->channels, "%s: channels", check->where);
    status = tfcomp_read_bits(&tables, &layout, c->bytes[1], c->lengths[1], c->cut, c->quality,
                              c->height, c->width, c->values, &shown);
    if (c->is_unchanged && c->cut && status == TFCOMP_OK)
        EXPECT(shown == (unsigned)number_of(check, "shown"), "%s: shown", check->where);
    return status;
}

tfcomp_status read_bits(vector_check *check)
{
    return read_section(check, decode_bits, 1, 0);
}

tfcomp_status read_cut_bits(vector_check *check)
{
    return read_section(check, decode_bits, 1, 1);
}

/* before: the frame on which the check's one depends, or NULL. */
static tfcomp_status decode_frame(vector_check *check, const section_case *c,
                                  const tfcomp_frame_before *before)
{
    tfcomp_sequence_networks sequence;
    int32_t *hyper;
    tfcomp_status status;
    tfcomp_tables hyper_tables = tables_of(check, "hyper_"), tables = tables_of(check, "");
    tfcomp_hyperprior_layout layout = {0};
    toy_networks toy = {0};
    tfcomp_hyperprior_networks networks;
    size_t count;
    const int32_t *numbers = numbers_of(check, "layout", &count);

    layout.checkerboard = (uint32_t)numbers[0];
    layout.quincunx = (uint32_t)numbers[1];
    layout.hyper_channels = toy.hyper_channels = (uint32_t)numbers[2];
    layout.groups = (const uint32_t *)numbers_of(check, "groups", &layout.group_count);
    layout.rows_per_stream = (const uint32_t *)numbers_of(check, "rows", &layout.quality_count);
    toy.features = (uint32_t)numbers[3];
    toy.skipped = (uint32_t)numbers[4];
    toy.scales = tables.count;
    networks = toy_callbacks(&toy);
    EXPECT(tfcomp_hyperprior_channels(&layout) == c->channels, "%s: channels", check->where);
    if (before == NULL)
        return tfcomp_read_hyperprior(&hyper_tables, &tables, &layout, &networks, c->bytes[0],
                                      c->lengths[0], c->bytes[1], c->lengths[1], c->cut,
                                      c->quality, c->quality, c->height, c->width, NULL, NULL,
                                      c->values, NULL);
    sequence = toy_sequence_callbacks(&toy);
    count = (size_t)((c->height + 1) / 2) * ((c->width + 1) / 2) * layout.hyper_channels;
    hyper = (int32_t *)malloc(count * sizeof *hyper);
    status = tfcomp_decode_hyperprior_frame(
        &hyper_tables, &tables, &layout, &networks, &sequence, before, c->bytes[0], c->lengths[0],
        c->bytes[1], c->lengths[1], c->quality, c->height, c->width, c->values, hyper);
    free(hyper);
    return status;
}

static tfcomp_status decode_hyperprior(vector_check *check, const section_case *c)
{
    return decode_frame(check, c, NULL);
}

static tfcomp_status decode_dependent(vector_check *check, const section_case *c)
{
    tfcomp_frame_before before;
    size_t count;

    before.latents = numbers_of(check, "before", &count);
    EXPECT(count == c->count, "%s: the frame before", check->where);
    before.hyper_latents = numbers_of(check, "hyper_before", &count);
    return decode_frame(check, c, &before);
}

tfcomp_status read_dependent(vector_check *check)
{
    return read_section(check, decode_dependent, 2, 0);
}

tfcomp_status read_hyperprior(vector_check *check)
{
    return read_section(check, decode_hyperprior, 2, 0);
}

tfcomp_status read_cut_hyperprior(vector_check *check)
{
    return read_section(check, decode_hyperprior, 2, 1);
}
