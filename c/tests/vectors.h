/* Reads test vectors: lines of a word, then numbers, then hexadecimal bytes where the word is
   "bytes". Lines that start with # are for people. The Python tests write them. */

#ifndef VECTORS_H
#define VECTORS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    char word[32];
    char text[128]; /* of a line "file" */
    int32_t *numbers;
    uint8_t *bytes;
    size_t count; /* of the numbers, or of the bytes */
} vector_line;

/* The next line; 0 at the end of the file. Its arrays live until the next call. */
int next_line(FILE *file, vector_line *line);

/* A whole file; exits where it cannot be read. */
uint8_t *whole_file(const char *path, size_t *length);

extern int failures;

#define EXPECT(condition, ...) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
            fprintf(stderr, __VA_ARGS__); \
            fputc('\n', stderr); \
            ++failures; \
        } \
    } while (0)

#endif
