/* What becomes of the pixels that decoder.tflite gives: spec/version2.md. */

#include "tfcomp/picture_file.h"

void tfcomp_grey(const uint8_t *rgb, size_t pixels, uint8_t *grey)
{
    size_t k;

    for (k = 0; k < pixels; ++k, rgb += 3)
        grey[k] = (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
}

void tfcomp_whole_samples(const float *values, size_t count, unsigned bits, uint16_t *samples)
{
    float highest = (float)((1u << bits) - 1);
    size_t k;

    for (k = 0; k < count; ++k) {
        float value = values[k] > 0 ? values[k] : 0; /* of NaN too */

        samples[k] = (uint16_t)((value < highest ? value : highest) + 0.5f);
    }
}

void tfcomp_straighten(uint8_t *colours, unsigned channels, const uint8_t *alpha, size_t pixels)
{
    size_t k;
    unsigned c;

    for (k = 0; k < pixels; ++k) {
        for (c = 0; c < channels; ++c, ++colours) {
            unsigned value = alpha[k] ? (510u * *colours + alpha[k]) / (2u * alpha[k]) : 0;

            *colours = (uint8_t)(value < 255 ? value : 255);
        }
    }
}
