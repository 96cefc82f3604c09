"""The last step: writes the files."""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam
from apache_beam.io.filesystem import BeamIOError
from apache_beam.pvalue import TaggedOutput

from tfcomp.beam.elements import FAILED, Failure, File, Outcome, counter, with_failures
from tfcomp.beam.failures import WriteFailures, errors_path
from tfcomp.beam.naming import target_path
from tfcomp.beam.replacing import replace
from tfcomp.bitstream.container import MAGIC


class Write(beam.PTransform):
    """Writes files into a folder, by their names with ".tfcomp" added.

    An earlier result is replaced; any other file of its name stays and is a failure. A stopped
    worker leaves no partial file under such a name. `remove_unfinished` removes the folder of
    unfinished files when the pipeline has ended.

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
            replace(path, [file.content], self._folder, MAGIC)
        except (OSError, BeamIOError) as error:
            self._failed.inc()
            reason = f"{path} cannot be written: {str(error).splitlines()[0]}"
            yield TaggedOutput(FAILED, Failure(file.name, reason))
            return
        self._written.inc()
        self._bytes.inc(len(file.content))
        yield path
