"""Converts modules to TensorFlow Lite models with built-in operations only."""

from __future__ import annotations

import contextlib
import tempfile
from typing import Any, Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf
from tensorflow.lite.tools import flatbuffer_utils

from tfcomp.export import eight_bit_kernels, int8

QUANTIZATIONS = ("none", "float16", "dynamic", "int8")
_REDUCED_PRECISION = b"reduced_precision_support"


def convert(
    module: tf.Module,
    signature: str,
    quantize: str = "none",
    samples: Sequence[dict[str, np.ndarray]] | None = None,
) -> bytes:
    """Converts one function of a module.

    Args:
      module: a `tf.Module` with tf.functions named like the signatures.
      signature: "encode" or "decode"; also the TFLite signature's name.
      quantize: "none" (float32), "float16" (weights stored in half precision), "dynamic" (8-bit
        kernels, computed with 8-bit features, the first channels' apart from the others' where the
        module has them so: see tfcomp/export/eight_bit_kernels.py) or "int8" (8-bit weights and
        activations, with ranges learnt from `samples`: see tfcomp/export/int8.py).
      samples: for "int8", a list of dicts of the function's inputs.

    Returns:
      the TFLite flatbuffer, bytes.

    Raises:
      ValueError: unknown quantisation, or "int8" without samples.
    """
    if quantize == "dynamic" and getattr(module, "apart", False):
        return eight_bit_kernels.quantise(convert(module, signature))
    if quantize == "int8":
        return int8.quantize(calibrate(module, signature, samples))
    return convert_signatures(module, {signature: getattr(module, signature)}, quantize)


def calibrate(
    module: tf.Module, signature: str, samples: Sequence[dict[str, np.ndarray]] | None
) -> bytes:
    """Converts one function of a module to the calibrated model that `int8.quantize` takes."""
    if not samples:
        raise ValueError("int8 needs samples to learn the ranges from")
    with _converter(module, {signature: getattr(module, signature)}) as converter:
        return int8.calibrate(converter, signature, samples)


def convert_signatures(
    module: tf.Module, functions: Mapping[str, Any], quantize: str = "none"
) -> bytes:
    """Converts several functions of a module into one model with a signature for each.

    Args:
      module: the `tf.Module` that owns the functions' constants.
      functions: dict of signature name -> tf.function.
      quantize: see `convert`; all but "int8".

    Returns:
      the TFLite flatbuffer, bytes.

    Raises:
      ValueError: unknown quantisation.
    """
    known = [name for name in QUANTIZATIONS if name != "int8"]
    if quantize not in known:
        raise ValueError(f"quantize must be one of {', '.join(known)}, not {quantize}")
    with _converter(module, functions) as converter:
        if quantize != "none":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantize == "float16":
            converter.target_spec.supported_types = [tf.float16]
        content = converter.convert()
    return _without_reduced_precision(content) if quantize == "float16" else content


def _without_reduced_precision(content: bytes) -> bytes:
    """Removes the converter's note that kernels may compute in float16 too.

    Weights are stored in float16 and computed with in float32. A runtime that followed the note, on
    a processor with float16 arithmetic, would choose other tables and decode other pixels.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    model.metadata = [entry for entry in model.metadata if entry.name != _REDUCED_PRECISION]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


@contextlib.contextmanager
def _converter(module: tf.Module, functions: Mapping[str, Any]) -> Iterator[Any]:
    concrete = {name: function.get_concrete_function() for name, function in functions.items()}
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=concrete)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(concrete))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        yield converter
