/* A file of either version, taken apart and checked: see tfcomp/bitstream/picture_reader.py. */

#ifndef TFCOMP_SRC_PICTURE_FILE_H
#define TFCOMP_SRC_PICTURE_FILE_H

#include "boxes.h"
#include "tfcomp/picture_file.h"

enum { TFCOMP_QUALITY_STEPS = 32 }; /* between two levels */

/* What a reader knows of the bundle that wrote a file. */
typedef struct {
    tfcomp_bundle bundle; /* its max_pixels are one frame's */
    uint8_t fingerprint[4];
    uint32_t stride, quality_steps;
    int sequence;        /* whether it has dependent frames */
    uint64_t all_pixels; /* of all frames together */
} tfcomp_bundle_facts;

typedef struct {
    uint32_t width, height, tile_side, duration;
    size_t first, count; /* of its pictures among the boxes: one, or the tiles */
    size_t alpha;        /* the number of its box; 0 for none, as the first box is never one */
    int grey, dependent;
} tfcomp_frame;

struct tfcomp_file {
    tfcomp_bundle_facts facts;
    tfcomp_file_info info;
    tfcomp_box *boxes; /* that pictures are made of; of version 1 one, the file */
    size_t box_count;
    tfcomp_frame *frames; /* as many as info.frames */
};

/* A picture of a box. */
typedef struct {
    tfcomp_container container; /* its quality is the level below */
    uint32_t quality;           /* 32 * (level - 1) */
    int cut;                    /* whether its last section is */
} tfcomp_coded_image;

tfcomp_status tfcomp_file_read(const tfcomp_bundle_facts *facts, const uint8_t *bytes,
                               size_t length, int partial, tfcomp_file **file);

/* Fills `boxes`, `info.whole` and what is not of pictures. */
tfcomp_status tfcomp_file_read_boxes(tfcomp_file *file, const uint8_t *bytes, size_t length,
                                     int partial);

/* Room for one more than `count` elements, in steps: 16, 32, 64 ...; 0 where there is none. */
int tfcomp_make_room(void **elements, size_t count, size_t size);

/* One of a frame's pictures. It was read when the file was. */
tfcomp_status tfcomp_file_image(const tfcomp_file *file, const tfcomp_frame *frame, size_t number,
                                tfcomp_coded_image *image);

/* Reads the payload of a box `I` or `G`, or, depending on `before`, of a `D`. */
tfcomp_status tfcomp_read_coded_image(const tfcomp_box *box, const tfcomp_bundle_facts *facts,
                                      uint64_t max_pixels, const tfcomp_frame *before,
                                      tfcomp_coded_image *image);

#endif
