"""The codec "tfcomp" of numcodecs, for Zarr's format 2 and whatever else takes such codecs.

    zarr.create_array(store, zarr_format=2, shape=..., chunks=(1024, 1024, 3), dtype="uint8",
                      compressors=NumcodecsCodec(model="cycle", quality=5))
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tfcomp.arrays.array_codec import ArrayCodec
from tfcomp.errors import CodecError

try:
    from numcodecs.abc import Codec
    from numcodecs.compat import ensure_bytes, ndarray_copy
    from numcodecs.registry import register_codec
except ImportError:
    raise CodecError("numcodecs is not installed; run: pip install 'tfcomp[zarr]'") from None


class NumcodecsCodec(Codec):
    """Compresses chunks [..., H, W, C] as `.tfcomp` files.

    Args:
      model: see `ArrayCodec`.
      options: likewise.

    Raises:
      CodecError: there is no such model, or an option is wrong.
    """

    codec_id = "tfcomp"

    def __init__(self, model: str | None = None, **options: Any) -> None:
        self.arrays = ArrayCodec.from_options({"model": model, **options})

    def get_config(self) -> dict[str, Any]:
        return {"id": self.codec_id, **self.arrays.options()}

    def encode(self, buf: Any) -> bytes:
        """The file of a chunk; see `ArrayCodec.encode`."""
        return self.arrays.encode(buf)

    def decode(self, buf: Any, out: Any = None) -> Any:
        """The chunk of a file, uint8 [H, W, C] or, where it has several pictures, [N, H, W, C]."""
        shape = out.shape if isinstance(out, np.ndarray) and out.ndim > 2 else None
        return ndarray_copy(self.arrays.decode(ensure_bytes(buf), shape), out)


register_codec(NumcodecsCodec)
