"""`tfcomp release`: a trained run becomes a bundle; nobody writes into its manifest by hand.

    RUN -> write_bundle -> tune -> thumbnails -> measure
        -> manifest.json, README.md, SHA256SUMS -> OUT

All of it happens in a hidden folder beside OUT, which is renamed when it is whole.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from pathlib import Path
from typing import Any, Callable, Mapping

import numpy as np

from tfcomp.config import Config
from tfcomp.errors import ConfigError, OutputError
from tfcomp.evaluation.environment import environment
from tfcomp.export import bundle as bundle_module
from tfcomp.export.measured import check, measure
from tfcomp.export.thumbnail import (
    SIDE,
    USUAL_PICTURES,
    fitted_thumbnail,
    middle_of,
    why_without,
)
from tfcomp.models.base import CodecModel
from tfcomp.release.pictures import TuningPictures, drawn_pictures, tuning_pictures
from tfcomp.release.tuning import tune, why_untunable
from tfcomp.runs import run_folder, run_summary
from tfcomp.runtime.bundle import Bundle
from tfcomp.runtime.codec import BundleCodec

_PACKAGES = ("tensorflow", "keras", "tensorflow-compression", "ai-edge-litert", "numpy", "Pillow")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What to release.

    Attributes:
      run: the run folder. out: where the bundle goes; nothing may be there.
      pictures: the folder to measure on. name: of the bundle; that of `out` if None.
      quantize: how weights are stored, see `tflite.convert`; all but "int8".
      tune: whether to tune. tune_source: a folder or a source; the training data if None.
      tune_pictures: how many pictures to tune on.
      thumbnail_pictures: how many pictures of the same source to fit thumbnails to; 0 for a bundle
        without them.
      codecs: to compare with, beside JPEG. rounds: of search, to be measured too where there are
        gains for them.
      trainable: whether tfcomp teach can start from the bundle.
      words: terms, sources and authors (`ReleaseConfig`) that replace the run's.
    """

    run: Path
    out: Path
    pictures: Path
    name: str | None = None
    quantize: str = "float16"
    tune: bool = True
    tune_source: str | None = None
    tune_pictures: int = 12
    thumbnail_pictures: int = USUAL_PICTURES
    codecs: tuple[str, ...] = ()
    rounds: tuple[int, ...] = ()
    trainable: bool = False
    words: Mapping[str, str] = dataclasses.field(default_factory=dict)


def release(plan: Plan, say: Callable[[str], object] = lambda line: None) -> dict[str, Any]:
    """Exports, tunes, measures and describes a run.

    Args:
      plan: what to release.
      say: called with a line about each step that is done.

    Returns:
      the bundle's manifest.

    Raises:
      CodecError: there is no such run or no picture, `out` exists or can't be written, or a picture
        is both tuned on and measured.
    """
    if plan.tune_pictures < 1 or any(number < 1 for number in plan.rounds):
        raise ConfigError("--tune-pictures and --rounds take 1 or more")
    if plan.thumbnail_pictures < 0:
        raise ConfigError("--thumbnail-pictures takes 0 or more")
    _check_absent(plan.out)
    check(plan.pictures, plan.codecs)
    model, config = run_folder.load_model(plan.run)
    config = dataclasses.replace(config, release=dataclasses.replace(config.release, **plan.words))
    why = why_untunable(model, config) if plan.tune else None
    if why:
        say(f"nothing to tune: {why}")
    tuning = plan.tune and not why
    pictures = tuning and tuning_pictures(
        config, plan.tune_source, plan.tune_pictures, plan.pictures
    )
    for_thumbnails = _pictures_for_thumbnails(plan, model, config, say)

    def finish(work: Path) -> dict[str, Any]:
        entries: dict[str, Any] = {"environment": environment(*_PACKAGES)}
        if pictures:
            start = time.monotonic()
            entries.update(_tuned(work, model, pictures))
            say(f"tuned on {pictures.description}: {time.monotonic() - start:.0f} s")
            manifest = json.loads((work / "manifest.json").read_text(encoding="utf-8"))
            bundle_module.write_manifest(work, {**manifest, **entries})
        if for_thumbnails:
            start = time.monotonic()
            entries.update(_with_thumbnails(work, for_thumbnails))
            say(f"thumbnails of {len(for_thumbnails)} pictures: {time.monotonic() - start:.0f} s")
        rounds = plan.rounds if Bundle.read(work).tuning.has_rounds else ()
        entries.update(measure(work, plan.pictures, plan.codecs, rounds, say))
        _check_absent(plan.out)
        return entries

    return bundle_module.write_bundle(
        model,
        config,
        plan.out,
        plan.name or plan.out.name,
        quantize=plan.quantize,
        training=run_summary.summarize(config, plan.run),
        trainable=plan.trainable,
        finish=finish,
    )


def _tuned(work: Path, model: CodecModel, pictures: TuningPictures) -> dict[str, Any]:
    """Tunes the bundle in a folder; returns what of it stands in the manifest."""
    tuned = tune(Bundle.read(work), model, pictures)
    bundle_module.replace_tuning(work, tuned.tuning)
    return {"distortion_weights": tuned.distortion_weights, "tuning": tuned.record}


def _pictures_for_thumbnails(
    plan: Plan, model: CodecModel, config: Config, say: Callable[[str], object]
) -> list[np.ndarray]:
    """Pictures of whole latents to fit thumbnails to; none where the bundle will have none."""
    why = why_without(model.prior.kind, model.stride)
    if why or not plan.thumbnail_pictures:
        say(f"no thumbnails: {why or 'none were asked for'}")
        return []
    drawn, name = drawn_pictures(
        config, plan.tune_source, plan.thumbnail_pictures, plan.pictures, SIDE
    )
    enough = [each for each in drawn if min(each.shape[:2]) >= model.stride]
    if not enough:
        raise ConfigError(
            f"{name} has no picture of {model.stride} pixels a side to fit thumbnails to: give "
            "others after --tune, or --thumbnail-pictures 0"
        )
    return [middle_of(each, model.stride) for each in enough]


def _with_thumbnails(work: Path, pictures: list[np.ndarray]) -> dict[str, Any]:
    """Fits and writes the network; returns what of it stands in the manifest."""
    network, channels = fitted_thumbnail(BundleCodec(Bundle.read(work)), pictures)
    (work / "thumbnail.tflite").write_bytes(network)
    return {"thumbnail_channels": channels}


def _check_absent(out: Path) -> None:
    if os.path.lexists(out):
        raise OutputError(f"{out} exists already: give another --out, or remove it")
