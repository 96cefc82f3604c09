"""A file that someone gave: by its path, or by its bytes, as standard input and Beam have them."""

from __future__ import annotations

import io
import os
from typing import Any, NamedTuple, Optional, Tuple, Union

from tfcomp.folder_contents import suffix_of

_NPY_START = b"\x93NUMPY"
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class GivenFile(NamedTuple):
    """A file by its path, or by its bytes.

    Attributes:
      name: the path; of bytes what messages call them.
      content: None where there is a path.
    """

    name: str
    content: Optional[bytes] = None

    @classmethod
    def of(cls, source: Union[str, os.PathLike, bytes]) -> GivenFile:
        """The file of a path or of bytes."""
        if isinstance(source, bytes):
            return cls("the input", source)
        return cls(os.fspath(source))

    def opened(self) -> Any:
        """What readers take: the path, or a stream of the bytes."""
        return self.name if self.content is None else io.BytesIO(self.content)

    @property
    def suffix(self) -> str:
        """.npy, .tif, .zarr, or that of another picture; of bytes by how they start."""
        if self.content is None:
            return suffix_of(self.name.rstrip("/"))
        if self.content.startswith(_NPY_START):
            return ".npy"
        return ".tif" if self.content.startswith(_TIFF_STARTS) else ""

    @property
    def state(self) -> Tuple[int, ...]:
        """What changes where the file at the path is written anew."""
        if self.content is not None:
            return ()
        found = os.stat(self.name)
        return (found.st_mtime_ns, found.st_size, found.st_ino)
