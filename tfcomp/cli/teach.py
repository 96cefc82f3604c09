"""Teach a codec your own pictures: trained, measured and installed within a time.

Starts with a trained model, holds a part of the pictures back, and in the end measures whole files
of those beside classical codecs: report/report.html in --out. Ctrl-C ends the training early and
keeps what was learnt. Needs: pip install 'tfcomp[train,benchmark]'
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from tfcomp.cli.benchmark import USUAL_CODECS
from tfcomp.cli.lists import listed
from tfcomp.cli.output import printable, remark


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's own arguments."""
    parser.add_argument(
        "pictures",
        metavar="SOURCE",
        help="pictures to learn: a folder (of train and test in it, test is held out), a TIFF, "
        ".npy or .npz file, a Zarr array, or tfds:NAME",
    )
    parser.add_argument(
        "--from",
        dest="start",
        default="cycle-small",
        metavar="MODEL",
        help="the model to start with, by name or folder, or a run folder (cycle-small)",
    )
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="that the training may take (60)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="MODEL",
        help="new folder for all that comes of it; its last name is the model's "
        "(default: taught/NAME-OF-SOURCE)",
    )
    parser.add_argument(
        "--held-out", type=Path, metavar="FOLDER", help="pictures to measure on instead"
    )
    parser.add_argument(
        "--data-dir", metavar="FOLDER", help="where prepared data sets of tfds:NAME lie"
    )
    parser.add_argument(
        "--shrink",
        type=float,
        metavar="FACTOR",
        help="shrink every picture by this; 1: not at all (default: 0.64 to 1, by what JPEG left)",
    )
    parser.add_argument(
        "--channels",
        type=int,
        metavar="N",
        help="of the pictures, where their axes do not tell; 1: grey (default: what files say)",
    )
    parser.add_argument(
        "--bits",
        type=int,
        metavar="N",
        help="of whole samples (default: 8 of uint8; of uint16 10, 12, 14 or 16, by what is seen)",
    )
    parser.add_argument(
        "--range",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="that all samples of float32 pictures are in",
    )
    parser.add_argument(
        "--anew",
        action="store_true",
        help="take the shape of the model to start with, and no weights of it",
    )
    parser.add_argument(
        "--raise-psnr",
        type=float,
        default=0.0,
        metavar="DB",
        help="make all qualities higher than those of the model to start with (0)",
    )
    parser.add_argument(
        "--learning-rate",
        type=float,
        metavar="RATE",
        help="at its peak (0.001, less with --raise-psnr)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of crops and noise (1)")
    parser.add_argument(
        "--codecs",
        metavar="A,B",
        default=USUAL_CODECS,
        help=f"classical codecs to compare with ({USUAL_CODECS})",
    )
    parser.add_argument("--no-install", action="store_true", help="leave the model in --out")


def run(options: argparse.Namespace) -> int:
    """Runs the subcommand; returns its exit code."""
    from tfcomp.runs import requirements
    from tfcomp.runtime.quiet_tensorflow import import_quietly

    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as train.py does
    with requirements.named():
        import_quietly()
        from tfcomp.teaching.teaching import Plan, Wanted, name_of, teach

        plan = Plan(
            pictures=options.pictures,
            out=options.out or Path("taught") / name_of(options.pictures),
            start=options.start,
            minutes=options.minutes,
            held_out=options.held_out,
            data_dir=options.data_dir,
            shrink=options.shrink,
            learning_rate=options.learning_rate,
            seed=options.seed,
            codecs=tuple(listed(options.codecs)),
            install=not options.no_install,
            wanted=Wanted(
                options.channels,
                options.bits,
                tuple(options.range) if options.range else None,
            ),
            anew=options.anew,
            raise_psnr=options.raise_psnr,
        )
        bar = _Bar()
        try:
            taught = teach(plan, bar.say, bar.show)
        finally:
            bar.close()
    for line in (*taught.lines, f"report: {taught.files[-2]}"):
        print(printable(line))
    return 0


class _Bar:
    """Time done, time left and the gain so far; opened by the first step, closed by the last."""

    def __init__(self) -> None:
        self._bar: Any = None

    def show(self, done: float, total: float, gain: float) -> None:
        """Takes seconds and percent."""
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=round(total),
                disable=None,
                dynamic_ncols=True,
                bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}, {postfix}",
                desc="learning",
            )
        left = max(0, round(total - done))
        self._bar.total = round(total)
        self._bar.set_postfix_str(
            f"{left // 60}:{left % 60:02d} left, {gain:+.1f} % bytes so far", refresh=False
        )
        self._bar.update(done - self._bar.n)

    def say(self, line: str) -> None:
        """Writes a line above the bar."""
        if self._bar is not None:
            self._bar.clear()
        remark(line)

    def close(self) -> None:
        """Leaves the bar as it is."""
        if self._bar is not None:
            self._bar.close()
