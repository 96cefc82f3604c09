"""The layers of a bundle's integer networks, read from its entropy.tflite.

    int a --> sum w a + b --> floor(. * factor) --> clip --> int

They are those of tfcomp/entropy/integer_layers.py. LiteRT runs them, but a derivative needs their
weights, which are found by following the file's operations from each convolution on.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tfcomp.errors import BundleError
from tfcomp.networks.tflite_schema import graph_of, operation_of, tflite_schema

_FLOAT_TYPES = {"FLOAT32": np.float32, "FLOAT16": np.float16}


class FrozenLayer(NamedTuple):
    """A layer.

    Attributes:
      kernel: float32 integers [size, size, inputs, outputs].
      bias: float32 integers [qualities or 1, outputs].
      factor: of the sum.
      low: lower bound of the result.
      high: upper bound.
    """

    kernel: np.ndarray
    bias: np.ndarray
    factor: float
    low: float
    high: float


def frozen_layers(content: bytes, signature: str, name: str) -> list[FrozenLayer]:
    """The layers of a signature of a TFLite file, in the order in which they run.

    Raises:
      BundleError: the file holds other operations.
      CodecError: LiteRT's schema is not installed.
    """
    schema = tflite_schema("feedback")
    try:
        return _Graph(schema, content, signature).layers()
    except Exception as error:  # struct.error and the like, which flatbuffers lets through
        raise BundleError(
            f"{name} holds other networks than feedback knows; export the bundle again"
        ) from error


class _Graph:
    def __init__(self, schema: Any, content: bytes, signature: str) -> None:
        self._model = schema.Model.GetRootAs(content)
        self._graph = self._model.Subgraphs(graph_of(self._model, signature))
        names = {number: name for name, number in vars(schema.BuiltinOperator).items()}
        self._types = {getattr(schema.TensorType, name): t for name, t in _FLOAT_TYPES.items()}
        # Name, inputs and output of each operator, and the operator that makes each tensor.
        self._operators: list[tuple[str, list[int], int]] = []
        for number in range(self._graph.OperatorsLength()):
            operator = self._graph.Operators(number)
            inputs = [int(tensor) for tensor in operator.InputsAsNumpy()]
            name = names[operation_of(self._model, operator)]
            self._operators.append((name, inputs, int(operator.Outputs(0))))
        self._makers = {operator[2]: operator for operator in self._operators}

    def layers(self) -> list[FrozenLayer]:
        found, added = [], set[int]()
        for operator in self._operators:
            if operator[0] == "CONV_2D" and operator[2] not in added:
                found.append(self._layer(operator, added))
        if not found:
            raise ValueError("no layers")
        return found

    def _layer(
        self, convolution: tuple[str, list[int], int], added: set[int]
    ) -> FrozenLayer:
        """The layer of a convolution; `added` gains the outputs of those that it adds to it."""
        tensor = convolution[2]
        kernels, bias = self._weights(convolution)
        factor, low, high = 1.0, -np.inf, np.inf
        for _ in self._operators:
            name, inputs, output = self._user(tensor)
            if name in ("CONV_2D", "CONCATENATION"):
                return FrozenLayer(_joined(kernels), bias, factor, low, high)
            if name == "RELU":
                low = 0.0
            elif name != "FLOOR":
                (other,) = (each for each in inputs if each != tensor)
                if other in self._makers and self._makers[other][0] == "CONV_2D":
                    more, start = self._weights(self._makers[other])
                    kernels, number = kernels + more, start
                    added.add(other)
                else:
                    number = self._constant(other)
                if name == "ADD":
                    bias = bias + number
                elif name == "MUL":
                    factor *= float(number)
                elif name == "MINIMUM":
                    high = float(number)
                elif name == "MAXIMUM":
                    low = float(number)
                else:
                    raise ValueError(f"a layer with the operation {name}")
            tensor = output
        raise ValueError("a layer without an end")

    def _weights(
        self, convolution: tuple[str, list[int], int]
    ) -> tuple[list[np.ndarray], np.ndarray]:
        _, (_, kernel, bias), _ = convolution
        return [self._constant(kernel).transpose(1, 2, 3, 0)], self._constant(bias)[None]

    def _user(self, tensor: int) -> tuple[str, list[int], int]:
        return next(operator for operator in self._operators if tensor in operator[1])

    def _constant(self, tensor: int) -> np.ndarray:
        """A constant as float32; the rows of all qualities where the file takes some of them."""
        if tensor not in self._makers:
            stored = self._graph.Tensors(tensor)
            data = self._model.Buffers(stored.Buffer()).DataAsNumpy()
            shape = stored.ShapeAsNumpy() if stored.ShapeLength() else ()
            return data.view(self._types[stored.Type()]).reshape(shape).astype(np.float32)
        name, inputs, _ = self._makers[tensor]
        if name in ("DEQUANTIZE", "GATHER", "RESHAPE"):
            return self._constant(inputs[0])
        if name == "FLOOR":  # between two levels; a level's own numbers are whole
            return np.floor(self._constant(inputs[0]))
        if name == "FULLY_CONNECTED":  # by weights of two levels
            return self._constant(inputs[1]).T
        left, right = (self._constant(each) for each in inputs)
        if name not in ("MUL", "ADD"):
            raise ValueError(f"a constant with the operation {name}")
        return left * right if name == "MUL" else left + right


def _joined(kernels: list[np.ndarray]) -> np.ndarray:
    """One kernel of the inputs of all, the larger kernels' first; zeros surround small ones."""
    kernels = sorted(kernels, key=lambda kernel: -kernel.shape[0])
    parts = []
    for kernel in kernels:
        around = [(kernels[0].shape[0] - kernel.shape[0]) // 2] * 2
        parts.append(np.pad(kernel, (around, around, (0, 0), (0, 0))))
    return np.concatenate(parts, axis=2)
