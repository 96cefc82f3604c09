/* Structs that begin with their size, as the caller knows them and as the library does. */

#ifndef TFCOMP_SIZED_H
#define TFCOMP_SIZED_H

#include <stddef.h>
#include <string.h>

/* Copies as much as both know, zeros after it; 0 where `from` is less than the first release had,
   which ended with a field of `least` bytes. */
static inline int tfcomp_take_sized(void *to, size_t known, const void *from, size_t least)
{
    size_t size = *(const size_t *)from;

    memset(to, 0, known);
    if (size < least)
        return 0;
    memcpy(to, from, size < known ? size : known);
    return 1;
}

/* The other way: fills what the caller has room for, and leaves its size alone. */
static inline int tfcomp_give_sized(void *to, const void *from, size_t known, size_t least)
{
    size_t size = *(const size_t *)to;

    if (size < least)
        return 0;
    memcpy((char *)to + sizeof size, (const char *)from + sizeof size,
           (size < known ? size : known) - sizeof size);
    return 1;
}

/* The bytes up to, and with, a field of a pointed-to struct. */
#define TFCOMP_UP_TO(pointer, field) \
    ((size_t)((const char *)(&(pointer)->field + 1) - (const char *)(pointer)))

/* last: the last field of the struct's first release. */
#define TFCOMP_TAKE_SIZED(to, from, last) \
    tfcomp_take_sized(to, sizeof *(to), from, TFCOMP_UP_TO(to, last))
#define TFCOMP_GIVE_SIZED(to, from, last) \
    tfcomp_give_sized(to, from, sizeof *(from), TFCOMP_UP_TO(from, last))

#endif
