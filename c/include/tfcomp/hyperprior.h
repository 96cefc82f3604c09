/* The two sections of a file whose entropy model is a hyperprior with context: networks say what
   the next bits mean, in the light of all that is decoded before. */

#ifndef TFCOMP_HYPERPRIOR_H
#define TFCOMP_HYPERPRIOR_H

#include "tfcomp/range_coder.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the manifest's "entropy" object of a bundle of kind "hyperprior" says: spec/format.md. */
typedef struct {
    const uint32_t *groups; /* channels that are coded together, in coding order */
    size_t group_count;
    uint32_t checkerboard; /* how many of the first groups have more than one pass */
    uint32_t hyper_channels;
    const uint32_t *rows_per_stream; /* one for each quality */
    size_t quality_count;
    uint32_t quincunx; /* how many of the first groups have three passes; 0 where it says nothing */
} tfcomp_hyperprior_layout;

/* One step of the decoding: some channels, on some of the squares or on all. */
typedef struct {
    unsigned number; /* from 0; its network is the signature pass_NUMBER */
    uint32_t start, channels;
    uint32_t seen;  /* how many channels of decoded values, from the first, its network sees */
    int parity;     /* even row + column 0, odd 1; -1 for all squares */
    int row_parity; /* of these, even rows 0, odd rows 1; -1 for all */
} tfcomp_hyperprior_pass;

/* The integer networks of entropy.tflite, run by the caller on one whole image. They must be exact:
   integers held in float32, the same on every machine. What they return other than TFCOMP_OK ends
   the decoding, which then returns it. Arrays are row by row, channels innermost. */
typedef struct {
    void *self; /* handed to both */
    uint32_t features;

    /* hyper_latents [height][width][hyper_channels] -> made [2 * height][2 * width][features]. */
    tfcomp_status (*hyper_synthesis)(void *self, const int32_t *hyper_latents, uint32_t height,
                                     uint32_t width, unsigned quality, float *made);

    /* inputs [height][width][features + seen], the features and then decoded values, clipped to
       -255 ... 255 -> made [height][width][2 * channels], the means in eighths of a step and then
       the scale indices. */
    tfcomp_status (*parameters)(void *self, const tfcomp_hyperprior_pass *pass,
                                const float *inputs, uint32_t height, uint32_t width,
                                unsigned quality, int32_t *made);
} tfcomp_hyperprior_networks;

/* The networks of frames that depend on the frame before, likewise (entropy.tflite's
   sequence_pass_0, sequence_pass_1 ...). Where a bundle's manifest has entropy.sequence. */
typedef struct {
    void *self; /* handed to it */

    /* inputs [height][width][seen + hyper_channels + 3 * channels] -> made as above. They are what
       has changed since the frame before of the decoded values that the pass sees (0 where nothing
       is decoded yet) and of the hyper-latents, clipped to -255 ... 255; what the pass's own
       network made; and the values of the frame before. */
    tfcomp_status (*parameters)(void *self, const tfcomp_hyperprior_pass *pass,
                                const float *inputs, uint32_t height, uint32_t width,
                                unsigned quality, int32_t *made);
} tfcomp_sequence_networks;

/* The frame before: what tfcomp_decode_hyperprior_frame gave. */
typedef struct {
    const int32_t *latents, *hyper_latents;
} tfcomp_frame_before;

/* Channels of the latents: the sum of the groups. 0 where the layout cannot be used. */
uint32_t tfcomp_hyperprior_channels(const tfcomp_hyperprior_layout *layout);

/* Reads the two sections into latents[height][width][channels], in eighths of a quantisation step,
   as decoder.tflite takes them. height and width count latents, as in tfcomp_decode_factorized;
   bound their product before the latents are allocated.

   Working memory, beside the latents, the networks' own and one stream's: for each latent place
   4 * (2 * features + the most channels a pass sees + 2 * the widest group) bytes. With groups of
   8, 24, 80 and 208 channels, 64 features and a stride of 16 that is 2.6 kB a place, 10 MB for each
   megapixel of the image.

   TFCOMP_BAD_ARGUMENT too where the networks are not the tables': a scale index names none. */
TFCOMP_NODISCARD tfcomp_status tfcomp_decode_hyperprior(const tfcomp_tables *hyper_tables,
                                                        const tfcomp_tables *latent_tables,
                                                        const tfcomp_hyperprior_layout *layout,
                                                        const tfcomp_hyperprior_networks *networks,
                                                        const uint8_t *hyper_section,
                                                        size_t hyper_length, const uint8_t *section,
                                                        size_t length, unsigned quality,
                                                        uint32_t height, uint32_t width,
                                                        int32_t *latents);

/* As tfcomp_decode_hyperprior, of a frame of a sequence; tables are those of its kind, of dependent
   frames sequence_hyper_latents and sequence_latents. sequence, before: NULL for a frame by itself.
   hyper_latents [ceil(height / 2)][ceil(width / 2)][hyper_channels]: gets what a further frame may
   depend on beside the latents. */
TFCOMP_NODISCARD tfcomp_status tfcomp_decode_hyperprior_frame(
    const tfcomp_tables *hyper_tables, const tfcomp_tables *latent_tables,
    const tfcomp_hyperprior_layout *layout, const tfcomp_hyperprior_networks *networks,
    const tfcomp_sequence_networks *sequence, const tfcomp_frame_before *before,
    const uint8_t *hyper_section, size_t hyper_length, const uint8_t *section, size_t length,
    unsigned quality, uint32_t height, uint32_t width, int32_t *latents, int32_t *hyper_latents);

#ifdef __cplusplus
}
#endif
#endif
