/* A .tfcomp file to its latents, in one call.

       tfcomp_decoder_settings settings = {0};
       settings.size = sizeof settings;            ... and what the bundle's manifest says
       tfcomp_decoder_create(&settings, &decoder)  once for a bundle
       tfcomp_decode_file(decoder, file, length, &image)
       tfcomp_image_latents(image)                 for decoder.tflite, which is the program's to run
       tfcomp_image_destroy(image)
       tfcomp_decoder_destroy(decoder)

   Every call says by its status whether it did what it should. Nothing of a file is trusted; a
   bundle is. A decoder may serve several threads at once if its networks may. */

#ifndef TFCOMP_DECODER_H
#define TFCOMP_DECODER_H

#include "tfcomp/bits.h"
#include "tfcomp/container.h"
#include "tfcomp/hyperprior.h"
#include "tfcomp/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The manifest's entropy.kind. */
typedef enum { TFCOMP_FACTORIZED = 0, TFCOMP_HYPERPRIOR = 1, TFCOMP_BITS = 2 } tfcomp_kind;

/* What a bundle says about its files. Grows at its end: tfcomp/version.h. */
typedef struct {
    size_t size; /* sizeof (tfcomp_decoder_settings) */
    tfcomp_kind kind;
    uint8_t fingerprint[4]; /* the manifest's first eight digits */
    uint32_t qualities;     /* 1 to 255 */
    uint32_t stride;        /* pixels of a latent, along each side */
    uint32_t channels;
    uint32_t fixed_width, fixed_height;         /* 0 where the bundle takes any size */
    const uint8_t *tables;                      /* the bytes of tables.npz */
    size_t tables_length;
    const tfcomp_hyperprior_layout *hyperprior; /* of that kind; else NULL */
    const tfcomp_bit_layout *bits;              /* of that kind; else NULL */
    const tfcomp_hyperprior_networks *networks; /* of a hyperprior; what `self` points to must
                                                   outlive the decoder */
    uint64_t max_pixels; /* 0: what the bundle fixes, or tfcomp_pixel_limit of the file */
    uint32_t quality_steps; /* the manifest's entropy.quality_steps: 0 or 1 for whole levels only,
                               32 where there are qualities between two */
    const tfcomp_sequence_networks *sequence; /* where the manifest has entropy.sequence; else NULL.
                                                 What `self` points to must outlive the decoder */
} tfcomp_decoder_settings;

typedef struct tfcomp_decoder tfcomp_decoder;

/* On TFCOMP_OK, *decoder is to be given to tfcomp_decoder_destroy; else it is NULL. The settings, the
   tables and the layouts need not outlive the call. TFCOMP_BAD_TABLES where the tables are not those
   of the settings, TFCOMP_BAD_ARGUMENT where these make no sense. */
TFCOMP_NODISCARD tfcomp_status tfcomp_decoder_create(const tfcomp_decoder_settings *settings,
                                                     tfcomp_decoder **decoder);

/* decoder: may be NULL. Images outlive it. */
void tfcomp_decoder_destroy(tfcomp_decoder *decoder);

/* What any file says, without its bundle. Grows at its end: tfcomp/version.h. */
typedef struct {
    size_t size;            /* sizeof (tfcomp_file_header) */
    uint32_t version;       /* of the format */
    uint8_t fingerprint[4]; /* the bundle's */
    uint32_t quality;       /* from 1 */
} tfcomp_file_header;

/* Checks magic, version, length and CRCs, and says which bundle decodes the file (of several frames
   or tiles, the first). */
TFCOMP_NODISCARD tfcomp_status tfcomp_read_header(const uint8_t *file, size_t length,
                                                  tfcomp_file_header *header);

typedef struct tfcomp_image tfcomp_image;

/* What is known of a decoded file. Grows at its end: tfcomp/version.h. */
typedef struct {
    size_t size;            /* sizeof (tfcomp_image_info) */
    uint32_t quality;       /* as networks take it: from 1, or 32 (level - 1) where there are steps */
    uint32_t width, height; /* of the picture, in pixels */
    uint32_t columns, rows; /* of the latents */
    uint32_t channels;
    uint32_t is_grey; /* whether tfcomp_grey (tfcomp/picture_file.h) makes the picture of its pixels */
} tfcomp_image_info;

/* Reads a whole file of one opaque picture, of either version of the format. On TFCOMP_OK, *image is
   to be given to tfcomp_image_destroy; else it is NULL. TFCOMP_OTHER_BUNDLE where another bundle
   wrote the file: it may be sound. TFCOMP_UNSUPPORTED of a sequence, and where there is alpha:
   tfcomp/picture_file.h reads these. */
TFCOMP_NODISCARD tfcomp_status tfcomp_decode_file(const tfcomp_decoder *decoder,
                                                  const uint8_t *file, size_t length,
                                                  tfcomp_image **image);

TFCOMP_NODISCARD tfcomp_status tfcomp_image_describe(const tfcomp_image *image,
                                                     tfcomp_image_info *info);

/* [rows][columns][channels], as decoder.tflite takes them: whole numbers, of a hyperprior in eighths
   of a step, of bits 0 and 1. They live as long as the image. */
TFCOMP_NODISCARD const int32_t *tfcomp_image_latents(const tfcomp_image *image);

/* image: may be NULL. */
void tfcomp_image_destroy(tfcomp_image *image);

#ifdef __cplusplus
}
#endif
#endif
