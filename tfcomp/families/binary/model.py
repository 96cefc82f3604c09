"""binary: a picture becomes bits, by noise and a sigmoid.

     image -> [conv 5x5 /2 -> GDN] x levels -> residual -> conv 3x3 -> features f
                                                                          |
              training   code = sigmoid(f + sigma * n),  n ~ N(0, 1)   <--+
              files      bit  = sigmoid(f) > 0.5                       <--+
                                                                          |
     image <- [convT 5x5 x2 <- IGDN] x levels <- residual <- conv 3x3 <- 2 code - 1, or 0: not sent

Noise of standard deviation sigma makes small features useless: to carry information, they must be
so large that the sigmoid saturates at 0 or 1. So sigma grows over the training, and at its end a
hard threshold changes nothing (as in Salakhutdinov and Hinton 2009, "Semantic hashing"). `binarize`
has the alternatives.

With `prior: bits` quality q sends the first sent[q] channels of the code. Training draws a quality
for each picture, so the first channels learn to carry what matters most (nested dropout, Rippel et
al. 2014, arXiv:1402.0915): a small file's bits are the first of a large file's.

With `prior: hyperprior` the features have a scale and an offset for each quality (rated_code.py),
the probability of each bit is learnt, and the loss is rate + lambda * distortion.
"""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy import noise
from tfcomp.entropy_kinds.hyperprior.prior import bit_hyperprior
from tfcomp.entropy_kinds.registry import KINDS
from tfcomp.families.binary.rated_code import RatedCode
from tfcomp.models import base, layers, losses

# Gradients stop at the prior's bits, so this term trains the prior alone, and is too small to show
# in the loss.
_PRIOR_WEIGHT = 1e-5
# Elements of the codes, all channels deep, that contexts are chosen and counted on.
_FITTED_ELEMENTS = 65536
_FITTED_BATCHES = 64


