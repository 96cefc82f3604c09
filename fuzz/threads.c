/* Several threads decode the corpus at once, and encode, with the same tables: all get what one
   thread gets alone. Built with the thread sanitizer it also says where two threads meet.

   The Python extension's coder lets go of Python's lock and runs the functions of
   _range_coder_core.h, which are called here as it calls them.

       threads fuzz/corpus/file */

#define _POSIX_C_SOURCE 200809L /* barriers */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "_range_coder_core.h"
#include "input.h"
#include "known_bundles.h"

enum { THREADS = 4, MOST_FILES = 1024, VALUES = 500, ROUNDS = 3 };

/* One file of the corpus, and what one thread made of it. */
typedef struct {
    uint8_t *bytes;
    size_t length;
    uint32_t expected;
} corpus_file;

static corpus_file files[MOST_FILES];
static size_t file_count = 0;
static pthread_barrier_t start;

static uint32_t latents_crc(const int32_t *latents, size_t n)
{
    return tfcomp_crc32((const uint8_t *)latents, n * sizeof *latents);
}

/* The status and, where there are any, the latents, in one number. */
static uint32_t decoded(const corpus_file *file)
{
    const known_bundle *bundle = bundle_of(file->bytes, file->length);
    tfcomp_image *image;
    tfcomp_status status = tfcomp_decode_file(bundle->decoder, file->bytes, file->length, &image);
    uint32_t sum = 0;

    if (status == TFCOMP_OK)
        sum = latents_crc(tfcomp_image_latents(image), latent_count(image));
    tfcomp_image_destroy(image);
    return sum ^ (uint32_t)status;
}

/* As the extension does: symbols to bytes and back with a bundle's own tables. */
static void code(const known_bundle *bundle, unsigned seed)
{
    const tfcomp_tables *tables = bundle->latents;
    rc_tables core = {tables->cdf, tables->cdf_length, tables->starts, tables->count};
    int32_t symbols[VALUES], index[VALUES], back[VALUES];
    rc_encoder encoder;
    size_t k;

    for (k = 0; k < VALUES; ++k) {
        index[k] = (int32_t)((k * 31 + seed) % tables->count);
        symbols[k] = (int32_t)((k + seed) % 2);
    }
    rc_encoder_init(&encoder);
    must(rc_encode(&encoder, &core, symbols, index, VALUES) == RC_OK, "symbols can be coded");
    must(rc_decode(&core, encoder.bytes, encoder.length, index, back, VALUES) == RC_OK &&
             memcmp(back, symbols, sizeof symbols) == 0,
         "what was encoded is decoded");
    rc_encoder_free(&encoder);
}

static void *work(void *number)
{
    size_t first = *(const size_t *)number, bundle_count, round, k;
    known_bundle *bundles;

    bundle_count = known_bundles(&bundles);
    pthread_barrier_wait(&start);
    for (round = 0; round < ROUNDS; ++round) {
        for (k = 0; k < bundle_count; ++k)
            code(&bundles[(k + first) % bundle_count], (unsigned)(first + round));
        for (k = 0; k < file_count; ++k) {
            const corpus_file *file = &files[(k + first) % file_count];

            must(decoded(file) == file->expected, "every thread decodes what one decodes alone");
        }
    }
    return NULL;
}

/* replay.c hands over the files one by one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    corpus_file *file = &files[file_count];
    input in = {data, length};

    must(file_count < MOST_FILES, "there is room for the corpus");
    file->bytes = take_bytes(&in, &length);
    file->length = length;
    file->expected = decoded(file);
    ++file_count;
    return 0;
}

/* And calls this when it has handed over all. */
void end_of_inputs(void)
{
    pthread_t threads[THREADS];
    size_t numbers[THREADS], k;

    pthread_barrier_init(&start, NULL, THREADS);
    for (k = 0; k < THREADS; ++k) {
        numbers[k] = k;
        must(pthread_create(&threads[k], NULL, work, &numbers[k]) == 0, "a thread starts");
    }
    for (k = 0; k < THREADS; ++k)
        pthread_join(threads[k], NULL);
    pthread_barrier_destroy(&start);
    for (k = 0; k < file_count; ++k)
        free(files[k].bytes);
    sound_inputs = THREADS * ROUNDS * file_count;
}
