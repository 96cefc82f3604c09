"""What every tfcomp codec model is: the contract between models, training and export.

    images, quality --analysis--> latents --+ noise--> prior ----------> bits
                                            |
                                            +-- round --> synthesis --> reconstruction

A family subclasses `CodecModel` and gives `analysis`, `quantise` and `synthesis`; the base class
gives padding to any size, quantisation, the training step and real files.
"""

from __future__ import annotations

from typing import Any, Sequence, Tuple

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp import config as config_module
from tfcomp.bitstream import container
from tfcomp.bitstream.tables import CdfTables
from tfcomp.config.run import OptimizerConfig
from tfcomp.entropy import noise
from tfcomp.entropy.keras_versions import step_results
from tfcomp.errors import CodecError
from tfcomp.image_spec import spec_of
from tfcomp.models import replication
from tfcomp.models.sequence_training import coded_sequences, sequence_loss

FINGERPRINT_BYTES = 4


class CodecModel(keras.Model):
    """A Keras model that is a codec.

    Subclasses define:
      analysis(images float32 [B, H, W, channels] in 0..1, quality int32 [B])
          -> latents float32 [B, H/stride, W/stride, C], in quantisation steps;
      synthesis(latents, quality) -> images float32 [B, H, W, channels], not clipped;
      quantise(latents, quality, training) -> latents rounded straight through, of the same shape,
          and float32 [B], their bits (of noisy latents when training);
      freeze() -> dict of CdfTables by section, the integer tables files are written with;
      training_loss(images, quality) -> float32 scalar, and its parts: a dict of float32 [B] named
          like `metric_names` (a family may give a `train_step` of its own instead);
      family -> its name in configs;
      prior -> the entropy model, whose encode and decode write and read a file's sections;
      metric_names -> what history.csv and the progress bar show of a step, "loss" first.
    and may define
      initialize(images, seed): the weights that training begins with;
      optimizer_names: the arguments of `compile` that each take an optimiser;
      variables_of, optimizer_settings: what each of them moves, and how;
      adam_layers: whose kernels Muon leaves alone.

    Qualities count from 1 (smallest files) to `qualities`. H and W given to `analysis` are
    multiples of `stride`; `call` takes any size from 1x1 up.

    Args:
      model_config: the family's section `model`, its dict, or None for the defaults.
      loss_config: likewise, of the section `loss`.
    """

    family: str
    metric_names: Tuple[str, ...] = ("loss",)
    optimizer_names: Tuple[str, ...] = ("optimizer",)
    clip_norm = 1.0
    encoder_only = False  # whether training leaves all that decodes as it is, where a family can
    frames: Any = None  # how sequences are made, where only what dependent frames need is trained
    seed = 0  # of the qualities and the noise drawn in training
    total_steps = 1  # of the whole run, for what changes over it

    def __init__(self, model_config: Any = None, loss_config: Any = None, **kwargs: Any) -> None:
        # Only the transforms may compute in half precision (`transform_dtype`). The model itself is
        # float32 whatever the policy, so that Keras casts neither pictures nor entropy models.
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.transform_dtype = keras.mixed_precision.global_policy().compute_dtype
        self.model_config, self.loss_config = config_module.sections(
            self.family, model_config, loss_config
        )
        self.qualities = self.model_config.qualities
        self.stride = self.model_config.stride
        self.image = spec_of(self.model_config)
        self.fingerprint = bytes(FINGERPRINT_BYTES)
        if not self.image.is_rgb8:
            # Means of each channel over pictures, and the deviations of these; in units.
            self.channel_statistics = self.add_weight(
                name="channel_statistics",
                shape=(2, self.image.channels),
                initializer="zeros",
                dtype="float32",
                trainable=False,
            )
        # Optimiser's name -> `tfcomp.training.averages.WeightAverages`.
        self.averages: dict[str, Any] = {}
        self._tables: dict[str, CdfTables] | None = None
        self._trackers = {name: keras.metrics.Mean(name=name) for name in self.metric_names}

    def analysis(self, images: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        raise NotImplementedError

    def synthesis(self, latents: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        raise NotImplementedError

    def quantise(
        self, latents: tf.Tensor, quality: tf.Tensor, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        raise NotImplementedError

    def freeze(self) -> dict[str, CdfTables]:
        raise NotImplementedError

    def training_loss(
        self, images: tf.Tensor, quality: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        raise NotImplementedError

    def initialize(self, images: np.ndarray, seed: int = 0) -> None:
        """Sets weights before training, given samples [B, H, W, channels]; nothing by default."""

    def note_channels(self, images: np.ndarray) -> None:
        """Keeps what channels usually are, for encoders that tell whether they are in order.

        Args:
          images: samples [B, H, W, channels] of training crops.

        Raises:
          CodecError: a channel has one value everywhere: nothing can be learnt of it.
        """
        if self.image.is_rgb8:
            return
        flat = np.flatnonzero(images.min((0, 1, 2)) == images.max((0, 1, 2)))
        if flat.size:
            raise CodecError(
                f"channel {flat[0] + 1} of {self.image.channels} is "
                f"{images[0, 0, 0, flat[0]]:g} in all of the first {len(images)} training crops: "
                "leave it out of the pictures, or give some in which it varies"
            )
        means = self.in_units(images).numpy().mean((1, 2))
        self.channel_statistics.assign(np.stack([means.mean(0), means.std(0)]))

    def finish(self, batches: tf.data.Dataset) -> None:
        """What is left to do when training has ended, given a dataset of batches."""

    def finish_sequence(self, batches: tf.data.Dataset) -> None:
        """`finish` where only what dependent frames need was trained: all else keeps its tables."""
        tables = {**self.freeze(), **self.tables}
        self._tables = self.prior.calibrated_sequence(tables, coded_sequences(self, batches))

    def take_other_shape(self, trained: Any, pictures: np.ndarray, source: Any) -> None:
        """Starts with the transforms of a trained model of the same family and another shape.

        Args:
          trained: wider, or with other blocks.
          pictures: samples [B, H, W, channels], to weigh channels with.
          source: where it was read from, for messages.

        Raises:
          CodecError: the family cannot do this, or the models do not fit.
        """
        raise CodecError(f"{source} holds a model of other widths: only cycle can be narrowed")

    def take_optional_parts(self, trained: Any) -> None:
        """Takes from a trained model what not all models of the family have; nothing by default."""

    def compile(self, *optimizers: Any, **settings: Any) -> None:
        """Keras's, without XLA, which Keras 3 would choose and which is slower on processors."""
        super().compile(*optimizers, **{"jit_compile": False, **settings})

    @property
    def trainable_variables(self) -> list[tf.Variable]:
        """All of them; where `frames` says how sequences are made, those of dependent frames."""
        if self.frames is None:
            return super().trainable_variables
        return self.prior.sequence.trainable_variables

    def variables_of(self, optimizer_name: str) -> list[tf.Variable]:
        """The variables that one of `optimizer_names` moves."""
        return self.trainable_variables

    @property
    def adam_layers(self) -> list[keras.layers.Layer]:
        """Layers whose kernels Adam moves whatever the optimiser, as it does the prior's."""
        return []

    @property
    def pixel_kernels(self) -> list[tf.Variable]:
        """Kernels on pixels, where these have more than three channels."""
        return []

    @property
    def hidden_kernels(self) -> list[tf.Variable]:
        """Kernels from one hidden layer of the transforms to the next: those that Muon moves.

        Kernels on pixels are none; nor are depthwise ones.
        """
        others = {id(v) for layer in (self.prior, *self.adam_layers) for v in layer.variables}
        others |= {id(v) for v in self.pixel_kernels}
        return [
            v
            for v in self.trainable_variables
            if id(v) not in others and len(v.shape) == 4 and v.shape[2] > 3 and v.shape[3] > 1
        ]

    def move(
        self, optimizer_name: str, gradients: Sequence[tf.Tensor], variables: Sequence[tf.Variable]
    ) -> None:
        """Lets one of `optimizer_names` move variables, and their averages after them."""
        optimizer = getattr(self, optimizer_name)
        replication.apply_gradients(optimizer, gradients, variables, self.clip_norm)
        if optimizer_name in self.averages:
            self.averages[optimizer_name].update()

    def optimizer_settings(self, optimizer_name: str, settings: OptimizerConfig) -> OptimizerConfig:
        """The settings of one of `optimizer_names`, made of the config's for all of them."""
        return settings

    def build(self, input_shape: tf.TensorShape) -> None:
        """Nothing: variables are made as the first picture is coded; see `build_codec`."""
        self.built = True

    def _maybe_symbolic_build(self, *_: Any, **__: Any) -> None:
        """Nothing: `build_codec` has made every variable.

        Keras 3 asks for it under a strategy, with the mean of a batch over the workers, which there
        is not for uint8.
        """

    def build_codec(self) -> CodecModel:
        """Creates every variable by coding one small grey picture."""
        side = 2 * self.stride
        self(tf.fill([1, side, side, self.image.channels], 0.5), quality=tf.constant([1]))
        return self

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self._trackers.values())

    def no_metrics(self) -> None:
        """For a model that is part of another one, which counts what a step does."""
        self._trackers = {}

    def in_units(self, images: np.ndarray | tf.Tensor) -> tf.Tensor:
        """Samples as the model counts: float32 of the same shape, 0..1 over the spec's range."""
        samples = tf.cast(images, tf.float32)
        return (samples - self.image.low if self.image.low else samples) / self.image.peak

    def pad(self, images: tf.Tensor) -> tf.Tensor:
        """Repeats the last row and column up to multiples of the stride, as the runtime does.

        float32 [B, H, W, channels] -> [B, H', W', channels]
        """
        if all(side and side % self.stride == 0 for side in images.shape[1:3]):
            return images
        height, width = tf.shape(images)[1], tf.shape(images)[2]
        rows_ = tf.minimum(tf.range(-(-height // self.stride) * self.stride), height - 1)
        columns = tf.minimum(tf.range(-(-width // self.stride) * self.stride), width - 1)
        return tf.gather(tf.gather(images, rows_, axis=1), columns, axis=2)

    def call(
        self, images: tf.Tensor, quality: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Codes images of any size without writing bytes.

        Args:
          images: float32 [B, H, W, channels] in 0..1.
          quality: int32 [B] or None for the default quality.
          training: noisy latents for the rate when True, rounded ones when False.

        Returns:
          reconstruction float32 [B, H, W, channels], bits float32 [B], latents float32 [B, h, w, C]
          (before rounding).
        """
        images = tf.convert_to_tensor(images, tf.float32)
        height, width = tf.shape(images)[1], tf.shape(images)[2]
        if quality is None:
            quality = tf.fill(tf.shape(images)[:1], self.model_config.default_quality)
        latents = self.analysis(self.pad(images), quality)
        decoded, bits = self.quantise(latents, quality, training)
        reconstruction = self.synthesis(decoded, quality)[:, :height, :width]
        reconstruction.set_shape(images.shape)
        return reconstruction, bits, latents

    def train_step(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """One optimiser step on samples [B, crop, crop, channels], each at a random quality."""
        images = self.in_units(images)
        numbers = replication.image_numbers(images, self.optimizer.iterations)
        steps = self.prior.quality_steps
        quality = replication.draw_quality(self.seed, numbers, self.qualities, steps)
        with noise.numbered(self.seed, numbers), tf.GradientTape() as tape:
            if self.frames is None:
                loss, parts = self.training_loss(images, quality)
            else:
                loss, parts = sequence_loss(self, images, quality, numbers)
        variables = self.trainable_variables
        gradients = tape.gradient(loss, variables)
        self.move("optimizer", gradients, variables)
        self._trackers["loss"].update_state(loss)
        for name, value in parts.items():
            self._trackers[name].update_state(value)
        return step_results(self._trackers)

    @property
    def tables(self) -> dict[str, CdfTables]:
        """The frozen integer tables; built from the trained prior on first use."""
        if self._tables is None:
            self._tables = self.freeze()
        return self._tables

    def use_bundle(self, tables: dict[str, CdfTables], fingerprint: bytes) -> None:
        """Takes a bundle's tables and fingerprint, so that files go both ways.

        Args:
          tables: the bundle's `CdfTables` by section name.
          fingerprint: its SHA-256, bytes; the first 4 go into every file.
        """
        self._tables = tables
        self.fingerprint = bytes(fingerprint[:FINGERPRINT_BYTES])

    def compress(
        self, images: np.ndarray | tf.Tensor, quality: int | Sequence[int] | np.ndarray
    ) -> list[bytes]:
        """Writes real files, through the entropy backend's range coder.

        Args:
          images: float32 [B, H, W, channels] in 0..1, any size.
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
                ),
                self.fixed_size,
            )
            for values, q in zip(latents.numpy(), quality)
        ]

    def decompress(self, files: Sequence[bytes]) -> list[np.ndarray]:
        """Reads files back through the entropy backend's range coder.

        Args:
          files: list of bytes objects, as `compress` or any other tfcomp writer made them.

        Returns:
          list of arrays of samples, [H, W, channels]: uint8 of 8 bits.

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
            samples = pixels * self.image.peak
            if self.image.is_whole:
                images.append(tf.round(samples).numpy().astype(self.image.dtype))
            else:
                images.append((samples + self.image.low).numpy())
        return images

    def get_config(self) -> dict[str, Any]:
        whole = config_module.to_dict(
            config_module.Config(model=self.model_config, loss=self.loss_config)
        )
        return {"model_config": whole["model"], "loss_config": whole["loss"], "name": self.name}

    def _lookup(self, fingerprint: bytes) -> CodecModel:
        from tfcomp.errors import UnknownBundleError

        if fingerprint != self.fingerprint:
            raise UnknownBundleError(
                "this file was written by another model: load the bundle it names"
            )
        return self

    # What `container.parse` asks of a bundle.
    @property
    def fixed_size(self) -> tuple[int, int] | None:
        return self.model_config.fixed_size

    @property
    def section_count(self) -> int:
        return len(self.tables)
