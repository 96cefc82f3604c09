/* What decodes the sections of a picture, whole or, of the last section, only the first bytes: then
   a stream of which a byte is missing, or that no encoder writes, and every stream after it, is
   missing. Missing values are zeros, which with a hyperprior decode to their means; missing bits are
   the ones that their tables hold for likelier. */

#ifndef TFCOMP_SECTIONS_H
#define TFCOMP_SECTIONS_H

#include "tfcomp/bits.h"
#include "tfcomp/container.h"
#include "tfcomp/hyperprior.h"

/* As the functions of the same end in the public headers. cut: whether the last section is. shown:
   gets the highest quality all of whose bytes are there, 1 if none's are. hyper_latents: gets these,
   unless it is NULL. */
tfcomp_status tfcomp_read_factorized(const tfcomp_tables *tables, const uint8_t *section,
                                     size_t length, int cut, unsigned quality, uint32_t height,
                                     uint32_t width, uint32_t channels, int32_t *latents);

tfcomp_status tfcomp_read_bits(const tfcomp_tables *tables, const tfcomp_bit_layout *layout,
                               const uint8_t *section, size_t length, int cut, unsigned quality,
                               uint32_t height, uint32_t width, int32_t *bits, unsigned *shown);

tfcomp_status tfcomp_read_hyperprior(const tfcomp_tables *hyper_tables,
                                     const tfcomp_tables *latent_tables,
                                     const tfcomp_hyperprior_layout *layout,
                                     const tfcomp_hyperprior_networks *networks,
                                     const uint8_t *hyper_section, size_t hyper_length,
                                     const uint8_t *section, size_t length, int cut,
                                     unsigned level, unsigned quality, uint32_t height,
                                     uint32_t width, const tfcomp_sequence_networks *sequence,
                                     const tfcomp_frame_before *before, int32_t *latents,
                                     int32_t *hyper_latents);

#endif
