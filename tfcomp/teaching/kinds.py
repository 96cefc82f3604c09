"""What the pictures of a source are, found out from some of its files: channels, samples, depth.

    headers -> channels, type of the samples -> a spec -> values -> bits
    pictures of 8 bits that Pillow reads are RGB, as ever; grey where all of them are
"""

from __future__ import annotations

import dataclasses
import random
import warnings
from typing import Any, Iterable, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from tfcomp.data.indexed_source import IndexedSource
from tfcomp.data.places import is_array
from tfcomp.errors import CodecError, ConfigError, ImageError, one_line
from tfcomp.folder_contents import suffix_of
from tfcomp.image_spec import GREY8, MAX_CHANNELS, MOST_BITS, RGB8, ImageSpec
from tfcomp.images.array_axes import axes_fault, channels_by_name
from tfcomp.images.conversion import Storage
from tfcomp.images.npz_files import open_npz
from tfcomp.images.opening import open_image
from tfcomp.images.samples import is_deep
from tfcomp.images.zarr_arrays import find_array, is_zarr

_LOOKED_AT = 200  # headers
_READ = 1 << 30  # bytes of samples that are looked through for their largest value
_DEPTHS = (10, 12, 14, 16)  # of cameras and converters
_TIFF = (".tif", ".tiff")
_GREY_TIFF, _RGB_TIFF, _COLOURS = (0, 1), 2, (3, 5, 6, 8)  # PhotometricInterpretation


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a user says of the pictures; None where their files are to tell.

    Attributes:
      channels: 1 to 64.
      bits: of whole samples, 8 to 16.
      range: of float32 samples.
    """

    channels: Optional[int] = None
    bits: Optional[int] = None
    range: Optional[Tuple[float, float]] = None

    def __post_init__(self) -> None:
        if self.bits is not None and self.range is not None:
            raise ConfigError("--bits is of whole samples and --range of float32: give one of them")
        try:
            ImageSpec(self.channels or 1, self.bits or 8, self.range)
        except ConfigError as error:
            said = str(error).replace("image: ", "", 1)
            raise ConfigError(f"--channels, --bits, --range: {said}") from None


UNSAID = Wanted()


class Kind(NamedTuple):
    """What a file holds.

    Attributes:
      file: its path.
      channels: of its pictures.
      dtype: of its samples.
      photograph: whether it is a picture of 8 bits as screens show it, which Pillow reads.
    """

    file: str
    channels: int
    dtype: np.dtype
    photograph: bool = False

    def __str__(self) -> str:
        count = f"{self.channels} channel{'s' if self.channels > 1 else ''}"
        return f"{self.file} has {count} of {self.dtype.name}"


class Found(NamedTuple):
    """What the pictures are: 16 bits where their values are to tell, and why, in words."""

    spec: ImageSpec
    sure: bool = True
    why: str = ""


def find(files: Sequence[str], wanted: Wanted, seed: int = 1) -> Found:
    """What pictures are, by the headers of a sample of files.

    Args:
      files: paths of pictures and arrays.
      wanted: what the user says.
      seed: of the sample.

    Raises:
      CodecError: they are of several kinds, of one that no model has, or nobody can tell; the
        message names a file.
    """
    photographs = [file for file in files if not is_array(file)]
    looked_at = files if all(suffix_of(file) in _TIFF for file in photographs) else photographs
    sample = _sample(looked_at, seed)
    kinds = [kind for kind in (_kind(file, wanted) for file in sample) if kind is not None]
    if not kinds:
        return Found(RGB8)  # whose reader says what is wrong
    eight = any(kind.photograph for kind in kinds) or all(
        kind.dtype == np.uint8 and kind.channels in (1, 3) for kind in kinds
    )
    if wanted.range is None and (eight if wanted.bits is None else wanted.bits == 8):
        return _eight_bits(looked_at, kinds, wanted)
    first = kinds[0]
    for other in kinds[1:]:
        if other[1:] != first[1:]:
            raise ConfigError(f"{first}, and {other}: keep pictures of one kind in a folder")
    return _of_one_kind(first, wanted)


def _eight_bits(files: Sequence[str], kinds: Sequence[Kind], wanted: Wanted) -> Found:
    several = next((kind for kind in kinds if kind.channels not in (1, 3)), None)
    if several is not None and not several.photograph:
        return _of_one_kind(several, wanted)
    if wanted.channels is not None and wanted.channels not in (1, 3):
        raise ConfigError(f"--channels {wanted.channels}: {kinds[0]}")
    if wanted.channels == 1:
        return Found(GREY8, why="grey, as --channels 1 says")
    if wanted.channels is None and all(kind.channels == 1 for kind in kinds):
        rest = set(files) - {kind.file for kind in kinds}
        if all(_is_grey(file, wanted) for file in rest):
            return Found(GREY8, why="all are grey, and so is the model (--channels 3: RGB)")
    return Found(RGB8)


def _of_one_kind(kind: Kind, wanted: Wanted) -> Found:
    """The spec of pictures that are all like one."""
    if wanted.channels not in (None, kind.channels):
        raise ConfigError(f"{kind}, not the {wanted.channels} of --channels")
    sort = kind.dtype.kind
    if sort == "f" and kind.dtype.itemsize <= 4:
        if wanted.range is None:
            raise ConfigError(
                f"{kind}: give --range LOW HIGH, which all of their samples are in"
            )
        return Found(ImageSpec(kind.channels, range=wanted.range))
    if sort == "f":
        raise ConfigError(
            f"{kind.file}: an array of {kind.dtype.name} is no picture; give float32, as "
            "array.astype('float32') does, and --range LOW HIGH"
        )
    if sort not in "iu":
        raise ConfigError(
            f"{kind.file}: an array of {kind.dtype.name} is no picture; give uint8, uint16 or "
            "float32"
        )
    if wanted.range is not None:
        raise ConfigError(f"{kind}: --range is of float32 alone; leave it out")
    if kind.dtype == np.uint8:
        if wanted.bits not in (None, 8):
            raise ConfigError(f"{kind}, which are 8 bits: leave out --bits")
        return Found(ImageSpec(kind.channels, 8))
    return Found(ImageSpec(kind.channels, wanted.bits or MOST_BITS), wanted.bits is not None)


def with_bits(spec: ImageSpec, highest: float) -> ImageSpec:
    """The spec with the least usual depth that holds a value."""
    return dataclasses.replace(
        spec, bits=next((bits for bits in _DEPTHS if highest < 2**bits), MOST_BITS)
    )


class Values(NamedTuple):
    """The lowest and highest sample of the pictures that were read, and how many these are."""

    lowest: float
    highest: float
    looked_at: int


def look_through(parts: Iterable[IndexedSource]) -> Values:
    """Reads pictures, a gigabyte of them at most, and so meets early what is wrong with them.

    Raises:
      CodecError: a picture holds NaN, or samples beyond the spec; the message names its file.
    """
    lowest, highest, looked_at, left = np.inf, -np.inf, 0, _READ
    for part in parts:
        for number in random.Random(0).sample(range(part.count), part.count):
            if left <= 0:
                break
            samples = part.read(number)
            if samples is None:
                continue
            looked_at, left = looked_at + 1, left - samples.nbytes
            lowest, highest = min(lowest, samples.min()), max(highest, samples.max())
    return Values(float(lowest), float(highest), looked_at)


def in_words(spec: ImageSpec, found: Found, values: Values, count: int) -> str:
    """A line for the user: what the pictures are, and how that is known."""
    dtype = spec.dtype.name
    seen = f"values from {values.lowest:,.6g} to {values.highest:,.6g}"
    if spec.is_whole:
        seen = f"values to {values.highest:,.0f}"
    part = "" if values.looked_at >= count else f" in {values.looked_at} that were looked through"
    hint = "" if found.sure or not spec.is_whole else "; --bits says otherwise"
    return f"{spec} ({dtype}, {seen}{part}{hint})"


def _sample(files: Sequence[str], seed: int) -> list[str]:
    chosen = range(len(files))
    if len(files) > _LOOKED_AT:
        chosen = sorted(random.Random(seed).sample(chosen, _LOOKED_AT))  # type: ignore[assignment]
    return [files[number] for number in chosen]


def _is_grey(file: str, wanted: Wanted) -> bool:
    kind = _kind(file, wanted)
    return kind is None or kind.channels == 1


def _kind(file: str, wanted: Wanted) -> Kind | None:
    """What a file holds; None where it is a picture file that nobody can read."""
    try:
        if not is_array(file):
            return _kind_of_picture(file, wanted)
        names: Any = None
        if is_zarr(file):
            array, names = find_array(file)
        elif suffix_of(file) == ".npy":
            array = np.load(file, mmap_mode="r", allow_pickle=False)
        else:
            array = open_npz(file)
        named = channels_by_name(names, array.shape) if names else None
        channels = wanted.channels or named or _channels_of(tuple(array.shape))
        return Kind(file, _checked(channels), np.dtype(array.dtype).newbyteorder("="))
    except CodecError as error:
        said = str(error)
        raise ConfigError(said if file in said else f"{file}: {said}") from None
    except Exception as error:  # noqa: BLE001 - readers raise many types on damaged files
        raise ConfigError(f"{file} cannot be read: {one_line(error)}") from None


def _checked(channels: int) -> int:
    if channels > MAX_CHANNELS:
        raise ImageError(f"its pictures have {channels} channels, and a model has {MAX_CHANNELS}")
    return channels


def _channels_of(shape: Tuple[int, ...]) -> int:
    """How many channels the pictures of a plain array have.

    Raises:
      ImageError: it fits no pictures, or nobody knows which axes are which.
    """
    said = f"an array of shape {list(shape)}"
    if len(shape) == 2:
        return 1
    if len(shape) == 3:
        first, second, last = shape
        if last <= MAX_CHANNELS and last < min(first, second):
            return last
        if first > MAX_CHANNELS and last > MAX_CHANNELS:
            return 1  # neither end can be channels
        if last > MAX_CHANNELS:
            raise ImageError(
                f"{said} is {first} pictures of one channel, as --channels 1 says, or its channels "
                "come first; give [H, W, C] then, as numpy.moveaxis(array, 0, -1) does"
            )
        raise ImageError(
            f"nobody knows which of the axes of {said} is which: give --channels {last}, or "
            "--channels 1 for a stack of grey pictures"
        )
    if len(shape) == 4:
        _, second, third, last = shape
        if last <= MAX_CHANNELS and last < min(second, third):
            return last
        if second <= MAX_CHANNELS and second < min(third, last):
            raise ImageError(axes_fault(shape, ImageSpec(second)))
        if last <= MAX_CHANNELS:
            raise ImageError(f"if {said} holds {last} channels, give --channels {last}")
    raise ImageError(f"{said} is no picture; give [H, W, C] or [N, H, W, C]")


def _kind_of_picture(file: str, wanted: Wanted) -> Kind | None:
    if suffix_of(file) in _TIFF:
        try:
            return _kind_of_tiff(file, wanted)
        except ImportError:
            pass  # what Pillow makes of it
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open_image(file) as image:
                mode, notes = image.mode, Storage.of(image).notes
    except Exception:  # noqa: BLE001 - Pillow's parsers raise nearly anything
        return None
    if is_deep(mode):
        return Kind(file, 1, np.dtype(np.float32 if mode == "F" else np.uint16))
    if mode == "RGB" and any("reduced to 8" in note for note in notes):
        return Kind(file, 3, np.dtype(np.uint16))
    return Kind(file, 1 if mode in ("1", "L") else 3, np.dtype(np.uint8), photograph=True)


def _kind_of_tiff(file: str, wanted: Wanted) -> Kind | None:
    """By its first series; pages without a name are pictures unless `wanted` says otherwise."""
    import tifffile

    try:
        with tifffile.TiffFile(file) as opened:
            series = opened.series[0]
            page, axes, shape = series.keyframe, series.axes, tuple(series.shape)
            dtype = np.dtype(series.dtype).newbyteorder("=")
            photometric, bits = int(page.photometric), page.bitspersample
    except Exception:  # noqa: BLE001 - readers raise many types on damaged files
        return None
    channel = next((axis for axis in range(len(axes)) if axes[axis] in "SC"), None)
    count = 1 if channel is None else int(shape[channel])
    if dtype.kind == "b" or bits < 8 or photometric in _COLOURS:
        return Kind(file, 1 if count == 1 and photometric in _GREY_TIFF else 3, dtype, True)
    if dtype == np.uint8 and count in (1, 3, 4) and (count == 1 or photometric == _RGB_TIFF):
        return Kind(file, min(count, 3), dtype, photograph=True)
    return Kind(file, _checked(count if channel is not None else wanted.channels or 1), dtype)
