"""Test vectors of rate-distortion optimised quantisation."""

from __future__ import annotations

import numpy as np

from tests.spec.vector_lines import line, of_floats, of_tables
from tests.spec.vector_tables import heavy_tables, tables_around_zero
from tfcomp.bitstream.rate_distortion_quantizer import LEVELS, quantize, threshold_shifts
from tfcomp.entropy_kinds.hyperprior.layout import MEAN_UNITS

WEIGHTS = (30.0, 12.5, 2.0, 0.25, 1e9)


def write_lines() -> list[str]:
    random = np.random.default_rng(25)
    lines = [
        "# Rounding that knows what a value costs. weights: one. latents: float32, in steps;",
        "# means: in eighths of one; index: the table of each. values: what the encoder codes.",
    ]
    for number, weight in enumerate(WEIGHTS):
        for name, tables in (("random", tables_around_zero(random, 5)), ("heavy", heavy_tables())):
            shifts = threshold_shifts(tables, weight)
            found = [
                *_around_thresholds(shifts),
                *_needing_float64(shifts),
                *_anywhere(random, tables.count),
            ]
            latents, means, index = (np.array(column) for column in zip(*found))
            latents = latents.astype(np.float32)
            residual = latents.astype(np.float64) - means / MEAN_UNITS
            lines += [
                f"case {name}-{number}",
                *of_tables(tables),
                f"weights {weight!r}",
                line("means", means),
                line("index", index),
                of_floats("latents", latents),
                line("values", quantize(residual, index, shifts)),
                "check write",
            ]
    return lines


def _around_thresholds(shifts: np.ndarray):
    """Just below and just above where a value begins, for tables and values in turn."""
    for table in range(len(shifts)):
        for level in (1, 2, 3 + table, LEVELS - 1, LEVELS, LEVELS + 3):
            threshold = level - 0.5 + float(shifts[table, min(level, LEVELS)])
            sign = (-1) ** (table + level)
            yield sign * (threshold - 1e-4), 0, table
            yield sign * (threshold + 1e-4), 0, table


def _needing_float64(shifts: np.ndarray):
    """Where float32 would round otherwise, as far as there are such."""
    for table in range(len(shifts)):
        for mean in (-20, -13, 7, 100):
            latent = latent_that_needs_float64(mean, table, shifts)
            if latent is not None:
                yield latent, mean, table


def _anywhere(random: np.random.Generator, count: int):
    for _ in range(40):
        mean, table = int(random.integers(-20, 21)), int(random.integers(count))
        yield random.normal(0, 3) + mean / MEAN_UNITS, mean, table
    for latent in (0.0, -0.5, 2.5, 1e5 + 0.5, 2.0**20, -(2.0**22)):
        yield latent, 0, 0


def latent_that_needs_float64(mean: int, scale: int, shifts: np.ndarray) -> np.float32 | None:
    """A latent whose residual goes another way in float32; None where none is found."""
    offset = mean / MEAN_UNITS
    for level in (1, 2, 3):
        for sign in (-1, 1):
            threshold = sign * (level - 0.5 + float(shifts[scale, level]))
            middle = np.float32(threshold + offset)
            for latent in (middle, *(np.nextafter(middle, np.float32(to)) for to in (-99, 99))):
                index = np.array([scale])
                exact = np.array([np.float64(latent) - offset])
                rough = exact.astype(np.float32)
                if quantize(exact, index, shifts) != _quantize_in_float32(rough, index, shifts):
                    return latent
    return None


def _quantize_in_float32(residual: np.ndarray, scale: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """`quantize` as it would be if nothing in it were float64."""
    size = np.abs(residual)
    level = np.rint(size)
    threshold = level - np.float32(0.5) + shifts[scale, level.astype(int)]
    level = np.maximum(level - (size < threshold), 0)
    return np.where(residual < 0, -level, level).astype(np.int32)
