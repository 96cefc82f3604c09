"""Animations: GIF, APNG, WebP and AVIF as frames with durations, and back.

Pillow puts each frame together with those before it. Multi-page TIFF and the several pictures of an
MPO are no animations: nothing says how long to show them.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from tfcomp.bitstream.boxes import MAX_BOXES
from tfcomp.errors import ImageError, OutputError, one_line
from tfcomp.images.opening import open_image

FORMATS = ("GIF", "PNG", "WEBP", "AVIF")
# Browsers show frames that say no time for a tenth of a second.
USUAL_DURATION = 100
MOST_FRAMES = MAX_BOXES // 2 - 8  # each may have alpha
# How each format is written so that frames lose least; GIF has 256 colours.
_WRITING: dict[str, dict[str, Any]] = {
    "GIF": {"disposal": 2},
    "PNG": {},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
}


@dataclass(frozen=True)
class Animation:
    """The frames of a picture that moves.

    Attributes:
      frames: gives them from the first on, with how many milliseconds each is shown.
      loops: how often they are played, 0 for ever.
    """

    frames: Callable[[], Iterator[tuple[Any, int]]]
    loops: int


@contextlib.contextmanager
def opened(source: Any) -> Iterator[Animation | None]:
    """The animation in a path, the bytes of a file, or an opened image; None where there is none.

    Raises:
      ImageError: it has more frames than a file can hold.
    """
    if isinstance(source, Image.Image):
        yield _checked(source)
        return
    if isinstance(source, (str, os.PathLike)) and not os.path.isfile(source):
        yield None  # whoever reads it next says what is wrong
        return
    try:
        image = open_image(io.BytesIO(source) if isinstance(source, bytes) else source)
    except Exception:  # noqa: BLE001
        # Pillow's readers raise many types; reading the picture says which.
        yield None
        return
    with image:
        yield _checked(image)


@contextlib.contextmanager
def shown(source: Any) -> Iterator[Animation]:
    """What `opened` gives; an `Animation` as it is; pictures one by one, for USUAL_DURATION each.

    Raises:
      ImageError: a path, bytes or an image that is no animation, or one of too many frames.
    """
    if isinstance(source, Animation):
        yield source
    elif isinstance(source, (str, os.PathLike, bytes, Image.Image)):
        with opened(source) as animation:
            if animation is None:
                raise ImageError("it is no animation; give a GIF, APNG, WebP, AVIF or frames")
            yield animation
    else:
        yield Animation(lambda: ((picture, USUAL_DURATION) for picture in source), loops=0)


def _checked(image: Image.Image) -> Animation | None:
    try:
        moves = is_animation(image)
    except Exception:  # noqa: BLE001
        # Counting frames reads the file, which may be damaged further on.
        return None
    if not moves:
        return None
    count = getattr(image, "n_frames", 1)
    if count > MOST_FRAMES:
        raise ImageError(
            f"{count} frames are more than a file has ({MOST_FRAMES}); write several"
        )
    return animation_of(image)


def is_animation(image: Image.Image) -> bool:
    """Whether an opened image has several frames that are shown one after another."""
    return image.format in FORMATS and getattr(image, "n_frames", 1) > 1


def animation_of(image: Image.Image) -> Animation:
    """The frames of an opened animation, and how many milliseconds each is shown.

    Raises:
      ImageError: when a frame is asked for that is damaged.
    """

    def frames() -> Iterator[tuple[Image.Image, int]]:
        for number in range(count):
            try:
                image.seek(number)
                image.load()
            except Exception as error:  # noqa: BLE001
                # Pillow's readers raise many types on damaged files.
                raise ImageError(
                    f"frame {number + 1} of {count} cannot be decoded: {one_line(error)}"
                ) from None
            # A copy, which says nothing of being one frame of several.
            yield image.copy(), duration_of(image.info.get("duration"))

    count = int(getattr(image, "n_frames", 1))
    return Animation(frames, _loops(image))


def save_animation(
    frames: Sequence[Image.Image],
    durations: Sequence[int],
    loops: int,
    file_format: str,
    **options: Any,
) -> bytes:
    """The bytes of an animation.

    Args:
      frames: of one size.
      durations: of each, in milliseconds.
      loops: how often they are played, 0 for ever.
      file_format: one of FORMATS.
      options: further ones of Pillow's, such as icc_profile.

    Raises:
      OutputError: the format does not take them.
    """
    stream = io.BytesIO()
    played: dict[str, Any] = {"loop": loops}
    if file_format == "GIF":  # it counts repetitions, and plays once where it says nothing
        played = {} if loops == 1 else {"loop": max(loops - 1, 0)}
    if file_format == "AVIF":
        played = {}
    try:
        frames[0].save(
            stream,
            file_format,
            save_all=True,
            append_images=list(frames[1:]),
            duration=list(durations),
            **_WRITING[file_format],
            **played,
            **options,
        )
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001
        raise OutputError(
            f"{file_format} does not take this animation ({one_line(error)}); use .webp"
        ) from None
    return stream.getvalue()


def duration_of(said: Any) -> int:
    """Whole milliseconds, at least 1."""
    try:
        milliseconds = round(float(said))
    except (TypeError, ValueError, OverflowError):
        return USUAL_DURATION
    return milliseconds if 0 < milliseconds < 2**31 else USUAL_DURATION


def _loops(image: Image.Image) -> int:
    said = image.info.get("loop")
    if image.format == "GIF":
        return 1 if said is None else 0 if said == 0 else int(said) + 1
    return int(said) if isinstance(said, int) and 0 <= said < 2**31 else 0
