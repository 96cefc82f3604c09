"""A run folder: everything a training run leaves behind, and how it is read again.

    runs/NAME/config.yaml        the whole configuration
              checkpoints/       weights, optimiser state, step count: for --resume
              weights.npz        the weights to export (weights.index in runs of tfcomp 0.1)
              tables.npz         the integer tables frozen from them, once
              history.csv        a line every `log_every` steps
              logs/              TensorBoard

A bundle that holds config.yaml and weights.npz beside its tables is one too, for whoever trains on
with it (`save_trainable`).
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import tensorflow as tf

from tfcomp import config as config_module
from tfcomp.bitstream.tables import load_tables, save_tables
from tfcomp.config import FAMILIES, Config
from tfcomp.config.dependent_frames import without_dependent_frames
from tfcomp.entropy import backend as entropy_backend
from tfcomp.errors import CodecError
from tfcomp.models.base import CodecModel
from tfcomp.runs import weights_file, weights_in_networks
from tfcomp.runtime.atomic_file import write_atomically

CONFIG, WEIGHTS = "config.yaml", "weights.npz"
_DEPENDENT_FRAMES = "prior/sequence/"


def build_model(config: Config) -> CodecModel:
    """The untrained, built model of a config."""
    with entropy_backend.chosen(config.training.entropy_backend):
        return FAMILIES[config.model.family].model(config.model, config.loss).build_codec()


def save_weights(model: CodecModel, folder: str | Path) -> None:
    """Writes the weights and tables that `load_model` reads."""
    weights_file.write(Path(folder) / WEIGHTS, weights_file.named_variables(model))
    save_tables(Path(folder) / "tables.npz", model.tables)


def save_trainable(model: CodecModel, config: Config, folder: str | Path) -> None:
    """Writes into a bundle's folder what a training can start from: weights and config.

    Weights are rounded to float16, which another training does not notice; those that the
    bundle's networks hold are not stored again, and those for dependent frames are left out, as
    another training makes them worthless. The config says nothing of where the pictures lay.
    """
    arrays = {
        name: tf.cast(value, tf.float16).numpy()
        for name, value in weights_file.named_variables(model).items()
        if not name.startswith(_DEPENDENT_FRAMES)
    }
    weights_file.write(Path(folder) / WEIGHTS, weights_in_networks.leave_out(arrays, Path(folder)))
    told = dataclasses.replace(
        config,
        model=without_dependent_frames(config.model),
        data=dataclasses.replace(config.data, source="sample", data_dir=None),
        training=dataclasses.replace(config.training, start_from=None, encoder_only=False),
    )
    text = config_module.dump(told)
    write_atomically(Path(folder) / CONFIG, text.encode("utf-8"))


def load_model(folder: str | Path) -> tuple[CodecModel, Config]:
    """Rebuilds a trained model from its run folder.

    Returns:
      (model, config)

    Raises:
      CodecError: the folder holds no finished run.
    """
    folder = Path(folder)
    if not (folder / CONFIG).is_file():
        raise CodecError(f"{folder} is not a run folder: train one with train.py --out {folder}")
    config = config_module.load(folder / CONFIG)
    model = build_model(config)
    variables = weights_file.named_variables(model)
    if (folder / WEIGHTS).is_file():
        path = folder / WEIGHTS
        arrays = weights_file.read(path)
    elif (folder / "weights.index").is_file():
        path = folder / "weights"
        arrays = weights_file.read_checkpoint(path, variables)
    else:
        raise CodecError(f"{folder} has no weights yet: finish it with train.py --resume")
    weights_file.assign(variables, arrays, path)
    take_tables(model, folder)
    return model, config


def take_tables(model: CodecModel, folder: str | Path) -> None:
    """Gives a model the integer tables of a finished run."""
    model.use_bundle(load_tables(Path(folder) / "tables.npz"), model.fingerprint)
