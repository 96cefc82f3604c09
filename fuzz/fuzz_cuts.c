/* The beginning of a whole file of either version, its fingerprints and checksums mended, to the
   picture that there is of it.

   An input is the letter "C", how many bytes there are (16 bits), and the file. */

#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "mended_files.h"
#include "tfcomp/picture_file.h"

enum { VERSION_AT = 3 };

/* The latents of the first frame of what there is of a file; NULL where there is no picture. */
static tfcomp_image *first_frame(const known_bundle *bundle, const uint8_t *file, size_t length,
                                 unsigned flags, int *whole)
{
    tfcomp_file_info info = {0};
    tfcomp_image *image = NULL;
    tfcomp_file *opened;
    tfcomp_status status = tfcomp_file_open(bundle->decoder, file, length, flags, &opened);

    must(is_known(status), "a beginning is read, or something is wrong with it");
    if (status != TFCOMP_OK)
        return NULL;
    info.size = sizeof info;
    must(tfcomp_file_describe(opened, &info) == TFCOMP_OK, "a file is described");
    *whole = info.whole != 0;
    status = tfcomp_decode_frame(bundle->decoder, opened, 0, &image);
    must(is_known(status), "a frame is decoded, or something is wrong with the file");
    must((image != NULL) == (status == TFCOMP_OK), "a failure leaves nothing");
    tfcomp_file_close(opened);
    return image;
}

static void must_be_alike(const tfcomp_image *one, const tfcomp_image *other)
{
    size_t count = latent_count(one);

    must(count == latent_count(other), "latents are as many");
    must(memcmp(tfcomp_image_latents(one), tfcomp_image_latents(other), count * 4) == 0,
         "what is whole decodes alike, however it is asked for");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    input in = {data, length};
    size_t cut, left;
    uint8_t *file, *beginning;
    const known_bundle *bundle;
    tfcomp_image *image, *longer, *all;
    int whole = 0, beginning_is_whole = 0;

    take_u8(&in);
    cut = take_u16(&in);
    left = in.left;
    file = take_bytes(&in, &left);
    cut = left > 0 ? cut % left : 0;
    bundle = left > VERSION_AT && file[VERSION_AT] == 2 ? mend_boxes(file, left)
                                                        : mend_version_1(file, left);
    beginning = (uint8_t *)room_for(cut, 1); /* so that a read past its end is seen */
    if (cut > 0)
        memcpy(beginning, file, cut);
    image = first_frame(bundle, beginning, cut, TFCOMP_PARTIAL, &beginning_is_whole);
    all = first_frame(bundle, file, left, 0, &whole);
    if (all != NULL) {
        must(!beginning_is_whole, "a sound file's beginning is not whole");
        longer = first_frame(bundle, file, left, TFCOMP_PARTIAL, &whole);
        must(longer != NULL && whole, "what is whole is so too where part of it would do");
        must_be_alike(all, longer);
        tfcomp_image_destroy(longer);
        longer = first_frame(bundle, file, cut + (left - cut) / 2, TFCOMP_PARTIAL, &whole);
        must(image == NULL || longer != NULL, "where there is a picture more bytes have one too");
        sound_inputs += image != NULL;
        tfcomp_image_destroy(longer);
    }
    tfcomp_image_destroy(all);
    tfcomp_image_destroy(image);
    free(beginning);
    free(file);
    return 0;
}
