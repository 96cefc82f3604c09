#include "toy_networks.h"

static int32_t mod(int64_t value, int64_t divisor)
{
    return (int32_t)((value % divisor + divisor) % divisor);
}

static tfcomp_status synthesis(void *self, const int32_t *hyper, uint32_t height, uint32_t width,
                               unsigned quality, float *made)
{
    const toy_networks *toy = (const toy_networks *)self;
    uint32_t channels = toy->hyper_channels, row, column, k;

    for (row = 0; row < 2 * height; ++row) {
        for (column = 0; column < 2 * width; ++column) {
            const int32_t *from = hyper + ((size_t)row / 2 * width + column / 2) * channels;
            int64_t sum = 5 * (row % 2) + 7 * (column % 2) + quality;

            for (k = 0; k < channels; ++k)
                sum += (int64_t)from[k] * (k + 1);
            for (k = 0; k < toy->features; ++k)
                *made++ = (float)(mod(sum + 3 * k, 17) - 8);
        }
    }
    return TFCOMP_OK;
}

static int64_t weighted(const float *inputs, uint32_t channels, unsigned number)
{
    int64_t sum = 0;
    uint32_t k;

    for (k = 0; k < channels; ++k)
        sum += (int64_t)inputs[k] * ((int64_t)((7 * k + 3 * number + 1) % 5) - 2);
    return sum;
}

/* Looks at a place and at those on its left, above it and at the corner between: squares that
   earlier passes over the same channels have decoded. */
static tfcomp_status parameters(void *self, const tfcomp_hyperprior_pass *pass,
                                const float *inputs, uint32_t height, uint32_t width,
                                unsigned quality, int32_t *made)
{
    const toy_networks *toy = (const toy_networks *)self;
    uint32_t depth = toy->features + pass->seen, row, column, k;
    int64_t scales = (int64_t)toy->scales + toy->skipped, skipped = toy->skipped;

    for (row = 0; row < height; ++row) {
        for (column = 0; column < width; ++column, inputs += depth) {
            const float *left = column > 0 ? inputs - depth : inputs;
            size_t up = row > 0 ? (size_t)width * depth : 0;
            const float *above = inputs - up, *corner = left - up;
            int64_t sum = weighted(inputs, depth, pass->number) +
                          weighted(left, depth, pass->number) +
                          weighted(above, depth, pass->number) +
                          weighted(corner, depth, pass->number);

            for (k = 0; k < pass->channels; ++k)
                *made++ = mod(sum + 11 * k + quality, 41) - 20;
            for (k = 0; k < pass->channels; ++k) {
                int64_t scale = mod(3 * sum + 5 * k + pass->number, scales) - skipped;

                *made++ = scale > 0 ? (int32_t)scale : 0;
            }
        }
    }
    return TFCOMP_OK;
}

/* The same formula over what a dependent frame's networks see, but for the last numbers of a place:
   the values of the frame before, which are part of the means. */
static tfcomp_status sequence_parameters(void *self, const tfcomp_hyperprior_pass *pass,
                                         const float *inputs, uint32_t height, uint32_t width,
                                         unsigned quality, int32_t *made)
{
    const toy_networks *toy = (const toy_networks *)self;
    uint32_t own = 3 * pass->channels, near = pass->seen + toy->hyper_channels, row, column, k;
    uint32_t depth = near + own;
    int64_t scales = (int64_t)toy->scales + toy->skipped, skipped = toy->skipped;

    for (row = 0; row < height; ++row) {
        for (column = 0; column < width; ++column, inputs += depth) {
            const float *left = column > 0 ? inputs - depth : inputs;
            const float *above = row > 0 ? inputs - (size_t)width * depth : inputs;
            const float *mine = inputs + near;
            int64_t sum = weighted(inputs, near, pass->number) +
                          weighted(left, near, pass->number) + weighted(above, near, pass->number);

            for (k = 0; k < pass->channels; ++k)
                *made++ = (int32_t)mine[2 * pass->channels + k] +
                          mod((int64_t)mine[k] + sum + quality, 7) - 3;
            for (k = 0; k < pass->channels; ++k) {
                int64_t scale = mod((int64_t)mine[pass->channels + k] + sum, scales) - skipped;

                *made++ = scale > 0 ? (int32_t)scale : 0;
            }
        }
    }
    return TFCOMP_OK;
}

tfcomp_sequence_networks toy_sequence_callbacks(toy_networks *toy)
{
    tfcomp_sequence_networks networks = {toy, sequence_parameters};

    return networks;
}

tfcomp_hyperprior_networks toy_callbacks(toy_networks *toy)
{
    tfcomp_hyperprior_networks networks = {toy, toy->features, synthesis, parameters};

    return networks;
}
