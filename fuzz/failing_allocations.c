/* Every allocation of the library fails in turn, over the corpus of files: the answer is NO_MEMORY,
   and nothing leaks. Linked with --wrap=malloc,calloc,realloc.

       failing_allocations fuzz/corpus/file */

#include <stdio.h>
#include <stdlib.h>

#include "input.h"
#include "known_bundles.h"
#include "tfcomp/tables_file.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);

static long failing = -1; /* which allocation from now on fails; -1 for none */
static int failed = 0;

static int fails(void)
{
    failed |= failing == 0;
    return failing >= 0 && failing-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

static void arm(long number)
{
    failing = number;
    failed = 0;
}

/* Counts a run that is over; whether an allocation failed in it, which the status must say. */
static int disarm(tfcomp_status status)
{
    static const char *const rule = "NO_MEMORY is said where an allocation fails, and only there";

    failing = -1;
    must(failed == (status == TFCOMP_NO_MEMORY), rule);
    ++sound_inputs;
    return failed;
}

static void read_tables(const known_bundle *bundle)
{
    tfcomp_tables *tables;
    tfcomp_status status;
    long number = 0;

    do {
        arm(number++);
        status = tfcomp_tables_read(bundle->npz, bundle->manifest.settings.tables_length,
                                    "latents", &tables);
        tfcomp_tables_free(tables); /* NULL where there are none */
    } while (disarm(status));
}

static void create_decoder(const known_bundle *bundle)
{
    tfcomp_decoder *decoder;
    tfcomp_status status;
    long number = 0;

    do {
        arm(number++);
        status = tfcomp_decoder_create(&bundle->manifest.settings, &decoder);
        must((decoder != NULL) == (status == TFCOMP_OK), "a failure leaves nothing");
        tfcomp_decoder_destroy(decoder);
    } while (disarm(status));
}

/* Enough values for the encoder's memory to grow several times. */
static void encode(const known_bundle *bundle)
{
    enum { VALUES = 4000, FAR = 100000 };
    const tfcomp_tables *tables = bundle->latents;
    int32_t *values = (int32_t *)room_for(VALUES, sizeof *values);
    int32_t *index = (int32_t *)room_for(VALUES, sizeof *index);
    int escapes = tables->cdf[0] < 0;
    tfcomp_status status;
    uint8_t *bytes;
    size_t length, k;
    long number = 0;

    for (k = 0; k < VALUES; ++k) {
        index[k] = 0;
        values[k] = tables->offsets[0] + (escapes ? FAR : 0);
    }
    do {
        arm(number++);
        status = tfcomp_encode(tables, values, index, VALUES, &bytes, &length);
        must(status == TFCOMP_OK || (bytes == NULL && length == 0), "a failure leaves nothing");
        free(bytes);
    } while (disarm(status));
    free(index);
    free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    static int first = 1;
    const known_bundle *bundle = bundle_of(data, length);
    tfcomp_image *image;
    tfcomp_status status;
    long number = 0;

    if (first) {
        known_bundle *bundles;
        size_t n = known_bundles(&bundles), k;

        for (k = 0; k < n; ++k) {
            read_tables(&bundles[k]);
            create_decoder(&bundles[k]);
            encode(&bundles[k]);
        }
        first = 0;
    }
    do {
        arm(number++);
        status = tfcomp_decode_file(bundle->decoder, data, length, &image);
        tfcomp_image_destroy(image); /* NULL where there is none */
    } while (disarm(status));
    return 0;
}
