"""What an encoder's numbers cost at a quality, by real encodes of a few crops.

    J = bits/pixel of whole files + lambda * distortion

lambda and the distortion are those that the quality was trained for (`CycleModel.distortion`): the
squared error on the 0..255 scale, or 1 - MS-SSIM with its weight.
"""

from __future__ import annotations

import dataclasses
import functools
from statistics import fmean
from typing import Any, Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from tfcomp.encoder_tuning import EncoderTuning
from tfcomp.evaluation.metrics import psnr
from tfcomp.latent_search.iterative_encoding import IterativeEncoder
from tfcomp.latent_search.searchable_codec import SearchableCodec
from tfcomp.models.base import CodecModel
from tfcomp.networks.padding import EdgePadded
from tfcomp.runtime.bundle import Bundle

ROUNDS = (1, 2, 4)  # that a search is counted after: efforts 1, 2 and 4


class Lagrangian:
    """The cost of a file of a picture.

    Args:
      model: a trained one of the family `cycle`.
    """

    def __init__(self, model: CodecModel) -> None:
        self._model = model
        self.description = f"bits/pixel + lambda * {_DISTORTIONS[model.loss_config.distortion]}"

    def __call__(
        self, pixels: np.ndarray, data: bytes, decoded: np.ndarray, quality: int
    ) -> float:
        """The cost of a file and of what it decodes to, both pictures uint8 [H, W, 3]."""
        images = [tf.constant(each[None], tf.float32) / 255.0 for each in (pixels, decoded)]
        distortion = float(self._model.distortion(*images)[0])
        return _bpp(data, pixels) + float(self._model.lambdas[quality - 1]) * distortion


_DISTORTIONS = {"mse": "squared error", "ms-ssim": "(1 - MS-SSIM)"}


class Trials:
    """Costs of the numbers of one quality, on one thread.

    Args:
      bundle: the model; its manifest's rate_distortion says what an error is worth to a search.
      crops: uint8 [H, W, 3] each.
      quality: from 1.
      cost: of a file.
      on_trial: called before each file is made; what it raises ends the trial.
    """

    def __init__(
        self,
        bundle: Bundle,
        crops: Sequence[np.ndarray],
        quality: int,
        cost: Lagrangian,
        on_trial: Callable[[], object],
    ) -> None:
        self._codec = SearchableCodec(bundle, num_threads=1)
        self._crops, self._quality, self._cost, self._on_trial = crops, quality, cost, on_trial
        stride = bundle.manifest.stride
        self._latents = [
            self._codec.encode_image(EdgePadded(crop, stride), quality) for crop in crops
        ]

    def plain(self, distortion_weight: float) -> np.ndarray:
        """The costs of the crops without a search, float64 [crops].

        Args:
          distortion_weight: of the quantiser.
        """
        files = self._plain_files(distortion_weight)
        return np.array([self._cost(c, data, d, self._quality) for c, data, d in files])

    def point(self) -> dict[str, Any]:
        """The bundle's rate and quality without a search, as in a manifest's rate_distortion."""
        files = self._plain_files(None)
        return {
            "quality": self._quality,
            "bpp": fmean(_bpp(data, crop) for crop, data, _ in files),
            "psnr": fmean(psnr(crop, decoded) for crop, _, decoded in files),
        }

    def searched(self, numbers: Mapping[str, float]) -> np.ndarray:
        """The costs of the crops, means after each of `ROUNDS` rounds of search, float64 [crops].

        Args:
          numbers: of `EncoderTuning`, by name.
        """
        codec, qualities = self._codec, self._codec.qualities
        tuning = EncoderTuning(**{name: (each,) * qualities for name, each in numbers.items()})
        codec.bundle = dataclasses.replace(codec.bundle, tuning=tuning)
        costs = []
        for crop in self._crops:
            self._on_trial()
            encoder = IterativeEncoder(
                codec, crop, self._quality, functools.partial(codec.plain_file, crop)
            )
            bests = list(encoder.bests(max(ROUNDS)))
            # Without gains there is none but the first.
            after = [bests[min(number, len(bests) - 1)] for number in ROUNDS]
            costs.append(fmean(self._cost(crop, b.data, b.image, self._quality) for b in after))
        return np.array(costs)

    def _plain_files(
        self, distortion_weight: float | None
    ) -> list[tuple[np.ndarray, bytes, np.ndarray]]:
        """Each crop, its file, and what that decodes to."""
        files = []
        for crop, latents in zip(self._crops, self._latents):
            self._on_trial()
            size = crop.shape[:2]
            data = self._codec.pack_latents(
                latents, self._quality, *size, distortion_weight=distortion_weight
            )
            files.append((crop, data, self._codec.decompress(data)))
        return files


def _bpp(data: bytes, pixels: np.ndarray) -> float:
    return 8.0 * len(data) / (pixels.shape[0] * pixels.shape[1])
