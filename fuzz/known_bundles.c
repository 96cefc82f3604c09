#define _POSIX_C_SOURCE 200809L /* scandir */

#include "known_bundles.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "tfcomp/tables_file.h"

enum { MOST_BUNDLES = 64, MOST_PIXELS = 1 << 15, FEATURES = 4 };

static known_bundle known[MOST_BUNDLES];
static size_t count = 0;

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && entry->d_name[0] != '_';
}

static void read_bundle(const char *folder, const char *name)
{
    known_bundle *bundle = &known[count];
    tfcomp_decoder_settings *settings = &bundle->manifest.settings;

    if (count == MOST_BUNDLES)
        quit(name, "there are more bundles than expected");
    ++count;
    read_manifest(folder, &bundle->manifest);
    bundle->npz = read_file(folder, "tables.npz", &settings->tables_length);
    bundle->npz = (uint8_t *)realloc(bundle->npz, settings->tables_length);
    settings->tables = bundle->npz;
    settings->max_pixels = MOST_PIXELS;
    if (tfcomp_tables_read(bundle->npz, settings->tables_length, "latents", &bundle->latents) !=
        TFCOMP_OK)
        quit(name, "the tables cannot be read");
    if (settings->kind == TFCOMP_HYPERPRIOR) {
        bundle->toy.hyper_channels = bundle->manifest.hyperprior.hyper_channels;
        bundle->toy.features = FEATURES;
        bundle->toy.scales = bundle->latents->count;
        bundle->networks = toy_callbacks(&bundle->toy);
        settings->networks = &bundle->networks;
    }
    if (tfcomp_decoder_create(settings, &bundle->decoder) != TFCOMP_OK)
        quit(name, "it has no decoder");
}

static void read_bundles(const char *place)
{
    struct dirent **entries;
    int found = scandir(place, &entries, is_shown, alphasort), k;

    if (found < 1)
        quit(place, "there are no bundles");
    for (k = 0; k < found; ++k) {
        char folder[4096], manifest[4200];
        FILE *file;

        snprintf(folder, sizeof folder, "%s/%s", place, entries[k]->d_name);
        snprintf(manifest, sizeof manifest, "%s/manifest.json", folder);
        file = fopen(manifest, "rb");
        if (file != NULL) {
            fclose(file);
            read_bundle(folder, entries[k]->d_name);
        }
        free(entries[k]);
    }
    free(entries);
}

size_t known_bundles(known_bundle **bundles)
{
    *bundles = known;
    if (count == 0) {
        read_bundles(FUZZ_BUNDLES);
        read_bundles(FUZZ_MORE_BUNDLES);
    }
    return count;
}

known_bundle *bundle_of(const uint8_t *file, size_t length)
{
    known_bundle *bundles;
    size_t n = known_bundles(&bundles), k;

    for (k = 0; k < n && length >= 8; ++k) {
        if (memcmp(bundles[k].manifest.settings.fingerprint, file + 4, 4) == 0)
            return &bundles[k];
    }
    return &bundles[length >= 8 ? file[4] % n : 0];
}

size_t latent_count(const tfcomp_image *image)
{
    tfcomp_image_info info = {0};

    info.size = sizeof info;
    must(tfcomp_image_describe(image, &info) == TFCOMP_OK, "an image is described");
    return (size_t)info.rows * info.columns * info.channels;
}
