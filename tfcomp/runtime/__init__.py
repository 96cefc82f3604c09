"""The running world: images in, `.tfcomp` bytes out and back, on LiteRT and without TensorFlow.

codec.py codes and decodes, and is to be read from top to bottom. bundle.py reads one trained model,
registry.py finds the installed ones, and image_input.py turns images of any kind into RGB by the
rules of tfcomp/images. Below stand tfcomp/networks, which runs LiteRT, and tfcomp/entropy_kinds,
which turns latents into sections and back; above stands tfcomp/api.py.

The names below are imported when they are first used, LiteRT when the first network runs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOME_OF = {
    "Bundle": "tfcomp.runtime.bundle",
    "BundleCodec": "tfcomp.runtime.codec",
    "Codec": "tfcomp.runtime.codec",  # old names of tfcomp/api.py, as the next one
    "compress": "tfcomp.runtime.codec",
    "Manifest": "tfcomp.runtime.bundle",
    "decompress": "tfcomp.runtime.codec",
    "installed_bundles": "tfcomp.runtime.registry",
    "list_models": "tfcomp.runtime.registry",
    "load": "tfcomp.runtime.codec",
    "read_image": "tfcomp.runtime.image_input",
    "read_picture": "tfcomp.runtime.image_input",
}

__all__ = [
    "Bundle",
    "BundleCodec",
    "Codec",
    "Manifest",
    "compress",
    "decompress",
    "installed_bundles",
    "list_models",
    "load",
    "read_image",
    "read_picture",
]

if TYPE_CHECKING:  # the same names, for editors and type checkers
    from tfcomp.runtime.bundle import Bundle, Manifest
    from tfcomp.runtime.codec import BundleCodec
    from tfcomp.runtime.image_input import read_image, read_picture
    from tfcomp.runtime.registry import installed_bundles, list_models


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'tfcomp.runtime' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOME_OF[name]), name)
