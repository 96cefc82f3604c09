/* Layouts, networks and sections of a hyperprior that cannot be used. One place, or one row. */

#include <stdlib.h>

#include "expect.h"
#include "tfcomp/hyperprior.h"

enum { FAR = 1 << 20 };

/* What the networks of this test give, everywhere. */
typedef struct {
    int32_t mean, scale;
    tfcomp_status synthesis, parameters;
} constants;

static tfcomp_status synthesis(void *self, const int32_t *hyper, uint32_t height, uint32_t width,
                               unsigned quality, float *made)
{
    size_t k;

    (void)hyper, (void)quality;
    for (k = 0; k < (size_t)4 * height * width; ++k)
        made[k] = 0;
    return ((constants *)self)->synthesis;
}

static tfcomp_status parameters(void *self, const tfcomp_hyperprior_pass *pass,
                                const float *inputs, uint32_t height, uint32_t width,
                                unsigned quality, int32_t *made)
{
    const constants *given = (const constants *)self;
    size_t k;

    (void)inputs, (void)quality;
    for (k = 0; k < (size_t)2 * height * width * pass->channels; ++k)
        made[k] = k / pass->channels % 2 ? given->scale : given->mean;
    return given->parameters;
}

static const int32_t cdf[] = {-1, 0, 1, 2, -1, 0, 1, 2}, starts[] = {0, 4, 8}, offsets[] = {0, 0};
static const tfcomp_tables sound_tables = {cdf, 8, starts, offsets, 2};

/* A section of one stream, in which one value is coded with table 1. */
static size_t section_of(int32_t value, uint8_t *section)
{
    static const int32_t index = 1;
    uint8_t *bytes;
    size_t length, k;

    EXPECT(tfcomp_encode(&sound_tables, &value, &index, 1, &bytes, &length) == TFCOMP_OK, "coded");
    section[0] = (uint8_t)length;
    section[1] = 0;
    for (k = 0; k < length; ++k)
        section[2 + k] = bytes[k];
    free(bytes);
    return 2 + length;
}

/* A picture of one place, with one hyper-latent and one latent, at the second of two qualities. */
static tfcomp_status verdict(const constants *given, int32_t hyper, int32_t latent,
                             int32_t *decoded)
{
    static const uint32_t groups[] = {1}, rows[] = {4, 4};
    tfcomp_hyperprior_layout layout = {groups, 1, 0, 1, rows, 2, 0};
    tfcomp_hyperprior_networks networks = {(void *)given, 1, synthesis, parameters};
    uint8_t sections[2][32];
    size_t hyper_length = section_of(hyper, sections[0]), length = section_of(latent, sections[1]);

    return tfcomp_decode_hyperprior(&sound_tables, &sound_tables, &layout, &networks, sections[0],
                                    hyper_length, sections[1], length, 2, 1, 1, decoded);
}

static void check_values(void)
{
    constants given = {3, 1, TFCOMP_OK, TFCOMP_OK};
    int32_t decoded;

    EXPECT(verdict(&given, 1, -7, &decoded) == TFCOMP_OK && decoded == 3 - 8 * 7, "a value");
    EXPECT(verdict(&given, FAR, -FAR, &decoded) == TFCOMP_OK && decoded == 3 - 8 * FAR, "far out");
    EXPECT(verdict(&given, FAR + 1, 0, &decoded) == TFCOMP_DAMAGED, "a hyper-latent too far");
    EXPECT(verdict(&given, 0, FAR + 1, &decoded) == TFCOMP_DAMAGED, "a latent too far");
    EXPECT(verdict(&given, 0, -FAR - 1, &decoded) == TFCOMP_DAMAGED, "a latent too far below");
    given.mean = INT32_MAX;
    EXPECT(verdict(&given, 0, 1, &decoded) == TFCOMP_BAD_ARGUMENT, "a mean too large");
    given.mean = INT32_MIN;
    EXPECT(verdict(&given, 0, -1, &decoded) == TFCOMP_BAD_ARGUMENT, "a mean too small");
    given.scale = 2;
    EXPECT(verdict(&given, 0, 0, &decoded) == TFCOMP_BAD_ARGUMENT, "a scale without a table");
    given.scale = -1;
    EXPECT(verdict(&given, 0, 0, &decoded) == TFCOMP_BAD_ARGUMENT, "a negative scale");
    given.scale = 1;
    given.parameters = TFCOMP_TOO_LARGE;
    EXPECT(verdict(&given, 0, 0, &decoded) == TFCOMP_TOO_LARGE, "the networks' own refusal");
    given.synthesis = TFCOMP_NO_MEMORY;
    EXPECT(verdict(&given, 0, 0, &decoded) == TFCOMP_NO_MEMORY, "the synthesis's own refusal");
}

