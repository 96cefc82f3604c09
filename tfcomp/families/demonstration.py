"""What a finished run shows: a real file, its decoded picture, and JPEG at the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from tfcomp import api
from tfcomp.config import Config
from tfcomp.data.sample_source import sample_images
from tfcomp.data.sources import open_source
from tfcomp.evaluation.classical import JPEG
from tfcomp.evaluation.metrics import psnr
from tfcomp.evaluation.size_search import largest_within
from tfcomp.export import bundle
from tfcomp.models.base import CodecModel
from tfcomp.runs import run_summary

_LABEL_HEIGHT = 20


def jpeg_of_size(image: np.ndarray, size: int) -> tuple[np.ndarray, int, int]:
    """The best JPEG (4:2:0, optimize) of at most `size` bytes, or the smallest there is.

    Args:
      image: uint8 [H, W, 3].
      size: bytes.

    Returns:
      (decoded uint8 [H, W, 3], bytes of the file, its quality setting)
    """
    quality = largest_within(lambda q: len(JPEG.encode(image, q)), range(1, 96), size) or 1
    data = JPEG.encode(image, quality)
    return JPEG.decode(data), len(data), quality


def side_by_side(panels: Sequence[tuple[str, np.ndarray]]) -> Image.Image:
    """Joins labelled pictures of one size, uint8 [H, W, 3], from left to right."""
    height, width = panels[0][1].shape[:2]
    sheet = Image.new("RGB", (width * len(panels), height + _LABEL_HEIGHT), "white")
    draw = ImageDraw.Draw(sheet)
    for number, (label, pixels) in enumerate(panels):
        sheet.paste(Image.fromarray(pixels), (number * width, _LABEL_HEIGHT))
        draw.text((number * width + 4, 4), label, fill="black")
    return sheet


def make(model: CodecModel, config: Config, folder: str | Path) -> dict[str, Path]:
    """Exports the run's bundle and codes an embedded photograph that was not trained on.

    Returns:
      dict of label -> path of what was written into the run folder.
    """
    folder = Path(folder)
    bundle.write_bundle(
        model,
        config,
        folder / "bundle",
        config.model.family,
        training=run_summary.summarize(config, folder),
    )
    codec = api.load(folder / "bundle")
    written = {
        "run folder": folder,
        "history": folder / "history.csv",
        "TensorBoard logs": folder / "logs",
        "bundle": folder / "bundle",
    }
    if not model.image.is_rgb8:
        return {**written, **_of_other_pictures(codec, config, folder)}
    name, image = next(iter(sample_images("test").items()))
    if config.model.fixed_size:
        fitted = ImageOps.fit(Image.fromarray(image), config.model.fixed_size)
        image = np.asarray(fitted)
    data = codec.compress(image)
    compressed = folder / f"{name}.tfcomp"
    compressed.write_bytes(data)
    decoded = codec.decompress(data)
    Image.fromarray(decoded).save(folder / f"{name}.png")
    jpeg, jpeg_bytes, jpeg_quality = jpeg_of_size(image, len(data))
    pixels = image.shape[0] * image.shape[1]

    def label(title: str, size: int, picture: np.ndarray) -> str:
        return f"{title}: {size} bytes, {8 * size / pixels:.3f} bpp, {psnr(image, picture):.2f} dB"

    sheet = side_by_side(
        [
            ("original", image),
            (label("tfcomp", len(data), decoded), decoded),
            (label(f"JPEG quality {jpeg_quality}", jpeg_bytes, jpeg), jpeg),
        ]
    )
    sheet.save(folder / "side_by_side.png")
    return {
        **written,
        "compressed file": compressed,
        "decoded picture": folder / f"{name}.png",
        "beside JPEG": folder / "side_by_side.png",
    }


def _of_other_pictures(codec: api.Codec, config: Config, folder: Path) -> dict[str, Path]:
    """Codes the run's first training picture, of whatever channels and depth; says how well."""
    data = config.data
    source = open_source(data.source, data.data_dir, data.split, codec.bundle.manifest.image)
    image = next(iter(source.images())).numpy()
    content = codec.compress(image)
    decoded = codec.decompress(content).reshape(image.shape)
    bits = 8 * len(content) / (image.shape[0] * image.shape[1])
    decibels = psnr(image, decoded, source.spec.peak)
    compressed, samples = folder / "training_picture.tfcomp", folder / "training_picture.npy"
    compressed.write_bytes(content)
    np.save(samples, decoded)
    return {
        f"{bits:.3f} bits/pixel": compressed,
        f"{decibels:.2f} dB": samples,
    }
