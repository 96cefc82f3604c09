/* The library's functions, each held against one check of its file of vectors. */

#ifndef READERS_H
#define READERS_H

#include "vectors.h"

/* Reads the check's bytes and, where it says what they hold, compares. */
typedef tfcomp_status (*vector_reader)(vector_check *check);

tfcomp_status read_varint(vector_check *check);
tfcomp_status read_rows(vector_check *check);
tfcomp_status read_container(vector_check *check);
tfcomp_status read_boxes(vector_check *check);
tfcomp_status read_pictures(vector_check *check);
tfcomp_status read_range_coder(vector_check *check);
tfcomp_status read_factorized(vector_check *check);
tfcomp_status read_bits(vector_check *check);
tfcomp_status read_hyperprior(vector_check *check);
tfcomp_status read_dependent(vector_check *check);
tfcomp_status read_cut_pictures(vector_check *check);
tfcomp_status read_cut_factorized(vector_check *check);
tfcomp_status read_cut_bits(vector_check *check);
tfcomp_status read_cut_hyperprior(vector_check *check);

/* Writes the check's values and compares the bytes: the one thing that the library encodes. */
tfcomp_status write_range_coder(vector_check *check);

#endif
