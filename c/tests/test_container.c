/* Takes files apart as Python does, and refuses what Python refuses. */

#include <string.h>

#include "tfcomp/container.h"
#include "vectors.h"

static void check_pixel_limit(void)
{
    EXPECT(tfcomp_pixel_limit(0) == 0, "no bytes, %u pixels", 1u);
    EXPECT(tfcomp_pixel_limit(23) == 23u * TFCOMP_PIXELS_PER_BYTE, "%u bytes", 23u);
    EXPECT(tfcomp_pixel_limit(5461) == 5461u * TFCOMP_PIXELS_PER_BYTE, "%u bytes", 5461u);
    EXPECT(tfcomp_pixel_limit(5462) == TFCOMP_MAX_PIXELS, "%u bytes", 5462u);
    EXPECT(tfcomp_pixel_limit((size_t)-1) == TFCOMP_MAX_PIXELS, "%u bytes", 0u);
}

int main(int count, char **arguments)
{
    FILE *file = count > 1 ? fopen(arguments[1], "r") : NULL;
    tfcomp_bundle bundle = {0};
    tfcomp_container found;
    vector_line line;
    int32_t expected[3 + TFCOMP_MAX_SECTIONS];
    size_t fields = 0;
    int files = 0;
    unsigned k;

    if (file == NULL)
        return 2;
    while (next_line(file, &line)) {
        if (strcmp(line.word, "bundle") == 0) {
            bundle.qualities = (unsigned)line.numbers[0];
            bundle.section_count = (unsigned)line.numbers[1];
            bundle.fixed_width = (uint32_t)line.numbers[2];
            bundle.fixed_height = (uint32_t)line.numbers[3];
        } else if (strcmp(line.word, "holds") == 0) {
            fields = line.count; /* quality, width, height, lengths; none where it is refused */
            memcpy(expected, line.numbers, fields * sizeof *expected);
        } else if (strcmp(line.word, "bytes") == 0) {
            tfcomp_status status =
                tfcomp_container_parse(line.bytes, line.count, &bundle, &found);

            ++files;
            EXPECT((status == TFCOMP_OK) == (fields > 0), "file %d: %s", files,
                   tfcomp_status_text(status));
            if (status != TFCOMP_OK || fields == 0)
                continue;
            EXPECT(found.quality == (unsigned)expected[0], "file %d: quality", files);
            EXPECT(found.width == (uint32_t)expected[1] && found.height == (uint32_t)expected[2],
                   "file %d: %ux%u", files, (unsigned)found.width, (unsigned)found.height);
            EXPECT(found.section_count + 3 == fields, "file %d: sections", files);
            for (k = 0; k < found.section_count; ++k)
                EXPECT(found.sections[k].length == (size_t)expected[3 + k],
                       "file %d: section %u", files, k);
        }
    }
    fclose(file);
    check_pixel_limit();
    printf("%d files, %d failures\n", files, failures);
    return files == 0 || failures != 0;
}
