"""The weights that vaegan's training begins with."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfcomp.models.base import CodecModel

# Standard deviation of the latents, in quantisation steps, without a linear path.
_START_DEVIATION = 1.5


def initialize(model: CodecModel, images: np.ndarray) -> None:
    """Starts the linear paths as principal components, and gains and prior at the latents' size.

    Args:
      model: a built `VaeganModel`.
      images: uint8 [B, H, W, 3] training crops, H and W multiples of the stride.
    """
    pictures = tf.cast(images, tf.float32) / 255.0
    if model.encoder.skip is None:
        # In small parts: fixed-size models take whole pictures.
        y = tf.concat([model.transform(part) for part in tf.split(pictures, 4)], 0)
        deviations = np.sqrt(np.mean(np.square(y.numpy()), axis=(0, 1, 2)))
        gain = _START_DEVIATION / np.maximum(deviations, 1e-4)
        model.log_gain.assign(np.repeat(np.log(gain)[None], model.qualities, axis=0))
    else:
        _block_transform(model, pictures - 0.5)
        # The high-rate optimum of a uniform quantiser; see tfcomp/families/cycle/model.py.
        steps = np.sqrt(18.0 / (np.array(model.model_config.start_lambda) * np.log(2.0))) / 255.0
        log_gain = np.repeat(-np.log(steps)[:, None], model.model_config.num_channels, axis=1)
        model.log_gain.assign(log_gain.astype(np.float32))
        y = model.transform(pictures)
    model.prior.start(model, y)


def _block_transform(model: CodecModel, pictures: np.ndarray) -> None:
    """Sets both linear paths to principal components of the pictures' stride x stride blocks.

    Args:
      model: a `VaeganModel` with linear paths.
      pictures: float32 [B, H, W, 3] around 0.
    """
    stride, channels = model.stride, model.model_config.num_channels
    blocks = tf.nn.space_to_depth(pictures, stride)
    size = blocks.shape[-1]
    blocks = tf.reshape(blocks, [-1, size]).numpy().astype(np.float64)
    mean = blocks.mean(0)
    covariance = np.cov(blocks - mean, rowvar=False)
    basis = np.linalg.eigh(covariance)[1][:, ::-1][:, :channels]
    basis = np.pad(basis, ((0, 0), (0, channels - basis.shape[1])))
    kernel = basis.reshape(stride, stride, 3, channels)
    model.encoder.skip.set_weights([kernel, -mean @ basis])
    model.decoder.skip.set_weights([basis.T[None, None], mean])


def mixed_channels(latents: tf.Tensor) -> tf.Tensor:
    """float32 [B, h, w, C] with channel c taken from the image (b + c mod B).

    No two neighbouring channels are of one image.
    """
    count, channels = latents.shape[0], latents.shape[-1]
    source = (np.arange(count)[:, None] + np.arange(channels)[None]) % count
    by_channel = tf.transpose(latents, [3, 0, 1, 2])
    index = np.stack([np.broadcast_to(np.arange(channels)[:, None], source.T.shape), source.T], -1)
    return tf.transpose(tf.gather_nd(by_channel, index), [1, 2, 3, 0])
