"""The figures in a bundle's manifest and card, which come from the benchmark's results.

    pictures -> benchmark.run -> results.json -> manifest.json -> README.md
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence

from tfcomp.errors import OutputError
from tfcomp.evaluation import benchmark
from tfcomp.evaluation.classical import CODECS
from tfcomp.evaluation.contestants import CODEC, MODEL
from tfcomp.evaluation.curves import Point, bd_rate
from tfcomp.evaluation.results import Results, to_json
from tfcomp.export import measured_samples
from tfcomp.image_spec import ImageSpec
from tfcomp.runtime.atomic_file import write_atomically
from tfcomp.runtime.bundle import Bundle, read_manifest

RESULTS = "results.json"
ANCHOR = "jpeg"


def measure(
    bundle: Path,
    pictures: Path,
    codecs: Sequence[str] = (),
    rounds: Sequence[int] = (),
    on_finished: Callable[[str], object] = lambda line: None,
) -> Dict[str, Any]:
    """Codes every picture of a folder at every quality, and writes the bundle's results.json.

    Args:
      bundle: its folder, which need not be in its place yet.
      pictures: a folder, with those within it; none that the model was trained on.
      codecs: classical codecs to compare with, beside `ANCHOR`.
      rounds: numbers of rounds of search to measure beside none.
      on_finished: called with a line about each codec that is not installed, and see
        `benchmark.run`.

    Returns:
      manifest entries: see `manifest_entries`.

    Raises:
      CodecError: the folder holds no pictures, one cannot be read, or is not of the model's size.
    """
    manifest = read_manifest(bundle)
    if not manifest.image.is_rgb8:
        return measured_samples.measure(bundle, pictures)
    path, name = os.fspath(bundle), manifest.name
    results = benchmark.run(
        benchmark.Plan(
            folder=pictures,
            models=(path, *(f"{path}@{number}" for number in rounds)),
            codecs=(ANCHOR, *codecs),
            anchor=ANCHOR,
            repeats=1,
            published="none",
        ),
        lambda line: on_finished(line.replace(path, name)),
    )
    for line in results.missing:
        on_finished(line)
    for entry in results.entries:
        entry.name = entry.name.replace(path, name)
    return write_results(bundle, results)


def write_results(bundle: Path, results: Results) -> Dict[str, Any]:
    """Writes a bundle's results.json, and returns the manifest entries that follow from it."""
    content = to_json(results, reproducible=True)
    write_atomically(bundle / RESULTS, content)
    return manifest_entries(json.loads(content))


def check(pictures: Path, codecs: Sequence[str] = ()) -> None:
    """Raises early what `measure` would raise for any bundle.

    Raises:
      CodecError: the folder holds no pictures, or a codec or a package is not known or not there.
    """
    benchmark.check(
        benchmark.Plan(folder=pictures, models=(), codecs=(ANCHOR, *codecs), published="none")
    )


def measure_written(folder: Path, pictures: Path) -> Dict[str, Any]:
    """Measures a bundle that was exported earlier.

    Returns:
      its manifest with what was found, to be written by `bundle.write_manifest`.

    Raises:
      CodecError: as `measure`; or the folder holds no sound bundle.
    """
    if not (folder / "manifest.json").is_file():
        raise OutputError(
            f"{folder} holds no bundle to measure: give --tflite to write one, or another --out"
        )
    Bundle.read(folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {**manifest, **measure(folder, pictures)}


def manifest_entries(results: Mapping[str, Any]) -> Dict[str, Any]:
    """The manifest entries that follow from the object of results.json.

    Returns:
      "rate_distortion": a list with quality, bpp, psnr and, where some picture is large enough,
      ms_ssim: means over the pictures; null where every file is lossless. "measured": on what, and
      the BD-rates, in one line.
    """
    models = [entry for entry in results["entries"] if entry["kind"] == MODEL]
    codecs = [entry for entry in results["entries"] if entry["kind"] == CODEC]
    count = len(results["images"])
    spec = ImageSpec.from_json(results.get("image"))
    what = f"picture{'s' if count > 1 else ''}" + ("" if spec.is_rgb8 else f" of {spec}")
    how = "decoded 8-bit pixels" if spec.is_rgb8 else "PSNR by the samples' range"
    line = f"{results['folder']} ({count} {what}), whole files, {how}"
    differences = "; ".join(_differences(models[0], codecs, brief=not spec.is_rgb8))
    line += f"; BD-rate at equal PSNR {differences}." if differences else "."
    for model in models[1:]:
        searched = ", ".join(_differences(model, codecs, brief=True))
        number = model["name"].rpartition("@")[2]
        if searched:
            line += f" With {number} round{'s' if number != '1' else ''} of search: {searched}."
    return {"rate_distortion": [_point(mean) for mean in models[0]["mean"]], "measured": line}


def _point(mean: Mapping[str, Any]) -> Dict[str, Any]:
    point = {key: mean[key] for key in ("quality", "bpp", "psnr")}
    return point if mean["ms_ssim"] is None else {**point, "ms_ssim": mean["ms_ssim"]}


def _differences(
    model: Mapping[str, Any], codecs: Sequence[Mapping[str, Any]], brief: bool = False
) -> Iterator[str]:
    for codec in codecs:
        found = bd_rate(curve(codec), curve(model))
        if found is not None:
            name = codec["name"] if brief else _with_settings(codec["name"])
            yield f"against {name}: {found}"


def curve(entry: Mapping[str, Any]) -> List[Point]:
    """The mean curve of an entry of results.json."""
    return [
        Point(mean["quality"], mean["bpp"], mean["psnr"])
        for mean in entry["mean"]
        if mean["psnr"] is not None
    ]


def _with_settings(name: str) -> str:
    settings = CODECS[name].settings.items()
    return f"{name} ({', '.join(f'{key}={value}' for key, value in settings)})"
