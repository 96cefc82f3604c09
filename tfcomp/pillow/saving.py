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
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from PIL import Image

from tfcomp import api
from tfcomp.errors import CodecError, ConfigError
from tfcomp.images.animation import Animation, animation_of
from tfcomp.images.opening import check_is_no_drawing
from tfcomp.pillow.metadata import with_metadata
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
    "psnr",
    "ms_ssim",
    "effort",
    "feedback",
    "background",
    "tiles",
    "model",
)
OPTIONS_OF_FRAMES = ("quality", "level", "effort", "background", "model")
SEQUENCE_OPTIONS = ("duration", "loop", "group")
_KEPT = ("icc_profile", "exif", "xmp")
# Often given to every `save`; a .tfcomp file has no place for them.
_DROPPED = ("comment", "dpi")


class TfcompSaveError(CodecError, OSError):
    """An image that can't be saved as asked; its cause says why."""


def level_of(quality: int, levels: int) -> int:
    """The model's level, 1 to `levels`, of a quality from 0 to 100."""
    return 1 + quality * levels // (_HIGHEST + 1)


def quality_of(level: float, levels: int) -> int:
    """The highest quality, 0 to 100, that gives a level."""
    return int(((_HIGHEST + 1) * level - 1) // levels)


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
    """`save`, of all frames of an animation and of `append_images`, as a sequence."""
    given = dict(getattr(image, "encoderinfo", {}))
    others = list(given.pop("append_images", None) or ())
    if not others and getattr(image, "n_frames", 1) == 1:
        image.encoderinfo = given
        save(image, file, filename)
        return
    try:
        data = _compressed_sequence([image, *others], given)
    except CodecError as error:
        raise TfcompSaveError(str(error)) from error
    file.write(data)


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
    options = _checked(given, OPTIONS)
    model = _model_of(options)
    level = _level(options, model)
    metadata = {name: given[name] for name in _KEPT if name in given}
    return model.compress(with_metadata(image, metadata), level, **options)


def _compressed_sequence(images: Sequence[Image.Image], given: Mapping[str, Any]) -> bytes:
    options = _checked(given, (*SEQUENCE_OPTIONS, *OPTIONS_OF_FRAMES))
    model = _model_of(options)
    level = _level(options, model)
    metadata = {name: given[name] for name in _KEPT if name in given}
    durations, loops = options.pop("duration", None), options.pop("loop", 0)
    frames = (
        (with_metadata(frame, metadata), duration)
        for image in images
        for frame, duration in animation_of(image).frames()
    )
    animation = Animation(lambda: frames, loops)
    return model.compress_frames(animation, durations, loops, level, **options)


def _model_of(options: dict[str, Any]) -> api.Codec:
    name = options.pop("model", None) or registry.default_model()
    return api.shared_codec(registry.find_by_name(name))


def _level(options: dict[str, Any], model: api.Codec) -> float | None:
    """The model's level that `quality` or `level` asks for; both leave the options."""
    quality, level = options.pop("quality", None), options.pop("level", None)
    if quality is None:
        return level
    if level is not None:
        raise ConfigError("give only one of quality and level, or of the limits and targets")
    quality = whole_number("quality", quality)
    if not 0 <= quality <= _HIGHEST:
        raise ConfigError(
            f"quality must be from 0 to {_HIGHEST}, not {quality}; level is the model's own"
        )
    return level_of(quality, model.qualities)


def _checked(given: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
    """The options that are set. Refuses those it does not know, warns of what is dropped."""
    if given.get("lossless"):
        raise ConfigError("a .tfcomp file is not lossless; save as PNG or lossless WebP instead")
    ignored = (*_KEPT, *_DROPPED, "lossless")
    unknown = [name for name in given if name not in known and name not in ignored]
    if unknown:
        raise ConfigError(
            f"saving a .tfcomp file takes no option '{unknown[0]}'; it takes "
            f"{', '.join((*known, *_KEPT))}"
        )
    for name in _DROPPED:
        if given.get(name):
            warnings.warn(f"a .tfcomp file cannot hold {name}; it is dropped", stacklevel=6)
    return {name: given[name] for name in known if given.get(name) is not None}
