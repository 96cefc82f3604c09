"""What a lesson learns and what it is measured on: folders, arrays, large scenes, TFDS.

    8 files or more         whole files are held out, by their names
    fewer, of many pages    the last pages of each: neighbours in a stack are often nearly the same
    a few large scenes      a strip at the end of each, and a gap before it that nobody learns
    TFDS                    the split "test", or else the first pictures

What the pictures are is found out first: kinds.py.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from pathlib import Path
from typing import Callable, Iterator, Optional, Sequence

import numpy as np

from tfcomp.data.array_source import WINDOW, ArraySource
from tfcomp.data.folder_source import SPLIT_NAMES
from tfcomp.data.indexed_source import IndexedSource, PartOfSource
from tfcomp.data.places import files_of, open_places, parse_places
from tfcomp.data.source import GreySource, ImageSource, naming_failures
from tfcomp.errors import ConfigError
from tfcomp.image_spec import GREY8, RGB8, ImageSpec
from tfcomp.teaching import held_out, kinds
from tfcomp.teaching.kinds import UNSAID, Wanted
from tfcomp.teaching.survey import LOOKED_AT, Survey, header_of, survey

FEWEST = 5  # pictures to learn from
_FILES = FEWEST + held_out.FEWEST  # from which on whole ones are held out
_SHARE = 0.1
_LINES = 10  # of parts along a scene, so that a strip of them is a tenth
_TFDS = "tfds:"


@dataclasses.dataclass(frozen=True)
class Pictures:
    """The pictures of a lesson.

    Attributes:
      source: to learn from.
      survey: of those.
      held_out: gives names and samples [H, W, channels] of those to measure on.
      way: how these were chosen, in words.
      data_source, data_dir, split: what a recipe says of the source.
    """

    source: ImageSource
    survey: Survey
    held_out: Callable[[], Iterator[tuple[str, np.ndarray]]]
    way: str
    data_source: str
    data_dir: Optional[str] = None
    split: str = "train"
    spec: ImageSpec = RGB8
    kind: str = ""  # what they are and how that is known, where they are not RGB as ever


def name_of(source: str) -> str:
    """What a model is called that learns a source, unless its name is said."""
    if source.startswith(_TFDS):
        return source[len(_TFDS) :].replace("/", "-").replace(":", "-")
    place = Path(source.removeprefix("folder:")).expanduser()
    name = place.resolve().name
    return name if place.is_dir() and not name.endswith(".zarr") else Path(name).stem


def open_pictures(
    source: str,
    held: Path | None = None,
    data_dir: str | None = None,
    seed: int = 1,
    wanted: Wanted = UNSAID,
) -> Pictures:
    """Opens pictures and divides them.

    Args:
      source: "tfds:NAME"; or a folder, a file or a Zarr array, several with commas between.
      held: where those to measure on lie, instead of a part of `source`.
      data_dir: where prepared TFDS data sets lie.
      seed: of the sample that is looked at.
      wanted: what the user says of channels and samples.

    Raises:
      CodecError: there are no such pictures, or too few, or they are of kinds that no model has.
    """
    if source.startswith(_TFDS):
        return _of_tfds(source, held, data_dir, wanted)
    places = parse_places(source.removeprefix("folder:"))
    kind = kinds.find(files_of(places), wanted, seed)
    spec = kind.spec
    whole = open_places(places, spec)
    if held is not None or _has_test(places):
        other = (
            open_places([held], spec)
            if held is not None
            else open_places(places, spec, split="test")
        )
        learnt, kept = np.arange(whole.count), np.arange(other.count)
        if held is not None:  # it may lie within the folder to learn from
            theirs = set(_real_files(other))
            learnt = np.flatnonzero([file not in theirs for file in _real_files(whole)])
        way = "pictures of their own"
    else:
        whole, learnt, kept, way = _divided(places, whole)
        other = whole
    if len(learnt) < FEWEST or not len(kept):
        count = len({whole.place(number)[:2] for number in range(whole.count)})
        raise ConfigError(
            f"{source} holds {count} picture{'s' if count != 1 else ''}: a codec needs {_FILES} or "
            "more to learn from, better 100; of TIFF, .npy and Zarr one large scene will do"
        )
    said = kind.why
    measured = _spread(kept)
    if isinstance(whole, ArraySource) and isinstance(other, ArraySource) and not spec.is_screen:
        parts = [PartOfSource(other, measured), PartOfSource(whole, learnt)]
        values = kinds.look_through(parts)
        if not kind.sure:
            spec = kinds.with_bits(spec, values.highest)
        said = kinds.in_words(spec, kind, values, sum(part.count for part in parts))
        whole, other = whole.narrowed(spec), other.narrowed(spec)
    part = PartOfSource(whole, learnt)
    return Pictures(
        part,
        survey(part, seed),
        functools.partial(_read, other, measured),
        way,
        "folder:" + source.removeprefix("folder:"),
        spec=spec,
        kind=said,
    )


def _real_files(source: IndexedSource) -> Iterator[str]:
    for number in range(source.count):
        yield os.path.realpath(source.place(number).file)


def _has_test(places: Sequence[Path]) -> bool:
    return any((place / "test").is_dir() and (place / "train").is_dir() for place in places)


def _divided(
    places: Sequence[Path], whole: IndexedSource
) -> tuple[IndexedSource, np.ndarray, np.ndarray, str]:
    """The source, numbers to learn, numbers to measure, and in which way they were chosen."""
    found = [whole.place(number) for number in range(whole.count)]
    files = dict.fromkeys(place.file for place in found)
    if len(files) >= _FILES:
        root = os.path.join(str(places[0]), "")
        names = {file.removeprefix(root): file for file in files}
        held = {names[name] for name in held_out.choose(list(names))}
        kept = np.array([place.file in held for place in found])
        return whole, np.flatnonzero(~kept), np.flatnonzero(kept), "whole files"
    pictures = [place[:2] for place in found]
    if len(set(pictures)) >= _FILES:
        last = dict(pictures)  # of each file the number of its last picture
        kept = np.array([number >= (1 - _SHARE) * (last[file] + 1) for file, number in pictures])
        if kept.sum() < held_out.FEWEST:
            kept = np.arange(whole.count) >= whole.count - held_out.FEWEST
        return whole, np.flatnonzero(~kept), np.flatnonzero(kept), "the last pages"
    return _scenes(places, whole)


def _scenes(
    places: Sequence[Path], whole: IndexedSource
) -> tuple[IndexedSource, np.ndarray, np.ndarray, str]:
    """Holds out a strip of each scene; takes smaller parts where there are few."""
    way = "a strip of each scene"
    for window in (WINDOW, WINDOW // 2, WINDOW // 4):
        parts = open_places(places, whole.spec, window=window, large=window**2)
        found = [parts.place(number) for number in range(parts.count)]
        line = np.array([place.line for place in found])
        lines = np.array([place.lines for place in found])
        strip = np.maximum(1, np.round(_SHARE * lines))
        for _ in range(held_out.FEWEST):  # a narrow scene needs more lines
            kept = (lines > 1) & (line >= lines - strip)
            if kept.sum() >= held_out.FEWEST:
                break
            strip += 1
        gap = (lines >= _LINES) & (line == lines - strip - 1)
        learnt = np.flatnonzero(~kept & ~gap)
        if len(learnt) >= FEWEST and kept.sum() >= held_out.FEWEST and lines.max() >= _LINES:
            break
    if kept.sum() < held_out.FEWEST or len(learnt) < FEWEST:
        return whole, np.arange(0), np.arange(0), way
    return parts, learnt, np.flatnonzero(kept), way


def _spread(numbers: np.ndarray) -> np.ndarray:
    """As many as are measured, evenly spread."""
    places = np.linspace(0, len(numbers) - 1, min(len(numbers), held_out.MOST))
    return numbers[np.unique(places.round().astype(int))]


def _read(source: IndexedSource, numbers: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    for number in numbers:
        pixels = source.read(int(number))
        if pixels is not None:
            yield Path(source.place(int(number)).file).stem, pixels


def _of_tfds(
    source: str, held: Path | None, data_dir: str | None, wanted: Wanted = UNSAID
) -> Pictures:
    from tfcomp.data.tfds_source import TfdsSource

    if wanted not in (UNSAID, Wanted(channels=3), Wanted(channels=1)):
        raise ConfigError(f"{source}: pictures of TFDS are 8-bit RGB, or grey with --channels 1")
    spec = GREY8 if wanted.channels == 1 else RGB8
    name = source[len(_TFDS) :]
    split, way = "train", "pictures of their own"
    if held is not None:
        other: ImageSource = open_places([held], spec)
    else:
        whole = TfdsSource(name, data_dir)
        tests = [each for each in SPLIT_NAMES[1:] if each in whole.splits]
        number = held_out.number_of(whole.count)
        if tests:
            other = TfdsSource(name, data_dir, tests[0])
        elif whole.count - number < FEWEST:
            raise ConfigError(f"{source} holds {whole.count} pictures: a codec needs {_FILES}")
        else:
            other, split = TfdsSource(name, data_dir, f"train[:{number}]"), f"train[{number}:]"
            way = f"its first {number} pictures"
    learnt = TfdsSource(name, data_dir, split)
    sample = [header_of(encoded) for encoded in learnt.encoded(LOOKED_AT)]

    shown = GreySource(other, spec) if other.spec != spec else other

    def measured() -> Iterator[tuple[str, np.ndarray]]:
        with naming_failures(other):
            for number, pixels in enumerate(shown.images().take(held_out.MOST)):
                yield f"{number:03d}", pixels.numpy()

    found = Survey.of(sample, learnt.count)
    taken = GreySource(learnt, spec) if spec == GREY8 else learnt
    why = "grey, as --channels 1 says" if spec == GREY8 else ""
    return Pictures(taken, found, measured, way, source, data_dir, split, spec, why)
