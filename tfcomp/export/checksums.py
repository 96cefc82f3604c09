"""Writes SHA256SUMS into bundle folders: python -m tfcomp.export.checksums BUNDLE...

Exports and releases write it; this command is for a bundle that was changed by other means.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Sequence

from tfcomp.errors import OutputError, exit_code_of
from tfcomp.runtime import checksums
from tfcomp.runtime.atomic_file import write_atomically
from tfcomp.runtime.bundle import Bundle, is_bundle
from tfcomp.runtime.bundle_files import CHECKSUMS, open_regular


def write_checksums(folder: str | os.PathLike[str]) -> str:
    """Writes SHA256SUMS over every file of a bundle folder; returns the bundle's digest.

    Hidden files and folders, such as a SavedModel's, are no part of a bundle.

    Raises:
      OutputError: it can't be written.
    """
    folder = Path(folder)
    contents = {}
    try:
        for path in sorted(folder.iterdir()):
            if path.name == CHECKSUMS or path.name.startswith(".") or path.is_dir():
                continue
            with open_regular(path) as file:
                contents[path.name] = file.read()
    except OSError as error:
        raise OutputError(f"cannot read {folder}: {error.strerror or error}") from None
    text = checksums.render(contents)
    checksums.check(text, contents)  # readers refuse some names
    write_atomically(folder / CHECKSUMS, text)
    return checksums.digest_of(contents)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns its exit code: 0, or 2 where a folder is no sound bundle."""
    parser = argparse.ArgumentParser(
        prog="python -m tfcomp.export.checksums", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("bundles", metavar="BUNDLE", nargs="+", type=Path, help="bundle folder")
    bundles = parser.parse_args(arguments).bundles
    return exit_code_of("checksums", lambda: _seal(bundles))


def _seal(folders: Sequence[Path]) -> None:
    for folder in folders:
        if not is_bundle(folder) or not folder.is_dir():
            raise OutputError(f"{folder} is not a bundle folder")
        print(f"{write_checksums(folder)}  {folder}")
        Bundle.read(folder, sealed=True)


if __name__ == "__main__":
    sys.exit(main())
