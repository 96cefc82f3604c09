"""The kinds of entropy models by name: in manifests, in configs, of folders beside this file."""

from __future__ import annotations

from tfcomp.entropy_kinds.base import EntropyKind
from tfcomp.entropy_kinds.bits import kind as bits
from tfcomp.entropy_kinds.factorized import kind as factorized
from tfcomp.entropy_kinds.hyperprior import kind as hyperprior

KINDS: dict[str, EntropyKind] = {
    "factorized": factorized.KIND,
    "hyperprior": hyperprior.KIND,
    "bits": bits.KIND,
}
