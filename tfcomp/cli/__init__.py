"""The `tfcomp` command. Each subcommand is one module here.

Exit codes: 0 done; 1 the benchmark missed a gate; 2 a file or an option was wrong, and standard
error says so in one line (the other files are still done); 75 training lost another worker; 130
interrupted; 141 the reader of a pipe closed it; 143 SIGTERM; 129 the terminal closed (SIGHUP).
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

from tfcomp import __version__
from tfcomp.cli import (
    benchmark,
    compress,
    decompress,
    export,
    info,
    install,
    models,
    release,
    teach,
    thumbnail,
    train,
)
from tfcomp.cli.output import complain, give_up_standard_output, open_closed_streams
from tfcomp.errors import CodecError, OutputError
from tfcomp.interruption import Terminated, raised_when_told_to_end


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (sys.argv's if None) and returns the exit code."""
    had_output = open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # file names may hold any bytes
            stream.reconfigure(errors="backslashreplace")
    try:
        with raised_when_told_to_end():
            if not had_output:
                raise OutputError("standard output is closed; send it somewhere (>/dev/null)")
            options = _parser().parse_args(arguments)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow's warnings about odd files
                code = options.run(options)
            sys.stdout.flush()
            return code
    except BrokenPipeError:
        give_up_standard_output()
        return 141
    except (KeyboardInterrupt, Terminated) as end:
        complain("interrupted" if isinstance(end, KeyboardInterrupt) else str(end))
        return getattr(end, "exit_code", 130)
    except MemoryError:
        complain("there is not enough memory for an image of this size")
        return 2
    except (CodecError, OSError) as error:
        complain(str(error))
        try:
            sys.stdout.flush()
        except OSError:
            give_up_standard_output()
        return 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        complain(f"{message} (see {self.prog} --help)")
        sys.exit(2)


class _CommandParser(_Parser):
    """Accepts names and options in any order, as in `tfcomp compress a.png -o out b.png`.

    A parser that forwards reads nothing: the command has a parser of its own.
    """

    _mixing = False

    def __init__(self, *positional: Any, forwards: bool = False, **named: Any) -> None:
        super().__init__(*positional, **named)
        self._forwards = forwards

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._forwards:
            return argparse.Namespace(arguments=list(args or ()), **self._defaults), []
        # After "--" everything is a name, which argparse ignores when it accepts any order.
        if self._mixing or "--" in (args or ()):
            return super().parse_known_args(args, namespace)
        self._mixing = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="tfcomp", description="Learned image compression.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"tfcomp {__version__}")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=_CommandParser
    )
    for module in (
        *(compress, decompress, thumbnail, info, models, install),
        *(benchmark, teach, train, export, release),
    ):
        name = module.__name__.rpartition(".")[2]
        summary, _, details = (module.__doc__ or "").partition("\n")
        command = commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=details.strip() or None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            forwards=not hasattr(module, "add_arguments"),
        )
        if hasattr(module, "add_arguments"):
            module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser
