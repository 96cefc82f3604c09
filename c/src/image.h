/* A picture's latents. */

#ifndef TFCOMP_SRC_IMAGE_H
#define TFCOMP_SRC_IMAGE_H

#include "decoder.h"

struct tfcomp_image {
    tfcomp_image_info info;
    int32_t *latents;
    int32_t *hyper_latents; /* where a further frame may depend on them; else NULL */
};

/* An image of the size, quality and kind that `known` says, its latents not yet decoded. max_pixels
   bounds them with the padding: a picture one pixel wide has many times its area in them. */
tfcomp_status tfcomp_image_make(const tfcomp_decoder *decoder, const tfcomp_image_info *known,
                                uint64_t max_pixels, tfcomp_image **image);

/* cut: whether the last section is. before: the frame on which this one depends, or NULL. */
tfcomp_status tfcomp_image_decode(const tfcomp_decoder *decoder, const tfcomp_container *container,
                                  int cut, const tfcomp_image *before, tfcomp_image *image);

#endif
