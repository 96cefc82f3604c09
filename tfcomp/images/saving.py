"""Writes a picture as an image file that holds it exactly, or with invisible loss.

Alpha, grey, colour profile, Exif and XMP are written where the format holds them. Where it does
not, the picture is laid on white, and its colours are converted to sRGB.

Lossless formats keep the very pixels. JPEG, MPO and AVIF are written at high quality without
subsampling. Except for the plainest formats, the file is read again and measured: below 40 dB, or
at another size, it is refused. So are formats that can't be read back here: icons of fixed sizes,
documents.
"""

from __future__ import annotations

import dataclasses
import io
import warnings
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from tfcomp.errors import ConfigError, ImageError, OutputError, one_line
from tfcomp.images.difference import squared_error
from tfcomp.images.exif_bytes import PREFIX
from tfcomp.images.kept_metadata import Metadata, describing_exif
from tfcomp.images.opening import register_plugin_of_suffix
from tfcomp.images.picture import Picture, in_srgb, rgb_on
from tfcomp.images.sample_saving import encode_samples

LEAST_PSNR = 40.0
# Written by many and read by all: not read again.
_LOSSLESS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "WEBP": {"lossless": True, "exact": True},
    "TIFF": {},
    "BMP": {},
    "DIB": {},
    "PPM": {},
}
# Ways to save, each read again until the picture is near enough. Some of these formats lose nothing
# except at odd sizes: Pillow can't read its own PCX of one pixel.
_TRIES: dict[str, list[dict[str, Any]]] = {
    "JPEG": [{"quality": 95, "subsampling": 0}, {"quality": 100, "subsampling": 0}],
    "MPO": [{"quality": 95, "subsampling": 0}, {"quality": 100, "subsampling": 0}],
    "AVIF": [{"quality": 100, "subsampling": "4:4:4"}],
    # The plugin's words for: lossless, and no detour over another colour space.
    "HEIF": [{"quality": -1, "chroma": 444, "matrix_coefficients": 0}],
    "JXL": [{"lossless": True}],
    **{name: [{}] for name in ("JPEG2000", "TGA", "QOI", "SGI", "DDS", "PCX", "GIF", "ICO")},
}
_LARGEST_ICON = 256
_ALL_MODES = ("L", "LA", "RGB", "RGBA")
_OPAQUE = ("L", "RGB")
_MODES = {
    **dict.fromkeys(("PNG", "TIFF", "JXL", "JPEG2000", "TGA", "DDS"), _ALL_MODES),
    **dict.fromkeys(("AVIF", "HEIF", "SGI"), ("L", "RGB", "RGBA")),
    **dict.fromkeys(("WEBP", "QOI", "ICO"), ("RGB", "RGBA")),
    **dict.fromkeys(("JPEG", "MPO", "BMP", "DIB", "PPM", "PCX", "GIF"), _OPAQUE),
}
_HOLD_METADATA = ("PNG", "WEBP", "TIFF", "JPEG", "MPO", "AVIF", "HEIF", "JXL")
_SPOKEN = {"icc_profile": "colour profile", "exif": "EXIF", "xmp": "XMP"}
_XMP_TAG = 700


def output_format(suffix: str) -> str:
    """Pillow's name of the format with this lower-case ending, ".png"; NPY of ".npy".

    Raises:
      ConfigError: pictures can't be written so; it names the package to install, if there is one.
    """
    if suffix == ".npy":
        return "NPY"
    Image.init()
    try:
        register_plugin_of_suffix(suffix)
    except ImageError as error:
        raise ConfigError(f"images can't be written as '{suffix}': {error}") from None
    name = Image.registered_extensions().get(suffix, "")
    if name not in Image.SAVE or name not in {*_LOSSLESS, *_TRIES}:
        raise ConfigError(
            f"images can't be written as '{suffix}'; use .png, .jpg, .webp or say --format png"
        )
    return name


def encode_image(pixels: np.ndarray, file_format: str, target: str) -> bytes:
    """`encode_picture` of pixels alone, which the format must hold whole."""
    content, notes = encode_picture(Picture(pixels), file_format, target)
    if notes:
        raise OutputError(f"{target} can't be made: {'; '.join(notes)}; use .png")
    return content


def encode_picture(
    picture: Picture, file_format: str, target: str
) -> tuple[bytes, tuple[str, ...]]:
    """The bytes of an image file, and what it does not hold, a phrase each.

    Args:
      picture: what to write.
      file_format: of `output_format`.
      target: what errors call it.

    Raises:
      OutputError: the format does not take the picture, or would change it.
    """
    if file_format == "NPY" or not picture.spec.is_screen:
        lost = picture.metadata if file_format == "NPY" else Metadata()
        dropped = [name for name, content in dataclasses.asdict(lost).items() if content]
        content = encode_samples(picture.pixels, picture.spec, file_format, target)
        return content, tuple(_dropped(name, file_format) for name in dropped)
    height, width = picture.pixels.shape[:2]
    if file_format == "ICO" and max(height, width) > _LARGEST_ICON:
        raise OutputError(
            f"{target} can't be made, an icon has {_LARGEST_ICON} pixels a side at most and the "
            f"picture is {width}x{height}; use .png"
        )
    notes: list[str] = []
    image = _fitting(picture, file_format, notes)
    metadata = held_metadata(picture, file_format, notes)
    if file_format in _LOSSLESS:
        return _saved(image, file_format, _LOSSLESS[file_format], metadata, target, notes)
    for options in _TRIES[file_format]:
        if file_format == "ICO":
            options = {"sizes": [(width, height)]}
        tried = list(notes)
        content, said = _saved(image, file_format, options, metadata, target, tried)
        if _is_near(image, content, file_format):
            return content, said
    reason = "it holds 256 colours" if file_format == "GIF" else "read again it is another one"
    raise OutputError(
        f"{target} can't be made, {file_format} would change the picture ({reason}); use .png"
    )


