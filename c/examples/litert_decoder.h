/* Runs a bundle's decoder.tflite with LiteRT. */

#ifndef LITERT_DECODER_H
#define LITERT_DECODER_H

#include <stdint.h>

/* Latents int32 [height, width, channels] at a quality from 1 -> pixels uint8 [height * stride,
   width * stride, 3], to be given to free(); NULL where LiteRT refuses. */
uint8_t *litert_decode(const char *model_path, const int32_t *latents, uint32_t height,
                       uint32_t width, uint32_t channels, uint32_t stride, unsigned quality);

#endif
