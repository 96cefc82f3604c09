/* Reads test vectors: spec/vectors/README.md describes them. */

#ifndef VECTORS_H
#define VECTORS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "expect.h"
#include "tfcomp/range_coder.h"

enum { MOST_WORDS = 24 };

/* One line in force, and what was made of it so far. */
typedef struct {
    char *word, *text;
    int32_t *numbers;
    uint8_t *bytes;
    size_t count;
} vector_line;

/* What must hold for the lines in force. */
typedef struct {
    char where[160]; /* file, line and case, for messages */
    char what[16];   /* "both", "read", "write" or "refuse" */
    char kind[32];   /* why it is refused */
    vector_line lines[MOST_WORDS];
    size_t words;
    unsigned number; /* of the line in the file */
    char *text;      /* the line as it was read */
} vector_check;

/* The next check; 0 at the end of the file. Begin with a check of zeros. */
int next_check(FILE *file, const char *name, vector_check *check);

void free_check(vector_check *check);

/* The parts of a line, which live until its next one. Exits where there is no such line. */
const int32_t *numbers_of(vector_check *check, const char *word, size_t *count);
const uint8_t *bytes_of(vector_check *check, const char *word, size_t *length);
const char *text_of(vector_check *check, const char *word);
int32_t number_of(vector_check *check, const char *word);

/* The tables of three lines, whose words begin with `prefix`; they point into the check. */
tfcomp_tables tables_of(vector_check *check, const char *prefix);

/* A whole file; exits where it cannot be read. */
uint8_t *whole_file(const char *path, size_t *length);

/* What the library says where the vectors say why: it has fewer words for it. */
tfcomp_status status_of(const char *kind);

#endif
