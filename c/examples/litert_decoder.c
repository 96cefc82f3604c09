#include "litert_decoder.h"

#include <stdlib.h>

#include "litert_network.h"
#include "tfcomp/picture_file.h"

void *litert_decode(const char *model_path, const bundle_image *image, const int32_t *latents,
                    uint32_t height, uint32_t width, uint32_t channels, uint32_t stride,
                    unsigned quality)
{
    const litert_array in = {LITERT_INT32, height, width, channels, (void *)latents};
    litert_array out = {LITERT_UINT8, height * stride, width * stride, image->channels, NULL};
    litert_model *model = litert_open(model_path);
    size_t count = (size_t)out.height * out.width * out.channels;

    if (model == NULL)
        return NULL;
    if (image->bits != 8)
        out.element = LITERT_FLOAT32;
    out.data = malloc(count * (out.element == LITERT_UINT8 ? 1 : 4));
    if (out.data != NULL && !litert_run(model, "decode", "latents", &in, quality, &out)) {
        free(out.data);
        out.data = NULL;
    }
    litert_close(model);
    if (out.data != NULL && image->bits > 8) {
        uint16_t *samples = (uint16_t *)malloc(count * sizeof *samples);

        if (samples != NULL)
            tfcomp_whole_samples((const float *)out.data, count, image->bits, samples);
        free(out.data);
        out.data = samples;
    }
    return out.data;
}
