"""TensorFlow Lite models of the two transforms, with builtin operations only."""

from __future__ import annotations

import tempfile

import tensorflow as tf

QUANTIZATIONS = ("none", "float16", "dynamic")


def convert(module, signature, quantize="none"):
    """Converts one function of a module.

    Args:
      module: a `tf.Module` with tf.functions named like the signatures.
      signature: "encode" or "decode"; also the TFLite signature's name.
      quantize: "none" (float32), "float16" (weights stored in half precision) or "dynamic"
        (8-bit weights, computed with 8-bit activations where the kernels can).

    Returns:
      the TFLite flatbuffer, bytes.

    Raises:
      ValueError: unknown quantisation.
    """
    return convert_signatures(
        module, {signature: getattr(module, signature)}, quantize
    )


def convert_signatures(module, functions, quantize="none"):
    """Converts several functions of a module into one model with as many signatures.

    Args:
      module: the `tf.Module` that owns the functions' constants.
      functions: dict of signature name -> tf.function.
      quantize: see `convert`.

    Returns:
      the TFLite flatbuffer, bytes.

    Raises:
      ValueError: unknown quantisation.
    """
    if quantize not in QUANTIZATIONS:
        raise ValueError(f"quantize must be one of {', '.join(QUANTIZATIONS)}, not {quantize}")
    concrete = {name: function.get_concrete_function() for name, function in functions.items()}
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=concrete)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(concrete))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if quantize != "none":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantize == "float16":
            converter.target_spec.supported_types = [tf.float16]
        return converter.convert()
