"""The benchmark: compares models with classical codecs by whole files.

`run` measures, `write` leaves results.json, results.csv, rd.png and report.html.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import time
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from tqdm import tqdm

from tfcomp.errors import CodecError, ConfigError, OutputError
from tfcomp.evaluation.child import measure_in_child
from tfcomp.evaluation.classical import CODECS, decode_on_one_thread
from tfcomp.evaluation.contestants import CODEC, MODEL, Model, open_contestant
from tfcomp.evaluation.curves import Point, RateDifference, bd_rate
from tfcomp.evaluation.enhancement import chosen_filters
from tfcomp.evaluation.enhancement_comparison import (
    Enhancement,
    compare,
    settings_near,
    training_crops,
)
from tfcomp.evaluation.environment import environment
from tfcomp.evaluation.gate import Gate, judge
from tfcomp.evaluation.images import image_files, read_pixels
from tfcomp.evaluation.lpips import Lpips
from tfcomp.evaluation.measuring import SECONDS_FOR_REPEATS
from tfcomp.evaluation.published import PublishedCurve, are_kodak, chosen_curves
from tfcomp.evaluation.results import Entry, Results, compare_with_anchor, to_csv, to_json
from tfcomp.evaluation.sample_codecs import codecs_for
from tfcomp.image_spec import RGB8, ImageSpec
from tfcomp.runtime.atomic_file import write_atomically
from tfcomp.runtime.unfinished import sweep_unfinished, temporary_name

_FOR_FIGURES = ("bjontegaard",)
_FOR_THE_REPORT = ("jinja2", "matplotlib")
_RESULT_FILES = ("results.json", "results.csv", "rd.png", "report.html")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What to compare.

    Attributes:
      folder: of test images. models: installed names or bundle paths. codecs: names of `CODECS`.
      anchor: what BD-rates refer to; jpeg if None, or the first contestant where jpeg is not one.
      psnr_range: dB to compare within; all that both curves cover if None.
      repeats: how often each step is timed.
      published: which published curves to show beside; see `chosen_curves`.
      gates: what must be reached.
      lpips: measure LPIPS too.
      enhance: names of post-filters to compare; see `enhancement.FILTERS`.
      enhance_training: folder to choose their strengths on; scikit-image's photographs if None.
      image: what the test images are, each a file of its own.
    """

    folder: Path
    models: Tuple[str, ...]
    codecs: Tuple[str, ...]
    anchor: Optional[str] = None
    psnr_range: Optional[Tuple[float, float]] = None
    repeats: int = 3
    published: str = "auto"
    gates: Tuple[Gate, ...] = ()
    lpips: bool = False
    enhance: Tuple[str, ...] = ()
    enhance_training: Optional[Path] = None
    image: ImageSpec = RGB8


def check(plan: Plan) -> None:
    """Raises early what `run` would raise for these options; does not read the images.

    Raises:
      CodecError: a package, a model or a codec is missing, or a name is unknown.
    """
    _require(_FOR_FIGURES)
    files = image_files(plan.folder, plan.image)
    models = [Model(name).name for name in dict.fromkeys(plan.models)]
    _checked_names(plan, models, *_installed(plan.codecs, plan.image))
    chosen_curves(plan.published, [path.stem for path in files])
    if plan.lpips:
        Lpips.installed()
    if plan.enhance:
        chosen_filters(plan.enhance)
        training_crops(plan.enhance_training, plan.folder)


def check_codecs(names: Sequence[str]) -> None:
    """Raises early what `run` would raise for these classical codecs beside a model.

    Raises:
      CodecError: a package is missing, a name is unknown, or none that was named is installed.
    """
    _require(_FOR_FIGURES)
    if names:
        _checked_names(Plan(Path(), (), tuple(names)), [], *_installed(names))


