"""manifest.json: what decoders, encoders and people must know of a model.

Every number is checked before it is used. The file has at most 1 MiB (bundle_files.py), and a
number in it at most 300 digits.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tfcomp.bitstream.container import MAX_PIXELS
from tfcomp.entropy_kinds.base import EntropyKind
from tfcomp.entropy_kinds.hyperprior.layout import Layout
from tfcomp.entropy_kinds.manifest_values import short as _short
from tfcomp.entropy_kinds.manifest_values import whole as _whole
from tfcomp.entropy_kinds.registry import KINDS
from tfcomp.errors import BundleError, ConfigError
from tfcomp.image_spec import RGB8, ImageSpec

# 2 has "image", which readers of 1 would take for 8-bit RGB.
MANIFEST_VERSIONS = (1, 2)
THUMBNAIL_SCALE = 4  # thumbnail.tflite makes pictures of a quarter of the side
FAITHFUL = "faithful"  # the look of decoder.tflite
_LOOK = re.compile("[a-z][a-z0-9-]{0,31}")
_MAX_DIGITS = 300  # so that every integer here fits into a float64


@dataclass(frozen=True)
class Manifest:
    """What manifest.json says, checked.

    Attributes:
      name: what `tfcomp.load` takes. family: the kind of network.
      qualities: number of quality levels; 1 makes the smallest files. default_quality: one of them.
      stride: image pixels per latent element along one side. channels: latent channels.
      fixed_size: (width, height) in pixels where the model takes one size only, else None.
      max_pixels: largest image the model may be asked for.
      reach: how many latent elements to each side an output of either network depends on, if
        known; large images are then coded in overlapping tiles. decoder_reach: the same of the
        decoder alone; `reach` where absent.
      entropy: {"kind": ...}, which entropy coder reads the sections.
      distortion_weights: of the encoder's quantiser, see `Layout` (optional).
      thumbnail_channels: how many latent channels thumbnail.tflite sees; 0 where there is none.
      looks: further decoders for the same files, name -> how many latent elements to each side an
        output of it depends on, None where that is not known (optional). Files know nothing of
        them.
      fingerprint: 64 hex digits.
      image: what the pictures are.
      channel_means, channel_deviations: of each channel, over the means of training pictures, in
        samples' units (optional): encoders tell from them whether channels are in order.
      quantization, training, rate_distortion, licence: for people; see the bundle's README.md.
    """

    name: str
    family: str
    qualities: int
    default_quality: int
    stride: int
    channels: int
    fixed_size: tuple[int, int] | None
    max_pixels: int
    entropy: Mapping[str, Any]
    fingerprint: str
    image: ImageSpec = RGB8
    channel_means: tuple[float, ...] = ()
    channel_deviations: tuple[float, ...] = ()
    reach: int | None = None
    decoder_reach: int | None = None
    distortion_weights: tuple[float, ...] = ()
    thumbnail_channels: int = 0
    looks: Mapping[str, int | None] = field(default_factory=dict)
    quantization: str = "none"
    training: Mapping[str, Any] = field(default_factory=dict)
    rate_distortion: tuple[Mapping[str, Any], ...] = ()
    licence: str = ""

    @property
    def short_fingerprint(self) -> bytes:
        """The 4 bytes that a compressed file carries."""
        return bytes.fromhex(self.fingerprint[:8])

    @property
    def section_count(self) -> int:
        """Number of entropy-coded sections in each compressed file."""
        return len(self.kind.section_names)

    @property
    def look_names(self) -> tuple[str, ...]:
        """What `Codec.with_look` takes: the usual decoder's first."""
        return FAITHFUL, *self.looks

    @property
    def has_relaxed_form(self) -> bool:
        """Whether latents can be searched for by gradient descent; bits cannot."""
        return self.kind.has_relaxed_form and not getattr(self.sections, "of_bits", False)

    @property
    def quality_steps(self) -> int:
        """Qualities from one level to the next: 1, or 32 where the networks know those between."""
        return int(getattr(self.sections, "quality_steps", 1))

    def network_quality(self, quality: float) -> np.ndarray:
        """A quality as networks take it, int32 [1]; see `Layout.network_quality`."""
        layout = self.layout
        return np.array([quality], np.int32) if layout is None else layout.network_quality(quality)

    @property
    def sequence(self) -> bool:
        """Whether the bundle has networks for frames that depend on the one before."""
        return bool(getattr(self.sections, "sequence", False))

    def to_record(self) -> dict[str, Any]:
        """All of it by name, as JSON can hold it."""
        return {**vars(self), "image": self.image.to_json()}

    @property
    def kind(self) -> EntropyKind:
        """Of the entropy coder that reads the sections."""
        return KINDS[self.entropy["kind"]]

    @property
    def sections(self) -> Any:
        """The layout of the sections, of the bundle's kind of entropy coder."""
        return self.kind.layout(self.entropy, self)

    @property
    def layout(self) -> Layout | None:
        """The same of an entropy coder with networks; None for another kind."""
        return self.sections if self.kind.has_networks else None

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """Reads and checks manifest.json.

        Raises:
          BundleError: the bundle is unsound.
        """
        values = manifest_object(text)
        version = values.get("format_version")
        if version not in MANIFEST_VERSIONS or (version == 1) == ("image" in values):
            raise BundleError(
                f"manifest.json has format_version {_short(version)} and this tfcomp reads "
                f"{' and '.join(map(str, MANIFEST_VERSIONS))}; update tfcomp or export the bundle "
                "again"
            )
        qualities = _whole(values, "qualities", 1, 255)
        reach = _reach(values, "reach")
        image = _image(values)
        return cls(
            name=_text(values, "name"),
            family=_text(values, "family"),
            qualities=qualities,
            default_quality=_whole(values, "default_quality", 1, qualities),
            stride=_whole(values, "stride", 1, 4096),
            channels=_whole(values, "channels", 1, 65536),
            fixed_size=_fixed_size(values),
            max_pixels=_whole(values, "max_pixels", 1, MAX_PIXELS),
            entropy=_entropy(values, qualities),
            fingerprint=_fingerprint(values),
            image=image,
            channel_means=_one_each(values, "channel_means", image.channels, "channel"),
            channel_deviations=_one_each(
                values, "channel_deviations", image.channels, "channel"
            ),
            reach=reach,
            decoder_reach=_reach(values, "decoder_reach", reach),
            distortion_weights=_weights(values, "distortion_weights", qualities),
            thumbnail_channels=_thumbnail_channels(values),
            looks=_looks(values),
            quantization=str(values.get("quantization", "none")),
            training=_mapping(values, "training"),
            rate_distortion=_points(values),
            licence=str(values.get("licence", "")),
        )


