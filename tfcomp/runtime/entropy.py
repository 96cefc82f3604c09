"""Old names of what stands in tfcomp/entropy_kinds now, for a release."""

from __future__ import annotations

from tfcomp.entropy_kinds.base import MAX_LATENT
from tfcomp.entropy_kinds.bits.coder import BitCoder
from tfcomp.entropy_kinds.factorized.coder import FactorizedCoder
from tfcomp.entropy_kinds.hyperprior.coder import HyperpriorCoder

__all__ = ["MAX_LATENT", "BitCoder", "FactorizedCoder", "HyperpriorCoder"]
