/* All that a .tfcomp file holds, of format version 1 or 2: a picture or the frames of a sequence,
   alpha, a profile, Exif, XMP, tiles; and what there is of a file that breaks off.

       tfcomp_file_open(decoder, bytes, length, 0, &file)
       tfcomp_file_describe(file, &info)                 how many frames, how large
       tfcomp_frame_describe(file, number, &frame)       its duration, its alpha
       tfcomp_decode_frame(decoder, file, number, &image)
       tfcomp_image_latents(image)                       for decoder.tflite, as of any file
       tfcomp_image_destroy(image)
       tfcomp_file_close(file)

   The bytes must outlive the opened file, whose pointers lead into them. */

#ifndef TFCOMP_PICTURE_FILE_H
#define TFCOMP_PICTURE_FILE_H

#include "tfcomp/decoder.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tfcomp_file tfcomp_file;

/* A file that breaks off is read as far as it goes, as a whole picture, with likely values in place
   of what is missing (spec/version2.md). Nothing says whether such bytes are what was written. */
#define TFCOMP_PARTIAL 1u

/* Checks a whole file; flags: 0 or TFCOMP_PARTIAL. On TFCOMP_OK, *file is to be given to
   tfcomp_file_close; else it is NULL. What is allocated follows from the number of boxes that are
   there. The decoder's limit of pixels counts all frames; where it has none, no frame may have more
   than tfcomp_pixel_limit, and all together no more than 16,384 for each byte of the file. */
TFCOMP_NODISCARD tfcomp_status tfcomp_file_open(const tfcomp_decoder *decoder,
                                                const uint8_t *bytes, size_t length,
                                                unsigned flags, tfcomp_file **file);

/* file: may be NULL. */
void tfcomp_file_close(tfcomp_file *file);

/* Bytes of a file; NULL and 0 where it has none. */
typedef struct {
    const uint8_t *bytes;
    size_t length;
} tfcomp_bytes;

/* What a whole file says. Grows at its end: tfcomp/version.h. */
typedef struct {
    size_t size;            /* sizeof (tfcomp_file_info) */
    uint32_t version;       /* of the format */
    uint32_t frames;        /* at least 1 */
    uint32_t is_sequence;   /* whether it is one, if only of one frame */
    uint32_t loops;         /* how often a sequence is played, 0 for ever */
    uint32_t width, height; /* of each frame, in pixels */
    uint32_t whole;         /* 0 where the file breaks off */
    tfcomp_bytes icc_profile; /* none: sRGB */
    tfcomp_bytes exif;        /* a TIFF structure; pixels are upright whatever it says */
    tfcomp_bytes xmp;         /* UTF-8 text */
} tfcomp_file_info;

TFCOMP_NODISCARD tfcomp_status tfcomp_file_describe(const tfcomp_file *file,
                                                    tfcomp_file_info *info);

/* What a file says of one frame. Grows at its end: tfcomp/version.h. */
typedef struct {
    size_t size;        /* sizeof (tfcomp_frame_info) */
    uint32_t duration;  /* in milliseconds; 0 of a still */
    uint32_t quality;   /* 32 * (level - 1) */
    uint32_t is_grey;   /* whether tfcomp_grey makes the picture of what decoder.tflite gives */
    uint32_t tile_side; /* in pixels; 0 where there are no tiles */
    uint32_t tiles;     /* that are there */
    uint32_t is_dependent;  /* whether it can only be decoded after the frame before it */
    uint32_t premultiplied; /* whether tfcomp_straighten is to be called */
    tfcomp_bytes alpha; /* a PNG file of one channel of 8 bits, of the frame's size; none: opaque */
} tfcomp_frame_info;

/* number: from 0. */
TFCOMP_NODISCARD tfcomp_status tfcomp_frame_describe(const tfcomp_file *file, uint32_t number,
                                                     tfcomp_frame_info *info);

/* One frame's latents, of tiles those of all of them put together (zeros where a file breaks off
   before a tile); tfcomp_image_info has the quality that decoder.tflite takes. On TFCOMP_OK, *image
   is to be given to tfcomp_image_destroy; else it is NULL. Of a frame that depends on the one before,
   all frames from the last one on that does not are decoded, too. */
TFCOMP_NODISCARD tfcomp_status tfcomp_decode_frame(const tfcomp_decoder *decoder,
                                                   const tfcomp_file *file, uint32_t number,
                                                   tfcomp_image **image);

/* The same where the frame before is at hand, as in playing: nothing is decoded twice.
   before: frame number - 1 of this file, which stays the caller's; NULL if it is not at hand. */
TFCOMP_NODISCARD tfcomp_status tfcomp_decode_frame_after(const tfcomp_decoder *decoder,
                                                         const tfcomp_file *file, uint32_t number,
                                                         const tfcomp_image *before,
                                                         tfcomp_image **image);

/* A grey picture of what decoder.tflite gives: pixels times red, green, blue -> pixels bytes. The
   two may be one array. */
void tfcomp_grey(const uint8_t *rgb, size_t pixels, uint8_t *grey);

/* Whole samples of 9 to 16 bits of what decoder.tflite gives of them: float32 that are whole already,
   from 0 to 2^bits - 1, and count of them, as many as pixels times channels. What is no such number
   becomes the nearest that is, and no number 0. */
void tfcomp_whole_samples(const float *values, size_t count, unsigned bits, uint16_t *samples);

/* Makes premultiplied colours, of `channels` bytes a pixel, straight: min(255, 255 colour / alpha),
   rounded, halves up; 0 where alpha is 0. */
void tfcomp_straighten(uint8_t *colours, unsigned channels, const uint8_t *alpha, size_t pixels);

#ifdef __cplusplus
}
#endif
#endif
