"""Kernels of 8 bits for TFLite models whose inputs and outputs stay float32.

LiteRT computes a convolution whose kernel is int8 and whose features are float32 in integers: it
rounds the features to 256 levels, with one scale for each picture (dynamic-range quantisation).
Kernels have one scale for each output channel.

A transform orders its channels by what they hold. The few first ones, a block's mean and its
coarsest waves, have ten times the range of the others, and one scale for all of them leaves the
others a handful of levels. So they have convolutions of their own (`DeployedLayers`), and
convolutions of so few channels stay float32 here: outliers in floating point, all else in integers
(Dettmers et al. 2022, arXiv:2208.07339).
"""

from __future__ import annotations

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

# So many first channels, pixels among them, are computed with in float32.
FLOAT_CHANNELS = 32

_LARGEST = 127
_HYBRID_PER_CHANNEL = 5  # the version of CONV_2D that has such kernels


def quantise(content: bytes) -> bytes:
    """Rounds the kernels of a float32 model's convolutions, those of more than `FLOAT_CHANNELS`.

    Args:
      content: a TFLite flatbuffer of float32 constants.

    Returns:
      the flatbuffer with int8 kernels. Depthwise kernels, which are small, stay as they are.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    replaced = set()
    for graph in model.subgraphs:
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            if max(code.builtinCode, code.deprecatedBuiltinCode) != schema.BuiltinOperator.CONV_2D:
                continue
            kernel = graph.tensors[operator.inputs[1]]
            replaced.add(kernel.buffer)
            if _round(model, kernel):
                code.version = max(code.version, _HYBRID_PER_CHANNEL)
    used = {tensor.buffer for graph in model.subgraphs for tensor in graph.tensors}
    for number in replaced - used:
        model.buffers[number].data = None
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _round(model: schema.ModelT, tensor: schema.TensorT) -> bool:
    """Rounds a kernel [C_out, h, w, C_in], unless it stays float32; returns whether it is int8."""
    data = model.buffers[tensor.buffer].data
    if tensor.type != schema.TensorType.FLOAT32 or data is None:
        return tensor.type == schema.TensorType.INT8
    if tensor.shape[3] <= FLOAT_CHANNELS:
        return False
    values = np.frombuffer(bytes(data), np.float32).reshape(tensor.shape)
    greatest = np.maximum(np.abs(values).max((1, 2, 3)), np.finfo(np.float32).tiny)
    scales = (greatest / _LARGEST).astype(np.float32)
    buffer = schema.BufferT()
    buffer.data = np.rint(values / scales[:, None, None, None]).astype(np.int8).tobytes()
    model.buffers.append(buffer)  # other tensors may share the old one
    tensor.buffer = len(model.buffers) - 1
    tensor.type = schema.TensorType.INT8
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale = scales
    tensor.quantization.zeroPoint = np.zeros(len(scales), np.int64)
    return True
