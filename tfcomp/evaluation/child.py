"""Measures each contestant in its own process: one thread, and a peak memory of its own.

`python -m tfcomp.evaluation.child` reads one JSON job and writes one JSON line for each event.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from tfcomp.errors import CodecError
from tfcomp.evaluation.macs import MacsPerPixel, macs_per_pixel
from tfcomp.evaluation.measuring import Measurement, measure, peak_memory_mib
from tfcomp.image_spec import RGB8, ImageSpec
from tfcomp.networks.threads import ONE_THREAD


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a contestant's process measured.

    Attributes:
      description: one line of versions and settings.
      measurements: one per image and quality.
      macs: of a model; None for a classical codec.
      baseline_mib: peak memory before the codec was opened: Python, NumPy and Pillow.
      peak_mib: peak memory once all was coded. Both None where the system does not tell.
    """

    description: str
    measurements: List[Measurement]
    macs: Optional[MacsPerPixel]
    baseline_mib: Optional[float]
    peak_mib: Optional[float]


def measure_in_child(
    kind: str,
    name: str,
    images: Sequence[Tuple[str, Path]],
    repeats: int,
    on_step: Callable[[], object],
    lpips: bool = False,
    spec: ImageSpec = RGB8,
) -> Outcome:
    """Runs `measure` in a new process.

    Raises:
      CodecError: the process failed; the message says why.
    """
    job = {
        "kind": kind,
        "name": name,
        "images": [(label, os.path.abspath(path)) for label, path in images],
        "repeats": repeats,
        "lpips": lpips,
        "image": spec.to_json(),
    }
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", "tfcomp.evaluation.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=_environment(),
        )
        try:
            assert process.stdin and process.stdout
            # A broken pipe means a dead process, which is reported below.
            with contextlib.suppress(BrokenPipeError), process.stdin:
                process.stdin.write(json.dumps(job).encode())
            outcome = _follow(process.stdout, on_step)
        finally:
            process.kill()  # also after Ctrl-C; does nothing if it has ended
            process.wait()
        if isinstance(outcome, Outcome):
            return outcome
        complaints.seek(0)
        last = complaints.read().decode(errors="replace").strip().splitlines()[-1:]
    reason = outcome or " ".join(last) or "it was killed, perhaps for want of memory"
    raise CodecError(f"{name} could not be measured: {reason}")


def _follow(lines: Any, on_step: Callable[[], object]) -> Any:
    """The Outcome; an error message; or None if the process ended without either."""
    for line in lines:
        event = json.loads(line)
        if "error" in event:
            return event["error"]
        if "measurements" in event:
            found = [Measurement(**entry) for entry in event.pop("measurements")]
            counted = event.pop("macs")
            macs = MacsPerPixel(**counted) if counted else None
            return Outcome(measurements=found, macs=macs, **event)
        on_step()
    return None


def _environment() -> Dict[str, str]:
    import tfcomp

    home = str(Path(tfcomp.__file__).resolve().parents[1])
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(paths)}


def main() -> None:
    """Runs in the child process."""
    # Standard output carries the events alone; all other output goes to standard error.
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(**event: Any) -> None:
        print(json.dumps(event), file=events, flush=True)

    try:
        job = json.loads(sys.stdin.buffer.read())
        baseline = peak_memory_mib()
        from tfcomp.evaluation.classical import decode_on_one_thread
        from tfcomp.evaluation.contestants import Model, open_contestant
        from tfcomp.evaluation.lpips import Lpips

        spec = ImageSpec.from_json(job["image"])
        contestant = open_contestant(job["kind"], job["name"], spec)
        decode_on_one_thread()
        images = [(label, Path(path)) for label, path in job["images"]]
        metric = Lpips.installed() if job["lpips"] else None
        found, peak = measure(
            contestant, images, job["repeats"], lambda: say(step=1), metric, spec
        )
        macs = None
        # What TensorFlow multiplies in gradient descent is not heard.
        if isinstance(contestant, Model) and not contestant.plan.steps:
            counted = macs_per_pixel(contestant.codec.bundle, contestant.plan.rounds)
            macs = dataclasses.asdict(counted)
    except CodecError as error:
        say(error=str(error))
        return
    except MemoryError:
        say(error="there is not enough memory")
        return
    say(
        description=contestant.describe(),
        measurements=[dataclasses.asdict(measurement) for measurement in found],
        macs=macs,
        baseline_mib=baseline,
        peak_mib=peak,
    )


if __name__ == "__main__":
    main()
