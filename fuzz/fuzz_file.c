/* A whole file, its fingerprint and its CRC mended, to the latents that its bundle's tables say. */

#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "mended_files.h"

static void check_bits(const int32_t *latents, size_t n)
{
    size_t k;

    for (k = 0; k < n; ++k)
        must(latents[k] == 0 || latents[k] == 1, "a bit is 0 or 1");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    uint8_t *file = (uint8_t *)room_for(length, 1);
    const known_bundle *bundle;
    tfcomp_file_header header = {0};
    tfcomp_image *image;
    tfcomp_status status, start;

    if (length > 0)
        memcpy(file, data, length);
    bundle = mend_version_1(file, length);
    status = tfcomp_decode_file(bundle->decoder, file, length, &image);
    header.size = sizeof header;
    start = tfcomp_read_header(file, length, &header);
    must(status == TFCOMP_OK || status == TFCOMP_DAMAGED || status == TFCOMP_TOO_LARGE ||
             status == TFCOMP_NOT_TFCOMP || status == TFCOMP_NEWER_FORMAT,
         "with a sound bundle a file is read, or something is wrong with the file");
    must((image != NULL) == (status == TFCOMP_OK), "a failure leaves nothing");
    must(status != TFCOMP_OK || start == TFCOMP_OK, "what can be read has a header");
    if (status == TFCOMP_OK && bundle->manifest.settings.kind == TFCOMP_BITS)
        check_bits(tfcomp_image_latents(image), latent_count(image));
    sound_inputs += status == TFCOMP_OK;
    tfcomp_image_destroy(image);
    free(file);
    return 0;
}
