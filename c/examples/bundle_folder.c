/* The manifest is searched for its keys, each of which it has once: a real program has a JSON
   parser. */

#include "bundle_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void quit(const char *subject, const char *reason)
{
    fprintf(stderr, "decode: %s: %s\n", subject, reason);
    exit(2);
}

uint8_t *read_file(const char *folder, const char *name, size_t *length)
{
    enum { MOST = 64 << 20 };
    char path[4096];
    uint8_t *bytes = (uint8_t *)malloc(MOST);
    FILE *file;

    snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "", name);
    file = fopen(path, "rb");
    if (file == NULL || bytes == NULL)
        quit(path, "cannot be read");
    *length = fread(bytes, 1, MOST - 1, file);
    bytes[*length] = '\0';
    fclose(file);
    return bytes;
}

/* What follows "key": in the manifest; NULL where it has none. */
static const char *find(const char *text, const char *key)
{
    char quoted[64];
    const char *at;

    snprintf(quoted, sizeof quoted, "\"%s\": ", key);
    at = strstr(text, quoted);
    return at == NULL ? NULL : at + strlen(quoted);
}

static const char *field(const char *text, const char *key)
{
    const char *at = find(text, key);

    if (at == NULL)
        quit("manifest.json", key);
    return at;
}

static uint32_t number(const char *text, const char *key)
{
    return (uint32_t)atoi(field(text, key));
}

/* The whole numbers of a list, or of a list of lines of them, to be given to free(). */
static int32_t *numbers(const char *text, const char *key, size_t *count)
{
    const char *at = field(text, key), *end = strchr(at, ']');
    int32_t *found = end ? (int32_t *)malloc((size_t)(end - at) * sizeof *found) : NULL;

    if (found == NULL)
        quit("manifest.json", key);
    for (*count = 0; at < end;) {
        char *after;
        long value = strtol(at, &after, 10);

        if (after == at)
            ++at; /* a bracket, a comma, a quotation mark */
        else
            found[(*count)++] = (int32_t)value, at = after;
    }
    return found;
}

/* The channels of the latents, 0 where the layout cannot be used. */
static uint32_t read_bits(const char *text, tfcomp_bit_layout *layout)
{
    size_t channels = 0, k;

    layout->groups = (uint32_t *)numbers(text, "groups", &layout->group_count);
    layout->sent = (uint32_t *)numbers(text, "sent", &layout->quality_count);
    layout->contexts = numbers(text, "contexts", &layout->context_count);
    layout->checkerboard = number(text, "checkerboard");
    layout->rows_per_stream = number(text, "rows_per_stream");
    for (k = 0; k < layout->group_count; ++k) /* of all passes */
        channels += layout->groups[k] * (k < layout->checkerboard ? 2u : 1u);
    layout->context_bits = channels ? (unsigned)(layout->context_count / channels) : 0;
    return tfcomp_bit_channels(layout);
}

static uint32_t read_hyperprior(const char *text, tfcomp_hyperprior_layout *layout)
{
    layout->groups = (uint32_t *)numbers(text, "groups", &layout->group_count);
    layout->rows_per_stream = (uint32_t *)numbers(text, "rows_per_stream", &layout->quality_count);
    layout->checkerboard = number(text, "checkerboard");
    layout->hyper_channels = number(text, "hyper_channels");
    layout->quincunx = find(text, "quincunx") ? number(text, "quincunx") : 0;
    return tfcomp_hyperprior_channels(layout);
}

static tfcomp_kind read_kind(const char *text)
{
    const char *kind = field(text, "kind");

    if (strncmp(kind, "\"bits\"", 6) == 0)
        return TFCOMP_BITS;
    if (strncmp(kind, "\"hyperprior\"", 12) == 0)
        return TFCOMP_HYPERPRIOR;
    if (strncmp(kind, "\"factorized\"", 12) != 0)
        quit("manifest.json", "an entropy model that is not known here");
    return TFCOMP_FACTORIZED;
}

static void read_fingerprint(const char *text, uint8_t *fingerprint)
{
    const char *digits = field(text, "fingerprint") + 1;
    unsigned byte, k;

    for (k = 0; k < 4; ++k) {
        if (sscanf(digits + 2 * k, "%2x", &byte) != 1)
            quit("manifest.json", "fingerprint");
        fingerprint[k] = (uint8_t)byte;
    }
}

static void read_fixed_size(const char *text, tfcomp_decoder_settings *settings)
{
    size_t count;
    int32_t *sides;

    if (strncmp(field(text, "fixed_size"), "null", 4) == 0)
        return;
    sides = numbers(text, "fixed_size", &count);
    if (count != 2)
        quit("manifest.json", "fixed_size");
    settings->fixed_width = (uint32_t)sides[0];
    settings->fixed_height = (uint32_t)sides[1];
    free(sides);
}

static void read_image(const char *text, bundle_image *image)
{
    const char *at = find(text, "image"), *bits;

    image->channels = 3;
    image->bits = 8;
    if (at == NULL)
        return;
    image->channels = number(at, "channels");
    bits = find(at, "bits"); /* it has no "range" then */
    image->bits = bits == NULL ? 0 : (uint32_t)atoi(bits);
    if (image->channels < 1 || image->channels > 64 ||
        (bits != NULL && (image->bits < 8 || image->bits > 16)))
        quit("manifest.json", "image");
}

/* Whether there are networks for frames that depend on the one before, of the kind known here. */
static int read_sequence(const char *text)
{
    uint32_t version = find(text, "sequence") ? number(text, "sequence") : 0;

    if (version > 1)
        quit("manifest.json", "its dependent frames are newer than this program");
    return version != 0;
}

void read_manifest(const char *folder, bundle_manifest *manifest)
{
    tfcomp_decoder_settings *settings = &manifest->settings;
    size_t length;
    char *text = (char *)read_file(folder, "manifest.json", &length);
    uint32_t channels;

    memset(manifest, 0, sizeof *manifest);
    settings->size = sizeof *settings;
    settings->stride = number(text, "stride");
    settings->channels = number(text, "channels");
    settings->qualities = number(text, "qualities");
    settings->kind = read_kind(text);
    read_fingerprint(text, settings->fingerprint);
    read_fixed_size(text, settings);
    read_image(text, &manifest->image);
    channels = settings->channels;
    if (settings->kind == TFCOMP_BITS) {
        channels = read_bits(text, &manifest->bits);
        settings->bits = &manifest->bits;
    } else if (settings->kind == TFCOMP_HYPERPRIOR) {
        channels = read_hyperprior(text, &manifest->hyperprior);
        settings->hyperprior = &manifest->hyperprior;
        manifest->has_sequence = read_sequence(text);
        if (find(text, "quality_steps"))
            settings->quality_steps = number(text, "quality_steps");
    }
    if (settings->stride < 1 || channels < 1 || channels != settings->channels)
        quit(folder, "its manifest cannot be used");
    free(text);
}

void free_manifest(bundle_manifest *manifest)
{
    free((void *)manifest->bits.groups);
    free((void *)manifest->bits.sent);
    free((void *)manifest->bits.contexts);
    free((void *)manifest->hyperprior.groups);
    free((void *)manifest->hyperprior.rows_per_stream);
}
