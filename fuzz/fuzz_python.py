r"""The Python target, driven by atheris, with libFuzzer's options.

    python -m fuzz.fuzz_python -max_total_time=60 build/fuzz/found/python fuzz/corpus/file \
        fuzz/corpus/tables fuzz/corpus/manifest
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["tfcomp.bitstream", "tfcomp.runtime"]):
    from fuzz.python_target import Target


def main() -> None:
    """Runs atheris with the command line's options."""
    target = Target()
    atheris.Setup(sys.argv, lambda data: target.run(data) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
