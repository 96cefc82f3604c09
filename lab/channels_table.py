"""PSNR, SSIM and compression ratio against the number of latent channels.

    python -m lab.channels_table FOLDER --model BUNDLE --out DIR

FOLDER holds test images (or a folder test/ with them); the bundle's qualities are its steps of the
channel ladder. Writes DIR/channels.md and channels.json. The ratio is that of 24-bit raw pixels to
whole files, both summed over the images; PSNR and SSIM are means over the images, of decoded 8-bit
pixels. The source's own figures stand beside: its ratios assume 8-bit latents that it never wrote.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tfcomp import api
from tfcomp.errors import ConfigError, exit_code_of
from tfcomp.evaluation.classical import JPEG
from tfcomp.evaluation.images import read_images
from tfcomp.evaluation.metrics import psnr, ssim
from tfcomp.evaluation.size_search import largest_within


@dataclasses.dataclass(frozen=True)
class Row:
    """Figures at one number of channels.

    Attributes:
      channels: n.
      ssim: from 0 to 1. psnr: dB. ratio: raw bytes / file bytes.
    """

    channels: int
    ssim: float
    psnr: float
    ratio: float


# The table of the VAE-GAN script that this codec grew out of.
SOURCE = (
    Row(28, 0.83, 24.79, 1.74),
    Row(16, 0.80, 24.37, 3.06),
    Row(8, 0.81, 24.06, 6.12),
    Row(4, 0.79, 23.57, 12.24),
    Row(2, 0.71, 21.57, 24.49),
)


def measure(codec, quality, channels, images):
    """One row from real files.

    Args:
      codec: a `tfcomp.api.Codec`, or anything else with its compress and decompress.
      quality: the codec's own.
      channels: how many that quality uses.
      images: list of uint8 [H, W, 3].
    """
    raw, coded, errors, similarities = 0, 0, [], []
    for image in tqdm(images, unit="image", desc=f"{channels} channels", leave=False):
        data = codec.compress(image, quality)
        decoded = codec.decompress(data)
        raw, coded = raw + image.size, coded + len(data)
        errors.append(psnr(image, decoded))
        similarities.append(ssim(image, decoded))
    finite = [min(value, 99.0) for value in errors]  # a lossless picture has no finite PSNR
    return Row(channels, float(np.mean(similarities)), float(np.mean(finite)), raw / coded)


class _Jpeg:
    """JPEG behind the codec's two methods."""

    @staticmethod
    def compress(image, quality):
        return JPEG.encode(image, quality)

    decompress = staticmethod(JPEG.decode)


def jpeg_at(ratio, channels, images):
    """JPEG's row at the smallest ratio that is no smaller than `ratio`; None if it has none."""

    def coded(quality):
        return sum(len(JPEG.encode(image, quality)) for image in images)

    raw = sum(image.size for image in images)
    quality = largest_within(coded, range(1, 101), raw / ratio)
    return None if quality is None else measure(_Jpeg, quality, channels, images)


def markdown(rows, jpeg_rows, count):
    """The table as Markdown, the source's rows beside ours."""
    lines = [
        f"{count} test images. Source: its published figures, on its own images.",
        "",
        "| channels | source SSIM | PSNR dB | ratio | ours SSIM | PSNR dB | ratio "
        "| JPEG SSIM | PSNR dB | ratio |",
        "| --- " * 10 + "|",
    ]
    source = {row.channels: row for row in SOURCE}

    def cells(row):
        if row is None:
            return " | | |"
        return f" {row.ssim:.3f} | {row.psnr:.2f} | {row.ratio:.2f}x |"

    for row, jpeg in sorted(zip(rows, jpeg_rows), key=lambda pair: -pair[0].channels):
        lines.append(
            f"| {row.channels} |{cells(source.get(row.channels))}{cells(row)}{cells(jpeg)}"
        )
    return "\n".join(lines) + "\n"


def channels_of(codec, given=None):
    """How many channels each quality uses.

    Args:
      codec: the bundle's `Codec`.
      given: the numbers, one a quality; None where the bundle's training record has them.

    Raises:
      ConfigError: neither says so for every quality.
    """
    ladder = given or codec.info["training"].get("channels")
    if not ladder or len(ladder) != codec.qualities:
        raise ConfigError(
            f"'{codec.info['name']}' has {codec.qualities} qualities: give --channels with as "
            "many numbers"
        )
    return [int(count) for count in ladder]


def main(arguments=None):
    """Runs the command; returns its exit code: 0, or 2 for bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.channels_table",
        description="Measure a vaegan codec against its number of latent channels.",
    )
    parser.add_argument("folder", type=Path, help="test images, or a folder with test/ in it")
    parser.add_argument("--model", default="vaegan-channels", help="name or folder of a bundle")
    parser.add_argument("--channels", type=int, nargs="+", help="of each quality, in order")
    parser.add_argument("--limit", type=int, help="measure on the first N images only")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    options = parser.parse_args(arguments)
    return exit_code_of("channels_table", lambda: _run(options))


def _run(options):
    codec = api.load(options.model)
    ladder = channels_of(codec, options.channels)
    test = options.folder / "test"
    images = list(read_images(test if test.is_dir() else options.folder).values())
    images = images[: options.limit]
    rows = [measure(codec, q, count, images) for q, count in enumerate(ladder, 1)]
    jpeg_rows = [jpeg_at(row.ratio, row.channels, images) for row in rows]
    options.out.mkdir(parents=True, exist_ok=True)
    table = markdown(rows, jpeg_rows, len(images))
    (options.out / "channels.md").write_text(table, encoding="utf-8")
    values = {
        "source": [dataclasses.asdict(row) for row in SOURCE],
        "ours": [dataclasses.asdict(row) for row in rows],
        "jpeg": [row and dataclasses.asdict(row) for row in jpeg_rows],
    }
    (options.out / "channels.json").write_text(json.dumps(values, indent=1) + "\n")
    print(table)


if __name__ == "__main__":
    raise SystemExit(main())