def _fitting(picture: Picture, file_format: str, notes: list[str]) -> Image.Image:
    """The picture in a mode that the format has."""
    image = Image.fromarray(in_colours_of(picture, file_format, notes).pixels)
    modes = _MODES[file_format]
    if image.mode in modes:
        return image
    if image.mode in ("LA", "RGBA") and "RGBA" not in modes:
        notes.append(f"alpha composed on white, since {file_format} holds none")
        grey, flat = image.mode == "LA", Image.fromarray(rgb_on(picture.pixels))
        return flat.convert("L") if grey and "L" in modes else flat
    return image.convert("RGBA" if image.mode == "LA" else "RGB")


def in_colours_of(picture: Picture, file_format: str, notes: list[str]) -> Picture:
    """The picture, in sRGB where the format holds no profile; notes what was done."""
    return picture if file_format in _HOLD_METADATA else in_srgb(picture, notes)


def held_metadata(picture: Picture, file_format: str, notes: list[str]) -> dict[str, bytes]:
    """What the format holds of the metadata, for `save_options`; notes what it does not."""
    given = {
        "icc_profile": picture.icc_profile,
        "exif": picture.exif and PREFIX + picture.exif,
        "xmp": picture.xmp,
    }
    held = {name: content for name, content in given.items() if content}
    if held and file_format not in _HOLD_METADATA:
        notes += [_dropped(name, file_format) for name in held if name != "icc_profile"]
        return {}
    return held


def _dropped(name: str, file_format: str) -> str:
    return f"{_SPOKEN[name]} dropped, since {file_format} does not hold it"


def _saved(
    image: Image.Image,
    file_format: str,
    options: dict[str, Any],
    metadata: dict[str, bytes],
    target: str,
    notes: list[str],
) -> tuple[bytes, tuple[str, ...]]:
    """The file with as much of the metadata as Pillow takes, and notes."""
    refusal: Exception | None = None
    names = list(metadata)
    # All of it first, then less: JPEG, for one, has limits of bytes. The profile goes last.
    for left_out in sorted(_subsets(names), key=lambda some: ("icc_profile" in some, len(some))):
        kept = {name: metadata[name] for name in names if name not in left_out}
        stream = io.BytesIO()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow's remarks on damaged Exif
                image.save(stream, file_format, **options, **save_options(kept, file_format))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001
            # Too large a side ends in a struct.error of one format, a ValueError of another.
            refusal = error
            continue
        notes = notes + [_dropped(name, file_format) for name in left_out]
        return stream.getvalue(), tuple(notes)
    assert refusal is not None
    raise OutputError(
        f"{target} can't be made, {file_format} does not take this image ({one_line(refusal)}); "
        "use .png"
    ) from None


def _subsets(names: Sequence[str]) -> list[tuple[str, ...]]:
    return [each for count in range(len(names) + 1) for each in combinations(names, count)]


def save_options(metadata: Mapping[str, bytes], file_format: str) -> dict[str, Any]:
    """Options of `Image.save` that write what `held_metadata` gives."""
    options: dict[str, Any] = dict(metadata)
    if file_format == "PNG" and "xmp" in options:
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", options.pop("xmp").decode())
        options["pnginfo"] = text
    if file_format == "TIFF":
        tags = Image.Exif()
        if "exif" in options:
            tags.load(options["exif"])
            tags = describing_exif(tags)
        if "xmp" in options:
            tags[_XMP_TAG] = options.pop("xmp")
        options["exif"] = tags
    return options


def _is_near(image: Image.Image, content: bytes, file_format: str) -> bool:
    try:
        reader = "JPEG" if file_format == "MPO" else file_format
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=[reader]) as opened:
                again = np.asarray(opened.convert("RGBA"))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001
        # A file that can't be read again is not a copy of the picture.
        return False
    pixels = np.asarray(image.convert("RGBA"))
    if again.shape != pixels.shape:
        return False
    most = 255.0**2 / 10 ** (LEAST_PSNR / 10) * pixels[:, :, :3].size
    if squared_error(again[:, :, 3:], pixels[:, :, 3:]) * 3 > most:
        return False
    if image.mode == "RGBA":
        again, pixels = rgb_on(again), rgb_on(pixels)
    return squared_error(again[:, :, :3], pixels[:, :, :3]) <= most
