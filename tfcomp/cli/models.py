"""List the installed models."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from tfcomp.cli.output import complain, printable

if TYPE_CHECKING:
    from tfcomp.runtime.manifest import Manifest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's own arguments."""
    parser.add_argument(
        "--json", action="store_true", help="print a JSON array of all that is known"
    )


def run(options: argparse.Namespace) -> int:
    """Runs the subcommand; returns its exit code."""
    from tfcomp.runtime import registry

    bundles, problems = registry.installed_bundles()
    if options.json:
        print(json.dumps([{**b.manifest.to_record(), "path": str(b.path)} for b in bundles]))
    else:
        for bundle in bundles:
            print(printable(_line(bundle.manifest, str(bundle.path))))
        if not bundles:
            print("none; run: tfcomp install FOLDER")
    for problem in problems:
        complain(problem)
    return 2 if problems else 0


def _line(manifest: Manifest, path: str) -> str:
    rates = [p["bpp"] for p in manifest.rate_distortion if isinstance(p.get("bpp"), (int, float))]
    ends = [f"{rate:.2f}" for rate in ((min(rates), max(rates)) if rates else ())]
    measured = f", {' to '.join(dict.fromkeys(ends))} bits/pixel" if rates else ", not measured"
    size = manifest.fixed_size
    only = f", {size[0]}x{size[1]} pixels only" if size else ""
    if manifest.looks:
        only += f", looks {', '.join(manifest.look_names)}"
    return (
        f"{manifest.name}  {manifest.qualities} qualities "
        f"(default {manifest.default_quality}){measured}{only}, {manifest.fingerprint[:8]}, "
        f"{path}"
    )
