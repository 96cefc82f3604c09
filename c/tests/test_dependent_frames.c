/* Frames of a file that depend on each other, with networks that are formulas: tests/c writes all that
   it reads.

       test_dependent_frames BUNDLE_FOLDER FILE LATENTS FEATURES SCALES

   LATENTS: those of all frames, one after another, as int32 of this machine. */

#include <stdlib.h>
#include <string.h>

#include "bundle_folder.h"
#include "expect.h"
#include "tfcomp/picture_file.h"
#include "toy_networks.h"

static void compare(const tfcomp_image *image, const int32_t *all, uint32_t frame)
{
    tfcomp_image_info info = {0};
    size_t count;

    info.size = sizeof info;
    EXPECT(tfcomp_image_describe(image, &info) == TFCOMP_OK, "frame %u", (unsigned)frame);
    count = (size_t)info.rows * info.columns * info.channels;
    EXPECT(memcmp(tfcomp_image_latents(image), all + frame * count, 4 * count) == 0, "frame %u",
           (unsigned)frame);
}

/* Each frame after the one before, then each by itself from the last one on. */
static void check_frames(const tfcomp_decoder *decoder, const tfcomp_file *file, uint32_t frames,
                         const int32_t *all)
{
    tfcomp_image *before = NULL, *image;
    uint32_t k;

    for (k = 0; k < frames; ++k) {
        tfcomp_status status = tfcomp_decode_frame_after(decoder, file, k, before, &image);

        EXPECT(status == TFCOMP_OK, "frame %u: %s", (unsigned)k, tfcomp_status_text(status));
        if (status != TFCOMP_OK)
            break;
        compare(image, all, k);
        tfcomp_image_destroy(before);
        before = image;
    }
    tfcomp_image_destroy(before);
    for (k = frames; k > 0; --k) {
        EXPECT(tfcomp_decode_frame(decoder, file, k - 1, &image) == TFCOMP_OK, "%u", (unsigned)k);
        if (image != NULL)
            compare(image, all, k - 1);
        tfcomp_image_destroy(image);
    }
}

/* Without its networks a bundle has no dependent frames. */
static void check_refusal(tfcomp_decoder_settings settings, const uint8_t *bytes, size_t length)
{
    tfcomp_decoder *decoder;
    tfcomp_file *file;

    settings.sequence = NULL;
    EXPECT(tfcomp_decoder_create(&settings, &decoder) == TFCOMP_OK, "a decoder of stills");
    EXPECT(tfcomp_file_open(decoder, bytes, length, 0, &file) == TFCOMP_DAMAGED, "refused");
    tfcomp_decoder_destroy(decoder);
}

/* No file that breaks off is sound, nor one with another bit. */
static void check_damage(const tfcomp_decoder *decoder, const uint8_t *bytes, size_t length)
{
    uint8_t *copy = (uint8_t *)malloc(length);
    tfcomp_file *file;
    size_t k, bit;

    memcpy(copy, bytes, length);
    for (k = 0; k < length; ++k) {
        EXPECT(tfcomp_file_open(decoder, bytes, k, 0, &file) != TFCOMP_OK, "%zu bytes", k);
        for (bit = 0; bit < 8; ++bit) {
            copy[k] ^= (uint8_t)(1u << bit);
            EXPECT(tfcomp_file_open(decoder, copy, length, 0, &file) != TFCOMP_OK,
                   "bit %zu of byte %zu", bit, k);
            copy[k] ^= (uint8_t)(1u << bit);
        }
    }
    free(copy);
}

int main(int count, char **arguments)
{
    bundle_manifest manifest;
    tfcomp_decoder_settings *settings = &manifest.settings;
    tfcomp_hyperprior_networks networks;
    tfcomp_sequence_networks sequence;
    tfcomp_file_info info = {0};
    tfcomp_decoder *decoder;
    tfcomp_file *file;
    toy_networks toy = {0};
    uint8_t *npz, *bytes, *all;
    size_t length, all_length;

    if (count != 6)
        return 2;
    read_manifest(arguments[1], &manifest);
    toy.hyper_channels = manifest.hyperprior.hyper_channels;
    toy.features = (uint32_t)atoi(arguments[4]);
    toy.scales = (size_t)atoi(arguments[5]);
    networks = toy_callbacks(&toy);
    sequence = toy_sequence_callbacks(&toy);
    npz = read_file(arguments[1], "tables.npz", &settings->tables_length);
    bytes = read_file("", arguments[2], &length);
    all = read_file("", arguments[3], &all_length);
    settings->tables = npz;
    settings->networks = &networks;
    settings->sequence = &sequence;
    EXPECT(manifest.has_sequence, "its manifest says so");
    EXPECT(tfcomp_decoder_create(settings, &decoder) == TFCOMP_OK, "a decoder");
    EXPECT(tfcomp_file_open(decoder, bytes, length, 0, &file) == TFCOMP_OK, "a file");
    if (failures == 0) {
        info.size = sizeof info;
        EXPECT(tfcomp_file_describe(file, &info) == TFCOMP_OK && info.frames > 2, "frames");
        check_frames(decoder, file, info.frames, (const int32_t *)(const void *)all);
        check_refusal(*settings, bytes, length);
        check_damage(decoder, bytes, length);
    }
    tfcomp_file_close(file);
    tfcomp_decoder_destroy(decoder);
    free(all);
    free(bytes);
    free(npz);
    free_manifest(&manifest);
    printf("%u frames, %d failures\n", (unsigned)info.frames, failures);
    return failures != 0;
}
