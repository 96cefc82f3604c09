/* Rows of boxes, and whole files of version 2. */

#include <string.h>

#include "picture_file.h"
#include "readers.h"

static int expects_values(const vector_check *check)
{
    return strcmp(check->what, "refuse") != 0;
}

/* What stands behind a word, and how much of it was already found. */
typedef struct {
    const vector_check *check;
    const char *word;
    const uint8_t *bytes;
    const int32_t *numbers;
    size_t length, at;
} expected;

static expected numbers_behind(vector_check *check, const char *word)
{
    expected e = {check, word, NULL, NULL, 0, 0};

    e.numbers = numbers_of(check, word, &e.length);
    return e;
}

static expected bytes_behind(vector_check *check, const char *word)
{
    expected e = {check, word, NULL, NULL, 0, 0};

    e.bytes = bytes_of(check, word, &e.length);
    return e;
}

static void number_is(expected *e, uint32_t found)
{
    EXPECT(e->at < e->length && (uint32_t)e->numbers[e->at] == found, "%s: %s %zu is %u",
           e->check->where, e->word, e->at, (unsigned)found);
    ++e->at;
}

static void bytes_are(expected *e, const uint8_t *found, size_t length)
{
    EXPECT(length <= e->length - e->at &&
               (length == 0 || memcmp(e->bytes + e->at, found, length) == 0),
           "%s: %s from %zu on", e->check->where, e->word, e->at);
    e->at += length;
}

static void ends(const expected *e)
{
    EXPECT(e->at == e->length, "%s: %zu of %zu %s", e->check->where, e->at, e->length, e->word);
}

tfcomp_status read_boxes(vector_check *check)
{
    size_t length;
    const uint8_t *file = bytes_of(check, "bytes", &length);
    expected types = numbers_behind(check, "types"), lengths = numbers_behind(check, "lengths");
    expected contents = bytes_behind(check, "contents");
    tfcomp_boxes boxes;
    tfcomp_box box;
    tfcomp_status status;

    EXPECT(tfcomp_has_boxes(file, length), "%s: no boxes", check->where);
    tfcomp_boxes_open(file, length, 0, &boxes);
    while ((status = tfcomp_boxes_next(&boxes, &box)) == TFCOMP_OK && box.type != '\0') {
        if (!expects_values(check))
            continue;
        number_is(&types, (uint8_t)box.type);
        number_is(&lengths, (uint32_t)box.length);
        bytes_are(&contents, box.payload, box.length);
    }
    if (expects_values(check)) {
        ends(&types);
        ends(&lengths);
        ends(&contents);
    }
    return status;
}

static void compare_holds(vector_check *check, const tfcomp_file *file)
{
    expected holds = numbers_behind(check, "holds"), metadata = bytes_behind(check, "metadata");
    const tfcomp_bytes *parts[] = {&file->info.icc_profile, &file->info.exif, &file->info.xmp};
    size_t k;

    number_is(&holds, file->info.width);
    number_is(&holds, file->info.height);
    number_is(&holds, file->info.is_sequence ? file->info.loops : UINT32_MAX);
    number_is(&holds, file->frames[0].tile_side);
    number_is(&holds, (uint32_t)file->frames[0].grey);
    for (k = 0; k < 3; ++k) {
        number_is(&holds, (uint32_t)parts[k]->length);
        bytes_are(&metadata, parts[k]->bytes, parts[k]->length);
    }
    ends(&holds);
    ends(&metadata);
}