@keras.utils.register_keras_serializable(package=layers.PACKAGE)
class BinaryModel(base.CodecModel):
    """Autoencoder whose code is made of bits."""

    family = "binary"
    metric_names = ("loss", "bpp", "psnr", "mse", "ones", "unsure", "sigma")

    def __init__(self, model_config: Any = None, loss_config: Any = None, **kwargs: Any) -> None:
        super().__init__(model_config, loss_config, **kwargs)
        settings = self.model_config
        # Here each direction has kernels of its own.
        self.stages: list[Any] = []  # layers that know both directions
        for level, width in enumerate(settings.widths):
            convolution = layers.TiedConv2D(
                width, settings.kernel_size, 2, tied=False, name=f"down_{level}"
            )
            self.stages += [convolution, layers.GDN(name=f"gdn_{level}")]
        self.stages += [
            layers.TiedResidualBlock(tied=False, name=f"residual_{block}")
            for block in range(settings.residual_blocks)
        ]
        self.stages.append(layers.TiedConv2D(settings.code_channels, 3, tied=False, name="code"))
        self.rated = None
        if settings.prior == "hyperprior":
            self.rated = RatedCode(self.qualities, settings.code_channels, name="rated_code")
            lambdas = np.geomspace(settings.min_lambda, settings.max_lambda, self.qualities)
            self.lambdas = lambdas.astype(np.float32)
            self.prior = bit_hyperprior.make(settings)
        else:
            self.prior = KINDS[settings.prior].prior.make(settings)

    def analysis(self, images: tf.Tensor, quality: tf.Tensor | None = None) -> tf.Tensor:
        """See `CodecModel`; the features before the sigmoid.

        With `prior: bits` they are the same for every quality; else qualities take turns where
        none is given.
        """
        x = tf.cast(images - 0.5, self.transform_dtype)
        for layer in self.stages:
            if not layer.built:
                layer.build(x.shape)
            x = layer.analysis(x)
        x = tf.cast(x, tf.float32)
        if self.rated is None:
            return x
        if quality is None:
            quality = tf.range(tf.shape(x)[0]) % self.qualities + 1
        return self.rated.features(x, quality)

    def synthesis(self, code: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """See `CodecModel`; codes in 0..1. Channels that are not sent count as 0."""
        code = tf.cast(code, tf.float32)
        if self.rated is None:
            y = (2.0 * code - 1.0) * self.prior.sent_mask(quality)
        else:
            y = self.rated.values(code, quality)
        y = tf.cast(y, self.transform_dtype)
        for layer in reversed(self.stages):
            y = layer.synthesis(y)
        return tf.cast(y, tf.float32) + 0.5

    def progress(self) -> tf.Tensor:
        """The share of the run that is done, float32 scalar in 0..1."""
        optimizer = getattr(self, "optimizer", None)
        if optimizer is None:
            return tf.constant(1.0)
        done = tf.cast(optimizer.iterations, tf.float32) / float(self.total_steps)
        return tf.clip_by_value(done, 0.0, 1.0)

    def noise_level(self, progress: tf.Tensor) -> tf.Tensor:
        """sigma: the noise's standard deviation, float32 scalar."""
        ends = tf.constant(self.loss_config.stage_ends[:-1], tf.float32)
        stage = tf.reduce_sum(tf.cast(progress >= ends, tf.int32))
        return tf.gather(tf.constant(self.loss_config.noise, tf.float32), stage)

    def binarize(self, features: tf.Tensor, progress: tf.Tensor | None = None) -> tf.Tensor:
        """The code that the decoder is trained with.

        noise             sigmoid(f + sigma n): soft, and harder the larger sigma is
        straight_through  f > 0; backwards as if it were sigmoid(f) (Bengio et al. 2013,
                          arXiv:1308.3432)
        stochastic        1 with probability sigmoid(f); backwards as if it were that probability
                          (Toderici et al. 2015, arXiv:1511.06085)

        Args:
          features: float32 [B, h, w, C].
          progress: float32 scalar, the share of the run that is done; None to ask the optimiser.

        Returns:
          float32 [B, h, w, C] in 0..1.
        """
        progress = self.progress() if progress is None else progress
        soft = tf.sigmoid(features)
        hard = soft + tf.stop_gradient(hard_bits(features) - soft)
        if self.loss_config.binarizer == "straight_through":
            return hard
        if self.loss_config.binarizer == "stochastic":
            drawn = tf.cast(noise.uniform(soft) + 0.5 < soft, tf.float32)
            code = soft + tf.stop_gradient(drawn - soft)
        else:
            code = tf.sigmoid(features + self.noise_level(progress) * _normal(features))
        if self.loss_config.hard_share:
            code = tf.where(progress >= 1.0 - self.loss_config.hard_share, hard, code)
        return code

    def quantise(
        self, latents: tf.Tensor, quality: tf.Tensor, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """See `CodecModel`: features become codes (training) or bits, counted by the prior."""
        code = self.binarize(latents) if training else hard_bits(latents)
        if self.rated is None:
            return code, self.prior.bits(code, quality)
        return self.prior.quantise(code, quality, training=training)

    def training_loss(
        self, images: tf.Tensor, quality: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The loss of a batch and its parts; see `CodecModel`.

        "ones" is the share of bits that are 1, "unsure" that of codes between 0.05 and 0.95.
        """
        height, width = images.shape[1:3]
        features = self.analysis(self.pad(images), quality)
        if self.rated is None:
            loss, mse = self._loss(images, self.binarize(features), quality)
            bits = self.prior.bits(hard_bits(features), quality)
            bpp = losses.rate(bits, height * width)
            loss += _PRIOR_WEIGHT * bpp
        else:
            code, bits = self.quantise(features, quality, training=True)
            bpp = losses.rate(bits, height * width)
            loss, mse = self._rated_loss(images, code, bpp, quality)
        soft = tf.sigmoid(features)
        unsure = tf.cast((soft > 0.05) & (soft < 0.95), tf.float32)
        parts = {
            "bpp": bpp,
            "mse": mse,
            "psnr": losses.psnr(mse),
            "ones": tf.reduce_mean(hard_bits(features), (1, 2, 3)),
            "unsure": tf.reduce_mean(unsure, (1, 2, 3)),
            "sigma": self.noise_level(self.progress()) * tf.ones_like(mse),
        }
        return tf.reduce_mean(loss), parts

    def loss_of_bits(self, images: tf.Tensor, quality: tf.Tensor) -> float:
        """The loss of the bits that files hold, float: training's, without noise.

        Args:
          images: float32 [B, H, W, 3] in 0..1.
          quality: int32 [B].
        """
        code = hard_bits(self.analysis(self.pad(images)))
        return float(tf.reduce_mean(self._loss(images, code, quality)[0]))

    def _loss(
        self, images: tf.Tensor, code: tf.Tensor, quality: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """mean((x - x')^2) + code_weight * mean(code^2), and the MSE on 0..255; float32 [B]."""
        weights = self.loss_config
        height, width = images.shape[1:3]
        reconstruction = self.synthesis(code, quality)[:, :height, :width]
        mse = losses.squared_error(images, reconstruction)
        sent = self.prior.sent_mask(quality)
        loss = mse / 255.0**2 * tf.reduce_mean(sent, (1, 2, 3)) ** weights.quality_weight_power
        loss += weights.code_weight * tf.reduce_mean(tf.square(code) * sent, (1, 2, 3))
        return loss, mse

    def _rated_loss(
        self, images: tf.Tensor, code: tf.Tensor, bpp: tf.Tensor, quality: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """bpp + lambda MSE + code_weight mean(code^2), over lambda ** power; and the MSE; [B]."""
        weights = self.loss_config
        height, width = images.shape[1:3]
        reconstruction = self.synthesis(code, quality)[:, :height, :width]
        mse = losses.squared_error(images, reconstruction)
        lambdas = tf.gather(tf.constant(self.lambdas), quality - 1)
        loss = bpp + lambdas * mse
        loss += weights.code_weight * tf.reduce_mean(tf.square(code), (1, 2, 3))
        return loss / lambdas**weights.quality_weight_power, mse

    def initialize(self, images: np.ndarray, seed: int = 0) -> None:
        """Starts the entropy model at the codes that untrained transforms make."""
        super().initialize(images, seed)
        if self.rated is not None:
            self.prior.start(self, hard_bits(self.analysis(self.pad(self.in_units(images)))))

    def finish(self, batches: tf.data.Dataset) -> None:
        """Fits the prior to the codes of training pictures.

        Args:
          batches: `tf.data.Dataset` of uint8 [B, crop, crop, 3].
        """
        if self.rated is not None:
            self._tables = self.prior.calibrated(self.freeze(), self._coded(batches))
            return
        codes, elements = [], 0
        for images in batches.take(_FITTED_BATCHES):
            features = self.analysis(self.pad(tf.cast(images, tf.float32) / 255.0))
            codes.append(hard_bits(features).numpy().astype(np.uint8))
            elements += codes[-1][..., 0].size
            if elements >= _FITTED_ELEMENTS:
                break
        self.prior.fit(np.concatenate(codes))
        self._tables = None

    def _coded(self, batches: tf.data.Dataset) -> Iterator[tuple[np.ndarray, int]]:
        """Yields what the coder is given of each picture, and a quality; qualities take turns."""
        for number, images in enumerate(batches.take(_FITTED_BATCHES)):
            images = self.pad(self.in_units(images))
            for quality in range(1 + number % 2, self.qualities + 1, 2):
                features = self.analysis(images, tf.fill([images.shape[0]], quality))
                yield from ((self.prior.symbols(each), quality) for each in features.numpy())

    def freeze(self) -> dict[str, CdfTables]:
        """See `CodecModel`."""
        return self.prior.freeze()


def hard_bits(features: tf.Tensor) -> tf.Tensor:
    """sigmoid(f) > 0.5 as float32 0 or 1."""
    return tf.cast(features > 0, tf.float32)


def _normal(values: tf.Tensor) -> tf.Tensor:
    """Gaussian noise of standard deviation 1, of the same shape."""
    uniform = noise.uniform(values) + 0.5
    return tf.math.ndtri(tf.clip_by_value(uniform, 1e-6, 1.0 - 1e-6))