def manifest_object(text: bytes) -> dict[str, Any]:
    """The JSON object of manifest.json, whose values are not checked yet.

    Raises:
      BundleError: it is not a JSON object, or a number has too many digits.
    """
    try:
        values = json.loads(text, parse_int=_integer)
    except BundleError:
        raise
    except (ValueError, RecursionError) as error:
        raise BundleError(f"manifest.json is not JSON ({error})") from None
    if not isinstance(values, dict):
        raise BundleError("manifest.json must hold one JSON object")
    return values


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise BundleError(f"manifest.json has a number of {len(digits)} digits; check it")
    return int(digits)


def _image(values: Mapping[str, Any]) -> ImageSpec:
    try:
        return ImageSpec.from_json(values.get("image"))
    except ConfigError as error:
        raise BundleError(f"manifest.json: {error}") from None


def _reach(values: Mapping[str, Any], key: str, default: int | None = None) -> int | None:
    return default if values.get(key) is None else _whole(values, key, 0, 4096)


def _thumbnail_channels(values: Mapping[str, Any]) -> int:
    if values.get("thumbnail_channels") is None:
        return 0
    if values["stride"] % THUMBNAIL_SCALE:
        raise BundleError(
            f"manifest.json: thumbnail_channels needs a stride that {THUMBNAIL_SCALE} divides"
        )
    return _whole(values, "thumbnail_channels", 1, values["channels"])


def _looks(values: Mapping[str, Any]) -> dict[str, int | None]:
    looks = _mapping(values, "looks")
    for name, about in looks.items():
        if not _LOOK.fullmatch(name) or name == FAITHFUL or not isinstance(about, dict):
            raise BundleError(f"manifest.json: looks has {_short(name)}, which is no look's name")
    return {name: _reach(about, "reach") for name, about in looks.items()}


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    if not isinstance(value, str) or not value or not value.isprintable() or len(value) > 200:
        raise BundleError(f"manifest.json: {key} must be a word, not {_short(value)}")
    return value


def _mapping(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = values.get(key, {})
    if not isinstance(value, dict):
        raise BundleError(f"manifest.json: {key} must be an object")
    return value


def _fixed_size(values: Mapping[str, Any]) -> tuple[int, int] | None:
    size = values.get("fixed_size")
    if size is None:
        return None
    sides_ok = isinstance(size, list) and len(size) == 2 and all(type(s) is int for s in size)
    if not sides_ok or min(size) < 1 or size[0] * size[1] > MAX_PIXELS:
        raise BundleError(
            f"manifest.json: fixed_size must be null or [width, height], not {_short(size)}"
        )
    return (size[0], size[1])


def _entropy(values: Mapping[str, Any], qualities: int) -> Mapping[str, Any]:
    entropy = _mapping(values, "entropy")
    kind = entropy.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise BundleError(
            f"manifest.json: this tfcomp knows the entropy coders {', '.join(KINDS)}, "
            f"not {_short(kind)}; update tfcomp"
        )
    channels = _whole(values, "channels", 1, 65536)
    KINDS[kind].layout(entropy, _Described(channels, qualities, entropy, ()))
    return entropy


class _Described(NamedTuple):
    """What a kind needs to know before there is a manifest: see `Description`."""

    channels: int
    qualities: int
    entropy: Mapping[str, Any]
    distortion_weights: tuple[float, ...]


def _weights(values: Mapping[str, Any], key: str, qualities: int) -> tuple[float, ...]:
    weights = _one_each(values, key, qualities, "quality")
    if not all(0 < w < math.inf for w in weights):
        raise BundleError(f"manifest.json: {key} must be positive numbers")
    return weights


def _one_each(values: Mapping[str, Any], key: str, count: int, what: str) -> tuple[float, ...]:
    numbers = values.get(key) or []
    if not isinstance(numbers, list) or len(numbers) not in (0, count):
        raise BundleError(
            f"manifest.json: {key} must be a list with one number for each {what}"
        )
    if not all(type(number) in (int, float) for number in numbers):
        raise BundleError(f"manifest.json: {key} must be numbers")
    return tuple(float(number) for number in numbers)


def _fingerprint(values: Mapping[str, Any]) -> str:
    text = values.get("fingerprint")
    digits = isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")
    if not digits:
        raise BundleError("manifest.json: fingerprint must be 64 lower-case hex digits")
    return text  # type: ignore[return-value]


def _points(values: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    points = values.get("rate_distortion") or []
    if not isinstance(points, list) or not all(isinstance(point, dict) for point in points):
        raise BundleError("manifest.json: rate_distortion must be a list of objects")
    return tuple(points)
