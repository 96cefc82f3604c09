/* See tfcomp/bitstream/picture_reader.py. */

#include "picture_file.h"

#include <stdlib.h>
#include <string.h>

#include "parts.h"
#include "varint.h"

enum {
    LEAST_TILE = 64,
    PNG_START_BYTES = 16,
    PNG_HEADER_BYTES = 29,
    KIND_BYTES = 1, /* before the PNG file of a box `A` */
};

static const uint8_t png_start[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/* What is read of a file, and where its reader stands. */
typedef struct {
    tfcomp_file *file;
    size_t next;          /* box */
    int partial;
    uint64_t pixels_left; /* of all frames */
} reader;

/* The box that comes next; NULL where none does. */
static const tfcomp_box *ahead(const reader *r)
{
    return r->next < r->file->box_count ? &r->file->boxes[r->next] : NULL;
}

/* Where a box should come: TFCOMP_DAMAGED where none does, but for a partial file. */
static tfcomp_status expect_box(reader *r)
{
    if (ahead(r) != NULL)
        return TFCOMP_OK;
    r->file->info.whole = 0;
    return r->partial ? TFCOMP_OK : TFCOMP_DAMAGED;
}

static uint64_t most_pixels(const reader *r)
{
    uint64_t most = r->file->facts.bundle.max_pixels;

    return r->pixels_left < most ? r->pixels_left : most;
}

static tfcomp_status take_image(reader *r, const tfcomp_frame *before, tfcomp_coded_image *image)
{
    const tfcomp_box *box = &r->file->boxes[r->next++];
    tfcomp_status status =
        tfcomp_read_coded_image(box, &r->file->facts, most_pixels(r), before, image);

    if (status == TFCOMP_OK)
        r->pixels_left -= (uint64_t)image->container.width * image->container.height;
    return status;
}

/* One tile. quality: of the first, or -1. */
static tfcomp_status take_tile(reader *r, const tfcomp_frame *frame, uint32_t top, uint32_t left,
                               int64_t *quality)
{
    const tfcomp_bundle_facts *facts = &r->file->facts;
    uint32_t side = frame->tile_side;
    uint32_t width = frame->width - left < side ? frame->width - left : side;
    uint32_t height = frame->height - top < side ? frame->height - top : side;
    tfcomp_coded_image image;
    tfcomp_status status;

    if (ahead(r)->type != (frame->grey ? 'G' : 'I'))
        return TFCOMP_DAMAGED;
    status = take_image(r, NULL, &image);
    if (status != TFCOMP_OK)
        return status;
    if (image.container.width != width || image.container.height != height ||
        facts->bundle.fixed_width != 0 || side % (2 * (uint64_t)facts->stride) != 0 ||
        (*quality >= 0 && *quality != image.quality))
        return TFCOMP_DAMAGED;
    *quality = image.quality;
    return TFCOMP_OK;
}

/* All tiles after the box `T`; none (frame->count 0) where a partial file has not even one. */
static tfcomp_status take_tiles(reader *r, tfcomp_frame *frame)
{
    const tfcomp_box *box = &r->file->boxes[r->next++];
    const uint8_t *at = box->payload, *end = at + box->length;
    tfcomp_status status;
    int64_t quality = -1;
    uint64_t top, left;
    int cut;

    if (!tfcomp_read_varint(&at, end, &frame->width) ||
        !tfcomp_read_varint(&at, end, &frame->height) ||
        !tfcomp_read_varint(&at, end, &frame->tile_side) || at != end)
        return TFCOMP_DAMAGED;
    status = tfcomp_check_size(frame->width, frame->height, most_pixels(r));
    if (status != TFCOMP_OK)
        return status;
    if (frame->tile_side < LEAST_TILE || frame->tile_side % LEAST_TILE != 0)
        return TFCOMP_DAMAGED;
    frame->first = r->next;
    frame->grey = ahead(r) != NULL && ahead(r)->type == 'G';
    for (top = 0; top < frame->height; top += frame->tile_side) {
        for (left = 0; left < frame->width; left += frame->tile_side) {
            if (ahead(r) == NULL)
                return expect_box(r);
            cut = !ahead(r)->whole;
            status = take_tile(r, frame, (uint32_t)top, (uint32_t)left, &quality);
            if (cut && frame->count > 0 && status != TFCOMP_OK && status != TFCOMP_OTHER_BUNDLE)
                return TFCOMP_OK; /* too little of a last tile */
            if (status != TFCOMP_OK)
                return status;
            ++frame->count;
        }
    }
    return TFCOMP_OK;
}

static tfcomp_status take_picture(reader *r, const tfcomp_frame *before, tfcomp_frame *frame)
{
    char type = ahead(r)->type;
    tfcomp_coded_image image;
    tfcomp_status status;

    frame->first = r->next;
    frame->count = 1;
    frame->grey = type == 'G';
    if (type == 'D') {
        if (before == NULL || before->tile_side != 0 || !r->file->facts.sequence)
            return TFCOMP_DAMAGED;
        frame->dependent = 1;
        frame->grey = before->grey;
    } else {
        before = NULL;
    }
    status = take_image(r, before, &image);
    frame->width = image.container.width;
    frame->height = image.container.height;
    return status;
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static tfcomp_status take_alpha(reader *r, tfcomp_frame *frame)
{
    const tfcomp_box *box = ahead(r);
    const uint8_t *png;

    if (box == NULL || box->type != 'A')
        return TFCOMP_OK;
    frame->alpha = r->next++;
    if (!box->whole) {
        frame->alpha = 0;
        return TFCOMP_OK;
    }
    png = box->payload + KIND_BYTES;
    /* One channel of 8 bits, deflate, the usual filters, not interlaced. */
    if (box->length < KIND_BYTES + PNG_HEADER_BYTES || box->payload[0] > 1 ||
        memcmp(png, png_start, PNG_START_BYTES) != 0 ||
        big_endian(png + PNG_START_BYTES) != frame->width ||
        big_endian(png + PNG_START_BYTES + 4) != frame->height ||
        memcmp(png + PNG_START_BYTES + 8, "\x08\0\0\0\0", 5) != 0)
        return TFCOMP_DAMAGED;
    return TFCOMP_OK;
}

/* The next frame into the file's, with its alpha; none where a partial file has none to show. */
static tfcomp_status take_frame(reader *r, uint32_t duration)
{
    tfcomp_file *file = r->file;
    uint32_t count = file->info.frames;
    tfcomp_frame *before = count > 0 ? &file->frames[count - 1] : NULL, frame = {0};
    const tfcomp_box *box;
    tfcomp_status status = expect_box(r);

    if (status != TFCOMP_OK || (box = ahead(r)) == NULL)
        return status;
    if (strchr("IGDT", box->type) == NULL)
        return TFCOMP_DAMAGED;
    if (!box->whole && (before != NULL || box->type == 'T')) {
        ++r->next;
        return TFCOMP_OK;
    }
    frame.duration = duration;
    status = box->type == 'T' ? take_tiles(r, &frame) : take_picture(r, before, &frame);
    if (status != TFCOMP_OK || frame.count == 0)
        return status;
    if (before != NULL && (frame.width != before->width || frame.height != before->height))
        return TFCOMP_DAMAGED;
    status = take_alpha(r, &frame);
    if (status != TFCOMP_OK)
        return status;
    if (!tfcomp_make_room((void **)&file->frames, count, sizeof frame))
        return TFCOMP_NO_MEMORY;
    file->frames[file->info.frames++] = frame;
    return TFCOMP_OK;
}

/* As many frames of one duration; fewer where a partial file has no more. */
static tfcomp_status take_frames(reader *r, uint32_t count, uint32_t duration)
{
    tfcomp_status status = TFCOMP_OK;
    uint32_t before;

    for (; count > 0 && status == TFCOMP_OK; --count) {
        before = r->file->info.frames;
        status = take_frame(r, duration);
        if (r->file->info.frames == before)
            return status;
    }
    return status;
}

static tfcomp_status take_run(const uint8_t **at, const uint8_t *end, uint32_t *count,
                              uint32_t *duration)
{
    return tfcomp_read_varint(at, end, count) && tfcomp_read_varint(at, end, duration) &&
                   *count >= 1 && *duration >= 1 && *duration <= INT32_MAX
               ? TFCOMP_OK
               : TFCOMP_DAMAGED;
}

static tfcomp_status take_sequence(reader *r)
{
    const tfcomp_box *box = &r->file->boxes[r->next++];
    const uint8_t *at = box->payload, *end = at + box->length, *runs;
    uint32_t count, duration;
    uint64_t all = 0;
    tfcomp_status status = TFCOMP_OK;

    r->file->info.is_sequence = 1;
    if (!tfcomp_read_varint(&at, end, &r->file->info.loops))
        return TFCOMP_DAMAGED;
    for (runs = at; at != end; all += count) {
        if (take_run(&at, end, &count, &duration) != TFCOMP_OK)
            return TFCOMP_DAMAGED;
    }
    if (all < 1 || all > TFCOMP_MOST_BOXES)
        return TFCOMP_DAMAGED;
    for (at = runs; at != end && status == TFCOMP_OK;) {
        status = take_run(&at, end, &count, &duration);
        if (status == TFCOMP_OK)
            status = take_frames(r, count, duration);
    }
    return status;
}

static tfcomp_status read_version_2(tfcomp_file *file, const uint8_t *bytes, size_t length,
                                    int partial)
{
    reader r = {file, 0, partial, file->facts.all_pixels};
    tfcomp_status status = tfcomp_file_read_boxes(file, bytes, length, partial);

    file->info.version = 2;
    if (status != TFCOMP_OK)
        return status;
    status = ahead(&r) != NULL && ahead(&r)->type == 'S' ? take_sequence(&r)
                                                          : take_frames(&r, 1, 0);
    if (status != TFCOMP_OK)
        return status;
    return r.next < file->box_count || file->info.frames == 0 ? TFCOMP_DAMAGED : TFCOMP_OK;
}

static tfcomp_status read_version_1(tfcomp_file *file, const uint8_t *bytes, size_t length,
                                    int partial)
{
    static const uint8_t unread[4] = {0};
    tfcomp_bundle bundle = file->facts.bundle;
    tfcomp_container container;
    tfcomp_status status;
    tfcomp_box box = {'\0', bytes, length, 1};

    if (file->facts.all_pixels < bundle.max_pixels)
        bundle.max_pixels = file->facts.all_pixels;
    status = tfcomp_container_parse(bytes, length, &bundle, &container);
    /* Before all else, as another bundle's file may look damaged. It is zeros where the CRC is. */
    if (memcmp(container.fingerprint, file->facts.fingerprint, sizeof unread) != 0 &&
        (status == TFCOMP_OK || memcmp(container.fingerprint, unread, sizeof unread) != 0))
        return TFCOMP_OTHER_BUNDLE;
    if (status == TFCOMP_DAMAGED && partial) {
        box.whole = 0;
        status = tfcomp_container_parse_cut(bytes, length, &bundle, &container);
        if (status == TFCOMP_OK &&
            memcmp(container.fingerprint, file->facts.fingerprint, sizeof unread) != 0)
            return TFCOMP_OTHER_BUNDLE;
    }
    if (status != TFCOMP_OK)
        return status;
    file->boxes = (tfcomp_box *)malloc(sizeof box);
    file->frames = (tfcomp_frame *)calloc(1, sizeof *file->frames);
    if (file->boxes == NULL || file->frames == NULL)
        return TFCOMP_NO_MEMORY;
    file->boxes[0] = box;
    file->box_count = 1;
    file->frames[0].width = container.width;
    file->frames[0].height = container.height;
    file->frames[0].count = 1;
    file->info.version = 1;
    file->info.frames = 1;
    file->info.whole = (uint32_t)box.whole;
    return TFCOMP_OK;
}

tfcomp_status tfcomp_file_read(const tfcomp_bundle_facts *facts, const uint8_t *bytes,
                               size_t length, int partial, tfcomp_file **file)
{
    tfcomp_file *made = (tfcomp_file *)calloc(1, sizeof *made);
    tfcomp_status status;

    *file = NULL;
    if (made == NULL)
        return TFCOMP_NO_MEMORY;
    made->facts = *facts;
    status = tfcomp_has_boxes(bytes, length) ? read_version_2(made, bytes, length, partial)
                                             : read_version_1(made, bytes, length, partial);
    if (status != TFCOMP_OK) {
        tfcomp_file_close(made);
        return status;
    }
    made->info.width = made->frames[0].width;
    made->info.height = made->frames[0].height;
    *file = made;
    return TFCOMP_OK;
}

void tfcomp_file_close(tfcomp_file *file)
{
    if (file == NULL)
        return;
    free(file->boxes);
    free(file->frames);
    free(file);
}

tfcomp_status tfcomp_file_image(const tfcomp_file *file, const tfcomp_frame *frame, size_t number,
                                tfcomp_coded_image *image)
{
    const tfcomp_box *box = &file->boxes[frame->first + number];
    tfcomp_status status;

    if (file->info.version == 2)
        return tfcomp_read_coded_image(box, &file->facts, TFCOMP_MAX_PIXELS,
                                       frame->dependent ? frame : NULL, image);
    memset(image, 0, sizeof *image);
    image->cut = !box->whole;
    status = (image->cut ? tfcomp_container_parse_cut : tfcomp_container_parse)(
        box->payload, box->length, &file->facts.bundle, &image->container);
    image->quality = TFCOMP_QUALITY_STEPS * (image->container.quality - 1);
    return status;
}
