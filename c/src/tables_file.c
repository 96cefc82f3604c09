/* Reads the vectors that tfcomp/bitstream/tables.py writes: stored zip entries of .npy version 1. */

#include "tfcomp/tables_file.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tfcomp/container.h"

enum {
    LOCAL_HEADER = 30,
    DIRECTORY_ENTRY = 46,
    END_RECORD = 22,
    NPY_PROLOGUE = 10,
    MAX_PRECISION = 16
};

typedef struct {
    const uint8_t *data;
    size_t count;
} vector;

static uint32_t u16(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t u32(const uint8_t *at)
{
    return u16(at) | u16(at + 2) << 16;
}

/* How many bytes of a .npy file stand before the data of `count` int32 values; 0 where it is not
   exactly as NumPy writes it. Headers that could be read in another way are refused. */
static size_t npy_header(const uint8_t *npy, size_t length, size_t *count)
{
    static const char start[] = "{'descr': '<i4', 'fortran_order': False, 'shape': (";
    static const char stop[] = ",), }";
    const uint8_t *at, *end;
    size_t size, digits = 0;

    if (length < NPY_PROLOGUE || memcmp(npy, "\x93NUMPY\x01\x00", 8) != 0)
        return 0;
    size = u16(npy + 8);
    if (size > length - NPY_PROLOGUE || size < sizeof start + sizeof stop)
        return 0;
    at = npy + NPY_PROLOGUE;
    end = at + size - 1; /* the line's end */
    if (*end != '\n' || memcmp(at, start, sizeof start - 1) != 0)
        return 0;
    at += sizeof start - 1;
    for (*count = 0; at < end && *at >= '0' && *at <= '9' && digits < 9; ++at, ++digits)
        *count = 10 * *count + (*at - '0');
    if (digits == 0 || (digits > 1 && at[-(ptrdiff_t)digits] == '0') ||
        (size_t)(end - at) < sizeof stop - 1 || memcmp(at, stop, sizeof stop - 1) != 0)
        return 0;
    for (at += sizeof stop - 1; at < end; ++at)
        if (*at != ' ')
            return 0;
    return NPY_PROLOGUE + size;
}

/* The int32 data of a .npy file; 0 where it is anything else. */
static int npy_vector(const uint8_t *npy, size_t length, vector *found)
{
    size_t start = npy_header(npy, length, &found->count);

    if (start == 0 || (length - start) / 4 != found->count || (length - start) % 4 != 0)
        return 0;
    found->data = npy + start;
    return 1;
}

/* Where the directory of a zip starts; 0 unless the entries and the directory say the same, entry by
   entry, and fill the file: a reader that looks into the directory must see what this one sees. */
static size_t checked_directory(const uint8_t *zip, size_t length)
{
    const uint8_t *end;
    size_t at = 0, listed, start, count;

    if (length < END_RECORD)
        return 0;
    end = zip + length - END_RECORD;
    if (memcmp(end, "PK\x05\x06\0\0\0\0", 8) != 0 || u16(end + 20) != 0 ||
        u16(end + 8) != u16(end + 10))
        return 0;
    start = listed = u32(end + 16);
    if (start > length - END_RECORD || u32(end + 12) != length - END_RECORD - start)
        return 0;
    for (count = u16(end + 10); count > 0; --count) {
        const uint8_t *header = zip + at, *entry = zip + listed;
        size_t name, size;

        if (start - at < LOCAL_HEADER || length - END_RECORD - listed < DIRECTORY_ENTRY ||
            memcmp(header, "PK\x03\x04", 4) != 0 || memcmp(entry, "PK\x01\x02", 4) != 0)
            return 0;
        name = u16(header + 26);
        size = u32(header + 18);
        /* plain: no flags, not compressed, nothing but a name */
        if (u32(header + 6) != 0 || u16(header + 28) != 0 || u32(header + 22) != size ||
            u32(entry + 8) != 0 || u16(entry + 28) != name || u32(entry + 20) != size ||
            u32(entry + 24) != size || u32(entry + 30) != 0 || u16(entry + 34) != 0 ||
            u32(entry + 42) != at)
            return 0;
        at += LOCAL_HEADER;
        listed += DIRECTORY_ENTRY;
        if (name > start - at || size > start - at - name ||
            name > length - END_RECORD - listed || memcmp(zip + at, zip + listed, name) != 0)
            return 0;
        at += name + size;
        listed += name;
        if (u32(header + 14) != u32(entry + 16) ||
            u32(header + 14) != tfcomp_crc32(zip + at - size, size))
            return 0;
    }
    return at == start && listed == length - END_RECORD ? start : 0;
}

/* Finds the one entry SECTION/NAME.npy; end: of the entries, as `checked_directory` gives it. */
static int find_vector(const uint8_t *zip, size_t end, const char *section, const char *name,
                       vector *found)
{
    size_t at = 0, prefix = strlen(section), wanted = prefix + 1 + strlen(name) + 4;
    int times = 0;

    while (at < end) {
        size_t name_length = u16(zip + at + 26), size = u32(zip + at + 18);

        at += LOCAL_HEADER;
        if (name_length == wanted && memcmp(zip + at, section, prefix) == 0 &&
            zip[at + prefix] == '/' &&
            memcmp(zip + at + prefix + 1, name, strlen(name)) == 0 &&
            memcmp(zip + at + wanted - 4, ".npy", 4) == 0) {
            if (times++ > 0 || !npy_vector(zip + at + name_length, size, found))
                return 0;
        }
        at += name_length + size;
    }
    return times;
}

static int32_t *copied(const vector *from)
{
    int32_t *copy = (int32_t *)malloc((from->count + 1) * sizeof *copy);
    size_t k;

    for (k = 0; copy != NULL && k < from->count; ++k)
        copy[k] = (int32_t)u32(from->data + 4 * k);
    return copy;
}

/* Where each table starts and the last one ends; returns the number of tables, 0 for none good. */
static size_t find_starts(const int32_t *cdf, size_t length, int32_t *starts, size_t room)
{
    size_t at = 0, count = 0;

    while (at < length) {
        int64_t precision = cdf[at] < 0 ? -(int64_t)cdf[at] : cdf[at];

        if (precision < 1 || precision > MAX_PRECISION || count == room || at + 2 >= length ||
            cdf[at + 1] != 0)
            return 0;
        starts[count++] = (int32_t)at;
        at += 2;
        while (at < length && cdf[at] > cdf[at - 1] && cdf[at] < 1 << precision)
            ++at;
        if (at == length || cdf[at] != 1 << precision)
            return 0;
        ++at;
    }
    starts[count] = (int32_t)length;
    return count;
}

tfcomp_status tfcomp_tables_read(const uint8_t *npz, size_t length, const char *section,
                                 tfcomp_tables **tables)
{
    vector cdf, offsets;
    int32_t *starts;
    size_t end = checked_directory(npz, length);

    *tables = NULL;
    if (end == 0 || !find_vector(npz, end, section, "cdf", &cdf) ||
        !find_vector(npz, end, section, "cdf_offset", &offsets) || cdf.count > INT32_MAX)
        return TFCOMP_BAD_TABLES;
    *tables = (tfcomp_tables *)calloc(1, sizeof **tables);
    if (*tables == NULL)
        return TFCOMP_NO_MEMORY;
    (*tables)->cdf = copied(&cdf);
    (*tables)->offsets = copied(&offsets);
    (*tables)->starts = starts = (int32_t *)calloc(offsets.count + 1, sizeof *starts);
    (*tables)->cdf_length = cdf.count;
    (*tables)->count = offsets.count;
    if ((*tables)->cdf == NULL || (*tables)->offsets == NULL || starts == NULL) {
        tfcomp_tables_free(*tables);
        *tables = NULL;
        return TFCOMP_NO_MEMORY;
    }
    if (offsets.count == 0 ||
        find_starts((*tables)->cdf, cdf.count, starts, offsets.count) != offsets.count) {
        tfcomp_tables_free(*tables);
        *tables = NULL;
        return TFCOMP_BAD_TABLES;
    }
    return TFCOMP_OK;
}

void tfcomp_tables_free(tfcomp_tables *tables)
{
    if (tables == NULL)
        return;
    free((void *)tables->cdf);
    free((void *)tables->starts);
    free((void *)tables->offsets);
    free(tables);
}
