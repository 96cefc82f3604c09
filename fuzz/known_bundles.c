#define _POSIX_C_SOURCE 200809L /* scandir */

#include "known_bundles.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tfcomp/tables_file.h"
#include "toy_networks.h"

enum { MOST_BUNDLES = 64, MOST_PIXELS = 1 << 15, MOST_PLACES = 4096, FEATURES = 4 };

static known_bundle known[MOST_BUNDLES];
static size_t count = 0;

static tfcomp_tables *tables_of(const known_bundle *bundle, const char *section)
{
    tfcomp_tables *tables;

    if (tfcomp_tables_read(bundle->npz, bundle->npz_length, section, &tables) != TFCOMP_OK)
        quit(section, "the tables cannot be read");
    return tables;
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && entry->d_name[0] != '_';
}

static void read_bundle(const char *name)
{
    known_bundle *bundle = &known[count];
    char folder[4096];

    if (count == MOST_BUNDLES)
        quit(name, "there are more bundles than expected");
    ++count;
    snprintf(folder, sizeof folder, "%s/%s", FUZZ_BUNDLES, name);
    read_manifest(folder, &bundle->manifest);
    bundle->npz = read_file(folder, "tables.npz", &bundle->npz_length);
    bundle->npz = (uint8_t *)realloc(bundle->npz, bundle->npz_length);
    bundle->latents = tables_of(bundle, "latents");
    if (bundle->manifest.kind == HYPERPRIOR)
        bundle->hyper_latents = tables_of(bundle, "hyper_latents");
}

size_t known_bundles(known_bundle **bundles)
{
    struct dirent **entries;
    int found, k;

    *bundles = known;
    if (count > 0)
        return count;
    found = scandir(FUZZ_BUNDLES, &entries, is_shown, alphasort);
    if (found < 1)
        quit(FUZZ_BUNDLES, "there are no bundles");
    for (k = 0; k < found; ++k) {
        char manifest[4096];
        FILE *file;

        snprintf(manifest, sizeof manifest, "%s/%s/manifest.json", FUZZ_BUNDLES,
                 entries[k]->d_name);
        file = fopen(manifest, "rb");
        if (file != NULL) {
            fclose(file);
            read_bundle(entries[k]->d_name);
        }
        free(entries[k]);
    }
    free(entries);
    return count;
}

known_bundle *bundle_of(const uint8_t *file, size_t length)
{
    known_bundle *bundles;
    size_t n = known_bundles(&bundles), k;
    char named[9] = "";

    for (k = 0; k < 4 && length >= 8; ++k)
        snprintf(named + 2 * k, 3, "%02x", (unsigned)file[4 + k]);
    for (k = 0; k < n; ++k) {
        if (strcmp(bundles[k].manifest.fingerprint, named) == 0)
            return &bundles[k];
    }
    return &bundles[length >= 8 ? file[4] % n : 0];
}

static uint32_t divided(uint32_t pixels, uint32_t stride)
{
    return (pixels - 1) / stride + 1;
}

tfcomp_status parse_file(const known_bundle *bundle, const uint8_t *file, size_t length,
                         tfcomp_container *container)
{
    tfcomp_bundle sizes = bundle->manifest.sizes;
    uint32_t stride = bundle->manifest.stride;
    tfcomp_status status;

    sizes.max_pixels = MOST_PIXELS;
    status = tfcomp_container_parse(file, length, &sizes, container);
    if (status == TFCOMP_OK && (uint64_t)divided(container->width, stride) *
                                       divided(container->height, stride) > MOST_PLACES)
        return TFCOMP_TOO_LARGE;
    return status;
}

size_t latent_count(const known_bundle *bundle, const tfcomp_container *container)
{
    return (size_t)divided(container->height, bundle->manifest.stride) *
           divided(container->width, bundle->manifest.stride) * bundle->manifest.channels;
}

tfcomp_status decode_file(const known_bundle *bundle, const tfcomp_container *container,
                          int32_t *latents)
{
    const bundle_manifest *manifest = &bundle->manifest;
    uint32_t height = divided(container->height, manifest->stride);
    uint32_t width = divided(container->width, manifest->stride);
    const uint8_t *section = container->sections[0].bytes;
    size_t length = container->sections[0].length;
    tfcomp_hyperprior_networks networks;
    toy_networks toy = {0};

    if (manifest->kind == FACTORIZED)
        return tfcomp_decode_factorized(bundle->latents, section, length, container->quality,
                                        height, width, manifest->channels, latents);
    if (manifest->kind == BITS)
        return tfcomp_decode_bits(bundle->latents, &manifest->bits, section, length,
                                  container->quality, height, width, latents);
    toy.hyper_channels = manifest->hyperprior.hyper_channels;
    toy.features = FEATURES;
    toy.scales = bundle->latents->count;
    networks = toy_callbacks(&toy);
    return tfcomp_decode_hyperprior(bundle->hyper_latents, bundle->latents, &manifest->hyperprior,
                                    &networks, section, length, container->sections[1].bytes,
                                    container->sections[1].length, container->quality, height,
                                    width, latents);
}
