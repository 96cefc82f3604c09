"""Export a trained codec to a bundle and a SavedModel: the same as python export.py.

Needs the training extra: pip install 'tfcomp[train]'. `tfcomp export --help` lists the options.
"""

from __future__ import annotations

import argparse


def run(options: argparse.Namespace) -> int:
    """Exports as `options.arguments` say; returns the exit code."""
    from tfcomp.export import cli

    return cli.main(options.arguments, program="tfcomp export")
