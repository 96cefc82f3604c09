/* The networks of a .tflite file, run with LiteRT. Each takes an array and a quality, from 1, and
   gives an array. */

#ifndef LITERT_NETWORK_H
#define LITERT_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { LITERT_FLOAT32 = 1, LITERT_INT32 = 2, LITERT_UINT8 = 3 } litert_element;

/* [1, height, width, channels], row by row. */
typedef struct {
    litert_element element;
    uint32_t height, width, channels;
    void *data;
} litert_array;

typedef struct litert_model litert_model;

/* NULL where LiteRT cannot use the file. */
litert_model *litert_open(const char *path);

void litert_close(litert_model *model);

/* How many channels an input of a signature has; 0 where there is no such input. */
uint32_t litert_input_channels(const litert_model *model, const char *signature,
                               const char *input);

/* Runs a signature whose inputs are called `input` and "quality". The caller knows the output's
   size: some networks find it while they run, so that LiteRT cannot be asked for it before. false
   where LiteRT refuses; the output is then as it was. */
bool litert_run(litert_model *model, const char *signature, const char *input,
                const litert_array *in, unsigned quality, const litert_array *out);

#endif
