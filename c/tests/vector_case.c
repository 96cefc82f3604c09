#include "vector_case.h"

#include <stdlib.h>
#include <string.h>

#include "tfcomp/container.h"
#include "tfcomp/tables_file.h"

int32_t *copied_numbers(const vector_line *line)
{
    size_t size = line->count * sizeof *line->numbers;
    int32_t *copy = (int32_t *)malloc(size + 1);

    memcpy(copy, line->numbers, size);
    return copy;
}

void replace(const void *where, const void *array)
{
    free(*(void **)where);
    *(const void **)where = array;
}

int take_table_line(tfcomp_tables **tables, const vector_line *line)
{
    if (strcmp(line->word, "cdf") == 0) {
        tfcomp_tables_free(*tables);
        *tables = (tfcomp_tables *)calloc(1, sizeof **tables);
        (*tables)->cdf_length = line->count;
        (*tables)->cdf = copied_numbers(line);
    } else if (strcmp(line->word, "starts") == 0) {
        replace(&(*tables)->starts, copied_numbers(line));
    } else if (strcmp(line->word, "offsets") == 0) {
        replace(&(*tables)->offsets, copied_numbers(line));
        (*tables)->count = line->count;
    } else {
        return 0;
    }
    return 1;
}

uint32_t latents_crc(const int32_t *latents, size_t n)
{
    uint8_t *packed = (uint8_t *)malloc(4 * n + 1);
    uint32_t crc;
    size_t k;

    for (k = 0; k < 4 * n; ++k)
        packed[k] = (uint8_t)((uint32_t)latents[k / 4] >> 8 * (k % 4));
    crc = tfcomp_crc32(packed, 4 * n);
    free(packed);
    return crc;
}
