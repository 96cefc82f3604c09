"""Thumbnails of a bundle: small pictures straight from latents.

    latents / gain of the level --convolution 3x3--> pixels of a quarter of the side

One linear layer in place of the decoder network, fitted by least squares to photographs that are
reduced to a quarter, from what files of every level hold of them. It sees the first channels, as
the last passes, which take most time, hold little that a small picture shows. Levels differ by
little but a gain a channel, which the encoder network tells. An eighth is the mean of four such
pixels.

`tfcomp release` fits it; `python -m tfcomp.export.thumbnail BUNDLE PICTURES` adds it to a bundle
that there is. Files stay as they are: no fingerprint covers thumbnail.tflite.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from tfcomp.entropy.quality_levels import at_level, level_of
from tfcomp.entropy_kinds.base import EntropyKind
from tfcomp.errors import ConfigError, OutputError, exit_code_of
from tfcomp.evaluation.images import image_files, read_pixels
from tfcomp.export import tflite
from tfcomp.export.checksums import write_checksums
from tfcomp.images.cropping import middle
from tfcomp.networks.padding import EdgePadded
from tfcomp.runtime.atomic_file import write_atomically
from tfcomp.runtime.bundle import Bundle
from tfcomp.runtime.bundle_files import MANIFEST
from tfcomp.runtime.codec import BundleCodec
from tfcomp.runtime.manifest import THUMBNAIL_SCALE

SIDE = 512  # of the middles of pictures that it is fitted to, in pixels
_TAPS = 3
USUAL_CHANNELS = 112
USUAL_PICTURES = 64


class Thumbnail(tf.Module):
    """The layer as it is deployed.

    Args:
      kernel: float32 [3, 3, channels, side * side * 3].
      bias: float32 [side * side * 3].
      gains: float32 [Q, channels]: a level's integers times these are what the kernel sees.
      quality_steps: of the bundle.
    """

    def __init__(
        self, kernel: np.ndarray, bias: np.ndarray, gains: np.ndarray, quality_steps: int = 1
    ) -> None:
        super().__init__()
        self._quality_steps = quality_steps
        self._kernel, self._bias, self._gains = kernel, bias, gains
        self._block = round((kernel.shape[-1] / 3) ** 0.5)
        shape = [1, None, None, kernel.shape[2]]
        self.thumbnail = tf.function(
            self._thumbnail,
            input_signature=[
                tf.TensorSpec(shape, tf.int32, name="latents"),
                tf.TensorSpec([1], tf.int32, name="quality"),
            ],
        )

    def _thumbnail(self, latents: tf.Tensor, quality: tf.Tensor) -> dict[str, tf.Tensor]:
        level = level_of(quality, self._quality_steps)
        scaled = tf.cast(latents, tf.float32) * at_level(tf.constant(self._gains), level)
        blocks = tf.nn.conv2d(scaled, tf.constant(self._kernel), 1, "SAME") + self._bias
        pixels = tf.nn.depth_to_space(blocks, self._block)
        return {"image": tf.cast(tf.clip_by_value(tf.round(pixels), 0.0, 255.0), tf.uint8)}


def add_thumbnail(folder: Path, pictures: Sequence[np.ndarray], channels: int) -> None:
    """Fits thumbnail.tflite and writes it into a bundle folder.

    Args:
      folder: of the bundle.
      pictures: uint8 [H, W, 3] each; some dozens, none that thumbnails are measured on.
      channels: how many latent channels it sees.

    Raises:
      ConfigError: the bundle's entropy model takes rounded latents, or its stride is odd.
      OutputError: the bundle can't be written.
    """
    codec = BundleCodec(Bundle.read(folder))
    why = why_without(codec.bundle.manifest.kind, codec.bundle.manifest.stride)
    if why is not None:
        raise ConfigError(f"a model like '{codec.bundle.manifest.name}' has no thumbnails: {why}")
    network, channels = fitted_thumbnail(codec, pictures, channels)
    entries = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    entries["thumbnail_channels"] = channels
    try:
        (folder / "thumbnail.tflite").write_bytes(network)
    except OSError as error:
        raise OutputError(f"can't write {folder}: {error.strerror or error}") from error
    write_atomically(folder / MANIFEST, (json.dumps(entries, indent=1) + "\n").encode())
    write_checksums(folder)
    Bundle.read(folder, sealed=True)


def why_without(kind: EntropyKind, stride: int) -> str | None:
    """Why a model of a kind and a stride has no thumbnails; None where it can."""
    if kind.rounds:
        return "its latents are whole numbers"
    return f"its stride, {stride}, has no quarter" if stride % THUMBNAIL_SCALE else None


def fitted_thumbnail(
    codec: BundleCodec, pictures: Sequence[np.ndarray], channels: int = USUAL_CHANNELS
) -> tuple[bytes, int]:
    """thumbnail.tflite of a bundle that can have it, and how many channels it sees.

    Args:
      codec: of the bundle.
      pictures: see `add_thumbnail`; of whole latents, as `middle_of` gives them.
      channels: likewise; all where there are fewer.
    """
    manifest = codec.bundle.manifest
    channels = min(channels, manifest.channels)
    gains = _gains(codec, pictures[0])[:, :channels] / manifest.kind.latent_units
    kernel, bias = _fitted(codec, pictures, gains)
    layer = Thumbnail(kernel, bias, gains, manifest.quality_steps)
    return tflite.convert(layer, "thumbnail", "float16"), channels


def _gains(codec: BundleCodec, picture: np.ndarray) -> np.ndarray:
    """float32 [Q, C]: what makes latents of a level those of the default level, nearly."""
    padded = EdgePadded(picture, codec.bundle.manifest.stride)
    default = codec.encode_image(padded, codec.checked_quality(None)).astype(np.float64)
    found = []
    for quality in range(1, codec.qualities + 1):
        latents = codec.encode_image(padded, quality).astype(np.float64)
        gain = np.sum(latents * default, (0, 1)) / np.maximum(np.sum(latents**2, (0, 1)), 1e-30)
        found.append(gain)
    return np.array(found, np.float32)


def _fitted(
    codec: BundleCodec, pictures: Sequence[np.ndarray], gains: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of least squared error."""
    channels = gains.shape[1]
    inputs = _TAPS * _TAPS * channels + 1
    squares, products = np.zeros((inputs, inputs)), 0.0
    for picture in pictures:
        wanted = _blocks(picture, codec.bundle.manifest.stride)
        for seen in _seen(codec, picture, gains):
            squares += seen.T @ seen
            products = products + seen.T @ wanted
    squares[np.diag_indices_from(squares)] += 1.0  # far below what any pixel adds
    found = np.linalg.solve(squares, products).astype(np.float32)
    return found[:-1].reshape(_TAPS, _TAPS, channels, -1), found[-1]


