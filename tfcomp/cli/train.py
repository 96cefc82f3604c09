"""Train a codec on pictures of your own: the same as python train.py.

Needs the training extra: pip install 'tfcomp[train]'. `tfcomp train --help` lists the options.
"""

from __future__ import annotations

import argparse


def run(options: argparse.Namespace) -> int:
    """Trains as `options.arguments` say; returns the exit code."""
    from tfcomp.training import cli

    return cli.main(options.arguments, program="tfcomp train")
