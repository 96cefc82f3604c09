"""SHA256SUMS: the checksum of every file of a bundle, in the form of `sha256sum -c`.

A bundle is code: its networks run where it is loaded. The fingerprint in compressed files covers
only what they are decoded with; SHA256SUMS covers every file, encoder, manifest and card too.

    # bundle 5d41...                  SHA-256 over name, length and SHA-256 of every file
    9a0364b9...  decoder.tflite       one line a file, in order of name
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from tfcomp.errors import BundleError
from tfcomp.runtime.bundle_files import CHECKSUMS

_HEAD = "# bundle "
_LINE = re.compile(r"([0-9a-f]{64}) [ *]([A-Za-z0-9_][A-Za-z0-9_.-]{0,99})")
_MOST_FILES = 64


def render(contents: Mapping[str, bytes]) -> bytes:
    """SHA256SUMS for these files, bytes by name."""
    lines = [f"{_HEAD}{digest_of(contents)}"]
    lines += [f"{_sha256(contents[name])}  {name}" for name in sorted(contents)]
    return ("\n".join(lines) + "\n").encode("ascii")


def digest_of(contents: Mapping[str, bytes]) -> str:
    """64 hex digits that name a bundle whole: over every file's name, length and content."""
    return _digest(contents, {name: _sha256(content) for name, content in contents.items()})


def parse(text: bytes) -> tuple[str, dict[str, str]]:
    """SHA256SUMS -> (the whole bundle's digest, SHA-256 by file name).

    Raises:
      BundleError: the bundle is unsound.
    """
    lines = text.decode("ascii", "replace").splitlines()
    if not lines or not re.fullmatch(_HEAD + "[0-9a-f]{64}", lines[0]):
        raise BundleError(f"{CHECKSUMS} does not begin with the bundle's digest; install it again")
    sums: dict[str, str] = {}
    for line in lines[1:]:
        found = _LINE.fullmatch(line)
        if found is None or found[2] in sums or len(sums) == _MOST_FILES:
            raise BundleError(f"{CHECKSUMS} is damaged; install the bundle again")
        sums[found[2]] = found[1]
    return lines[0][len(_HEAD) :], sums


def check(text: bytes, contents: Mapping[str, bytes]) -> str:
    """Checks files against SHA256SUMS; returns the bundle's digest.

    Args:
      text: of SHA256SUMS.
      contents: every file that is listed and every file that is read, bytes by name.

    Raises:
      BundleError: a file differs, or is missing on either side.
    """
    digest, sums = parse(text)
    for name in sorted(contents):
        if name not in sums:
            raise BundleError(f"{CHECKSUMS} does not list {name}; install the bundle again")
        if _sha256(contents[name]) != sums[name]:
            raise BundleError(f"{name} is not what {CHECKSUMS} says; install the bundle again")
    missing = sorted(set(sums) - set(contents))
    if missing:
        raise BundleError(f"{', '.join(missing)} is missing; install the bundle again")
    if _digest(contents, sums) != digest:
        raise BundleError(f"{CHECKSUMS} is damaged; install the bundle again")
    return digest


def _digest(contents: Mapping[str, bytes], sums: Mapping[str, str]) -> str:
    """See `digest_of`; `sums` are the contents' own."""
    digest = hashlib.sha256()
    for name in sorted(contents):
        digest.update(f"{name}\0{len(contents[name])}\0{sums[name]}\n".encode("ascii"))
    return digest.hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
