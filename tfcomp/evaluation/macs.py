"""Multiply-adds per pixel of a bundle, counted in its own networks.

An image is really compressed and decompressed while every network that runs is watched, so what
counts as encoder and what as decoder is what each direction runs, entropy networks included.
Shapes come from the interpreter, operations from the file. Counted are convolutions, transposed
and depthwise ones, fully connected layers and matrix products; additions of biases, activations
and range coding are not, as in the literature.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator
from typing import Any, Callable, Dict, List, Tuple

import numpy as np

from tfcomp.runtime import interpreter as runtime_interpreter
from tfcomp.runtime.bundle import Bundle
from tfcomp.runtime.codec import Codec
from tfcomp.runtime.rate_gradient import RateGradient
from tfcomp.runtime.tflite_schema import graph_of, operation_of, tflite_schema

_SIDE = 256  # pixels, rounded up to whole latent elements

_Shapes = List[Tuple[int, ...]]


@dataclasses.dataclass(frozen=True)
class MacsPerPixel:
    """encoder, decoder: multiply-adds per pixel of an image that needs no padding."""

    encoder: float
    decoder: float


def macs_per_pixel(bundle: Bundle, feedback: int = 0) -> MacsPerPixel:
    """Counts a bundle's multiply-adds, of an encoder with some rounds of feedback.

    Raises:
      CodecError: LiteRT's schema, which tells the operations, is not installed.
    """
    manifest = bundle.manifest
    side = manifest.stride * math.ceil(_SIDE / manifest.stride)
    width, height = manifest.fixed_size or (side, side)
    grey = np.full((height, width, 3), 128, np.uint8)
    with _watched() as counts:
        codec = Codec(bundle, num_threads=1)
        data = codec.compress(grey)
        codec.decompress(data)
        counts.clear()  # the first run may look at its networks in ways that later ones do not
        codec.compress(grey, feedback=feedback)
        encoder = sum(counts)
        counts.clear()
        codec.decompress(data)
        decoder = sum(counts)
    return MacsPerPixel(encoder / (width * height), decoder / (width * height))


@contextlib.contextmanager
def _watched() -> Iterator[List[int]]:
    """While it lasts, new networks append the multiply-adds of each run to the list."""
    counts: List[int] = []
    plain = runtime_interpreter._interpreter_class
    plain_gradient = RateGradient.__call__

    def watched_gradient(
        gradient: RateGradient, decoded: np.ndarray, *arguments: Any
    ) -> np.ndarray:
        counts.append(gradient.multiply_adds(*decoded.shape[:2]))
        return plain_gradient(gradient, decoded, *arguments)

    def watching() -> Any:
        base = plain()

        class Watching(base):  # type: ignore[misc, valid-type]
            def __init__(self, model_content: bytes, **options: Any) -> None:
                self._content = model_content
                # A delegate would hide the shapes of what it takes over.
                super().__init__(
                    model_content=model_content,
                    experimental_op_resolver_type=_without_delegates(base),
                    **options,
                )

            def get_signature_runner(self, signature_key: Any = None) -> Callable:
                run = super().get_signature_runner(signature_key)

                def run_and_count(**inputs: np.ndarray) -> Any:
                    outputs = run(**inputs)
                    counts.append(_count(self, self._content, signature_key))
                    return outputs

                return run_and_count

        return Watching

    runtime_interpreter._interpreter_class = watching
    RateGradient.__call__ = watched_gradient  # type: ignore[assignment, method-assign]
    try:
        yield counts
    finally:
        runtime_interpreter._interpreter_class = plain
        RateGradient.__call__ = plain_gradient  # type: ignore[method-assign]


def _without_delegates(interpreter_class: Any) -> Any:
    import sys

    module = sys.modules[interpreter_class.__module__]
    return module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES


def _count(interpreter: Any, content: bytes, signature: str) -> int:
    """Multiply-adds of one signature at the sizes that the interpreter just ran."""
    schema = tflite_schema("counting multiply-adds")
    model = schema.Model.GetRootAs(content)
    index = graph_of(model, signature)
    shapes = {d["index"]: tuple(d["shape"]) for d in interpreter.get_tensor_details(index)}
    counters = {getattr(schema.BuiltinOperator, name): f for name, f in _COUNTERS.items()}
    graph, total = model.Subgraphs(index), 0
    for i in range(graph.OperatorsLength()):
        operator = graph.Operators(i)
        number = operation_of(model, operator)
        if number in counters:
            inputs = [shapes.get(int(t), ()) for t in operator.InputsAsNumpy()]
            output = shapes[int(operator.Outputs(0))]
            total += counters[number](inputs, output)
    return total


def _convolution(inputs: _Shapes, output: Tuple[int, ...]) -> int:
    kernel = inputs[1]  # [out, height, width, in of one group]
    return math.prod(output) * math.prod(kernel[1:])


def _depthwise(inputs: _Shapes, output: Tuple[int, ...]) -> int:
    kernel = inputs[1]  # [1, height, width, out]
    return math.prod(output) * kernel[1] * kernel[2]


def _transposed(inputs: _Shapes, output: Tuple[int, ...]) -> int:
    kernel, image = inputs[1], inputs[2]  # [out, height, width, in]; every input is spread over it
    return math.prod(image) * math.prod(kernel[:3])


def _fully_connected(inputs: _Shapes, output: Tuple[int, ...]) -> int:
    return math.prod(output) * inputs[1][-1]  # weights [out, in]


def _matrix_product(inputs: _Shapes, output: Tuple[int, ...]) -> int:
    left = math.prod(inputs[0])  # [..., rows, inner] or [..., inner, rows]: the same count
    return left * output[-1]


_COUNTERS: Dict[str, Callable[[_Shapes, Tuple[int, ...]], int]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _transposed,
    "FULLY_CONNECTED": _fully_connected,
    "BATCH_MATMUL": _matrix_product,
}
