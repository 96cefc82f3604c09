"""The bits kind: latents that are bits, each coded given bits that are known before it."""
