/* A bundle's tables.npz: an uncompressed zip of .npy vectors, SECTION/cdf.npy and
   SECTION/cdf_offset.npy among them. */

#ifndef TFCOMP_TABLES_FILE_H
#define TFCOMP_TABLES_FILE_H

#include "tfcomp/range_coder.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads the tables of a section ("latents", "hyper_latents") from the bytes of tables.npz, which
   need not outlive the call. On TFCOMP_OK, *tables is to be given to tfcomp_tables_free. */
TFCOMP_NODISCARD tfcomp_status tfcomp_tables_read(const uint8_t *npz, size_t length,
                                                  const char *section, tfcomp_tables **tables);

void tfcomp_tables_free(tfcomp_tables *tables);

#ifdef __cplusplus
}
#endif
#endif
