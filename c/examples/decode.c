/* Decodes a .tfcomp file with the bundle that wrote it.

       decode BUNDLE_FOLDER IN.tfcomp OUT.ppm

   Built without LiteRT it stops at the latents: OUT gets their int32 [h, w, channels], row by row
   in the machine's byte order. A hyperprior's latents it cannot read then: networks run between
   them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle_folder.h"
#include "file_latents.h"
#include "litert_decoder.h"

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
        quit(model, "LiteRT cannot run it");
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
    if (manifest.sizes.fixed_width == 0)
        manifest.sizes.max_pixels = tfcomp_pixel_limit(length);
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
