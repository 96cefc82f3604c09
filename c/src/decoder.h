/* What a decoder is made of. */

#ifndef TFCOMP_SRC_DECODER_H
#define TFCOMP_SRC_DECODER_H

#include "tfcomp/decoder.h"

struct tfcomp_decoder {
    tfcomp_decoder_settings settings; /* whose layouts and networks are those below */
    tfcomp_tables *hyper_tables, *tables;
    tfcomp_hyperprior_layout hyperprior;
    tfcomp_bit_layout bits;
    tfcomp_hyperprior_networks networks;
};

#endif
