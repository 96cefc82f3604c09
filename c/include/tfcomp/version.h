/* The library's version, and how it grows.

   MAJOR counts what breaks programs, as the shared library's SOVERSION does; MINOR what is added;
   PATCH all else. Within a MAJOR:

   - A function keeps its name, its arguments and what it does.
   - An opaque type (tfcomp_decoder, tfcomp_image) may hold anything: programs have pointers only.
   - A struct that begins with `size` gains fields at its end, for which 0 means what was before. The
     caller zeroes it and sets `size` to its sizeof; the library reads and writes no further, and
     takes what is not there for 0.
   - A struct without `size` has the fields that it has, for good.
   - tfcomp_status and tfcomp_kind gain values at their end: whatever is not TFCOMP_OK is a failure.

   So a program runs with any later library of its MAJOR. One that needs what a MINOR added asks
   tfcomp_version(). */

#ifndef TFCOMP_VERSION_H
#define TFCOMP_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

#define TFCOMP_VERSION_MAJOR 1
#define TFCOMP_VERSION_MINOR 2
#define TFCOMP_VERSION_PATCH 0
/* One number that rises with every release. */
#define TFCOMP_VERSION \
    (TFCOMP_VERSION_MAJOR * 1000000 + TFCOMP_VERSION_MINOR * 1000 + TFCOMP_VERSION_PATCH)

/* The versions of the format that are read: of plain pictures, and of all else. */
#define TFCOMP_FORMAT_VERSION 1
#define TFCOMP_FORMAT_VERSION_2 2

/* TFCOMP_VERSION of the library that runs, which may be later than the headers'. */
int tfcomp_version(void);

#ifdef __cplusplus
}
#endif
#endif
