/* Whole files to latents: the golden ones of bundles without networks, and what is refused.

       test_decode_file spec/vectors/golden.txt TOP_OF_THE_REPOSITORY */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "bundle_folder.h"
#include "vectors.h"

/* One golden file and all that decodes it. */
typedef struct {
    bundle_manifest manifest;
    uint8_t *npz, *file;
    size_t length;
} golden_file;

static void open_golden(vector_check *check, const char *top, golden_file *golden)
{
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", top, text_of(check, "bundle"));
    read_manifest(path, &golden->manifest);
    golden->npz = read_file(path, "tables.npz", &golden->manifest.settings.tables_length);
    golden->manifest.settings.tables = golden->npz;
    golden->file = read_file(top, text_of(check, "file"), &golden->length);
}

static void close_golden(golden_file *golden)
{
    free_manifest(&golden->manifest);
    free(golden->npz);
    free(golden->file);
}

static uint32_t latents_crc(const int32_t *latents, size_t n)
{
    uint8_t *packed = (uint8_t *)malloc(4 * n + 1);
    uint32_t crc;
    size_t k;

    for (k = 0; k < 4 * n; ++k)
        packed[k] = (uint8_t)((uint32_t)latents[k / 4] >> 8 * (k % 4));
    crc = tfcomp_crc32(packed, 4 * n);
    free(packed);
    return crc;
}

static void compare(vector_check *check, const tfcomp_image *image, const golden_file *golden)
{
    tfcomp_image_info info = {0};
    size_t count;
    const int32_t *shape = numbers_of(check, "shape", &count);

    info.size = sizeof info;
    EXPECT(tfcomp_image_describe(image, &info) == TFCOMP_OK, "%s", check->where);
    EXPECT(info.rows == (uint32_t)shape[0] && info.columns == (uint32_t)shape[1] &&
               info.channels == (uint32_t)shape[2],
           "%s: %ux%ux%u", check->where, info.rows, info.columns, info.channels);
    EXPECT((info.width - 1) / golden->manifest.settings.stride + 1 == info.columns, "%s: width",
           check->where);
    EXPECT(latents_crc(tfcomp_image_latents(image),
                       (size_t)info.rows * info.columns * info.channels) ==
               (uint32_t)number_of(check, "crc32"),
           "%s: other latents", check->where);
}

/* What becomes of a copy, so that a read past the end is seen. */
static tfcomp_status verdict(const tfcomp_decoder *decoder, const uint8_t *file, size_t length)
{
    uint8_t *copy = (uint8_t *)malloc(length + !length);
    tfcomp_image *image;
    tfcomp_status status;

    memcpy(copy, file, length);
    status = tfcomp_decode_file(decoder, copy, length, &image);
    EXPECT((image != NULL) == (status == TFCOMP_OK), "%zu bytes: nothing is left", length);
    tfcomp_image_destroy(image);
    free(copy);
    return status;
}

static void check_damage(const tfcomp_decoder *decoder, golden_file *golden)
{
    uint8_t *file = golden->file;
    size_t length = golden->length, k;
    tfcomp_file_header header = {0};

    header.size = sizeof header;
    EXPECT(tfcomp_read_header(file, length, &header) == TFCOMP_OK, "its header");
    EXPECT(memcmp(header.fingerprint, golden->manifest.settings.fingerprint, 4) == 0, "its bundle");
    EXPECT(header.version == 1 && header.quality == file[8], "its quality");
    EXPECT(tfcomp_read_header(file, 12, &header) == TFCOMP_DAMAGED, "the header of a cut file");
    for (k = 0; k < length; k += 1 + length / 50)
        EXPECT(verdict(decoder, file, k) != TFCOMP_OK, "cut at %zu", k);
    for (k = 0; k < length; k += 1 + length / 50) {
        file[k] ^= 0x10;
        EXPECT(verdict(decoder, file, length) != TFCOMP_OK, "a changed byte %zu", k);
        file[k] ^= 0x10;
    }
}

/* The settings that a change makes. */
static tfcomp_status status_of_settings(const tfcomp_decoder_settings *settings)
{
    tfcomp_decoder *decoder;
    tfcomp_status status = tfcomp_decoder_create(settings, &decoder);

    EXPECT((decoder != NULL) == (status == TFCOMP_OK), "nothing is left of refused settings");
    tfcomp_decoder_destroy(decoder);
    return status;
}

