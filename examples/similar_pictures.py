"""Searches a folder for pictures that are like one, by what a codec's encoder sees in them.

    python examples/similar_pictures.py photo.jpg PHOTOS  # the five nearest of a folder
    python examples/similar_pictures.py --measure PHOTOS  # how good that is
    python examples/similar_pictures.py --measure PHOTOS --kinds FILE.tsv

A picture is described by how often each channel of its latents has small and large values: square
roots of 13 shares a channel, whose scalar product is the Bhattacharyya coefficient, 1 for equal
ones. Nothing was trained for this. `--measure` holds it against two plainer descriptions: a
thumbnail of 8x8 pixels, and the shares of 64 colours.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

import tfcomp
from tfcomp.errors import CodecError, ImageError, exit_code_of
from tfcomp.folder_contents import files_in

# In steps of the quantiser: what is below 1 mostly becomes 0 in a file.
EDGES = np.array([-40, -20, -10, -5, -2.5, -1, 1, 2.5, 5, 10, 20, 40], np.float32)
QUALITY = 4  # descriptions of one quality are alike, those of two are not

Describe = Callable[[Image.Image], np.ndarray]


def by_latents(codec: tfcomp.api.Codec) -> Describe:
    """Describes a picture by the latents of a codec."""

    def describe(image: Image.Image) -> np.ndarray:
        latents = codec.latents(image, QUALITY)
        channels = latents.reshape(-1, latents.shape[-1]).T
        counts = [np.bincount(np.digitize(c, EDGES), minlength=len(EDGES) + 1) for c in channels]
        return np.sqrt(np.array(counts, np.float32) / channels.size).ravel()

    return describe


def by_thumbnail(image: Image.Image) -> np.ndarray:
    """Describes a picture by 8x8 pixels."""
    small = np.asarray(image.resize((8, 8), Image.Resampling.LANCZOS), np.float32).ravel() - 128
    return small / max(float(np.linalg.norm(small)), 1e-9)


def by_colours(image: Image.Image) -> np.ndarray:
    """Describes a picture by the shares of 4x4x4 colours."""
    levels = np.asarray(image, np.int64) // 64
    counts = np.bincount((levels @ [16, 4, 1]).ravel(), minlength=64)
    return np.sqrt(counts / counts.sum())


def half(image: Image.Image, right: bool) -> Image.Image:
    """The left or the right half."""
    middle = image.width // 2
    return image.crop(
        (middle, 0, image.width, image.height) if right else (0, 0, middle, image.height)
    )


def altered(image: Image.Image) -> Image.Image:
    """About half of a picture, mirrored and smaller."""
    width, height = image.size
    part = image.crop((width // 20, 3 * height // 10, 3 * width // 4, height))
    size = max(1, 4 * part.width // 5), max(1, 4 * part.height // 5)
    return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize(size, Image.Resampling.LANCZOS)


def found_share(
    describe: Describe, asked: Sequence[Image.Image], kept: Sequence[Image.Image]
) -> float:
    """How often the nearest of the kept pictures is the one at the same place of the list."""
    likeness = np.stack(list(map(describe, asked))) @ np.stack(list(map(describe, kept))).T
    return float((likeness.argmax(1) == np.arange(len(asked))).mean())


def same_kind_share(
    describe: Describe, pictures: Sequence[Image.Image], kinds: Sequence[str]
) -> float:
    """How often the nearest other picture is of the same kind."""
    described = np.stack(list(map(describe, pictures)))
    likeness = described @ described.T
    np.fill_diagonal(likeness, -np.inf)
    names = np.array(kinds)
    return float((names[likeness.argmax(1)] == names).mean())


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(description="Search for similar pictures by latents.")
    parser.add_argument("query", nargs="?", help="a picture")
    parser.add_argument("folder", help="of pictures")
    parser.add_argument("--model", default="cycle-small", help="of the latents")
    parser.add_argument("--count", type=int, default=5, help="how many to print")
    parser.add_argument("--measure", action="store_true", help="print a table of how good it is")
    parser.add_argument("--kinds", help="a table with columns file and label, for --measure")
    options = parser.parse_args(arguments)
    return exit_code_of(parser.prog, lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Searches or measures."""
    names = files_in(options.folder)
    if not names:
        raise ImageError(f"{options.folder} holds no pictures")
    if options.query is None and not options.measure:
        raise CodecError("name a picture before the folder, or say --measure")
    pictures = [_opened(Path(options.folder, name)) for name in names]
    describe = by_latents(tfcomp.load(options.model))
    if options.measure:
        measure(describe, names, pictures, options.kinds)
        return
    likeness = np.stack(list(map(describe, pictures))) @ describe(_opened(Path(options.query)))
    for number in np.argsort(-likeness)[: options.count]:
        print(f"{likeness[number]:.3f}  {names[number]}")


def measure(
    latents: Describe, names: Sequence[str], pictures: Sequence[Image.Image], table: str | None
) -> None:
    """Prints a table in Markdown."""
    rows = {
        "8x8 pixels": by_thumbnail,
        "shares of 64 colours": by_colours,
        "latents": latents,
    }
    kinds = {}
    if table:
        with open(table, newline="", encoding="utf-8") as file:
            kinds = {row["file"]: row["label"] for row in csv.DictReader(file, delimiter="\t")}
    known = [n for n, name in enumerate(names) if name in kinds]
    print(f"| of {len(names)} pictures | other half | altered part |" + " kind |" * bool(known))
    print("| --- | --- | --- |" + " --- |" * bool(known))
    left, right = ([half(each, side) for each in pictures] for side in (False, True))
    for title, describe in rows.items():
        shares = [found_share(describe, left, right)]
        shares.append(found_share(describe, list(map(altered, pictures)), pictures))
        if known:
            labels = [kinds[names[n]] for n in known]
            shares.append(same_kind_share(describe, [pictures[n] for n in known], labels))
        print(f"| {title} | " + " | ".join(f"{100 * share:.1f} %" for share in shares) + " |")


def _opened(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except (OSError, ValueError) as error:
        raise ImageError(f"{path} cannot be read: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
