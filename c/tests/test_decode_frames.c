/* Files of version 2 to latents: the golden ones of bundles without networks, in boxes; and what is
   there of files that break off.

       test_decode_frames spec/vectors/golden.txt TOP_OF_THE_REPOSITORY */

#include <stdlib.h>
#include <math.h>
#include <string.h>

#include "bundle_folder.h"
#include "tfcomp/picture_file.h"
#include "vectors.h"

/* A file that is being written. */
typedef struct {
    uint8_t *bytes;
    size_t length;
} written;

static void put(written *w, const void *bytes, size_t length)
{
    if (length > 0)
        memcpy(w->bytes + w->length, bytes, length);
    w->length += length;
}

static void put_varint(written *w, size_t value)
{
    for (; value > 0x7F; value >>= 7)
        w->bytes[w->length++] = (uint8_t)(value | 0x80);
    w->bytes[w->length++] = (uint8_t)value;
}

static void put_box(written *w, char type, const uint8_t *payload, size_t length)
{
    size_t start = w->length;
    uint32_t crc;
    int k;

    put(w, &type, 1);
    put_varint(w, length);
    put(w, payload, length);
    crc = tfcomp_crc32(w->bytes + start, w->length - start);
    for (k = 0; k < 4; ++k)
        w->bytes[w->length++] = (uint8_t)(crc >> 8 * k);
}

/* The boxes' types, in order: `p` is a picture, grey for `g`, `a` its alpha, `s` a sequence of two
   frames, played for ever, 40 ms each; others hold "text". */
static written file_of(const char *types, const uint8_t *old, size_t old_length)
{
    static const uint8_t png[] = "\0\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    uint8_t alpha[30] = {0};
    written made = {(uint8_t *)malloc(2 * old_length + 300), 0}, picture = made;

    picture.bytes = (uint8_t *)malloc(old_length);
    picture.length = 0;
    put(&picture, old + 4, 4);
    put_varint(&picture, 32 * (old[8] - 1u));
    put(&picture, old + 9, old_length - 9 - 4);
    put(&made, "\x89TC\x02", 4);
    memcpy(alpha, png, 17);
    alpha[19] = alpha[23] = 0; /* no picture has such sides: the size is wrong */
    alpha[25] = 8;
    for (; *types; ++types) {
        if (*types == 'p' || *types == 'g')
            put_box(&made, *types == 'p' ? 'I' : 'G', picture.bytes, picture.length);
        else if (*types == 'a')
            put_box(&made, 'A', alpha, sizeof alpha);
        else if (*types == 's')
            put_box(&made, 'S', (const uint8_t *)"\0\2\50", 3);
        else
            put_box(&made, *types, (const uint8_t *)"text", 4);
    }
    put(&made, ".", 1);
    free(picture.bytes);
    return made;
}

static size_t count_of(const tfcomp_image *image)
{
    tfcomp_image_info info = {0};

    info.size = sizeof info;
    EXPECT(tfcomp_image_describe(image, &info) == TFCOMP_OK, "an image");
    return (size_t)info.rows * info.columns * info.channels;
}

static int are_same(const tfcomp_image *one, const tfcomp_image *other)
{
    return count_of(one) == count_of(other) &&
           memcmp(tfcomp_image_latents(one), tfcomp_image_latents(other),
                  count_of(one) * sizeof(int32_t)) == 0;
}

static void check_still(const tfcomp_decoder *decoder, const written *file,
                        const tfcomp_image *expected, int grey)
{
    tfcomp_image_info info = {0};
    tfcomp_file_header header = {0};
    tfcomp_image *image;

    info.size = sizeof info;
    header.size = sizeof header;
    EXPECT(tfcomp_decode_file(decoder, file->bytes, file->length, &image) == TFCOMP_OK, "a still");
    EXPECT(tfcomp_read_header(file->bytes, file->length, &header) == TFCOMP_OK, "its header");
    if (image == NULL)
        return;
    EXPECT(tfcomp_image_describe(image, &info) == TFCOMP_OK, "its image");
    EXPECT(are_same(image, expected), "its latents");
    EXPECT(info.is_grey == (uint32_t)grey, "whether it is grey");
    EXPECT(header.version == 2 && header.quality == info.quality, "its header's contents");
    tfcomp_image_destroy(image);
}