static void compare_frames(vector_check *check, const tfcomp_file *file)
{
    expected durations = numbers_behind(check, "durations"), images = numbers_behind(check, "images");
    expected qualities = numbers_behind(check, "qualities"), alphas = bytes_behind(check, "alphas");
    expected lengths = numbers_behind(check, "lengths"), contents = bytes_behind(check, "contents");
    uint32_t number, section;
    size_t k;

    for (number = 0; number < file->info.frames; ++number) {
        const tfcomp_frame *frame = &file->frames[number];
        tfcomp_frame_info info = {0};

        info.size = sizeof info;
        EXPECT(tfcomp_frame_describe(file, number, &info) == TFCOMP_OK, "%s", check->where);
        number_is(&durations, info.duration);
        number_is(&images, (uint32_t)frame->count);
        number_is(&images, info.is_dependent);
        number_is(&images, info.alpha.bytes == NULL ? 0 : 1 + info.premultiplied);
        bytes_are(&alphas, info.alpha.bytes, info.alpha.length);
        for (k = 0; k < frame->count; ++k) {
            tfcomp_coded_image image;

            EXPECT(tfcomp_file_image(file, frame, k, &image) == TFCOMP_OK, "%s", check->where);
            number_is(&qualities, image.quality);
            for (section = 0; section < image.container.section_count; ++section) {
                number_is(&lengths, (uint32_t)image.container.sections[section].length);
                bytes_are(&contents, image.container.sections[section].bytes,
                          image.container.sections[section].length);
            }
        }
    }
    ends(&durations);
    ends(&images);
    ends(&qualities);
    ends(&lengths);
    ends(&contents);
    ends(&alphas);
}

/* A partial reading, which may refuse no less than there is to refuse, and never reads past the
   end; and, of every beginning of the file, one. */
static void read_partially(const tfcomp_bundle_facts *facts, const uint8_t *bytes, size_t length)
{
    tfcomp_file *file;
    size_t cut;

    for (cut = 4; cut <= length; cut += 1 + length / 100) {
        tfcomp_status status = tfcomp_file_read(facts, bytes, cut, 1, &file);

        EXPECT((file != NULL) == (status == TFCOMP_OK), "cut at %zu", cut);
        EXPECT(file == NULL || !file->info.whole || cut == length, "cut at %zu, yet whole", cut);
        tfcomp_file_close(file);
    }
}

static tfcomp_bundle_facts facts_of(vector_check *check)
{
    size_t count;
    const int32_t *bundle = numbers_of(check, "bundle", &count);
    tfcomp_bundle_facts facts = {{(unsigned)bundle[0], (unsigned)bundle[1], (uint32_t)bundle[2],
                                  (uint32_t)bundle[3], TFCOMP_MAX_PIXELS},
                                 {0},
                                 (uint32_t)bundle[4],
                                 (uint32_t)bundle[5],
                                 bundle[6],
                                 (uint64_t)number_of(check, "max_pixels")};

    memcpy(facts.fingerprint, bytes_of(check, "fingerprint", &count), sizeof facts.fingerprint);
    return facts;
}

/* partial: 0 or 1. On TFCOMP_OK *file is to be closed. */
static tfcomp_status read_as(vector_check *check, int partial, tfcomp_file **file)
{
    size_t length;
    const uint8_t *bytes = bytes_of(check, "bytes", &length);
    tfcomp_bundle_facts facts = facts_of(check);
    tfcomp_status status = tfcomp_file_read(&facts, bytes, length, partial, file);

    EXPECT((*file != NULL) == (status == TFCOMP_OK), "%s: nothing is left", check->where);
    if (*file != NULL && expects_values(check)) {
        compare_holds(check, *file);
        compare_frames(check, *file);
        if (!partial)
            read_partially(&facts, bytes, length);
    }
    return status;
}

tfcomp_status read_pictures(vector_check *check)
{
    tfcomp_file *file;
    tfcomp_status status = read_as(check, 0, &file);

    if (file != NULL && expects_values(check))
        EXPECT(file->info.whole && file->info.version == 2, "%s: whole", check->where);
    tfcomp_file_close(file);
    return status;
}

tfcomp_status read_cut_pictures(vector_check *check)
{
    tfcomp_file *file;
    tfcomp_status status = read_as(check, 1, &file);

    if (file != NULL && expects_values(check))
        EXPECT(file->info.whole == (uint32_t)number_of(check, "whole"), "%s: whole", check->where);
    tfcomp_file_close(file);
    return status;
}
