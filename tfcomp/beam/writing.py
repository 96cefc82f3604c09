"""The last step: files appear under their names whole or not at all."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator

import apache_beam as beam
from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.pvalue import TaggedOutput

from tfcomp.beam.elements import FAILED, Failure, File, Outcome, counter, with_failures
from tfcomp.beam.failures import WriteFailures, errors_path
from tfcomp.beam.naming import TEMPORARY_FOLDER, target_path


class Write(beam.PTransform):
    """Writes files into a folder, by their names with ".tfcomp" added.

    Each is written to a temporary name and renamed, so that a worker that is stopped leaves no half
    a file; what a file replaces is lost only then.

    Args:
      folder: local, or of any file system that Beam knows.
      errors: where the failures of all steps go; errors.jsonl in the folder if None.
    Takes an `Outcome`; gives one of the paths that were written.
    """

    def __init__(self, folder: str, errors: str | None = None) -> None:
        super().__init__()
        self._folder = folder
        self._errors = errors or errors_path(folder)

    def expand(self, files: Outcome) -> Outcome:
        outputs = files.done | beam.ParDo(_Write(self._folder)).with_outputs(FAILED, main="done")
        outcome = with_failures(outputs, files.failed)
        _ = outcome.failed | WriteFailures(self._errors)
        return outcome


class _Write(beam.DoFn):
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._written, self._bytes = counter("images_written"), counter("bytes_out")
        self._failed = counter("images_failed")

    def process(self, file: File) -> Iterator[str | TaggedOutput]:
        path = target_path(self._folder, file.name)
        try:
            self._replace(path, file.content)
        except (OSError, BeamIOError) as error:
            self._failed.inc()
            reason = f"{path} cannot be written: {str(error).splitlines()[0]}"
            yield TaggedOutput(FAILED, Failure(file.name, reason))
            return
        self._written.inc()
        self._bytes.inc(len(file.content))
        yield path

    def _replace(self, path: str, content: bytes) -> None:
        unfinished = FileSystems.join(self._folder, TEMPORARY_FOLDER)
        _make_folder(unfinished)
        temporary = FileSystems.join(unfinished, secrets.token_hex(8))
        try:
            with FileSystems.create(
                temporary, compression_type=CompressionTypes.UNCOMPRESSED
            ) as stream:
                stream.write(content)
            _make_folder(FileSystems.split(path)[0])
            _rename(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError, BeamIOError):
                FileSystems.delete([temporary])
            raise


def _make_folder(path: str) -> None:
    try:
        FileSystems.mkdirs(path)
    except (OSError, BeamIOError):  # Beam's way to say that it is there; if not, writing will fail
        return


def _rename(source: str, target: str) -> None:
    try:
        FileSystems.rename([source], [target])
    except BeamIOError:
        # Some file systems (HDFS) do not rename over what is there.
        if not FileSystems.exists(target):
            raise
        FileSystems.delete([target])
        FileSystems.rename([source], [target])
