"""The export of a tiny model with a hyperprior, as a function and for another stack as a program.

    python -m tests.hyperprior_export RUN OUT       makes RUN if it is absent, exports it to OUT
"""

import sys
from pathlib import Path

from tests import hyperprior_factory


def make_run(run: Path) -> Path:
    """The run folder of a model that needed no training."""
    from tfcomp import config
    from tfcomp.runs import run_folder

    run.mkdir()
    (run / "config.yaml").write_text(config.dump(hyperprior_factory.tiny_config()))
    run_folder.save_weights(hyperprior_factory.lively_model(), run)
    return run


def export(run: Path, out: Path, *flags: str) -> Path:
    """What `export.py` makes of a run folder."""
    from tfcomp.export import cli

    assert cli.main([*flags, "--run", str(run), "--out", str(out)]) == 0
    return out


def main(run: Path, out: Path) -> None:
    export(run if run.exists() else make_run(run), out, "--tflite", "--saved-model")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
