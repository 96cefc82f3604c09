"""What a folder of pictures is: sizes, channels, depth, and whether they have lost something."""

from __future__ import annotations

import collections
import dataclasses
import io
import random
import warnings
from typing import Any, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from PIL import Image, JpegImagePlugin

from tfcomp.data.indexed_source import IndexedSource, Place
from tfcomp.data.places import is_array
from tfcomp.errors import ImageError
from tfcomp.folder_contents import suffix_of
from tfcomp.images.opening import open_image

LOOKED_AT = 200  # pictures; a sample tells as much as 300,000
# The luminance table of JPEG's annex K, which most encoders scale by their quality.
_ANNEX_K_MEAN = 57.625
# Below this quality JPEG's blocks show in a picture at full size.
_CLEAN_JPEG = 95
_LOSSY_IN_TIFF = ("jpeg", "tiff_jpeg", "webp")
_ROUGH_JPEG = 80


@dataclasses.dataclass(frozen=True)
class Survey:
    """What a sample of a set of pictures showed.

    Attributes:
      count: pictures in the set. looked_at: in the sample.
      width, height: medians, in pixels. smallest: the shortest side of all that were looked at.
      pixels: of a picture, on average.
      formats: format -> share of the sample.
      modes: Pillow's mode -> share.
      lossy: share of pictures from a format that loses something.
      jpeg_quality: the median quality of the JPEG files, on libjpeg's scale; None without any.
    """

    count: int
    looked_at: int
    width: int
    height: int
    smallest: int
    pixels: float
    formats: Mapping[str, float]
    modes: Mapping[str, float]
    lossy: float
    jpeg_quality: Optional[int]

    @property
    def shrink(self) -> float:
        """The factor that pictures are to be shrunk by, so that a codec learns no artefacts.

        Shrinking by 0.64 averages over more than a period of the finest pattern that JPEG leaves.
        """
        if self.lossy < 0.5 or self.smallest < 128:
            return 1.0
        quality = self.jpeg_quality if self.jpeg_quality is not None else _ROUGH_JPEG
        if quality >= _CLEAN_JPEG:
            return 1.0
        return 0.8 if quality > _ROUGH_JPEG else 0.64

    def lines(self) -> list[str]:
        """What to tell the user, a line each."""
        kinds = ", ".join(f"{name} {share:.0%}" for name, share in self.formats.items())
        modes = ", ".join(f"{name} {share:.0%}" for name, share in self.modes.items())
        lines = [
            f"{self.count} pictures ({kinds}; {modes}), {self.width}x{self.height} in the middle"
        ]
        if self.shrink < 1:
            quality = f" of quality {self.jpeg_quality}" if self.jpeg_quality is not None else ""
            lines.append(
                f"most come from lossy files{quality}: shrunk to {self.shrink:g}, or the codec "
                "would learn their artefacts (--shrink says otherwise)"
            )
        elif self.lossy >= 0.5 and self.smallest < 128:
            lines.append(
                "most come from lossy files and are too small to be shrunk: the codec learns their "
                "artefacts too"
            )
        return lines

    @classmethod
    def of(cls, headers: Sequence[Header | None], count: int) -> Survey:
        """What a sample showed of `count` pictures; None stands for one that can't be read.

        Raises:
          ImageError: none can be read.
        """
        found = [header for header in headers if header is not None]
        if not found:
            raise ImageError(
                "none of the pictures can be read: give a folder of PNG or other images"
            )
        sizes = np.array([header.size for header in found])
        width, height = (int(side) for side in np.median(sizes, axis=0))
        qualities = [header.quality for header in found if header.quality is not None]
        return cls(
            count=count,
            looked_at=len(found),
            width=width,
            height=height,
            smallest=int(sizes.min()),
            pixels=float(np.mean(sizes[:, 0] * sizes[:, 1])),
            formats=_shares(header.format for header in found),
            modes=_shares(header.mode for header in found),
            lossy=float(np.mean([header.lossy for header in found])),
            jpeg_quality=int(np.median(qualities)) if qualities else None,
        )


class Header(NamedTuple):
    """What a picture's header says.

    Attributes:
      size: (width, height).
      mode: Pillow's, or what an array's samples are.
      format: of the file.
      lossy: whether that loses something.
      quality: of a JPEG file; None of others.
    """

    size: Tuple[int, int]
    mode: str
    format: str
    lossy: bool = False
    quality: Optional[int] = None


def survey(source: IndexedSource, seed: int = 1) -> Survey:
    """Looks at a random sample of pictures; reads headers only.

    Args:
      source: of the pictures.
      seed: of the sample.

    Raises:
      ImageError: none can be read.
    """
    numbers: Sequence[int] = range(source.count)
    if len(numbers) > LOOKED_AT:
        numbers = random.Random(seed).sample(numbers, LOOKED_AT)
    return Survey.of([_header_at(source.place(number)) for number in numbers], source.count)


def _header_at(place: Place) -> Header | None:
    """Of a picture file, or of a part of an array, whose size is known already."""
    if place.size is None:
        return header_of(place.file)
    size = (place.size[1], place.size[0])
    if not is_array(place.file):
        whole = header_of(place.file)
        return whole._replace(size=size) if whole else Header(size, "array", "TIFF")
    kind = {".npy": "NumPy", ".npz": "NumPy"}.get(suffix_of(place.file), "Zarr")
    return Header(size, "array", kind)


def _shares(names: Any) -> dict[str, float]:
    counted = collections.Counter(names)
    return {name: number / counted.total() for name, number in counted.most_common()}


def header_of(source: str | bytes) -> Header | None:
    """Of a picture's file or its bytes; None where that is no picture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open_image(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
                return Header(
                    image.size,
                    image.mode,
                    image.format or "?",
                    _is_lossy(image, source),
                    _jpeg_quality(image),
                )
    except Exception:  # noqa: BLE001 - Pillow's parsers raise nearly anything
        return None


def _is_lossy(image: Image.Image, source: str | bytes) -> bool:
    if image.format == "WEBP":
        if isinstance(source, bytes):
            return b"VP8L" not in source[:64]
        with open(source, "rb") as file:
            return b"VP8L" not in file.read(64)
    if image.format == "TIFF":
        return image.info.get("compression") in _LOSSY_IN_TIFF
    return image.format in ("JPEG", "MPO", "AVIF", "HEIF", "JPEG2000")


def _jpeg_quality(image: Image.Image) -> int | None:
    """The quality that libjpeg would have scaled annex K's table by; None if not JPEG."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or not image.quantization:
        return None
    scale = 100 * float(np.mean(image.quantization[0])) / _ANNEX_K_MEAN
    quality = 5000 / scale if scale > 100 else (200 - scale) / 2
    return int(np.clip(round(quality), 1, 100))
