"""Prints the table of figures in README.md.

The models' curves are those of results.json in their bundles, which `tfcomp release` measures. The
classical codecs' curves stand in kodak.json beside this file: means over the images, whole files
and decoded 8-bit pixels. `--measure KODAK` measures them anew.

`--write` puts the table into README.md, between the two marks that are there.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Sequence

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
CLASSICAL = Path(__file__).with_name("kodak.json")
README = ROOT / "README.md"
MODELS = ("cycle", "cycle-small")
NAMES = {
    "webp": "WebP, method 6",
    "avif": "AVIF 4:2:0, speed 6",
    "avif-psnr": "AVIF 4:2:0, speed 6, tune=psnr",
    "jpeg2000": "JPEG 2000, OpenJPEG",
    "jxl": "JPEG XL, effort 7",
}
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def table() -> str:
    """The table as Markdown, a line for each model and each classical codec."""
    from tfcomp.evaluation.curves import Point, bd_rate

    classical = {
        name: [Point(*point) for point in points]
        for name, points in json.loads(CLASSICAL.read_text(encoding="utf-8")).items()
    }
    curves = {
        f"**{name}**": ([Point(*point) for point in _model_curve(name)], _megabytes(name))
        for name in MODELS
    }
    curves.update({label: (classical[name], "") for name, label in NAMES.items()})
    lines = [
        "| | BD-rate against JPEG | compared over, dB | against AVIF, tune=psnr | bundle, MB |",
        "| --- | --- | --- | --- | --- |",
    ]
    for label, (curve, size) in curves.items():
        found = bd_rate(classical["jpeg"], curve)
        avif = bd_rate(classical["avif-psnr"], curve)
        assert found is not None and avif is not None, f"{label} shares no PSNR with JPEG or AVIF"
        against = "" if curve == classical["avif-psnr"] else f"{avif.percent:+.1f} %"
        lines.append(
            f"| {label} | {found.percent:+.1f} % | {found.low:.1f} to {found.high:.1f} | {against} "
            f"| {size} |"
        )
    return "\n".join(lines) + "\n"


def written(readme: str) -> str:
    """The part of README.md that the table stands in."""
    found = re.search(f"{BEGIN}(.*?){END}", readme, re.DOTALL)
    assert found, f"README.md lacks the marks {BEGIN.strip()} and {END.strip()}"
    return found.group(1)


def measure(folder: Path) -> None:
    """Codes the images of a folder with every classical codec and keeps the mean curves."""
    from tfcomp.evaluation import benchmark
    from tfcomp.evaluation.results import to_json
    from tfcomp.export.measured import curve

    plan = benchmark.Plan(folder, models=(), codecs=("jpeg", *NAMES), repeats=1, published="none")
    results = json.loads(to_json(benchmark.run(plan, print)))
    assert not results["missing"], results["missing"]
    lines = []
    for entry in results["entries"]:
        points = [[p.quality, round(p.bpp, 6), round(p.psnr, 5)] for p in curve(entry)]
        lines.append(f"{json.dumps(entry['name'])}: {json.dumps(points)}")
    CLASSICAL.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _model_curve(name: str) -> list[tuple[int, float, float]]:
    """From results.json, which `tfcomp release` leaves; older bundles have their manifest alone."""
    from tfcomp.export.measured import RESULTS, manifest_entries

    results = _bundle(name) / RESULTS
    if results.is_file():
        entries = manifest_entries(json.loads(results.read_text(encoding="utf-8")))
    else:
        entries = json.loads((_bundle(name) / "manifest.json").read_text(encoding="utf-8"))
    return [(p["quality"], p["bpp"], p["psnr"]) for p in entries["rate_distortion"]]


def _megabytes(name: str) -> str:
    return f"{sum(file.stat().st_size for file in _bundle(name).iterdir()) / 1e6:.1f}"


def _bundle(name: str) -> Path:
    return ROOT / "tfcomp" / "bundles" / name


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table, or writes it."""
    parser = argparse.ArgumentParser(description="The README's table of figures.")
    parser.add_argument("--measure", type=Path, metavar="KODAK", help="renew kodak.json first")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    options = parser.parse_args(arguments)
    if options.measure:
        measure(options.measure)
    if options.write:
        readme = README.read_text(encoding="utf-8")
        before, after = readme.split(BEGIN)[0], readme.split(END)[1]
        README.write_text(f"{before}{BEGIN}{table()}{END}{after}", encoding="utf-8")
    else:
        print(table(), end="")


if __name__ == "__main__":
    main()
