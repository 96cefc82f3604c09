/* The networks of a bundle's entropy.tflite, run with LiteRT. */

#ifndef LITERT_ENTROPY_H
#define LITERT_ENTROPY_H

#include "tfcomp/hyperprior.h"

/* Quits where LiteRT cannot use the file, and, later, where it cannot run a network. */
void open_entropy_networks(const char *path, const tfcomp_hyperprior_layout *layout,
                           tfcomp_hyperprior_networks *networks);

/* Those of frames that depend on the one before, of the same file; to be closed with the others. */
void open_sequence_networks(const tfcomp_hyperprior_networks *networks,
                            tfcomp_sequence_networks *sequence);

void close_entropy_networks(tfcomp_hyperprior_networks *networks);

#endif
