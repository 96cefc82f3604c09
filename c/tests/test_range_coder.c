/* Encodes and decodes what Python encoded and decoded, byte for byte; then hostile bytes. */

#include <stdlib.h>
#include <string.h>

#include "tfcomp/range_coder.h"
#include "vectors.h"

enum { LARGEST = 4096 };

typedef struct {
    int32_t cdf[LARGEST], offsets[LARGEST], starts[LARGEST], index[LARGEST], values[LARGEST];
    size_t entries, tables, count;
} coding_case;

static void check_encoding(const coding_case *c, const tfcomp_tables *tables,
                           const vector_line *line, int number)
{
    uint8_t *bytes;
    size_t length;
    tfcomp_status status = tfcomp_encode(tables, c->values, c->index, c->count, &bytes, &length);

    EXPECT(status == TFCOMP_OK, "case %d: %s", number, tfcomp_status_text(status));
    EXPECT(length == line->count && memcmp(bytes, line->bytes, length) == 0,
           "case %d: %zu bytes, not the %zu that Python writes", number, length, line->count);
    free(bytes);
}

static void check_decoding(const coding_case *c, const tfcomp_tables *tables,
                           const vector_line *line, int damaged, int number)
{
    int32_t *values = (int32_t *)calloc(c->count + 1, sizeof *values);
    tfcomp_status status =
        tfcomp_decode(tables, line->bytes, line->count, c->index, values, c->count);

    EXPECT(status == (damaged ? TFCOMP_DAMAGED : TFCOMP_OK), "case %d: %s", number,
           tfcomp_status_text(status));
    if (!damaged)
        EXPECT(memcmp(values, c->values, c->count * sizeof *values) == 0,
               "case %d: other values than Python's", number);
    free(values);
}

/* No expectation but to come back: the sanitizers watch. */
static void decode_noise(const coding_case *c, const tfcomp_tables *tables)
{
    int32_t values[LARGEST];
    uint8_t noise[64];
    size_t round, k;

    for (round = 0; round < 20; ++round) {
        for (k = 0; k < sizeof noise; ++k)
            noise[k] = (uint8_t)(rand() >> 7);
        tfcomp_decode(tables, noise, round * 3, c->index, values, c->count);
    }
}

static void check_refusals(void)
{
    static const int32_t cdf[] = {1, 0, 1, 2}, starts[] = {0, 4}, offsets[] = {0}, index[] = {0, 7};
    static const int32_t broken[] = {1, 0, 9, 2}, outside[] = {5, 0}, far_starts[] = {0, 400};
    tfcomp_tables tables = {cdf, 4, starts, offsets, 1};
    uint8_t *bytes, none = 0;
    size_t length;
    int32_t values[2];

    EXPECT(tfcomp_encode(&tables, outside, index, 1, &bytes, &length) == TFCOMP_BAD_ARGUMENT,
           "a value outside a table without an escape");
    EXPECT(bytes == NULL && length == 0, "nothing is left to free");
    EXPECT(tfcomp_decode(&tables, &none, 0, index, values, 2) == TFCOMP_BAD_ARGUMENT,
           "an index that names no table");
    tables.starts = far_starts;
    EXPECT(tfcomp_decode(&tables, &none, 0, index, values, 1) == TFCOMP_BAD_TABLES,
           "a table that runs past the array");
    tables.starts = starts;
    tables.cdf = broken;
    EXPECT(tfcomp_decode(&tables, &none, 0, index, values, 1) == TFCOMP_BAD_TABLES,
           "a table that does not rise");
}

int main(int count, char **arguments)
{
    static coding_case c;
    FILE *file = count > 1 ? fopen(arguments[1], "r") : NULL;
    vector_line line;
    int cases = 0, encodes = 0, damaged = 0;

    if (file == NULL)
        return 2;
    while (next_line(file, &line)) {
        tfcomp_tables tables = {c.cdf, c.entries, c.starts, c.offsets, c.tables};
        size_t size = line.count * sizeof(int32_t);

        if (strcmp(line.word, "bytes") != 0 && line.count > LARGEST)
            return 2;
        if (strcmp(line.word, "cdf") == 0) {
            c.entries = line.count;
            memcpy(c.cdf, line.numbers, size);
        } else if (strcmp(line.word, "starts") == 0) {
            memcpy(c.starts, line.numbers, size);
        } else if (strcmp(line.word, "offsets") == 0) {
            c.tables = line.count;
            memcpy(c.offsets, line.numbers, size);
        } else if (strcmp(line.word, "index") == 0) {
            c.count = line.count;
            memcpy(c.index, line.numbers, size);
        } else if (strcmp(line.word, "values") == 0 || strcmp(line.word, "decodes") == 0) {
            encodes = strcmp(line.word, "values") == 0; /* else: changed bytes that pass */
            damaged = 0;
            memcpy(c.values, line.numbers, size);
        } else if (strcmp(line.word, "damaged") == 0) {
            damaged = 1;
            encodes = 0;
        } else if (strcmp(line.word, "bytes") == 0) {
            ++cases;
            if (encodes)
                check_encoding(&c, &tables, &line, cases);
            check_decoding(&c, &tables, &line, damaged, cases);
            decode_noise(&c, &tables);
        }
    }
    fclose(file);
    check_refusals();
    printf("%d streams, %d failures\n", cases, failures);
    return cases == 0 || failures != 0;
}
