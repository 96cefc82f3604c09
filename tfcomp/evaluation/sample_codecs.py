"""Classical codecs for pictures of any channels and depth, as a benchmark takes them.

    8-bit RGB     classical.py
    8-bit grey    the same but JPEG 2000, as grey files where the format has such
    others        JPEG 2000 and JPEG XL in 16 bits, by imagecodecs

Samples are spread over 16 bits, as both formats reckon with the whole range. JPEG 2000 holds all
channels in one file and shares the bits among them; of JPEG XL each channel that is no colour is
a file of its own, which takes fewer bytes than its extra channels do.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import importlib.util
import struct
from typing import Dict, List, Mapping, Optional, Protocol, Tuple

import numpy as np
from PIL import Image

from tfcomp.evaluation.classical import CODECS, JPEG2000, ClassicalCodec
from tfcomp.image_spec import ImageSpec

_WHITE = 65535
_LENGTH = struct.Struct("<I")


class Codec(Protocol):
    """What a benchmark asks of a codec; see `contestants.Contestant`."""

    @property
    def name(self) -> str: ...

    @property
    def qualities(self) -> Tuple[int, ...]: ...

    @property
    def highest(self) -> int: ...

    def encode(self, image: np.ndarray, quality: int) -> bytes: ...

    def decode(self, data: bytes) -> np.ndarray: ...

    def missing(self) -> Optional[str]: ...

    def describe(self) -> str: ...


def codecs_for(spec: ImageSpec) -> Mapping[str, Codec]:
    """The codecs that hold such pictures, by name."""
    if spec.is_rgb8:
        return CODECS
    found: Dict[str, Codec] = {"jpeg2000": Jpeg2000Samples(spec), "jxl": JpegXlSamples(spec)}
    if spec.is_screen and spec.channels == 1:
        others = {name: Grey(codec) for name, codec in CODECS.items() if codec is not JPEG2000}
        found = {**others, "jpeg2000": found["jpeg2000"]}
    return found


@dataclasses.dataclass(frozen=True)
class Grey:
    """A codec of Pillow, on grey."""

    codec: ClassicalCodec

    @property
    def name(self) -> str:
        """How tables name it."""
        return self.codec.name

    @property
    def qualities(self) -> Tuple[int, ...]:
        """See `ClassicalCodec.qualities`."""
        return self.codec.qualities

    @property
    def highest(self) -> int:
        """See `ClassicalCodec.highest`."""
        return self.codec.highest

    def encode(self, image: np.ndarray, quality: int) -> bytes:
        """uint8 [H, W, 1] -> the whole file's bytes."""
        return self.codec.encode(np.ascontiguousarray(image[:, :, 0]), quality)

    def decode(self, data: bytes) -> np.ndarray:
        """The file's bytes -> uint8 [H, W, 1]."""
        return np.asarray(Image.fromarray(self.codec.decode(data)).convert("L"))[:, :, None]

    def missing(self) -> Optional[str]:
        """See `ClassicalCodec.missing`."""
        return self.codec.missing()

    def describe(self) -> str:
        """See `ClassicalCodec.describe`."""
        return f"{self.codec.describe()}, of grey"


@dataclasses.dataclass(frozen=True)
class _Samples:
    """What both codecs of samples share.

    Attributes:
      spec: of the pictures.
    """

    spec: ImageSpec
    name = ""
    _part = ""  # of imagecodecs

    def missing(self) -> Optional[str]:
        """None if the codec works here, else a line that says what to install."""
        if importlib.util.find_spec("imagecodecs") is None:
            return f"{self.name}: not installed (pip install imagecodecs)"
        import imagecodecs

        if not getattr(getattr(imagecodecs, self._part, None), "available", False):
            return f"{self.name}: this imagecodecs has it not (pip install --upgrade imagecodecs)"
        return None

    def _version(self) -> str:
        return f"imagecodecs {importlib.metadata.version('imagecodecs')}, {self.spec} in 16"

    def _spread(self, image: np.ndarray) -> np.ndarray:
        """Samples [H, W, C] over 16 bits."""
        units = (image.astype(np.float64) - self.spec.low) / self.spec.peak
        return np.rint(np.clip(units, 0, 1) * _WHITE).astype(np.uint16)

    def _samples(self, spread: np.ndarray) -> np.ndarray:
        values = spread.astype(np.float64) / _WHITE * self.spec.peak + self.spec.low
        return (np.rint(values) if self.spec.is_whole else values).astype(self.spec.dtype)


