"""Images for training and evaluation: where they come from and how they become batches."""

from __future__ import annotations

from tfcomp.data.pipeline import evaluation_images, training_batches
from tfcomp.data.sample_source import sample_images
from tfcomp.data.sources import ImageSource, open_source

__all__ = [
    "ImageSource",
    "evaluation_images",
    "open_source",
    "sample_images",
    "training_batches",
]
