#include "vectors.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 1 << 20 };

int failures = 0;

static char *copied(const char *text)
{
    char *copy = (char *)malloc(strlen(text) + 1);

    return strcpy(copy, text);
}

static void forget(vector_line *line)
{
    free(line->word);
    free(line->text);
    free(line->numbers);
    free(line->bytes);
    memset(line, 0, sizeof *line);
}

static void forget_all(vector_check *check)
{
    while (check->words > 0)
        forget(&check->lines[--check->words]);
}

static vector_line *find(vector_check *check, const char *word)
{
    size_t k;

    for (k = 0; k < check->words; ++k) {
        if (strcmp(check->lines[k].word, word) == 0)
            return &check->lines[k];
    }
    return NULL;
}

static vector_line *must_find(vector_check *check, const char *word)
{
    vector_line *line = find(check, word);

    if (line == NULL) {
        fprintf(stderr, "%s: no line %s\n", check->where, word);
        exit(2);
    }
    return line;
}

static void keep(vector_check *check, const char *word, const char *text)
{
    vector_line *line = find(check, word);

    if (line != NULL)
        forget(line);
    else if (check->words < MOST_WORDS)
        line = &check->lines[check->words++];
    else
        exit(2);
    line->word = copied(word);
    line->text = copied(text);
}

int next_check(FILE *file, const char *name, vector_check *check)
{
    char *rest;

    if (check->text == NULL)
        check->text = (char *)malloc(LONGEST);
    while (fgets(check->text, LONGEST, file) != NULL) {
        ++check->number;
        check->text[strcspn(check->text, "\n")] = '\0';
        if (check->text[0] == '#' || check->text[0] == '\0')
            continue;
        rest = strchr(check->text, ' ');
        if (rest == NULL)
            rest = check->text + strlen(check->text);
        else
            *rest++ = '\0';
        if (strcmp(check->text, "check") == 0) {
            check->kind[0] = '\0';
            if (sscanf(rest, "%15s %31s", check->what, check->kind) < 1)
                exit(2);
            snprintf(check->where, sizeof check->where, "%s:%u (%s)", name, check->number,
                     text_of(check, "case"));
            return 1;
        }
        if (strcmp(check->text, "case") == 0)
            forget_all(check);
        keep(check, check->text, rest);
    }
    return 0;
}

void free_check(vector_check *check)
{
    forget_all(check);
    free(check->text);
}

const int32_t *numbers_of(vector_check *check, const char *word, size_t *count)
{
    vector_line *line = must_find(check, word);
    char *at = line->text, *next;

    if (line->numbers == NULL) {
        line->numbers = (int32_t *)malloc((strlen(at) / 2 + 1) * sizeof *line->numbers);
        for (line->count = 0;; at = next, ++line->count) {
            long long number = strtoll(at, &next, 10);

            if (next == at)
                break;
            line->numbers[line->count] = (int32_t)(uint32_t)number;
        }
    }
    *count = line->count;
    return line->numbers;
}

int32_t number_of(vector_check *check, const char *word)
{
    size_t count;

    return numbers_of(check, word, &count)[0];
}

static unsigned digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

const uint8_t *bytes_of(vector_check *check, const char *word, size_t *length)
{
    vector_line *line = must_find(check, word);
    size_t k;

    *length = strlen(line->text) / 2;
    if (line->bytes == NULL) { /* exactly as long, so that a read past the end is seen */
        line->bytes = (uint8_t *)malloc(*length + !*length);
        for (k = 0; k < *length; ++k)
            line->bytes[k] =
                (uint8_t)(digit(line->text[2 * k]) << 4 | digit(line->text[2 * k + 1]));
    }
    return line->bytes;
}

const char *text_of(vector_check *check, const char *word)
{
    return must_find(check, word)->text;
}

tfcomp_tables tables_of(vector_check *check, const char *prefix)
{
    tfcomp_tables tables;
    char word[32];
    size_t count;

    snprintf(word, sizeof word, "%scdf", prefix);
    tables.cdf = numbers_of(check, word, &tables.cdf_length);
    snprintf(word, sizeof word, "%sstarts", prefix);
    tables.starts = numbers_of(check, word, &count);
    snprintf(word, sizeof word, "%soffsets", prefix);
    tables.offsets = numbers_of(check, word, &tables.count);
    return tables;
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
