#include <stdlib.h>
#include <string.h>

#include "vectors.h"

tfcomp_status status_of(const char *kind)
{
    static const struct {
        const char *kind;
        tfcomp_status status;
    } known[] = {
        {"any", TFCOMP_DAMAGED}, /* or another failure: see test_vectors.c */
        {"empty", TFCOMP_NOT_TFCOMP},
        {"not-tfcomp", TFCOMP_NOT_TFCOMP},
        {"version", TFCOMP_NEWER_FORMAT},
        {"too-large", TFCOMP_TOO_LARGE},
        {"other-bundle", TFCOMP_OTHER_BUNDLE},
        {"too-short", TFCOMP_DAMAGED},
        {"checksum", TFCOMP_DAMAGED},
        {"quality", TFCOMP_DAMAGED},
        {"length-cut", TFCOMP_DAMAGED},
        {"length-overlong", TFCOMP_DAMAGED},
        {"length-exceeds", TFCOMP_DAMAGED},
        {"no-pixels", TFCOMP_DAMAGED},
        {"section-cut", TFCOMP_DAMAGED},
        {"left-over", TFCOMP_DAMAGED},
        {"too-little", TFCOMP_DAMAGED},
        {"no-end", TFCOMP_DAMAGED},
        {"no-box", TFCOMP_DAMAGED},
        {"box-cut", TFCOMP_DAMAGED},
        {"unknown-box", TFCOMP_NEWER_FORMAT},
        {"order", TFCOMP_DAMAGED},
        {"twice", TFCOMP_DAMAGED},
        {"too-few", TFCOMP_DAMAGED},
        {"dependent", TFCOMP_DAMAGED},
        {"sequence", TFCOMP_DAMAGED},
        {"frame-sizes", TFCOMP_DAMAGED},
        {"tiles", TFCOMP_DAMAGED},
        {"alpha", TFCOMP_DAMAGED},
        {"rows-cut", TFCOMP_DAMAGED},
        {"rows-wide", TFCOMP_DAMAGED},
        {"rows-past", TFCOMP_DAMAGED},
        {"rows-padding", TFCOMP_DAMAGED},
        {"rows-unfilled", TFCOMP_DAMAGED},
        {"coded-values", TFCOMP_DAMAGED},
        {"far-values", TFCOMP_DAMAGED},
    };
    size_t k;

    for (k = 0; k < sizeof known / sizeof *known; ++k) {
        if (strcmp(known[k].kind, kind) == 0)
            return known[k].status;
    }
    fprintf(stderr, "a kind of refusal that is not known here: %s\n", kind);
    exit(2);
}
