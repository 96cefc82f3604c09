"""How large a picture a file may ask for.

By default two limits hold: the model's own, and one proportional to the file's length, since a few
bytes that claim many megapixels cost as much to decode as a picture. A number that the caller gives
holds instead of both.
"""

from __future__ import annotations

import logging

from tfcomp.bitstream.container import MAX_PIXELS, PIXELS_PER_BYTE, pixel_limit
from tfcomp.bitstream.picture_file import PictureFile
from tfcomp.errors import BitstreamError, ConfigError
from tfcomp.runtime.manifest import Manifest
from tfcomp.runtime.options import positive_number

_log = logging.getLogger("tfcomp")


def allowed_pixels(manifest: Manifest, file_bytes: int, max_pixels: float | None = None) -> int:
    """The most pixels that a file of `file_bytes` bytes may hold.

    Args:
      manifest: of the model.
      file_bytes: size of the file.
      max_pixels: what the caller allows instead, up to the format's MAX_PIXELS; None for the
        default.

    Raises:
      ConfigError: max_pixels is not a positive whole number.
    """
    if max_pixels is not None:
        given = positive_number("max_pixels", max_pixels)
        if given < 1 or given % 1:
            raise ConfigError(f"max_pixels must be a whole number from 1, not {max_pixels!r}")
        return min(int(given), MAX_PIXELS)
    if manifest.fixed_size is not None:  # the file has no say in it
        return manifest.max_pixels
    return min(manifest.max_pixels, pixel_limit(file_bytes))


def check_picture(
    picture: PictureFile, manifest: Manifest, file_bytes: int, max_pixels: float | None = None
) -> int:
    """Returns the most pixels that a frame may have; all frames count.

    Args:
      picture: what the file says.
      manifest: of its model.
      file_bytes: size of the file.
      max_pixels: see `allowed_pixels`.

    Raises:
      BitstreamError: the frames have more pixels together.
      ConfigError: max_pixels is not a positive whole number.
    """
    width, height, count = picture.frames[0].width, picture.frames[0].height, len(picture.frames)
    limit = allowed_pixels(manifest, file_bytes, max_pixels)
    frame = width * height
    if max_pixels is None and manifest.fixed_size is None:
        all_frames = PIXELS_PER_BYTE * file_bytes
    else:
        all_frames = limit if max_pixels is not None else limit * count
    if frame <= limit and frame * count <= all_frames:
        return limit
    size = f"the file says {width}x{height} pixels" + (f" in {count} frames" if count > 1 else "")
    if max_pixels is None and all_frames < min(frame, manifest.max_pixels) * count:
        raise BitstreamError(
            f"{size}, more than its {file_bytes} bytes may claim ({PIXELS_PER_BYTE} a byte); "
            f"if you trust the file, allow max_pixels {frame * count}"
        )
    raise BitstreamError(
        f"{size}, more than the limit of {limit}; raise the limit (max_pixels) only if you "
        "trust the file"
    )


def warn_of_pixels(picture: PictureFile, manifest: Manifest, file_bytes: int) -> None:
    """Logs a warning where readers take a file only if `max_pixels` allows it."""
    try:
        check_picture(picture, manifest, file_bytes)
    except BitstreamError:
        first = picture.frames[0]
        pixels = first.width * first.height * len(picture.frames)
        _log.warning(
            "the file has only %d bytes for %d pixels; to decompress it, allow max_pixels",
            *(file_bytes, pixels),
        )
