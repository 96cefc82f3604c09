/* Arguments that cannot be used are refused, whatever the bytes. */

#include <stdlib.h>

#include "expect.h"
#include "tfcomp/bits.h"
#include "tfcomp/container.h"
#include "tfcomp/range_coder.h"

static void check_range_coder(void)
{
    static const int32_t cdf[] = {1, 0, 1, 2}, starts[] = {0, 4}, offsets[] = {0}, index[] = {0, 7};
    static const int32_t broken[] = {1, 0, 9, 2}, outside[] = {5, 0}, far_starts[] = {0, 400};
    tfcomp_tables tables = {cdf, 4, starts, offsets, 1};
    uint8_t *bytes, none = 0;
    size_t length;
    int32_t values[2];

    EXPECT(tfcomp_encode(&tables, outside, index, 1, &bytes, &length) == TFCOMP_BAD_ARGUMENT,
           "a value outside a table without an escape");
    EXPECT(bytes == NULL && length == 0, "nothing is left to free");
    EXPECT(tfcomp_decode(&tables, &none, 0, index, values, 2) == TFCOMP_BAD_ARGUMENT,
           "an index that names no table");
    tables.starts = far_starts;
    EXPECT(tfcomp_decode(&tables, &none, 0, index, values, 1) == TFCOMP_BAD_TABLES,
           "a table that runs past the array");
    tables.starts = starts;
    tables.cdf = broken;
    EXPECT(tfcomp_decode(&tables, &none, 0, index, values, 1) == TFCOMP_BAD_TABLES,
           "a table that does not rise");
}

static void check_bits(void)
{
    static const uint32_t groups[] = {1, 1}, sent[] = {1, 2}, too_many[] = {1, 3};
    static const int32_t sound[] = {-1, 8}, later[] = {0, 8}, far[] = {-1, 9};
    static const int32_t cdf[] = {1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2};
    static const int32_t starts[] = {0, 4, 8, 12, 16}, offsets[] = {0, 0, 0, 0};
    tfcomp_tables tables = {cdf, 16, starts, offsets, 4};
    tfcomp_bit_layout layout = {groups, 2, 0, 4, sent, 2, sound, 2, 1};
    const uint8_t section[] = {0, 0};
    int32_t bits[2];

#define VERDICT(quality) tfcomp_decode_bits(&tables, &layout, section, 2, quality, 1, 1, bits)
    EXPECT(VERDICT(2) == TFCOMP_OK && bits[0] == 0 && bits[1] == 0, "a sound layout");
    EXPECT(VERDICT(0) == TFCOMP_BAD_ARGUMENT, "quality 0");
    EXPECT(VERDICT(3) == TFCOMP_BAD_ARGUMENT, "a quality too many");
    layout.contexts = later;
    EXPECT(VERDICT(1) == TFCOMP_BAD_ARGUMENT, "a context in its own pass");
    layout.contexts = far;
    EXPECT(VERDICT(1) == TFCOMP_BAD_ARGUMENT, "a context in a later pass");
    layout.contexts = sound;
    layout.sent = too_many;
    EXPECT(VERDICT(2) == TFCOMP_BAD_ARGUMENT, "more sent than there is");
    layout.sent = sent;
    tables.count = 3;
    EXPECT(VERDICT(1) == TFCOMP_BAD_ARGUMENT, "tables for other contexts");
    tables.count = 4;
    layout.rows_per_stream = 0;
    EXPECT(VERDICT(1) == TFCOMP_BAD_ARGUMENT, "no rows in a stream");
}

static void check_pixel_limit(void)
{
    EXPECT(tfcomp_pixel_limit(0) == 0, "no bytes, %u pixels", 1u);
    EXPECT(tfcomp_pixel_limit(23) == 23u * TFCOMP_PIXELS_PER_BYTE, "%u bytes", 23u);
    EXPECT(tfcomp_pixel_limit(5461) == 5461u * TFCOMP_PIXELS_PER_BYTE, "%u bytes", 5461u);
    EXPECT(tfcomp_pixel_limit(5462) == TFCOMP_MAX_PIXELS, "%u bytes", 5462u);
    EXPECT(tfcomp_pixel_limit((size_t)-1) == TFCOMP_MAX_PIXELS, "%u bytes", 0u);
}

int main(void)
{
    check_range_coder();
    check_bits();
    check_pixel_limit();
    printf("%d failures\n", failures);
    return failures != 0;
}
