"""look: a decoder of its own for the files of a trained `cycle` model.

    image --base's encoder, quantiser--> latents --look--> picture
             (as trained, frozen)                 (trained)

The files, the entropy model and the encoder stay; a file says nothing of looks. The loss is
lambda times the squared error, which keeps a look near the picture, and LPIPS, by which people see
(Blau and Michaeli 2018, arXiv:1711.06077: beyond some rate one is paid for with the other).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp.bitstream.tables import CdfTables
from tfcomp.errors import CodecError
from tfcomp.evaluation.lpips import Lpips
from tfcomp.families.cycle.model import CycleModel
from tfcomp.families.look.perceptual import PerceptualDistance
from tfcomp.models import base, layers, losses
from tfcomp.runs import run_folder, weights_file
from tfcomp.runs.starting_run import starting_run

# Kernels of an untied decoder start as those that the trained model shares.
_SHARED = ((r"synthesis_kernel$", "kernel"), (r"kernels/synthesis/", "kernels/analysis/"))


@keras.utils.register_keras_serializable(package=layers.PACKAGE)
class LookModel(base.CodecModel):
    """The model whose files are shown, frozen, and the decoder that is trained.

    Attributes:
      base: the former, a `CycleModel`.
      shown: the latter; of this one only the synthesis counts.
    """

    family = "look"
    metric_names = ("loss", "bpp", "psnr", "mse", "lpips")

    def __init__(self, model_config: Any = None, loss_config: Any = None, **kwargs: Any) -> None:
        super().__init__(model_config, loss_config, **kwargs)
        self.base = CycleModel(self.model_config.base, name="base")
        self.shown = CycleModel(self.model_config.decoder, prior=self.base.prior, name="shown")
        for part in (self.base, self.shown):
            part.no_metrics()
        self._perceptual: PerceptualDistance | None = None

    @property
    def prior(self) -> Any:
        """The base's."""
        return self.base.prior

    def analysis(self, images: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """See `CodecModel`; the base's."""
        return self.base.analysis(images, quality)

    def quantise(
        self, latents: tf.Tensor, quality: tf.Tensor, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """See `CodecModel`; as files hold them, in training too."""
        return self.base.quantise(latents, quality, training=False)

    def synthesis(self, latents: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """See `CodecModel`; the look's."""
        return self.shown.synthesis(latents, quality)

    def call(
        self, images: tf.Tensor, quality: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """See `CodecModel`."""
        if not self.shown.levels[0][0].built:
            # Layers are built by their analysis.
            self.shown.analysis(self.pad(tf.convert_to_tensor(images, tf.float32)), quality)
        return super().call(images, quality, training)

    @property
    def trainable_variables(self) -> list[tf.Variable]:
        """Those of the look's decoder."""
        mirrored = [layer for stage in self.shown.levels for layer in stage]
        of_encoders = {id(v) for layer in mirrored for v in layer.analysis_variables}
        found = [v for layer in mirrored for v in layer.trainable_variables]
        return [v for v in found if id(v) not in of_encoders]

    @property
    def pixel_kernels(self) -> list[tf.Variable]:
        """See `CodecModel`."""
        return self.shown.pixel_kernels

    def compile(self, *optimizers: Any, **settings: Any) -> None:
        """See `CodecModel`; reads the weights of LPIPS, if it counts."""
        if self.loss_config.lpips_weight:
            self._perceptual = PerceptualDistance(Lpips.installed(), self.transform_dtype)
        super().compile(*optimizers, **settings)

    def training_loss(
        self, images: tf.Tensor, quality: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The loss of a batch and its parts; see `CodecModel`."""
        weights, (height, width) = self.loss_config, images.shape[1:3]
        latents = self.analysis(self.pad(images), quality)
        decoded, bits = self.quantise(latents, quality, training=False)
        shown = self.synthesis(tf.stop_gradient(decoded), quality)[:, :height, :width]
        mse = losses.squared_error(images, shown)
        lambdas = self.base.multiplier(quality)
        loss = weights.mse_weight * lambdas ** (1.0 - weights.quality_weight_power) * mse
        parts = {
            "bpp": losses.rate(bits, height * width),
            "mse": mse,
            "psnr": losses.psnr(mse),
            "lpips": tf.zeros_like(mse),
        }
        if self._perceptual is not None:
            parts["lpips"] = self._perceptual(images, shown)
            loss += weights.lpips_weight * parts["lpips"]
        return tf.reduce_mean(loss), parts

    def initialize(self, images: np.ndarray, seed: int = 0) -> None:
        """Takes the base's weights, and starts the look's decoder as the base's, where it has one.

        Raises:
          CodecError: the model that the config names is not the base that it describes.
        """
        source = self.model_config.of
        trained, _ = run_folder.load_model(starting_run(source))
        theirs = weights_file.named_variables(trained)
        mine = weights_file.named_variables(self.base)
        if [(n, v.shape) for n, v in mine.items()] != [(n, v.shape) for n, v in theirs.items()]:
            raise CodecError(
                f"{source} is not the model that base describes: copy its section model there"
            )
        for name, variable in mine.items():
            variable.assign(theirs[name])
        self._tables = trained.tables
        for name, variable in weights_file.named_variables(self.shown).items():
            value = theirs.get(name, theirs.get(_shared_name(name)))
            if value is not None and value.shape == variable.shape:
                variable.assign(value)

    def finish(self, batches: tf.data.Dataset) -> None:
        """Nothing: the tables are the base's."""

    def freeze(self) -> dict[str, CdfTables]:
        """See `CodecModel`; the base's, as `initialize` found them."""
        return self.base.freeze()


def _shared_name(name: str) -> str:
    for pattern, shared in _SHARED:
        name = re.sub(pattern, shared, name)
    return name
