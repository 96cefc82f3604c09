"""The first step: finds a collection's images and reads those that are not done yet."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import apache_beam as beam
from apache_beam.io import fileio
from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems
from apache_beam.pvalue import TaggedOutput

from tfcomp.beam.elements import FAILED, Failure, File, Outcome, counter
from tfcomp.beam.naming import target_path
from tfcomp.bitstream.boxes import START
from tfcomp.bitstream.container import FORMAT_VERSION, MAGIC
from tfcomp.bitstream.description import describe_whole
from tfcomp.errors import BitstreamError
from tfcomp.folder_contents import PICTURE_SUFFIXES, files_in, is_regular, is_taken
from tfcomp.runtime.image_input import MAX_FILE_BYTES


@dataclass(frozen=True)
class DoneIn:
    """The results of earlier runs that count as done.

    A file of another model or quality, or older than its image, is made again.

    Attributes:
      folder: the one that `Write` fills.
      fingerprint: the first 4 bytes of the bundle's.
      quality: of the files.
    """

    folder: str
    fingerprint: bytes
    quality: int

    @property
    def start(self) -> bytes:
        """The first bytes of such a file of format version 1."""
        return MAGIC + bytes([FORMAT_VERSION]) + self.fingerprint + bytes([self.quality])

    def has(self, path: str) -> bool:
        """Whether a file is such a result, of either version; not whether its pixels are sound."""
        start = _content(path, len(self.start))
        if start[: len(START)] != START:
            return start == self.start
        try:
            said = describe_whole(_content(path))
        except BitstreamError:
            return False
        return said["fingerprint"] == self.fingerprint.hex() and said["quality"] == self.quality


class ReadImages(beam.PTransform):
    """Reads the images of a folder and its subfolders.

    Args:
      source: a folder, local or of any file system that Beam knows (gs://, s3://, hdfs://), or a
        pattern of files such as "gs://bucket/photos/**.jpg". tfcomp/folder_contents.py says
        which files count.
      done_in: images that are done there are left out; None to read all.
      suffixes: endings of names that count, in lower case; `SAMPLE_SUFFIXES` has .npy too, for
        models of other pictures than 8-bit RGB.
    Gives an `Outcome` of `File`.
    """

    def __init__(
        self,
        source: str,
        done_in: DoneIn | None = None,
        suffixes: Collection[str] = PICTURE_SUFFIXES,
    ) -> None:
        super().__init__()
        self._source = source
        self._done_in = done_in
        self._suffixes = frozenset(suffixes)

    def expand(self, pipeline: beam.Pipeline) -> Outcome:
        pattern, base = pattern_and_base(self._source)
        suffixes = self._suffixes
        if os.path.isdir(self._source):
            found = (
                pipeline
                | "Folder" >> beam.Create([base])
                | "Find" >> beam.FlatMap(images_in, suffixes)
            )
        else:
            found = (
                pipeline
                | "Find" >> fileio.MatchFiles(pattern)
                | "Take images" >> beam.Filter(lambda each: is_image(each.path, base, suffixes))
            )
        outputs = (
            found
            # Without it one worker would process all files that it has listed.
            | "Share out" >> beam.Reshuffle()
            | "Read" >> beam.ParDo(_Read(base, self._done_in)).with_outputs(FAILED, main="done")
        )
        return Outcome(outputs.done, outputs[FAILED])


class _Read(beam.DoFn):
    def __init__(self, base: str, done_in: DoneIn | None) -> None:
        self._base, self._done_in = base, done_in
        self._read, self._bytes = counter("images_read"), counter("bytes_in")
        self._skipped, self._failed = counter("images_already_done"), counter("images_failed")

    def process(self, found: FileMetadata) -> Iterator[File | TaggedOutput]:
        name = relative_name(found.path, self._base)
        if self._is_done(name, found):
            self._skipped.inc()
            return
        try:
            if found.size_in_bytes > MAX_FILE_BYTES:
                raise OSError(f"it has {found.size_in_bytes} bytes; {MAX_FILE_BYTES} is the limit")
            if not is_regular(found.path):  # opening it would wait for its other end
                raise OSError("it is no regular file")
            content = _content(found.path)
        except (OSError, BeamIOError) as error:
            self._failed.inc()
            yield TaggedOutput(FAILED, Failure(name, f"{name} cannot be read: {_reason(error)}"))
            return
        self._read.inc()
        self._bytes.inc(len(content))
        yield File(name, content)

    def _is_done(self, name: str, found: FileMetadata) -> bool:
        if self._done_in is None:
            return False
        path = target_path(self._done_in.folder, name)
        try:
            if not self._done_in.has(path):
                return False
            changed = found.last_updated_in_seconds
            return not changed or FileSystems.last_updated(path) >= changed
        except (OSError, BeamIOError):
            return False


def pattern_and_base(source: str) -> tuple[str, str]:
    """The pattern of files to look for, and the folder that names are relative to."""
    if os.path.isdir(source):
        folder = os.path.abspath(source)
        return os.path.join(glob.escape(folder), "**"), folder
    wild = re.search(r"[*?\[]", source)
    if not wild:
        return source.rstrip("/") + "/**", source.rstrip("/")
    return source, source[: wild.start()].rpartition("/")[0]


def images_in(
    folder: str, suffixes: Collection[str] = PICTURE_SUFFIXES
) -> Iterator[FileMetadata]:
    """The images of a folder of this machine, as Beam describes files."""
    for name in files_in(folder, suffixes):
        path = os.path.join(folder, *name.split("/"))
        try:
            status = os.stat(path)
        except OSError:  # a link to nothing, or gone; reading it will say so
            yield FileMetadata(path, 0)
        else:
            yield FileMetadata(path, status.st_size, status.st_mtime)


def is_image(path: str, base: str, suffixes: Collection[str] = PICTURE_SUFFIXES) -> bool:
    """Whether a file below `base`, of any file system, is one of the images there."""
    return is_taken(relative_name(path, base), suffixes) and is_regular(path)


def relative_name(path: str, base: str) -> str:
    """The path below `base`, with "/" between names."""
    name = path[len(base) :] if path.startswith(base) else path
    return name.replace(os.sep, "/").lstrip("/")


def _content(path: str, size: int = -1) -> bytes:
    # A photo.tif.gz is not an image; nothing is unpacked on the way.
    file = FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)
    with file:
        return file.read(size) if size >= 0 else file.read()


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error).split("\n")[0]
