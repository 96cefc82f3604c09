"""The command `python train.py`: its flags, and what it leaves to look at."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
import sys
from pathlib import Path
from typing import Any, Sequence

from tfcomp import config as config_module
from tfcomp.config import recipe as recipe_module
from tfcomp.errors import CodecError, ConfigError
from tfcomp.interruption import Terminated, raised_when_told_to_end
from tfcomp.runs import claiming
from tfcomp.runs.requirements import check, explain
from tfcomp.runtime.quiet_tensorflow import import_quietly
from tfcomp.training import phases


def parse(arguments: Sequence[str] | None = None, program: str = "train.py") -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(
        prog=program, description="Train a learned image codec and try it on a photograph."
    )
    families = tuple(config_module.FAMILIES)
    parser.add_argument("--model", choices=families, default="cycle", help="model family")
    parser.add_argument(
        "--config",
        type=Path,
        help="YAML file; default configs/MODEL.yaml, without --data "
        "configs/MODEL-quick.yaml where there is one",
    )
    parser.add_argument(
        "--data", metavar="SOURCE", help="tfds:NAME, folder:PATH[,PATH...] or sample (default)"
    )
    parser.add_argument("--data-dir", help="where TFDS keeps data sets")
    parser.add_argument("--steps", type=int, help="optimiser steps in all")
    parser.add_argument("--out", type=Path, help="run folder; default runs/MODEL")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--strategy", choices=("none", "mirrored", "multiworker"))
    parser.add_argument("--precision", choices=("auto", "float32", "mixed_bfloat16"))
    parser.add_argument("--seed", type=int)
    parser.add_argument(
        "--num-channels", type=int, metavar="N", help="latent channels (vaegan only)"
    )
    options = parser.parse_args(arguments)
    options.out = options.out or Path("runs") / options.model
    return options


def read_recipe(options: argparse.Namespace) -> config_module.Recipe:
    """The run's recipe: the file (of the run folder when resuming), then the flags over it.

    Raises:
      CodecError: the file or a flag is wrong, or a flag would change a resumed run.
    """
    path = options.config or _usual_recipe(options)
    if options.resume:
        path = claiming.claimed_by(options.out)
        fixed = ("config", "data", "data_dir", "strategy", "precision", "seed", "num_channels")
        given = [name for name in fixed if getattr(options, name) is not None]
        changed = [f"--{name.replace('_', '-')}" for name in given]
        if changed:
            raise ConfigError(f"a resumed run keeps its settings: leave out {', '.join(changed)}")
    recipe = recipe_module.load(path)
    if recipe.family != options.model:
        raise ConfigError(f"{path} describes '{recipe.family}', not '{options.model}'")
    if options.steps is not None:
        recipe = recipe.with_steps(options.steps)
    return recipe.map(lambda config: _with_flags(config, options))


def _usual_recipe(options: argparse.Namespace) -> Path:
    """The model's own; where no pictures are named, the quick one, if there is one."""
    quick = Path("configs") / f"{options.model}-quick.yaml"
    own = Path("configs") / f"{options.model}.yaml"
    return quick if options.data is None and quick.is_file() else own


def _with_flags(config: config_module.Config, options: argparse.Namespace) -> config_module.Config:
    """What flags say of one phase."""

    def replace(section: Any, **values: Any) -> Any:
        given = {name: value for name, value in values.items() if value is not None}
        return dataclasses.replace(section, **given)

    model = config.model
    if options.num_channels is not None:
        if not hasattr(model, "with_channels"):
            raise ConfigError(f"'{model.family}' has no --num-channels: use it with vaegan")
        model = model.with_channels(options.num_channels)
    return dataclasses.replace(
        config,
        model=model,
        data=replace(config.data, source=options.data, data_dir=options.data_dir),
        training=replace(
            config.training,
            strategy=options.strategy,
            precision=options.precision,
            seed=options.seed,
        ),
    )


def main(arguments: Sequence[str] | None = None, program: str = "train.py") -> int:
    """Runs the command under the name that users typed; returns its exit code.

    0, 2 for bad input, 75 where another worker has gone, 130 for Ctrl-C, 143 for SIGTERM, as a
    machine sends it that is taken back: the training goes on later from where it was.
    """
    options = parse(arguments, program)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    # oneDNN's convolutions make a step about 15 % faster; TensorFlow leaves them off on CPUs
    # without AVX-512.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    try:
        check()
        recipe = read_recipe(options)
        import_quietly()

        with raised_when_told_to_end():
            model = phases.train(recipe, options.out, resume=options.resume)
        if model is None:
            return 0  # the chief shows the result
        config = recipe.phases[-1].config
        demonstration = config_module.FAMILIES[recipe.family].part("demonstration")
        for label, path in demonstration.make(model, config, options.out).items():
            print(f"{label:<22}{path}")
    except ModuleNotFoundError as error:
        print(f"{program}: {explain(error)}", file=sys.stderr)
        return 2
    except CodecError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return getattr(error, "exit_code", 2)
    except OSError as error:  # a full disk, a temporary folder that is not there
        print(f"{program}: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, Terminated) as end:
        return getattr(end, "exit_code", 130)
    return 0
