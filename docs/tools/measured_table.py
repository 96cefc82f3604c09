"""Prints the table of figures in README.md.

The models' curves are those of their manifests. The classical codecs' curves are in kodak.json
beside this file, the means of a benchmark:

    tfcomp benchmark KODAK --models '' --codecs jpeg,webp,avif,avif-psnr,jpeg2000,jxl --out report
    python docs/tools/measured_table.py --take report/results.json

`--write` puts the table into README.md, between the two marks that are there.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from pathlib import Path
from typing import Sequence

ROOT = Path(__file__).resolve().parents[2]
CLASSICAL = Path(__file__).with_name("kodak.json")
README = ROOT / "README.md"
MODELS = ("cycle", "cycle-small", "cycle-small-msssim")
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
    sys.path.insert(0, str(ROOT))
    from tfcomp.evaluation.curves import Point, bd_rate

    classical = {
        name: [Point(*point) for point in points]
        for name, points in json.loads(CLASSICAL.read_text(encoding="utf-8")).items()
    }
    curves = {f"**{name}**": (_model_curve(name), _megabytes(name)) for name in MODELS}
    curves.update({label: (classical[name], "") for name, label in NAMES.items()})
    lines = [
        "| | BD-rate against JPEG | compared from, to dB | against AVIF, tune=psnr | bundle, MB |",
        "| --- | --- | --- | --- | --- |",
    ]
    for label, (points, size) in curves.items():
        curve = [Point(*point) for point in points]
        found = bd_rate(classical["jpeg"], curve)
        avif = bd_rate(classical["avif-psnr"], curve)
        assert found is not None and avif is not None, f"{label} shares no PSNR with JPEG or AVIF"
        against = "" if curve == classical["avif-psnr"] else f"{avif.percent:+.1f} %"
        lines.append(
            f"| {label} | {found.percent:+.1f} % | {found.low:.1f}, {found.high:.1f} | {against} "
            f"| {size} |"
        )
    return "\n".join(lines) + "\n"


def written(readme: str) -> str:
    """The part of README.md that the table stands in."""
    found = re.search(f"{BEGIN}(.*?){END}", readme, re.DOTALL)
    assert found, f"README.md lacks the marks {BEGIN.strip()} and {END.strip()}"
    return found.group(1)


def take(results: Path) -> None:
    """Keeps the classical codecs' mean curves of a benchmark's results.json."""
    entries = json.loads(results.read_text(encoding="utf-8"))["entries"]
    curves = {
        entry["name"]: [
            [mean["quality"], round(mean["bpp"], 6), round(mean["psnr"], 5)]
            for mean in entry["mean"]
            if mean["psnr"] is not None and math.isfinite(mean["psnr"])
        ]
        for entry in entries
        if entry["kind"] == "codec"
    }
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(c)}" for name, c in curves.items())
    CLASSICAL.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def _model_curve(name: str) -> list[tuple[int, float, float]]:
    manifest = json.loads((_bundle(name) / "manifest.json").read_text(encoding="utf-8"))
    return [(p["quality"], p["bpp"], p["psnr"]) for p in manifest["rate_distortion"]]


def _megabytes(name: str) -> str:
    return f"{sum(file.stat().st_size for file in _bundle(name).iterdir()) / 1e6:.1f}"


def _bundle(name: str) -> Path:
    return ROOT / "tfcomp" / "bundles" / name


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table, or writes it."""
    parser = argparse.ArgumentParser(description="The README's table of figures.")
    parser.add_argument("--take", type=Path, metavar="RESULTS", help="a benchmark's results.json")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    options = parser.parse_args(arguments)
    if options.take:
        take(options.take)
    if options.write:
        readme = README.read_text(encoding="utf-8")
        README.write_text(readme.replace(written(readme), table()), encoding="utf-8")
    else:
        print(table(), end="")


if __name__ == "__main__":
    main()
