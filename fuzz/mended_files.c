#include "mended_files.h"

#include <string.h>

enum { START_BYTES = 4, CRC_BYTES = 4, FINGERPRINT_BYTES = 4, SHORTEST = 13 };

/* Where a box's payload begins; 0 where its length is none. */
static size_t payload_at(const uint8_t *file, size_t length, size_t at, uint64_t *bytes)
{
    unsigned shift;

    *bytes = 0;
    for (shift = 0, ++at; shift < 35 && at < length; shift += 7) {
        *bytes |= (uint64_t)(file[at] & 0x7F) << shift;
        if (file[at++] < 0x80)
            return at;
    }
    return 0;
}

static void put_crc(const uint8_t *content, size_t length, uint8_t *at)
{
    uint32_t crc = tfcomp_crc32(content, length);
    int k;

    for (k = 0; k < CRC_BYTES; ++k)
        at[k] = (uint8_t)(crc >> 8 * k);
}

const known_bundle *mend_boxes(uint8_t *file, size_t length)
{
    const known_bundle *bundle = NULL;
    size_t at = START_BYTES, payload;
    uint64_t bytes;

    if (length > START_BYTES)
        memcpy(file, "\x89TC\x02", START_BYTES);
    while (at < length && (payload = payload_at(file, length, at, &bytes)) != 0 &&
           bytes <= length - payload) {
        if ((file[at] == 'I' || file[at] == 'G') && bytes >= FINGERPRINT_BYTES) {
            if (bundle == NULL)
                bundle = bundle_of(file + payload - 4, 8);
            memcpy(file + payload, bundle->manifest.settings.fingerprint, FINGERPRINT_BYTES);
        }
        if (length - payload - bytes < CRC_BYTES)
            break;
        put_crc(file + at, payload - at + bytes, file + payload + bytes);
        at = payload + bytes + CRC_BYTES;
    }
    return bundle != NULL ? bundle : bundle_of(file, 0);
}

const known_bundle *mend_version_1(uint8_t *file, size_t length)
{
    const known_bundle *bundle = bundle_of(file, length);

    if (length >= SHORTEST) {
        memcpy(file + START_BYTES, bundle->manifest.settings.fingerprint, FINGERPRINT_BYTES);
        put_crc(file, length - CRC_BYTES, file + length - CRC_BYTES);
    }
    return bundle;
}

int is_known(tfcomp_status status)
{
    return status == TFCOMP_OK || status == TFCOMP_DAMAGED || status == TFCOMP_TOO_LARGE ||
           status == TFCOMP_NOT_TFCOMP || status == TFCOMP_NEWER_FORMAT ||
           status == TFCOMP_OTHER_BUNDLE;
}
