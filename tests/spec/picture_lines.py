"""What a file of format version 2 holds, as lines of test vectors and back."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from tests.spec.vector_file import Check
from tests.spec.vector_lines import line, of_bytes
from tfcomp.bitstream.container import Container
from tfcomp.bitstream.picture_file import Alpha, Frame, PictureFile

QUALITIES = 8


def known_bundle(**differences) -> SimpleNamespace:
    """What a reader knows of the bundle that wrote a file."""
    known = dict.fromkeys(("fixed_size", "sequence"), None)
    known.update(qualities=QUALITIES, section_count=2, stride=16, quality_steps=1)
    return SimpleNamespace(**{**known, **differences})


def picture_lines(picture: PictureFile) -> list[str]:
    """What a file holds, as lines of vectors."""
    frames = picture.frames
    metadata = [picture.icc_profile or b"", picture.exif or b"", picture.xmp or b""]
    images = [image for frame in frames for image in frame.images]
    sections = [section for image in images for section in image.sections]
    first = frames[0]
    loops = -1 if picture.loops is None else picture.loops
    sizes = [first.width, first.height, loops, first.tile_side, first.grey]
    alphas = [frame.alpha for frame in frames]
    return [
        line("holds", [*sizes, *map(len, metadata)]),
        of_bytes("metadata", b"".join(metadata)),
        line("durations", [frame.duration for frame in frames]),
        line(
            "images",
            [
                number
                for frame, alpha in zip(frames, alphas)
                for number in (
                    len(frame.images),
                    frame.dependent,
                    0 if alpha is None else 1 + alpha.premultiplied,
                )
            ],
        ),
        line("qualities", [32 * (image.quality - 1) + image.fraction for image in images]),
        line("lengths", map(len, sections)),
        of_bytes("contents", b"".join(sections)),
        of_bytes("alphas", b"".join(alpha.png for alpha in alphas if alpha)),
    ]


def answer(picture: PictureFile) -> dict[str, object]:
    """`picture_lines`, each word with what stands behind it."""
    found: dict[str, object] = {}
    for each in picture_lines(picture):
        word, _, behind = each.partition(" ")
        is_bytes = word in ("metadata", "contents", "alphas")
        found[word] = bytes.fromhex(behind) if is_bytes else [int(n) for n in behind.split()]
    return found


def bundle_of(check: Check) -> SimpleNamespace:
    """What a case says about the bundle."""
    qualities, sections, width, height, stride, steps, sequence = check.numbers("bundle").tolist()
    return known_bundle(
        qualities=qualities,
        section_count=sections,
        fixed_size=(width, height) if width else None,
        stride=stride,
        quality_steps=steps,
        sequence=bool(sequence),
    )


def picture_of(check: Check) -> PictureFile:
    """The file that the lines of a case describe."""
    width, height, loops, side, grey, *lengths = check.numbers("holds").tolist()
    profile, exif, xmp = (piece or None for piece in _pieces(check.bytes("metadata"), lengths))
    sections = _pieces(check.bytes("contents"), check.numbers("lengths").tolist())
    count = bundle_of(check).section_count
    qualities = iter(check.numbers("qualities").tolist())
    alphas = iter(b"\x89PNG" + rest for rest in check.bytes("alphas").split(b"\x89PNG")[1:])
    frames = []
    numbers = iter(check.numbers("images").tolist())
    for duration, (boxes_, dependent, alpha) in zip(
        check.numbers("durations").tolist(), zip(numbers, numbers, numbers)
    ):
        tile_side = side if boxes_ > 1 else 0
        images = []
        for size in tile_sizes(width, height, tile_side):
            whole, fraction = divmod(next(qualities), 32)
            held, sections = tuple(sections[:count]), sections[count:]
            images.append(Container(check.bytes("fingerprint"), 1 + whole, *size, held, fraction))
        transparency = Alpha(next(alphas), alpha == 2) if alpha else None
        frames.append(
            Frame(
                tuple(images),
                width,
                height,
                tile_side,
                bool(grey),
                bool(dependent),
                transparency,
                duration,
            )
        )
    return PictureFile(tuple(frames), None if loops < 0 else loops, profile, exif, xmp)


def tile_sizes(width: int, height: int, side: int) -> list[tuple[int, int]]:
    """(width, height) of each tile, or of the one picture where side is 0."""
    return [
        (min(side or width, width - left), min(side or height, height - top))
        for top in range(0, height, side or height)
        for left in range(0, width, side or width)
    ]


def _pieces(data: bytes, lengths: list[int]) -> list[bytes]:
    ends = np.cumsum(lengths).tolist()
    return [data[end - length : end] for end, length in zip(ends, lengths)]
