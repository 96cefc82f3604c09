/* The boxes of a file of version 2: see tfcomp/bitstream/boxes.py. */

#ifndef TFCOMP_BOXES_H
#define TFCOMP_BOXES_H

#include <stddef.h>
#include <stdint.h>

#include "tfcomp/status.h"

enum { TFCOMP_MOST_BOXES = 65536 };

/* Where in a file a reader stands. */
typedef struct {
    const uint8_t *at, *end;
    size_t count; /* of boxes that were read */
    int partial;  /* whether a file that breaks off is read as far as it goes */
    int cut;      /* whether it does, and this is where */
} tfcomp_boxes;

/* One box; its payload lies in the file. */
typedef struct {
    char type; /* an ASCII letter; '\0' where the file ends */
    const uint8_t *payload;
    size_t length;
    int whole; /* 0 where the file breaks off inside it: its checksum is then unread */
} tfcomp_box;

/* Whether the bytes begin as a file of version 2. */
int tfcomp_has_boxes(const uint8_t *file, size_t length);

/* file: one for which tfcomp_has_boxes. */
void tfcomp_boxes_open(const uint8_t *file, size_t length, int partial, tfcomp_boxes *boxes);

/* The next box, its checksum right; at the file's end one of the type '\0'. */
tfcomp_status tfcomp_boxes_next(tfcomp_boxes *boxes, tfcomp_box *box);

#endif
