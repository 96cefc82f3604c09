/* A whole file to an image: the container, then the sections of the bundle's kind. */

#include <stdlib.h>
#include <string.h>

#include "decoder.h"
#include "sized.h"

/* In padded pixels, as tfcomp/networks/padding.py: small pictures may be mostly padding. */
enum { PADDING_ALWAYS_FITS = 1 << 20 };

struct tfcomp_image {
    tfcomp_image_info info;
    int32_t *latents;
};

static tfcomp_status parse(const tfcomp_decoder *decoder, const uint8_t *file, size_t length,
                           tfcomp_container *container, uint64_t *max_pixels)
{
    static const uint8_t unread[4] = {0};
    const tfcomp_decoder_settings *s = &decoder->settings;
    tfcomp_bundle bundle = {s->qualities, s->kind == TFCOMP_HYPERPRIOR ? 2 : 1, s->fixed_width,
                            s->fixed_height, s->max_pixels};
    tfcomp_status status;

    if (bundle.max_pixels == 0)
        bundle.max_pixels = s->fixed_width ? TFCOMP_MAX_PIXELS : tfcomp_pixel_limit(length);
    if (bundle.max_pixels > TFCOMP_MAX_PIXELS)
        bundle.max_pixels = TFCOMP_MAX_PIXELS;
    *max_pixels = bundle.max_pixels;
    status = tfcomp_container_parse(file, length, &bundle, container);
    /* Before all else, as another bundle's file may look damaged. It is zeros where the CRC is. */
    if (memcmp(container->fingerprint, s->fingerprint, sizeof unread) != 0 &&
        (status == TFCOMP_OK || memcmp(container->fingerprint, unread, sizeof unread) != 0))
        return TFCOMP_OTHER_BUNDLE;
    return status;
}

/* The latents' sides; a picture one pixel wide has many times its area in them. */
static tfcomp_status measure(const tfcomp_decoder *decoder, const tfcomp_container *container,
                             uint64_t max_pixels, tfcomp_image_info *info)
{
    uint64_t stride = decoder->settings.stride, padded, most = 2 * max_pixels;

    info->quality = container->quality;
    info->width = container->width;
    info->height = container->height;
    info->columns = (uint32_t)((container->width - 1) / stride + 1);
    info->rows = (uint32_t)((container->height - 1) / stride + 1);
    info->channels = decoder->settings.channels;
    if (most < 2 * stride * stride)
        most = 2 * stride * stride;
    if (most < PADDING_ALWAYS_FITS)
        most = PADDING_ALWAYS_FITS;
    padded = (uint64_t)info->columns * info->rows * stride * stride;
    return padded > most || (uint64_t)info->columns * info->rows > SIZE_MAX / 4 / info->channels
               ? TFCOMP_TOO_LARGE
               : TFCOMP_OK;
}

static tfcomp_status decode_sections(const tfcomp_decoder *decoder,
                                     const tfcomp_container *container, tfcomp_image *image)
{
    const tfcomp_image_info *info = &image->info;
    const uint8_t *section = container->sections[0].bytes;
    size_t length = container->sections[0].length;

    switch (decoder->settings.kind) {
    case TFCOMP_FACTORIZED:
        return tfcomp_decode_factorized(decoder->tables, section, length, info->quality,
                                        info->rows, info->columns, info->channels, image->latents);
    case TFCOMP_BITS:
        return tfcomp_decode_bits(decoder->tables, &decoder->bits, section, length, info->quality,
                                  info->rows, info->columns, image->latents);
    case TFCOMP_HYPERPRIOR:
        return tfcomp_decode_hyperprior(decoder->hyper_tables, decoder->tables,
                                        &decoder->hyperprior, &decoder->networks, section, length,
                                        container->sections[1].bytes,
                                        container->sections[1].length, info->quality, info->rows,
                                        info->columns, image->latents);
    }
    return TFCOMP_BAD_ARGUMENT;
}

tfcomp_status tfcomp_decode_file(const tfcomp_decoder *decoder, const uint8_t *file, size_t length,
                                 tfcomp_image **image)
{
    tfcomp_container container;
    tfcomp_image_info info = {0};
    tfcomp_image *made;
    uint64_t max_pixels;
    tfcomp_status status = parse(decoder, file, length, &container, &max_pixels);

    *image = NULL;
    if (status == TFCOMP_OK)
        status = measure(decoder, &container, max_pixels, &info);
    if (status != TFCOMP_OK)
        return status;
    made = (tfcomp_image *)calloc(1, sizeof *made);
    if (made == NULL)
        return TFCOMP_NO_MEMORY;
    made->info = info;
    made->latents = (int32_t *)malloc((size_t)info.rows * info.columns * info.channels *
                                      sizeof *made->latents);
    status = made->latents == NULL ? TFCOMP_NO_MEMORY : decode_sections(decoder, &container, made);
    if (status == TFCOMP_OK)
        *image = made;
    else
        tfcomp_image_destroy(made);
    return status;
}

tfcomp_status tfcomp_image_describe(const tfcomp_image *image, tfcomp_image_info *info)
{
    return TFCOMP_GIVE_SIZED(info, &image->info, channels) ? TFCOMP_OK : TFCOMP_BAD_ARGUMENT;
}

const int32_t *tfcomp_image_latents(const tfcomp_image *image)
{
    return image->latents;
}

void tfcomp_image_destroy(tfcomp_image *image)
{
    if (image == NULL)
        return;
    free(image->latents);
    free(image);
}
