"""A TFLite network as differentiable TensorFlow operations.

A bundle holds no other form of its networks, so their operations are read from the file and
computed here, which works for every bundle. Operations without a useful gradient are replaced:
rounding and casting to integers, at the end of networks, are left out, and `floor` passes gradients
straight through (Bengio, Léonard, Courville 2013, arXiv:1308.3432).
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from tfcomp.errors import BundleError, CodecError
from tfcomp.networks.tflite_schema import operation_of

_NAMES = {number: name for name, number in vars(schema.BuiltinOperator).items() if name[0] != "_"}
_TYPES = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.INT64: np.int64,
    schema.TensorType.UINT8: np.uint8,
    schema.TensorType.INT8: np.int8,
    schema.TensorType.BOOL: np.bool_,
}


class LiteGraph:
    """The signatures of one TFLite file as functions of TensorFlow tensors.

    Raises:
      BundleError: the content is no TFLite file; `name` stands in messages.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self._name = name
        try:
            self._model = schema.Model.GetRootAs(content)
            definitions = [
                self._model.SignatureDefs(i) for i in range(self._model.SignatureDefsLength())
            ]
            self._signatures = {d.SignatureKey().decode(): d for d in definitions}
        except Exception as error:  # struct.error and the like, which flatbuffers lets through
            raise BundleError(f"{name} is not a TFLite file ({error})") from None
        self._constants: Dict[int, Dict[int, np.ndarray]] = {}

    def call(self, signature: str, **inputs: Any) -> Dict[str, Any]:
        """The outputs of a signature by name: float32 tensors, not rounded.

        Raises:
          BundleError: no such signature.
          CodecError: it holds an operation that has no differentiable form here.
        """
        if signature not in self._signatures:
            raise BundleError(f"{self._name} has no signature '{signature}'")
        definition = self._signatures[signature]
        graph = self._model.Subgraphs(definition.SubgraphIndex())
        values: Dict[int, Any] = dict(self._constants_of(definition.SubgraphIndex()))
        for i in range(definition.InputsLength()):
            entry = definition.Inputs(i)
            values[entry.TensorIndex()] = tf.convert_to_tensor(inputs[entry.Name().decode()])
        for i in range(graph.OperatorsLength()):
            operator = graph.Operators(i)
            arguments = [values[int(t)] if t >= 0 else None for t in operator.InputsAsNumpy()]
            outputs = operator.OutputsAsNumpy()
            values[int(outputs[0])] = self._run(operator, arguments, graph, int(outputs[0]))
        entries = [definition.Outputs(i) for i in range(definition.OutputsLength())]
        return {entry.Name().decode(): values[entry.TensorIndex()] for entry in entries}

    def _run(self, operator: Any, arguments: List[Any], graph: Any, output: int) -> Any:
        name = _NAMES.get(operation_of(self._model, operator), "?")
        if name not in _OPERATIONS or operator.OutputsLength() != 1:
            raise CodecError(
                f"{self._name} holds the operation {name}, which cannot be refined through; "
                "leave out refinement, or use another model"
            )
        if name == "CAST":
            return _cast(arguments[0], _TYPES.get(graph.Tensors(output).Type(), np.float32))
        return _OPERATIONS[name](arguments, operator.BuiltinOptions())

    def _constants_of(self, index: int) -> Dict[int, np.ndarray]:
        if index not in self._constants:
            graph = self._model.Subgraphs(index)
            found = {}
            for i in range(graph.TensorsLength()):
                tensor = graph.Tensors(i)
                buffer = self._model.Buffers(tensor.Buffer())
                if buffer.DataLength():
                    found[i] = _constant(tensor, buffer.DataAsNumpy())
            self._constants[index] = found
        return self._constants[index]


def _constant(tensor: Any, data: np.ndarray) -> np.ndarray:
    """A constant, as float32 where it is stored as float16 or as a quantised int8."""
    dtype = _TYPES.get(tensor.Type())
    if dtype is None:
        raise CodecError("a network of the bundle holds numbers of a type that is not known here")
    shape = tensor.ShapeAsNumpy() if tensor.ShapeLength() else ()
    values = data.view(dtype).reshape(shape)
    scales = tensor.Quantization()
    if dtype == np.int8 and scales is not None and scales.ScaleLength():
        axes = [1] * values.ndim
        if scales.ScaleLength() > 1:
            axes[scales.QuantizedDimension()] = -1
        zero = scales.ZeroPointAsNumpy().reshape(axes)
        return ((values.astype(np.float32) - zero) * scales.ScaleAsNumpy().reshape(axes)).astype(
            np.float32
        )
    return values.astype(np.float32) if dtype == np.float16 else values


def _options(kind: type, table: Any) -> Any:
    options = kind()
    options.Init(table.Bytes, table.Pos)
    return options


def _activated(x: Any, function: int) -> Any:
    kinds = schema.ActivationFunctionType
    if function == kinds.NONE:
        return x
    if function == kinds.RELU:
        return tf.nn.relu(x)
    if function == kinds.RELU6:
        return tf.nn.relu6(x)
    if function == kinds.RELU_N1_TO_1:
        return tf.clip_by_value(x, -1.0, 1.0)
    raise CodecError("a network of the bundle has an activation that cannot be refined through")


def _arithmetic(function: Callable, kind: type) -> Callable:
    def run(arguments: List[Any], table: Any) -> Any:
        result = function(*arguments)
        fused = _options(kind, table).FusedActivationFunction() if table is not None else 0
        return _activated(result, fused)

    return run


