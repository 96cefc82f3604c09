/* What a bundle's folder says about its files. */

#ifndef BUNDLE_FOLDER_H
#define BUNDLE_FOLDER_H

#include "tfcomp/bits.h"
#include "tfcomp/container.h"
#include "tfcomp/hyperprior.h"

typedef enum { FACTORIZED, BITS, HYPERPRIOR } entropy_kind;

/* Of manifest.json. bits, hyperprior: the layout of a bundle of that kind. */
typedef struct {
    tfcomp_bundle sizes;
    char fingerprint[9]; /* the hexadecimal digits that a file carries */
    uint32_t stride, channels;
    entropy_kind kind;
    tfcomp_bit_layout bits;
    tfcomp_hyperprior_layout hyperprior;
} bundle_manifest;

/* Says in one line why the program cannot go on, and ends it. */
void quit(const char *subject, const char *reason);

/* A whole file, to be given to free(). folder may be "". */
uint8_t *read_file(const char *folder, const char *name, size_t *length);

/* Reads FOLDER/manifest.json; quits where it is none, or of an entropy model not read here. */
void read_manifest(const char *folder, bundle_manifest *manifest);

void free_manifest(bundle_manifest *manifest);

#endif
