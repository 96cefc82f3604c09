"""`image.save("x.tfcomp")`: encodes first and writes after.

Pillow empties the file before it calls a plugin's save function, so a plugin alone cannot keep the
earlier file when an image or an option is refused. `save_whole` wraps `Image.save` for this one
format: Pillow saves into memory, and the file is replaced in one step.

`quality` is Pillow's scale, 0 to 100, cut into as many equal parts as the model has levels. Of 8:

    quality   0-12   13-25   26-37   38-50   51-63   64-75   76-88   89-100
    level        1       2       3       4       5       6       7        8
"""

from __future__ import annotations

import functools
import io
import os
import warnings
from collections.abc import Callable, Mapping
from typing import IO, Any

from PIL import Image

from tfcomp import api
from tfcomp.errors import CodecError, ConfigError
from tfcomp.images.opening import check_is_no_drawing
from tfcomp.images.transparency import WHITE
from tfcomp.runtime import registry
from tfcomp.runtime.atomic_file import write_atomically
from tfcomp.runtime.options import whole_number

FORMAT = "TFCOMP"
_HIGHEST = 100
OPTIONS = (
    "quality",
    "level",
    "target_bpp",
    "max_bytes",
    "effort",
    "feedback",
    "background",
    "model",
)
# Often given to every `save`; a .tfcomp file has no place for them.
_METADATA = ("exif", "icc_profile", "xmp", "comment", "dpi")


class TfcompSaveError(CodecError, OSError):
    """An image that can't be saved as asked; its cause says why."""


def level_of(quality: int, levels: int) -> int:
    """The model's level, 1 to `levels`, of a quality from 0 to 100."""
    return 1 + quality * levels // (_HIGHEST + 1)


def quality_of(level: int, levels: int) -> int:
    """The highest quality, 0 to 100, that gives a level."""
    return ((_HIGHEST + 1) * level - 1) // levels


def save(image: Image.Image, file: IO[bytes], filename: Any) -> None:
    """Pillow's save function of the format.

    Raises:
      TfcompSaveError: it can't be saved; nothing has been written then.
    """
    try:
        data = _compressed(image, getattr(image, "encoderinfo", {}))
    except CodecError as error:
        raise TfcompSaveError(str(error)) from error
    file.write(data)


def save_all(image: Image.Image, file: IO[bytes], filename: Any) -> None:
    """`save`, of an image that is not an animation."""
    others = image.encoderinfo.pop("append_images", None)
    if others or getattr(image, "n_frames", 1) > 1:
        raise TfcompSaveError(
            "a .tfcomp file holds one picture; save the frames one by one, without save_all and "
            "append_images"
        )
    save(image, file, filename)


def save_whole(pillows_save: Callable[..., None]) -> Callable[..., None]:
    """Pillow's `Image.save`, which replaces a .tfcomp file in one step or leaves it as it was.

    Calls for another format, and for file objects, go on to Pillow as they came.
    """
    if getattr(pillows_save, "saves_tfcomp_whole", False):
        return pillows_save

    @functools.wraps(pillows_save)
    def save_image(self: Image.Image, fp: Any, format: str | None = None, **params: Any) -> None:
        if not _is_ours(fp, format):
            pillows_save(self, fp, format, **params)
            return
        try:
            check_is_no_drawing(self)  # Pillow would draw it before it asks for the file
        except CodecError as error:
            raise TfcompSaveError(str(error)) from error
        if not isinstance(fp, (str, bytes, os.PathLike)):
            pillows_save(self, fp, format, **params)
            return
        whole = io.BytesIO()
        pillows_save(self, whole, FORMAT, **params)
        try:
            write_atomically(os.fsdecode(fp), whole.getvalue())
        except CodecError as error:
            raise TfcompSaveError(str(error)) from error

    save_image.saves_tfcomp_whole = True  # type: ignore[attr-defined]
    return save_image


def _is_ours(target: Any, named_format: str | None) -> bool:
    """Whether Pillow would take our format for a path or an open file."""
    if named_format:
        return named_format.upper() == FORMAT
    path = target if isinstance(target, (str, bytes, os.PathLike)) else getattr(target, "name", "")
    if not isinstance(path, (str, bytes, os.PathLike)):
        return False
    suffix = os.path.splitext(os.fsdecode(path))[1].lower()
    return Image.EXTENSION.get(suffix) == FORMAT


def _compressed(image: Image.Image, given: Mapping[str, Any]) -> bytes:
    options = _checked(given)
    model = api.shared_codec(
        registry.find_by_name(options.pop("model", None) or registry.default_model())
    )
    quality, level = options.pop("quality", None), options.pop("level", None)
    if quality is not None:
        if level is not None:
            raise ConfigError("give only one of quality, level, target_bpp and max_bytes")
        quality = whole_number("quality", quality)
        if not 0 <= quality <= _HIGHEST:
            raise ConfigError(
                f"quality must be from 0 to {_HIGHEST}, not {quality}; level is the model's own"
            )
        level = level_of(quality, model.qualities)
    background = options.pop("background", WHITE)
    return model.compress(image, level, background=background, metadata=False, **options)


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are set. Refuses those it does not know, warns of metadata."""
    unknown = [name for name in given if name not in OPTIONS and name not in _METADATA]
    if unknown:
        raise ConfigError(
            f"saving a .tfcomp file takes no option '{unknown[0]}'; it takes {', '.join(OPTIONS)}"
        )
    for name in _METADATA:
        if given.get(name):
            warnings.warn(f"a .tfcomp file cannot hold {name}; it is dropped", stacklevel=6)
    return {name: given[name] for name in OPTIONS if given.get(name) is not None}
