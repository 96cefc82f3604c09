/* What a bundle says, checked and kept. */

#include "decoder.h"

#include <stdlib.h>
#include <string.h>

#include "picture_file.h"
#include "sized.h"
#include "tfcomp/tables_file.h"

enum { MOST_QUALITIES = 255, MOST_STRIDE = 1024 };

int tfcomp_version(void)
{
    return TFCOMP_VERSION;
}

/* A copy of `count` numbers of 32 bits in *to; 0 where there is no memory. */
static int copy_numbers(const void *from, size_t count, const void *to)
{
    void *copy = count > SIZE_MAX / 4 - 1 ? NULL : malloc(4 * count + 1);

    if (copy == NULL)
        return 0;
    if (count > 0)
        memcpy(copy, from, 4 * count);
    *(void **)to = copy;
    return 1;
}

static tfcomp_status keep_hyperprior(tfcomp_decoder *decoder,
                                     const tfcomp_decoder_settings *settings)
{
    const tfcomp_hyperprior_layout *given = settings->hyperprior;
    tfcomp_hyperprior_layout *layout = &decoder->hyperprior;

    if (given == NULL || settings->networks == NULL ||
        settings->networks->hyper_synthesis == NULL || settings->networks->parameters == NULL ||
        tfcomp_hyperprior_channels(given) != settings->channels ||
        given->quality_count != settings->qualities)
        return TFCOMP_BAD_ARGUMENT;
    *layout = *given;
    layout->groups = layout->rows_per_stream = NULL;
    if (!copy_numbers(given->groups, given->group_count, &layout->groups) ||
        !copy_numbers(given->rows_per_stream, given->quality_count, &layout->rows_per_stream))
        return TFCOMP_NO_MEMORY;
    decoder->networks = *settings->networks;
    if (settings->sequence != NULL) {
        if (settings->sequence->parameters == NULL)
            return TFCOMP_BAD_ARGUMENT;
        decoder->sequence = *settings->sequence;
    }
    return TFCOMP_OK;
}

static tfcomp_status keep_bits(tfcomp_decoder *decoder, const tfcomp_decoder_settings *settings)
{
    const tfcomp_bit_layout *given = settings->bits;
    tfcomp_bit_layout *layout = &decoder->bits;

    if (given == NULL || tfcomp_bit_channels(given) != settings->channels ||
        given->quality_count != settings->qualities)
        return TFCOMP_BAD_ARGUMENT;
    *layout = *given;
    layout->groups = layout->sent = NULL;
    layout->contexts = NULL;
    if (!copy_numbers(given->groups, given->group_count, &layout->groups) ||
        !copy_numbers(given->sent, given->quality_count, &layout->sent) ||
        !copy_numbers(given->contexts, given->context_count, &layout->contexts))
        return TFCOMP_NO_MEMORY;
    return TFCOMP_OK;
}

static tfcomp_status keep_layout(tfcomp_decoder *decoder, const tfcomp_decoder_settings *settings)
{
    switch (settings->kind) {
    case TFCOMP_FACTORIZED:
        return TFCOMP_OK;
    case TFCOMP_HYPERPRIOR:
        return keep_hyperprior(decoder, settings);
    case TFCOMP_BITS:
        return keep_bits(decoder, settings);
    }
    return TFCOMP_BAD_ARGUMENT;
}

static tfcomp_status read_sequence_tables(tfcomp_decoder *decoder,
                                          const tfcomp_decoder_settings *settings)
{
    const uint8_t *npz = settings->tables;
    size_t length = settings->tables_length;
    tfcomp_status status = tfcomp_tables_read(npz, length, "sequence_hyper_latents",
                                              &decoder->sequence_hyper_tables);

    if (status == TFCOMP_OK)
        status = tfcomp_tables_read(npz, length, "sequence_latents", &decoder->sequence_tables);
    if (status != TFCOMP_OK)
        return status;
    return decoder->sequence_hyper_tables->count == decoder->hyper_tables->count &&
                   decoder->sequence_tables->count == decoder->tables->count
               ? TFCOMP_OK
               : TFCOMP_BAD_TABLES;
}

