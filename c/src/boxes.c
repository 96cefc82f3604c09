#include "boxes.h"

#include <string.h>

#include "parts.h"
#include "varint.h"

enum { START_BYTES = 4, CRC_BYTES = 4, MOST_VARINT_BYTES = 5, END = '.' };

static int is_letter(uint8_t byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

int tfcomp_has_boxes(const uint8_t *file, size_t length)
{
    return length >= START_BYTES && memcmp(file, "\x89TC\x02", START_BYTES) == 0;
}

void tfcomp_boxes_open(const uint8_t *file, size_t length, int partial, tfcomp_boxes *boxes)
{
    memset(boxes, 0, sizeof *boxes);
    boxes->at = file + START_BYTES;
    boxes->end = file + length;
    boxes->partial = partial;
}

/* Where the file breaks off: that box is the last, or there is none. */
static tfcomp_status breaks_off(tfcomp_boxes *boxes)
{
    boxes->cut = 1;
    boxes->at = boxes->end;
    return boxes->partial ? TFCOMP_OK : TFCOMP_DAMAGED;
}

tfcomp_status tfcomp_boxes_next(tfcomp_boxes *boxes, tfcomp_box *box)
{
    const uint8_t *start = boxes->at, *at = start;
    uint32_t length;

    memset(box, 0, sizeof *box);
    if (at == boxes->end)
        return breaks_off(boxes);
    if (*at == END)
        return at + 1 == boxes->end ? TFCOMP_OK : TFCOMP_DAMAGED;
    if (!is_letter(*at) || boxes->count++ == TFCOMP_MOST_BOXES)
        return TFCOMP_DAMAGED;
    ++at;
    if (!tfcomp_read_varint(&at, boxes->end, &length))
        return boxes->end - start <= MOST_VARINT_BYTES ? breaks_off(boxes) : TFCOMP_DAMAGED;
    box->type = (char)*start;
    box->payload = at;
    box->length = length;
    if ((uint64_t)length + CRC_BYTES > (uint64_t)(boxes->end - at)) {
        if (length > (size_t)(boxes->end - at))
            box->length = (size_t)(boxes->end - at);
        return breaks_off(boxes);
    }
    at += length;
    box->whole = 1;
    boxes->at = at + CRC_BYTES;
    return tfcomp_crc32(start, (size_t)(at - start)) == tfcomp_little_endian(at) ? TFCOMP_OK
                                                                                 : TFCOMP_DAMAGED;
}
