"""What a served model's pictures are, and the files that its signatures take and give of them.

    8-bit RGB and grey    PNG and JPEG files (images.py)
    all others            .npy files of the model's samples

The signatures say it: a model of the second kind has `decompress_samples`, whose output has its
dtype and channels. Bits and range are the server's to check.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfcomp.bitstream.container import MAX_PIXELS
from tfcomp.errors import ImageError
from tfcomp.image_spec import MAX_CHANNELS, ImageSpec
from tfcomp.runtime.model_input import samples_of
from tfcomp.serving.images import check_pixels, image_file, pixels_of
from tfcomp.serving.transport import TensorKind

SIGNATURE, OUTPUT = "decompress_samples", "samples"
_BASE64 = 4 / 3
_SPEC_OF = {
    "uint8": {"bits": 8},
    "uint16": {"bits": 16},
    "float32": {"range": (0.0, 1.0)},  # whichever: only channels and kind count here
}


class ServedPictures:
    """8-bit RGB or grey: image files."""

    answer_bytes_a_pixel = 4.0  # at most: three colours in a PNG, in base64

    def file(self, source: Any) -> bytes:
        """The file that is sent; see `image_file`."""
        return image_file(source)

    def pixels(self, file: bytes, sent: bytes, max_pixels: int) -> np.ndarray:
        """The picture of a file that came back; see `pixels_of`."""
        return pixels_of(file, sent, max_pixels)


@dataclass(frozen=True)
class ServedSamples(ServedPictures):
    """Pictures that no PNG holds: arrays.

    Attributes:
      dtype: uint8, uint16 or float32.
      channels: of a picture.
    """

    dtype: str
    channels: int

    @property
    def answer_bytes_a_pixel(self) -> float:  # type: ignore[override]
        """In base64, without the header."""
        return _BASE64 * self.channels * np.dtype(self.dtype).itemsize

    def file(self, source: Any) -> bytes:
        """A .npy file of an array, a PIL image, or a file (its path, bytes or a file object).

        Numbers of other widths and byte orders become the model's where they fit; whatever else
        is wrong with them the server says, which knows bits and range.

        Raises:
          ImageError: it holds no picture of these channels, or several.
        """
        spec = _Spec(self.channels, colour="none", **_SPEC_OF[self.dtype])  # type: ignore[arg-type]
        samples = samples_of(source, spec, MAX_PIXELS)
        stream = io.BytesIO()
        np.save(stream, np.ascontiguousarray(_fitting(samples, np.dtype(self.dtype))))
        return stream.getvalue()

    def pixels(self, file: bytes, sent: bytes, max_pixels: int) -> np.ndarray:
        """[H, W, channels], of one channel [H, W], of a .npy file that a server made.

        Raises:
          ImageError: another kind of array, another size than that of the file `sent`, or more
            pixels.
        """
        stream = io.BytesIO(file)
        try:
            version = np.lib.format.read_magic(stream)
            if version != (1, 0):
                raise ValueError
            shape, turned, dtype = np.lib.format.read_array_header_1_0(stream)
        except Exception:  # noqa: BLE001 - NumPy's reader raises many types
            raise ImageError("it is no .npy file") from None
        expected = () if self.channels == 1 else (self.channels,)
        if turned or dtype != np.dtype(self.dtype) or shape[2:] != expected or len(shape) < 2:
            raise ImageError(
                f"it is an array of {dtype} {list(shape)}, not of {self.dtype} with "
                f"{self.channels} channels"
            )
        check_pixels(shape[1], shape[0], sent, max_pixels)
        rest = file[stream.tell() :]
        if len(rest) != math.prod(shape) * dtype.itemsize:
            raise ImageError("its array has not as many bytes as its header says")
        return np.frombuffer(rest, dtype).reshape(shape).copy()


def of_output(kind: TensorKind | None) -> ServedPictures:
    """What the output of `decompress_samples` says; None where a model has no such signature."""
    known = kind is not None and kind.dtype in _SPEC_OF and len(kind.shape) == 4
    if kind is None or not known or not 1 <= kind.shape[3] <= MAX_CHANNELS:
        return ServedPictures()
    return ServedSamples(kind.dtype, kind.shape[3])


class _Spec(ImageSpec):
    """As much of a spec as signatures say."""

    def __str__(self) -> str:
        return f"{self.channels} channel{'s' if self.channels > 1 else ''} of {self.dtype}"


def _fitting(samples: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """In the dtype where no value changes by it, but for narrower floats; else as they are."""
    if dtype.kind == "f":
        return samples.astype(dtype) if samples.dtype.kind == "f" else samples
    is_narrow = samples.dtype == np.uint8 != dtype  # dark, or narrowed: nobody knows
    if samples.dtype.kind not in "iu" or is_narrow or not samples.size:
        return samples
    fits = samples.min() >= 0 and samples.max() <= np.iinfo(dtype).max
    return samples.astype(dtype) if fits else samples
