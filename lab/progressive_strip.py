r"""Draws what the first bytes of a file show: the picture of docs/parts.md.

    python -m lab.progressive_strip PICTURE OUT.webp --model cycle --quality 5

Columns are shares of the bytes; the upper row is a .tfcomp file, the lower one the best progressive
JPEG file that has no more bytes.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

import tfcomp
from lab.contact_sheet import contact_sheet
from lab.parts_table import SHARES, cut_jpeg, jpeg_within
from tfcomp.errors import exit_code_of
from tfcomp.evaluation.images import read_pixels
from tfcomp.evaluation.metrics import psnr
from tfcomp.images.cropping import middle

_NOTHING = 238  # grey, where a file shows no picture


def strip(codec: tfcomp.api.Codec, picture: np.ndarray, quality: int, side: int) -> Image.Image:
    """The contact sheet of one picture.

    Args:
      codec: of the model.
      picture: uint8 [H, W, 3].
      quality: of the .tfcomp file.
      side: of the middle that is shown, in pixels.
    """
    ours = codec.compress(picture, quality)
    jpeg = jpeg_within(picture, len(ours))
    columns = []
    for share in SHARES:
        shown, label = [], f"{100 * share:.0f} % of {len(ours)} bytes\n"
        for data, show in (
            (ours, lambda part: codec.decompress(part, partial=True)),
            (jpeg, cut_jpeg),
        ):
            try:
                pixels = show(data[: round(share * len(data))])
                label += f"{psnr(picture, pixels):.1f} dB  "
            except (ValueError, OSError):
                pixels = np.full_like(picture, _NOTHING)
                label += "none  "
            shown.append(middle(pixels, side, side))
        columns.append((label.strip(), np.stack(shown)))
    return contact_sheet(columns)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.progressive_strip", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("picture", type=Path)
    parser.add_argument("out", type=Path, help="the picture to write")
    parser.add_argument("--model", default="cycle")
    parser.add_argument("--quality", type=int, default=5, metavar="N")
    parser.add_argument("--side", type=int, default=224, metavar="N", help="of the part shown")
    options = parser.parse_args(arguments)

    def draw() -> None:
        logging.getLogger("tfcomp").setLevel(logging.ERROR)  # it says of every part that it is one
        codec = tfcomp.load(options.model)
        sheet = strip(codec, read_pixels(options.picture), options.quality, options.side)
        sheet.save(options.out, quality=90)

    return exit_code_of("progressive_strip", draw)


if __name__ == "__main__":
    sys.exit(main())