static void check_arguments(void)
{
    static const uint32_t groups[] = {1, 1}, rows[] = {1}, none[] = {0}, wide[] = {65536, 1};
    static const tfcomp_tables one = {cdf, 4, starts, offsets, 1};
    constants given = {5, 0, TFCOMP_OK, TFCOMP_OK}; /* nothing is coded: all are means */
    tfcomp_hyperprior_layout layout = {groups, 2, 1, 1, rows, 1, 1};
    tfcomp_hyperprior_networks networks = {&given, 1, synthesis, parameters};
    static const uint8_t nothing[] = {0, 0}, coded[] = {1, 0, 0x40};
    const tfcomp_tables *hyper_tables = &one;
    int32_t decoded[4];
    unsigned quality = 1;
    uint32_t height = 1, width = 2;

#define VERDICT() \
    tfcomp_decode_hyperprior(hyper_tables, &sound_tables, &layout, &networks, nothing, 2, nothing, \
                             2, quality, height, width, decoded)
#define EXPECT_REFUSED(what, sound, unsound) \
    do { \
        what = unsound; \
        EXPECT(VERDICT() == TFCOMP_BAD_ARGUMENT, #what " = " #unsound); \
        what = sound; \
    } while (0)
    EXPECT(VERDICT() == TFCOMP_OK && decoded[0] == 5 && decoded[3] == 5, "a sound layout");
    EXPECT_REFUSED(quality, 1, 0);
    EXPECT_REFUSED(quality, 1, 2);
    EXPECT_REFUSED(height, 1, 0);
    EXPECT_REFUSED(width, 2, 0);
    EXPECT_REFUSED(height, 1, UINT32_MAX);
    EXPECT_REFUSED(width, 2, UINT32_MAX);
    EXPECT_REFUSED(networks.features, 1, 0);
    EXPECT_REFUSED(networks.features, 1, UINT32_MAX);
    EXPECT_REFUSED(layout.checkerboard, 1, 3);
    EXPECT_REFUSED(layout.quincunx, 1, 2);
    EXPECT_REFUSED(layout.group_count, 2, 0);
    EXPECT_REFUSED(layout.groups, groups, none);
    EXPECT_REFUSED(layout.groups, groups, wide);
    EXPECT_REFUSED(layout.rows_per_stream, rows, none);
    EXPECT_REFUSED(layout.quality_count, 1, 0);
    EXPECT_REFUSED(layout.hyper_channels, 1, 0);
    EXPECT_REFUSED(layout.hyper_channels, 1, 65537);
    EXPECT_REFUSED(hyper_tables, &one, &sound_tables);
    EXPECT(tfcomp_decode_hyperprior(&one, &sound_tables, &layout, &networks, nothing, 2, coded, 3,
                                    1, 1, 2, decoded) == TFCOMP_DAMAGED,
           "streams that do not fill the section");
}

int main(void)
{
    check_values();
    check_arguments();
    printf("%d failures\n", failures);
    return failures != 0;
}
