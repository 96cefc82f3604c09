"""vaegan: a variational autoencoder with an adversary, whose KL term is the size of the file.

     image x -> Encoder -> mean m -> * gain_q -+- uniform noise -> z~ -> prior ----> L_prior
                                               |
                                               +- round -> / gain_q -> Decoder -> x'
                                                                                  |
     x ---------------------------> Discriminator <-------------------------------+
                                     |         |
                                  features    "a picture?"
                                  L_llike     L_GAN

Posterior, prior and rate (Balle, Laparra, Simoncelli 2017, arXiv:1611.01704, section 3). The
posterior is a box one quantisation step wide, q(z~|x) = U(m - 1/2, m + 1/2), reparameterised as
z~ = m + u; the prior's density is p(z~) = (f * U(-1/2, 1/2))(z~), f the entropy model's. As q is 1
wherever it is not 0,

    KL(q || p) = E[log q(z~|x)] - E[log p(z~)] = 0 - E[log p(z~)] = ln 2 * bits,

and p at an integer k is the probability P(k) = F(k + 1/2) - F(k - 1/2) that the range coder is
given for k. So L_prior, in bits, is what the file pays for its latents. The decoder is trained on
the rounded means that it will get from files (Minnen, Singh 2020, arXiv:2007.08739).

The three losses of Larsen et al. 2015 (arXiv:1512.09300), one optimiser each:

    encoder        L_prior + lambda_q L_llike          (and the prior and the gains)
    decoder        gamma L_llike - L_GAN               (non-saturating: -log D(x'))
    discriminator  L_GAN = -log D(x) - log(1 - D(x'))

L_llike adds a squared error of pixels, 1 - SSIM (Wang et al. 2004) where asked for, and distances
in the discriminator's and a fixed attribute network's features (likelihood.py).
lambda_q is the multiplier of the constraint "the rate is target_bpp": it rises while there are bits
left and falls while there are too many (Rezende, Viola 2018, arXiv:1810.00597).
"""

from __future__ import annotations

import dataclasses
from typing import Any, Sequence

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp.bitstream.tables import CdfTables
from tfcomp.config.run import OptimizerConfig
from tfcomp.entropy import noise
from tfcomp.entropy.keras_versions import ONLY_FIRST_REPLICA, step_results, tensorflow_variable
from tfcomp.entropy_kinds.registry import KINDS
from tfcomp.errors import ImageError
from tfcomp.families.vaegan import equilibrium, likelihood
from tfcomp.families.vaegan import start as vaegan_start
from tfcomp.families.vaegan.networks import Decoder, Discriminator, Encoder
from tfcomp.models import base, layers, losses, replication
from tfcomp.models.attribute_network import FrozenAttributes


