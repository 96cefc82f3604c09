"""`tfcomp teach`: from pictures to an installed model and its report."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
from pathlib import Path
from typing import Callable, Iterator, Sequence

from tfcomp import config as config_module
from tfcomp.config import Config
from tfcomp.config.dependent_frames import without_dependent_frames
from tfcomp.config.run import DataConfig, OptimizerConfig, TrainingConfig
from tfcomp.data.source import ImageSource
from tfcomp.errors import ConfigError, OutputError
from tfcomp.evaluation import benchmark
from tfcomp.evaluation.contestants import CODEC
from tfcomp.evaluation.results import Results
from tfcomp.export import bundle as bundle_module
from tfcomp.export.measured import ANCHOR, write_results
from tfcomp.image_spec import ImageSpec, spec_of
from tfcomp.models.base import CodecModel
from tfcomp.runs import run_folder, run_summary
from tfcomp.runs.starting_run import starting_run
from tfcomp.runtime import installing, registry
from tfcomp.runtime.atomic_file import write_atomically
from tfcomp.runtime.bundle import is_bundle
from tfcomp.teaching import held_out, lesson, verdict
from tfcomp.teaching.kinds import UNSAID, Wanted
from tfcomp.teaching.pictures import Pictures, name_of, open_pictures
from tfcomp.training import loop

__all__ = ["Plan", "Taught", "Wanted", "lesson_config", "name_of", "teach"]

_CROP, _BATCH = 192, 4
_CACHED_BYTES = 1 << 30  # decoded pictures kept in memory; more are decoded when they are needed
_STEPS = 10_000_000  # more than any time allows
_CROPS_LOOKED_AT = 12
_PEAK_RATE, _DECIBELS_FOR_A_TENTH = 1e-3, 25.0
_PICTURES_SHOWN = 6  # in the report
_UNTAUGHT = "untaught"
_MOST_RAISED = 40  # dB


@dataclasses.dataclass(frozen=True)
class Plan:
    """What to teach.

    Attributes:
      pictures: see `pictures.open_pictures`.
      out: the folder for all that comes of it, named like the model.
      codecs: classical codecs to compare with.
      start: the model to start with; see `starting_run`.
      minutes: that the training may take.
      held_out: a folder of pictures to measure on, instead of a part of `pictures`.
      data_dir: where prepared TFDS data sets lie.
      shrink: factor for all pictures; None for what the survey says.
      learning_rate: at its peak, Muon's step follows it; None for what `peak_rate` says.
      seed: of crops and noise.
      install: whether to install the model.
      wanted: what the user says of channels and samples.
      anew: whether to take the start's shape alone: weights begin with principal components.
      raise_psnr: dB by which all qualities are to be higher than the start's.
    """

    pictures: str
    out: Path
    codecs: tuple[str, ...]
    start: str = "cycle-small"
    minutes: float = 60.0
    held_out: Path | None = None
    data_dir: str | None = None
    shrink: float | None = None
    learning_rate: float | None = None
    seed: int = 1
    install: bool = True
    wanted: Wanted = UNSAID
    anew: bool = False
    raise_psnr: float = 0.0

    def __post_init__(self) -> None:
        if not self.minutes > 0:
            raise ConfigError("--minutes takes more than 0")
        if self.shrink is not None and not 0.1 <= self.shrink <= 1:
            raise ConfigError("--shrink takes a factor from 0.1 to 1")
        if not -_MOST_RAISED <= self.raise_psnr <= _MOST_RAISED:
            raise ConfigError(f"--raise-psnr takes up to {_MOST_RAISED} dB")

    @property
    def peak_rate(self) -> float:
        """The learning rate at its peak: a quarter for 15 dB more, as small errors count more."""
        if self.learning_rate is not None:
            return self.learning_rate
        return _PEAK_RATE * 10 ** (-max(0.0, self.raise_psnr) / _DECIBELS_FOR_A_TENTH)


@dataclasses.dataclass(frozen=True)
class Taught:
    """What came of it: the model's name, its bundle, and whether it pays, in words."""

    name: str
    bundle: Path
    files: tuple[Path, ...]
    lines: tuple[str, ...]


