"""The trained hyperprior, and how it starts, rounds and fits its tables."""

from __future__ import annotations

import dataclasses
from typing import Any

from tfcomp.entropy_kinds.hyperprior.prior.hyperprior import Hyperprior

__all__ = ["Hyperprior", "make"]


def make(settings: Any) -> Hyperprior:
    """The prior of a model's config; see `EntropyKind.prior`."""
    return Hyperprior(qualities=settings.qualities, **dataclasses.asdict(settings.hyperprior))
