"""A model's settings without its networks for frames that depend on the one before."""

from __future__ import annotations

import dataclasses
from typing import Any


def without_dependent_frames(settings: Any) -> Any:
    """The section `model` of a config, with `hyperprior.sequence` off where it was on.

    Whatever changes the latents makes those networks worthless: they are trained last, in a phase
    of their own.
    """
    hyperprior = getattr(settings, "hyperprior", None)
    if hyperprior is None or not hyperprior.sequence:
        return settings
    return dataclasses.replace(settings, hyperprior=dataclasses.replace(hyperprior, sequence=False))
