#define _POSIX_C_SOURCE 200112L /* posix_memalign */

#include "litert_network.h"

#include <stdlib.h>
#include <string.h>

#include "litert_api.h"

struct litert_model {
    litert_handle environment, model, options, compiled;
};

litert_model *litert_open(const char *path)
{
    /* Else it looks for other accelerators, and tells of all that it does on standard error. */
    static const litert_option options[] = {
        {LITERT_ACCELERATORS, {LITERT_WHOLE_NUMBER, {LITERT_CPU}}},
        {LITERT_LEAST_SEVERITY, {LITERT_WHOLE_NUMBER, {LITERT_ERROR}}},
    };
    litert_model *m = (litert_model *)calloc(1, sizeof *m);

    if (m != NULL &&
        (LiteRtCreateEnvironment(2, options, &m->environment) ||
         LiteRtCreateModelFromFile(m->environment, path, &m->model) ||
         LiteRtCreateOptions(&m->options) ||
         LiteRtSetOptionsHardwareAccelerators(m->options, LITERT_CPU) ||
         LiteRtCreateCompiledModel(m->environment, m->model, m->options, &m->compiled))) {
        litert_close(m);
        return NULL;
    }
    return m;
}

void litert_close(litert_model *m)
{
    if (m->compiled)
        LiteRtDestroyCompiledModel(m->compiled);
    if (m->options)
        LiteRtDestroyOptions(m->options);
    if (m->model)
        LiteRtDestroyModel(m->model);
    if (m->environment)
        LiteRtDestroyEnvironment(m->environment);
    free(m);
}

static bool find_signature(const litert_model *m, const char *wanted, litert_handle *signature,
                           size_t *number)
{
    size_t count;
    const char *key;

    if (LiteRtGetNumModelSignatures(m->model, &count))
        return false;
    for (*number = 0; *number < count; ++*number) {
        if (!LiteRtGetModelSignature(m->model, *number, signature) &&
            !LiteRtGetSignatureKey(*signature, &key) && strcmp(key, wanted) == 0)
            return true;
    }
    return false;
}

/* Which of a run's inputs has a name: they go in the order of the graph, not in that in which the
   signature names them. */
static bool find_input(litert_handle signature, const char *name, size_t *number)
{
    litert_handle graph, tensor, other;
    size_t count;

    if (LiteRtGetSignatureSubgraph(signature, &graph) ||
        LiteRtGetSignatureInputTensor(signature, name, &tensor) ||
        LiteRtGetNumSignatureInputs(signature, &count))
        return false;
    for (*number = 0; *number < count; ++*number) {
        if (!LiteRtGetSubgraphInput(graph, *number, &other) && other == tensor)
            return true;
    }
    return false;
}

uint32_t litert_input_channels(const litert_model *m, const char *key, const char *input)
{
    litert_handle signature, tensor;
    litert_tensor_type type;
    size_t number;

    if (!find_signature(m, key, &signature, &number) ||
        LiteRtGetSignatureInputTensor(signature, input, &tensor) ||
        LiteRtGetRankedTensorType(tensor, &type) || type.layout.rank != 4 ||
        type.layout.dimensions[3] < 1)
        return 0;
    return (uint32_t)type.layout.dimensions[3];
}

/* Memory as LiteRT wants it, aligned, and its handle. */
typedef struct {
    void *memory;
    litert_handle buffer;
} bound;

static size_t bytes_of(const litert_array *array)
{
    return (size_t)array->height * array->width * array->channels *
           (array->element == LITERT_UINT8 ? 1 : 4);
}

static bool bind(bound *b, const litert_tensor_type *type, const void *data, size_t size)
{
    /* LiteRT's kernels may read a few bytes past the end. */
    if (posix_memalign(&b->memory, LITERT_ALIGNMENT, size + LITERT_ALIGNMENT) != 0) {
        b->memory = NULL;
        return false;
    }
    if (data != NULL)
        memcpy(b->memory, data, size);
    return !LiteRtCreateTensorBufferFromHostMemory(type, b->memory, size, NULL, &b->buffer);
}

static bool bind_array(bound *b, const litert_array *array, const void *data)
{
    litert_tensor_type type = {array->element, {4, false, {1}, {0}}};

    type.layout.dimensions[1] = (int32_t)array->height;
    type.layout.dimensions[2] = (int32_t)array->width;
    type.layout.dimensions[3] = (int32_t)array->channels;
    return bind(b, &type, data, bytes_of(array));
}

static void release(bound *b)
{
    if (b->buffer)
        LiteRtDestroyTensorBuffer(b->buffer);
    free(b->memory);
}

bool litert_run(litert_model *m, const char *key, const char *input, const litert_array *in,
                unsigned quality, const litert_array *out)
{
    static const litert_tensor_type one = {LITERT_INT32, {1, false, {1}, {0}}};
    const int size[4] = {1, (int)in->height, (int)in->width, (int)in->channels};
    const int32_t level = (int32_t)quality;
    bound data = {NULL, NULL}, choice = {NULL, NULL}, result = {NULL, NULL};
    litert_handle signature, inputs[2];
    size_t number, first, second, outputs;
    bool done = false;

    if (find_signature(m, key, &signature, &number) && find_input(signature, input, &first) &&
        find_input(signature, "quality", &second) && first + second == 1 &&
        !LiteRtGetNumSignatureOutputs(signature, &outputs) && outputs == 1 &&
        !LiteRtCompiledModelResizeInputTensor(m->compiled, number, first, size, 4) &&
        bind_array(&data, in, in->data) && bind(&choice, &one, &level, sizeof level) &&
        bind_array(&result, out, NULL)) {
        inputs[first] = data.buffer;
        inputs[second] = choice.buffer;
        done = !LiteRtRunCompiledModel(m->compiled, number, 2, inputs, 1, &result.buffer);
    }
    if (done)
        memcpy(out->data, result.memory, bytes_of(out));
    release(&data);
    release(&choice);
    release(&result);
    return done;
}