def _convolution(arguments: List[Any], table: Any) -> Any:
    options = _options(schema.Conv2DOptions, table)
    kernel = tf.transpose(arguments[1], (1, 2, 3, 0))
    strides = (options.StrideH(), options.StrideW())
    return _convolved(tf.nn.conv2d, arguments, kernel, strides, options)


def _depthwise_convolution(arguments: List[Any], table: Any) -> Any:
    options = _options(schema.DepthwiseConv2DOptions, table)
    image, kernel = arguments[0], arguments[1][0]  # [1, height, width, C_in * multiplier]
    kernel = tf.reshape(kernel, (*kernel.shape[:2], image.shape[-1], options.DepthMultiplier()))
    strides = (1, options.StrideH(), options.StrideW(), 1)
    return _convolved(tf.nn.depthwise_conv2d, arguments, kernel, strides, options)


def _convolved(
    function: Callable, arguments: List[Any], kernel: Any, strides: Sequence[int], options: Any
) -> Any:
    x = function(
        arguments[0],
        kernel,
        strides,
        "SAME" if options.Padding() == schema.Padding.SAME else "VALID",
        dilations=(options.DilationHFactor(), options.DilationWFactor()),
    )
    if len(arguments) > 2 and arguments[2] is not None:
        x = tf.nn.bias_add(x, arguments[2])
    return _activated(x, options.FusedActivationFunction())


def _slice(arguments: List[Any], table: Any) -> Any:
    options = _options(schema.StridedSliceOptions, table)
    return tf.strided_slice(
        *arguments,
        begin_mask=options.BeginMask(),
        end_mask=options.EndMask(),
        ellipsis_mask=options.EllipsisMask(),
        new_axis_mask=options.NewAxisMask(),
        shrink_axis_mask=options.ShrinkAxisMask(),
    )


def _concatenation(arguments: List[Any], table: Any) -> Any:
    options = _options(schema.ConcatenationOptions, table)
    return _activated(tf.concat(arguments, options.Axis()), options.FusedActivationFunction())


def _gather(arguments: List[Any], table: Any) -> Any:
    options = _options(schema.GatherOptions, table)
    return tf.gather(
        arguments[0], arguments[1], axis=options.Axis(), batch_dims=options.BatchDims()
    )


def _mirror_pad(arguments: List[Any], table: Any) -> Any:
    reflect = _options(schema.MirrorPadOptions, table).Mode() == schema.MirrorPadMode.REFLECT
    return tf.pad(*arguments, mode="REFLECT" if reflect else "SYMMETRIC")


def _cast(x: Any, dtype: Any) -> Any:
    """Casts to real numbers only; what a network would cast to integers stays unrounded."""
    if np.issubdtype(dtype, np.integer) and x.dtype.is_floating:
        return x
    return tf.cast(x, dtype)


@tf.custom_gradient
def _floor(x: Any) -> Any:
    return tf.floor(x), lambda upstream: upstream


_OPERATIONS: Dict[str, Callable] = {
    "ABS": lambda a, t: tf.abs(a[0]),
    "ADD": _arithmetic(tf.add, schema.AddOptions),
    "CAST": lambda a, t: a[0],  # see LiteGraph._run: it needs the output's type
    "CONCATENATION": _concatenation,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise_convolution,
    "DEPTH_TO_SPACE": lambda a, t: tf.nn.depth_to_space(
        a[0], _options(schema.DepthToSpaceOptions, t).BlockSize()
    ),
    "DEQUANTIZE": lambda a, t: tf.cast(a[0], tf.float32),
    "DIV": _arithmetic(tf.divide, schema.DivOptions),
    "EXP": lambda a, t: tf.exp(a[0]),
    "FLOOR": lambda a, t: _floor(a[0]),
    "GATHER": _gather,
    "LEAKY_RELU": lambda a, t: tf.nn.leaky_relu(a[0], _options(schema.LeakyReluOptions, t).Alpha()),
    "LOG": lambda a, t: tf.math.log(a[0]),
    "MAXIMUM": lambda a, t: tf.maximum(a[0], a[1]),
    "MINIMUM": lambda a, t: tf.minimum(a[0], a[1]),
    "MIRROR_PAD": _mirror_pad,
    "MUL": _arithmetic(tf.multiply, schema.MulOptions),
    "NEG": lambda a, t: -a[0],
    "PACK": lambda a, t: tf.stack(a, _options(schema.PackOptions, t).Axis()),
    "PAD": lambda a, t: tf.pad(a[0], a[1]),
    "RELU": lambda a, t: tf.nn.relu(a[0]),
    "RESHAPE": lambda a, t: tf.reshape(a[0], a[1]),
    "ROUND": lambda a, t: a[0],
    "SHAPE": lambda a, t: tf.shape(a[0]),
    "SIGN": lambda a, t: tf.sign(a[0]),
    "SPACE_TO_DEPTH": lambda a, t: tf.nn.space_to_depth(
        a[0], _options(schema.SpaceToDepthOptions, t).BlockSize()
    ),
    "SQRT": lambda a, t: tf.sqrt(a[0]),
    "SQUARE": lambda a, t: tf.square(a[0]),
    "STRIDED_SLICE": _slice,
    "SUB": _arithmetic(tf.subtract, schema.SubOptions),
    "TANH": lambda a, t: tf.tanh(a[0]),
}
