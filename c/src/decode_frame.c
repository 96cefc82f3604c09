/* A file of any number of frames, and one of them to an image. */

#include <string.h>

#include "image.h"
#include "picture_file.h"
#include "sized.h"

/* What a decoder's bundle says, and the limits that a file of so many bytes has. */
static tfcomp_bundle_facts facts_of(const tfcomp_decoder *decoder, size_t length)
{
    const tfcomp_decoder_settings *s = &decoder->settings;
    tfcomp_bundle_facts facts = {{s->qualities, s->kind == TFCOMP_HYPERPRIOR ? 2 : 1,
                                  s->fixed_width, s->fixed_height, s->max_pixels},
                                 {0},
                                 s->stride,
                                 s->quality_steps > 1 ? s->quality_steps : 1,
                                 s->sequence != NULL,
                                 s->max_pixels};

    memcpy(facts.fingerprint, s->fingerprint, sizeof facts.fingerprint);
    if (s->max_pixels == 0 && s->fixed_width != 0) {
        facts.bundle.max_pixels = TFCOMP_MAX_PIXELS;
        facts.all_pixels = UINT64_MAX; /* as many frames as there are boxes */
    } else if (s->max_pixels == 0) {
        facts.bundle.max_pixels = tfcomp_pixel_limit(length);
        facts.all_pixels = (uint64_t)length * TFCOMP_PIXELS_PER_BYTE;
    } else if (facts.bundle.max_pixels > TFCOMP_MAX_PIXELS) {
        facts.bundle.max_pixels = TFCOMP_MAX_PIXELS;
    }
    return facts;
}

tfcomp_status tfcomp_file_open(const tfcomp_decoder *decoder, const uint8_t *bytes, size_t length,
                               unsigned flags, tfcomp_file **file)
{
    tfcomp_bundle_facts facts = facts_of(decoder, length);

    *file = NULL;
    if (flags & ~TFCOMP_PARTIAL)
        return TFCOMP_BAD_ARGUMENT;
    return tfcomp_file_read(&facts, bytes, length, (flags & TFCOMP_PARTIAL) != 0, file);
}

tfcomp_status tfcomp_file_describe(const tfcomp_file *file, tfcomp_file_info *info)
{
    return TFCOMP_GIVE_SIZED(info, &file->info, xmp) ? TFCOMP_OK : TFCOMP_BAD_ARGUMENT;
}

tfcomp_status tfcomp_frame_describe(const tfcomp_file *file, uint32_t number,
                                    tfcomp_frame_info *info)
{
    tfcomp_frame_info found = {0};
    tfcomp_coded_image image;
    const tfcomp_frame *frame;
    tfcomp_status status;

    if (number >= file->info.frames)
        return TFCOMP_BAD_ARGUMENT;
    frame = &file->frames[number];
    status = tfcomp_file_image(file, frame, 0, &image);
    if (status != TFCOMP_OK)
        return status;
    found.duration = frame->duration;
    found.quality = image.quality;
    found.is_grey = (uint32_t)frame->grey;
    found.tile_side = frame->tile_side;
    found.tiles = frame->tile_side ? (uint32_t)frame->count : 0;
    found.is_dependent = (uint32_t)frame->dependent;
    if (frame->alpha != 0) {
        const tfcomp_box *box = &file->boxes[frame->alpha];

        found.premultiplied = box->payload[0];
        found.alpha.bytes = box->payload + 1;
        found.alpha.length = box->length - 1;
    }
    return TFCOMP_GIVE_SIZED(info, &found, alpha) ? TFCOMP_OK : TFCOMP_BAD_ARGUMENT;
}

/* Puts a tile's latents among those of the whole. */
static void put_tile(const tfcomp_image *tile, uint32_t row, uint32_t column, tfcomp_image *whole)
{
    size_t width = (size_t)tile->info.columns * tile->info.channels, k;
    size_t stride = (size_t)whole->info.columns * whole->info.channels;
    int32_t *to = whole->latents + row * stride + (size_t)column * whole->info.channels;

    for (k = 0; k < tile->info.rows; ++k)
        memcpy(to + k * stride, tile->latents + k * width, width * sizeof *to);
}

/* What the bundle's networks take. */
static uint32_t network_quality(const tfcomp_decoder *decoder, const tfcomp_coded_image *coded)
{
    return decoder->settings.quality_steps > 1 ? coded->quality : coded->container.quality;
}

