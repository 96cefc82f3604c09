"""The `tfcomp` command: compress, decompress, info, models, install, benchmark. One module each.

Exit codes: 0 done; 1 a gate of the benchmark was missed; 2 a file or an option was wrong, said in
one line on standard error (in a folder the other files are still done); 130 interrupted; 141 the
reader of a pipe went away.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

from tfcomp import __version__
from tfcomp.cli import benchmark, compress, decompress, info, install, models
from tfcomp.cli.output import complain
from tfcomp.errors import CodecError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (sys.argv's if None) and returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names of files may hold anything
            stream.reconfigure(errors="backslashreplace")
    try:
        options = _parser().parse_args(arguments)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd files
            code = options.run(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Python flushes standard output once more as it ends; that must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        complain("interrupted")
        return 130
    except MemoryError:
        complain("there is not enough memory for an image of this size")
        return 2
    except (CodecError, OSError) as error:
        complain(str(error))
        return 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        complain(f"{message} (see {self.prog} --help)")
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="tfcomp", description="Learned image compression.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"tfcomp {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in (compress, decompress, info, models, install, benchmark):
        name = module.__name__.rpartition(".")[2]
        summary, _, details = (module.__doc__ or "").partition("\n")
        command = commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=details.strip() or None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser
