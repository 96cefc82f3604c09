"""What every tfcomp codec model is: the contract between models, training and export.

    images, quality --analysis--> latents --+ noise--> prior ----------> bits
                                            |
                                            +-- round --> synthesis --> reconstruction

A family subclasses `CodecModel` and gives `analysis`, `quantize` and `synthesis`; the base class
gives padding to any size, quantisation, the training step and real files.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp import config as config_module
from tfcomp.bitstream import container
from tfcomp.errors import CodecError
from tfcomp.models import losses

FINGERPRINT_BYTES = 4


class CodecModel(keras.Model):
    """A Keras model that is a codec.

    Subclasses define:
      analysis(images float32 [B, H, W, 3] in 0..1, quality int32 [B])
          -> latents float32 [B, H/stride, W/stride, C], in quantisation steps;
      synthesis(latents, quality) -> images float32 [B, H, W, 3], not clipped;
      quantize(latents, quality, training) -> latents rounded straight through, of the same shape,
          and float32 [B], their bits (of noisy latents when training);
      freeze() -> dict of CdfTables by section, the integer tables files are written with;
      prior -> the entropy model, whose encode and decode write and read a file's sections.

    Qualities count from 1 (smallest files) to `qualities`. H and W given to `analysis` are
    multiples of `stride`; `call` takes any size from 1x1 up.
    """

    def __init__(self, model_config, loss_config=None, **kwargs):
        # Pictures enter in float32 whatever the policy: half precision starts after the padding.
        super().__init__(autocast=False, **kwargs)
        self.model_config = model_config
        self.loss_config = loss_config or config_module.LossConfig()
        self.qualities = model_config.qualities
        self.stride = model_config.stride
        self.lambdas = np.geomspace(
            model_config.min_lambda, model_config.max_lambda, self.qualities
        ).astype(np.float32)
        self.fingerprint = bytes(FINGERPRINT_BYTES)
        self._tables = None
        self._trackers = {
            name: keras.metrics.Mean(name=name)
            for name in ("loss", "bpp", "psnr", "mse", "cycle", "sparsity")
        }

    def analysis(self, images, quality):
        raise NotImplementedError

    def synthesis(self, latents, quality):
        raise NotImplementedError

    def quantize(self, latents, quality, training):
        raise NotImplementedError

    def freeze(self):
        raise NotImplementedError

    def build_codec(self):
        """Creates every variable by coding one small grey picture."""
        side = 2 * self.stride
        self(tf.fill([1, side, side, 3], 0.5), quality=tf.constant([1]))
        return self

    @property
    def metrics(self):
        return list(self._trackers.values())

    def pad(self, images):
        """Repeats the last row and column up to multiples of the stride, as the runtime does.

        float32 [B, H, W, 3] -> [B, H', W', 3]
        """
        height, width = tf.shape(images)[1], tf.shape(images)[2]
        rows_ = tf.minimum(tf.range(-(-height // self.stride) * self.stride), height - 1)
        columns = tf.minimum(tf.range(-(-width // self.stride) * self.stride), width - 1)
        return tf.gather(tf.gather(images, rows_, axis=1), columns, axis=2)

    def call(self, images, quality=None, training=False):
        """Codes images of any size without writing bytes.

        Args:
          images: float32 [B, H, W, 3] in 0..1.
          quality: int32 [B] or None for the default quality.
          training: noisy latents for the rate when True, rounded ones when False.

        Returns:
          reconstruction float32 [B, H, W, 3], bits float32 [B], latents float32 [B, h, w, C]
          (before rounding).
        """
        images = tf.convert_to_tensor(images, tf.float32)
        height, width = tf.shape(images)[1], tf.shape(images)[2]
        if quality is None:
            quality = tf.fill(tf.shape(images)[:1], self.model_config.default_quality)
        latents = self.analysis(self.pad(images), quality)
        decoded, bits = self.quantize(latents, quality, training)
        reconstruction = self.synthesis(decoded, quality)[:, :height, :width]
        reconstruction.set_shape(images.shape)
        return reconstruction, bits, latents

    def distortion(self, images, reconstruction):
        """The distortion term of each image, float32 [B], that lambda multiplies."""
        if self.loss_config.distortion == "ms-ssim":
            value = losses.ms_ssim_distortion(images, reconstruction)
            return self.loss_config.ms_ssim_weight * value
        return losses.squared_error(images, reconstruction)

    def training_loss(self, images, quality):
        """The loss of a batch and its parts.

        Args:
          images: float32 [B, H, W, 3] in 0..1.
          quality: int32 [B].

        Returns:
          float32 scalar, and a dict of float32 [B] named like the metrics.
        """
        weights = self.loss_config
        reconstruction, bits, latents = self(images, quality=quality, training=True)
        lambdas = tf.gather(tf.constant(self.lambdas), quality - 1)
        bpp = losses.rate(bits, images.shape[1] * images.shape[2])
        loss = bpp + lambdas * self.distortion(images, reconstruction)
        mse = losses.squared_error(images, reconstruction)
        parts = {
            "bpp": bpp,
            "mse": mse,
            "psnr": 10.0 * tf.math.log(255.0**2 / tf.maximum(mse, 1e-3)) / np.log(10.0),
            "cycle": tf.zeros_like(bpp),
            "sparsity": tf.zeros_like(bpp),
        }
        if weights.sparsity_weight:
            parts["sparsity"] = losses.sparsity(latents, weights.sparsity_alpha)
            loss += weights.sparsity_weight * parts["sparsity"]
        scale = (lambdas / self.lambdas.mean()) ** weights.quality_weight_power
        total = tf.reduce_mean(loss / scale)
        if weights.cycle_weight:
            n = weights.cycle_images or images.shape[0]
            again = self.analysis(self.pad(reconstruction[:n]), quality[:n])
            parts["cycle"] = losses.cycle_consistency(latents[:n], again)
            total += weights.cycle_weight * tf.reduce_mean(parts["cycle"])
        return total, parts

    def train_step(self, images):
        """One optimiser step on uint8 [B, crop, crop, 3], each image at a random quality."""
        images = tf.cast(images, tf.float32) / 255.0
        quality = tf.random.uniform(tf.shape(images)[:1], 1, self.qualities + 1, tf.int32)
        with tf.GradientTape() as tape:
            loss, parts = self.training_loss(images, quality)
        variables = self.trainable_variables
        gradients = tape.gradient(loss, variables)
        gradients, _ = tf.clip_by_global_norm(gradients, self.clip_norm)
        self.optimizer.apply_gradients(zip(gradients, variables))
        self._trackers["loss"].update_state(loss)
        for name, value in parts.items():
            self._trackers[name].update_state(value)
        return {name: tracker.result() for name, tracker in self._trackers.items()}

    clip_norm = 1.0

    @property
    def tables(self):
        """The frozen integer tables; built from the trained prior on first use."""
        if self._tables is None:
            self._tables = self.freeze()
        return self._tables

    def use_bundle(self, tables, fingerprint):
        """Takes a bundle's tables and fingerprint, so that files go both ways.

        Args:
          tables: the bundle's `CdfTables` by section name.
          fingerprint: its SHA-256, bytes; the first 4 go into every file.
        """
        self._tables = tables
        self.fingerprint = bytes(fingerprint[: FINGERPRINT_BYTES])

    def compress(self, images, quality):
        """Writes real files, through TensorFlow Compression's range coder.

        Args:
          images: float32 [B, H, W, 3] in 0..1, any size.
          quality: int32 [B] or an int for all.

        Returns:
          list of B bytes objects in tfcomp's container format.
        """
        images = tf.convert_to_tensor(images, tf.float32)
        height, width = images.shape[1:3]
        quality = np.broadcast_to(quality, [images.shape[0]]).astype(np.int32)
        if not np.all((quality >= 1) & (quality <= self.qualities)):
            raise CodecError(f"quality must be from 1 to {self.qualities}")
        latents = self.analysis(self.pad(images), tf.constant(quality))
        return [
            container.pack(
                container.Container(
                    self.fingerprint,
                    int(q),
                    width,
                    height,
                    self.prior.encode(values, int(q), self.tables),
                )
            )
            for values, q in zip(latents.numpy(), quality)
        ]

    def decompress(self, files):
        """Reads files back through TensorFlow Compression's range coder.

        Args:
          files: list of bytes objects, as `compress` or any other tfcomp writer made them.

        Returns:
          list of uint8 [H, W, 3] arrays.

        Raises:
          CodecError: a damaged file, or one of another model.
        """
        images = []
        for data in files:
            parsed = container.parse(data, self._lookup)
            grid = -(-parsed.height // self.stride), -(-parsed.width // self.stride)
            latents = self.prior.decode(parsed.sections, parsed.quality, *grid, self.tables)[None]
            pixels = self.synthesis(latents, tf.constant([parsed.quality]))[0]
            pixels = tf.clip_by_value(pixels[: parsed.height, : parsed.width], 0.0, 1.0)
            images.append(tf.cast(tf.round(pixels * 255.0), tf.uint8).numpy())
        return images

    def _lookup(self, fingerprint):
        from tfcomp.errors import UnknownBundleError

        if fingerprint != self.fingerprint:
            raise UnknownBundleError(
                "this file was written by another model: load the bundle it names"
            )
        return self

    # What `container.parse` asks of a bundle.
    fixed_size = None
    @property
    def section_count(self):
        return len(self.tables)