static tfcomp_status decode_tile(const tfcomp_decoder *decoder, const tfcomp_coded_image *coded,
                                 uint64_t max_pixels, tfcomp_image **tile)
{
    tfcomp_image_info info = {0};
    tfcomp_status status;

    info.quality = network_quality(decoder, coded);
    info.width = coded->container.width;
    info.height = coded->container.height;
    status = tfcomp_image_make(decoder, &info, max_pixels, tile);
    return status == TFCOMP_OK
               ? tfcomp_image_decode(decoder, &coded->container, coded->cut, NULL, *tile)
               : status;
}

static tfcomp_status decode_tiles(const tfcomp_decoder *decoder, const tfcomp_file *file,
                                  const tfcomp_frame *frame, tfcomp_image *image)
{
    uint32_t across = (frame->width - 1) / frame->tile_side + 1;
    uint32_t side = frame->tile_side / decoder->settings.stride;
    tfcomp_status status = TFCOMP_OK;
    tfcomp_coded_image coded;
    tfcomp_image *tile;
    size_t k;

    memset(image->latents, 0,
           (size_t)image->info.rows * image->info.columns * image->info.channels *
               sizeof *image->latents);
    for (k = 0; k < frame->count && status == TFCOMP_OK; ++k) {
        tile = NULL;
        status = tfcomp_file_image(file, frame, k, &coded);
        if (status == TFCOMP_OK)
            status = decode_tile(decoder, &coded, file->facts.bundle.max_pixels, &tile);
        if (status == TFCOMP_DAMAGED && coded.cut)
            status = TFCOMP_OK; /* too little of it: zeros */
        else if (status == TFCOMP_OK)
            put_tile(tile, (uint32_t)(k / across) * side, (uint32_t)(k % across) * side, image);
        tfcomp_image_destroy(tile);
    }
    return status;
}

/* before: the frame on which this one depends, or NULL. */
static tfcomp_status decode_frame(const tfcomp_decoder *decoder, const tfcomp_file *file,
                                  const tfcomp_frame *frame, const tfcomp_image *before,
                                  tfcomp_image **image)
{
    tfcomp_image_info info = {0};
    tfcomp_coded_image first;
    tfcomp_status status = tfcomp_file_image(file, frame, 0, &first);

    *image = NULL;
    if (status != TFCOMP_OK)
        return status;
    info.quality = network_quality(decoder, &first);
    info.width = frame->width;
    info.height = frame->height;
    info.is_grey = (uint32_t)frame->grey;
    status = tfcomp_image_make(decoder, &info, file->facts.bundle.max_pixels, image);
    if (status == TFCOMP_OK)
        status = frame->tile_side != 0
                     ? decode_tiles(decoder, file, frame, *image)
                     : tfcomp_image_decode(decoder, &first.container, first.cut, before, *image);
    if (status != TFCOMP_OK) {
        tfcomp_image_destroy(*image);
        *image = NULL;
    }
    return status;
}

tfcomp_status tfcomp_decode_frame_after(const tfcomp_decoder *decoder, const tfcomp_file *file,
                                        uint32_t number, const tfcomp_image *before,
                                        tfcomp_image **image)
{
    const tfcomp_frame *frames = file->frames;
    tfcomp_image *last = NULL, *next;
    tfcomp_status status;
    uint32_t k = number;

    *image = NULL;
    if (number >= file->info.frames ||
        memcmp(decoder->settings.fingerprint, file->facts.fingerprint, 4) != 0)
        return TFCOMP_BAD_ARGUMENT;
    if (before != NULL && frames[number].dependent)
        return decode_frame(decoder, file, &frames[number], before, image);
    while (frames[k].dependent) /* the first frame is not */
        --k;
    for (;; ++k) {
        status = decode_frame(decoder, file, &frames[k], last, &next);
        tfcomp_image_destroy(last);
        if (status != TFCOMP_OK)
            return status;
        if (k == number)
            break;
        last = next;
    }
    *image = next;
    return TFCOMP_OK;
}

tfcomp_status tfcomp_decode_frame(const tfcomp_decoder *decoder, const tfcomp_file *file,
                                  uint32_t number, tfcomp_image **image)
{
    return tfcomp_decode_frame_after(decoder, file, number, NULL, image);
}
