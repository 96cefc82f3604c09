/* Runs a target over files and folders of files, once each, without libFuzzer.

       replay_file fuzz/corpus/file */

#define _POSIX_C_SOURCE 200809L /* scandir */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "input.h"

enum { LONGEST = 1 << 20 };

static int cases = 0;

static void run(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = (uint8_t *)room_for(LONGEST, 1);
    size_t length;

    if (file == NULL) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(2);
    }
    length = fread(bytes, 1, LONGEST, file);
    fclose(file);
    bytes = (uint8_t *)realloc(bytes, length + 1);
    LLVMFuzzerTestOneInput(bytes, length);
    free(bytes);
    ++cases;
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void run_all(const char *path)
{
    struct dirent **entries;
    struct stat kind;
    char inside[4096];
    int found, k;

    if (stat(path, &kind) != 0 || !S_ISDIR(kind.st_mode)) {
        run(path);
        return;
    }
    found = scandir(path, &entries, is_shown, alphasort);
    for (k = 0; k < found; ++k) {
        snprintf(inside, sizeof inside, "%s/%s", path, entries[k]->d_name);
        run_all(inside);
        free(entries[k]);
    }
    free(entries);
}

int main(int count, char **arguments)
{
    int k;

    for (k = 1; k < count; ++k)
        run_all(arguments[k]);
    end_of_inputs();
    printf("%d cases, %lu read to their end\n", cases, sound_inputs);
    return cases == 0;
}
