"""Compressing in one call, without a codec at hand."""

from __future__ import annotations

import os
from typing import Any

from tfcomp.runtime import registry
from tfcomp.runtime.codec import shared_codec


def compress(
    image: Any,
    quality: int | None = None,
    *,
    model: str | os.PathLike | None = None,
    **options: Any,
) -> bytes:
    """Compresses one image; the model is kept for the next one.

    Args:
      image: see `Codec.compress`.
      quality: see `Codec.compress`.
      model: name or path of a bundle; the default model if None.
      options: see `Codec.compress`.

    Returns:
      the bytes of a `.tfcomp` file.

    Raises:
      CodecError: as `Codec.compress` and `load` do.
    """
    name = registry.default_model() if model is None else model
    return shared_codec(registry.find_by_name(name)).compress(image, quality, **options)
