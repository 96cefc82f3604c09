"""Builds the flagship's training photographs anew, or compares a folder with their table.

    python -m lab.free_photos OUT
    python -m lab.free_photos --check FOLDER

The first gets every picture that lab/free_photos.tsv names from its repository with Git, at the
commit and with the content that the table states, turns it upright, converts it to sRGB, shrinks it
to the table's size (Pillow's LANCZOS) and saves it as the set has it: JPEG of quality 92, 4:4:4,
without metadata. A picture that is there already is kept; what cannot be had is listed at the end.

Pixels depend on Pillow and on its decoders of JPEG, WebP and AVIF. So --check compares names and
sizes, and only tells how many files have as many bytes as the set's.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from lab.git_blobs import GitError, PartialClone
from lab.photograph_table import Photograph, read
from tfcomp.errors import ConfigError, ImageError, OutputError, exit_code_of
from tfcomp.folder_contents import files_in
from tfcomp.runtime.image_input import read_image

_QUALITY = 92


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code: 1 if a picture is missing or differs."""
    parser = argparse.ArgumentParser(prog="python -m lab.free_photos")
    parser.add_argument("out", nargs="?", type=Path, help="the folder to build the set in")
    parser.add_argument("--check", type=Path, metavar="FOLDER", help="compare a folder instead")
    parser.add_argument("--only", type=int, metavar="N", help="the table's first N pictures")
    parser.add_argument(
        "--base", default="https://github.com", metavar="URL", help="where the repositories are"
    )
    options = parser.parse_args(arguments)
    complete = False

    def work() -> None:
        nonlocal complete
        if (options.out is None) == (options.check is None):
            raise ConfigError("give either a folder to build the set in, or --check FOLDER")
        if options.only is not None and (options.check or options.only < 1):
            raise ConfigError("--only takes 1 or more, and goes with a folder to build the set in")
        photographs = read()[: options.only]
        if options.check:
            complete = _report_differences(photographs, options.check)
        else:
            complete = _report_missing(photographs, options.out, options.base)

    return exit_code_of("free_photos", work) or int(not complete)


def rebuild(
    photographs: Sequence[Photograph], out: Path, base: str
) -> list[tuple[Photograph, str]]:
    """Writes the pictures that are not in a folder yet.

    Args:
      photographs: which.
      out: the folder, made if it is not there.
      base: a URL; the repository OWNER/NAME is at base/OWNER/NAME.

    Returns:
      the pictures that could not be had, each with the reason.

    Raises:
      CodecError: there is no Git, or the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out} cannot be made: {error.strerror}") from None
    missing = []
    with tqdm(total=len(photographs), unit="picture", disable=None) as bar:
        for repository, wanted in _by_repository(photographs).items():
            bar.set_description(repository)
            absent = [photograph for photograph in wanted if not (out / photograph.file).exists()]
            bar.update(len(wanted) - len(absent))
            for photograph, found in _fetched(absent, f"{base.rstrip('/')}/{repository}"):
                reason = found if isinstance(found, str) else _save(photograph, found, out)
                if reason:
                    missing.append((photograph, reason))
                bar.update()
    return missing


def differences(photographs: Sequence[Photograph], folder: Path) -> tuple[list[str], int]:
    """Compares a folder with the table.

    Returns:
      what differs, a line a picture: absent, of another size, no JPEG, or not in the table; and how
      many have as many bytes as the set's file.
    """
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}")
    found = set(files_in(folder))
    extra = found - {photograph.file for photograph in photographs}
    lines = [f"{name}: not in the table" for name in sorted(extra)]
    same_bytes = 0
    for photograph in photographs:
        if photograph.file not in found:
            lines.append(f"{photograph.file}: not there")
            continue
        path = folder / photograph.file
        lines += [f"{photograph.file}: {line}" for line in _unlike(photograph, path)]
        same_bytes += path.stat().st_size == photograph.bytes
    return lines, same_bytes


def _unlike(photograph: Photograph, path: Path) -> Iterator[str]:
    try:
        with Image.open(path) as image:
            size, kind = image.size, image.format
    except OSError as error:
        yield f"cannot be read: {error}"
        return
    if kind != "JPEG":
        yield f"is a {kind} file, the table's is JPEG"
    if size != photograph.saved_size:
        yield f"has {_said(size)} pixels, the table says {_said(photograph.saved_size)}"


def _by_repository(photographs: Sequence[Photograph]) -> dict[str, list[Photograph]]:
    groups: dict[str, list[Photograph]] = {}
    for photograph in photographs:
        groups.setdefault(photograph.repository, []).append(photograph)
    return groups


def _fetched(
    photographs: Sequence[Photograph], url: str
) -> Iterator[tuple[Photograph, bytes | str]]:
    """The files of pictures of one repository, or why one cannot be had."""
    if not photographs:
        return
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        clone = PartialClone(url, Path(folder))
        for commit in {p.commit for p in photographs if not p.in_history}:
            try:
                clone.fetch(commit)
            except GitError as error:
                failed[commit] = str(error)
        for photograph in photographs:
            if photograph.commit in failed:
                yield photograph, failed[photograph.commit]
                continue
            try:
                yield photograph, _content(clone, photograph)
            except GitError as error:
                yield photograph, str(error)


def _content(clone: PartialClone, photograph: Photograph) -> bytes:
    if not photograph.in_history:
        try:
            stated = clone.blob_of(photograph.commit, photograph.path)
        except GitError:
            raise GitError(f"the commit has no {photograph.path}") from None
        if stated != photograph.blob:
            raise GitError(f"{photograph.path} is blob {stated}, the table says {photograph.blob}")
    return clone.read(photograph.blob)


def _save(photograph: Photograph, content: bytes, out: Path) -> str:
    """Writes the set's form of a picture; returns why it could not be made, "" if it was."""
    try:
        picture = Image.fromarray(read_image(content).pixels)
    except ImageError as error:
        return str(error)
    if picture.size != photograph.source_size:
        stated = _said(photograph.source_size)
        return f"has {_said(picture.size)} pixels at its source, the table says {stated}"
    if picture.size != photograph.saved_size:
        picture = picture.resize(photograph.saved_size, Image.Resampling.LANCZOS)
    # Whole or not at all: an interrupted run must leave no half picture that a later one keeps.
    work = out / f".{photograph.file}.part"
    try:
        picture.save(work, "JPEG", quality=_QUALITY, subsampling="4:4:4", optimize=True)
        os.replace(work, out / photograph.file)
    except OSError as error:
        work.unlink(missing_ok=True)
        raise OutputError(f"{out} cannot be written: {error.strerror or error}") from None
    return ""


def _said(size: tuple[int, int]) -> str:
    return "x".join(map(str, size))


def _report_missing(photographs: Sequence[Photograph], out: Path, base: str) -> bool:
    missing = rebuild(photographs, out, base)
    for photograph, reason in missing:
        print(f"{photograph.file} from {photograph.repository}: {reason}")
    print(f"{len(photographs) - len(missing)} of {len(photographs)} pictures are in {out}")
    return not missing


def _report_differences(photographs: Sequence[Photograph], folder: Path) -> bool:
    lines, same_bytes = differences(photographs, folder)
    print("\n".join([*lines, f"{len(lines)} differences from the table"]))
    print(f"{same_bytes} of {len(photographs)} files have as many bytes as the set's")
    return not lines


if __name__ == "__main__":
    sys.exit(main())
