"""The codec "tfcomp" of Zarr's format 3: from an array to bytes.

    zarr.create_array(store, shape=..., chunks=(1024, 1024, 3), dtype="uint8", compressors=None,
                      serializer=ZarrCodec(model="cycle", quality=5))
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import numpy as np

from tfcomp.arrays.array_codec import ArrayCodec
from tfcomp.errors import CodecError

try:
    from zarr.abc.codec import ArrayBytesCodec
    from zarr.registry import register_codec
except ImportError:
    old = " on Python 3.11 or newer" if sys.version_info < (3, 11) else ""
    raise CodecError(
        f"Zarr's format 3 needs zarr 3{old}; run: pip install 'tfcomp[zarr]'"
    ) from None

NAME = "tfcomp"


class ZarrCodec(ArrayBytesCodec):
    """Compresses chunks [..., H, W, C] as `.tfcomp` files.

    Args:
      model: see `ArrayCodec`.
      options: likewise.

    Raises:
      CodecError: there is no such model, or an option is wrong.
    """

    is_fixed_size = False

    def __init__(self, model: str | None = None, **options: Any) -> None:
        self.arrays = ArrayCodec.from_options({"model": model, **options})

    @classmethod
    def from_dict(cls, data: Any) -> ZarrCodec:
        """The codec that a store's metadata describes.

        Raises:
          ConfigError: it has options that this version does not know.
        """
        return cls(**data.get("configuration", {}))

    def to_dict(self) -> dict[str, Any]:
        return {"name": NAME, "configuration": self.arrays.options()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ZarrCodec) and self.arrays == other.arrays

    def __hash__(self) -> int:
        return hash(self.arrays)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.arrays.options().items())
        return f"ZarrCodec({options})"

    def validate(self, *, shape: Any, dtype: Any, chunk_grid: Any) -> None:
        """Raises CodecError where the model does not take such chunks.

        A store whose model is not installed can be opened, to see what it is.
        """
        chunk = getattr(chunk_grid, "chunk_shape", None)
        if chunk is not None and self.arrays.is_installed:
            self.arrays.check(chunk, dtype.to_native_dtype())

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: Any) -> int:
        raise NotImplementedError

    def _encode_sync(self, chunk_data: Any, chunk_spec: Any) -> Any:
        data = self.arrays.encode(chunk_data.as_numpy_array())
        return chunk_spec.prototype.buffer.from_bytes(data)

    def _decode_sync(self, chunk_data: Any, chunk_spec: Any) -> Any:
        array = self.arrays.decode(chunk_data.to_bytes(), chunk_spec.shape)
        if array.dtype != np.dtype(chunk_spec.dtype.to_native_dtype()):
            raise CodecError(f"the store says {chunk_spec.dtype} and its chunk has {array.dtype}")
        return chunk_spec.prototype.nd_buffer.from_numpy_array(array)

    async def _encode_single(self, chunk_data: Any, chunk_spec: Any) -> Any:
        return await asyncio.to_thread(self._encode_sync, chunk_data, chunk_spec)

    async def _decode_single(self, chunk_data: Any, chunk_spec: Any) -> Any:
        return await asyncio.to_thread(self._decode_sync, chunk_data, chunk_spec)


register_codec(NAME, ZarrCodec)
