/* See tfcomp/bitstream/container.py: the same checks in the same order. */

#include "tfcomp/container.h"

#include <string.h>

#include "parts.h"
#include "tfcomp/version.h"
#include "varint.h"

enum { HEADER_BYTES = 9, CRC_BYTES = 4 };

uint32_t tfcomp_crc32(const uint8_t *bytes, size_t length)
{
    /* Of four bits alone. */
    static const uint32_t table[16] = {
        0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u,
        0x4DB26158u, 0x5005713Cu, 0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu,
        0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu,
    };
    uint32_t crc = 0xFFFFFFFFu;

    while (length-- > 0) {
        crc ^= *bytes++;
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

uint32_t tfcomp_little_endian(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

tfcomp_status tfcomp_check_size(uint32_t width, uint32_t height, uint64_t max_pixels)
{
    if (width == 0 || height == 0)
        return TFCOMP_DAMAGED;
    return (uint64_t)width * height > max_pixels ? TFCOMP_TOO_LARGE : TFCOMP_OK;
}

uint64_t tfcomp_pixel_limit(size_t file_bytes)
{
    if (file_bytes > TFCOMP_MAX_PIXELS / TFCOMP_PIXELS_PER_BYTE)
        return TFCOMP_MAX_PIXELS;
    return (uint64_t)file_bytes * TFCOMP_PIXELS_PER_BYTE;
}

static tfcomp_status check_magic(const uint8_t *file, size_t length)
{
    if (length < 3 || memcmp(file, "\x89TC", 3) != 0)
        return TFCOMP_NOT_TFCOMP;
    return length > 3 && file[3] != TFCOMP_FORMAT_VERSION ? TFCOMP_NEWER_FORMAT : TFCOMP_OK;
}

tfcomp_status tfcomp_read_start(const uint8_t *file, size_t length, tfcomp_container *container)
{
    tfcomp_status status = check_magic(file, length);

    memset(container, 0, sizeof *container);
    if (status != TFCOMP_OK)
        return status;
    if (length < HEADER_BYTES + CRC_BYTES ||
        tfcomp_crc32(file, length - CRC_BYTES) != tfcomp_little_endian(file + length - CRC_BYTES))
        return TFCOMP_DAMAGED;
    memcpy(container->fingerprint, file + 4, 4);
    container->quality = file[8];
    return container->quality < 1 ? TFCOMP_DAMAGED : TFCOMP_OK;
}

tfcomp_status tfcomp_read_size(const uint8_t **at, const uint8_t *end, const tfcomp_bundle *bundle,
                               tfcomp_container *container)
{
    container->width = bundle->fixed_width;
    container->height = bundle->fixed_height;
    if (bundle->fixed_width == 0 && (!tfcomp_read_varint(at, end, &container->width) ||
                                     !tfcomp_read_varint(at, end, &container->height)))
        return TFCOMP_DAMAGED;
    return tfcomp_check_size(container->width, container->height,
                             bundle->max_pixels ? bundle->max_pixels : TFCOMP_MAX_PIXELS);
}

tfcomp_status tfcomp_read_sections(const uint8_t *at, const uint8_t *end, unsigned count, int cut,
                                   tfcomp_container *container)
{
    uint32_t bytes;
    unsigned k;

    if (count > TFCOMP_MAX_SECTIONS)
        return TFCOMP_BAD_ARGUMENT;
    for (k = 0; k < count; ++k) {
        if (!tfcomp_read_varint(&at, end, &bytes))
            return TFCOMP_DAMAGED;
        if (bytes > (size_t)(end - at)) {
            if (!cut || k + 1 < count)
                return TFCOMP_DAMAGED;
            bytes = (uint32_t)(end - at);
        }
        container->sections[k].bytes = at;
        container->sections[k].length = bytes;
        at += bytes;
    }
    container->section_count = count;
    /* Of the checksum after them some bytes may be there. */
    return at == end || (cut && end - at < CRC_BYTES) ? TFCOMP_OK : TFCOMP_DAMAGED;
}

static tfcomp_status read_body(const uint8_t *at, const uint8_t *end, const tfcomp_bundle *bundle,
                               int cut, tfcomp_container *container)
{
    tfcomp_status status;

    if (container->quality > bundle->qualities)
        return TFCOMP_DAMAGED;
    status = tfcomp_read_size(&at, end, bundle, container);
    return status == TFCOMP_OK
               ? tfcomp_read_sections(at, end, bundle->section_count, cut, container)
               : status;
}

tfcomp_status tfcomp_container_parse_cut(const uint8_t *file, size_t length,
                                         const tfcomp_bundle *bundle, tfcomp_container *container)
{
    tfcomp_status status = check_magic(file, length);

    memset(container, 0, sizeof *container);
    if (status != TFCOMP_OK)
        return status;
    if (length < HEADER_BYTES || file[8] < 1)
        return TFCOMP_DAMAGED;
    memcpy(container->fingerprint, file + 4, 4);
    container->quality = file[8];
    return read_body(file + HEADER_BYTES, file + length, bundle, 1, container);
}

tfcomp_status tfcomp_container_parse(const uint8_t *file, size_t length,
                                     const tfcomp_bundle *bundle, tfcomp_container *container)
{
    tfcomp_status status;

    memset(container, 0, sizeof *container);
    if (bundle->section_count > TFCOMP_MAX_SECTIONS)
        return TFCOMP_BAD_ARGUMENT;
    status = tfcomp_read_start(file, length, container);
    return status == TFCOMP_OK ? read_body(file + HEADER_BYTES, file + length - CRC_BYTES, bundle,
                                           0, container)
                               : status;
}