static tfcomp_status read_tables(tfcomp_decoder *decoder, const tfcomp_decoder_settings *settings)
{
    const uint8_t *npz = settings->tables;
    size_t length = settings->tables_length, wanted;
    tfcomp_status status = tfcomp_tables_read(npz, length, "latents", &decoder->tables);

    if (status == TFCOMP_OK && settings->kind == TFCOMP_HYPERPRIOR)
        status = tfcomp_tables_read(npz, length, "hyper_latents", &decoder->hyper_tables);
    if (status != TFCOMP_OK)
        return status;
    if (settings->kind == TFCOMP_HYPERPRIOR) {
        wanted = (size_t)settings->qualities * decoder->hyperprior.hyper_channels;
        if (decoder->hyper_tables->count != wanted)
            return TFCOMP_BAD_TABLES;
        return settings->sequence != NULL ? read_sequence_tables(decoder, settings) : TFCOMP_OK;
    }
    if (settings->kind == TFCOMP_BITS)
        wanted = decoder->bits.context_count / decoder->bits.context_bits
                 << decoder->bits.context_bits;
    else
        wanted = (size_t)settings->qualities * settings->channels;
    return decoder->tables->count == wanted ? TFCOMP_OK : TFCOMP_BAD_TABLES;
}

/* Whether the settings that have no layout make sense. */
static int are_sound(const tfcomp_decoder_settings *s)
{
    return s->tables != NULL && s->qualities >= 1 && s->qualities <= MOST_QUALITIES &&
           s->stride >= 1 && s->stride <= MOST_STRIDE && s->channels >= 1 &&
           s->channels <= INT32_MAX / MOST_QUALITIES &&
           (s->fixed_width == 0) == (s->fixed_height == 0) &&
           (s->sequence == NULL || s->kind == TFCOMP_HYPERPRIOR) &&
           (s->quality_steps <= 1 ||
            (s->quality_steps == TFCOMP_QUALITY_STEPS && s->kind == TFCOMP_HYPERPRIOR));
}

tfcomp_status tfcomp_decoder_create(const tfcomp_decoder_settings *settings,
                                    tfcomp_decoder **decoder)
{
    tfcomp_decoder_settings known;
    tfcomp_decoder *made;
    tfcomp_status status;

    *decoder = NULL;
    if (!TFCOMP_TAKE_SIZED(&known, settings, max_pixels) || !are_sound(&known))
        return TFCOMP_BAD_ARGUMENT;
    made = (tfcomp_decoder *)calloc(1, sizeof *made);
    if (made == NULL)
        return TFCOMP_NO_MEMORY;
    status = keep_layout(made, &known);
    if (status == TFCOMP_OK)
        status = read_tables(made, &known);
    if (status != TFCOMP_OK) {
        tfcomp_decoder_destroy(made);
        return status;
    }
    made->settings = known;
    made->settings.tables = NULL; /* the caller's, and read */
    made->settings.hyperprior = &made->hyperprior;
    made->settings.bits = &made->bits;
    made->settings.networks = &made->networks;
    if (known.sequence != NULL)
        made->settings.sequence = &made->sequence;
    *decoder = made;
    return TFCOMP_OK;
}

void tfcomp_decoder_destroy(tfcomp_decoder *decoder)
{
    if (decoder == NULL)
        return;
    tfcomp_tables_free(decoder->sequence_hyper_tables);
    tfcomp_tables_free(decoder->sequence_tables);
    tfcomp_tables_free(decoder->hyper_tables);
    tfcomp_tables_free(decoder->tables);
    free((void *)decoder->hyperprior.groups);
    free((void *)decoder->hyperprior.rows_per_stream);
    free((void *)decoder->bits.groups);
    free((void *)decoder->bits.sent);
    free((void *)decoder->bits.contexts);
    free(decoder);
}
