/* A whole file, its CRC mended, to the latents that its bundle's tables say. */

#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "known_bundles.h"

enum { SHORTEST = 13, CRC_BYTES = 4 };

/* A copy with the CRC that its bytes have: else hardly any change would get past it. */
static uint8_t *mended(const uint8_t *data, size_t length)
{
    uint8_t *file = (uint8_t *)room_for(length, 1), *end = file + length - CRC_BYTES;
    uint32_t crc;
    int k;

    if (length > 0)
        memcpy(file, data, length);
    if (length >= SHORTEST) {
        crc = tfcomp_crc32(file, length - CRC_BYTES);
        for (k = 0; k < CRC_BYTES; ++k)
            end[k] = (uint8_t)(crc >> 8 * k);
    }
    return file;
}

static void check_bits(const int32_t *latents, size_t n)
{
    size_t k;

    for (k = 0; k < n; ++k)
        must(latents[k] == 0 || latents[k] == 1, "a bit is 0 or 1");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    uint8_t *file = mended(data, length);
    const known_bundle *bundle = bundle_of(file, length);
    tfcomp_container container;

    if (parse_file(bundle, file, length, &container) == TFCOMP_OK) {
        size_t n = latent_count(bundle, &container);
        int32_t *latents = (int32_t *)room_for(n, sizeof *latents);
        tfcomp_status status = decode_file(bundle, &container, latents);

        must(status == TFCOMP_OK || status == TFCOMP_DAMAGED,
             "with a sound bundle a file is read, or it is damaged");
        if (status == TFCOMP_OK && bundle->manifest.kind == BITS)
            check_bits(latents, n);
        sound_inputs += status == TFCOMP_OK;
        free(latents);
    }
    free(file);
    return 0;
}
