"""What a finished binary run shows: pictures, their bits, and what files of few bits decode to.

    python -m tfcomp.families.binary.demonstration runs/binary

train.py does the same at its end; the command loads a run folder and shows it again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Sequence

import numpy as np
from PIL import Image, ImageDraw

from tfcomp import api
from tfcomp.config import Config
from tfcomp.data import sources
from tfcomp.data.sample_source import sample_images
from tfcomp.errors import ConfigError, exit_code_of
from tfcomp.evaluation.metrics import psnr
from tfcomp.export import bundle
from tfcomp.images.cropping import middle
from tfcomp.models.base import CodecModel
from tfcomp.networks.interpreter import Model, Network
from tfcomp.runs import run_summary

_PICTURES = 8
_LARGEST_SIDE = 128  # of a shown picture, before it is enlarged
_PANEL = 128  # side of a panel on the sheet
_LABEL_HEIGHT = 30
_NOT_SENT = 128  # grey


def test_pictures(config: Config, count: int, side: int) -> list[np.ndarray]:
    """Centres of the first `count` pictures of the source's test split, else of the embedded ones.

    Squares of `side` pixels, uint8 [H, W, 3]; smaller pictures are taken whole.
    """
    try:
        source = sources.open_source(config.data.source, config.data.data_dir, "test")
        pictures = [image.numpy() for image in source.images().take(count)]
    except ConfigError:  # most folders have no such split
        pictures = list(sample_images("test").values())[:count]
    return [middle(picture, side, side) for picture in pictures]


def picture_of_bits(bits: np.ndarray, sent: int) -> np.ndarray:
    """All channels of a code, int [h, w, C], side by side as uint8 [H, W, 3].

    A 1 is white and a 0 black; the channels after the first `sent`, which are not sent, are grey.
    """
    height, width, channels = bits.shape
    across = int(np.ceil(np.sqrt(channels)))
    down = -(-channels // across)
    sheet = np.full((down, across, height + 1, width + 1), _NOT_SENT, np.uint8)
    for channel in range(min(sent, channels)):
        row, column = divmod(channel, across)
        sheet[row, column, :height, :width] = 255 * bits[..., channel]
    flat = sheet.transpose(0, 2, 1, 3).reshape(down * (height + 1), across * (width + 1))
    return np.repeat(flat[..., None], 3, axis=2)


def sheet_of(rows: Sequence[Sequence[tuple[str, np.ndarray]]]) -> Image.Image:
    """One picture of rows of (label, uint8 [H, W, 3]), all of one length.

    Panels are enlarged without smoothing.
    """
    size = (len(rows[0]) * (_PANEL + 4), len(rows) * (_PANEL + _LABEL_HEIGHT))
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for down, row in enumerate(rows):
        for across, (label, pixels) in enumerate(row):
            left, top = across * (_PANEL + 4), down * (_PANEL + _LABEL_HEIGHT)
            picture = Image.fromarray(pixels)
            scale = _PANEL / max(picture.size)
            shown = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
            method = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX
            sheet.paste(picture.resize(shown, method), (left, top + _LABEL_HEIGHT))
            draw.multiline_text((left + 2, top + 2), label, fill="black", spacing=1)
    return sheet


def make(model: CodecModel, config: Config, folder: str | Path) -> dict[str, Path]:
    """Exports the run's bundle and shows what it does to pictures that were not trained on.

    Returns:
      dict of label -> path of what was written into the run folder.
    """
    folder = Path(folder)
    training = run_summary.summarize(config, folder)
    bundle.write_bundle(model, config, folder / "bundle", "binary", training=training)
    codec = api.load(folder / "bundle")
    pictures = test_pictures(config, _PICTURES, min(config.data.crop, _LARGEST_SIDE))
    show(codec, pictures).save(folder / "codes.png")
    data = codec.compress(pictures[0])
    (folder / "sample.tfcomp").write_bytes(data)
    Image.fromarray(codec.decompress(data)).save(folder / "sample.png")
    return {
        "run folder": folder,
        "history": folder / "history.csv",
        "TensorBoard logs": folder / "logs",
        "bundle": folder / "bundle",
        "compressed file": folder / "sample.tfcomp",
        "decoded picture": folder / "sample.png",
        "samples, codes, decoded": folder / "codes.png",
    }


def show(codec: api.Codec, pictures: Sequence[np.ndarray]) -> Image.Image:
    """A row a picture: the original, its bits, and what files of three qualities decode to.

    Args:
      codec: of a binary bundle.
      pictures: uint8 [H, W, 3] each.
    """
    stride = codec.info["stride"]
    encoder = Network(Model(codec.bundle.encoder, 1, "encoder.tflite"), "encode", "latents")
    shown = sorted({1, (codec.qualities + 1) // 2, codec.qualities}, reverse=True)
    rows = []
    for picture in pictures:
        around = [(0, -side % stride) for side in picture.shape[:2]] + [(0, 0)]
        padded = np.pad(picture, around, mode="edge")
        best = np.array([codec.qualities], np.int32)
        # With a hyperprior the encoder gives sigmoids.
        bits = np.rint(encoder.run(image=padded[None], quality=best)[0]).astype(int)
        row = [
            (f"original\n{picture.shape[1]}x{picture.shape[0]}", picture),
            (f"its {bits.size} bits", picture_of_bits(bits, bits.shape[-1])),
        ]
        for quality in shown:
            data = codec.compress(picture, quality=quality)
            decoded = codec.decompress(data)
            rate = 8 * len(data) / (picture.shape[0] * picture.shape[1])
            label = f"q{quality}: {len(data)} bytes\n{rate:.2f} bpp {psnr(picture, decoded):.1f} dB"
            row.append((label, decoded))
        rows.append(row)
    return sheet_of(rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code, 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m tfcomp.families.binary.demonstration")
    parser.add_argument("run", type=Path, help="run folder")
    options = parser.parse_args(arguments)
    return exit_code_of("binary_demonstration", lambda: _show_again(options.run))


def _show_again(folder: Path) -> None:
    from tfcomp.runs import run_folder

    model, config = run_folder.load_model(folder)
    if config.model.family != "binary":
        raise ConfigError(f"{folder} is a run of '{config.model.family}', not of 'binary'")
    for label, path in make(model, config, folder).items():
        print(f"{label:<24}{path}")


if __name__ == "__main__":
    sys.exit(main())
