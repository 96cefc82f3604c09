/* Decodes a .tfcomp file with a bundle that has a factorized prior, or whose latents are bits.

       decode BUNDLE_FOLDER IN.tfcomp OUT.ppm

   Built without LiteRT it stops at the latents: OUT gets their int32 [h, w, channels], row by row
   in the machine's byte order. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle_folder.h"
#include "litert_decoder.h"
#include "tfcomp/tables_file.h"

#ifdef HAVE_LITERT
static void write_ppm(const char *path, const uint8_t *pixels, uint32_t columns, uint32_t width,
                      uint32_t height)
{
    FILE *file = fopen(path, "wb");
    uint32_t row;

    if (file == NULL)
        quit(path, "cannot be written");
    fprintf(file, "P6\n%u %u\n255\n", (unsigned)width, (unsigned)height);
    for (row = 0; row < height; ++row) /* the padding on the right and below is left out */
        fwrite(pixels + (size_t)row * columns * 3, 3, width, file);
    if (fclose(file) != 0)
        quit(path, "cannot be written");
}

static void write_image(const char *folder, const bundle_manifest *manifest,
                        const tfcomp_container *image, int32_t *latents, uint32_t height,
                        uint32_t width, const char *out)
{
    char model[4096];
    uint8_t *pixels;

    snprintf(model, sizeof model, "%s/decoder.tflite", folder);
    pixels = litert_decode(model, latents, height, width, manifest->channels, manifest->stride,
                           image->quality);
    if (pixels == NULL)
        quit(model, "cannot be run");
    write_ppm(out, pixels, width * manifest->stride, image->width, image->height);
    free(pixels);
}
#else
static void write_latents(const char *path, const int32_t *latents, size_t n)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL || fwrite(latents, sizeof *latents, n, file) != n || fclose(file) != 0)
        quit(path, "cannot be written");
}
#endif

/* A file's latents int32 [height, width, channels], to be given to free(). */
static int32_t *read_latents(const char *folder, const bundle_manifest *manifest,
                             const tfcomp_container *image, uint32_t height, uint32_t width)
{
    size_t length;
    uint8_t *npz = read_file(folder, "tables.npz", &length);
    const uint8_t *section = image->sections[0].bytes;
    tfcomp_tables *tables;
    tfcomp_status status = tfcomp_tables_read(npz, length, "latents", &tables);
    int32_t *latents;

    if (status != TFCOMP_OK)
        quit("tables.npz", tfcomp_status_text(status));
    length = image->sections[0].length;
    latents = (int32_t *)malloc((size_t)height * width * manifest->channels * sizeof *latents);
    if (latents == NULL)
        status = TFCOMP_NO_MEMORY;
    else if (manifest->layout.group_count > 0)
        status = tfcomp_decode_bits(tables, &manifest->layout, section, length, image->quality,
                                    height, width, latents);
    else
        status = tfcomp_decode_factorized(tables, section, length, image->quality, height, width,
                                          manifest->channels, latents);
    if (status != TFCOMP_OK)
        quit("the latents", tfcomp_status_text(status));
    tfcomp_tables_free(tables);
    free(npz);
    return latents;
}

int main(int count, char **arguments)
{
    bundle_manifest manifest;
    tfcomp_container image;
    tfcomp_status status;
    char fingerprint[9];
    uint32_t height, width;
    size_t length;
    uint8_t *file;
    int32_t *latents;

    if (count != 4)
        quit("use", "decode BUNDLE_FOLDER IN.tfcomp OUT.ppm");
    read_manifest(arguments[1], &manifest);
    file = read_file("", arguments[2], &length);
    status = tfcomp_container_parse(file, length, &manifest.sizes, &image);
    snprintf(fingerprint, sizeof fingerprint, "%02x%02x%02x%02x", image.fingerprint[0],
             image.fingerprint[1], image.fingerprint[2], image.fingerprint[3]);
    /* First, because another bundle's file may look damaged. It is zeros where the CRC is wrong. */
    if (strcmp(fingerprint, manifest.fingerprint) != 0 && strcmp(fingerprint, "00000000") != 0)
        quit(arguments[2], "another bundle wrote it");
    if (status != TFCOMP_OK || strcmp(fingerprint, manifest.fingerprint) != 0)
        quit(arguments[2], tfcomp_status_text(status != TFCOMP_OK ? status : TFCOMP_DAMAGED));
    height = (image.height - 1) / manifest.stride + 1;
    width = (image.width - 1) / manifest.stride + 1;
    if ((uint64_t)height * width * manifest.stride * manifest.stride >
        2 * (uint64_t)TFCOMP_MAX_PIXELS)
        quit(arguments[2], tfcomp_status_text(TFCOMP_TOO_LARGE)); /* one pixel wide, say */
    latents = read_latents(arguments[1], &manifest, &image, height, width);
#ifdef HAVE_LITERT
    write_image(arguments[1], &manifest, &image, latents, height, width, arguments[3]);
#else
    write_latents(arguments[3], latents, (size_t)height * width * manifest.channels);
#endif
    free(latents);
    free(file);
    free_manifest(&manifest);
    return 0;
}
