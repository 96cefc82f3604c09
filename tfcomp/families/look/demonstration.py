"""What a look's finished run shows: a photograph as its model shows it, and as the look does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from tfcomp.config import Config
from tfcomp.data.sample_source import sample_images
from tfcomp.evaluation.metrics import psnr
from tfcomp.families.demonstration import side_by_side
from tfcomp.models.base import CodecModel


def make(model: CodecModel, config: Config, folder: str | Path) -> dict[str, Path]:
    """Shows an embedded photograph that was not trained on, at a low quality.

    Returns:
      dict of label -> path of what was written into the run folder.
    """
    folder = Path(folder)
    picture = sample_images("test")["chelsea"]
    images, quality = model.in_units(picture[None]), tf.constant([max(1, model.qualities // 3)])
    latents = model.analysis(model.pad(images), quality)
    decoded, _ = model.quantise(latents, quality, training=False)
    panels = [("original", picture)]
    for label, decoder in (("faithful", model.base), (config.model.name, model.shown)):
        shown = decoder.synthesis(decoded, quality)[0, : picture.shape[0], : picture.shape[1]]
        pixels = np.rint(np.clip(255 * shown.numpy(), 0, 255)).astype(np.uint8)
        panels.append((f"{label}, {psnr(picture, pixels):.2f} dB", pixels))
    side_by_side(panels).save(folder / "side_by_side.png")
    return {
        "run folder": folder,
        "history": folder / "history.csv",
        "TensorBoard logs": folder / "logs",
        "beside its model": folder / "side_by_side.png",
    }
