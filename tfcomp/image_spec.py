"""What the pictures of a model are: how many channels, of how many bits, and what they mean.

    model.image in a recipe -> weights, losses, networks -> "image" in manifest.json -> readers

The spec belongs to the model: no byte of a file says it. A manifest without one is of 8-bit RGB.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any, Optional, Tuple

import numpy as np

from tfcomp.errors import ConfigError

MAX_CHANNELS = 64
LEAST_BITS, MOST_BITS = 8, 16
COLOURS = {"rgb": 3, "grey": 1, "none": None}  # and how many channels each has


@dataclasses.dataclass(frozen=True)
class ImageSpec:
    """Channels, samples and colour of a model's pictures.

    Attributes:
      channels: 1 to 64.
      bits: of whole samples, 8 to 16: from 0 to 2^bits - 1, in uint8 or uint16.
      range: (lowest, highest) of float32 samples; None for whole ones.
      colour: "rgb", "grey", or "none" for channels that are no colours of a screen. By default
        what the number of channels suggests.
    """

    channels: int = 3
    bits: int = 8
    range: Optional[Tuple[float, float]] = None
    colour: Optional[str] = None

    def __post_init__(self) -> None:
        if not 1 <= self.channels <= MAX_CHANNELS:
            raise ConfigError(f"image: channels are 1 to {MAX_CHANNELS}, not {self.channels}")
        if not LEAST_BITS <= self.bits <= MOST_BITS:
            raise ConfigError(f"image: bits are {LEAST_BITS} to {MOST_BITS}, not {self.bits}")
        if self.range is not None:
            self._check_range()
        if self.colour is None:
            usual = {3: "rgb", 1: "grey"}.get(self.channels, "none")
            object.__setattr__(self, "colour", usual)
        if self.colour not in COLOURS:
            raise ConfigError(f"image: colour is {', '.join(COLOURS)}, not '{self.colour}'")
        if COLOURS[self.colour] not in (None, self.channels):
            raise ConfigError(
                f"image: colour '{self.colour}' has {COLOURS[self.colour]} channels, not "
                f"{self.channels}; use none"
            )

    def _check_range(self) -> None:
        with np.errstate(over="ignore"):  # infinity is refused below
            numbers = tuple(float(np.float32(value)) for value in self.range or ())
        if len(numbers) != 2 or not -math.inf < numbers[0] < numbers[1] < math.inf:
            raise ConfigError(f"image: range is (lowest, highest), not {self.range}")
        if numbers[1] - numbers[0] > np.finfo(np.float32).max:
            raise ConfigError(f"image: range {self.range} is too wide for float32")
        object.__setattr__(self, "range", numbers)
        object.__setattr__(self, "bits", LEAST_BITS)  # float samples have none

    @property
    def is_rgb8(self) -> bool:
        """Whether pictures are what they were before there were specs."""
        return self == ImageSpec()

    @property
    def is_screen(self) -> bool:
        """Whether pictures are 8-bit RGB or grey, as screens and picture files have them."""
        return self.dtype == np.uint8 and self.colour != "none"

    @property
    def is_whole(self) -> bool:
        """Whether samples are whole numbers."""
        return self.range is None

    @property
    def low(self) -> float:
        """The lowest sample."""
        return self.range[0] if self.range else 0.0

    @property
    def high(self) -> float:
        """The highest sample."""
        return self.range[1] if self.range else float(2**self.bits - 1)

    @property
    def peak(self) -> float:
        """From the lowest sample to the highest: the peak of PSNR."""
        return self.high - self.low

    @property
    def dtype(self) -> np.dtype:
        """Of arrays of samples."""
        if not self.is_whole:
            return np.dtype(np.float32)
        return np.dtype(np.uint8 if self.bits == LEAST_BITS else np.uint16)

    @property
    def network_dtype(self) -> np.dtype:
        """Of the samples that networks take and give: float32 holds every whole one exactly."""
        return np.dtype(np.uint8 if self.dtype == np.uint8 else np.float32)

    def samples(self, values: np.ndarray) -> np.ndarray:
        """What a network gave, float32 within the range, as an array of samples; uint8 as it is."""
        return values.astype(self.dtype, copy=False) if values.dtype == np.float32 else values

    def __str__(self) -> str:
        what = {"rgb": "RGB", "grey": "grey"}.get(str(self.colour), "")
        count = what or f"{self.channels} channel{'s' if self.channels > 1 else ''}"
        if self.range is None:
            return f"{count} of {self.bits} bits"
        return f"{count} of float32 from {self.low:g} to {self.high:g}"

    def to_json(self) -> dict[str, Any]:
        """The object of the manifest."""
        samples = {"bits": self.bits} if self.range is None else {"range": list(self.range)}
        return {"channels": self.channels, "colour": self.colour, **samples}

    def fingerprinted(self) -> bytes:
        """What a bundle's fingerprint covers of it; nothing of 8-bit RGB."""
        if self.is_rgb8:
            return b""
        # Range bounds are floats, which JavaScript writes otherwise: their bits are told.
        plain = {"channels": self.channels, "colour": self.colour}
        if self.range is None:
            plain["bits"] = self.bits
        else:
            plain["range"] = np.array(self.range, ">f4").tobytes().hex()
        return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, value: Any) -> ImageSpec:
        """Reads the manifest's object; None is 8-bit RGB.

        Raises:
          ConfigError: it is no such object.
        """
        if value is None:
            return cls()
        known = {"channels", "bits", "range", "colour"}
        if not isinstance(value, Mapping) or not set(value) <= known:
            raise ConfigError("image: must be an object with channels, bits or range, and colour")
        for key in ("channels", "bits"):
            if key in value and type(value[key]) is not int:
                raise ConfigError(f"image: {key} must be a whole number")
        bounds = value.get("range")
        if bounds is not None and not (
            isinstance(bounds, list) and all(type(each) in (int, float) for each in bounds)
        ):
            raise ConfigError("image: range must be [lowest, highest]")
        if not isinstance(value.get("colour"), str):
            raise ConfigError("image: colour must be a word")
        limits: Any = None if bounds is None else tuple(float(each) for each in bounds)
        return cls(value.get("channels", 3), value.get("bits", 8), limits, value["colour"])


RGB8 = ImageSpec()
GREY8 = ImageSpec(channels=1)


def spec_of(settings: Any) -> ImageSpec:
    """The spec in a family's section `model`; 8-bit RGB of a family that knows no other."""
    return getattr(settings, "image", RGB8)
