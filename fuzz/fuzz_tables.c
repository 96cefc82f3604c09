/* A bundle's tables.npz to tables; then values are coded with them. */

#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "tfcomp/tables_file.h"

enum { MOST_VALUES = 300, MOST_STREAM = 64, FAR = 1 << 30 };

/* Values at, or just above, where each table starts; and any bytes as a stream. */
static void use(const tfcomp_tables *tables, const uint8_t *data, size_t length)
{
    size_t n = tables->count < MOST_VALUES ? tables->count : MOST_VALUES, k, coded_length;
    int32_t *index = (int32_t *)room_for(n, sizeof *index);
    int32_t *values = (int32_t *)room_for(n, sizeof *values);
    int32_t *decoded = (int32_t *)room_for(n, sizeof *decoded);
    tfcomp_status status;
    uint8_t *coded;

    for (k = 0; k < n; ++k) {
        index[k] = (int32_t)(k * 7919 % tables->count);
        values[k] = tables->offsets[index[k]];
        values[k] += values[k] < FAR && k % 2 ? 1 : 0;
    }
    if (tfcomp_encode(tables, values, index, n, &coded, &coded_length) == TFCOMP_OK) {
        must(tfcomp_decode(tables, coded, coded_length, index, decoded, n) == TFCOMP_OK &&
                 memcmp(decoded, values, n * sizeof *values) == 0,
             "what was encoded is decoded");
        free(coded);
    }
    length = length < MOST_STREAM ? length : MOST_STREAM;
    status = tfcomp_decode(tables, data, length, index, decoded, n);
    must(status == TFCOMP_OK || status == TFCOMP_DAMAGED,
         "with sound tables a stream is read, or it is damaged");
    free(decoded);
    free(values);
    free(index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    static const char *const sections[] = {"latents", "hyper_latents"};
    input in = {data, length};
    uint8_t *npz = take_bytes(&in, &length);
    size_t k;

    for (k = 0; k < 2; ++k) {
        tfcomp_tables *tables;
        tfcomp_status status = tfcomp_tables_read(npz, length, sections[k], &tables);

        must((status == TFCOMP_OK) == (tables != NULL), "there are tables where that is said");
        if (status == TFCOMP_OK) {
            sound_inputs += k == 0;
            use(tables, npz, length);
            tfcomp_tables_free(tables);
        }
    }
    free(npz);
    return 0;
}
