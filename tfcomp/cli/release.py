"""Release a trained codec: export, tune, measure and describe it in one bundle.

Tunes the encoder's thresholds and gains on a few training pictures, fits thumbnails to some more,
measures whole files of the pictures of --measure beside classical codecs, and writes results.json,
manifest.json and the model card from that. Needs: pip install 'tfcomp[train,benchmark]'
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tfcomp.cli.lists import listed
from tfcomp.cli.output import printable, remark
from tfcomp.errors import ConfigError
from tfcomp.networks.threads import ONE_THREAD

_CODECS = "jpeg,webp,avif,avif-psnr"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's own arguments."""
    parser.add_argument("run_folder", metavar="RUN", type=Path, help="a finished run's folder")
    parser.add_argument(
        "--out", metavar="BUNDLE", type=Path, required=True, help="new folder for the bundle"
    )
    parser.add_argument(
        "--measure",
        metavar="FOLDER",
        type=Path,
        required=True,
        help="pictures to measure on, none of those that it was trained or tuned on",
    )
    parser.add_argument("--name", help="the bundle's name; default: the name of --out")
    parser.add_argument(
        "--tune",
        metavar="SOURCE",
        help="pictures to tune on: a folder, or as after train's --data; default: the training "
        "data that the run's config names",
    )
    parser.add_argument(
        "--tune-pictures", type=int, default=12, metavar="N", help="how many of them (12)"
    )
    parser.add_argument(
        "--no-tune", action="store_true", help="keep the thresholds and gains of the run's config"
    )
    parser.add_argument(
        "--thumbnail-pictures",
        type=int,
        default=64,
        metavar="N",
        help="pictures of the same source to fit thumbnails to (64); 0: no thumbnails",
    )
    parser.add_argument(
        "--quantize",
        choices=("none", "float16", "dynamic"),
        default="float16",
        help="how weights are stored (float16)",
    )
    parser.add_argument(
        "--codecs",
        metavar="A,B",
        default=_CODECS,
        help=f"classical codecs to compare with, jpeg always ({_CODECS})",
    )
    parser.add_argument(
        "--rounds",
        metavar="A,B",
        default="4",
        help="rounds of search to measure beside none ('': none; 4)",
    )
    parser.add_argument(
        "--trainable",
        action="store_true",
        help="put the weights into the bundle, so that tfcomp teach --from can start from it",
    )
    parser.add_argument("--terms", help="of the weights, one line; default: of the run's config")
    parser.add_argument("--sources", help="the training pictures and their terms, likewise")
    parser.add_argument("--authors", help="who trained the weights, likewise")


def run(options: argparse.Namespace) -> int:
    """Runs the subcommand; returns its exit code."""
    # Before NumPy is loaded: tuning has a thread for each processor, and threads of NumPy's own
    # would spin while they wait for each other, for five times the work.
    os.environ.update(ONE_THREAD)
    from tfcomp.runs import requirements
    from tfcomp.runtime.quiet_tensorflow import import_quietly

    with requirements.named():
        import_quietly()
        from tfcomp.release.releasing import Plan, release

        words = {name: getattr(options, name) for name in ("terms", "sources", "authors")}
        manifest = release(
            Plan(
                run=options.run_folder,
                out=options.out,
                pictures=options.measure,
                name=options.name,
                quantize=options.quantize,
                tune=not options.no_tune,
                tune_source=options.tune,
                tune_pictures=options.tune_pictures,
                thumbnail_pictures=options.thumbnail_pictures,
                codecs=tuple(listed(options.codecs)),
                rounds=tuple(_numbers(options.rounds)),
                trainable=options.trainable,
                words={name: text for name, text in words.items() if text},
            ),
            remark,
        )
    for label, text in (("bundle", str(options.out)), ("measured", manifest["measured"])):
        print(printable(f"{label:<12}{text}"))
    return 0


def _numbers(text: str) -> list[int]:
    try:
        return [int(number) for number in listed(text)]
    except ValueError:
        raise ConfigError(f"--rounds takes whole numbers, such as 1,4, not '{text}'") from None
