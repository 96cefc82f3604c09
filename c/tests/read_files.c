/* Varints, rows and whole files. */

#include <string.h>

#include "readers.h"
#include "rows.h"
#include "tfcomp/container.h"
#include "varint.h"

static int expects_values(const vector_check *check)
{
    return strcmp(check->what, "refuse") != 0;
}

tfcomp_status read_varint(vector_check *check)
{
    size_t length;
    const uint8_t *at = bytes_of(check, "bytes", &length), *end = at + length;
    uint32_t value;

    if (!tfcomp_read_varint(&at, end, &value))
        return TFCOMP_DAMAGED;
    EXPECT(value == (uint32_t)number_of(check, "value") && at == end, "%s", check->where);
    return TFCOMP_OK;
}

tfcomp_status read_rows(vector_check *check)
{
    size_t length, count, k, at = 0, stream_length, all;
    const uint8_t *section = bytes_of(check, "bytes", &length);
    const int32_t *lengths = numbers_of(check, "lengths", &count);
    const uint8_t *streams;
    tfcomp_rows rows;
    tfcomp_status status = tfcomp_rows_open(section, length, count, &rows);

    if (status != TFCOMP_OK || !expects_values(check))
        return status;
    streams = bytes_of(check, "streams", &all);
    for (k = 0; k < count; ++k) {
        const uint8_t *stream = tfcomp_rows_next(&rows, &stream_length);

        EXPECT(stream_length == (size_t)lengths[k] && stream_length <= all - at &&
                   memcmp(stream, streams + at, stream_length) == 0,
               "%s: stream %zu", check->where, k);
        at += stream_length;
    }
    EXPECT(at == all, "%s: %zu bytes of streams, not %zu", check->where, at, all);
    return TFCOMP_OK;
}

static void compare_container(vector_check *check, const tfcomp_container *found)
{
    size_t count, lengths, all, at = 0;
    const int32_t *holds = numbers_of(check, "holds", &count);
    const int32_t *length = numbers_of(check, "lengths", &lengths);
    const uint8_t *contents = bytes_of(check, "contents", &all);
    unsigned k;

    EXPECT(found->quality == (unsigned)holds[0], "%s: quality", check->where);
    EXPECT(found->width == (uint32_t)holds[1] && found->height == (uint32_t)holds[2], "%s: %ux%u",
           check->where, (unsigned)found->width, (unsigned)found->height);
    EXPECT(found->section_count == lengths, "%s: sections", check->where);
    for (k = 0; k < found->section_count && k < lengths; ++k) {
        EXPECT(found->sections[k].length == (size_t)length[k] &&
                   memcmp(found->sections[k].bytes, contents + at, (size_t)length[k]) == 0,
               "%s: section %u", check->where, k);
        at += (size_t)length[k];
    }
}

tfcomp_status read_container(vector_check *check)
{
    size_t length, count;
    const uint8_t *file = bytes_of(check, "bytes", &length);
    const int32_t *fixed = numbers_of(check, "bundle", &count);
    tfcomp_bundle bundle = {(unsigned)fixed[0], (unsigned)fixed[1], (uint32_t)fixed[2],
                            (uint32_t)fixed[3], (uint64_t)number_of(check, "max_pixels")};
    tfcomp_container found;
    tfcomp_status status = tfcomp_container_parse(file, length, &bundle, &found);

    if (status != TFCOMP_OK)
        return status;
    if (memcmp(found.fingerprint, bytes_of(check, "fingerprint", &count), 4) != 0)
        return TFCOMP_OTHER_BUNDLE;
    if (expects_values(check))
        compare_container(check, &found);
    return TFCOMP_OK;
}
