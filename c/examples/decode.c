/* Decodes a .tfcomp file with the bundle that wrote it.

       decode BUNDLE_FOLDER IN.tfcomp OUT.ppm
       decode BUNDLE_FOLDER IN.tfcomp OUT.latents

   The second stops at the latents: OUT gets their int32 [rows, columns, channels], row by row in the
   machine's byte order. Built without LiteRT the program always stops there, and a hyperprior's
   latents it cannot read: networks run between them. A grey picture's OUT is a PGM file, one of
   other channels a PAM file, and float32 samples are written as they are, [height, width, channels].

   After the names there may be

       --frame N    of a sequence, from 0, which is the default
       --partial    decode what there is of a file that breaks off
       --sidecars   write the frame's alpha, the profile, Exif and XMP beside OUT, those that there
                    are: OUT.alpha.png (OUT.premultiplied.png where colours are), OUT.icc, OUT.exif,
                    OUT.xmp */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle_folder.h"
#include "tfcomp/picture_file.h"
#ifdef HAVE_LITERT
#include "litert_decoder.h"
#include "litert_entropy.h"
#endif

static void write_bytes(const char *path, const char *ending, const void *bytes, size_t length)
{
    char whole[4096];
    FILE *file;

    snprintf(whole, sizeof whole, "%s%s", path, ending);
    file = fopen(whole, "wb");
    if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        quit(whole, "cannot be written");
}

static void write_sidecar(const char *path, const char *ending, tfcomp_bytes part)
{
    if (part.bytes != NULL)
        write_bytes(path, ending, part.bytes, part.length);
}

#ifdef HAVE_LITERT
static int is_for_latents(const char *path)
{
    static const char ending[] = ".latents";
    size_t length = strlen(path), end = sizeof ending - 1;

    return length >= end && strcmp(path + length - end, ending) == 0;
}

/* The formats of Netpbm: PGM and PPM, or PAM of other channels; none of float32 samples. */
static void write_header(FILE *file, const bundle_image *image, const tfcomp_image_info *info)
{
    unsigned width = info->width, height = info->height, most = (1u << image->bits) - 1;

    if (image->bits == 0)
        return;
    if (image->channels == 1 || image->channels == 3)
        fprintf(file, "P%c\n%u %u\n%u\n", image->channels == 1 ? '5' : '6', width, height, most);
    else
        fprintf(file, "P7\nWIDTH %u\nHEIGHT %u\nDEPTH %u\nMAXVAL %u\nENDHDR\n", width, height,
                (unsigned)image->channels, most);
}

/* Netpbm has the higher byte first. */
static void put_higher_bytes_first(uint8_t *bytes, size_t samples)
{
    size_t k;

    for (k = 0; k < samples; ++k, bytes += 2) {
        uint16_t value;

        memcpy(&value, bytes, sizeof value);
        bytes[0] = (uint8_t)(value >> 8);
        bytes[1] = (uint8_t)value;
    }
}

static void write_pixels(const char *path, uint8_t *pixels, uint32_t columns,
                         const bundle_image *image, const tfcomp_image_info *info)
{
    size_t sample = image->bits == 0 ? 4 : image->bits == 8 ? 1 : 2;
    size_t pixel = sample * image->channels;
    FILE *file = fopen(path, "wb");
    uint32_t row;

    if (file == NULL)
        quit(path, "cannot be written");
    write_header(file, image, info);
    for (row = 0; row < info->height; ++row) { /* the padding on the right and below is left out */
        uint8_t *first = pixels + row * columns * pixel;

        if (sample == 2)
            put_higher_bytes_first(first, (size_t)info->width * image->channels);
        fwrite(first, pixel, info->width, file);
    }
    if (fclose(file) != 0)
        quit(path, "cannot be written");
}