def teach(
    plan: Plan,
    say: Callable[[str], object],
    on_progress: Callable[[float, float, float], object] = lambda *_: None,
) -> Taught:
    """Trains, exports, installs, measures and reports.

    Args:
      plan: what to teach.
      say: called with a line about each step.
      on_progress: see `lesson.Lesson`.

    Raises:
      CodecError: pictures, start or `out` are not what they must be; nothing is left behind then.
    """
    name = plan.out.name
    _check_free(plan.out, name)
    benchmark.check_codecs(plan.codecs)
    begun = starting_run(plan.start)
    config = config_module.load(begun / run_folder.CONFIG)
    if config.model.family != "cycle":
        raise ConfigError(f"{plan.start} is a '{config.model.family}' model: only cycle is taught")
    given = open_pictures(plan.pictures, plan.held_out, plan.data_dir, plan.seed, plan.wanted)
    known, spec = spec_of(config.model), given.spec
    start = _start_in_words(plan, known, spec)
    for line in (*given.survey.lines(), given.kind, start):
        if line:
            say(line)
    shrink = given.survey.shrink if plan.shrink is None else plan.shrink
    pictures = plan.out / "held-out"
    with _left_only_with_steps(plan.out):
        number = held_out.write(given.held_out(), pictures, shrink, spec)
        say(
            f"held out and measured at the end: {number} ({given.way}); learnt from: "
            f"{given.source.count}"
        )
        config = lesson_config(config, begun, plan, given, shrink)
        model, config, course = _train(plan, config, given.source, pictures, say, on_progress)
    bundle = plan.out / "bundle"
    summary = run_summary.summarize(config, plan.out / "run")
    bundle_module.write_bundle(model, config, bundle, name, quantize="float16", training=summary)
    if plan.install:
        installing.install(bundle, force=True)
        say(f"installed: tfcomp compress --model {name} PICTURES")
    benchmark.make_writable(plan.out / "report", pictures)
    with _untaught(plan, begun, known == spec) as untaught:
        models = [name if plan.install else str(bundle), *untaught]
        results = _measure(plan, models, pictures, spec)
        files = benchmark.write(results, plan.out / "report", _PICTURES_SHOWN)
    _add_figures(bundle, results)
    if plan.install:
        installing.install(bundle, force=True)
    _write_course(plan.out, course)
    return Taught(
        name,
        bundle,
        (*files, plan.out / "recipe.yaml"),
        tuple(verdict.lines(results, has_untaught=known == spec)),
    )


def _start_in_words(plan: Plan, known: ImageSpec, spec: ImageSpec) -> str:
    """What of the start's weights is taken; nothing where that is all."""
    channels = f"{spec.channels} channel{'s' if spec.channels > 1 else ''}"
    if plan.anew:
        return f"starts anew in the shape of {plan.start}, from principal components of {channels}"
    if known == spec:
        return ""
    line = f"starts with the weights of {plan.start}, of {known}"
    if known.channels != spec.channels:
        line += f"; the kernel on pixels is made anew from principal components of {channels}"
    return line


