"""LPIPS as a loss: the distance of tfcomp/evaluation/lpips.py in TensorFlow, differentiable."""

from __future__ import annotations

import tensorflow as tf

from tfcomp.evaluation import lpips


class PerceptualDistance:
    """LPIPS 0.1 with the AlexNet backbone (Zhang et al. 2018, arXiv:1801.03924).

    Args:
      metric: with its weights; see `Lpips.installed`.
      dtype: in which convolutions compute, "float32" or "bfloat16".
    """

    def __init__(self, metric: lpips.Lpips, dtype: str = "float32") -> None:
        self._dtype = dtype
        self._kernels = [tf.constant(kernel, dtype) for kernel in metric.kernels]
        self._biases = [tf.constant(bias, dtype) for bias in metric.biases]
        self._linear = [tf.constant(weights) for weights in metric.linear]

    def __call__(self, images: tf.Tensor, shown: tf.Tensor) -> tf.Tensor:
        """The distance of each pair, float32 [B], of two float32 [B, H, W, 3] in 0..1."""
        total = tf.zeros(tf.shape(images)[:1])
        pairs = zip(self._features(images), self._features(shown), self._linear)
        for one, other, weights in pairs:
            total += tf.reduce_mean(tf.square(one - other) @ weights[:, None], (1, 2, 3))
        return total

    def _features(self, images: tf.Tensor) -> list[tf.Tensor]:
        """Activations of each layer [B, h, w, C], of unit length over the channels; float32."""
        x = tf.cast((2.0 * images - 1.0 - lpips.SHIFT) / lpips.SCALE, self._dtype)
        found = []
        layers = zip(lpips.LAYERS, self._kernels, self._biases)
        for (stride, padding, pooled), kernel, bias in layers:
            if pooled:
                x = tf.nn.max_pool2d(x, 3, 2, "VALID")
            around = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
            x = tf.nn.relu(tf.nn.conv2d(x, kernel, stride, around) + bias)
            whole = tf.cast(x, tf.float32)
            # The root has no gradient at 0.
            length = tf.sqrt(tf.reduce_sum(tf.square(whole), -1, keepdims=True) + 1e-12)
            found.append(whole / (length + 1e-10))
        return found