def run(plan: Plan, on_finished: Callable[[str], object] = lambda line: None) -> Results:
    """Measures everything, with a progress bar on a terminal.

    Every image is read once before the first is measured.

    Args:
      plan: what to measure.
      on_finished: called with a line about each codec that is done, where there is no bar.

    Raises:
      CodecError: something asked for does not exist, cannot be read or cannot be coded.
    """
    check(plan)
    files = image_files(plan.folder, plan.image)
    sizes = _sizes(plan.folder, files, plan.image)
    models = {name: Model(name) for name in dict.fromkeys(plan.models)}
    for model in models.values():
        model.require_sizes(sizes)
    codecs, missing = _installed(plan.codecs, plan.image)
    anchor = _checked_names(plan, list(models), codecs, missing)
    published = chosen_curves(plan.published, [path.stem for path in files])
    contestants = [(MODEL, name) for name in models] + [(CODEC, name) for name in codecs]
    images = list(zip(sizes, files))
    counts = [len(m.qualities) for m in models.values()]
    counts += [len(codecs_for(plan.image)[name].qualities) for name in codecs]
    entries = []
    with tqdm(total=2 * len(images) * sum(counts), unit="step", leave=False, disable=None) as bar:
        for kind, name in contestants:
            bar.set_description(name)
            start = time.monotonic()
            found = measure_in_child(
                kind, name, images, plan.repeats, bar.update, plan.lpips, plan.image
            )
            entries.append(
                Entry(
                    name,
                    kind,
                    found.description,
                    found.measurements,
                    found.baseline_mib,
                    found.peak_mib,
                    found.macs,
                )
            )
            if bar.disable:
                on_finished(_finished(entries[-1], len(images), time.monotonic() - start))
    by_name = {entry.name: entry for entry in entries}
    compare_with_anchor(entries, by_name[anchor], plan.psnr_range)
    anchor_curve = by_name[anchor].mean_curve()
    return Results(
        folder=os.fspath(plan.folder),
        images=sizes,
        entries=entries,
        missing=missing,
        anchor=anchor,
        psnr_range=plan.psnr_range,
        published=published,
        published_bd=_published_bd(published, files, anchor_curve, plan.psnr_range),
        verdicts=judge(
            plan.gates,
            list(models),
            lambda first, second: bd_rate(
                by_name[first].mean_curve(), by_name[second].mean_curve(), plan.psnr_range
            ),
        ),
        environment=_timed_environment(plan.repeats),
        enhancement=_enhancement(plan, entries, files) if plan.enhance else None,
        image=plan.image,
    )


def _finished(entry: Entry, images: int, seconds: float) -> str:
    qualities = len(entry.means())
    return (
        f"{entry.name}: {qualities} {'quality' if qualities == 1 else 'qualities'}, "
        f"{images} image{'s' if images > 1 else ''}, {seconds:.0f} s"
    )


def write(results: Results, out: Path, pictures: int) -> List[Path]:
    """Writes results.json, results.csv, rd.png and report.html into a folder.

    Args:
      results: of `run`.
      out: the folder.
      pictures: how many images the report shows, worst first.

    Returns:
      the files' paths

    Raises:
      OutputError: the folder cannot be written to.
    """
    from tfcomp.evaluation.gallery import worst_images
    from tfcomp.evaluation.plot import rate_distortion_png
    from tfcomp.evaluation.report import render

    files = {
        "results.json": to_json(results),
        "results.csv": to_csv(results),
        "rd.png": rate_distortion_png(results),
    }
    for name, content in files.items():
        write_atomically(out / name, content)
    # The report's pictures take time, so the figures are written first.
    shown = worst_images(results, pictures) if results.image.is_rgb8 else []
    write_atomically(out / "report.html", render(results, shown))
    return [out / name for name in (*files, "report.html")]


def make_writable(out: Path, images: Path) -> None:
    """Makes the folder for the results, before hours of measuring.

    Raises:
      OutputError: it cannot be written to, lies within the folder of test images, or holds a file
        of a result's name that no benchmark wrote.
      CodecError: a package is missing that the report needs.
    """
    _require(_FOR_THE_REPORT)
    if images.resolve() in (out.resolve(), *out.resolve().parents):
        raise OutputError(
            f"cannot write to {out}: the next run would take rd.png there for a test image; choose "
            f"a folder outside {images}"
        )
    others = [name for name in _RESULT_FILES if os.path.lexists(out / name)]
    if others and not _is_of_benchmark(out / _RESULT_FILES[0]):
        raise OutputError(
            f"cannot write to {out}: no benchmark wrote the {others[0]} there; choose another "
            "folder"
        )
    sweep_unfinished(out)
    probe = out / temporary_name()
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise OutputError(
            f"cannot write to {out}: {error.strerror or error}; choose another folder"
        ) from None


def _is_of_benchmark(path: Path) -> bool:
    try:
        return {"format_version", "entries", "anchor"} <= set(json.loads(path.read_bytes()))
    except (OSError, ValueError, RecursionError, TypeError):
        return False


