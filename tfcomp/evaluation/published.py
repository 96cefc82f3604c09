"""Rate-distortion curves published by others for the Kodak images, each with its source.

They live in `published_kodak.json`. Rates and PSNR are means over the 24 images at one setting, as
this package's own curves are.
"""

from __future__ import annotations

import dataclasses
import importlib.resources
import json
from typing import List, Optional, Sequence, Tuple

from tfcomp.errors import ConfigError

_KODAK_NAMES = {f"kodim{number:02d}" for number in range(1, 25)}


@dataclasses.dataclass(frozen=True)
class PublishedCurve:
    """A codec's curve on Kodak.

    Attributes:
      name: what `--published` takes. label: what plots say.
      paper: where the codec comes from. source: where the figures were taken from.
      decoder_macs: published multiply-adds per pixel to decode, with the source.
      points: (bits/pixel, PSNR in dB), small files first.
    """

    name: str
    label: str
    paper: str
    source: str
    decoder_macs: Optional[str]
    points: Tuple[Tuple[float, float], ...]


def published_curves() -> List[PublishedCurve]:
    """All curves, oldest first."""
    text = importlib.resources.files("tfcomp.evaluation").joinpath("published_kodak.json")
    return [
        PublishedCurve(**{**entry, "points": tuple(tuple(p) for p in entry["points"])})
        for entry in json.loads(text.read_text(encoding="utf-8"))
    ]


def are_kodak(image_stems: Sequence[str]) -> bool:
    """Whether images of these names, without endings, are the 24 Kodak images."""
    return set(image_stems) == _KODAK_NAMES


def chosen_curves(choice: str, image_stems: Sequence[str]) -> List[PublishedCurve]:
    """The curves that `choice` asks for.

    Args:
      choice: "all", "none", names with commas between, or "auto": all where the images are the 24
        of Kodak, on which the curves were measured, else none.
      image_stems: the images' names without their endings.

    Raises:
      ConfigError: a name is not known.
    """
    curves = {curve.name: curve for curve in published_curves()}
    if choice == "auto":
        choice = "all" if are_kodak(image_stems) else "none"
    if choice in ("all", "none"):
        return list(curves.values()) if choice == "all" else []
    names = [name.strip() for name in choice.split(",") if name.strip()]
    for name in names:
        if name not in curves:
            raise ConfigError(f"no published curve '{name}': choose of {', '.join(curves)}")
    return [curves[name] for name in names]
