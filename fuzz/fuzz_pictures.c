/* A whole file of version 2, or one that breaks off, its fingerprints and checksums mended, to what
   it holds and to the latents of its frames. */

#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "mended_files.h"
#include "tfcomp/picture_file.h"

enum { MOST_FRAMES = 3 };

/* Reads every byte that a file hands out, so that one past the end is seen. */
static uint32_t sum_of(tfcomp_bytes part)
{
    return part.length > 0 ? tfcomp_crc32(part.bytes, part.length) : 0;
}

static void look_at(const known_bundle *bundle, const tfcomp_file *file, int partial)
{
    tfcomp_file_info info = {0};
    tfcomp_frame_info frame = {0};
    tfcomp_image *image;
    volatile uint32_t sum;
    uint32_t k;

    info.size = sizeof info;
    frame.size = sizeof frame;
    must(tfcomp_file_describe(file, &info) == TFCOMP_OK, "a file is described");
    must(info.frames >= 1 && info.width >= 1 && info.height >= 1, "it has a picture");
    must(partial || info.whole, "what is not whole is refused unless it is asked for");
    sum = sum_of(info.icc_profile) ^ sum_of(info.exif) ^ sum_of(info.xmp);
    for (k = 0; k < info.frames; ++k) {
        must(tfcomp_frame_describe(file, k, &frame) == TFCOMP_OK, "a frame is described");
        must(!frame.is_dependent && frame.quality % 32 == 0, "no bundle has these yet");
        must((frame.duration > 0) == (info.is_sequence != 0), "frames of sequences have durations");
        sum ^= sum_of(frame.alpha);
    }
    (void)sum;
    for (k = 0; k < info.frames && k < MOST_FRAMES; ++k) {
        tfcomp_status status = tfcomp_decode_frame(bundle->decoder, file, k, &image);

        must(is_known(status), "a frame is decoded, or something is wrong with the file");
        must((image != NULL) == (status == TFCOMP_OK), "a failure leaves nothing");
        sound_inputs += status == TFCOMP_OK && !partial;
        tfcomp_image_destroy(image);
    }
}

static tfcomp_status read_as(const known_bundle *bundle, const uint8_t *file, size_t length,
                             unsigned flags)
{
    tfcomp_file *opened;
    tfcomp_status status = tfcomp_file_open(bundle->decoder, file, length, flags, &opened);

    must(is_known(status), "with a sound bundle a file is read, or something is wrong with it");
    must((opened != NULL) == (status == TFCOMP_OK), "a failure leaves nothing");
    if (opened != NULL)
        look_at(bundle, opened, flags != 0);
    tfcomp_file_close(opened);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    uint8_t *file = (uint8_t *)room_for(length, 1);
    const known_bundle *bundle;
    tfcomp_file_header header = {0};
    tfcomp_status whole, partial;

    header.size = sizeof header;
    if (length > 0)
        memcpy(file, data, length);
    bundle = mend_boxes(file, length);
    whole = read_as(bundle, file, length, 0);
    partial = read_as(bundle, file, length, TFCOMP_PARTIAL);
    must(whole != TFCOMP_OK || partial == TFCOMP_OK, "what is whole can be read partially");
    must(whole != TFCOMP_OK || tfcomp_read_header(file, length, &header) == TFCOMP_OK,
         "what can be read has a header");
    free(file);
    return 0;
}
