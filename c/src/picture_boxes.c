/* The boxes of a file that pictures are made of; what goes with them is noted on the way. */

#include <stdlib.h>
#include <string.h>

#include "picture_file.h"

enum { METADATA_BYTES = 16 << 20 };

int tfcomp_make_room(void **elements, size_t count, size_t size)
{
    void *more;

    if (count != 0 && (count < 16 || (count & (count - 1)) != 0))
        return 1;
    more = realloc(*elements, size * (count < 16 ? 16 : 2 * count));
    if (more == NULL)
        return 0;
    *elements = more;
    return 1;
}

static tfcomp_status note_metadata(tfcomp_bytes *noted, const tfcomp_box *box)
{
    if (!box->whole)
        return TFCOMP_OK;
    if (noted->bytes != NULL || box->length > METADATA_BYTES)
        return TFCOMP_DAMAGED;
    noted->bytes = box->payload;
    noted->length = box->length;
    return TFCOMP_OK;
}

static tfcomp_status keep_box(tfcomp_file *file, const tfcomp_box *box)
{
    tfcomp_file_info *info = &file->info;

    switch (box->type) {
    case 'c':
        return note_metadata(&info->icc_profile, box);
    case 'e':
        return note_metadata(&info->exif, box);
    case 'x':
        return note_metadata(&info->xmp, box);
    }
    if (box->type >= 'a') /* not known, and need not be */
        return TFCOMP_OK;
    if (strchr("IGDTSA", box->type) == NULL)
        return TFCOMP_NEWER_FORMAT;
    if (!tfcomp_make_room((void **)&file->boxes, file->box_count, sizeof *file->boxes))
        return TFCOMP_NO_MEMORY;
    file->boxes[file->box_count++] = *box;
    return TFCOMP_OK;
}

tfcomp_status tfcomp_file_read_boxes(tfcomp_file *file, const uint8_t *bytes, size_t length,
                                     int partial)
{
    tfcomp_boxes boxes;
    tfcomp_box box;
    tfcomp_status status;

    tfcomp_boxes_open(bytes, length, partial, &boxes);
    do {
        status = tfcomp_boxes_next(&boxes, &box);
        if (status == TFCOMP_OK && box.type != '\0')
            status = keep_box(file, &box);
    } while (status == TFCOMP_OK && box.type != '\0');
    file->info.whole = !boxes.cut;
    return status;
}
