#include "vectors.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 1 << 20 };

int failures = 0;

static unsigned digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

int next_line(FILE *file, vector_line *line)
{
    static char text[LONGEST];
    static int32_t numbers[LONGEST / 2];
    static uint8_t bytes[LONGEST / 2];
    char *at, *next;

    do {
        if (fgets(text, sizeof text, file) == NULL)
            return 0;
    } while (text[0] == '#' || text[0] == '\n');
    memset(line, 0, sizeof *line);
    line->numbers = numbers;
    line->bytes = bytes;
    at = strchr(text, ' ');
    if (at == NULL)
        at = text + strcspn(text, "\n");
    memcpy(line->word, text, (size_t)(at - text) < sizeof line->word ? (size_t)(at - text) : 0);
    while (*at == ' ')
        ++at;
    if (strcmp(line->word, "file") == 0) {
        at[strcspn(at, "\n")] = '\0';
        snprintf(line->text, sizeof line->text, "%s", at);
    } else if (strcmp(line->word, "bytes") == 0) {
        for (; at[0] > ' ' && at[1] > ' '; at += 2)
            bytes[line->count++] = (uint8_t)(digit(at[0]) << 4 | digit(at[1]));
    } else {
        for (;; at = next) {
            long long number = strtoll(at, &next, 10);

            if (next == at)
                break;
            numbers[line->count++] = (int32_t)number;
        }
    }
    return 1;
}

uint8_t *whole_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = (uint8_t *)malloc(1 << 24);

    if (file == NULL || bytes == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    *length = fread(bytes, 1, 1 << 24, file);
    fclose(file);
    return bytes;
}