@keras.utils.register_keras_serializable(package=layers.PACKAGE)
class VaeganModel(base.CodecModel):
    """Encoder, decoder, discriminator, and a prior that files are written with."""

    family = "vaegan"
    optimizer_names = ("encoder_optimizer", "decoder_optimizer", "discriminator_optimizer")
    metric_names = (
        "loss",  # the encoder's
        "bpp",
        "psnr",
        "prior",  # L_prior in bits a picture
        "pixels",
        "features",
        "attribute_features",
        "attributes",
        "llike",
        "decoder_loss",
        "decoder_gan",
        "gan_real",
        "gan_fake",
        "discriminator_learns",  # share of steps
        "decoder_listens",
        "log_lambda",
    )

    def __init__(self, model_config: Any = None, loss_config: Any = None, **kwargs: Any) -> None:
        super().__init__(model_config, loss_config, **kwargs)
        settings = self.model_config
        self.encoder = Encoder(settings, name="encoder")
        self.decoder = Decoder(settings, name="decoder")
        self.discriminator = Discriminator(settings, name="discriminator")
        self.prior = KINDS[settings.prior].prior.make(settings)
        shape = (self.qualities, settings.num_channels)
        first = ONLY_FIRST_REPLICA  # all replicas steer alike
        self.log_gain = self.add_weight(
            name="log_gain", shape=shape, initializer="zeros", dtype="float32", aggregation=first
        )
        self.log_lambda = self.add_weight(
            name="log_lambda",
            shape=(self.qualities,),
            initializer=keras.initializers.Constant(np.log(settings.start_lambda)),
            dtype="float32",
            trainable=False,
            aggregation=first,
        )
        ladder = settings.ladder or (settings.num_channels,) * self.qualities
        self.channel_mask = np.array(
            [[c < count for c in range(settings.num_channels)] for count in ladder], np.float32
        )
        self._attributes = None

    # The codec.

    def build_codec(self) -> VaeganModel:
        """See `CodecModel`; the discriminator and its optimiser's variables too."""
        super().build_codec()
        side = max(self.stride, 2 ** len(self.model_config.discriminator_widths))
        self.discriminator(tf.zeros([1, side, side, 3]))
        return self

    @property
    def transform_variables(self) -> list[tf.Variable]:
        """What a run that starts from another takes over, apart from the prior."""
        networks = (self.encoder, self.decoder, self.discriminator)
        return [v for network in networks for v in network.variables] + [
            self.log_gain,
            self.log_lambda,
        ]

    @property
    def lambdas(self) -> np.ndarray:
        """float32 [qualities], by which gains move at such a start: ones, so they stay."""
        return np.ones(self.qualities, np.float32)

    def gain(self, quality: tf.Tensor) -> tf.Tensor:
        """Quantisation steps per unit of latent: int32 [B] -> float32 [B, C]."""
        return tf.exp(tf.gather(tf.cast(self.log_gain, tf.float32), quality - 1))

    def transform(self, images: tf.Tensor) -> tf.Tensor:
        """Means of the latents before any quality's gain: float32 [B, H, W, 3] -> [B, h, w, C]."""
        return tf.cast(self.encoder(tf.cast(images - 0.5, self.transform_dtype)), tf.float32)

    def analysis(self, images: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """See `CodecModel`."""
        gain = self.gain(quality) * tf.gather(self.channel_mask, quality - 1)
        return self.transform(images) * gain[:, None, None, :]

    def synthesis(self, latents: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """See `CodecModel`."""
        step = tf.gather(self.channel_mask, quality - 1) / self.gain(quality)
        y = tf.cast(latents, tf.float32) * step[:, None, None, :]
        return tf.cast(self.decoder(tf.cast(y, self.transform_dtype)), tf.float32) + 0.5

    def quantise(
        self, latents: tf.Tensor, quality: tf.Tensor, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """See `CodecModel`."""
        used = {}
        if self.model_config.ladder:
            used["used"] = tf.gather(self.channel_mask, quality - 1)
        return self.prior.quantise(latents, quality, self.gain(quality), training, **used)

    def freeze(self) -> dict[str, CdfTables]:
        """See `CodecModel`."""
        return self.prior.freeze(np.exp(np.asarray(self.log_gain)))

    def compress(
        self, images: np.ndarray | tf.Tensor, quality: int | Sequence[int] | np.ndarray
    ) -> list[bytes]:
        """See `CodecModel`. Raises ImageError for a size that the model doesn't take."""
        height, width = images.shape[1:3]
        if self.fixed_size is not None and tuple(self.fixed_size) != (width, height):
            raise ImageError(
                f"this model takes images of {self.fixed_size[0]}x{self.fixed_size[1]} pixels "
                f"only, not {width}x{height}: resize the image or use another model"
            )
        return super().compress(images, quality)

    # Training.

    def compile(
        self,
        encoder_optimizer: Any,
        decoder_optimizer: Any,
        discriminator_optimizer: Any,
        **kwargs: Any,
    ) -> None:
        """Takes the three optimisers, the discriminator's without momentum (see below)."""
        super().compile(**kwargs)
        self.encoder_optimizer = encoder_optimizer
        self.decoder_optimizer = decoder_optimizer
        self.discriminator_optimizer = discriminator_optimizer

    def optimizer_settings(self, name: str, settings: OptimizerConfig) -> OptimizerConfig:
        """See `CodecModel`; the discriminator's is Adam without momentum.

        A step with gradients of 0 then leaves it as it is.
        """
        if name != "discriminator_optimizer":
            return settings
        rate = settings.learning_rate * self.loss_config.discriminator_rate
        return dataclasses.replace(
            settings, name="adam", learning_rate=rate, momentum=0.0, average_decay=0.0
        )

    def variables_of(self, optimizer_name: str) -> list[tf.Variable]:
        """See `CodecModel`. The prior and the gains go with the encoder."""
        if optimizer_name == "decoder_optimizer":
            return self.decoder.trainable_variables
        if optimizer_name == "discriminator_optimizer":
            return self.discriminator.trainable_variables
        return [
            *self.encoder.trainable_variables,
            self.log_gain,
            *self.prior.trainable_variables,
        ]

    def initialize(self, images: np.ndarray, seed: int = 0) -> None:
        """See `CodecModel` and vaegan_start.py."""
        vaegan_start.initialize(self, images)

    @property
    def attributes(self) -> FrozenAttributes | None:
        """The fixed attribute network of the likelihood term, None without one."""
        if self._attributes is None and self.loss_config.attribute_network:
            # Keras must not see it: it is not part of the model, nor of checkpoints.
            attributes = FrozenAttributes(self.loss_config.attribute_network)
            object.__setattr__(self, "_attributes", attributes)
        return self._attributes

    def train_step(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """One step of all three optimisers on uint8 [B, crop, crop, 3]."""
        images = tf.cast(images, tf.float32) / 255.0
        numbers = replication.image_numbers(images, self.encoder_optimizer.iterations)
        quality = replication.draw_quality(self.seed, numbers, self.qualities)
        weights = self.loss_config
        begun = self.encoder_optimizer.iterations >= tf.cast(
            round(weights.adversarial_start * self.total_steps), tf.int64
        )

        def step(adversarial: bool) -> tuple[dict[str, list[tf.Tensor]], dict[str, tf.Tensor]]:
            with noise.numbered(self.seed, numbers):
                return self.gradients(images, quality, adversarial)

        if weights.adversarial_start >= 1:
            gradients, parts = step(False)
        elif weights.adversarial_start <= 0:
            gradients, parts = step(True)
        else:
            gradients, parts = tf.cond(begun, lambda: step(True), lambda: step(False))
        for name in self.optimizer_names:
            self.move(name, gradients[name], self.variables_of(name))
        self._steer_rate(quality, parts["bpp"])
        for name, value in parts.items():
            self._trackers[name].update_state(value)
        return step_results(self._trackers)

    def gradients(
        self, images: tf.Tensor, quality: tf.Tensor, adversarial: bool
    ) -> tuple[dict[str, list[tf.Tensor]], dict[str, tf.Tensor]]:
        """Each optimiser's gradients, and the terms that they come from.

        Args:
          images: float32 [B, H, W, 3] in 0..1.
          quality: int32 [B].
          adversarial: whether the discriminator takes part; its gradients are 0 otherwise.

        Returns:
          dict of optimiser name -> gradients of `variables_of(name)`, and a dict of metric name ->
          float32 scalar (for "bpp" float32 [B]).
        """
        settings = self.loss_config
        with tf.GradientTape(persistent=True) as tape:
            latents = self.analysis(self.pad(images), quality)
            decoded, bits = self.quantise(latents, quality, training=True)
            height, width = images.shape[1:3]
            reconstruction = self.synthesis(decoded, quality)[:, :height, :width]
            mse = losses.squared_error(images, reconstruction)
            parts = dict.fromkeys(self.metric_names, tf.zeros([]))
            parts.update(
                prior=bits,
                bpp=losses.rate(bits, height * width),
                pixels=mse,
                psnr=losses.psnr(mse),
                log_lambda=tf.reduce_mean(self.log_lambda),
            )
            llike = settings.pixel_weight * mse
            if settings.ssim_weight:
                similarity = tf.image.ssim(images, reconstruction, 1.0)
                llike += settings.ssim_weight * (1.0 - similarity)
            if self.attributes is not None:
                seen, said = self.attributes(images)
                seen_again, said_again = self.attributes(reconstruction)
                parts["attribute_features"] = likelihood.feature_distance(seen, seen_again)
                parts["attributes"] = likelihood.attribute_distance(said, said_again)
                llike += settings.attribute_feature_weight * parts["attribute_features"]
                llike += settings.attribute_weight * parts["attributes"]
            if adversarial:
                llike += self._play(images, reconstruction, decoded, quality, parts)
            parts["llike"] = llike
            lambdas = tf.exp(tf.gather(self.log_lambda, quality - 1))
            # Relative to the mean start, so that the loss keeps its scale.
            share = lambdas / float(np.mean(self.model_config.start_lambda))
            scale = share**settings.quality_weight_power
            parts["loss"] = tf.reduce_mean((parts["bpp"] + lambdas * llike) / scale)
            parts["decoder_loss"] = (
                settings.gamma * tf.reduce_mean(llike * share / scale)
                + parts["decoder_listens"] * parts["decoder_gan"]
            )
            discriminator_loss = parts["gan_real"] + parts["gan_fake"]

        def of(loss: tf.Tensor, name: str) -> list[tf.Tensor]:
            variables = [tensorflow_variable(v) for v in self.variables_of(name)]
            return tape.gradient(
                loss, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO
            )

        learning = of(discriminator_loss, "discriminator_optimizer")
        gradients = {
            "encoder_optimizer": of(parts["loss"], "encoder_optimizer"),
            "decoder_optimizer": of(parts["decoder_loss"], "decoder_optimizer"),
            "discriminator_optimizer": [g * parts["discriminator_learns"] for g in learning],
        }
        # The same shapes with and without a discriminator.
        parts = {k: v if k == "bpp" else tf.reduce_mean(v) for k, v in parts.items()}
        return gradients, parts

    def _judged(self, images: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        """The discriminator's features and logits, in float32 whatever it computes in."""
        features, logits = self.discriminator(tf.cast(images - 0.5, self.transform_dtype))
        return [tf.cast(level, tf.float32) for level in features], tf.cast(logits, tf.float32)

    def _play(
        self,
        images: tf.Tensor,
        reconstruction: tf.Tensor,
        decoded: tf.Tensor,
        quality: tf.Tensor,
        parts: dict[str, tf.Tensor],
    ) -> tf.Tensor:
        """The adversarial terms, into `parts`; returns what they add to the likelihood term."""
        settings = self.loss_config
        features, real = self._judged(images)
        features_again, fake = self._judged(reconstruction)
        parts["features"] = likelihood.feature_distance(
            [tf.stop_gradient(level) for level in features], features_again
        )
        parts["gan_real"] = equilibrium.cross_entropy(real, True)
        parts["gan_fake"] = equilibrium.cross_entropy(fake, False)
        parts["decoder_gan"] = equilibrium.cross_entropy(fake, True)
        if settings.prior_images:
            # The prior's channels are independent, so latents of the batch with each channel
            # taken from another image are a draw from it (from the aggregate posterior at least).
            n = settings.prior_images
            drawn = self.synthesis(vaegan_start.mixed_channels(decoded)[:n], quality[:n])
            _, invented = self._judged(drawn)
            parts["gan_fake"] += equilibrium.cross_entropy(invented, False)
            parts["gan_fake"] /= 2.0
            parts["decoder_gan"] += equilibrium.cross_entropy(invented, True)
            parts["decoder_gan"] /= 2.0
        losses_now = tf.stop_gradient(tf.stack([parts["gan_real"], parts["gan_fake"]]))
        if replication.replicas() > 1:
            context = tf.distribute.get_replica_context()
            losses_now = context.all_reduce(tf.distribute.ReduceOp.MEAN, losses_now)
        parts["discriminator_learns"], parts["decoder_listens"] = equilibrium.gates(
            losses_now[0], losses_now[1], settings.equilibrium, settings.margin
        )
        return settings.feature_weight * parts["features"]

    def _steer_rate(self, quality: tf.Tensor, bpp: tf.Tensor) -> None:
        """Moves each quality's lambda towards its target rate."""
        chosen = tf.one_hot(quality - 1, self.qualities)
        target = tf.gather(tf.constant(self.model_config.target_bpp), quality - 1)
        spare = tf.clip_by_value(tf.math.log(target / tf.maximum(bpp, 1e-6)), -1.0, 1.0)
        move = tf.reduce_sum(chosen * spare[:, None], 0)
        count = tf.reduce_sum(chosen, 0)
        if replication.replicas() > 1:
            context = tf.distribute.get_replica_context()
            move, count = context.all_reduce(tf.distribute.ReduceOp.SUM, [move, count])
        move = tf.math.divide_no_nan(move, count) * self.loss_config.lambda_rate
        self.log_lambda.assign(self.log_lambda + move)
        # The best step of a uniform quantiser is proportional to 1 / sqrt(lambda): so the rate
        # follows at once, before the gains have learnt it.
        self.log_gain.assign(self.log_gain + 0.5 * move[:, None])
