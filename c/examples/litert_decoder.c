#include "litert_decoder.h"

#include <stdlib.h>

#include "litert_network.h"

uint8_t *litert_decode(const char *model_path, const int32_t *latents, uint32_t height,
                       uint32_t width, uint32_t channels, uint32_t stride, unsigned quality)
{
    const litert_array in = {LITERT_INT32, height, width, channels, (void *)latents};
    litert_array out = {LITERT_UINT8, height * stride, width * stride, 3, NULL};
    litert_model *model = litert_open(model_path);

    if (model == NULL)
        return NULL;
    out.data = malloc((size_t)out.height * out.width * out.channels);
    if (out.data != NULL && !litert_run(model, "decode", "latents", &in, quality, &out)) {
        free(out.data);
        out.data = NULL;
    }
    litert_close(model);
    return (uint8_t *)out.data;
}
