/* Reads the sections of a hyperprior as Python does, and refuses what Python refuses. The networks
   are formulas. */

#include <stdlib.h>
#include <string.h>

#include "tfcomp/hyperprior.h"
#include "tfcomp/tables_file.h"
#include "toy_networks.h"
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

static tfcomp_status decode(hyper_case *c, int32_t *latents)
{
    toy_networks toy = {c->layout.hyper_channels, c->features, c->tables[1]->count};
    tfcomp_hyperprior_networks networks = toy_callbacks(&toy);

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
