/* What every function of the library returns. */

#ifndef TFCOMP_STATUS_H
#define TFCOMP_STATUS_H

/* Before what a caller must not leave unread: compilers say so where it is. */
#if defined(__GNUC__) || defined(__clang__)
#define TFCOMP_NODISCARD __attribute__((warn_unused_result))
#elif defined(_MSC_VER)
#include <sal.h>
#define TFCOMP_NODISCARD _Check_return_
#else
#define TFCOMP_NODISCARD
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Later releases add to its end: whatever is not TFCOMP_OK is a failure. */
typedef enum {
    TFCOMP_OK = 0,
    TFCOMP_BAD_ARGUMENT, /* an index names no table, a value cannot be coded, a size is impossible */
    TFCOMP_BAD_TABLES,   /* the tables are not cumulative distributions, or the file has none */
    TFCOMP_DAMAGED,      /* bytes that no encoder writes, or a CRC that differs */
    TFCOMP_NOT_TFCOMP,   /* another kind of file */
    TFCOMP_NEWER_FORMAT, /* a version of the format this library does not read */
    TFCOMP_TOO_LARGE,    /* more pixels than the caller allows */
    TFCOMP_NO_MEMORY,
    TFCOMP_OTHER_BUNDLE, /* the file is sound, and another bundle wrote it */
    TFCOMP_UNSUPPORTED   /* the file is sound, and holds what the function does not give */
} tfcomp_status;

/* One line of English, for a person; never NULL. */
const char *tfcomp_status_text(tfcomp_status status);

#ifdef __cplusplus
}
#endif
#endif
