/* Reads the vectors that tfcomp/bitstream/tables.py writes: stored zip entries of .npy version 1. */

#include "tfcomp/tables_file.h"

#include <stdlib.h>
#include <string.h>

enum { LOCAL_HEADER = 30, NPY_PROLOGUE = 10, MAX_PRECISION = 16 };

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

/* The int32 data of a .npy file; 0 where it is anything else. */
static int npy_vector(const uint8_t *npy, size_t length, vector *found)
{
    static const char type[] = "'descr': '<i4'", order[] = "'fortran_order': False";
    char header[128];
    size_t size;

    if (length < NPY_PROLOGUE || memcmp(npy, "\x93NUMPY\x01\x00", 8) != 0)
        return 0;
    size = u16(npy + 8);
    if (size >= sizeof header || size > length - NPY_PROLOGUE)
        return 0;
    memcpy(header, npy + NPY_PROLOGUE, size);
    header[size] = '\0';
    length -= NPY_PROLOGUE + size;
    if (strstr(header, type) == NULL || strstr(header, order) == NULL || length % 4 != 0)
        return 0;
    found->data = npy + NPY_PROLOGUE + size;
    found->count = length / 4;
    return 1;
}

/* Finds the entry SECTION/NAME.npy by walking the zip's local headers. */
static int find_vector(const uint8_t *zip, size_t length, const char *section, const char *name,
                       vector *found)
{
    size_t at = 0, prefix = strlen(section), wanted = prefix + 1 + strlen(name) + 4;

    while (length - at >= LOCAL_HEADER && memcmp(zip + at, "PK\x03\x04", 4) == 0) {
        const uint8_t *header = zip + at;
        uint32_t flags = u16(header + 6), method = u16(header + 8), size = u32(header + 18);
        size_t name_length = u16(header + 26), extra = u16(header + 28), left;

        left = length - at - LOCAL_HEADER;
        if (flags & 8 || method != 0 || name_length + extra > left ||
            size > left - name_length - extra)
            return 0;
        at += LOCAL_HEADER;
        if (name_length == wanted && memcmp(zip + at, section, prefix) == 0 &&
            zip[at + prefix] == '/' &&
            memcmp(zip + at + prefix + 1, name, strlen(name)) == 0 &&
            memcmp(zip + at + wanted - 4, ".npy", 4) == 0)
            return npy_vector(zip + at + name_length + extra, size, found);
        at += name_length + extra + size;
    }
    return 0;
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

    *tables = NULL;
    if (!find_vector(npz, length, section, "cdf", &cdf) ||
        !find_vector(npz, length, section, "cdf_offset", &offsets) || cdf.count > INT32_MAX)
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
