"""Test vectors of frames that depend on the one before: a hyperprior's, with such a frame."""

from __future__ import annotations

import numpy as np

from tests.spec import hyperprior_vectors
from tests.spec.refusals import kind_of
from tests.spec.vector_lines import line, of_floats
from tfcomp.bitstream import range_coder
from tfcomp.bitstream.rate_distortion_quantizer import MAX_VALUE
from tfcomp.entropy_kinds.hyperprior import sections as hyperprior_sections
from tfcomp.entropy_kinds.hyperprior.frame_before import FrameBefore
from tfcomp.entropy_kinds.hyperprior.layout import SECTION_NAMES, SEQUENCE_TABLES
from tfcomp.errors import BitstreamError

HEAD = """\
# The two sections of a frame that depends on the one before. before, hyper_before: what that frame
# decoded to, in eighths of a step, and its hyper-latents. The tables are those of dependent frames.
# The other words are those of hyperprior.txt."""

_CASES = (
    "one-pass-each",
    "one-place",
    "checkerboard",
    "quincunx-and-checkerboard",
    "skipped-scales",
    "low-weights",
    "two-streams-of-hyper-latents",
)


def write_lines() -> list[str]:
    random = np.random.default_rng(31)
    found = HEAD.splitlines()
    for name in _CASES:
        case = hyperprior_vectors.with_tables(hyperprior_vectors.CASES[name], random)
        own = {new: case.tables[old] for new, old in zip(SEQUENCE_TABLES, SECTION_NAMES)}
        tables = {**case.tables, **own}
        hyper, latents = hyperprior_vectors.random_latents(case, random)
        before = _before(hyper, latents, random)
        networks = hyperprior_vectors.networks_of(case, hyper)
        held = case.quality, networks, tables, case.layout, range_coder
        sections, values = hyperprior_sections.encode_and_decode(latents, *held, before=before)
        found += [
            f"case {name}",
            *hyperprior_vectors.describe(case),
            line("before", before.latents.ravel()),
            line("hyper_before", before.hyper_latents.ravel()),
            line("hyper_values", hyper.ravel()),
            of_floats("latents", latents),
            line("values", values.ravel()),
            *hyperprior_vectors.section_lines(sections),
            "check both",
        ]
        for damaged in hyperprior_vectors.damages(sections, random):
            found += _verdict(case, tables, before, damaged)
        if name == "one-place":  # a sum of two hyper-latents that is too large
            far = np.full_like(before.hyper_latents, MAX_VALUE)
            found += [line("hyper_before", far.ravel())]
            most = hyperprior_sections.encode_and_decode(
                latents, *held, before=before, hyper_latents=before.hyper_latents + 1
            )[0]
            found += _verdict(case, tables, before._replace(hyper_latents=far), most)
    return found


def _before(
    hyper: np.ndarray, latents: np.ndarray, random: np.random.Generator
) -> FrameBefore:
    """A frame before: half of it is the same, and a few values are far out."""
    moved = np.where(random.random(latents.shape) < 0.5, 0, random.integers(-60, 61, latents.shape))
    before = np.rint(8 * latents).astype(np.int32) + moved.astype(np.int32)
    before[0, 0, 0] = 70_000
    change = random.integers(-1, 2, hyper.shape) * (random.random(hyper.shape) < 0.3)
    return FrameBefore(before, (hyper + change).astype(np.int32))


def _verdict(case, tables, before: FrameBefore, sections: tuple[bytes, bytes]) -> list[str]:
    networks = hyperprior_vectors.networks_of(case)
    held = networks, tables, case.layout, range_coder
    lines = hyperprior_vectors.section_lines(sections)
    try:
        decoded = hyperprior_sections.decode(
            sections, case.quality, *case.size, *held, before=before
        )
    except BitstreamError as error:
        return [*lines, f"check refuse {kind_of(str(error))}"]
    return [line("values", decoded.ravel()), *lines, "check read"]