def lesson_config(
    config: Config, begun: Path, plan: Plan, given: Pictures, shrink: float
) -> Config:
    """The run's config: the start's model and loss, and data and times of the lesson."""
    found = given.survey
    side = min(_CROP, max(64, int(found.smallest * shrink) // 64 * 64))
    pixel = given.spec.channels * given.spec.dtype.itemsize
    in_memory = found.count * found.pixels * pixel <= _CACHED_BYTES
    factor = 10 ** (plan.raise_psnr / 10)  # of the distortion's weight
    model = without_dependent_frames(config.model)
    model = dataclasses.replace(
        model,
        image=given.spec,
        min_lambda=model.min_lambda * factor,
        max_lambda=model.max_lambda * factor,
    )
    return dataclasses.replace(
        config,
        model=model,
        data=DataConfig(
            source=given.data_source,
            data_dir=given.data_dir,
            split=given.split,
            crop=side,
            batch_size=_BATCH,
            downscale=(shrink * 0.95, shrink) if shrink < 1 else (0.9, 1.0),
            downscale_probability=1.0 if shrink < 1 else 0.0,
            cache=in_memory,
            crops_per_image=1 if in_memory else 4,
        ),
        optimizer=OptimizerConfig(
            learning_rate=plan.peak_rate, muon_step=2.0 * plan.peak_rate
        ),
        training=TrainingConfig(
            steps=_STEPS,
            seed=plan.seed,
            float32_from=1.0,
            log_every=50,
            checkpoint_minutes=5.0,
            picture_every=0,
            start_from=None if plan.anew else str(begun),
        ),
    )


def _train(
    plan: Plan,
    config: Config,
    source: ImageSource,
    pictures: Path,
    say: Callable[[str], object],
    on_progress: Callable[[float, float, float], object],
) -> tuple[CodecModel, Config, lesson.Lesson]:
    spec = config.model.image
    crops = held_out.crops(pictures, config.data.crop, _CROPS_LOOKED_AT, spec)
    course = lesson.Lesson(
        lesson.TimedRate(plan.peak_rate),
        60 * plan.minutes,
        lesson.HeldOutCrops(crops, config.model.qualities, spec),
        on_progress,
    )
    with lesson.ended_by_interrupt(course, say):
        guide = loop.Guide(source, course.rate, (course,), bar=False)
        model = loop.train(config, plan.out / "run", guide=guide)
    assert model is not None  # there is one worker
    course.finish()
    say(
        f"{course.steps} steps in {course.taken / 60:.0f} min: {course.looks[-1].gain:+.1f} % "
        "bytes on held-out crops, by the entropy model's own estimate"
        + (" (ended early: they gained no more)" if course.tired else "")
    )
    config = dataclasses.replace(
        config,
        optimizer=dataclasses.replace(config.optimizer, cuts=tuple(lesson.cuts(course))),
        training=dataclasses.replace(config.training, steps=max(1, course.steps)),
    )
    recipe = config_module.dump(config)
    write_atomically(plan.out / "recipe.yaml", recipe.encode("utf-8"))
    return model, config, course


@contextlib.contextmanager
def _left_only_with_steps(out: Path) -> Iterator[None]:
    """Makes the folder; where the work in it fails before there is a checkpoint, removes it."""
    out.mkdir(parents=True)
    try:
        yield
    except BaseException:
        checkpoints = out / "run" / "checkpoints"
        if not (checkpoints.is_dir() and any(checkpoints.iterdir())):
            shutil.rmtree(out, ignore_errors=True)
        raise


@contextlib.contextmanager
def _untaught(plan: Plan, begun: Path, codes_them: bool) -> Iterator[tuple[str, ...]]:
    """The model that the lesson began with, as the benchmark takes it: a name or a bundle's path.

    None where it is of other pictures. A run is exported for as long as that takes.
    """
    if not codes_them:
        yield ()
        return
    if is_bundle(begun):
        yield (plan.start,)
        return
    bundle = plan.out / _UNTAUGHT
    model, config = run_folder.load_model(begun)
    bundle_module.write_bundle(model, config, bundle, _UNTAUGHT, quantize="float16")
    yield (str(bundle),)
    shutil.rmtree(bundle)


def _measure(plan: Plan, models: Sequence[str], pictures: Path, spec: ImageSpec) -> Results:
    return benchmark.run(
        benchmark.Plan(
            folder=pictures,
            models=tuple(models),
            codecs=plan.codecs,
            repeats=1,
            published="none",
            image=spec,
        )
    )


def _add_figures(bundle: Path, results: Results) -> None:
    """Puts what was measured into the manifest and the card."""
    codecs = [entry for entry in results.entries if entry.kind == CODEC]
    if results.image.is_rgb8:
        codecs = [entry for entry in codecs if entry.name == ANCHOR]
    own = dataclasses.replace(results, entries=[results.entries[0], *codecs])
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    bundle_module.write_manifest(bundle, {**manifest, **write_results(bundle, own)})


def _write_course(out: Path, course: lesson.Lesson) -> None:
    looks = [dataclasses.asdict(look) for look in course.looks]
    write_atomically(out / "course.json", json.dumps(looks, indent=1).encode() + b"\n")


def _check_free(out: Path, name: str) -> None:
    if out.exists():
        raise OutputError(f"{out} exists already: give another --out, or remove it")
    if name in registry.list_models():
        raise OutputError(
            f"a model named {name} is installed: give an --out with another last name, or "
            f"tfcomp install --remove {name}"
        )
