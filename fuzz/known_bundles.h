/* The bundles that come with tfcomp, as far as the C library needs them, and their decoders. A
   hyperprior's networks are formulas: those of the corpus's files, not the bundle's. */

#ifndef FUZZ_KNOWN_BUNDLES_H
#define FUZZ_KNOWN_BUNDLES_H

#include "bundle_folder.h"
#include "toy_networks.h"

typedef struct {
    bundle_manifest manifest; /* its settings are the decoder's */
    uint8_t *npz;             /* tables.npz */
    tfcomp_tables *latents;
    toy_networks toy;
    tfcomp_hyperprior_networks networks;
    tfcomp_decoder *decoder; /* larger pictures than a fuzzer has time for are TFCOMP_TOO_LARGE */
} known_bundle;

/* Reads every bundle, the first time; quits where one cannot be read. Gives their number. */
size_t known_bundles(known_bundle **bundles);

/* The bundle that a file names; where it names none, the one that a byte of it picks. */
known_bundle *bundle_of(const uint8_t *file, size_t length);

/* How many latents a decoded file has. */
size_t latent_count(const tfcomp_image *image);

#endif
