/* Reads sections of bits as Python does, and refuses what Python refuses. */

#include <stdlib.h>
#include <string.h>

#include "tfcomp/bits.h"
#include "tfcomp/container.h"
#include "tfcomp/tables_file.h"
#include "vector_case.h"

/* What the lines so far have said; the arrays are copies. */
typedef struct {
    tfcomp_bit_layout layout;
    tfcomp_tables *tables;
    int32_t expected[5]; /* quality, height, width, channels, CRC-32 of the bits as int32 */
    int refused;
} bits_case;

/* Takes a line of a layout or of its tables; 0 where it is another. */
static int describe(bits_case *c, const vector_line *line)
{
    if (strcmp(line->word, "groups") == 0) {
        replace(&c->layout.groups, copied_numbers(line));
        c->layout.group_count = line->count;
    } else if (strcmp(line->word, "sent") == 0) {
        replace(&c->layout.sent, copied_numbers(line));
        c->layout.quality_count = line->count;
    } else if (strcmp(line->word, "contexts") == 0) {
        replace(&c->layout.contexts, copied_numbers(line));
        c->layout.context_count = line->count;
    } else if (strcmp(line->word, "layout") == 0) {
        c->layout.checkerboard = (uint32_t)line->numbers[0];
        c->layout.rows_per_stream = (uint32_t)line->numbers[1];
        c->layout.context_bits = (unsigned)line->numbers[2];
    } else {
        return take_table_line(&c->tables, line);
    }
    return 1;
}

static tfcomp_status decode(const bits_case *c, const uint8_t *section, size_t length,
                            int32_t *bits)
{
    uint8_t *copy = (uint8_t *)malloc(length + !length); /* so that a read past the end is seen */
    tfcomp_status status;

    memcpy(copy, section, length);
    status = tfcomp_decode_bits(c->tables, &c->layout, copy, length, (unsigned)c->expected[0],
                                (uint32_t)c->expected[1], (uint32_t)c->expected[2], bits);
    free(copy);
    return status;
}

static void check_section(const bits_case *c, uint8_t *section, size_t length, const char *name)
{
    size_t n = (size_t)c->expected[1] * (size_t)c->expected[2] * (size_t)c->expected[3], k;
    int32_t *bits = (int32_t *)malloc(4 * n);
    tfcomp_status status = decode(c, section, length, bits);

    EXPECT(tfcomp_bit_channels(&c->layout) == (uint32_t)c->expected[3], "%s: channels", name);
    EXPECT(status == (c->refused ? TFCOMP_DAMAGED : TFCOMP_OK), "%s: %s", name,
           tfcomp_status_text(status));
    EXPECT(c->refused || latents_crc(bits, n) == (uint32_t)c->expected[4], "%s: other bits", name);
    for (k = 0; k < length && k < 100; ++k) { /* no expectation but to come back */
        section[k] ^= 0x24;
        status = decode(c, section, length, bits);
        EXPECT(status == TFCOMP_OK || status == TFCOMP_DAMAGED, "%s: byte %zu", name, k);
        section[k] ^= 0x24;
    }
    free(bits);
}

static void check_file(const bits_case *c, const char *path)
{
    tfcomp_bundle bundle = {(unsigned)c->layout.quality_count, 1, 0, 0, 0};
    tfcomp_container container;
    size_t length;
    uint8_t *file = whole_file(path, &length);
    tfcomp_status status = tfcomp_container_parse(file, length, &bundle, &container);

    EXPECT(status == TFCOMP_OK, "%s: %s", path, tfcomp_status_text(status));
    if (status == TFCOMP_OK)
        check_section(c, (uint8_t *)container.sections[0].bytes, container.sections[0].length,
                      path);
    free(file);
}

static void check_refusals(void)
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

int main(int count, char **arguments)
{
    FILE *vectors = count > 2 ? fopen(arguments[1], "r") : NULL;
    bits_case c = {0};
    vector_line line;
    char path[1024] = "", name[32];
    size_t length;
    int sections = 0;

    if (vectors == NULL)
        return 2;
    while (next_line(vectors, &line)) {
        if (describe(&c, &line))
            continue;
        if (strcmp(line.word, "file") == 0) {
            snprintf(path, sizeof path, "%s/%s", arguments[2], line.text);
        } else if (strcmp(line.word, "tables") == 0) {
            uint8_t *npz = whole_file(path, &length);

            tfcomp_tables_free(c.tables);
            EXPECT(tfcomp_tables_read(npz, length, "latents", &c.tables) == TFCOMP_OK, "%s", path);
            free(npz);
        } else if (strcmp(line.word, "latents") == 0 || strcmp(line.word, "refused") == 0) {
            c.refused = strcmp(line.word, "refused") == 0;
            memcpy(c.expected, line.numbers, line.count * sizeof *line.numbers);
            if (*path != '\0')
                check_file(&c, path);
            sections += *path != '\0';
        } else if (strcmp(line.word, "bytes") == 0) {
            snprintf(name, sizeof name, "section %d", ++sections);
            check_section(&c, line.bytes, line.count, name);
        }
    }
    fclose(vectors);
    check_refusals();
    tfcomp_tables_free(c.tables);
    replace(&c.layout.groups, NULL);
    replace(&c.layout.sent, NULL);
    replace(&c.layout.contexts, NULL);
    printf("%d sections, %d failures\n", sections, failures);
    return sections == 0 || failures != 0;
}
