#include "litert_entropy.h"

#include <stdio.h>
#include <stdlib.h>

#include "bundle_folder.h"
#include "litert_network.h"

typedef struct {
    litert_model *model;
    uint32_t hyper_channels, features;
} entropy_networks;

static tfcomp_status hyper_synthesis(void *self, const int32_t *hyper_latents, uint32_t height,
                                     uint32_t width, unsigned quality, float *made)
{
    const entropy_networks *n = (const entropy_networks *)self;
    const litert_array in = {LITERT_INT32, height, width, n->hyper_channels,
                             (void *)hyper_latents};
    const litert_array out = {LITERT_FLOAT32, 2 * height, 2 * width, n->features, made};

    if (!litert_run(n->model, "hyper_synthesis", "hyper_latents", &in, quality, &out))
        quit("entropy.tflite", "LiteRT cannot run hyper_synthesis");
    return TFCOMP_OK;
}

/* A pass's own network or, with another prefix and inputs, the one of dependent frames. */
static tfcomp_status run_pass(const entropy_networks *n, const char *prefix, uint32_t seen,
                              const tfcomp_hyperprior_pass *pass, const float *inputs,
                              uint32_t height, uint32_t width, unsigned quality, int32_t *made)
{
    const litert_array in = {LITERT_FLOAT32, height, width, seen, (void *)inputs};
    const litert_array out = {LITERT_INT32, height, width, 2 * pass->channels, made};
    char signature[32];

    snprintf(signature, sizeof signature, "%s_%u", prefix, pass->number);
    if (!litert_run(n->model, signature, "inputs", &in, quality, &out))
        quit("entropy.tflite: LiteRT cannot run", signature);
    return TFCOMP_OK;
}

static tfcomp_status parameters(void *self, const tfcomp_hyperprior_pass *pass,
                                const float *inputs, uint32_t height, uint32_t width,
                                unsigned quality, int32_t *made)
{
    const entropy_networks *n = (const entropy_networks *)self;

    return run_pass(n, "pass", n->features + pass->seen, pass, inputs, height, width, quality,
                    made);
}

static tfcomp_status sequence_parameters(void *self, const tfcomp_hyperprior_pass *pass,
                                         const float *inputs, uint32_t height, uint32_t width,
                                         unsigned quality, int32_t *made)
{
    const entropy_networks *n = (const entropy_networks *)self;
    const uint32_t seen = pass->seen + n->hyper_channels + 3 * pass->channels;

    return run_pass(n, "sequence_pass", seen, pass, inputs, height, width, quality, made);
}

void open_sequence_networks(const tfcomp_hyperprior_networks *networks,
                            tfcomp_sequence_networks *sequence)
{
    sequence->self = networks->self;
    sequence->parameters = sequence_parameters;
}

void open_entropy_networks(const char *path, const tfcomp_hyperprior_layout *layout,
                           tfcomp_hyperprior_networks *networks)
{
    entropy_networks *n = (entropy_networks *)malloc(sizeof *n);

    if (n == NULL || (n->model = litert_open(path)) == NULL)
        quit(path, "LiteRT cannot use it");
    n->hyper_channels = layout->hyper_channels;
    n->features = litert_input_channels(n->model, "pass_0", "inputs"); /* and nothing else yet */
    if (n->features == 0)
        quit(path, "it has no network pass_0");
    networks->self = n;
    networks->features = n->features;
    networks->hyper_synthesis = hyper_synthesis;
    networks->parameters = parameters;
}

void close_entropy_networks(tfcomp_hyperprior_networks *networks)
{
    litert_close(((entropy_networks *)networks->self)->model);
    free(networks->self);
}
