"""A SavedModel that answers as TensorFlow Serving's PredictionService does, codes and all."""

from __future__ import annotations

import collections
import os
import threading
import time

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

DEFAULT_SIGNATURE = "serving_default"


class Refusal(Exception):
    """code: a grpc.StatusCode."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(message):
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, message)


class ServedModel:
    """The newest version of an export folder, under a name.

    faults: codes to refuse the next requests with, first to last. delay: seconds that each request
    takes longer. requests: how many came, those refused included.
    """

    def __init__(self, folder, name):
        self.name = name
        self.version = max(int(entry) for entry in os.listdir(folder) if entry.isdigit())
        path = os.path.join(folder, str(self.version))
        self._signatures = tf.saved_model.load(path).signatures
        self._metadata = _signature_defs(path)
        self._turn = threading.Lock()
        self.faults = collections.deque()
        self.delay = 0.0
        self.requests = 0

    def reset(self):
        self.faults.clear()
        self.delay = 0.0
        self.requests = 0

    def warm_up(self, image):
        """Does what only the first request takes long for. image: the bytes of a file of it."""
        inputs = {"image_bytes": [image], "quality": np.array([0], np.int32)}
        files = self.predict(self.name, None, "compress", inputs)["compressed_bytes"]
        for signature in ("decompress", DEFAULT_SIGNATURE):
            self.predict(self.name, None, signature, {"compressed_bytes": files})

    def begin(self):
        """What comes before a request is looked at."""
        self.requests += 1
        if self.faults:
            raise Refusal(self.faults.popleft(), "refused on purpose")
        end = time.monotonic() + self.delay
        while self.delay and time.monotonic() < end:  # until a test is over, at most
            time.sleep(0.05)

    def input_specs(self, name, version, signature):
        """name -> TensorSpec of a signature's inputs. Raises Refusal."""
        if name != self.name or version not in (None, self.version):
            wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise Refusal(
                grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {wanted}"
            )
        if signature not in self._signatures:
            raise Refusal(
                grpc.StatusCode.FAILED_PRECONDITION,
                f'Serving signature key "{signature}" not found.',
            )
        return self._signatures[signature].structured_input_signature[1]

    def metadata(self, name, version):
        """name of a signature -> SignatureDef. Raises Refusal."""
        self.input_specs(name, version, DEFAULT_SIGNATURE)
        return self._metadata

    def predict(self, name, version, signature, inputs):
        """inputs: name -> array. Returns name -> array; strings as object arrays of bytes."""
        specs = self.input_specs(name, version, signature)
        if set(inputs) != set(specs):
            extra, missing = set(inputs) - set(specs), set(specs) - set(inputs)
            raise invalid(
                f"input size does not match signature: {len(inputs)}!={len(specs)}. Sent extra: "
                f"{sorted(extra)}. Missing but required: {sorted(missing)}."
            )
        tensors = {}
        for key, spec in specs.items():
            array = np.asarray(inputs[key])
            dtype = tf.string if array.dtype.kind in "OSU" else tf.as_dtype(array.dtype)
            if dtype != spec.dtype or not spec.shape.is_compatible_with(array.shape):
                raise invalid(f"{key} is {dtype.name} {array.shape}, not {spec}")
            tensors[key] = tf.constant(array, spec.dtype)
        try:
            # One after the other: TensorFlow's eager runtime, which no server uses, crashed here
            # when several threads called a signature on a busy machine.
            with self._turn:
                outputs = self._signatures[signature](**tensors)
        except tf.errors.OpError as error:
            code = next(c for c in grpc.StatusCode if c.value[0] == error.error_code)
            raise Refusal(code, error.message) from None
        return {key: value.numpy() for key, value in outputs.items()}


def _signature_defs(path):
    saved = saved_model_pb2.SavedModel()
    with open(os.path.join(path, "saved_model.pb"), "rb") as file:
        saved.ParseFromString(file.read())
    return saved.meta_graphs[0].signature_def
