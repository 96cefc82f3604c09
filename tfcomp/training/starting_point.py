"""What a run takes over from the finished run that its config names in `start_from`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from tfcomp import config as config_module
from tfcomp.config import Config
from tfcomp.config.dependent_frames import without_dependent_frames
from tfcomp.encoder_tuning import EncoderTuning
from tfcomp.entropy_kinds.prior import assign
from tfcomp.errors import CodecError
from tfcomp.models.base import CodecModel
from tfcomp.runs import run_folder
from tfcomp.runs.run_folder import load_model
from tfcomp.runs.starting_run import starting_run
from tfcomp.runtime.bundle import is_bundle


def start_from(model: CodecModel, folder: str | Path, pictures: np.ndarray) -> bool:
    """Gives a new model the transforms of a finished run, and its entropy model where that fits.

    The gains move along with the ladder of lambdas: the best step of a uniform quantiser is
    proportional to 1 / sqrt(lambda).

    Args:
      model: a built model of the same family and qualities, of the same widths or narrower ones
        (see tfcomp/families/cycle/pruning.py). Blocks that the run lacks start as the identity.
      folder: the finished run's folder, or a model that holds its weights; see `starting_run`.
      pictures: uint8 [B, H, W, 3], to weigh channels with where the model is narrower.

    Returns:
      whether the entropy model was taken too: both runs have the same kind and shape.

    Raises:
      CodecError: the folder holds no such run, or the family cannot start from another.
    """
    if not hasattr(model, "transform_variables"):
        raise CodecError(f"a '{model.family}' run cannot start from another: leave out start_from")
    trained, _ = load_model(starting_run(folder))
    if trained.family != model.family:
        raise CodecError(
            f"start_from: {folder} holds a '{trained.family}' run, not one of '{model.family}'"
        )
    if (trained.stride, trained.qualities) != (model.stride, model.qualities):
        raise CodecError(
            f"start_from: {folder} has stride {trained.stride} and {trained.qualities} qualities, "
            f"not {model.stride} and {model.qualities}: keep strides and qualities"
        )
    if not assign(model.transform_variables, trained.transform_variables):
        model.take_other_shape(trained, pictures, folder)
    model.take_optional_parts(trained)
    # Of one value: lambdas count all channels of a pixel.
    channels = trained.image.channels / model.image.channels
    moved = 0.5 * np.log(model.lambdas / trained.lambdas * channels)[:, None]
    model.log_gain.assign_add(np.broadcast_to(moved, model.log_gain.shape).astype(np.float32))
    if type(model.prior) is not type(trained.prior):
        return False
    return model.prior.start_from(trained.prior)


def check_sequence(model: CodecModel) -> None:
    """Raises CodecError unless a model has networks for frames that depend on the one before."""
    if not getattr(model.prior, "sequence", None):
        raise CodecError("sequence_only: the model has no such networks: say hyperprior: sequence")


def check_same_pictures(config: Config, fits: bool) -> None:
    """Checks that a run of `sequence_only` codes single pictures as the one it starts from.

    Args:
      config: of the run.
      fits: what `start_from` returned.

    Raises:
      CodecError: it does not.
    """
    _refuse_rounded(config, "sequence_only")
    start = _model_at_start(config)
    if not fits or _without_sequence(start) != _without_sequence(config.model):
        raise CodecError(
            f"sequence_only: {config.training.start_from} is another model: give the same section "
            "model, but for sequence"
        )


def _without_sequence(settings: Any) -> Any:
    settings = without_dependent_frames(settings)
    prior = dataclasses.replace(settings.hyperprior, sequence_hidden=1)
    return dataclasses.replace(settings, hyperprior=prior, tuning=EncoderTuning())


def check_same_decoder(config: Config, fits: bool) -> None:
    """Checks that a run of `encoder_only` has the very decoder that it starts from.

    Args:
      config: of the run.
      fits: what `start_from` returned.

    Raises:
      CodecError: the decoders differ.
    """
    start = _model_at_start(config)
    _refuse_rounded(config, "encoder_only")
    cycle = config.model.family == start.family == "cycle"
    if not (cycle and fits and _what_decodes(start) == _what_decodes(config.model)):
        raise CodecError(
            f"encoder_only: {config.training.start_from} is no cycle model with this very decoder"
        )


def _refuse_rounded(config: Config, setting: str) -> None:
    if is_bundle(_folder(config)):
        raise CodecError(
            f"{setting}: {config.training.start_from} is a bundle, whose weights are rounded: "
            "give the run that it was exported from"
        )


def _model_at_start(config: Config) -> Any:
    """The section `model` of the run that a run starts from."""
    return config_module.load(_folder(config) / "config.yaml").model


def _folder(config: Config) -> Path:
    assert config.training.start_from is not None  # whoever asks has checked it
    return starting_run(config.training.start_from)


def take_tables(model: CodecModel, config: Config) -> None:
    """Gives a model the integer tables of the run that its run starts from."""
    run_folder.take_tables(model, _folder(config))


def _what_decodes(settings: Any) -> Any:
    """A cycle model's settings without those of its encoder alone."""
    prior = dataclasses.replace(settings.hyperprior, distortion_weights=(1.0, 1.0))
    return dataclasses.replace(
        settings,
        correction_blocks=0,
        encoder_blocks=(),
        hyperprior=prior,
        tuning=EncoderTuning(),
    )
