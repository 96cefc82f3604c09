/* Decodes a .tfcomp file with a bundle that has a factorized prior.

       decode BUNDLE_FOLDER IN.tfcomp OUT.ppm

   Built without LiteRT it stops at the latents: OUT gets their int32 [h, w, channels], row by row
   in the machine's byte order. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "litert_decoder.h"
#include "tfcomp/container.h"
#include "tfcomp/tables_file.h"

static void quit(const char *subject, const char *reason)
{
    fprintf(stderr, "decode: %s: %s\n", subject, reason);
    exit(2);
}

static uint8_t *read_file(const char *folder, const char *name, size_t *length)
{
    enum { MOST = 64 << 20 };
    char path[4096];
    uint8_t *bytes = (uint8_t *)malloc(MOST);
    FILE *file;

    snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "", name);
    file = fopen(path, "rb");
    if (file == NULL || bytes == NULL)
        quit(path, "cannot be read");
    *length = fread(bytes, 1, MOST - 1, file);
    bytes[*length] = '\0';
    fclose(file);
    return bytes;
}

/* What follows "key": in the manifest. It is flat where we look; a real program has a JSON parser. */
static const char *field(const char *manifest, const char *key)
{
    char quoted[64];
    const char *at;

    snprintf(quoted, sizeof quoted, "\"%s\": ", key);
    at = strstr(manifest, quoted);
    if (at == NULL)
        quit("manifest.json", key);
    return at + strlen(quoted);
}

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


static void write_image(const char *folder, const tfcomp_container *image, int32_t *latents,
                        uint32_t height, uint32_t width, uint32_t channels, const char *out)
{
    uint32_t rows, columns;
    char model[4096];
    uint8_t *pixels;

    snprintf(model, sizeof model, "%s/decoder.tflite", folder);
    pixels = litert_decode(model, latents, height, width, channels, image->quality, &rows,
                           &columns);
    if (pixels == NULL || rows < image->height || columns < image->width)
        quit(model, "cannot be run");
    write_ppm(out, pixels, columns, image->width, image->height);
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
    size_t length, npz_length, file_length;
    uint32_t stride, channels, height, width;
    char fingerprint[9];
    tfcomp_bundle bundle = {0};
    tfcomp_container image;
    tfcomp_tables *tables;
    tfcomp_status status;
    const char *manifest;
    uint8_t *npz, *file;
    int32_t *latents;

    if (count != 4)
        quit("use", "decode BUNDLE_FOLDER IN.tfcomp OUT.ppm");
    manifest = (const char *)read_file(arguments[1], "manifest.json", &length);
    npz = read_file(arguments[1], "tables.npz", &npz_length);
    file = read_file("", arguments[2], &file_length);
    if (strncmp(field(manifest, "kind"), "\"factorized\"", 12) != 0)
        quit(arguments[1], "only bundles with a factorized prior are read here");
    bundle.qualities = (unsigned)atoi(field(manifest, "qualities"));
    bundle.section_count = 1;
    stride = (uint32_t)atoi(field(manifest, "stride"));
    channels = (uint32_t)atoi(field(manifest, "channels"));
    status = tfcomp_container_parse(file, file_length, &bundle, &image);
    if (status != TFCOMP_OK)
        quit(arguments[2], tfcomp_status_text(status));
    snprintf(fingerprint, sizeof fingerprint, "%02x%02x%02x%02x", image.fingerprint[0],
             image.fingerprint[1], image.fingerprint[2], image.fingerprint[3]);
    if (strncmp(field(manifest, "fingerprint") + 1, fingerprint, 8) != 0)
        quit(arguments[2], "another bundle wrote it");
    status = tfcomp_tables_read(npz, npz_length, "latents", &tables);
    if (status != TFCOMP_OK)
        quit("tables.npz", tfcomp_status_text(status));
    height = (image.height + stride - 1) / stride;
    width = (image.width + stride - 1) / stride;
    if ((uint64_t)height * width * stride * stride > 2 * (uint64_t)TFCOMP_MAX_PIXELS)
        quit(arguments[2], tfcomp_status_text(TFCOMP_TOO_LARGE)); /* one pixel wide, say */
    latents = (int32_t *)malloc((size_t)height * width * channels * sizeof *latents);
    if (latents == NULL)
        quit(arguments[2], tfcomp_status_text(TFCOMP_NO_MEMORY));
    status = tfcomp_decode_factorized(tables, image.sections[0].bytes, image.sections[0].length,
                                      image.quality, height, width, channels, latents);
    if (status != TFCOMP_OK)
        quit(arguments[2], tfcomp_status_text(status));
#ifdef HAVE_LITERT
    write_image(arguments[1], &image, latents, height, width, channels, arguments[3]);
#else
    write_latents(arguments[3], latents, (size_t)height * width * channels);
#endif
    tfcomp_tables_free(tables);
    free(latents);
    free(npz);
    free(file);
    free((void *)manifest);
    return 0;
}
