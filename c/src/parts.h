/* The parts of a file that both versions of the format have: see container.c. */

#ifndef TFCOMP_PARTS_H
#define TFCOMP_PARTS_H

#include "tfcomp/container.h"

uint32_t tfcomp_little_endian(const uint8_t *bytes);

tfcomp_status tfcomp_check_size(uint32_t width, uint32_t height, uint64_t max_pixels);

/* Of version 1 magic, version, length, CRC, fingerprint and quality: what needs no bundle. */
tfcomp_status tfcomp_read_start(const uint8_t *file, size_t length, tfcomp_container *container);

/* As tfcomp_container_parse, of a file that breaks off in its last section or after it. */
tfcomp_status tfcomp_container_parse_cut(const uint8_t *file, size_t length,
                                         const tfcomp_bundle *bundle, tfcomp_container *container);

/* Width and height at *at, moving it on; where the bundle fixes them, these. */
tfcomp_status tfcomp_read_size(const uint8_t **at, const uint8_t *end, const tfcomp_bundle *bundle,
                               tfcomp_container *container);

/* The sections, which must fill what is there. cut: the last one may break off. */
tfcomp_status tfcomp_read_sections(const uint8_t *at, const uint8_t *end, unsigned count, int cut,
                                   tfcomp_container *container);

#endif
