#include "wild_networks.h"

enum { SYNTHESIS_FAILS = 255 };

static uint32_t noise(wild_networks *wild)
{
    wild->state = wild->state * 1664525u + 1013904223u;
    return wild->state >> 8 ^ wild->state << 16;
}

static tfcomp_status synthesis(void *self, const int32_t *hyper, uint32_t height, uint32_t width,
                               unsigned quality, float *made)
{
    wild_networks *wild = (wild_networks *)self;
    size_t k;

    (void)hyper, (void)quality;
    for (k = 0; k < (size_t)4 * height * width * wild->features; ++k)
        made[k] = (float)(noise(wild) % 17) - 8;
    return wild->fails_from == SYNTHESIS_FAILS ? TFCOMP_NO_MEMORY : TFCOMP_OK;
}

/* depth: of the inputs. */
static tfcomp_status make(wild_networks *wild, const tfcomp_hyperprior_pass *pass,
                          const float *inputs, size_t places, size_t depth, int32_t *made)
{
    size_t k;

    for (k = 0; k < places * depth; ++k)
        wild->state += inputs[k] > 0;
    for (k = 0; k < places * 2 * pass->channels; ++k) {
        uint32_t any = noise(wild);

        made[k] = (int32_t)(wild->scales > 0 ? any % wild->scales : any);
    }
    return pass->number >= wild->fails_from ? TFCOMP_TOO_LARGE : TFCOMP_OK;
}

static tfcomp_status parameters(void *self, const tfcomp_hyperprior_pass *pass,
                                const float *inputs, uint32_t height, uint32_t width,
                                unsigned quality, int32_t *made)
{
    wild_networks *wild = (wild_networks *)self;

    (void)quality;
    return make(wild, pass, inputs, (size_t)height * width, (size_t)wild->features + pass->seen,
                made);
}

static tfcomp_status sequence_parameters(void *self, const tfcomp_hyperprior_pass *pass,
                                         const float *inputs, uint32_t height, uint32_t width,
                                         unsigned quality, int32_t *made)
{
    wild_networks *wild = (wild_networks *)self;
    size_t depth = (size_t)pass->seen + wild->hyper_channels + 3 * (size_t)pass->channels;

    (void)quality;
    return make(wild, pass, inputs, (size_t)height * width, depth, made);
}

tfcomp_sequence_networks wild_sequence(wild_networks *wild, uint32_t hyper_channels)
{
    tfcomp_sequence_networks networks = {wild, sequence_parameters};

    wild->hyper_channels = hyper_channels;
    return networks;
}

tfcomp_hyperprior_networks take_wild_networks(input *in, wild_networks *wild, uint32_t features)
{
    tfcomp_hyperprior_networks networks = {wild, features, synthesis, parameters};

    wild->state = take_u32(in);
    wild->features = features;
    wild->scales = take_u8(in) % 18;
    wild->fails_from = take_u8(in);
    if (wild->fails_from > 32 && wild->fails_from < SYNTHESIS_FAILS)
        wild->fails_from = 32; /* more passes than there are */
    return networks;
}
