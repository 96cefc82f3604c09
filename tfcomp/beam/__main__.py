"""`python -m tfcomp.beam`."""

import re
import sys

from tfcomp.runtime.standard_error import without_lines

# Log lines of Beam and its workers, which are shown if one of Beam's log level options is given.
NOISE = re.compile(
    rb"^INFO:(root|__main__|apache_beam)"
    rb"|apitools not found, and bigquery client libraries are not available"
    rb"|No semi_persistent_directory found"
    rb"|Discarding unparseable args: "
)


def main() -> int:
    """Runs the command without the noise; returns its exit code."""
    if any("log_level" in argument for argument in sys.argv):
        return _run()
    with without_lines(NOISE):
        return _run()


def _run() -> int:
    from tfcomp.beam.command import main as run  # this is where Beam is loaded

    return run()


if __name__ == "__main__":
    sys.exit(main())
