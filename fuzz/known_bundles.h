/* The bundles that come with tfcomp, as far as the C library needs them, and files decoded with
   them. A hyperprior's networks are formulas: those of the corpus's files, not the bundle's. */

#ifndef FUZZ_KNOWN_BUNDLES_H
#define FUZZ_KNOWN_BUNDLES_H

#include "bundle_folder.h"

typedef struct {
    bundle_manifest manifest;
    uint8_t *npz; /* tables.npz */
    size_t npz_length;
    tfcomp_tables *latents, *hyper_latents; /* the second NULL where there is no hyperprior */
} known_bundle;

/* Reads every bundle, the first time; quits where one cannot be read. Gives their number. */
size_t known_bundles(known_bundle **bundles);

/* The bundle that a file names; where it names none, the one that a byte of it picks. */
known_bundle *bundle_of(const uint8_t *file, size_t length);

/* Takes a file apart. Larger pictures than a fuzzer has time for are refused as TOO_LARGE. */
tfcomp_status parse_file(const known_bundle *bundle, const uint8_t *file, size_t length,
                         tfcomp_container *container);

/* How many latents a parsed file has. */
size_t latent_count(const known_bundle *bundle, const tfcomp_container *container);

/* The sections of a parsed file to so many latents; nothing but the library allocates. */
tfcomp_status decode_file(const known_bundle *bundle, const tfcomp_container *container,
                          int32_t *latents);

#endif
