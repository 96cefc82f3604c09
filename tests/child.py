"""Python in a process of its own."""

import subprocess
import sys


def python(code, *arguments, prefix=(), **options):
    """The `CompletedProcess` of code with arguments; what it writes is text.

    Args:
      code: a program.
      arguments: its sys.argv from 1 on.
      prefix: the command that starts the process, if it is not Python.
      options: of `subprocess.run`.
    """
    command = [*prefix, sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **options)
