"""The command `python -m tfcomp.beam IN OUT`."""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from collections.abc import Sequence

import apache_beam as beam
from apache_beam.io.filesystem import BeamIOError
from apache_beam.options.pipeline_options import PipelineOptions

from tfcomp.api import load
from tfcomp.beam.compressing import Compress
from tfcomp.beam.failures import errors_path
from tfcomp.beam.reading import DoneIn, ReadImages
from tfcomp.beam.replacing import remove_unfinished
from tfcomp.beam.writing import Write
from tfcomp.cli.output import complain
from tfcomp.errors import CodecError
from tfcomp.folder_contents import PICTURE_SUFFIXES, SAMPLE_SUFFIXES
from tfcomp.interruption import Terminated, raised_when_told_to_end
from tfcomp.latent_search.search import checked_plan
from tfcomp.runtime import registry


def parse(arguments: Sequence[str] | None = None) -> tuple[argparse.Namespace, list[str]]:
    """The command's own options, and those that are Beam's."""
    parser = argparse.ArgumentParser(
        prog="python -m tfcomp.beam",
        description="Compress a collection of images with Apache Beam.",
        epilog="All other options are Beam's: --runner, --direct_num_workers ...",
    )
    parser.add_argument("source", metavar="IN", help="folder, or a pattern of files")
    parser.add_argument("target", metavar="OUT", help="folder for the .tfcomp files")
    parser.add_argument("-m", "--model", help="name or path of a bundle (see tfcomp models)")
    parser.add_argument(
        "-q", "--quality", type=int, metavar="N", help="from 1, which makes the smallest files"
    )
    parser.add_argument(
        "--effort", type=int, default=0, metavar="N", help="search longer: 0 to 9 (0)"
    )
    parser.add_argument(
        "--threads", type=int, default=1, metavar="N", help="processors an image may use (1)"
    )
    return parser.parse_known_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code.

    0 done; 2 bad input, or a file failed; 143 told to end.
    """
    options, for_beam = parse(arguments)
    try:
        if for_beam and not for_beam[0].startswith("-"):
            raise CodecError(
                f"there is a third name, {for_beam[0]}; give one folder or quoted pattern, and the "
                "folder for the results"
            )
        with raised_when_told_to_end():
            return run(options, for_beam)
    except Terminated as end:
        complain(str(end))
        return end.exit_code
    except (CodecError, BeamIOError) as error:
        complain(str(error))
        return 2


def run(options: argparse.Namespace, for_beam: list[str]) -> int:
    """Builds the pipeline, waits for its end and prints the totals."""
    model = options.model or registry.default_model()
    codec = load(model, 1)
    quality = int(codec.checked_quality(options.quality))
    checked_plan(codec, options.effort)
    is_local = "://" not in options.source and not any(c in options.source for c in "*?[")
    if is_local and not os.path.isdir(options.source):
        raise CodecError(f"{options.source} is not a folder; name a folder of images")
    if os.path.lexists(options.target) and not os.path.isdir(options.target):
        raise CodecError(f"{options.target} is a file; name a folder for the results")
    if "://" not in options.target:
        options.target = os.path.abspath(options.target)
    if os.path.isdir(model):
        model = os.path.abspath(model)

    started = time.monotonic()
    pipeline = beam.Pipeline(options=PipelineOptions(for_beam))
    manifest = codec.bundle.manifest
    done_in = DoneIn(options.target, manifest.short_fingerprint, quality)
    suffixes = PICTURE_SUFFIXES if manifest.image.is_rgb8 else SAMPLE_SUFFIXES
    _ = (
        pipeline
        | ReadImages(options.source, done_in, suffixes)
        | Compress(model, quality, options.threads, options.effort)
        | Write(options.target)
    )
    try:
        result = pipeline.run()
        result.wait_until_finish()
    finally:
        remove_unfinished(options.target)
    return report(totals(result), time.monotonic() - started, errors_path(options.target))


def totals(result: beam.runners.runner.PipelineResult) -> dict[str, int]:
    """The pipeline's counters by name, summed over its steps; absent where nothing counted."""
    count: Counter[str] = Counter()
    for each in result.metrics().query()["counters"]:
        if each.key.metric.namespace == "tfcomp":
            count[each.key.metric.name] += each.result
    return dict(count)


def report(count: dict[str, int], seconds: float, errors: str) -> int:
    """Prints the totals; returns the exit code."""
    written, failed = count.get("images_written", 0), count.get("images_failed", 0)
    skipped = count.get("images_already_done", 0)
    print(
        f"{written} files: {count.get('bytes_in', 0)} -> {count.get('bytes_out', 0)} bytes in "
        f"{seconds:.1f} s ({written / seconds:.1f} images/s); {skipped} were done already"
    )
    if failed:
        complain(f"{failed} files failed; {errors} says why")
    elif not written and not skipped:
        complain("no images were found")
        return 2
    return 2 if failed else 0


