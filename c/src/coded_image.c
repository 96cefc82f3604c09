/* See tfcomp/bitstream/coded_image.py. */

#include <string.h>

#include "parts.h"
#include "picture_file.h"
#include "varint.h"

static tfcomp_status check_quality(const tfcomp_bundle_facts *facts, uint32_t quality)
{
    if (facts->bundle.qualities < 1 ||
        quality > TFCOMP_QUALITY_STEPS * (facts->bundle.qualities - 1) ||
        quality * facts->quality_steps % TFCOMP_QUALITY_STEPS != 0)
        return TFCOMP_DAMAGED;
    return TFCOMP_OK;
}

tfcomp_status tfcomp_read_coded_image(const tfcomp_box *box, const tfcomp_bundle_facts *facts,
                                      uint64_t max_pixels, const tfcomp_frame *before,
                                      tfcomp_coded_image *image)
{
    const uint8_t *at = box->payload, *end = at + box->length;
    tfcomp_bundle bundle = facts->bundle;
    tfcomp_container *container = &image->container;
    tfcomp_status status;

    memset(image, 0, sizeof *image);
    memcpy(container->fingerprint, facts->fingerprint, sizeof container->fingerprint);
    if (before == NULL) {
        if (box->length < sizeof facts->fingerprint)
            return TFCOMP_DAMAGED;
        if (memcmp(at, facts->fingerprint, sizeof facts->fingerprint) != 0)
            return TFCOMP_OTHER_BUNDLE;
        at += sizeof facts->fingerprint;
    } else {
        bundle.fixed_width = before->width;
        bundle.fixed_height = before->height;
    }
    if (!tfcomp_read_varint(&at, end, &image->quality) ||
        check_quality(facts, image->quality) != TFCOMP_OK)
        return TFCOMP_DAMAGED;
    container->quality = 1 + image->quality / TFCOMP_QUALITY_STEPS;
    bundle.max_pixels = max_pixels; /* where it is 0, any pixel is too many */
    if (max_pixels == 0)
        return TFCOMP_TOO_LARGE;
    status = tfcomp_read_size(&at, end, &bundle, container);
    image->cut = !box->whole;
    return status == TFCOMP_OK
               ? tfcomp_read_sections(at, end, bundle.section_count, image->cut, container)
               : status;
}
