"""cycle: the decoder is the encoder's mirror image, kernel by kernel.

     g_a  images -> [conv 5x5 /2 -> GDN -> residual] x levels -> conv 5x5 /2 -> * gain_q -> latents
                       |  same         same |                       | same        |
     g_s  images <- [convT 5x5 x2 <- IGDN <- residual] x levels <- convT 5x5 <- / gain_q <- latents

The encoder may add a correction to the latents that the decoder has no mirror image of
(analysis_correction.py), and the decoder may smooth its picture (anisotropic_diffusion.py). One
set of weights serves every quality: quality q multiplies the latents by its own gain a channel
before rounding (coarse steps for small files), and divides after. The ladder of gains starts
geometric in sqrt(lambda_q), the high-rate optimum of a uniform quantiser, and is trained.

The loss (tfcomp/models/losses.py) is rate + lambda_q * distortion (Balle et al. 2017),
+ w1 * cycle consistency MSE(E(I), E(D(E(I)))), + w2 * Aytekin's sparsity objective, + w3 * what a
round of iterative encoding would change.
"""

from __future__ import annotations

from typing import Any, Iterator, Sequence

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy.quality_levels import at_level
from tfcomp.entropy_kinds.prior import assign, of_one_shape
from tfcomp.entropy_kinds.registry import KINDS
from tfcomp.families.cycle import other_channels, pruning
from tfcomp.models import base, layers, losses, principal_components, replication
from tfcomp.models.analysis_correction import AnalysisCorrection
from tfcomp.models.anisotropic_diffusion import AnisotropicDiffusion
from tfcomp.models.depthwise_block import BOTH, DepthwiseBlock

_CALIBRATION_BATCHES = 24


