/* Files of either version with fingerprints and checksums that fit: else hardly any change of their
   bytes would get past them. */

#ifndef FUZZ_MENDED_FILES_H
#define FUZZ_MENDED_FILES_H

#include "known_bundles.h"

/* Mends boxes in place; gives the bundle of the first picture. */
const known_bundle *mend_boxes(uint8_t *file, size_t length);

/* Mends a file of version 1 in place; gives its bundle. */
const known_bundle *mend_version_1(uint8_t *file, size_t length);

/* Whether a library that is asked for a file may answer so. */
int is_known(tfcomp_status status);

#endif
