/* Networks of a hyperprior that are formulas, the same as in tests/spec/toy_networks.py. */

#ifndef TOY_NETWORKS_H
#define TOY_NETWORKS_H

#include "tfcomp/hyperprior.h"

typedef struct {
    uint32_t hyper_channels, features;
    size_t scales;    /* how many scale indices there are */
    uint32_t skipped; /* how many more count as 0 */
} toy_networks;

/* The callbacks, over what must outlive them. */
tfcomp_hyperprior_networks toy_callbacks(toy_networks *toy);

/* Those of frames that depend on the one before. */
tfcomp_sequence_networks toy_sequence_callbacks(toy_networks *toy);

#endif
