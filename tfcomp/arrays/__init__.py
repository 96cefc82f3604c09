"""Arrays of pictures, whole or in chunks, for the tools that know arrays.

    encode, decode      an array [..., H, W, C] <-> the bytes of a .tfcomp file
    ZarrCodec           an array-to-bytes codec of Zarr's format 3, named "tfcomp"
    NumcodecsCodec      the same for numcodecs, and so for Zarr's format 2

Every chunk is an ordinary .tfcomp file: a picture, or a sequence where it has several. Entry points
register both codecs, so a program that opens a store need not import this.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOME_OF = {
    "ArrayCodec": "tfcomp.arrays.array_codec",
    "NumcodecsCodec": "tfcomp.arrays.numcodecs_codec",
    "ZarrCodec": "tfcomp.arrays.zarr_codec",
    "decode": "tfcomp.arrays.array_codec",
    "encode": "tfcomp.arrays.array_codec",
}

__all__ = ["ArrayCodec", "NumcodecsCodec", "ZarrCodec", "decode", "encode"]

if TYPE_CHECKING:  # the same names, for editors and type checkers
    from tfcomp.arrays.array_codec import ArrayCodec, decode, encode
    from tfcomp.arrays.numcodecs_codec import NumcodecsCodec
    from tfcomp.arrays.zarr_codec import ZarrCodec


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'tfcomp.arrays' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOME_OF[name]), name)
