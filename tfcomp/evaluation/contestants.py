"""What a benchmark compares: models and classical codecs behind one interface."""

from __future__ import annotations

import math
import os
import re
from typing import Any, Callable, Dict, Mapping, Protocol, Sequence, Tuple

import numpy as np

from tfcomp.errors import CodecError, ConfigError, ImageError
from tfcomp.evaluation.sample_codecs import codecs_for
from tfcomp.image_spec import RGB8, ImageSpec
from tfcomp.latent_search.search import checked_plan

MODEL, CODEC = "model", "codec"
_WITH_SEARCH = re.compile(r"(?P<bundle>.+)@(?P<option>effort)?(?P<number>[0-9]+)")
_WORDS = {"effort": "effort", "feedback": "rounds of feedback:"}


class Contestant(Protocol):
    """A codec that encodes images to files and decodes them, on one thread.

    Images are uint8 [H, W, 3], or samples [H, W, channels] of the spec that it was opened for.

    Attributes:
      name: how tables name it.
      qualities: settings that make its rate-distortion curve, small files first.
      highest: the largest quality setting; 1 is the lowest.
    """

    @property
    def name(self) -> str: ...

    @property
    def qualities(self) -> Tuple[int, ...]: ...

    @property
    def highest(self) -> int: ...

    def encode(self, image: np.ndarray, quality: int) -> bytes:
        """uint8 [H, W, 3] -> the whole file's bytes."""

    def decode(self, data: bytes) -> np.ndarray:
        """The file's bytes -> uint8 [H, W, 3]."""

    def describe(self) -> str:
        """One line: versions, settings, qualities."""


class Model:
    """A bundle of this package on one thread, as a contestant."""

    def __init__(self, name: str, num_threads: int = 1) -> None:
        """Loads the model.

        Args:
          name: an installed model or the path of a bundle; "NAME@effortN" searches at that effort,
            "NAME@N" takes N rounds of search (docs/effort.md).
          num_threads: of the networks.

        Raises:
          CodecError: it is neither, or cannot search so.
        """
        import tfcomp

        self.name = name
        found = _named_search(name)
        self.codec = tfcomp.load(found["bundle"] if found else name, num_threads=num_threads)
        self._search: dict[str, Any] = {}
        if found:
            self._search[found["option"] or "feedback"] = int(found["number"])
        self.plan = checked_plan(self.codec, **{"effort": None, **self._search})
        self.qualities = tuple(range(1, self.codec.qualities + 1))
        self.highest = self.codec.qualities

    def encode(self, image: np.ndarray, quality: int) -> bytes:
        return self.codec.compress(image, quality=quality, **self._search)

    def decode(self, data: bytes) -> np.ndarray:
        decoded = self.codec.decompress(data)
        return decoded[:, :, None] if decoded.ndim == 2 else decoded

    def require_sizes(self, sizes: Mapping[str, Sequence[int]]) -> None:
        """Raises ImageError for the first image of a size that the model does not take.

        Args:
          sizes: image's name -> (width, height).
        """
        manifest = self.codec.bundle.manifest
        fixed = manifest.fixed_size
        for image, (width, height) in sizes.items():
            if fixed is not None and fixed != (width, height):
                raise ImageError(
                    f"{manifest.name} takes images of {fixed[0]}x{fixed[1]} pixels only, and "
                    f"{image} has {width}x{height}: leave the model out, or give a folder of such "
                    "images"
                )

    def describe(self) -> str:
        import tfcomp

        manifest = self.codec.bundle.manifest
        return (
            f"tfcomp {tfcomp.__version__}, bundle {manifest.fingerprint[:8]}, "
            f"family {manifest.family}, {manifest.entropy['kind']} entropy coding, weights "
            f"{'float32' if manifest.quantization == 'none' else manifest.quantization}, "
            f"quality {'1' if manifest.qualities == 1 else f'1..{manifest.qualities}'}"
            + "".join(f", {_WORDS[option]} {number}" for option, number in self._search.items())
        )


def at_effort(name: str, effort: int) -> str:
    """The name of a model at an effort; one that says how it searches stays as it is."""
    return name if _named_search(name) else f"{name}@effort{effort}"


def _named_search(name: str) -> re.Match[str] | None:
    return None if os.path.exists(name) else _WITH_SEARCH.fullmatch(name)


def open_contestant(kind: str, name: str, spec: ImageSpec = RGB8) -> Contestant:
    """Opens the model or the codec of a name, for pictures of a spec.

    Raises:
      CodecError: there is none, or it is not installed.
    """
    if kind == MODEL:
        return Model(name)
    codecs = codecs_for(spec)
    if name not in codecs:
        raise ConfigError(f"unknown codec '{name}': choose of {', '.join(codecs)}")
    missing = codecs[name].missing()
    if missing:
        raise CodecError(missing)
    return codecs[name]


def nearest_quality(
    size_of: Callable[[int], int], known: Dict[int, int], qualities: Sequence[int], target: int
) -> int:
    """The quality whose file is nearest to a size, by the logarithm.

    Found by bisection, as file sizes mostly grow with quality; if they do not, the result is the
    nearest of the sizes that became known.

    Args:
      size_of: quality -> bytes of the file it makes.
      known: quality -> bytes, of sizes that are known; those that are measured are added.
      qualities: (lowest, highest) to choose from.
      target: bytes.
    """
    low, high = qualities

    def size(quality: int) -> int:
        if quality not in known:
            known[quality] = size_of(quality)
        return known[quality]

    below = [q for q, n in known.items() if n <= target]
    above = [q for q, n in known.items() if n > target]
    low = max([low, *below])
    high = min([high, *(q for q in above if q > low)])
    while high - low > 1:
        middle = (low + high) // 2
        if size(middle) <= target:
            low = middle
        else:
            high = middle
    size(low), size(high)
    tried = [q for q in known if qualities[0] <= q <= qualities[1]]
    return min(tried, key=lambda q: (abs(math.log(size(q) / target)), q))
