/* Values that the input says, encoded and decoded: they must come back. */

#ifndef FUZZ_ROUND_TRIPS_H
#define FUZZ_ROUND_TRIPS_H

#include "made_tables.h"

/* One stream, any table for any value. */
void round_trip_of_values(input *in, const made_tables *made);

/* The section of a factorized prior, one channel for each table, with such streams. */
void round_trip_of_section(input *in, const made_tables *made, uint32_t height, uint32_t width);

#endif
