"""Qualities: trained levels, and what lies between two of them in format version 2."""

from __future__ import annotations

import math

QUALITY_STEPS = 32  # from one level to the next, in files


def nearest_level(quality: float) -> int:
    """The trained level nearest to a quality from 1, of two the higher one."""
    return math.floor(quality + 0.5)