def _require(modules: Sequence[str]) -> None:
    if any(importlib.util.find_spec(module) is None for module in modules):
        raise CodecError("the benchmark needs more packages; run: pip install 'tfcomp[benchmark]'")


def _sizes(folder: Path, files: Sequence[Path], spec: ImageSpec) -> Dict[str, Tuple[int, int]]:
    """Reads every image once, so that a broken one is named before anything is measured."""
    sizes = {}
    for path in tqdm(files, desc="reading", unit="image", leave=False, delay=1, disable=None):
        height, width, _ = read_pixels(path, spec).shape
        sizes[path.relative_to(folder).as_posix()] = (width, height)
    return sizes


def _installed(names: Sequence[str], spec: ImageSpec = RGB8) -> Tuple[List[str], List[str]]:
    """The codecs to measure, and one line about each that is not installed."""
    present, missing = [], []
    for name in dict.fromkeys(names):
        if name not in CODECS:
            raise ConfigError(f"unknown codec '{name}': choose of {', '.join(CODECS)}")
        codec = codecs_for(spec).get(name)
        line = codec.missing() if codec else f"{name}: does not hold {spec}"
        if line:
            missing.append(line)
        else:
            present.append(name)
    return present, missing


def _checked_names(
    plan: Plan, models: Sequence[str], codecs: Sequence[str], missing: Sequence[str]
) -> str:
    """The anchor's name; raises ConfigError for an option with a name that is not measured."""
    names = [*models, *codecs]
    if not names:
        raise ConfigError("nothing to measure: name a model or an installed codec")
    if set(models) & set(codecs):
        raise ConfigError(f"a model is named like a codec: {min(set(models) & set(codecs))}")
    default = "jpeg" if "jpeg" in names else (codecs or models)[0]
    asked = [plan.anchor or default]
    asked += [name for gate in plan.gates for name in (gate.anchor, gate.codec) if name]
    for name in asked:
        if name not in names:
            lines = [line for line in missing if line.startswith(f"{name}:")]
            why = lines[0] if lines else f"'{name}' is not part of this run"
            raise ConfigError(f"{why}; an anchor or gate must be of {', '.join(names)}")
    if any(gate.codec is None for gate in plan.gates) and not models:
        raise ConfigError("a gate without codec=NAME holds the models, and none was named")
    return asked[0]


def _enhancement(plan: Plan, entries: Sequence[Entry], files: Sequence[Path]) -> Enhancement:
    """Measures the filters on every contestant's pictures at a few of the measured settings."""
    filters = chosen_filters(plan.enhance)
    described, crops = training_crops(plan.enhance_training, plan.folder)
    metric = Lpips.installed() if plan.lpips else None
    decode_on_one_thread()
    settings = [(entry, q) for entry in entries for q in settings_near(entry.means())]
    rows = []
    total = len(settings) * len(files) * len(filters)
    with tqdm(total=total, unit="step", leave=False, disable=None) as bar:
        for entry, quality in settings:
            bar.set_description(f"enhancing {entry.name}")
            contestant = open_contestant(entry.kind, entry.name)
            rows += compare(contestant, quality, filters, crops, files, metric, bar.update)
    return Enhancement(described, {each.name: each.description for each in filters}, rows)


def _published_bd(
    curves: Sequence[PublishedCurve],
    files: Sequence[Path],
    anchor: Sequence[Point],
    psnr_range: Optional[Tuple[float, float]],
) -> Dict[str, Optional[RateDifference]]:
    """BD-rates of published curves, which were measured on Kodak: None on other images."""
    if not are_kodak([path.stem for path in files]):
        return {curve.name: None for curve in curves}
    return {
        curve.name: bd_rate(anchor, [Point(0, *point) for point in curve.points], psnr_range)
        for curve in curves
    }


def _timed_environment(repeats: int) -> Dict[str, object]:
    return {
        **environment("numpy", "Pillow", "ai-edge-litert", "bjontegaard", "scikit-image"),
        "timing": (
            f"1 thread, after a warm-up; {_often(repeats)}; a process of its own for each codec"
        ),
    }


def _often(repeats: int) -> str:
    if repeats == 1:
        return "each step once"
    return (
        f"each step {repeats} times (fewer once that takes {SECONDS_FOR_REPEATS} s), the median "
        "taken"
    )
