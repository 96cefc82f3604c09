/* Latents of a picture, and what decodes its sections into them. */

#include "image.h"

#include <stdlib.h>
#include <string.h>

#include "sections.h"
#include "sized.h"

/* In padded pixels, as tfcomp/networks/padding.py: small pictures may be mostly padding. */
enum { PADDING_ALWAYS_FITS = 1 << 20 };

/* The latents' sides, of the picture's; a picture one pixel wide has many times its area in them. */
static tfcomp_status measure(const tfcomp_decoder *decoder, uint64_t max_pixels, tfcomp_image_info *info)
{
    uint64_t stride = decoder->settings.stride, padded, most = 2 * max_pixels;

    info->columns = (uint32_t)((info->width - 1) / stride + 1);
    info->rows = (uint32_t)((info->height - 1) / stride + 1);
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

tfcomp_status tfcomp_image_make(const tfcomp_decoder *decoder, const tfcomp_image_info *known,
                                uint64_t max_pixels, tfcomp_image **image)
{
    tfcomp_image *made = (tfcomp_image *)calloc(1, sizeof *made);
    tfcomp_status status;

    *image = NULL;
    if (made == NULL)
        return TFCOMP_NO_MEMORY;
    made->info = *known;
    status = measure(decoder, max_pixels, &made->info);
    if (status == TFCOMP_OK) {
        made->latents = (int32_t *)malloc((size_t)made->info.rows * made->info.columns *
                                          made->info.channels * sizeof *made->latents);
        status = made->latents == NULL ? TFCOMP_NO_MEMORY : TFCOMP_OK;
    }
    if (status == TFCOMP_OK)
        *image = made;
    else
        tfcomp_image_destroy(made);
    return status;
}

/* The level whose tables serve for a quality as networks take it. */
static unsigned table_level(const tfcomp_decoder *decoder, uint32_t quality)
{
    uint32_t steps = decoder->settings.quality_steps;

    return steps > 1 ? 1 + (quality + steps / 2) / steps : quality;
}

/* Room for hyper-latents on which a further frame may depend; 0 where there is no memory. */
static int keep_hyper_latents(const tfcomp_decoder *decoder, tfcomp_image *image)
{
    size_t places = (size_t)((image->info.rows - 1) / 2 + 1) * ((image->info.columns - 1) / 2 + 1);

    if (decoder->settings.sequence == NULL)
        return 1;
    if (places > SIZE_MAX / 4 / decoder->hyperprior.hyper_channels)
        return 0;
    image->hyper_latents = (int32_t *)malloc(4 * places * decoder->hyperprior.hyper_channels);
    return image->hyper_latents != NULL;
}

static tfcomp_status decode_hyperprior(const tfcomp_decoder *decoder,
                                       const tfcomp_container *container, int cut,
                                       const tfcomp_image *before, tfcomp_image *image)
{
    const tfcomp_image_info *info = &image->info;
    tfcomp_frame_before was = {0};

    if (!keep_hyper_latents(decoder, image))
        return TFCOMP_NO_MEMORY;
    if (before != NULL) {
        was.latents = before->latents;
        was.hyper_latents = before->hyper_latents;
        if (was.hyper_latents == NULL || before->info.rows != info->rows ||
            before->info.columns != info->columns || before->info.channels != info->channels)
            return TFCOMP_BAD_ARGUMENT;
    }
    return tfcomp_read_hyperprior(
        before ? decoder->sequence_hyper_tables : decoder->hyper_tables,
        before ? decoder->sequence_tables : decoder->tables, &decoder->hyperprior,
        &decoder->networks, container->sections[0].bytes, container->sections[0].length,
        container->sections[1].bytes, container->sections[1].length, cut,
        table_level(decoder, info->quality), info->quality, info->rows, info->columns,
        decoder->settings.sequence, before ? &was : NULL, image->latents, image->hyper_latents);
}

tfcomp_status tfcomp_image_decode(const tfcomp_decoder *decoder, const tfcomp_container *container,
                                  int cut, const tfcomp_image *before, tfcomp_image *image)
{
    const tfcomp_image_info *info = &image->info;
    const uint8_t *section = container->sections[0].bytes;
    size_t length = container->sections[0].length;

    switch (decoder->settings.kind) {
    case TFCOMP_FACTORIZED:
        return tfcomp_read_factorized(decoder->tables, section, length, cut, info->quality,
                                        info->rows, info->columns, info->channels, image->latents);
    case TFCOMP_BITS:
        return tfcomp_read_bits(decoder->tables, &decoder->bits, section, length, cut, info->quality,
                                  info->rows, info->columns, image->latents,
                                  &image->info.quality);
    case TFCOMP_HYPERPRIOR:
        return decode_hyperprior(decoder, container, cut, before, image);
    }
    return TFCOMP_BAD_ARGUMENT;
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
    free(image->hyper_latents);
    free(image->latents);
    free(image);
}
