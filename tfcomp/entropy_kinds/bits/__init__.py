"""The bits kind: latents that are bits, coded in the light of bits known before."""
