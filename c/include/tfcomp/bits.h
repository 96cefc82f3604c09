/* The section of a file whose latents are bits, each coded in the light of bits known before it. */

#ifndef TFCOMP_BITS_H
#define TFCOMP_BITS_H

#include "tfcomp/range_coder.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TFCOMP_MAX_CONTEXT_BITS 10

/* What the manifest's "entropy" object of a bundle of kind "bits" says: spec/format.md. */
typedef struct {
    const uint32_t *groups; /* channels that are coded together, in coding order */
    size_t group_count;
    uint32_t checkerboard; /* how many of the first groups have two passes */
    uint32_t rows_per_stream;
    const uint32_t *sent; /* how many channels each quality sends */
    size_t quality_count;
    const int32_t *contexts; /* for each channel of each pass, context_bits places */
    size_t context_count;    /* of places in all */
    unsigned context_bits;
} tfcomp_bit_layout;

/* Channels of the latents: the sum of the groups. 0 where the layout cannot be used. */
uint32_t tfcomp_bit_channels(const tfcomp_bit_layout *layout);

/* Reads the section into bits[height][width][channels] of 0 and 1; 0 where the quality does not
   send. height and width count latents, as in tfcomp_decode_factorized; bound their product before
   the bits are allocated. */
TFCOMP_NODISCARD tfcomp_status tfcomp_decode_bits(const tfcomp_tables *tables,
                                                  const tfcomp_bit_layout *layout,
                                                  const uint8_t *section, size_t length,
                                                  unsigned quality, uint32_t height, uint32_t width,
                                                  int32_t *bits);

#ifdef __cplusplus
}
#endif
#endif
