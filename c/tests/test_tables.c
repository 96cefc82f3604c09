/* Decodes stored files to the latents that Python decodes, and survives damaged ones. */

#include <stdlib.h>
#include <string.h>

#include "tfcomp/container.h"
#include "tfcomp/tables_file.h"
#include "vector_case.h"

static void damage(uint8_t *npz, size_t length)
{
    tfcomp_tables *tables;
    size_t k, kept;

    for (k = 0; k < 400; ++k) {
        size_t at = (size_t)rand() % (k % 2 ? 512 : length);
        uint8_t old = npz[at];

        npz[at] ^= (uint8_t)(1 + rand() % 255);
        tfcomp_tables_read(npz, length, "latents", &tables);
        tfcomp_tables_free(tables);
        npz[at] = old;
    }
    for (kept = 0; kept < 600; kept += 7) {
        uint8_t *copy = (uint8_t *)malloc(kept + 1); /* so that a read past the end is seen */

        memcpy(copy, npz, kept);
        EXPECT(tfcomp_tables_read(copy, kept, "latents", &tables) != TFCOMP_OK, "cut at %zu", kept);
        free(copy);
    }
}

static void check_file(const tfcomp_tables *tables, const tfcomp_bundle *bundle, const char *path,
                       const int32_t *expected)
{
    /* expected: quality, height, width and channels of the latents, and their CRC-32 */
    tfcomp_container container;
    uint32_t height = (uint32_t)expected[1], width = (uint32_t)expected[2];
    uint32_t channels = (uint32_t)expected[3];
    size_t length, n = (size_t)height * width * channels, k;
    uint8_t *file = whole_file(path, &length);
    int32_t *latents = (int32_t *)malloc(4 * n);
    tfcomp_status status = tfcomp_container_parse(file, length, bundle, &container);

    EXPECT(status == TFCOMP_OK, "%s: %s", path, tfcomp_status_text(status));
    status = tfcomp_decode_factorized(tables, container.sections[0].bytes,
                                      container.sections[0].length, container.quality, height,
                                      width, channels, latents);
    EXPECT(status == TFCOMP_OK, "%s: %s", path, tfcomp_status_text(status));
    EXPECT(latents_crc(latents, n) == (uint32_t)expected[4], "%s: other latents", path);
    for (k = 0; k < container.sections[0].length; k += 3) {
        uint8_t *section = (uint8_t *)malloc(container.sections[0].length);

        memcpy(section, container.sections[0].bytes, container.sections[0].length);
        section[k] ^= 0x10;
        status = tfcomp_decode_factorized(tables, section, container.sections[0].length,
                                          container.quality, height, width, channels, latents);
        EXPECT(status == TFCOMP_OK || status == TFCOMP_DAMAGED, "%s: byte %zu", path, k);
        free(section);
    }
    free(latents);
    free(file);
}

int main(int count, char **arguments)
{
    FILE *vectors = count > 2 ? fopen(arguments[1], "r") : NULL;
    tfcomp_bundle bundle = {0};
    tfcomp_tables *tables = NULL;
    vector_line line;
    char path[1024] = "";
    uint8_t *npz = NULL;
    size_t length;
    int files = 0;

    if (vectors == NULL)
        return 2;
    while (next_line(vectors, &line)) {
        if (strcmp(line.word, "file") == 0) {
            snprintf(path, sizeof path, "%s/%s", arguments[2], line.text);
        } else if (strcmp(line.word, "tables") == 0) {
            free(npz);
            tfcomp_tables_free(tables);
            npz = whole_file(path, &length);
            EXPECT(tfcomp_tables_read(npz, length, "latents", &tables) == TFCOMP_OK, "%s", path);
            if (tables == NULL)
                break;
            EXPECT(tables->count == (size_t)line.numbers[0], "%zu tables", tables->count);
        } else if (strcmp(line.word, "bundle") == 0) {
            bundle.qualities = (unsigned)line.numbers[0];
            bundle.section_count = (unsigned)line.numbers[1];
            bundle.fixed_width = (uint32_t)line.numbers[2];
            bundle.fixed_height = (uint32_t)line.numbers[3];
        } else if (strcmp(line.word, "latents") == 0) {
            check_file(tables, &bundle, path, line.numbers);
            ++files;
        }
    }
    fclose(vectors);
    if (npz != NULL)
        damage(npz, length);
    tfcomp_tables_free(tables);
    free(npz);
    printf("%d files, %d failures\n", files, failures);
    return files == 0 || failures != 0;
}
