/* See tfcomp/bitstream/container.py: the same checks in the same order. */

#include "tfcomp/container.h"

#include <string.h>

#include "sized.h"
#include "tfcomp/decoder.h"
#include "varint.h"

enum { HEADER_BYTES = 9, CRC_BYTES = 4 };

uint32_t tfcomp_crc32(const uint8_t *bytes, size_t length)
{
    uint32_t crc = 0xFFFFFFFFu;
    int bit;

    while (length-- > 0) {
        crc ^= *bytes++;
        for (bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static uint32_t little_endian(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static tfcomp_status check_size(const tfcomp_container *container, uint64_t max_pixels)
{
    if (container->width == 0 || container->height == 0)
        return TFCOMP_DAMAGED;
    if ((uint64_t)container->width * container->height > max_pixels)
        return TFCOMP_TOO_LARGE;
    return TFCOMP_OK;
}

uint64_t tfcomp_pixel_limit(size_t file_bytes)
{
    if (file_bytes > TFCOMP_MAX_PIXELS / TFCOMP_PIXELS_PER_BYTE)
        return TFCOMP_MAX_PIXELS;
    return (uint64_t)file_bytes * TFCOMP_PIXELS_PER_BYTE;
}

/* Magic, version, length, CRC, fingerprint and quality: what needs no bundle. */
static tfcomp_status read_start(const uint8_t *file, size_t length, tfcomp_container *container)
{
    memset(container, 0, sizeof *container);
    if (length < 3 || memcmp(file, "\x89TC", 3) != 0)
        return TFCOMP_NOT_TFCOMP;
    if (length > 3 && file[3] != TFCOMP_FORMAT_VERSION)
        return TFCOMP_NEWER_FORMAT;
    if (length < HEADER_BYTES + CRC_BYTES ||
        tfcomp_crc32(file, length - CRC_BYTES) != little_endian(file + length - CRC_BYTES))
        return TFCOMP_DAMAGED;
    memcpy(container->fingerprint, file + 4, 4);
    container->quality = file[8];
    return container->quality < 1 ? TFCOMP_DAMAGED : TFCOMP_OK;
}

tfcomp_status tfcomp_read_header(const uint8_t *file, size_t length, tfcomp_file_header *header)
{
    tfcomp_container container;
    tfcomp_file_header found = {0};
    tfcomp_status status = read_start(file, length, &container);

    if (status != TFCOMP_OK)
        return status;
    found.version = TFCOMP_FORMAT_VERSION;
    memcpy(found.fingerprint, container.fingerprint, sizeof found.fingerprint);
    found.quality = container.quality;
    return TFCOMP_GIVE_SIZED(header, &found, quality) ? TFCOMP_OK : TFCOMP_BAD_ARGUMENT;
}

tfcomp_status tfcomp_container_parse(const uint8_t *file, size_t length,
                                     const tfcomp_bundle *bundle, tfcomp_container *container)
{
    const uint8_t *at, *end;
    tfcomp_status status;
    uint32_t bytes;
    unsigned k;

    memset(container, 0, sizeof *container);
    if (bundle->section_count > TFCOMP_MAX_SECTIONS)
        return TFCOMP_BAD_ARGUMENT;
    status = read_start(file, length, container);
    if (status != TFCOMP_OK)
        return status;
    if (container->quality > bundle->qualities)
        return TFCOMP_DAMAGED;
    at = file + HEADER_BYTES;
    end = file + length - CRC_BYTES;
    container->width = bundle->fixed_width;
    container->height = bundle->fixed_height;
    if (bundle->fixed_width == 0 && (!tfcomp_read_varint(&at, end, &container->width) ||
                                     !tfcomp_read_varint(&at, end, &container->height)))
        return TFCOMP_DAMAGED;
    status = check_size(container, bundle->max_pixels ? bundle->max_pixels : TFCOMP_MAX_PIXELS);
    if (status != TFCOMP_OK)
        return status;
    for (k = 0; k < bundle->section_count; ++k) {
        if (!tfcomp_read_varint(&at, end, &bytes) || bytes > (size_t)(end - at))
            return TFCOMP_DAMAGED;
        container->sections[k].bytes = at;
        container->sections[k].length = bytes;
        at += bytes;
    }
    container->section_count = bundle->section_count;
    return at == end ? TFCOMP_OK : TFCOMP_DAMAGED;
}
