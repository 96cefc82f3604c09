/* What several tests keep of the lines of a case, and compare. */

#ifndef VECTOR_CASE_H
#define VECTOR_CASE_H

#include "tfcomp/range_coder.h"
#include "vectors.h"

/* A line's numbers, to be given to free(). */
int32_t *copied_numbers(const vector_line *line);

/* Frees the array that *where points to and puts another there. */
void replace(const void *where, const void *array);

/* Takes a line "cdf", which begins new tables, "starts" or "offsets"; 0 where it is another. */
int take_table_line(tfcomp_tables **tables, const vector_line *line);

/* CRC-32 of n integers as little-endian int32. */
uint32_t latents_crc(const int32_t *latents, size_t n);

#endif