static void check_sequence(const tfcomp_decoder *decoder, const written *file,
                           const tfcomp_image *expected)
{
    tfcomp_file_info info = {0};
    tfcomp_frame_info frame = {0};
    tfcomp_file *opened;
    tfcomp_image *image;

    info.size = sizeof info;
    frame.size = sizeof frame;
    EXPECT(tfcomp_decode_file(decoder, file->bytes, file->length, &image) == TFCOMP_UNSUPPORTED,
           "a sequence is no still");
    EXPECT(tfcomp_file_open(decoder, file->bytes, file->length, 2, &opened) == TFCOMP_BAD_ARGUMENT,
           "flags that are not known");
    EXPECT(tfcomp_file_open(decoder, file->bytes, file->length, 0, &opened) == TFCOMP_OK, "opened");
    if (opened == NULL)
        return;
    EXPECT(tfcomp_file_describe(opened, &info) == TFCOMP_OK, "described");
    EXPECT(info.version == 2 && info.frames == 2 && info.is_sequence && info.loops == 0, "so");
    EXPECT(info.exif.length == 4 && memcmp(info.exif.bytes, "text", 4) == 0, "Exif");
    EXPECT(info.icc_profile.bytes == NULL && info.xmp.length == 0, "no profile");
    EXPECT(tfcomp_frame_describe(opened, 1, &frame) == TFCOMP_OK, "a frame");
    EXPECT(frame.duration == 40 && frame.alpha.bytes == NULL && frame.is_grey == 0, "as it is");
    EXPECT(tfcomp_frame_describe(opened, 2, &frame) == TFCOMP_BAD_ARGUMENT, "no third frame");
    EXPECT(tfcomp_decode_frame(decoder, opened, 2, &image) == TFCOMP_BAD_ARGUMENT, "none at all");
    EXPECT(tfcomp_decode_frame(decoder, opened, 1, &image) == TFCOMP_OK, "the second's latents");
    EXPECT(image != NULL && are_same(image, expected), "are those of the file of version 1");
    tfcomp_image_destroy(image);
    tfcomp_file_close(opened);
    tfcomp_file_close(NULL);
}

/* Whether the first latents are the whole's, and zeros follow them. */
static int is_beginning(const tfcomp_image *image, const tfcomp_image *whole)
{
    const int32_t *a = tfcomp_image_latents(image), *b = tfcomp_image_latents(whole);
    size_t n = count_of(whole), k = 0;

    while (k < n && a[k] == b[k])
        ++k;
    for (; k < n; ++k) {
        if (a[k] != 0)
            return 0;
    }
    return 1;
}

/* Every beginning of a file is refused, or is a picture of the same size. */
static void check_beginnings(const tfcomp_decoder *decoder, const uint8_t *file, size_t length,
                             const tfcomp_image *whole, int in_rows)
{
    size_t cut, pictures = 0;
    tfcomp_file *opened;
    tfcomp_image *image;

    for (cut = 0; cut <= length; cut += cut + 8 < length ? 1 + length / 60 : 1) {
        uint8_t *copy = (uint8_t *)malloc(cut + !cut);

        memcpy(copy, file, cut);
        if (tfcomp_file_open(decoder, copy, cut, TFCOMP_PARTIAL, &opened) == TFCOMP_OK) {
            EXPECT(tfcomp_decode_frame(decoder, opened, 0, &image) == TFCOMP_OK, "cut at %zu", cut);
            if (image != NULL) {
                EXPECT(count_of(image) == count_of(whole), "cut at %zu: of another size", cut);
                EXPECT(!in_rows || is_beginning(image, whole), "cut at %zu: other latents", cut);
                EXPECT(cut < length - 1 || are_same(image, whole), "cut at %zu, yet complete", cut);
                ++pictures;
            }
            tfcomp_image_destroy(image);
        }
        tfcomp_file_close(opened);
        free(copy);
    }
    EXPECT(pictures > 30, "only %zu beginnings are pictures", pictures);
}

