"""The gradient of the squared error by latents, computed in overlapping tiles."""

from __future__ import annotations

import numpy as np

from tfcomp.errors import BundleError
from tfcomp.networks.interpreter import Model, Network
from tfcomp.networks.tiles import put_tile, tiles
from tfcomp.runtime.manifest import Manifest

_SHARE = 0.5  # of a tile's side: the network holds the input of every layer


class DecoderGradient:
    """gradient.tflite of a bundle (tfcomp/families/cycle/gradient.py).

    Args:
      model: the network.
      manifest: of the bundle.
    """

    def __init__(self, model: Model, manifest: Manifest) -> None:
        self._network = Network(model, "gradient", "gradient")
        self._stride = manifest.stride
        self._network_quality = manifest.network_quality
        # Everything that a latent element changes. Its derivative depends on latents as far away
        # again; to include them would more than double the work for a last digit.
        self._reach = manifest.decoder_reach

    def __call__(
        self, pixels: np.ndarray, decoded: np.ndarray, latents: np.ndarray, quality: float
    ) -> np.ndarray:
        """The direction in which latents lower the squared error.

        Args:
          pixels: samples [H, W, channels], the picture.
          decoded: likewise, what `latents` decode to.
          latents: integers [h, w, C], in eighths of a step.
          quality: from 1.

        Returns:
          float32 [h, w, C], in steps.

        Raises:
          BundleError: the network gives something else.
        """
        found = np.empty(latents.shape, np.float32)
        level = self._network_quality(quality)
        height, width, _ = latents.shape
        for rows, columns in tiles(height, width, self._stride, self._reach, _SHARE):
            part = latents[rows.seen(1), columns.seen(1)]
            # Padding is cut off, so it has no error.
            size = [self._stride * side for side in part.shape[:2]]
            error = np.zeros((1, *size, pixels.shape[2]), np.float32)
            places = rows.seen(self._stride), columns.seen(self._stride)
            seen = np.subtract(decoded[places], pixels[places], dtype=np.float32)
            error[0, : seen.shape[0], : seen.shape[1]] = seen
            result = self._network.run(
                error=error, latents=part[None].astype(np.int32), quality=level
            )
            put_tile(result, found, rows, columns, 1, self._network.name)
        if not np.isfinite(found).all():
            raise BundleError(f"{self._network.name} gives no numbers; export the bundle again")
        return found

    def release(self) -> None:
        """Gives back the network's working memory."""
        self._network.release()