@keras.utils.register_keras_serializable(package=layers.PACKAGE)
class CycleModel(base.CodecModel):
    """Autoencoder with shared kernels, variable rate, and a hyperprior or a factorized prior."""

    family = "cycle"
    metric_names = ("loss", "bpp", "psnr", "mse", "cycle", "sparsity")

    def __init__(
        self, model_config: Any = None, loss_config: Any = None, prior: Any = None, **kwargs: Any
    ) -> None:
        """Makes the model; `prior` is one that it shares with another model, None for its own."""
        super().__init__(model_config, loss_config, **kwargs)
        settings = self.model_config
        # Bits a pixel add up over channels where the squared error is their mean.
        thirds = self.image.channels / 3
        self.lambdas = (
            np.geomspace(settings.min_lambda, settings.max_lambda, self.qualities) * thirds
        ).astype(np.float32)
        self.levels = []
        normalised = settings.normalised_levels
        if normalised is None:
            normalised = len(settings.widths) - 1
        for level, width in enumerate(settings.widths):
            size, stride = settings.level_kernel_sizes[level], settings.level_strides[level]
            stage = [layers.TiedConv2D(width, size, stride, settings.tied, name=f"down_{level}")]
            if level < normalised:
                stage.append(layers.GDN(name=f"gdn_{level}"))
            stage += [
                self._residual_block(f"residual_{level}_{block}")
                for block in range(settings.residual_blocks[level])
            ]
            for direction, name, blocks in (
                ("analysis", "encoder", settings.encoder_blocks),
                ("synthesis", "decoder", settings.decoder_blocks),
            ):
                stage += [
                    self._depthwise_block(f"{name}_{level}_{block}", (direction,))
                    for block in range(blocks[level] if blocks else 0)
                ]
            self.levels.append(stage)
        self.correction = None
        if settings.correction_blocks:
            self.correction = AnalysisCorrection(
                settings.correction_blocks,
                settings.widths[-1],
                settings.qualities,
                name="correction",
            )
        self.diffusion = None
        if settings.diffusion:
            self.diffusion = AnisotropicDiffusion(
                self.lambdas, self.image.channels, name="diffusion", dtype="float32"
            )
        # A uniform quantiser of step s (0..255 scale) costs s^2 / 12 a value and saves log2 s bits,
        # and a pixel has C values: rate + lambda * distortion is least at
        # s^2 = 6 C / (lambda ln 2).
        steps = np.sqrt(6.0 * self.image.channels / (self.lambdas * np.log(2.0))) / 255.0
        log_gain = np.repeat(-np.log(steps)[:, None], settings.widths[-1], axis=1)
        self.log_gain = self.add_weight(
            name="log_gain",
            shape=log_gain.shape,
            initializer=keras.initializers.Constant(log_gain),
            dtype="float32",
        )
        self.prior = KINDS[settings.prior].prior.make(settings) if prior is None else prior

    def _residual_block(self, name: str) -> keras.layers.Layer:
        if self.model_config.block == "convolution":
            return layers.TiedResidualBlock(tied=self.model_config.tied, name=name)
        return self._depthwise_block(name, BOTH)

    def _depthwise_block(self, name: str, directions: Sequence[str]) -> DepthwiseBlock:
        settings = self.model_config
        return DepthwiseBlock(
            settings.expansion,
            self.qualities,
            settings.block_kernel_size,
            settings.tied,
            directions,
            name=name,
        )

    @property
    def trainable_variables(self) -> list[tf.Variable]:
        """All of them; with `encoder_only`, those on which neither decoder nor tables depend."""
        variables = super().trainable_variables
        if self.frames is not None or not self.encoder_only:
            return variables
        chosen = {id(v) for v in self.analysis_variables}
        return [v for v in variables if id(v) in chosen]

    @property
    def analysis_variables(self) -> list[tf.Variable]:
        """Those of the encoder alone: the analysis direction and its own branch."""
        mirrored = [v for stage in self.levels for layer in stage for v in layer.analysis_variables]
        return mirrored + self.correction_variables

    @property
    def adam_layers(self) -> list[keras.layers.Layer]:
        """See `CodecModel`."""
        return [layer for layer in (self.correction, self.diffusion) if layer]

    @property
    def pixel_kernels(self) -> list[tf.Variable]:
        """See `CodecModel`."""
        first = self.levels[0][0]
        return [first.kernel, first.synthesis_kernel]

    @property
    def transform_variables(self) -> list[tf.Variable]:
        """The mirrored transforms': kernels, biases, scales, GDN, gains."""
        return [v for stage in self.levels for layer in stage for v in layer.variables] + [
            self.log_gain
        ]

    @property
    def correction_variables(self) -> list[tf.Variable]:
        """Those of the encoder's own branch; empty without one."""
        return self.correction.variables if self.correction else []

    @property
    def diffusion_variables(self) -> list[tf.Variable]:
        """Those of the decoder's last step; empty without one."""
        return self.diffusion.variables if self.diffusion else []

    def gain(self, quality: tf.Tensor) -> tf.Tensor:
        """Quantisation steps per unit of latent: int32 [B] -> float32 [B, C]."""
        return tf.exp(at_level(tf.cast(self.log_gain, tf.float32), quality))

    def multiplier(self, quality: tf.Tensor) -> tf.Tensor:
        """Lambda, bits/pixel per unit of squared error: int32 or float32 [B] -> float32 [B]."""
        if quality.dtype.is_integer:
            return tf.gather(tf.constant(self.lambdas), quality - 1)
        return tf.exp(at_level(tf.constant(np.log(self.lambdas)), quality))

    def transform(self, images: tf.Tensor, quality: tf.Tensor | None = None) -> tf.Tensor:
        """g_a: float32 [B, H, W, channels] -> float32 [B, h, w, C], before any quality's gain.

        Without the encoder's correction. `quality` is int32 [B]; where None, qualities take turns.
        """
        if quality is None:
            quality = tf.range(tf.shape(images)[0]) % self.qualities + 1
        return self._transform(images, quality)[0]

    def _transform(self, images: tf.Tensor, quality: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The result of `transform`, and the last level's input features."""
        x = tf.cast(images - 0.5, self.transform_dtype)
        for stage in self.levels:
            features = x
            for layer in stage:
                if not layer.built:
                    layer.build(x.shape)
                x = layer.analysis(x, quality)
        return tf.cast(x, tf.float32), features

    def analysis(self, images: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """See `CodecModel`."""
        return self._in_steps(*self._transform(images, quality), quality)

    def _in_steps(self, y: tf.Tensor, features: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """`_transform`'s result, corrected and in the quality's steps: float32 [B, h, w, C]."""
        if self.correction:
            if not self.correction.built:
                self.correction.build(features.shape)
            y += tf.cast(self.correction.analysis(features, quality), tf.float32)
        return y * self.gain(quality)[:, None, None, :]

    def synthesis(self, latents: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """See `CodecModel`."""
        y = tf.cast(latents, tf.float32) / self.gain(quality)[:, None, None, :]
        y = tf.cast(y, self.transform_dtype)
        for stage in reversed(self.levels):
            for layer in reversed(stage):
                features = y
                y = layer.synthesis(y, quality)
        y = tf.cast(y, tf.float32)
        if self.diffusion:
            if not self.diffusion.built:
                self.diffusion.build(features.shape)
            y = self.diffusion.synthesis(y, features, quality)
        return y + 0.5

    def quantise(
        self, latents: tf.Tensor, quality: tf.Tensor, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """See `CodecModel`."""
        return self.prior.quantise(latents, quality, self.gain(quality), training)

    def distortion(self, images: tf.Tensor, reconstruction: tf.Tensor) -> tf.Tensor:
        """The distortion term of each image, float32 [B], that lambda multiplies."""
        if self.loss_config.distortion == "ms-ssim":
            value = losses.ms_ssim_distortion(images, reconstruction)
            return self.loss_config.ms_ssim_weight * value
        return losses.squared_error(images, reconstruction)

    def training_loss(
        self, images: tf.Tensor, quality: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The loss of a batch and its parts.

        Args:
          images: float32 [B, H, W, channels] in 0..1.
          quality: int32 [B].

        Returns:
          float32 scalar, and a dict of float32 [B] named like the metrics.
        """
        weights = self.loss_config
        latents = self.analysis(self.pad(images), quality)
        decoded, bits = self.quantise(latents, quality, training=True)
        height, width = images.shape[1:3]
        reconstruction = self.synthesis(decoded, quality)[:, :height, :width]
        lambdas = self.multiplier(quality)
        bpp = losses.rate(bits, images.shape[1] * images.shape[2])
        loss = bpp + lambdas * self.distortion(images, reconstruction)
        mse = losses.squared_error(images, reconstruction)
        parts = {
            "bpp": bpp,
            "mse": mse,
            "psnr": losses.psnr(mse),
            "cycle": tf.zeros_like(bpp),
            "sparsity": tf.zeros_like(bpp),
        }
        if weights.sparsity_weight:
            parts["sparsity"] = losses.sparsity(latents, weights.sparsity_alpha)
            loss += weights.sparsity_weight * parts["sparsity"]
        if weights.feedback_weight and self.model_config.tuning.cycle_gains:
            term = self._feedback_loss(latents, decoded, reconstruction, quality)
            loss += weights.feedback_weight * term
        scale = (lambdas / self.lambdas.mean()) ** weights.quality_weight_power
        total = tf.reduce_mean(loss / scale)
        if weights.cycle_weight:
            some = replication.spread_over_batch(weights.cycle_images, images.shape[0])
            again = self.analysis(self.pad(reconstruction[some]), quality[some])
            parts["cycle"] = losses.cycle_consistency(latents[some], again)
            total += weights.cycle_weight * tf.reduce_mean(parts["cycle"])
        return total, parts

    def _feedback_loss(
        self, latents: tf.Tensor, decoded: tf.Tensor, reconstruction: tf.Tensor, quality: tf.Tensor
    ) -> tf.Tensor:
        """float32 [B], bits/pixel; see `losses.feedback`. The second pass gets no gradient."""
        gains = at_level(tf.constant(self.model_config.tuning.cycle_gains), quality)
        again = self.analysis(self.pad(reconstruction), quality)
        move = gains[:, None, None, None] * (decoded - again)
        pixels = reconstruction.shape[1] * reconstruction.shape[2]
        return losses.feedback(latents, tf.stop_gradient(latents + move), pixels)

    def take_other_shape(self, trained: Any, pictures: np.ndarray, source: Any) -> None:
        """See `CodecModel`: new blocks start as the identity; narrower models see pruning.py.

        Models of other channels see other_channels.py.
        """
        if self.image.channels != trained.image.channels:
            other_channels.take(self, trained, pictures)
            return
        known = {layer.name: layer for stage in trained.levels for layer in stage}
        shared = [layer for stage in self.levels for layer in stage if layer.name in known]
        pairs = [(layer.variables, known[layer.name].variables) for layer in shared]
        same_levels = len(self.levels) == len(trained.levels)
        if not (same_levels and all(of_one_shape(*pair) for pair in pairs)):
            pruning.narrow(self, trained, pictures)
            return
        for pair in (*pairs, ([self.log_gain], [trained.log_gain])):
            assign(*pair)

    def take_optional_parts(self, trained: Any) -> None:
        """See `CodecModel`: parts of other shapes stay as they are."""
        pruning.take_blocks(self.correction, trained.correction)
        assign(self.diffusion_variables, trained.diffusion_variables)

    def initialize(self, images: np.ndarray, seed: int = 0) -> None:
        """Starts from principal components; see principal_components.py."""
        principal_components.initialize(self, images, seed)

    def finish(self, batches: tf.data.Dataset) -> None:
        """Fits the entropy model's tables to the latents of training pictures.

        Args:
          batches: `tf.data.Dataset` of samples [B, crop, crop, channels].
        """
        self._tables = self.prior.calibrated(self.freeze(), self._coded(batches))

    def _coded(self, batches: tf.data.Dataset) -> Iterator[tuple[np.ndarray, int]]:
        """Yields each picture's latents in steps and a quality; qualities take turns."""
        for number, images in enumerate(batches.take(_CALIBRATION_BATCHES)):
            images = self.in_units(images)
            for quality in range(1 + number % 2, self.qualities + 1, 2):
                y = self.analysis(self.pad(images), tf.fill([images.shape[0]], quality))
                yield from ((latents, quality) for latents in y.numpy())

    def freeze(self) -> dict[str, CdfTables]:
        """See `CodecModel`."""
        return self.prior.freeze(np.exp(np.asarray(self.log_gain)))
