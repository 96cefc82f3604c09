"""Multiply-adds per pixel of a bundle, counted in its own networks.

A picture is compressed and decompressed while an observer is told of every network that runs. So
the encoder's count is that of all networks that compression runs, entropy networks and rounds of
search included, and the decoder's likewise. Shapes come from an interpreter, operations from the
file. Convolutions, transposed and depthwise ones too, fully connected layers and matrix products
count; as in the literature, biases, activations and range coding do not.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Mapping
from typing import Any, Callable, Dict, List, Tuple

import numpy as np

from tfcomp.api import Codec
from tfcomp.image_spec import ImageSpec
from tfcomp.networks import interpreter as runtime_interpreter
from tfcomp.networks.observing import observed_by
from tfcomp.networks.tflite_schema import graph_of, operation_of, tflite_schema
from tfcomp.runtime.bundle import Bundle

_SIDE = 256  # pixels, rounded up to whole latent elements

_Shapes = List[Tuple[int, ...]]


@dataclasses.dataclass(frozen=True)
class MacsPerPixel:
    """Multiply-adds per pixel, at the default quality.

    Attributes:
      encoder: multiply-adds per pixel of an image that needs no padding.
      decoder: likewise.
    """

    encoder: float
    decoder: float


def macs_per_pixel(bundle: Bundle, feedback: int = 0) -> MacsPerPixel:
    """Counts a bundle's multiply-adds.

    Args:
      bundle: the model.
      feedback: rounds of search that the encoder takes.

    Raises:
      CodecError: LiteRT's schema, which names the operations, is not installed.
    """
    manifest = bundle.manifest
    side = manifest.stride * math.ceil(_SIDE / manifest.stride)
    width, height = manifest.fixed_size or (side, side)
    image = _textured(height, width, manifest.image)
    counter = MultiplyAdds()
    codec = Codec(bundle, num_threads=1)
    # The first use of a network may run more than later ones do.
    codec.decompress(codec.compress(image))
    with observed_by(counter):
        data = codec.compress(image, feedback=feedback)
        encoder, counter.total = counter.total, 0
        codec.decompress(data)
    return MacsPerPixel(encoder / (width * height), counter.total / (width * height))


def _textured(height: int, width: int, spec: ImageSpec) -> np.ndarray:
    """Samples [height, width, channels] with detail of every size, as a photograph has.

    An encoder may find nothing to improve in a flat area, and then runs less.
    """
    random = np.random.default_rng(0)
    image = np.full((height, width, spec.channels), 128.0)
    for size in (64, 32, 16, 8, 4, 2, 1):
        shape = (-(-height // size), -(-width // size), spec.channels)
        blocks = random.normal(0, 3 * size**0.5, shape)
        image += np.kron(blocks, np.ones((size, size, 1)))[:height, :width]
    values = np.clip(image, 0, 255)
    if spec.dtype == np.uint8:
        return values.astype(np.uint8)
    return (spec.low + values / 255 * spec.peak).astype(spec.dtype)


class MultiplyAdds:
    """Counts the multiply-adds that it is told of: an `Observer`.

    Attributes:
      total: multiply-adds so far.
    """

    def __init__(self) -> None:
        self.total = 0
        self._known: Dict[Any, int] = {}

    def network_ran(
        self, content: bytes, signature: str, inputs: Mapping[str, np.ndarray]
    ) -> None:
        """Adds the multiply-adds of a signature at the sizes of these inputs."""
        sizes = tuple((name, inputs[name].shape) for name in sorted(inputs))
        if (content, signature, sizes) not in self._known:
            self._known[content, signature, sizes] = _count(content, signature, inputs)
        self.total += self._known[content, signature, sizes]

    def multiplied(self, count: int) -> None:
        """Adds multiply-adds that were counted elsewhere."""
        self.total += int(count)


def _count(content: bytes, signature: str, inputs: Mapping[str, np.ndarray]) -> int:
    """Multiply-adds of one signature at the sizes of these inputs."""
    schema = tflite_schema("counting multiply-adds")
    model = schema.Model.GetRootAs(content)
    index = graph_of(model, signature)
    shapes = _shapes(content, signature, index, inputs)
    counters = {getattr(schema.BuiltinOperator, name): f for name, f in _COUNTERS.items()}
    graph, total = model.Subgraphs(index), 0
    for i in range(graph.OperatorsLength()):
        operator = graph.Operators(i)
        number = operation_of(model, operator)
        if number in counters:
            sizes = [shapes.get(int(t), ()) for t in operator.InputsAsNumpy()]
            total += counters[number](sizes, shapes[int(operator.Outputs(0))])
    return total


def _shapes(
    content: bytes, signature: str, index: int, inputs: Mapping[str, np.ndarray]
) -> Dict[int, Tuple[int, ...]]:
    """Shapes of a graph's tensors by number, once it ran on these inputs."""
    plain = runtime_interpreter._interpreter_class()
    # A delegate would hide the shapes of the operations that it takes over.
    resolver = sys.modules[plain.__module__].OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = plain(
        model_content=content, num_threads=1, experimental_op_resolver_type=resolver
    )
    interpreter.get_signature_runner(signature)(**inputs)
    details = interpreter.get_tensor_details(index)
    # Python's integers: NumPy's, of 32 bits, overflow.
    return {each["index"]: tuple(int(side) for side in each["shape"]) for each in details}


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
