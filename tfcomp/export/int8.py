"""Full-integer TFLite models: int8 weights with a scale per output channel, int8 activations.

    calibrate   float32 model + sample inputs -> the model with the range of every tensor
    quantize    the calibrated model -> integers, but for the operations that are kept in float32

The converter's own choice makes a codec useless: it gives the latents and the table of gains one
scale for all channels and qualities, and mistakes the range of the last additions (8 dB). So
whatever stands before the first convolution and after the last one always stays float32.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.python.convert import mlir_quantize
from tensorflow.lite.toco import types_pb2

# Which operations stay float32.
EDGES = "edges"  # all but the convolutions and what lies between them
LATENT_LAYER = "latent layer"  # and the layer that makes or takes the latents
NORMALISATION = "normalisation"  # and the GDN layers
_NO_NODES = ("PAD", "RESHAPE", "STRIDED_SLICE", "SHAPE", "PACK")


class Operation(NamedTuple):
    """One operation of a TFLite model.

    Attributes:
      kind: as in the schema, "CONV_2D".
      name: of its first output, which the quantiser knows it by.
      kernel: (height, width) of a convolution's kernel, else None.
    """

    kind: str
    name: str
    kernel: tuple[int, int] | None


def calibrate(converter: Any, signature: str, samples: Sequence[dict[str, np.ndarray]]) -> bytes:
    """Runs a converter's float32 model on samples.

    Args:
      converter: a `tf.lite.TFLiteConverter`.
      signature: the model's only signature.
      samples: list of dicts of its inputs, arrays; their shapes may differ.

    Returns:
      the model with the ranges it saw, for `quantize`; bytes.
    """
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ((signature, sample) for sample in samples)
    # As tf.lite.experimental.QuantizationDebugger does, but once for many choices of what to keep;
    # TensorFlow is pinned, so that this private name stays.
    converter._experimental_calibrate_only = True
    return converter.convert()


def quantize(calibrated: bytes, keep: Sequence[str] = EDGES, activation_bits: int = 8) -> bytes:
    """Turns a calibrated model into integers.

    Args:
      calibrated: from `calibrate`.
      keep: EDGES, LATENT_LAYER or NORMALISATION, each with all of the one before.
      activation_bits: 8, or 16 for the 16x8 scheme (slow: LiteRT has reference kernels only).

    Returns:
      the TFLite flatbuffer, bytes.
    """
    kinds = {8: types_pb2.QUANTIZED_INT8, 16: types_pb2.QUANTIZED_INT16}
    return mlir_quantize(
        calibrated,
        inference_type=kinds[activation_bits],
        denylisted_nodes=kept_nodes(operations(calibrated), keep),
    )


def kept_nodes(operations: Sequence[Operation], keep: Sequence[str]) -> list[str]:
    """The names of the operations that stay float32, a sorted list."""
    convolutions = [k for k, operation in enumerate(operations) if operation.kind == "CONV_2D"]
    if not convolutions:
        return []
    first, last = convolutions[0], convolutions[-1]
    kept = {o.name for o in operations[:first] if o.kind not in _NO_NODES}
    kept.update(o.name for o in operations[last + 1 :])
    if keep != EDGES:
        kept.update(_latent_layer(operations, last))
    if keep == NORMALISATION:
        for k, operation in enumerate(operations):
            inner = first < k < last and operation.kind in ("MUL", "DIV")
            if inner or operation.kind == "ABS" or operation.kernel == (1, 1):
                kept.add(operation.name)
    return sorted(kept)


def _latent_layer(operations: Sequence[Operation], last: int) -> set[str]:
    """The decoder's first layer (up to the bias after depth_to_space), or the encoder's last."""
    kinds = [operation.kind for operation in operations]
    if "DEPTH_TO_SPACE" not in kinds:
        return {operations[last].name}
    end = kinds.index("DEPTH_TO_SPACE") + 2
    return {operation.name for operation in operations[:end]}


def operations(content: bytes) -> list[Operation]:
    """The `Operation`s of a TFLite model's first subgraph, in the order they run."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    kinds = {
        number: name
        for name, number in vars(schema.BuiltinOperator).items()
        if not name.startswith("_")
    }
    graph = model.subgraphs[0]
    found = []
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        kind = kinds[max(code.builtinCode, code.deprecatedBuiltinCode)]
        kernel = None
        if kind == "CONV_2D":
            height, width = graph.tensors[operator.inputs[1]].shape[1:3]
            kernel = int(height), int(width)
        name = graph.tensors[operator.outputs[0]].name.decode()
        found.append(Operation(kind, name, kernel))
    return found
