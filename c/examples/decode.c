/* Decodes a .tfcomp file with the bundle that wrote it.

       decode BUNDLE_FOLDER IN.tfcomp OUT.ppm
       decode BUNDLE_FOLDER IN.tfcomp OUT.latents

   The second stops at the latents: OUT gets their int32 [rows, columns, channels], row by row in the
   machine's byte order. Built without LiteRT the program always stops there, and a hyperprior's
   latents it cannot read: networks run between them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle_folder.h"
#ifdef HAVE_LITERT
#include "litert_decoder.h"
#include "litert_entropy.h"
#endif

static void write_latents(const char *path, const int32_t *latents, size_t n)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL || fwrite(latents, sizeof *latents, n, file) != n || fclose(file) != 0)
        quit(path, "cannot be written");
}

#ifdef HAVE_LITERT
static int is_for_latents(const char *path)
{
    static const char ending[] = ".latents";
    size_t length = strlen(path), end = sizeof ending - 1;

    return length >= end && strcmp(path + length - end, ending) == 0;
}

static void write_ppm(const char *path, const uint8_t *pixels, uint32_t columns,
                      const tfcomp_image_info *info)
{
    FILE *file = fopen(path, "wb");
    uint32_t row;

    if (file == NULL)
        quit(path, "cannot be written");
    fprintf(file, "P6\n%u %u\n255\n", (unsigned)info->width, (unsigned)info->height);
    for (row = 0; row < info->height; ++row) /* the padding on the right and below is left out */
        fwrite(pixels + (size_t)row * columns * 3, 3, info->width, file);
    if (fclose(file) != 0)
        quit(path, "cannot be written");
}

static void write_picture(const char *folder, uint32_t stride, const tfcomp_image_info *info,
                          const int32_t *latents, const char *out)
{
    char model[4096];
    uint8_t *pixels;

    snprintf(model, sizeof model, "%s/decoder.tflite", folder);
    pixels = litert_decode(model, latents, info->rows, info->columns, info->channels, stride,
                           info->quality);
    if (pixels == NULL)
        quit(model, "LiteRT cannot run it");
    write_ppm(out, pixels, info->columns * stride, info);
    free(pixels);
}

static void open_networks(const char *folder, const bundle_manifest *manifest,
                          tfcomp_hyperprior_networks *networks)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/entropy.tflite", folder);
    open_entropy_networks(path, &manifest->hyperprior, networks);
}
#else
static int is_for_latents(const char *path)
{
    return path != NULL;
}

static void write_picture(const char *folder, uint32_t stride, const tfcomp_image_info *info,
                          const int32_t *latents, const char *out)
{
    (void)folder, (void)stride, (void)info, (void)latents, (void)out;
}

static void need_litert(void)
{
    quit("a hyperprior", "its networks need LiteRT: build with -DLITERT_LIBRARY=...");
}

static tfcomp_status no_synthesis(void *self, const int32_t *hyper_latents, uint32_t height,
                                  uint32_t width, unsigned quality, float *made)
{
    (void)self, (void)hyper_latents, (void)height, (void)width, (void)quality, (void)made;
    need_litert();
    return TFCOMP_BAD_ARGUMENT;
}

static tfcomp_status no_parameters(void *self, const tfcomp_hyperprior_pass *pass,
                                   const float *inputs, uint32_t height, uint32_t width,
                                   unsigned quality, int32_t *made)
{
    (void)self, (void)pass, (void)inputs, (void)height, (void)width, (void)quality, (void)made;
    need_litert();
    return TFCOMP_BAD_ARGUMENT;
}

/* What is wrong with a file is said all the same. */
static void open_networks(const char *folder, const bundle_manifest *manifest,
                          tfcomp_hyperprior_networks *networks)
{
    (void)folder, (void)manifest;
    networks->features = 1;
    networks->hyper_synthesis = no_synthesis;
    networks->parameters = no_parameters;
}

static void close_entropy_networks(tfcomp_hyperprior_networks *networks)
{
    (void)networks;
}
#endif

/* The decoder of a bundle; `networks` are its own where it has a hyperprior. */
static tfcomp_decoder *open_decoder(const char *folder, bundle_manifest *manifest,
                                    tfcomp_hyperprior_networks *networks)
{
    tfcomp_decoder_settings *settings = &manifest->settings;
    tfcomp_decoder *decoder;
    tfcomp_status status;
    uint8_t *npz = read_file(folder, "tables.npz", &settings->tables_length);

    settings->tables = npz;
    if (settings->kind == TFCOMP_HYPERPRIOR) {
        open_networks(folder, manifest, networks);
        settings->networks = networks;
    }
    status = tfcomp_decoder_create(settings, &decoder);
    free(npz);
    if (status != TFCOMP_OK)
        quit(folder, tfcomp_status_text(status));
    return decoder;
}

int main(int count, char **arguments)
{
    bundle_manifest manifest;
    tfcomp_hyperprior_networks networks = {0};
    tfcomp_image_info info = {0};
    tfcomp_decoder *decoder;
    tfcomp_image *image;
    tfcomp_status status;
    const int32_t *latents;
    size_t length;
    uint8_t *file;

    if (count != 4)
        quit("use", "decode BUNDLE_FOLDER IN.tfcomp OUT.ppm");
    read_manifest(arguments[1], &manifest);
    file = read_file("", arguments[2], &length);
    decoder = open_decoder(arguments[1], &manifest, &networks);
    status = tfcomp_decode_file(decoder, file, length, &image);
    info.size = sizeof info;
    if (status == TFCOMP_OK)
        status = tfcomp_image_describe(image, &info);
    if (status != TFCOMP_OK)
        quit(arguments[2], tfcomp_status_text(status));
    latents = tfcomp_image_latents(image);
    if (is_for_latents(arguments[3]))
        write_latents(arguments[3], latents, (size_t)info.rows * info.columns * info.channels);
    else
        write_picture(arguments[1], manifest.settings.stride, &info, latents, arguments[3]);
    tfcomp_image_destroy(image);
    tfcomp_decoder_destroy(decoder);
    if (networks.self != NULL)
        close_entropy_networks(&networks);
    free(file);
    free_manifest(&manifest);
    return 0;
}
