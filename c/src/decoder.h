/* What a decoder is made of. */

#ifndef TFCOMP_SRC_DECODER_H
#define TFCOMP_SRC_DECODER_H

#include "tfcomp/decoder.h"

struct tfcomp_decoder {
    tfcomp_decoder_settings settings; /* whose layouts and networks are those below */
    tfcomp_tables *hyper_tables, *tables;
    tfcomp_tables *sequence_hyper_tables, *sequence_tables; /* of dependent frames; else NULL */
    tfcomp_hyperprior_layout hyperprior;
    tfcomp_bit_layout bits;
    tfcomp_hyperprior_networks networks;
    tfcomp_sequence_networks sequence;
};

#endif
