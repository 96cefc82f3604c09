"""Which of Pillow's modes hold the pictures of a model, and how their pixels lie there.

    8-bit RGB and grey      RGB, L; RGBA, LA
    one channel             L of 8 bits, I;16 of more, F of float32
    all others              none: tfcomp.decompress gives arrays
"""

from __future__ import annotations

import numpy as np

from tfcomp.errors import CodecError
from tfcomp.image_spec import ImageSpec
from tfcomp.images.picture import in_mode

_OF_ONE_CHANNEL = {"uint8": "L", "uint16": "I;16", "float32": "F"}
_RAW = {"I;16": ("I;16", "<u2"), "F": ("F;32F", "<f4")}  # and as which samples


def mode_of(spec: ImageSpec, grey: bool, alpha: bool) -> str:
    """The mode of a file's pictures.

    Args:
      spec: of the model that wrote it.
      grey: whether the file says that the picture is grey.
      alpha: whether it has transparency.

    Raises:
      CodecError: Pillow has no such mode.
    """
    if spec.is_screen:
        return ("L" if grey or spec.channels == 1 else "RGB") + ("A" if alpha else "")
    if spec.channels == 1:
        return _OF_ONE_CHANNEL[spec.dtype.name]
    raise CodecError(
        f"the file holds {spec}, for which Pillow has no mode; tfcomp.decompress reads it as an "
        "array"
    )


def raw_mode(mode: str) -> str:
    """Of the bytes that `raw_bytes` gives."""
    return _RAW[mode][0] if mode in _RAW else mode


def raw_bytes(pixels: np.ndarray, mode: str) -> bytes:
    """The bytes of decoded pixels in a mode; opaque where the mode has alpha and they have none."""
    if mode in _RAW:
        return pixels.astype(_RAW[mode][1], copy=False).tobytes()
    return in_mode(pixels, mode).tobytes()