class Jpeg2000Samples(_Samples):
    """JPEG 2000 by OpenJPEG, all channels in one codestream, at a PSNR for the quality."""

    name = "jpeg2000"
    highest = 90
    qualities = (26, 30, 34, 38, 42, 46, 50, 54, 58, 62)
    _part = "JPEG2K"

    def encode(self, image: np.ndarray, quality: int) -> bytes:
        """Samples [H, W, C] -> the whole file's bytes."""
        import imagecodecs

        spread = self._spread(image)
        return bytes(
            imagecodecs.jpeg2k_encode(
                spread[:, :, 0] if spread.shape[2] == 1 else spread,
                level=quality,
                codecformat="j2k",
                reversible=False,
                mct=self.spec.colour == "rgb",
                numthreads=1,
            )
        )

    def decode(self, data: bytes) -> np.ndarray:
        """The file's bytes -> samples [H, W, C]."""
        import imagecodecs

        found = imagecodecs.jpeg2k_decode(data, numthreads=1)
        return self._samples(found[:, :, None] if found.ndim == 2 else found)

    def describe(self) -> str:
        """One line: library and version, settings, qualities."""
        colours = "RGB to YCbCr" if self.spec.colour == "rgb" else "no colour transform"
        ends = f"quality {self.qualities[0]}..{self.qualities[-1]} (dB asked for)"
        return f"{self._version()} (OpenJPEG), irreversible, {colours}, one file, {ends}"


class JpegXlSamples(_Samples):
    """JPEG XL by libjxl, each channel a file unless they are RGB; the distance for the quality."""

    name = "jxl"
    highest = 25
    qualities = (1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
    _part = "JPEGXL"

    def encode(self, image: np.ndarray, quality: int) -> bytes:
        """Samples [H, W, C] -> the bytes of all files, each after its length."""
        import imagecodecs

        parts = [
            bytes(
                imagecodecs.jpegxl_encode(
                    each,
                    distance=_distance(quality),
                    effort=7,
                    lossless=False,
                    usecontainer=False,
                    numthreads=1,
                )
            )
            for each in self._pictures(self._spread(image))
        ]
        return b"".join(_LENGTH.pack(len(part)) + part for part in parts)

    def decode(self, data: bytes) -> np.ndarray:
        """The bytes of all files -> samples [H, W, C]."""
        import imagecodecs

        found, start = [], 0
        while start < len(data):
            (length,) = _LENGTH.unpack_from(data, start)
            start += _LENGTH.size + length
            part = imagecodecs.jpegxl_decode(data[start - length : start], numthreads=1)
            found.append(part[:, :, None] if part.ndim == 2 else part)
        return self._samples(np.concatenate(found, axis=2))

    def describe(self) -> str:
        """One line: library and version, settings, qualities."""
        files = "one file" if self.spec.colour == "rgb" else "a file for each channel"
        low, high = (_distance(self.qualities[end]) for end in (0, -1))
        return f"{self._version()} (libjxl), effort 7, {files}, distance {low:g}..{high:g}"

    def _pictures(self, spread: np.ndarray) -> List[np.ndarray]:
        if self.spec.colour == "rgb":
            return [spread]
        return [np.ascontiguousarray(spread[:, :, n]) for n in range(spread.shape[2])]


def _distance(quality: int) -> float:
    """From 25, which is the largest, to less than 0.04."""
    return round(25 / 1.35 ** (quality - 1), 3)

