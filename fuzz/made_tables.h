/* Tables that the input says: sound ones, or ones with a few numbers written over. */

#ifndef FUZZ_MADE_TABLES_H
#define FUZZ_MADE_TABLES_H

#include "input.h"
#include "tfcomp/range_coder.h"

typedef struct {
    int32_t *cdf, *starts, *offsets; /* exactly as long as `tables` says */
    tfcomp_tables tables;
    int sound;
} made_tables;

/* To be given to free_made_tables. make_corpora.py writes what this reads. */
void take_tables(input *in, made_tables *made);

/* Makes `count` tables of sound ones, from the first again after the last; leaves others alone. */
void repeat_tables(made_tables *made, size_t count);

void free_made_tables(made_tables *made);

#endif
