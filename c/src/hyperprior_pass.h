/* What decodes one pass of a hyperprior's second section, and the picture that it works on. */

#ifndef TFCOMP_HYPERPRIOR_PASS_H
#define TFCOMP_HYPERPRIOR_PASS_H

#include "rows.h"
#include "tfcomp/hyperprior.h"

enum { TFCOMP_HYPER_STRIDE = 2, TFCOMP_LARGEST_VALUE = 1 << 20 };

typedef struct {
    const tfcomp_hyperprior_layout *layout;
    const tfcomp_hyperprior_networks *networks;
    const tfcomp_tables *hyper_tables, *tables;
    unsigned level;   /* whose tables serve, from 1 */
    unsigned quality; /* as networks take it */
    int cut; /* whether the second section is */
    uint32_t height, width, channels;
    uint32_t hyper_height, hyper_width;
    const tfcomp_sequence_networks *sequence; /* and the frame before; both NULL of a frame */
    const tfcomp_frame_before *before;        /* by itself */
    int32_t *latents;
    int32_t *hyper;          /* [hyper_height][hyper_width][hyper_channels] */
    float *features;         /* [2 * hyper_height][2 * hyper_width][features] */
    float *inputs;           /* of one pass's network */
    int32_t *parameters;     /* what it gives: for each place means, then scale indices */
    int32_t *index, *values; /* of one stream */
} tfcomp_picture;

/* Reads the pass's streams into the picture's latents, which are 0 where nothing is decoded. */
tfcomp_status tfcomp_decode_pass(tfcomp_picture *p, const tfcomp_hyperprior_pass *pass,
                                 tfcomp_rows *streams);

/* Where the stream that begins with row `top` ends, if `rows` rows share one. */
uint32_t tfcomp_stripe_end(uint32_t top, uint32_t rows, uint32_t height);

#endif
