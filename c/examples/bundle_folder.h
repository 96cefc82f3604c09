/* What a bundle's folder says about its files. */

#ifndef BUNDLE_FOLDER_H
#define BUNDLE_FOLDER_H

#include "tfcomp/decoder.h"

/* What the bundle's pictures are: RGB of 8 bits where the manifest does not say. */
typedef struct {
    uint32_t channels;
    uint32_t bits; /* of whole samples; 0 where they are float32 */
} bundle_image;

/* Of manifest.json. The settings' layouts are those beside them, so it must stay where it is; tables
   and networks are for the caller to add. */
typedef struct {
    tfcomp_decoder_settings settings;
    tfcomp_bit_layout bits;
    tfcomp_hyperprior_layout hyperprior;
    bundle_image image;
    int has_sequence; /* whether there are networks for dependent frames */
} bundle_manifest;

/* Says in one line why the program cannot go on, and ends it. */
void quit(const char *subject, const char *reason);

/* A whole file, to be given to free(). folder may be "". */
uint8_t *read_file(const char *folder, const char *name, size_t *length);

/* Reads FOLDER/manifest.json; quits where it is none, or of an entropy model not read here. */
void read_manifest(const char *folder, bundle_manifest *manifest);

void free_manifest(bundle_manifest *manifest);

#endif
