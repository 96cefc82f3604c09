/* The .tfcomp container, format version 1, and the section of a factorized prior within it; the
   section of bits is in bits.h. */

#ifndef TFCOMP_CONTAINER_H
#define TFCOMP_CONTAINER_H

#include "tfcomp/range_coder.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TFCOMP_MAX_SECTIONS 8
#define TFCOMP_MAX_PIXELS 89478485u
/* A byte for a square of 128x128. The flattest pictures take a byte for 740 (spec/format.md). */
#define TFCOMP_PIXELS_PER_BYTE 16384u

/* What the manifest of a file's bundle says about it. fixed_width and fixed_height: 0 where the
   bundle takes any size. max_pixels: 0 for TFCOMP_MAX_PIXELS; for a file that may be hostile use
   tfcomp_pixel_limit. */
typedef struct {
    unsigned qualities;
    unsigned section_count;
    uint32_t fixed_width, fixed_height;
    uint64_t max_pixels;
} tfcomp_bundle;

/* A file taken apart. The sections point into the file's bytes. */
typedef struct {
    uint8_t fingerprint[4];
    unsigned quality; /* from 1 */
    uint32_t width, height;
    struct {
        const uint8_t *bytes;
        size_t length;
    } sections[TFCOMP_MAX_SECTIONS];
    unsigned section_count;
} tfcomp_container;

/* The largest image that a file of so many bytes is taken to hold: a few bytes that claim many
   megapixels cost as much as a picture of that size. */
uint64_t tfcomp_pixel_limit(size_t file_bytes);

/* Checks a file, CRC and all, and takes it apart. Whether its fingerprint is the bundle's is for
   the caller to compare: it is given as soon as the CRC is right, even where what follows is not
   as the bundle has it; before that it is zeros. */
TFCOMP_NODISCARD tfcomp_status tfcomp_container_parse(const uint8_t *file, size_t length,
                                                      const tfcomp_bundle *bundle,
                                                      tfcomp_container *container);

/* Reads the section of a factorized prior into latents[height][width][channels]. height and width
   count latents: the image's, divided by the bundle's stride and rounded up. An image may be one
   pixel wide: bound height * width before the latents are allocated. */
TFCOMP_NODISCARD tfcomp_status tfcomp_decode_factorized(const tfcomp_tables *tables,
                                                        const uint8_t *section, size_t length,
                                                        unsigned quality, uint32_t height,
                                                        uint32_t width, uint32_t channels,
                                                        int32_t *latents);

/* zlib's CRC-32. */
uint32_t tfcomp_crc32(const uint8_t *bytes, size_t length);

#ifdef __cplusplus
}
#endif
#endif
