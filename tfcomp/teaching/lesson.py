"""A training that fits a time: its learning rate, its looks at held-out crops, its early end.

The rate rises, stays, and falls to nothing over the last half of the time, as a codec gains most of
what it gains while the rate falls. Where held-out crops stop gaining before that, the fall begins
at once and is shorter.
"""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import threading
import time
from typing import Any, Callable, Iterator

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp.evaluation.curves import Point, bd_rate
from tfcomp.image_spec import RGB8, ImageSpec

_WARMUP, _FALL_FROM = 0.02, 0.5
_SHORT_FALL = 0.5  # of the time before it
_LOOKS = 30  # at held-out crops, unless they take more than a twentieth of the time
_SHARE_OF_LOOKS = 0.05
_PATIENCE, _WORTH_GOING_ON = 8, 0.3  # looks; percent of the bytes that they must bring
_BATCH = 4
_LEAST_ERROR = 1e-4 / 255**2


class TimedRate(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that follows the clock: `peak` times a factor that is set from outside."""

    def __init__(self, peak: float) -> None:
        self.peak = float(peak)
        self.factor = tf.Variable(0.0, trainable=False, name="rate_factor")

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        return self.peak * self.factor

    def get_config(self) -> dict[str, Any]:
        return {"peak": self.peak}


@dataclasses.dataclass
class Times:
    """When the rate begins to fall and when the training ends, in s from its start."""

    fall: float
    end: float

    @classmethod
    def of(cls, seconds: float) -> Times:
        """For a training of so many seconds."""
        return cls(_FALL_FROM * seconds, seconds)

    def factor(self, elapsed: float) -> float:
        """Of the learning rate, 0 to 1."""
        if elapsed >= self.fall:
            return max(0.0, (self.end - elapsed) / (self.end - self.fall))
        return min(1.0, max(0.02, elapsed / (_WARMUP * self.end)))

    def fall_now(self, elapsed: float) -> None:
        """Lets the rate fall from now on, for half as long as it stood."""
        self.fall = elapsed
        self.end = min(self.end, elapsed * (1 + _SHORT_FALL))


class HeldOutCrops:
    """Estimates how many bytes fewer a model takes for crops that it does not learn from.

    Rates are the entropy model's own; PSNR is of decoded samples, by their range.

    Args:
      crops: samples [N, side, side, channels].
      qualities: of the model.
      spec: of the crops.
    """

    def __init__(self, crops: np.ndarray, qualities: int, spec: ImageSpec = RGB8) -> None:
        self._crops, self._spec = crops, spec
        self._qualities = range(1, qualities + 1)
        self._first: list[Point] | None = None
        self._coded: Any = None

    def gain(self, model: keras.Model) -> float:
        """Percent of bytes at equal PSNR against the first call's model; negative saves."""
        curve = [self._point(model, quality) for quality in self._qualities]
        if self._first is None:
            self._first = curve
        found = bd_rate(self._first, curve)
        return found.percent if found else float("nan")

    def _point(self, model: keras.Model, quality: int) -> Point:
        if self._coded is None:
            self._coded = tf.function(
                lambda images, quality: model(images, quality=quality)[:2], reduce_retracing=True
            )
        rates, errors = [], []
        for first in range(0, len(self._crops), _BATCH):
            images = self._crops[first : first + _BATCH]
            units = ((images - np.float32(self._spec.low)) / self._spec.peak).astype(np.float32)
            decoded, bits = self._coded(tf.constant(units), tf.fill([len(images)], quality))
            found = np.clip(decoded.numpy(), 0, 1)
            if self._spec.is_whole:
                found = np.round(found * self._spec.peak) / self._spec.peak
            errors += list(np.mean((found - units) ** 2, axis=(1, 2, 3)))
            rates += list(bits.numpy() / (images.shape[1] * images.shape[2]))
        psnr = np.mean([-10 * np.log10(max(error, _LEAST_ERROR)) for error in errors])
        return Point(quality, float(np.mean(rates)), float(psnr))


@dataclasses.dataclass(frozen=True)
class Look:
    """What held-out crops gained: `gain` in percent after `minutes` and `steps`."""

    minutes: float
    steps: int
    gain: float


class Lesson(keras.callbacks.Callback):
    """Runs a training by the clock, and ends it.

    Args:
      rate: of the optimiser.
      seconds: that the training may take.
      crops: to look at.
      on_progress: called after every step with the seconds that are done, those in all, and the
        last gain in percent.
      clock: gives s.

    Attributes:
      ended: whether the training was ended by the clock or the user, not by a fault.
      stopped: whether to end after the step that runs.
      tired: whether it ended early, as held-out crops gained no more.
      looks: what was seen.
      steps: optimiser steps that were done.
      taken: seconds that they took, the first one left out.
    """

    def __init__(
        self,
        rate: TimedRate,
        seconds: float,
        crops: HeldOutCrops,
        on_progress: Callable[[float, float, float], object] = lambda *_: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.rate, self.crops, self.clock = rate, crops, clock
        self.times, self.on_progress = Times.of(seconds), on_progress
        self.looks: list[Look] = []
        self.factors: list[float] = []  # of the rate, after each step
        self.ended = self.stopped = self.tired = False
        self.steps, self.taken = 0, 0.0
        self._start: float | None = None
        self._pause = seconds / _LOOKS

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        if not self.looks:
            self._look(0.0)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.steps += 1
        if self._start is None:  # the first step takes long to be traced
            self._start = self.clock()
        elapsed = self.elapsed()
        if elapsed - 60 * self.looks[-1].minutes >= self._pause and elapsed < self.times.end:
            self._look(elapsed)
            self._end_where_nothing_is_gained(elapsed)
            elapsed = self.elapsed()
        factor = self.times.factor(elapsed)
        self.rate.factor.assign(factor)
        self.factors.append(factor)
        self.on_progress(min(elapsed, self.times.end), self.times.end, self.looks[-1].gain)
        self.taken = elapsed
        if elapsed >= self.times.end or self.stopped:
            self.ended = self.model.stop_training = True

    def finish(self) -> None:
        """Looks a last time, at what is kept."""
        self._look(self.taken)

    def elapsed(self) -> float:
        """Seconds since the first step was done."""
        return 0.0 if self._start is None else self.clock() - self._start

    def _look(self, elapsed: float) -> None:
        start = self.clock()
        self.looks.append(Look(elapsed / 60, self.steps, self.crops.gain(self.model)))
        self._pause = max(self._pause, (self.clock() - start) / _SHARE_OF_LOOKS)

    def _end_where_nothing_is_gained(self, elapsed: float) -> None:
        recent = [look.gain for look in self.looks[-_PATIENCE - 1 :]]
        if elapsed >= self.times.fall or len(recent) <= _PATIENCE or len(self.looks) <= 6:
            return
        if min(recent[1:]) > recent[0] - _WORTH_GOING_ON:
            self.tired = True
            self.times.fall_now(elapsed)


@contextlib.contextmanager
def ended_by_interrupt(lesson: Lesson, say: Callable[[str], object]) -> Iterator[None]:
    """Within it Ctrl-C ends the lesson after the step that runs; a second one interrupts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: Any) -> None:
        lesson.stopped = True
        signal.signal(signal.SIGINT, before)
        say("ending: what was learnt is kept; Ctrl-C again gives it up")

    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def cuts(lesson: Lesson, number: int = 12) -> list[tuple[float, float]]:
    """The rate that was, as cuts of a recipe: (fraction of the steps, factor) pairs."""
    factors, steps = lesson.factors, lesson.steps
    fall = next((n for n, f in enumerate(factors) if n > steps * _WARMUP and f < 1), steps)
    places = np.linspace(fall, steps, number if fall < steps else 0, endpoint=False)
    return [(round(int(n) / steps, 4), round(max(factors[int(n)], 1e-3), 4)) for n in places]
