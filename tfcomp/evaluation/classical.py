"""Classical codecs, through Pillow, as anchors: each with its settings spelled out."""

from __future__ import annotations

import dataclasses
import io
from typing import Any, Dict, Tuple

import numpy as np
from PIL import Image


@dataclasses.dataclass(frozen=True)
class ClassicalCodec:
    """A codec that Pillow writes.

    Attributes:
      name: how tables name it.
      format: Pillow's name of the file format.
      settings: what is passed to `Image.save` besides the quality.
      qualities: the quality settings that make its rate-distortion curve.
    """

    name: str
    format: str
    settings: Dict[str, Any]
    qualities: Tuple[int, ...]

    def encode(self, image, quality):
        """uint8 [H, W, 3] -> the whole file's bytes."""
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, self.format, quality=quality, **self.settings)
        return buffer.getvalue()

    def decode(self, data):
        """The file's bytes -> uint8 [H, W, 3]."""
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))

    def describe(self):
        """One line: name, settings, qualities."""
        settings = ", ".join(f"{key}={value}" for key, value in self.settings.items())
        ends = f"{self.qualities[0]}..{self.qualities[-1]}"
        return f"{self.name}: Pillow {Image.__version__}, {settings}, quality {ends}"


JPEG = ClassicalCodec(
    "jpeg",
    "JPEG",
    {"subsampling": "4:2:0", "optimize": True},
    (5, 8, 12, 18, 25, 35, 45, 55, 65, 75, 82, 88, 92, 95),
)
WEBP = ClassicalCodec(
    "webp", "WEBP", {"method": 6}, (1, 5, 10, 20, 35, 50, 65, 75, 82, 88, 92, 95, 98)
)
CODECS = {codec.name: codec for codec in (JPEG, WEBP)}