static void write_picture(const char *folder, const bundle_manifest *manifest,
                          const tfcomp_image_info *info, const int32_t *latents, const char *out)
{
    uint32_t stride = manifest->settings.stride;
    bundle_image image = manifest->image;
    char model[4096];
    uint8_t *pixels;

    snprintf(model, sizeof model, "%s/decoder.tflite", folder);
    pixels = (uint8_t *)litert_decode(model, &image, latents, info->rows, info->columns,
                                      info->channels, stride, info->quality);
    if (pixels == NULL)
        quit(model, "LiteRT cannot run it");
    if (info->is_grey && image.channels == 3 && image.bits == 8) {
        tfcomp_grey(pixels, (size_t)info->rows * info->columns * stride * stride, pixels);
        image.channels = 1;
    }
    write_pixels(out, pixels, info->columns * stride, &image, info);
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

static void write_picture(const char *folder, const bundle_manifest *manifest,
                          const tfcomp_image_info *info, const int32_t *latents, const char *out)
{
    (void)folder, (void)manifest, (void)info, (void)latents, (void)out;
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

static void open_sequence_networks(const tfcomp_hyperprior_networks *networks,
                                   tfcomp_sequence_networks *sequence)
{
    (void)networks;
    sequence->parameters = no_parameters;
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
    tfcomp_sequence_networks sequence = {0};
    tfcomp_decoder *decoder;
    tfcomp_status status;
    uint8_t *npz = read_file(folder, "tables.npz", &settings->tables_length);

    settings->tables = npz;
    if (settings->kind == TFCOMP_HYPERPRIOR) {
        open_networks(folder, manifest, networks);
        settings->networks = networks;
        if (manifest->has_sequence) {
            open_sequence_networks(networks, &sequence);
            settings->sequence = &sequence;
        }
    }
    status = tfcomp_decoder_create(settings, &decoder);
    settings->sequence = NULL; /* copied */
    free(npz);
    if (status != TFCOMP_OK)
        quit(folder, tfcomp_status_text(status));
    return decoder;
}

typedef struct {
    uint32_t frame;
    unsigned flags;
    int sidecars;
} choices;

static choices read_choices(int count, char **arguments)
{
    choices c = {0, 0, 0};
    int k;

    for (k = 0; k < count; ++k) {
        if (strcmp(arguments[k], "--partial") == 0)
            c.flags |= TFCOMP_PARTIAL;
        else if (strcmp(arguments[k], "--sidecars") == 0)
            c.sidecars = 1;
        else if (strcmp(arguments[k], "--frame") == 0 && k + 1 < count)
            c.frame = (uint32_t)strtoul(arguments[++k], NULL, 10);
        else
            quit(arguments[k], "is no choice: --frame N, --partial, --sidecars");
    }
    return c;
}

static tfcomp_status write_sidecars(const tfcomp_file *file, uint32_t number, const char *out)
{
    tfcomp_file_info info = {0};
    tfcomp_frame_info frame = {0};
    tfcomp_status status;

    info.size = sizeof info;
    frame.size = sizeof frame;
    status = tfcomp_file_describe(file, &info);
    if (status == TFCOMP_OK)
        status = tfcomp_frame_describe(file, number, &frame);
    if (status != TFCOMP_OK)
        return status;
    write_sidecar(out, frame.premultiplied ? ".premultiplied.png" : ".alpha.png", frame.alpha);
    write_sidecar(out, ".icc", info.icc_profile);
    write_sidecar(out, ".exif", info.exif);
    write_sidecar(out, ".xmp", info.xmp);
    return TFCOMP_OK;
}

int main(int count, char **arguments)
{
    bundle_manifest manifest;
    tfcomp_hyperprior_networks networks = {0};
    tfcomp_image_info info = {0};
    tfcomp_decoder *decoder;
    tfcomp_file *file;
    tfcomp_image *image = NULL;
    tfcomp_status status;
    choices chosen;
    size_t length;
    uint8_t *bytes;

    if (count < 4)
        quit("use", "decode BUNDLE_FOLDER IN.tfcomp OUT.ppm [--frame N] [--partial] [--sidecars]");
    chosen = read_choices(count - 4, arguments + 4);
    read_manifest(arguments[1], &manifest);
    bytes = read_file("", arguments[2], &length);
    decoder = open_decoder(arguments[1], &manifest, &networks);
    info.size = sizeof info;
    status = tfcomp_file_open(decoder, bytes, length, chosen.flags, &file);
    if (status == TFCOMP_OK)
        status = tfcomp_decode_frame(decoder, file, chosen.frame, &image);
    if (status == TFCOMP_OK)
        status = tfcomp_image_describe(image, &info);
    if (status == TFCOMP_OK && chosen.sidecars)
        status = write_sidecars(file, chosen.frame, arguments[3]);
    if (status != TFCOMP_OK)
        quit(arguments[2], tfcomp_status_text(status));
    if (is_for_latents(arguments[3]))
        write_bytes(arguments[3], "", tfcomp_image_latents(image),
                    (size_t)info.rows * info.columns * info.channels * sizeof(int32_t));
    else
        write_picture(arguments[1], &manifest, &info, tfcomp_image_latents(image),
                      arguments[3]);
    tfcomp_image_destroy(image);
    tfcomp_file_close(file);
    tfcomp_decoder_destroy(decoder);
    if (networks.self != NULL)
        close_entropy_networks(&networks);
    free(bytes);
    free_manifest(&manifest);
    return 0;
}
