/* Runs a bundle's decoder.tflite with LiteRT. */

#ifndef LITERT_DECODER_H
#define LITERT_DECODER_H

#include <stdint.h>

#include "bundle_folder.h"

/* Latents int32 [height, width, channels] at a quality from 1 -> samples [height * stride, width *
   stride, image->channels], to be given to free(): uint8 where they have 8 bits, uint16 where they
   have more, else float32. NULL where LiteRT refuses. */
void *litert_decode(const char *model_path, const bundle_image *image, const int32_t *latents,
                    uint32_t height, uint32_t width, uint32_t channels, uint32_t stride,
                    unsigned quality);

#endif
