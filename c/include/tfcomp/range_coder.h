/* Integers to bytes and back, with frozen tables: the bytes of TensorFlow Compression's range coder.

   Nothing trusts its input: no bytes, index or table makes it read out of bounds or run on for
   ever. A value costs 63 steps at most. Functions keep no state and may run side by side. */

#ifndef TFCOMP_RANGE_CODER_H
#define TFCOMP_RANGE_CODER_H

#include <stddef.h>
#include <stdint.h>

#include "tfcomp/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `count` cumulative distributions, one after another. Table i is cdf[starts[i]] up to, and not
   with, cdf[starts[i + 1]]: its precision in bits (negative where the last interval is an escape
   symbol for all values outside), then 0, rising strictly to 2^precision. Its first symbol stands
   for the value offsets[i]. starts has count + 1 entries, offsets has count. */
typedef struct {
    const int32_t *cdf;
    size_t cdf_length;
    const int32_t *starts;
    const int32_t *offsets;
    size_t count;
} tfcomp_tables;

/* Writes values[k] with table index[k], for k from 0 to n - 1.
   On TFCOMP_OK, *bytes (to be given to free()) holds *length bytes; else both are NULL and 0. */
TFCOMP_NODISCARD tfcomp_status tfcomp_encode(const tfcomp_tables *tables, const int32_t *values,
                                             const int32_t *index, size_t n, uint8_t **bytes,
                                             size_t *length);

/* Reads n values from exactly `length` bytes, values[k] with table index[k]. TFCOMP_DAMAGED where
   no encoder writes these bytes; some of values are then written all the same. */
TFCOMP_NODISCARD tfcomp_status tfcomp_decode(const tfcomp_tables *tables, const uint8_t *bytes,
                                             size_t length, const int32_t *index, int32_t *values,
                                             size_t n);

#ifdef __cplusplus
}
#endif
#endif
