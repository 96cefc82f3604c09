/* Networks of a hyperprior that give anything: other than what the tables were made for. */

#ifndef FUZZ_WILD_NETWORKS_H
#define FUZZ_WILD_NETWORKS_H

#include "input.h"
#include "tfcomp/hyperprior.h"

typedef struct {
    uint32_t state, features, hyper_channels;
    uint32_t scales;     /* scale indices lie below; 0 for any integer */
    unsigned fails_from; /* the number of the pass that fails; 255: the synthesis */
} wild_networks;

/* The callbacks, over what must outlive them. They read all they are shown. */
tfcomp_hyperprior_networks take_wild_networks(input *in, wild_networks *wild, uint32_t features);

/* Those of dependent frames, over the same. */
tfcomp_sequence_networks wild_sequence(wild_networks *wild, uint32_t hyper_channels);

#endif
