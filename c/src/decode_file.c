/* A whole file of one picture to an image: the calls that know no frames. */

#include <string.h>

#include "boxes.h"
#include "picture_file.h"
#include "parts.h"
#include "sized.h"
#include "varint.h"

/* The first picture's bundle and quality, once all boxes are sound. */
static tfcomp_status read_first_picture(const uint8_t *file, size_t length,
                                        tfcomp_file_header *found)
{
    tfcomp_boxes boxes;
    tfcomp_box box;
    tfcomp_status status;
    const uint8_t *at;

    tfcomp_boxes_open(file, length, 0, &boxes);
    do {
        status = tfcomp_boxes_next(&boxes, &box);
        if (status != TFCOMP_OK)
            return status;
        if (box.type >= 'A' && box.type <= 'Z' && strchr("IGDTSA", box.type) == NULL)
            return TFCOMP_NEWER_FORMAT;
        if (found->quality == 0 && (box.type == 'I' || box.type == 'G')) {
            at = box.payload + sizeof found->fingerprint;
            if (box.length < sizeof found->fingerprint ||
                !tfcomp_read_varint(&at, box.payload + box.length, &found->quality))
                return TFCOMP_DAMAGED;
            memcpy(found->fingerprint, box.payload, sizeof found->fingerprint);
            found->quality = 1 + found->quality / TFCOMP_QUALITY_STEPS;
        }
    } while (box.type != '\0');
    return found->quality == 0 ? TFCOMP_DAMAGED : TFCOMP_OK;
}

tfcomp_status tfcomp_read_header(const uint8_t *file, size_t length, tfcomp_file_header *header)
{
    tfcomp_container container;
    tfcomp_file_header found = {0};
    tfcomp_status status;

    if (tfcomp_has_boxes(file, length)) {
        found.version = 2;
        status = read_first_picture(file, length, &found);
    } else {
        found.version = 1;
        status = tfcomp_read_start(file, length, &container);
        memcpy(found.fingerprint, container.fingerprint, sizeof found.fingerprint);
        found.quality = container.quality;
    }
    if (status != TFCOMP_OK)
        return status;
    return TFCOMP_GIVE_SIZED(header, &found, quality) ? TFCOMP_OK : TFCOMP_BAD_ARGUMENT;
}

tfcomp_status tfcomp_decode_file(const tfcomp_decoder *decoder, const uint8_t *file, size_t length,
                                 tfcomp_image **image)
{
    tfcomp_file *opened;
    tfcomp_status status = tfcomp_file_open(decoder, file, length, 0, &opened);

    *image = NULL;
    if (status != TFCOMP_OK)
        return status;
    status = opened->info.is_sequence || opened->frames[0].alpha != 0
                 ? TFCOMP_UNSUPPORTED
                 : tfcomp_decode_frame(decoder, opened, 0, image);
    tfcomp_file_close(opened);
    return status;
}