static void check_golden(const tfcomp_decoder *decoder, const uint8_t *old, size_t length,
                         int in_rows)
{
    static const char *const odd[] = {"", "pp", "pZ", "sp", "spps", "psp", "pa", "ap"};
    tfcomp_image *expected, *image;
    written file;
    size_t k;

    EXPECT(tfcomp_decode_file(decoder, old, length, &expected) == TFCOMP_OK, "version 1");
    if (expected == NULL)
        return;
    for (k = 0; k < 3; ++k) {
        file = file_of(k == 0 ? "p" : k == 1 ? "xqg" : "cpe", old, length);
        check_still(decoder, &file, expected, k == 1);
        if (k == 0)
            check_beginnings(decoder, file.bytes, file.length, expected, in_rows);
        free(file.bytes);
    }
    file = file_of("sppe", old, length);
    check_sequence(decoder, &file, expected);
    free(file.bytes);
    for (k = 0; k < sizeof odd / sizeof *odd; ++k) {
        tfcomp_status status;

        file = file_of(odd[k], old, length);
        status = tfcomp_decode_file(decoder, file.bytes, file.length, &image);
        EXPECT(status == (strchr(odd[k], 'Z') != NULL ? TFCOMP_NEWER_FORMAT : TFCOMP_DAMAGED), "%s: %s",
               odd[k], tfcomp_status_text(status));
        free(file.bytes);
    }
    check_beginnings(decoder, old, length, expected, in_rows);
    tfcomp_image_destroy(expected);
}

static void check_pixels(void)
{
    uint8_t rgb[] = {255, 255, 255, 0, 0, 0, 100, 150, 200}, grey[3];
    uint8_t colours[] = {7, 100, 1, 3, 255, 0}, alpha[] = {0, 200, 2};
    const float values[] = {0.0f, 4095.0f, 4096.0f, -1.0f, 100.4f, NAN, 1e9f};
    uint16_t samples[7];

    tfcomp_whole_samples(values, 7, 12, samples);
    EXPECT(samples[0] == 0 && samples[1] == 4095, "from 0 to 4095");
    EXPECT(samples[2] == 4095 && samples[3] == 0 && samples[6] == 4095, "no further");
    EXPECT(samples[4] == 100 && samples[5] == 0, "the nearest, and nothing of no number");
    tfcomp_grey(rgb, 3, grey);
    EXPECT(grey[0] == 255 && grey[1] == 0 && grey[2] == 141, "grey %u", (unsigned)grey[2]);
    tfcomp_straighten(colours, 2, alpha, 3);
    EXPECT(colours[0] == 0 && colours[1] == 0, "nothing under no alpha");
    EXPECT(colours[2] == 1 && colours[3] == 4, "1 of 200 and 3 of 200");
    EXPECT(colours[4] == 255 && colours[5] == 0, "no more than 255");
}

int main(int count, char **arguments)
{
    FILE *list = count == 3 ? fopen(arguments[1], "r") : NULL;
    vector_check check = {0};
    int files = 0;

    if (list == NULL)
        return 2;
    while (next_check(list, arguments[1], &check)) {
        bundle_manifest manifest;
        tfcomp_decoder *decoder;
        uint8_t *npz, *old;
        size_t length;
        char path[1024];

        snprintf(path, sizeof path, "%s/%s", arguments[2], text_of(&check, "bundle"));
        read_manifest(path, &manifest);
        if (manifest.settings.kind != TFCOMP_HYPERPRIOR) {
            npz = read_file(path, "tables.npz", &manifest.settings.tables_length);
            manifest.settings.tables = npz;
            old = read_file(arguments[2], text_of(&check, "file"), &length);
            EXPECT(tfcomp_decoder_create(&manifest.settings, &decoder) == TFCOMP_OK, "a decoder");
            check_golden(decoder, old, length, manifest.settings.kind == TFCOMP_FACTORIZED);
            tfcomp_decoder_destroy(decoder);
            free(old);
            free(npz);
            ++files;
        }
        free_manifest(&manifest);
    }
    fclose(list);
    free_check(&check);
    check_pixels();
    printf("%d files, %d failures\n", files, failures);
    return files == 0 || failures != 0;
}
