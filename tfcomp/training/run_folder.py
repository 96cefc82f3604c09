"""A run folder: everything a training run leaves behind, and how it is read again.

    runs/NAME/config.yaml        the whole configuration
              checkpoints/       weights, optimiser state, step count: for --resume
              weights.npz        the weights to export (weights.index in runs of tfcomp 0.1)
              tables.npz         the integer tables frozen from them, once
              history.csv        a line every `log_every` steps
              logs/              TensorBoard
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfcomp import config as config_module
from tfcomp.bitstream.tables import load_tables, save_tables
from tfcomp.config.cycle import FEEDBACK_SETTINGS
from tfcomp.entropy import backend as entropy_backend
from tfcomp.entropy.hyperprior import Hyperprior
from tfcomp.errors import CodecError
from tfcomp.models.binary import BinaryModel
from tfcomp.models.cycle import CycleModel
from tfcomp.models.vaegan import VaeganModel
from tfcomp.training import pruning, weights_file

_WEIGHTS = "weights.npz"
MODELS = {"cycle": CycleModel, "binary": BinaryModel, "vaegan": VaeganModel}


def build_model(config):
    """The untrained, built model of a `tfcomp.config.Config`."""
    with entropy_backend.chosen(config.training.entropy_backend):
        return MODELS[config.model.family](config.model, config.loss).build_codec()


def save_weights(model, folder):
    """Writes the weights and tables that `load_model` reads."""
    weights_file.write(Path(folder) / _WEIGHTS, weights_file.named_variables(model))
    save_tables(Path(folder) / "tables.npz", model.tables)


def load_model(folder):
    """Rebuilds a trained model from its run folder.

    Returns:
      (model, config)

    Raises:
      CodecError: the folder holds no finished run.
    """
    folder = Path(folder)
    if not (folder / "config.yaml").is_file():
        raise CodecError(f"{folder} is not a run folder: train one with train.py --out {folder}")
    config = config_module.load(folder / "config.yaml")
    model = build_model(config)
    variables = weights_file.named_variables(model)
    if (folder / _WEIGHTS).is_file():
        path = folder / _WEIGHTS
        arrays = weights_file.read(path)
    elif (folder / "weights.index").is_file():
        path = folder / "weights"
        arrays = weights_file.read_checkpoint(path, variables)
    else:
        raise CodecError(f"{folder} has no weights yet: finish it with train.py --resume")
    weights_file.assign(variables, arrays, path)
    take_tables(model, folder)
    return model, config


def start_from(model, folder, pictures):
    """Gives a new model the transforms of a finished run, and its entropy model where that fits.

    The gains move along with the ladder of lambdas: the best step of a uniform quantiser is
    proportional to 1 / sqrt(lambda).

    Args:
      model: a built model of the same family and qualities, of the same widths or narrower ones
        (see tfcomp/training/pruning.py).
      folder: the finished run's folder.
      pictures: uint8 [B, H, W, 3], to weigh channels with where the model is narrower.

    Returns:
      whether the entropy model was taken too: both runs have the same kind and shape.

    Raises:
      CodecError: the folder holds no such run.
    """
    trained, _ = load_model(folder)
    if not _assign(model.transform_variables, trained.transform_variables):
        if model.model_config.family != "cycle":
            raise CodecError(f"{folder} holds a model of other widths: only cycle can be narrowed")
        pruning.narrow(model, trained, pictures)
    if model.model_config.family == "cycle":
        # Where they have other shapes they start as narrowing or building left them.
        pruning.take_blocks(model.correction, trained.correction)
        _assign(model.diffusion_variables, trained.diffusion_variables)
    moved = 0.5 * np.log(model.lambdas / trained.lambdas)[:, None]
    model.log_gain.assign_add(np.broadcast_to(moved, model.log_gain.shape).astype(np.float32))
    if type(model.prior) is not type(trained.prior):
        return False
    if not isinstance(model.prior, Hyperprior):
        return _assign(model.prior.trainable_variables, trained.prior.trainable_variables)
    return model.prior.start_from(trained.prior)


def check_same_decoder(config, fits):
    """Whether a run that trains its encoder only has just what its start decodes with.

    Args:
      config: of the run. fits: what `start_from` said.

    Raises:
      CodecError: it has not.
    """
    start = config_module.load(Path(config.training.start_from) / "config.yaml").model
    cycle = config.model.family == start.family == "cycle"
    if not (cycle and fits and _what_decodes(start) == _what_decodes(config.model)):
        raise CodecError(
            f"encoder_only: {config.training.start_from} is no cycle model with this very decoder"
        )


def _what_decodes(settings):
    """A cycle model's settings without those that only its encoder looks at."""
    prior = dataclasses.replace(settings.hyperprior, distortion_weights=(1.0, 1.0))
    feedback = dict.fromkeys(FEEDBACK_SETTINGS, ())
    return dataclasses.replace(settings, correction_blocks=0, hyperprior=prior, **feedback)


def take_tables(model, folder):
    """Gives a model the integer tables of a finished run."""
    model.use_bundle(load_tables(Path(folder) / "tables.npz"), model.fingerprint)


def _assign(variables, values):
    if [v.shape for v in variables] != [v.shape for v in values]:
        return False
    for variable, value in zip(variables, values):
        variable.assign(tf.convert_to_tensor(value))
    return True
