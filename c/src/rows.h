/* How a section holds its streams: see tfcomp/bitstream/rows.py. */

#ifndef TFCOMP_ROWS_H
#define TFCOMP_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "tfcomp/status.h"

/* A section whose lengths have been checked, and which of its streams comes next. */
typedef struct {
    const uint8_t *packed; /* the streams' lengths above the shortest, `bits` bits each */
    unsigned bits;
    uint32_t shortest;
    uint64_t next;
    const uint8_t *at, *end;
    int cut; /* whether streams are missing from here on */
} tfcomp_rows;

/* TFCOMP_DAMAGED where the section is not exactly `count` streams. */
tfcomp_status tfcomp_rows_open(const uint8_t *section, size_t length, uint64_t count,
                               tfcomp_rows *rows);

/* The same with cut = 0; else of a section of which these are only the first bytes. */
tfcomp_status tfcomp_rows_open_as(int cut, const uint8_t *section, size_t length, uint64_t count,
                                  tfcomp_rows *rows);

/* The next stream and its length; to be called `count` times at most. NULL where the section is cut
   and the stream or one before it is not whole. */
const uint8_t *tfcomp_rows_next(tfcomp_rows *rows, size_t *length);

#endif
