/* LiteRT's C API 2.x, as libLiteRt.so of the package ai-edge-litert 2.3 exports it. The package
   ships no headers, so the few functions that are used are declared here. Each but those that
   destroy returns 0 where it worked. */

#ifndef LITERT_API_H
#define LITERT_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LITERT_CPU = 1, LITERT_ALIGNMENT = 64, LITERT_MAX_RANK = 8 };

typedef struct {
    int element; /* litert_element */
    struct {
        unsigned rank : 7;
        bool has_strides : 1;
        int32_t dimensions[LITERT_MAX_RANK];
        uint32_t strides[LITERT_MAX_RANK];
    } layout;
} litert_tensor_type;

/* An environment's option whose value is a whole number. */
typedef struct {
    int tag;
    struct {
        int type; /* LITERT_WHOLE_NUMBER */
        union {
            int64_t number;
            void *pointer;
        } of;
    } value;
} litert_option;

enum { LITERT_ACCELERATORS = 24, LITERT_LEAST_SEVERITY = 25 }; /* tags */
enum { LITERT_WHOLE_NUMBER = 2, LITERT_ERROR = 3 };

typedef void *litert_handle;

int LiteRtCreateEnvironment(int option_count, const litert_option *options,
                            litert_handle *environment);
void LiteRtDestroyEnvironment(litert_handle environment);

int LiteRtCreateModelFromFile(litert_handle environment, const char *path, litert_handle *model);
int LiteRtGetNumModelSignatures(litert_handle model, size_t *count);
int LiteRtGetModelSignature(litert_handle model, size_t number, litert_handle *signature);
void LiteRtDestroyModel(litert_handle model);

int LiteRtGetSignatureKey(litert_handle signature, const char **key);
int LiteRtGetSignatureSubgraph(litert_handle signature, litert_handle *graph);
int LiteRtGetSignatureInputTensor(litert_handle signature, const char *name,
                                  litert_handle *tensor);
int LiteRtGetNumSignatureInputs(litert_handle signature, size_t *count);
int LiteRtGetNumSignatureOutputs(litert_handle signature, size_t *count);
int LiteRtGetSubgraphInput(litert_handle graph, size_t number, litert_handle *tensor);
int LiteRtGetRankedTensorType(litert_handle tensor, litert_tensor_type *type);

int LiteRtCreateOptions(litert_handle *options);
int LiteRtSetOptionsHardwareAccelerators(litert_handle options, int accelerators);
void LiteRtDestroyOptions(litert_handle options);

int LiteRtCreateCompiledModel(litert_handle environment, litert_handle model,
                              litert_handle options, litert_handle *compiled);
int LiteRtCompiledModelResizeInputTensor(litert_handle compiled, size_t signature, size_t input,
                                         const int *dimensions, size_t rank);
int LiteRtRunCompiledModel(litert_handle compiled, size_t signature, size_t input_count,
                           litert_handle *inputs, size_t output_count, litert_handle *outputs);
void LiteRtDestroyCompiledModel(litert_handle compiled);

int LiteRtCreateTensorBufferFromHostMemory(const litert_tensor_type *type, void *memory,
                                           size_t size, void (*release)(void *),
                                           litert_handle *buffer);
void LiteRtDestroyTensorBuffer(litert_handle buffer);

#endif
