/* Reads the sections of a hyperprior as Python does, and refuses what Python refuses. The networks
   are formulas, the same as in tests/c/toy_networks.py. */

#include <stdlib.h>
#include <string.h>

#include "tfcomp/hyperprior.h"
#include "tfcomp/tables_file.h"
#include "vector_case.h"

/* What the lines so far have said; the arrays are copies. */
typedef struct {
    tfcomp_hyperprior_layout layout;
    tfcomp_tables *tables[2]; /* of hyper-latents, of latents */
    uint32_t features;
    size_t section; /* which of the two the next lines are about */
    uint8_t *bytes[2];
    size_t lengths[2];
    int32_t expected[5]; /* quality, height, width, channels, CRC-32 of the latents as int32 */
    int refused;
} hyper_case;

static int32_t mod(int64_t value, int64_t divisor)
{
    return (int32_t)((value % divisor + divisor) % divisor);
}

static tfcomp_status synthesis(void *self, const int32_t *hyper, uint32_t height, uint32_t width,
                               unsigned quality, float *made)
{
    const hyper_case *c = (const hyper_case *)self;
    uint32_t channels = c->layout.hyper_channels, row, column, k;

    for (row = 0; row < 2 * height; ++row) {
        for (column = 0; column < 2 * width; ++column) {
            const int32_t *from = hyper + ((size_t)row / 2 * width + column / 2) * channels;
            int64_t sum = 5 * (row % 2) + 7 * (column % 2) + quality;

            for (k = 0; k < channels; ++k)
                sum += (int64_t)from[k] * (k + 1);
            for (k = 0; k < c->features; ++k)
                *made++ = (float)(mod(sum + 3 * k, 17) - 8);
        }
    }
    return TFCOMP_OK;
}

static int64_t weighted(const float *inputs, uint32_t channels, unsigned number)
{
    int64_t sum = 0;
    uint32_t k;

    for (k = 0; k < channels; ++k)
        sum += (int64_t)inputs[k] * ((int64_t)((7 * k + 3 * number + 1) % 5) - 2);
    return sum;
}

/* Looks at a place and at those on its left, above it and at the corner between: squares that
   earlier passes over the same channels have decoded. */
static tfcomp_status parameters(void *self, const tfcomp_hyperprior_pass *pass,
                                const float *inputs, uint32_t height, uint32_t width,
                                unsigned quality, int32_t *made)
{
    const hyper_case *c = (const hyper_case *)self;
    uint32_t depth = c->features + pass->seen, row, column, k;
    int64_t tables = (int64_t)c->tables[1]->count;

    for (row = 0; row < height; ++row) {
        for (column = 0; column < width; ++column, inputs += depth) {
            const float *left = column > 0 ? inputs - depth : inputs;
            size_t up = row > 0 ? (size_t)width * depth : 0;
            const float *above = inputs - up, *corner = left - up;
            int64_t sum = weighted(inputs, depth, pass->number) +
                          weighted(left, depth, pass->number) +
                          weighted(above, depth, pass->number) +
                          weighted(corner, depth, pass->number);

            for (k = 0; k < pass->channels; ++k)
                *made++ = mod(sum + 11 * k + quality, 41) - 20;
            for (k = 0; k < pass->channels; ++k)
                *made++ = mod(3 * sum + 5 * k + pass->number, tables);
        }
    }
    return TFCOMP_OK;
}

static tfcomp_status decode(hyper_case *c, int32_t *latents)
{
    tfcomp_hyperprior_networks networks = {c, c->features, synthesis, parameters};

    return tfcomp_decode_hyperprior(c->tables[0], c->tables[1], &c->layout, &networks, c->bytes[0],
                                    c->lengths[0], c->bytes[1], c->lengths[1],
                                    (unsigned)c->expected[0], (uint32_t)c->expected[1],
                                    (uint32_t)c->expected[2], latents);
}

static void check_sections(hyper_case *c, int number)
{
    size_t n = (size_t)c->expected[1] * (size_t)c->expected[2] * (size_t)c->expected[3], k, s;
    int32_t *latents = (int32_t *)malloc(4 * n);
    tfcomp_status status = decode(c, latents);

    EXPECT(tfcomp_hyperprior_channels(&c->layout) == (uint32_t)c->expected[3], "%d: channels",
           number);
    EXPECT(status == (c->refused ? TFCOMP_DAMAGED : TFCOMP_OK), "%d: %s", number,
           tfcomp_status_text(status));
    EXPECT(c->refused || latents_crc(latents, n) == (uint32_t)c->expected[4], "%d: other latents",
           number);
    for (s = 0; s < 2; ++s) {
        for (k = 0; k < c->lengths[s] && k < 60; ++k) { /* no expectation but to come back */
            c->bytes[s][k] ^= 0x24;
            status = decode(c, latents);
            EXPECT(status == TFCOMP_OK || status == TFCOMP_DAMAGED, "%d: byte %zu", number, k);
            c->bytes[s][k] ^= 0x24;
        }
    }
    free(latents);
}

/* Takes a line; 1 where it is the last of a case. */
static int describe(hyper_case *c, const vector_line *line)
{
    if (strcmp(line->word, "layout") == 0) {
        c->layout.checkerboard = (uint32_t)line->numbers[0];
        c->layout.quincunx = (uint32_t)line->numbers[1];
        c->layout.hyper_channels = (uint32_t)line->numbers[2];
        c->features = (uint32_t)line->numbers[3];
    } else if (strcmp(line->word, "groups") == 0) {
        replace(&c->layout.groups, copied_numbers(line));
        c->layout.group_count = line->count;
    } else if (strcmp(line->word, "rows") == 0) {
        replace(&c->layout.rows_per_stream, copied_numbers(line));
        c->layout.quality_count = line->count;
    } else if (strcmp(line->word, "section") == 0) {
        c->section = line->numbers[0] != 0;
    } else if (strcmp(line->word, "latents") == 0 || strcmp(line->word, "refused") == 0) {
        c->refused = strcmp(line->word, "refused") == 0;
        memcpy(c->expected, line->numbers, line->count * sizeof *line->numbers);
    } else if (strcmp(line->word, "bytes") == 0) {
        free(c->bytes[c->section]); /* exactly as long, so that a read past the end is seen */
        c->bytes[c->section] = (uint8_t *)malloc(line->count + !line->count);
        memcpy(c->bytes[c->section], line->bytes, line->count);
        c->lengths[c->section] = line->count;
        return c->section == 1;
    } else {
        EXPECT(take_table_line(&c->tables[c->section], line), "a line of no known kind");
    }
    return 0;
}

int main(int count, char **arguments)
{
    FILE *vectors = count > 1 ? fopen(arguments[1], "r") : NULL;
    hyper_case c = {0};
    vector_line line;
    int cases = 0, k;

    if (vectors == NULL)
        return 2;
    while (next_line(vectors, &line)) {
        if (describe(&c, &line))
            check_sections(&c, ++cases);
    }
    fclose(vectors);
    for (k = 0; k < 2; ++k) {
        tfcomp_tables_free(c.tables[k]);
        free(c.bytes[k]);
    }
    replace(&c.layout.groups, NULL);
    replace(&c.layout.rows_per_stream, NULL);
    printf("%d pairs of sections, %d failures\n", cases, failures);
    return cases == 0 || failures != 0;
}
