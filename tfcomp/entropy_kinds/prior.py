"""The base of all entropy models that are trained: a Keras layer that knows its kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy.backend import backend as entropy_backend
from tfcomp.entropy_kinds.base import EntropyCoder, EntropyKind


class Prior(keras.layers.Layer):
    """An entropy model of a `CodecModel`. Methods that a kind may do without do nothing here.

    Args:
      backend: "tfc" or "own"; see tfcomp/entropy/backend.py.

    Attributes:
      kind: its kind.
      layout: of its files' sections; None where there is nothing to fix.
    """

    kind: EntropyKind
    layout: Any = None

    def __init__(self, name: str, backend: str | None) -> None:
        super().__init__(name=name, dtype="float32")
        self._backend = entropy_backend(backend)

    @property
    def quality_steps(self) -> int:
        """Qualities from one level to the next that the model knows; 1 for whole levels only."""
        return 1

    def freeze(self, gains: np.ndarray) -> dict[str, CdfTables]:
        """The integer tables of files, by section name.

        Args:
          gains: float32 [Q, C], quantisation steps per unit of latent.
        """
        raise NotImplementedError

    def calibrated(
        self, tables: dict[str, CdfTables], pictures: Iterable[tuple[np.ndarray, int]]
    ) -> dict[str, CdfTables]:
        """Tables fitted to what the encoder writes.

        Args:
          tables: as `freeze` makes them.
          pictures: pairs of latents float32 [h, w, C] in steps and their quality.
        """
        return tables

    def coder(self, tables: dict[str, CdfTables]) -> EntropyCoder:
        """What reads and writes sections, with the backend's range coder; tables of `freeze`."""
        raise NotImplementedError

    def symbols(self, latents: np.ndarray) -> np.ndarray:
        """Latents of `encode` -> what `coder` takes, as a bundle's encoder network gives it."""
        return np.rint(latents).astype(np.int32)

    def encode(
        self, latents: np.ndarray, quality: int, tables: dict[str, CdfTables]
    ) -> tuple[bytes, ...]:
        """One image's sections.

        Args:
          latents: float32 [h, w, C], as the model's analysis gives them.
          quality: from 1.
          tables: as `freeze` makes them.
        """
        return self.coder(tables).encode(self.symbols(np.asarray(latents)), quality)

    def decode(
        self,
        sections: Sequence[bytes],
        quality: int,
        height: int,
        width: int,
        tables: dict[str, CdfTables],
    ) -> np.ndarray:
        """Reads what `encode` wrote: float32 [height, width, C].

        Raises:
          BitstreamError: a damaged section.
        """
        decoded = self.coder(tables).decode(sections, quality, height, width)
        return decoded.astype(np.float32) / self.kind.latent_units

    def start(self, model: Any, y: tf.Tensor) -> None:
        """Starts the model at the sizes of a transform's values.

        Args:
          model: the `CodecModel`.
          y: float32 [B, h, w, C], latents before any quality's gain.
        """

    def revive(self, model: Any, y: tf.Tensor) -> None:
        """Starts again what has died in a trained model that was taken over; as `start`."""

    def start_from(self, trained: Any) -> bool:
        """Takes the variables of a trained model of the same kind.

        Returns:
          whether that was possible; if not, nothing has changed.
        """
        return assign(self.trainable_variables, trained.trainable_variables)


def assign(variables: Sequence[tf.Variable], values: Sequence[Any]) -> bool:
    """Gives variables values of the same shapes; returns whether they are of the same shapes."""
    if not of_one_shape(variables, values):
        return False
    for variable, value in zip(variables, values):
        variable.assign(tf.convert_to_tensor(value))
    return True


def of_one_shape(variables: Sequence[tf.Variable], values: Sequence[Any]) -> bool:
    """Whether there are as many of both, of the same shapes."""
    return [v.shape for v in variables] == [v.shape for v in values]


def deviations(y: tf.Tensor) -> np.ndarray:
    """Size of each channel's values: float32 [B, h, w, C] -> [C]."""
    return np.sqrt(np.mean(np.square(y.numpy()), axis=(0, 1, 2)))
