/* Expectations of the tests: a failure is printed and counted, and the test goes on. */

#ifndef EXPECT_H
#define EXPECT_H

#include <stdio.h>

extern int failures;

#define EXPECT(condition, ...) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
            fprintf(stderr, __VA_ARGS__); \
            fputc('\n', stderr); \
            ++failures; \
        } \
    } while (0)

#endif
