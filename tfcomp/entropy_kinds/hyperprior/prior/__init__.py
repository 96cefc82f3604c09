"""The trained hyperprior, and how it starts, rounds and fits its tables."""

from __future__ import annotations

import dataclasses
from typing import Any

from tfcomp.entropy_kinds.hyperprior.prior.hyperprior import Hyperprior

__all__ = ["Hyperprior", "make"]


def make(settings: Any) -> Hyperprior:
    """The prior of a model's config; see `EntropyKind.prior`."""
    # Not every family has qualities between two levels.
    steps = getattr(settings, "quality_steps", 1)
    shape = dataclasses.asdict(settings.hyperprior)
    return Hyperprior(qualities=settings.qualities, quality_steps=steps, **shape)