static void check_settings(const golden_file *golden)
{
    const tfcomp_decoder_settings sound = golden->manifest.settings;
    tfcomp_decoder_settings s = sound;
    struct {
        tfcomp_decoder_settings known;
        uint64_t later; /* a field of a release to come */
    } grown = {sound, 0};

#define EXPECT_STATUS(expected, field, value) \
    do { \
        s.field = value; \
        EXPECT(status_of_settings(&s) == expected, #field " = " #value); \
        s = sound; \
    } while (0)
    EXPECT(status_of_settings(&sound) == TFCOMP_OK, "sound settings");
    grown.known.size = sizeof grown;
    EXPECT(status_of_settings(&grown.known) == TFCOMP_OK, "settings of a later release");
    EXPECT_STATUS(TFCOMP_BAD_ARGUMENT, size, 0);
    EXPECT_STATUS(TFCOMP_BAD_ARGUMENT, size, offsetof(tfcomp_decoder_settings, max_pixels));
    EXPECT_STATUS(TFCOMP_BAD_ARGUMENT, quality_steps, 2);
    EXPECT_STATUS(TFCOMP_BAD_ARGUMENT, kind, TFCOMP_HYPERPRIOR);
    EXPECT_STATUS(TFCOMP_BAD_ARGUMENT, kind, (tfcomp_kind)3);
    EXPECT_STATUS(TFCOMP_BAD_ARGUMENT, qualities, 0);
    EXPECT_STATUS(TFCOMP_BAD_ARGUMENT, qualities, 256);
    EXPECT_STATUS(TFCOMP_BAD_ARGUMENT, stride, 0);
    EXPECT_STATUS(TFCOMP_BAD_ARGUMENT, channels, 0);
    EXPECT_STATUS(TFCOMP_BAD_ARGUMENT, channels, UINT32_MAX);
    EXPECT_STATUS(TFCOMP_BAD_ARGUMENT, tables, NULL);
    EXPECT_STATUS(TFCOMP_BAD_TABLES, tables_length, 100);
    if (sound.kind == TFCOMP_FACTORIZED)
        EXPECT_STATUS(TFCOMP_BAD_TABLES, channels, sound.channels + 1);
    else
        EXPECT_STATUS(TFCOMP_BAD_ARGUMENT, channels, sound.channels + 1);
    if (sound.kind == TFCOMP_BITS)
        EXPECT_STATUS(TFCOMP_BAD_ARGUMENT, bits, NULL);
}

/* Whose file it is, and how large a picture it may claim, decoders say. */
static void check_limits(const golden_file *golden)
{
    tfcomp_decoder_settings s = golden->manifest.settings;
    tfcomp_decoder *decoder;

    s.fingerprint[0] ^= 1;
    EXPECT(tfcomp_decoder_create(&s, &decoder) == TFCOMP_OK, "a decoder of another bundle");
    EXPECT(verdict(decoder, golden->file, golden->length) == TFCOMP_OTHER_BUNDLE, "its verdict");
    EXPECT(verdict(decoder, golden->file, golden->length - 1) == TFCOMP_DAMAGED, "on a cut file");
    tfcomp_decoder_destroy(decoder);
    s.fingerprint[0] ^= 1;
    s.max_pixels = 100;
    EXPECT(tfcomp_decoder_create(&s, &decoder) == TFCOMP_OK, "a decoder of small pictures");
    EXPECT(verdict(decoder, golden->file, golden->length) == TFCOMP_TOO_LARGE, "its verdict");
    tfcomp_decoder_destroy(decoder);
    tfcomp_decoder_destroy(NULL);
    tfcomp_image_destroy(NULL);
}

/* Asks for less of a struct than the library knows, and for more. */
static void check_description(const tfcomp_image *image)
{
    struct {
        tfcomp_image_info known;
        uint32_t later;
    } grown;

    memset(&grown, 0x55, sizeof grown);
    grown.known.size = sizeof grown;
    EXPECT(tfcomp_image_describe(image, &grown.known) == TFCOMP_OK, "a later release's struct");
    EXPECT(grown.later == 0x55555555 && grown.known.size == sizeof grown, "what is not known stays");
    grown.known.size = offsetof(tfcomp_image_info, channels); /* the first release's, but one field */
    EXPECT(tfcomp_image_describe(image, &grown.known) == TFCOMP_BAD_ARGUMENT, "too small a struct");
}

int main(int count, char **arguments)
{
    FILE *file = count == 3 ? fopen(arguments[1], "r") : NULL;
    vector_check check = {0};
    int files = 0;

    if (file == NULL)
        return 2;
    while (next_check(file, arguments[1], &check)) {
        golden_file golden;
        tfcomp_decoder *decoder;
        tfcomp_image *image;

        open_golden(&check, arguments[2], &golden);
        if (golden.manifest.settings.kind != TFCOMP_HYPERPRIOR) {
            EXPECT(tfcomp_decoder_create(&golden.manifest.settings, &decoder) == TFCOMP_OK, "%s",
                   check.where);
            EXPECT(tfcomp_decode_file(decoder, golden.file, golden.length, &image) == TFCOMP_OK,
                   "%s", check.where);
            if (image != NULL) {
                compare(&check, image, &golden);
                check_description(image);
            }
            tfcomp_image_destroy(image);
            check_damage(decoder, &golden);
            tfcomp_decoder_destroy(decoder);
            check_settings(&golden);
            check_limits(&golden);
            ++files;
        }
        close_golden(&golden);
    }
    fclose(file);
    free_check(&check);
    EXPECT(tfcomp_version() == TFCOMP_VERSION, "the library's version is %d", tfcomp_version());
    printf("%d files, %d failures\n", files, failures);
    return files == 0 || failures != 0;
}
