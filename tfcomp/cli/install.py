"""Install a model of your own, so that its files decode without --model.

BUNDLE is a folder that `tfcomp export` wrote, or a zip of it. It is checked and copied into your
folder of models, which is searched after TFCOMP_BUNDLES and before the models of tfcomp itself. A
bundle is code: install only what you trust.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from tfcomp.cli.output import printable
from tfcomp.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's own arguments."""
    parser.add_argument("bundle", metavar="BUNDLE", nargs="?", help="bundle folder or .zip")
    parser.add_argument(
        "-f",
        "--force",
        action="store_true",
        help="replace an installed model of that name, or go before the package's own",
    )
    parser.add_argument("--remove", metavar="NAME", help="remove an installed model instead")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Runs the subcommand; returns its exit code."""
    from tfcomp.runtime import installing

    record: dict[str, Any]
    if (options.bundle is None) == (options.remove is None):
        raise ConfigError("give a bundle folder or .zip to install, or --remove NAME")
    if options.remove is not None:
        paths = [str(path) for path in installing.remove(options.remove)]
        record = {"name": options.remove, "removed": paths}
        line = f"{options.remove}  removed from {' and '.join(paths)}"
    else:
        installed = installing.install(options.bundle, options.force)
        manifest = installed.manifest
        digest = installed.read().digest
        record = {
            "name": manifest.name,
            "path": str(installed.path),
            "fingerprint": manifest.fingerprint,
            "digest": digest,
        }
        line = f"{manifest.name}  installed in {installed.path}, bundle {digest}"
    print(json.dumps(record) if options.json else printable(line))
    return 0
