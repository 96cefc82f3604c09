#define _POSIX_C_SOURCE 200112L /* posix_memalign */

/* LiteRT's C API 2.x, as libLiteRt.so of the package ai-edge-litert 2.3 exports it. The package
   ships no headers, so the few functions that are used are declared here. */

#include "litert_decoder.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INT32 = 2, UINT8 = 3, CPU = 1, ALIGNMENT = 64, MAX_RANK = 8 };

typedef struct {
    unsigned rank : 7;
    bool has_strides : 1;
    int32_t dimensions[MAX_RANK];
    uint32_t strides[MAX_RANK];
} layout_type;

typedef struct {
    int element;
    layout_type layout;
} tensor_type;

typedef void *handle;

int LiteRtCreateEnvironment(int option_count, const void *options, handle *environment);
int LiteRtCreateModelFromFile(handle environment, const char *path, handle *model);
int LiteRtCreateOptions(handle *options);
int LiteRtSetOptionsHardwareAccelerators(handle options, int accelerators);
int LiteRtCreateCompiledModel(handle environment, handle model, handle options, handle *compiled);
int LiteRtCompiledModelResizeInputTensor(handle compiled, size_t signature, size_t input,
                                         const int *dimensions, size_t rank);
int LiteRtCreateTensorBufferFromHostMemory(const tensor_type *type, void *memory, size_t size,
                                           void (*release)(void *), handle *buffer);
int LiteRtRunCompiledModel(handle compiled, size_t signature, size_t input_count, handle *inputs,
                           size_t output_count, handle *outputs);
void LiteRtDestroyTensorBuffer(handle buffer);
void LiteRtDestroyCompiledModel(handle compiled);
void LiteRtDestroyOptions(handle options);
void LiteRtDestroyModel(handle model);
void LiteRtDestroyEnvironment(handle environment);

static void *aligned(size_t size)
{
    void *memory = NULL;

    return posix_memalign(&memory, ALIGNMENT, size ? size : 1) == 0 ? memory : NULL;
}

/* What is open while one image is decoded. */
typedef struct {
    handle environment, model, options, compiled, inputs[2], output;
    int32_t *latents, *quality;
    uint8_t *pixels;
} session;

static bool run(session *s, const char *path, uint32_t height, uint32_t width, uint32_t channels,
                uint32_t stride)
{
    const int size[4] = {1, (int)height, (int)width, (int)channels};
    const int rows = (int)(height * stride), columns = (int)(width * stride);
    tensor_type latents = {INT32, {4, false, {1, size[1], size[2], size[3]}, {0}}};
    tensor_type quality = {INT32, {1, false, {1}, {0}}};
    /* Some networks find their output's size while they run: LiteRT cannot be asked for it. */
    tensor_type pixels = {UINT8, {4, false, {1, rows, columns, 3}, {0}}};
    size_t bytes = (size_t)rows * (size_t)columns * 3;

    if (LiteRtCreateEnvironment(0, NULL, &s->environment) ||
        LiteRtCreateModelFromFile(s->environment, path, &s->model) ||
        LiteRtCreateOptions(&s->options) || LiteRtSetOptionsHardwareAccelerators(s->options, CPU) ||
        LiteRtCreateCompiledModel(s->environment, s->model, s->options, &s->compiled) ||
        LiteRtCompiledModelResizeInputTensor(s->compiled, 0, 0, size, 4))
        return false;
    s->pixels = (uint8_t *)aligned(bytes);
    return s->pixels != NULL &&
           !LiteRtCreateTensorBufferFromHostMemory(
               &latents, s->latents, (size_t)height * width * channels * sizeof *s->latents, NULL,
               &s->inputs[0]) &&
           !LiteRtCreateTensorBufferFromHostMemory(&quality, s->quality, sizeof *s->quality, NULL,
                                                   &s->inputs[1]) &&
           !LiteRtCreateTensorBufferFromHostMemory(&pixels, s->pixels, bytes, NULL, &s->output) &&
           !LiteRtRunCompiledModel(s->compiled, 0, 2, s->inputs, 1, &s->output);
}

static void close_session(session *s)
{
    if (s->output)
        LiteRtDestroyTensorBuffer(s->output);
    if (s->inputs[1])
        LiteRtDestroyTensorBuffer(s->inputs[1]);
    if (s->inputs[0])
        LiteRtDestroyTensorBuffer(s->inputs[0]);
    if (s->compiled)
        LiteRtDestroyCompiledModel(s->compiled);
    if (s->options)
        LiteRtDestroyOptions(s->options);
    if (s->model)
        LiteRtDestroyModel(s->model);
    if (s->environment)
        LiteRtDestroyEnvironment(s->environment);
    free(s->latents);
    free(s->quality);
}

uint8_t *litert_decode(const char *model_path, int32_t *latents, uint32_t height, uint32_t width,
                       uint32_t channels, uint32_t stride, unsigned quality)
{
    size_t bytes = (size_t)height * width * channels * sizeof *latents;
    session s = {0};

    s.latents = (int32_t *)aligned(bytes);
    s.quality = (int32_t *)aligned(sizeof *s.quality);
    if (s.latents != NULL && s.quality != NULL) {
        memcpy(s.latents, latents, bytes);
        *s.quality = (int32_t)quality;
        if (!run(&s, model_path, height, width, channels, stride)) {
            fprintf(stderr, "decode: LiteRT cannot run %s\n", model_path);
            free(s.pixels);
            s.pixels = NULL;
        }
    }
    close_session(&s);
    return s.pixels;
}
