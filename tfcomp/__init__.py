"""tfcomp: learned image compression.

    import tfcomp
    codec = tfcomp.load("cycle")
    data = codec.compress("photo.png", quality=4)      # bytes
    image = codec.decompress(data)                     # uint8 array [H, W, 3]

    data = tfcomp.compress("photo.png")                # the same in one call
    image = tfcomp.decompress(data)                    # with the installed model that wrote it
    picture = tfcomp.read(data)                        # pixels, icc_profile, exif, xmp

Importing this package loads nothing else: each name below is loaded when it is first used, so
`import tfcomp` is instant and never needs TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

_HOME_OF = {
    "load": "tfcomp.api",
    "compress": "tfcomp.api",
    "compress_frames": "tfcomp.api",
    "read_frames": "tfcomp.api",
    "decompress": "tfcomp.api",
    "progressive": "tfcomp.api",
    "read": "tfcomp.api",
    "Picture": "tfcomp.images.picture",
    "list_models": "tfcomp.runtime.registry",
    "register_pillow": "tfcomp.pillow:register",
    "CodecError": "tfcomp.errors",
    "BitstreamError": "tfcomp.errors",
    "UnknownBundleError": "tfcomp.errors",
    "BundleError": "tfcomp.errors",
    "ImageError": "tfcomp.errors",
    "OutputError": "tfcomp.errors",
    "ConfigError": "tfcomp.errors",
}

__all__ = [
    "BitstreamError",
    "BundleError",
    "CodecError",
    "ConfigError",
    "ImageError",
    "OutputError",
    "Picture",
    "UnknownBundleError",
    "__version__",
    "compress",
    "compress_frames",
    "decompress",
    "list_models",
    "load",
    "progressive",
    "read",
    "read_frames",
    "register_pillow",
]

if TYPE_CHECKING:  # the same names, for editors and type checkers
    from tfcomp.api import (
        compress,
        compress_frames,
        decompress,
        load,
        progressive,
        read,
        read_frames,
    )
    from tfcomp.errors import (
        BitstreamError,
        BundleError,
        CodecError,
        ConfigError,
        ImageError,
        OutputError,
        UnknownBundleError,
    )
    from tfcomp.images.picture import Picture
    from tfcomp.pillow import register as register_pillow
    from tfcomp.runtime.registry import list_models


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'tfcomp' has no attribute '{name}'")
    module, _, attribute = _HOME_OF[name].partition(":")
    value = getattr(importlib.import_module(module), attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