def _seen(codec: BundleCodec, picture: np.ndarray, gains: np.ndarray) -> Iterator[np.ndarray]:
    """What the layer sees of a picture at each level: float32 [latents, inputs]."""
    height, width = (side // codec.bundle.manifest.stride for side in picture.shape[:2])
    for quality in range(1, codec.qualities + 1):
        image = codec.read_file(codec.plain_file(picture, quality)).frames[0].images[0]
        latents = codec.entropy_coder.decode(image.sections, quality, height, width)
        scaled = latents[..., : gains.shape[1]].astype(np.float32) * gains[quality - 1]
        padded = np.pad(scaled, ((1, 1), (1, 1), (0, 0)))
        parts = [
            padded[y : y + height, x : x + width].reshape(height * width, -1)
            for y in range(_TAPS)
            for x in range(_TAPS)
        ]
        yield np.concatenate([*parts, np.ones((height * width, 1), np.float32)], axis=1)


def _blocks(picture: np.ndarray, stride: int) -> np.ndarray:
    """The reduced picture's pixels of each latent: float32 [latents, side * side * 3]."""
    small = np.asarray(Image.fromarray(picture).reduce(THUMBNAIL_SCALE), np.float32)
    side = stride // THUMBNAIL_SCALE
    height, width, _ = small.shape
    blocks = small.reshape(height // side, side, width // side, side, 3).transpose(0, 2, 1, 3, 4)
    return blocks.reshape(-1, side * side * 3)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tfcomp.export.thumbnail", description="Adds thumbnails to a bundle."
    )
    parser.add_argument("bundle", metavar="BUNDLE", type=Path, help="bundle folder")
    parser.add_argument("pictures", metavar="PICTURES", type=Path, help="folder of photographs")
    parser.add_argument(
        "--limit",
        type=int,
        default=USUAL_PICTURES,
        metavar="N",
        help="pictures to use (64)",
    )
    parser.add_argument(
        "--channels",
        type=int,
        default=USUAL_CHANNELS,
        metavar="N",
        help="latent channels that it sees (112)",
    )
    options = parser.parse_args(arguments)
    return exit_code_of("thumbnail", lambda: _add(options))


def _add(options: argparse.Namespace) -> None:
    files = image_files(options.pictures)
    chosen = files[:: max(1, len(files) // max(1, options.limit))][: options.limit]
    stride = Bundle.read(options.bundle).manifest.stride
    pictures = [middle_of(read_pixels(file), stride) for file in chosen]
    add_thumbnail(options.bundle, pictures, options.channels)
    print(f"{options.bundle}: thumbnails fitted to {len(pictures)} pictures")


def middle_of(picture: np.ndarray, stride: int) -> np.ndarray:
    """The middle of a picture, of whole latents."""
    height, width = (min(SIDE, side) // stride * stride for side in picture.shape[:2])
    if not height * width:
        raise ConfigError("a picture is smaller than a latent; give larger pictures")
    return np.ascontiguousarray(middle(picture, height, width))


if __name__ == "__main__":
    sys.exit(main())
